"""The AI subgraph."""

from __future__ import annotations

from shared.graphql import create_subgraph
from subgraphs.ai.resources import AiContext, open_resources
from subgraphs.ai.schema import schema

subgraph = create_subgraph(
    name="ai",
    schema=schema,
    resources=open_resources,
    context=AiContext,
    checks=lambda resources: {"database": resources.database.ping, "cache": resources.redis.ping},
)
app = subgraph.app
