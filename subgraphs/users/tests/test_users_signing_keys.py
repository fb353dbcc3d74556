"""Signing keys: born once, sealed at rest, announced before they sign, kept until their last token has ended."""

import asyncio
from datetime import timedelta

import httpx
import jwt
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, text

from shared.auth import InvalidToken, TokenVerifier
from shared.graphql import SubgraphRuntime
from shared.graphql.http import create_app
from subgraphs.users.models import SigningKey
from subgraphs.users.resources import open_resources
from subgraphs.users.service import keys
from subgraphs.users.signing_keys import KeyRing, KeyVault, WrongSecretKey
from subgraphs.users.tests.conftest import UsersUnderTest


def _vault(users: UsersUnderTest) -> KeyVault:
    return KeyVault.of(users.platform)


async def _rotate(users: UsersUnderTest) -> SigningKey:
    async with users.database.transaction() as session:
        return await keys.rotate(session, _vault(users), users.settings, users.clock())


async def _published(users: UsersUnderTest) -> list[str]:
    return [key["kid"] for key in (await users.resources.jwks.fetch())["keys"]]


async def _signing_kid(users: UsersUnderTest) -> str:
    token = (await users.sign_in())["accessToken"]
    return jwt.get_unverified_header(token)["kid"]


def _verifier(users: UsersUnderTest) -> TokenVerifier:
    """What another service has: the published keys, and nothing else."""
    return TokenVerifier(
        users.resources.jwks,
        issuer=users.platform.token_issuer,
        audience=users.platform.token_audience,
        clock=lambda: users.clock().timestamp(),
    )


async def test_of_many_processes_that_start_at_once_one_makes_the_first_key(users: UsersUnderTest) -> None:
    async with users.database.transaction() as session:
        await session.execute(text("DELETE FROM signing_keys"))

    async def start() -> str:
        async with users.database.transaction() as session:
            return (await keys.ensure_key(session, _vault(users), users.clock())).kid

    assert len(set(await asyncio.gather(*(start() for _ in range(12))))) == 1
    async with users.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(SigningKey)) == 1


async def test_without_the_lock_they_would_collide(users: UsersUnderTest) -> None:
    """Why ``ensure_key`` takes a lock: looking first and creating then fails for all but one."""
    async with users.database.transaction() as session:
        await session.execute(text("DELETE FROM signing_keys"))
    all_have_looked = asyncio.Barrier(4)

    async def start() -> None:
        async with users.database.transaction() as session:
            newest = await session.scalar(select(SigningKey).where(SigningKey.signs_until.is_(None)))
            await all_have_looked.wait()
            assert newest is None
            session.add(_vault(users).create(now=users.clock(), signs_from=users.clock()))

    outcomes = await asyncio.gather(*(start() for _ in range(4)), return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 1


async def test_the_next_key_is_published_before_it_signs(users: UsersUnderTest) -> None:
    await users.add()
    old = await _signing_kid(users)
    new = (await _rotate(users)).kid
    assert await _published(users) == [old, new]
    users.clock.move(seconds=users.settings.key_lead_seconds - 1)
    assert await _signing_kid(users) == old
    users.clock.move(seconds=1)
    assert await _signing_kid(users) == new
    assert await _published(users) == [old, new]


async def test_tokens_of_the_old_key_stay_valid_until_they_end(users: UsersUnderTest) -> None:
    await users.add()
    await _rotate(users)
    users.clock.move(seconds=users.settings.key_lead_seconds - 1)
    last_of_the_old = (await users.sign_in())["accessToken"]
    users.clock.move(seconds=599)
    assert await _verifier(users).verify(last_of_the_old)
    users.clock.move(seconds=2)
    with pytest.raises(InvalidToken, match="expired"):
        await _verifier(users).verify(last_of_the_old)
    # And when no token of it can live, it is not published any more.
    users.clock.move(minutes=5)
    assert len(await _published(users)) == 1


async def test_a_verifier_that_fetched_before_the_rotation_never_meets_an_unknown_key(users: UsersUnderTest) -> None:
    await users.add()
    verifier = _verifier(users)
    await verifier.verify((await users.sign_in())["accessToken"])
    await _rotate(users)
    for _ in range(10):  # twice the lead, in steps
        users.clock.move(seconds=users.settings.key_lead_seconds / 5)
        await verifier.verify((await users.sign_in())["accessToken"])


async def test_rotating_twice_announces_one_key(users: UsersUnderTest) -> None:
    kids = await asyncio.gather(*(_rotate(users) for _ in range(4)))
    assert len({key.kid for key in kids}) == 1
    assert len(await _published(users)) == 2


async def test_keys_rotate_by_themselves_when_they_are_due(users: UsersUnderTest) -> None:
    async def check() -> bool:
        async with users.database.transaction() as session:
            return await keys.rotate_if_due(session, _vault(users), users.settings, users.clock())

    assert not await check()
    users.clock.move(days=30)
    assert (await asyncio.gather(*(check() for _ in range(3)))).count(True) == 1
    assert not await check()


async def test_a_stolen_key_is_replaced_at_once(users: UsersUnderTest) -> None:
    await users.add()
    signed_in = await users.sign_in()
    async with users.database.transaction() as session:
        await keys.replace_all(session, _vault(users), users.clock())
    await users.resources.accounts.key_ring.reload()
    with pytest.raises(InvalidToken, match="a key we do not know"):
        await _verifier(users).verify(signed_in["accessToken"])
    refreshed = await users.refresh(signed_in["refreshToken"])
    assert await _verifier(users).verify(refreshed["accessToken"])


async def test_private_keys_are_sealed_at_rest(users: UsersUnderTest) -> None:
    async with users.database.read() as session:
        [key] = await session.scalars(select(SigningKey))
    pair = _vault(users).open(key)
    assert pair.private_key.public_key().public_bytes_raw() == key.public_key
    assert pair.private_key.private_bytes_raw() not in key.sealed_private_key
    with pytest.raises(WrongSecretKey, match="RESERVEI_SECRET_KEY"):
        KeyVault("another secret, of the same length!").open(key)


async def test_a_sealed_key_cannot_be_moved_to_another_row(users: UsersUnderTest) -> None:
    vault = _vault(users)
    one, other = (vault.create(now=users.clock(), signs_from=users.clock()) for _ in range(2))
    one.sealed_private_key = other.sealed_private_key
    with pytest.raises(WrongSecretKey):
        vault.open(one)


async def test_without_a_secret_key_nothing_is_sealed(users: UsersUnderTest) -> None:
    with pytest.raises(RuntimeError, match="RESERVEI_SECRET_KEY is not set"):
        KeyVault.of(users.platform.model_copy(update={"secret_key": None}))


async def test_the_key_set_is_served_and_shows_no_private_part(users: UsersUnderTest) -> None:
    transport = httpx.ASGITransport(create_app(users.subgraph, users.platform))
    async with httpx.AsyncClient(transport=transport, base_url="http://users") as http:
        app = transport.app
        async with app.router.lifespan_context(app):
            response = await http.get("/.well-known/jwks.json")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "public, max-age=60"
    [key] = response.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "use", "alg", "kid"}
    assert (key["kty"], key["crv"], key["alg"]) == ("OKP", "Ed25519", "EdDSA")
    assert timedelta(seconds=60) < users.settings.key_lead


async def test_a_wrong_secret_key_shows_when_the_process_starts(users: UsersUnderTest) -> None:
    platform = users.platform.model_copy(update={"secret_key": SecretStr("another secret, of the same length!")})
    runtime = SubgraphRuntime(name="users", settings=platform)
    with pytest.raises(WrongSecretKey):
        async with open_resources(runtime, settings=users.settings):
            pytest.fail("it must not start")


async def test_a_process_whose_clock_is_behind_can_sign_with_the_first_key(users: UsersUnderTest) -> None:
    slow = KeyRing(users.database, _vault(users), lambda: users.clock() - timedelta(seconds=30))
    assert await slow.current()
