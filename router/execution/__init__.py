"""Runs plans: prepares operations, calls subgraphs, shapes the client's answer."""

from router.execution.context import RequestContext
from router.execution.engine import DocumentCheck, Engine
from router.execution.prepared import DocumentStats, PreparedOperation
from router.execution.transport import SubgraphRequest, Transport, TransportError

__all__ = [
    "DocumentCheck",
    "DocumentStats",
    "Engine",
    "PreparedOperation",
    "RequestContext",
    "SubgraphRequest",
    "Transport",
    "TransportError",
]
