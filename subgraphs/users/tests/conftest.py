"""A users subgraph per test, on real servers, with cheap password hashes and a clock that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import pytest
from redis.asyncio import Redis
from sqlalchemy import select

from shared.auth import Principal, Role, TokenVerifier
from shared.config import PlatformSettings
from shared.db import Database
from shared.graphql import Subgraph, create_subgraph
from shared.messaging import EventEnvelope, MailEnvelope
from shared.testing import SubgraphClient, TestIssuer
from subgraphs.users.models import OutboxMessage, User
from subgraphs.users.resources import UsersContext, UsersResources, open_resources, routes
from subgraphs.users.schema import schema
from subgraphs.users.service import ImportedUser, import_users
from subgraphs.users.settings import UsersSettings

PASSWORD = "correto cavalo bateria"

SIGN_IN = """
mutation SignIn($email: Email!, $password: String!) {
  signIn(input: {email: $email, password: $password}) {
    __typename
    ... on SignInSuccess { accessToken expiresAt refreshToken refreshExpiresAt user { id displayName email } }
    ... on TooManyAttempts { retryAfterSeconds }
    ... on InvalidInput { field }
    ... on Problem { message }
  }
}
"""

REFRESH = """
mutation Refresh($token: String!) {
  refreshSession(input: {refreshToken: $token}) {
    __typename
    ... on SignInSuccess { accessToken expiresAt refreshToken user { displayName } }
    ... on Problem { message }
  }
}
"""

SIGN_UP = """
mutation SignUp($input: SignUpInput!) {
  signUp(input: $input) {
    __typename
    ... on SignUpAccepted { message }
    ... on TooManyAttempts { retryAfterSeconds }
    ... on InvalidInput { field }
    ... on Problem { message }
  }
}
"""

ME = "{ me { id displayName email roles } }"


class Clock:
    """Stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@dataclass
class UsersUnderTest:
    """One running users subgraph and shorthands to use it."""

    subgraph: Subgraph[UsersResources]
    client: SubgraphClient
    database: Database
    settings: UsersSettings
    platform: PlatformSettings
    clock: Clock

    @property
    def resources(self) -> UsersResources:
        return self.subgraph.resources

    async def execute(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        as_: Principal | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        sent = {"accept-language": "en", **(headers or {})}
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        return await self.client.execute(query, variables, as_=as_, headers=sent)

    async def data(self, query: str, variables: Mapping[str, Any] | None = None, **kwargs: Any) -> dict[str, Any]:
        response = await self.execute(query, variables, **kwargs)
        assert "errors" not in response, response["errors"]
        return response["data"]

    async def add(
        self, email: str = "ana@reservei.example", name: str = "Ana Ribeiro", *roles: Role, **values: Any
    ) -> User:
        """A user with a verified address and the password ``PASSWORD``."""
        hashed = await self.resources.accounts.hasher.hash(PASSWORD)
        row = ImportedUser(email, name, hashed, frozenset(roles or (Role.TRAVELER,)), **values)
        async with self.database.transaction() as session:
            report = await import_users(session, [row])
        return await self.user(next(iter(report.ids.values())))

    async def user(self, user_id: UUID) -> User:
        async with self.database.read() as session:
            user = await session.get(User, user_id)
        assert user is not None
        return user

    async def sign_in(self, email: str = "ana@reservei.example", password: str = PASSWORD, **kwargs: Any) -> Any:
        variables = {"email": email, "password": password}
        return (await self.data(SIGN_IN, variables, **kwargs))["signIn"]

    async def refresh(self, refresh_token: str) -> Any:
        return (await self.data(REFRESH, {"token": refresh_token}))["refreshSession"]

    async def sign_up(self, **values: Any) -> Any:
        given = {"email": "ana@reservei.example", "password": PASSWORD, "displayName": "Ana Ribeiro", **values}
        return (await self.data(SIGN_UP, {"input": given}))["signUp"]

    async def mails(self) -> list[MailEnvelope]:
        return [msgspec.json.decode(row, type=MailEnvelope) for row in await self._outbox("mail")]

    async def events(self) -> list[EventEnvelope]:
        return [msgspec.json.decode(row, type=EventEnvelope) for row in await self._outbox("events")]

    async def _outbox(self, destination: str) -> list[bytes]:
        statement = (
            select(OutboxMessage.payload).where(OutboxMessage.destination == destination).order_by(OutboxMessage.id)
        )
        async with self.database.read() as session:
            return list(await session.scalars(statement))


class _TestAndOwnKeys:
    """Trusts the callers that a test makes up, and the tokens that the subgraph itself signs."""

    def __init__(self, issuer: TestIssuer, subgraph: Subgraph[UsersResources]) -> None:
        self._issuer = issuer
        self._subgraph = subgraph

    async def fetch(self) -> Mapping[str, Any]:
        own = await self._subgraph.resources.jwks.fetch()
        return {"keys": [*(await self._issuer.fetch())["keys"], *own["keys"]]}


def cheap_settings(**values: Any) -> UsersSettings:
    """Settings for tests: hashes that take no time, answers that do not wait."""
    return UsersSettings(**{"argon2_memory_kib": 8, "argon2_time_cost": 1, "uniform_response_seconds": 0, **values})


@pytest.fixture
def users_settings(request: pytest.FixtureRequest) -> UsersSettings:
    """Change a knob with ``@pytest.mark.parametrize("users_settings", [{...}], indirect=True)``."""
    return cheap_settings(**getattr(request, "param", {}))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def users_database(domain_database: Callable[[str], Awaitable[Database]]) -> Database:
    return await domain_database("users")


@pytest.fixture
async def users(
    platform: PlatformSettings,
    issuer: TestIssuer,
    users_database: Database,
    users_settings: UsersSettings,
    clock: Clock,
) -> AsyncIterator[UsersUnderTest]:
    async with Redis.from_url(platform.redis_url) as redis:
        async for key in redis.scan_iter("rate:*"):  # attempts of the test before
            await redis.delete(key)
    subgraph = create_subgraph(
        name="users",
        schema=schema,
        resources=partial(open_resources, settings=users_settings, clock=clock),
        context=UsersContext,
        checks=lambda resources: {"database": resources.database.ping},
        routes=routes,
        keys=lambda resources: resources.jwks,
    )
    verifier = TokenVerifier(
        _TestAndOwnKeys(issuer, subgraph),
        issuer=platform.token_issuer,
        audience=platform.token_audience,
        clock=lambda: clock().timestamp(),
    )
    async with subgraph.running(platform, verifier) as resources:
        yield UsersUnderTest(
            subgraph=subgraph,
            client=SubgraphClient(subgraph, issuer),
            database=resources.database,
            settings=users_settings,
            platform=platform,
            clock=clock,
        )
