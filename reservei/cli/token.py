"""``reservei token``: an access token for a development machine, without a password."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from reservei.demo_accounts import DEMO_ACCOUNTS
from shared.local.errors import LocalRuntimeError

if TYPE_CHECKING:
    from shared.config import PlatformSettings

_KNOWN = ", ".join(f"{account.email} ({account.label})" for account in DEMO_ACCOUNTS)


def token(
    email: Annotated[str, typer.Argument(help=f"Whose token. Demo accounts: {_KNOWN}.")] = DEMO_ACCOUNTS[0].email,
    header: Annotated[bool, typer.Option("--header", help="Print the whole `Authorization: Bearer ...` line.")] = False,
) -> None:
    """Print an access token for a user of this development machine, valid for ten minutes.

    Needs no password, so it works in development only. The servers may be running or not.
    """
    from reservei.cli.serve import local_platform
    from shared.config import platform_settings

    refuse_in_production(platform_settings())
    with local_platform(("users",)):
        value = asyncio.run(access_token_for(platform_settings(), email))
    typer.echo(f"Authorization: Bearer {value}" if header else value)


def refuse_in_production(settings: PlatformSettings) -> None:
    """Raise ``LocalRuntimeError`` unless this is a development machine."""
    if settings.environment != "development":
        raise LocalRuntimeError(
            "`reservei token` lets in whoever runs it, so it works in development only.",
            "Sign in with `signIn` like everybody else.",
        )


async def access_token_for(settings: PlatformSettings, email: str) -> str:
    """An access token for the user with this address, signed with the platform's present key.

    The token belongs to no session, so there is nothing to refresh or sign out of.

    Raises:
        LocalRuntimeError: it is no address, nobody has it, or this is not a development machine.
    """
    from shared.db import Database, domain_database_url, utc_now
    from subgraphs.users.identity import InvalidValue, email_key, normalised_email
    from subgraphs.users.repository import users
    from subgraphs.users.service.keys import ensure_key
    from subgraphs.users.settings import UsersSettings
    from subgraphs.users.signing_keys import KeyRing, KeyVault
    from subgraphs.users.tokens import AccessTokenIssuer

    refuse_in_production(settings)
    try:
        key = email_key(normalised_email(email))
    except InvalidValue:
        raise LocalRuntimeError(f"{email!r} is not an e-mail address.", f"Demo accounts: {_KNOWN}.") from None
    vault = KeyVault.of(settings)
    database = Database(domain_database_url(settings, "users"), application_name="reservei-token", pool_size=1)
    try:
        async with database.read() as session:
            user = await users.by_email(session, key)
        if user is None:
            raise LocalRuntimeError(
                f"Nobody here has the address {email}.",
                f"Load the demo market with `reservei seed`. Demo accounts: {_KNOWN}.",
            )
        async with database.transaction() as session:
            await ensure_key(session, vault, utc_now())
        issuer = AccessTokenIssuer(
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            lifetime=UsersSettings().access_token_lifetime,
        )
        signing_key = await KeyRing(database, vault).current()
        return issuer.issue(signing_key, user_id=user.id, session_id=None, roles=user.role_set, now=utc_now()).value
    finally:
        await database.close()
