"""Endpoints for whoever runs the router: is it alive, can it do its work, and how fast."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog
from starlette.types import Send

from router.execution import SubgraphRequest, Transport
from router.protocols.asgi import send_bytes, send_json
from router.protocols.metrics import METRICS_CONTENT_TYPE, RouterMetrics

_log = structlog.get_logger(__name__)

_PROBE = SubgraphRequest(query="{ __typename }", variables={}, operation_name=None, kind="query")


class OperationsEndpoints:
    """`/health`, `/ready` and `/metrics`.

    Args:
        transports: to the subgraphs, by name.
        metrics: what to expose.
        timeout: seconds that a subgraph has to answer the readiness probe.
    """

    def __init__(self, transports: Mapping[str, Transport], metrics: RouterMetrics, *, timeout: float) -> None:
        self._transports = transports
        self._metrics = metrics
        self._timeout = timeout

    async def health(self, send: Send) -> None:
        """Alive: this process answers. Says nothing about subgraphs, whose failure no restart of ours would mend."""
        await send_json(send, 200, {"status": "ok"}, {}, "application/json")

    async def ready(self, send: Send) -> None:
        """Ready: each subgraph answers a query; 503 when one does not, and which."""
        states = dict(
            zip(self._transports, await asyncio.gather(*map(self._probe, self._transports.items())), strict=True)
        )
        is_ready = all(state == "ok" for state in states.values())
        body = {"status": "ready" if is_ready else "unavailable", "subgraphs": states}
        await send_json(send, 200 if is_ready else 503, body, {}, "application/json")

    async def metrics(self, send: Send) -> None:
        """The figures, for Prometheus."""
        await send_bytes(send, 200, self._metrics.exposition(), {}, METRICS_CONTENT_TYPE)

    async def _probe(self, subgraph: tuple[str, Transport]) -> str:
        name, transport = subgraph
        try:
            async with asyncio.timeout(self._timeout):
                response = await transport.execute(_PROBE)
        except Exception as error:  # noqa: BLE001 - whatever it is, the subgraph is not ready
            _log.warning("subgraph_not_ready", subgraph=name, error=repr(error))
            return "unavailable"
        return "ok" if response.get("data") else "unavailable"
