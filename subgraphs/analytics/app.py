"""The analytics subgraph."""

from __future__ import annotations

from shared.graphql import Subgraph, create_subgraph
from subgraphs.analytics.resources import AnalyticsContext, AnalyticsResources, open_resources
from subgraphs.analytics.routes import routes
from subgraphs.analytics.schema import schema

subgraph: Subgraph[AnalyticsResources] = create_subgraph(
    name="analytics",
    schema=schema,
    resources=open_resources,
    context=AnalyticsContext,
    checks=lambda resources: {
        "cache": resources.redis.ping,
        "broker": resources.broker.ping,
        "store": resources.store.ping,
    },
    routes=lambda resources: routes(resources, lambda: subgraph.tokens),
)
app = subgraph.app
