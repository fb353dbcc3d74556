"""What the users subgraph lives on while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from strawberry.dataloader import DataLoader

from shared.auth import KeySetUnavailable
from shared.db import Database, utc_now
from shared.graphql import Caller, SubgraphContext, SubgraphRuntime
from shared.resilience import RateLimiter
from subgraphs.users.accounts import Accounts
from subgraphs.users.attempts import Attempts
from subgraphs.users.background import keep_house
from subgraphs.users.loaders import user_loader
from subgraphs.users.mails import Mails
from subgraphs.users.models import User
from subgraphs.users.passwords import PasswordHasher
from subgraphs.users.service import keys
from subgraphs.users.service.deletion import Deletion
from subgraphs.users.service.password_changes import PasswordChanges
from subgraphs.users.service.registration import Registration
from subgraphs.users.service.sessions import Sessions
from subgraphs.users.settings import UsersSettings
from subgraphs.users.signing_keys import DatabaseJwks, KeyRing, KeyVault
from subgraphs.users.tokens import AccessTokenIssuer

_JWKS_MAX_AGE_SECONDS: Final = 60
"""Well below the time that a key is published before it signs."""


@dataclass(frozen=True, slots=True)
class UsersResources:
    """Pools, clients and use cases of one process."""

    database: Database
    redis: Redis
    accounts: Accounts
    jwks: DatabaseJwks


class UsersContext(SubgraphContext):
    """The context of one operation."""

    def __init__(self, resources: UsersResources, caller: Caller) -> None:
        super().__init__(caller)
        self.database: Final = resources.database
        self.accounts: Final = resources.accounts
        self.users: Final[DataLoader[UUID, User | None]] = user_loader(resources.database)


@asynccontextmanager
async def open_resources(
    runtime: SubgraphRuntime,
    *,
    settings: UsersSettings | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> AsyncIterator[UsersResources]:
    """Open everything, and make sure that there is a key to sign with.

    Args:
        runtime: From the platform.
        settings: The domain's knobs; by default from the environment.
        clock: The present moment, for tests that travel in time.
    """
    settings = settings or UsersSettings()
    vault = KeyVault.of(runtime.settings)
    async with AsyncExitStack() as stack:
        database = runtime.database()
        stack.push_async_callback(database.close)
        redis = runtime.redis()
        stack.push_async_callback(redis.aclose)
        hasher = PasswordHasher(settings)
        stack.callback(hasher.close)
        await hasher.prepare()
        async with database.transaction() as session:
            await keys.ensure_key(session, vault, clock())
        key_ring = KeyRing(database, vault, clock)
        await key_ring.current()  # a secret key that does not open our keys should show now, not at a sign-in
        await stack.enter_async_context(_in_background(keep_house(database, vault, settings)))
        mails = Mails(runtime.settings.public_url, settings)
        accounts = Accounts(
            database=database,
            settings=settings,
            hasher=hasher,
            attempts=Attempts(RateLimiter(redis), settings),
            registration=Registration(settings, hasher, mails, clock),
            sessions=Sessions(settings, hasher, clock),
            password_changes=PasswordChanges(settings, mails, clock),
            deletion=Deletion(mails, clock),
            key_ring=key_ring,
            issuer=AccessTokenIssuer(
                issuer=runtime.settings.token_issuer,
                audience=runtime.settings.token_audience,
                lifetime=settings.access_token_lifetime,
            ),
            clock=clock,
        )
        yield UsersResources(database=database, redis=redis, accounts=accounts, jwks=DatabaseJwks(database, clock))


def routes(resources: UsersResources) -> Sequence[BaseRoute]:
    """``/.well-known/jwks.json``: the public keys, for whoever verifies our access tokens."""

    async def jwks(_request: Request) -> JSONResponse:
        try:
            key_set = dict(await resources.jwks.fetch())
        except KeySetUnavailable as error:
            return JSONResponse({"error": str(error)}, status_code=503, headers={"cache-control": "no-store"})
        return JSONResponse(key_set, headers={"cache-control": f"public, max-age={_JWKS_MAX_AGE_SECONDS}"})

    return [Route("/.well-known/jwks.json", jwks, methods=["GET"])]


@asynccontextmanager
async def _in_background(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run a coroutine while the block lasts."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
