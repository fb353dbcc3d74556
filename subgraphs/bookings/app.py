"""The bookings subgraph."""

from __future__ import annotations

from shared.graphql import create_subgraph
from subgraphs.bookings.resources import BookingsContext, open_resources
from subgraphs.bookings.schema import schema

subgraph = create_subgraph(
    name="bookings",
    schema=schema,
    resources=open_resources,
    context=BookingsContext,
    checks=lambda resources: {"database": resources.database.ping, "cache": resources.redis.ping},
    routes=lambda resources: resources.payments.routes(),
)
app = subgraph.app
