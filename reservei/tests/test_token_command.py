"""``reservei token`` and the demo accounts that it is for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import typer
from typer.testing import CliRunner

from reservei.cli.token import access_token_for, refuse_in_production, token
from reservei.demo_accounts import DEMO_ACCOUNTS
from shared.auth import Role, TokenVerifier
from shared.config import PlatformSettings
from shared.db import Database
from shared.local.errors import LocalRuntimeError
from subgraphs.users.passwords import PasswordHasher, check_password
from subgraphs.users.service import ImportedUser, import_users
from subgraphs.users.settings import UsersSettings
from subgraphs.users.signing_keys import DatabaseJwks

DomainDatabase = Callable[[str], Awaitable[Database]]


async def _add_demo_accounts(database: Database) -> None:
    hasher = PasswordHasher(UsersSettings(argon2_memory_kib=8, argon2_time_cost=1))
    rows = [
        ImportedUser(account.email, account.display_name, await hasher.hash(account.password), account.roles)
        for account in DEMO_ACCOUNTS
    ]
    hasher.close()
    async with database.transaction() as session:
        assert (await import_users(session, rows)).created == len(DEMO_ACCOUNTS)


@pytest.mark.parametrize("account", DEMO_ACCOUNTS, ids=lambda account: account.label)
def test_demo_passwords_pass_the_policy(account) -> None:
    check_password(account.password, email=account.email, display_name=account.display_name)


def test_there_is_a_demo_account_for_every_role() -> None:
    assert {role for account in DEMO_ACCOUNTS for role in account.roles} == set(Role)
    assert len({account.email for account in DEMO_ACCOUNTS}) == len(DEMO_ACCOUNTS)


async def test_a_token_proves_the_account_it_was_asked_for(
    platform: PlatformSettings, domain_database: DomainDatabase
) -> None:
    database = await domain_database("users")
    await _add_demo_accounts(database)
    verifier = TokenVerifier(DatabaseJwks(database), issuer=platform.token_issuer, audience=platform.token_audience)
    for account in DEMO_ACCOUNTS:
        principal = await verifier.verify(await access_token_for(platform, account.email.upper()))
        assert principal.roles == account.roles
        assert principal.session_id is None


@pytest.mark.parametrize(
    ("email", "what"), [("nobody@reservei.example", "Nobody here has"), ("no address", "not an e-mail address")]
)
async def test_who_is_not_there_gets_no_token(
    platform: PlatformSettings, domain_database: DomainDatabase, email: str, what: str
) -> None:
    await domain_database("users")
    with pytest.raises(LocalRuntimeError, match=what):
        await access_token_for(platform, email)


async def test_there_are_no_such_tokens_in_production(
    platform: PlatformSettings, domain_database: DomainDatabase
) -> None:
    await _add_demo_accounts(await domain_database("users"))
    production = platform.model_copy(update={"environment": "production"})
    with pytest.raises(LocalRuntimeError, match="development only"):
        await access_token_for(production, DEMO_ACCOUNTS[0].email)
    with pytest.raises(LocalRuntimeError):
        refuse_in_production(production)


def test_the_command_refuses_production_before_it_starts_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    from shared import config

    monkeypatch.setenv("RESERVEI_ENVIRONMENT", "production")
    config.platform_settings.cache_clear()
    app = typer.Typer()
    app.command()(token)
    try:
        result = CliRunner().invoke(app, ["ana@reservei.example"])
    finally:
        config.platform_settings.cache_clear()
    assert isinstance(result.exception, LocalRuntimeError)
    assert result.output == ""
