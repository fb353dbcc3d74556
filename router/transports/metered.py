"""Count what subgraph calls cost, whatever the transport."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable

from router.execution import SubgraphRequest, Transport
from shared.graphql.messages import GraphQLResponse


class MeteredTransport:
    """``inner`` with the duration of each call, in seconds, reported to ``observe``."""

    def __init__(self, inner: Transport, observe: Callable[[float], None]) -> None:
        self._inner = inner
        self._observe = observe

    async def execute(self, request: SubgraphRequest) -> GraphQLResponse:
        """See ``Transport``."""
        started = time.perf_counter()
        try:
            return await self._inner.execute(request)
        finally:
            self._observe(time.perf_counter() - started)

    def subscribe(self, request: SubgraphRequest) -> AsyncIterator[GraphQLResponse]:
        """See ``Transport``. Not measured: a subscription lasts as long as its client likes."""
        return self._inner.subscribe(request)

    async def aclose(self) -> None:
        """See ``Transport``."""
        await self._inner.aclose()
