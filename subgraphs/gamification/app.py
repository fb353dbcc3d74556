"""The gamification subgraph."""

from __future__ import annotations

from shared.graphql import create_subgraph
from subgraphs.gamification.resources import GamificationContext, open_resources
from subgraphs.gamification.schema import schema

subgraph = create_subgraph(
    name="gamification",
    schema=schema,
    resources=open_resources,
    context=GamificationContext,
    checks=lambda resources: {"database": resources.database.ping, "cache": resources.redis.ping},
)
app = subgraph.app
