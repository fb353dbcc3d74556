"""The notifications subgraph."""

from __future__ import annotations

from shared.graphql import create_subgraph
from subgraphs.notifications.resources import NotificationsContext, open_resources
from subgraphs.notifications.routes import routes
from subgraphs.notifications.schema import schema

subgraph = create_subgraph(
    name="notifications",
    schema=schema,
    resources=open_resources,
    context=NotificationsContext,
    checks=lambda resources: {"database": resources.database.ping, "cache": resources.redis.ping},
    routes=routes,
)
app = subgraph.app
