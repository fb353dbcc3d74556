"""The users subgraph."""

from __future__ import annotations

from shared.graphql import create_subgraph
from subgraphs.users.resources import UsersContext, open_resources, routes
from subgraphs.users.schema import schema

subgraph = create_subgraph(
    name="users",
    schema=schema,
    resources=open_resources,
    context=UsersContext,
    checks=lambda resources: {"database": resources.database.ping, "cache": resources.redis.ping},
    routes=routes,
    keys=lambda resources: resources.jwks,
)
app = subgraph.app
