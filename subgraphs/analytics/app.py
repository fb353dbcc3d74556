"""The analytics subgraph."""

from __future__ import annotations

from shared.graphql import create_subgraph
from subgraphs.analytics.resources import AnalyticsContext, open_resources
from subgraphs.analytics.schema import schema

subgraph = create_subgraph(
    name="analytics",
    schema=schema,
    resources=open_resources,
    context=AnalyticsContext,
    checks=lambda resources: {
        "cache": resources.redis.ping,
        "broker": resources.broker.ping,
        "store": resources.store.ping,
    },
)
app = subgraph.app
