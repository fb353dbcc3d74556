"""Ways to reach a subgraph: in this process, or over HTTP and WebSocket."""

from router.transports.http import HttpTransport
from router.transports.in_process import InProcessTransport
from router.transports.metered import MeteredTransport
from router.transports.signing import Signer, service_signer

__all__ = ["HttpTransport", "InProcessTransport", "MeteredTransport", "Signer", "service_signer"]
