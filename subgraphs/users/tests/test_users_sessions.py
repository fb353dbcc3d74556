"""Sessions: refresh tokens that work once, thieves that are noticed, and sign-out that reaches what it should."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from shared.auth import Role
from shared.db import WriteSession, new_id
from shared.testing import make_principal
from subgraphs.users.models import RefreshToken, UserSession
from subgraphs.users.repository import sessions as repository
from subgraphs.users.tests.conftest import ME, UsersUnderTest
from subgraphs.users.tokens import digest

MY_SESSIONS = "{ mySessions { id userAgent address isCurrent createdAt lastUsedAt expiresAt } }"
SIGN_OUT = """mutation SignOut($input: SignOutInput) {
  signOut(input: $input) { __typename ... on SignOutSuccess { endedSessionCount } ... on InvalidInput { field } }
}"""
SIGN_OUT_EVERYWHERE = "mutation { signOutEverywhere { ... on SignOutSuccess { endedSessionCount } } }"


async def test_a_refresh_gives_the_next_pair_of_the_same_session(users: UsersUnderTest) -> None:
    await users.add()
    first = await users.sign_in()
    users.clock.move(minutes=9)
    second = await users.refresh(first["refreshToken"])
    assert second["__typename"] == "SignInSuccess"
    assert second["user"] == {"displayName": "Ana Ribeiro"}
    assert second["refreshToken"] != first["refreshToken"]
    assert second["accessToken"] != first["accessToken"]
    [session] = (await users.data(MY_SESSIONS, token=second["accessToken"]))["mySessions"]
    assert session["isCurrent"]
    assert session["lastUsedAt"] > session["createdAt"]


async def test_a_refresh_brings_new_roles(users: UsersUnderTest) -> None:
    ana = await users.add()
    admin = await users.add("davi@reservei.example", "Davi", Role.ADMIN)
    first = await users.sign_in()
    await users.data(
        "mutation($id: ID!) { setUserRoles(input: {userId: $id, roles: [TRAVELER, HOTEL_MANAGER]}) { __typename } }",
        {"id": str(ana.id)},
        as_=make_principal(Role.ADMIN, user_id=admin.id),
    )
    import jwt

    second = await users.refresh(first["refreshToken"])
    claims = jwt.decode(second["accessToken"], options={"verify_signature": False})
    assert claims["roles"] == ["HOTEL_MANAGER", "TRAVELER"]


async def test_a_stolen_refresh_token_ends_the_session_for_thief_and_owner(users: UsersUnderTest) -> None:
    await users.add()
    stolen = (await users.sign_in())["refreshToken"]
    owners = await users.refresh(stolen)
    users.clock.move(seconds=11)
    assert (await users.refresh(stolen))["__typename"] == "SessionEnded"  # the thief comes second
    assert (await users.refresh(owners["refreshToken"]))["__typename"] == "SessionEnded"
    async with users.database.read() as session:
        [row] = await session.scalars(select(UserSession))
    assert row.end_reason == "REUSED_TOKEN"


async def test_a_theft_ends_only_the_session_it_happened_in(users: UsersUnderTest) -> None:
    await users.add()
    stolen = (await users.sign_in())["refreshToken"]
    phone = (await users.sign_in())["refreshToken"]
    await users.refresh(stolen)
    users.clock.move(seconds=11)
    await users.refresh(stolen)
    assert (await users.refresh(phone))["__typename"] == "SignInSuccess"


async def test_a_repetition_within_the_grace_is_no_theft_and_gains_nothing(users: UsersUnderTest) -> None:
    await users.add()
    first = (await users.sign_in())["refreshToken"]
    winner = await users.refresh(first)
    users.clock.move(seconds=9)
    loser = await users.refresh(first)
    assert loser["__typename"] == "AlreadyRefreshed"
    assert (await users.refresh(winner["refreshToken"]))["__typename"] == "SignInSuccess"


@pytest.mark.parametrize("users_settings", [{"refresh_grace_seconds": 0}], indirect=True)
async def test_without_a_grace_every_repetition_is_theft(users: UsersUnderTest) -> None:
    await users.add()
    first = (await users.sign_in())["refreshToken"]
    winner = await users.refresh(first)
    assert (await users.refresh(first))["__typename"] == "SessionEnded"
    assert (await users.refresh(winner["refreshToken"]))["__typename"] == "SessionEnded"


async def test_of_two_refreshes_at_once_exactly_one_wins(users: UsersUnderTest) -> None:
    await users.add()
    for _ in range(5):
        token = (await users.sign_in())["refreshToken"]
        answers = await asyncio.gather(*(users.refresh(token) for _ in range(8)))
        kinds = sorted(answer["__typename"] for answer in answers)
        assert kinds == ["AlreadyRefreshed"] * 7 + ["SignInSuccess"]
        winner = next(answer for answer in answers if answer["__typename"] == "SignInSuccess")
        assert (await users.refresh(winner["refreshToken"]))["__typename"] == "SignInSuccess"


async def test_the_race_is_real_looking_first_and_writing_then_lets_both_win(users: UsersUnderTest) -> None:
    """Why ``use_refresh_token`` is one conditional UPDATE: the same steps as SELECT, then UPDATE, lose the race."""
    await users.add()
    both_have_looked = asyncio.Barrier(2)

    async def look_then_write(session: WriteSession, token_digest: bytes) -> bool:
        used_at = await session.scalar(select(RefreshToken.used_at).where(RefreshToken.digest == token_digest))
        await both_have_looked.wait()
        if used_at is not None:
            return False
        row = await session.get_one(RefreshToken, token_digest)
        row.used_at = users.clock()
        return True

    async def one_statement(session: WriteSession, token_digest: bytes) -> bool:
        await both_have_looked.wait()
        return await repository.use_refresh_token(session, token_digest, users.clock()) is not None

    async def attempt(use: Any, token: str) -> bool:
        async with users.database.transaction() as session:
            return await use(session, digest(token))

    token = (await users.sign_in())["refreshToken"]
    assert await asyncio.gather(*(attempt(look_then_write, token) for _ in range(2))) == [True, True]
    token = (await users.sign_in())["refreshToken"]
    assert sorted(await asyncio.gather(*(attempt(one_statement, token) for _ in range(2)))) == [False, True]


async def test_a_session_that_is_not_refreshed_ends(users: UsersUnderTest) -> None:
    await users.add()
    token = (await users.sign_in())["refreshToken"]
    users.clock.move(days=30, seconds=1)
    assert (await users.refresh(token))["__typename"] == "SessionEnded"


@pytest.mark.parametrize("users_settings", [{"refresh_token_days": 30, "session_days": 40}], indirect=True)
async def test_no_session_outlives_its_longest_life(users: UsersUnderTest) -> None:
    await users.add()
    token = (await users.sign_in())["refreshToken"]
    users.clock.move(days=29)
    token = (await users.refresh(token))["refreshToken"]
    async with users.database.read() as session:
        [row] = await session.scalars(select(UserSession))
    assert row.expires_at - row.created_at == timedelta(days=40)
    users.clock.move(days=11, seconds=1)
    assert (await users.refresh(token))["__typename"] == "SessionEnded"


@pytest.mark.parametrize("token", ["", "nonsense", "\ud800", "' OR 1=1 --", "😀" * 1000])
async def test_nonsense_is_no_session(users: UsersUnderTest, token: str) -> None:
    assert (await users.refresh(token))["__typename"] == "SessionEnded"


async def test_refresh_tokens_are_not_in_the_database(users: UsersUnderTest) -> None:
    await users.add()
    token = (await users.sign_in())["refreshToken"]
    async with users.database.read() as session:
        [stored] = await session.scalars(select(RefreshToken.digest))
    assert len(token) >= 43
    assert stored == digest(token)
    assert token.encode() not in stored


async def test_signing_out_ends_this_session_and_no_other(users: UsersUnderTest) -> None:
    await users.add()
    laptop, phone = await users.sign_in(), await users.sign_in()
    for expected in (1, 0):  # repeating it changes nothing
        answer = await users.data(SIGN_OUT, token=laptop["accessToken"])
        assert answer["signOut"] == {"__typename": "SignOutSuccess", "endedSessionCount": expected}
    assert (await users.refresh(laptop["refreshToken"]))["__typename"] == "SessionEnded"
    assert (await users.refresh(phone["refreshToken"]))["__typename"] == "SignInSuccess"


async def test_signing_out_another_device_of_ones_own(users: UsersUnderTest) -> None:
    await users.add()
    laptop = await users.sign_in(headers={"user-agent": "Firefox 😀\x00", "x-reservei-client-address": "198.51.100.1"})
    phone = await users.sign_in(headers={"user-agent": "Safari" * 100})
    listed = (await users.data(MY_SESSIONS, token=phone["accessToken"]))["mySessions"]
    assert [(entry["isCurrent"], len(entry["userAgent"])) for entry in listed] == [(True, 300), (False, 9)]
    assert listed[1]["address"] == "198.51.100.1"
    answer = await users.data(SIGN_OUT, {"input": {"sessionId": listed[1]["id"]}}, token=phone["accessToken"])
    assert answer["signOut"]["endedSessionCount"] == 1
    assert (await users.refresh(laptop["refreshToken"]))["__typename"] == "SessionEnded"
    assert len((await users.data(MY_SESSIONS, token=phone["accessToken"]))["mySessions"]) == 1


async def test_nobody_signs_out_somebody_else(users: UsersUnderTest) -> None:
    await users.add()
    ana = await users.sign_in()
    [entry] = (await users.data(MY_SESSIONS, token=ana["accessToken"]))["mySessions"]
    for role in Role:
        stranger = make_principal(role)
        answer = await users.data(SIGN_OUT, {"input": {"sessionId": entry["id"]}}, as_=stranger)
        assert answer["signOut"]["endedSessionCount"] == 0
    assert (await users.refresh(ana["refreshToken"]))["__typename"] == "SignInSuccess"


async def test_signing_out_with_the_refresh_token_needs_no_access_token(users: UsersUnderTest) -> None:
    await users.add()
    token = (await users.sign_in())["refreshToken"]
    answer = await users.data(SIGN_OUT, {"input": {"refreshToken": token}})
    assert answer["signOut"]["endedSessionCount"] == 1
    assert (await users.refresh(token))["__typename"] == "SessionEnded"
    unknown = await users.data(SIGN_OUT, {"input": {"refreshToken": "unknown"}})
    assert unknown["signOut"]["endedSessionCount"] == 0


async def test_sign_out_wants_one_target(users: UsersUnderTest) -> None:
    both = await users.data(SIGN_OUT, {"input": {"refreshToken": "x", "sessionId": str(new_id())}})
    assert both["signOut"]["field"] == "sessionId"
    nobody = await users.execute(SIGN_OUT)
    assert nobody["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    nonsense = await users.execute(SIGN_OUT, {"input": {"sessionId": "not-an-id"}}, as_=make_principal())
    assert nonsense["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_signing_out_everywhere_ends_all_of_ones_own_sessions(users: UsersUnderTest) -> None:
    await users.add()
    await users.add("bia@reservei.example", "Bia")
    mine = [await users.sign_in() for _ in range(3)]
    bia = await users.sign_in("bia@reservei.example")
    for expected in (3, 0):
        answer = await users.data(SIGN_OUT_EVERYWHERE, token=mine[0]["accessToken"])
        assert answer["signOutEverywhere"]["endedSessionCount"] == expected
    for session in mine:
        assert (await users.refresh(session["refreshToken"]))["__typename"] == "SessionEnded"
    assert (await users.refresh(bia["refreshToken"]))["__typename"] == "SignInSuccess"


async def test_a_sign_out_and_a_refresh_at_once_leave_no_living_session(users: UsersUnderTest) -> None:
    await users.add()
    for _ in range(5):
        session = await users.sign_in()
        refreshed, _ = await asyncio.gather(
            users.refresh(session["refreshToken"]), users.data(SIGN_OUT_EVERYWHERE, token=session["accessToken"])
        )
        if refreshed["__typename"] == "SignInSuccess":
            assert (await users.refresh(refreshed["refreshToken"]))["__typename"] == "SessionEnded"
    async with users.database.read() as reading:
        living = select(func.count()).select_from(UserSession).where(UserSession.ended_at.is_(None))
        assert await reading.scalar(living) == 0


async def test_an_anonymous_caller_has_no_sessions_and_is_nobody(users: UsersUnderTest) -> None:
    response = await users.execute(MY_SESSIONS)
    assert response["data"] == {"mySessions": None}
    assert response["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await users.data(ME) == {"me": None}
