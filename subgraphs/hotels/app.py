"""The hotels subgraph."""

from __future__ import annotations

from shared.graphql import create_subgraph
from subgraphs.hotels.resources import HotelsContext, open_resources
from subgraphs.hotels.schema import schema

subgraph = create_subgraph(
    name="hotels",
    schema=schema,
    resources=open_resources,
    context=HotelsContext,
    checks=lambda resources: {"database": resources.database.ping, "cache": resources.redis.ping},
)
app = subgraph.app
