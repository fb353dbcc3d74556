"""What users tells about sign-ins, passwords and profiles."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from shared.contracts.users import UserPasswordChanged, UserProfileUpdated, UserRegistered, UserSignedIn
from shared.testing import make_principal
from subgraphs.users.service import housekeeping
from subgraphs.users.tests.conftest import PASSWORD, UsersUnderTest

NEW = "uma senha bem nova"
CHANGE = """mutation Change($current: String!, $new: String!) {
  changePassword(input: {currentPassword: $current, newPassword: $new}) { __typename }
}"""
REQUEST_RESET = 'mutation { requestPasswordReset(input: {email: "ana@reservei.example"}) { __typename } }'
RESET = """mutation Reset($token: String!, $new: String!) {
  resetPassword(input: {token: $token, newPassword: $new}) { __typename }
}"""
UPDATE = """mutation Update($input: UpdateProfileInput!) {
  updateProfile(input: $input) {
    __typename
    ... on UserUpdated { user { timeZone } }
    ... on InvalidInput { field message }
  }
}"""


async def _told(users: UsersUnderTest, kind: type[Any]) -> list[Any]:
    return [msgspec.json.decode(event.payload, type=kind) for event in await users.events() if event.type == kind.type]


def _from(program: str | None, address: str = "198.51.100.7") -> dict[str, str]:
    return {"x-reservei-client-address": address, **({} if program is None else {"user-agent": program})}


async def test_a_sign_in_is_told_with_the_place_it_came_from(users: UsersUnderTest) -> None:
    ana = await users.add()
    await users.sign_in(headers=_from("Firefox"))
    [told] = await _told(users, UserSignedIn)
    assert told == UserSignedIn(
        user_id=ana.id, at=users.clock(), is_new_device=True, user_agent="Firefox", ip_address="198.51.100.7"
    )


async def test_only_a_program_that_was_not_seen_before_is_a_new_device(users: UsersUnderTest) -> None:
    await users.add()
    await users.add("bia@reservei.example", "Bia")
    await users.sign_in("bia@reservei.example", headers=_from("Safari"))  # another user's devices are not Ana's
    signed_out = """mutation { signOutEverywhere { ... on SignOutSuccess { endedSessionCount } } }"""
    first = await users.sign_in(headers=_from("Firefox"))
    await users.data(signed_out, token=first["accessToken"])
    await users.sign_in(headers=_from("Firefox", "203.0.113.9"))  # the same laptop in another net
    await users.sign_in(headers=_from("Safari"))
    await users.sign_in(headers=_from("Safari"))
    told = await _told(users, UserSignedIn)
    assert [(event.user_agent, event.is_new_device) for event in told[1:]] == [
        ("Firefox", True),
        ("Firefox", False),
        ("Safari", True),
        ("Safari", False),
    ]


async def test_a_device_is_new_again_when_its_sessions_are_forgotten(users: UsersUnderTest) -> None:
    await users.add()
    await users.sign_in(headers=_from("Firefox"))
    async with users.database.transaction() as session:
        later = users.clock() + timedelta(days=users.settings.session_days) + 2 * housekeeping.KEPT_FOR
        await housekeeping.purge(session, later)
    await users.sign_in(headers=_from("Firefox"))
    assert [event.is_new_device for event in await _told(users, UserSignedIn)] == [True, True]


async def test_of_sign_ins_at_once_from_one_device_one_is_new(users: UsersUnderTest) -> None:
    await users.add()
    await asyncio.gather(*(users.sign_in(headers=_from("Firefox")) for _ in range(4)))
    told = await _told(users, UserSignedIn)
    assert sorted(event.is_new_device for event in told) == [False, False, False, True]
    sequences = [event.aggregate_sequence for event in await users.events()]
    assert sorted(sequences) == [1, 2, 3, 4, 5]


async def test_a_failed_sign_in_and_a_refresh_are_no_sign_ins(users: UsersUnderTest) -> None:
    await users.add()
    await users.sign_in(password="wrong password")
    assert await _told(users, UserSignedIn) == []
    tokens = await users.sign_in()
    await users.refresh(tokens["refreshToken"])
    assert len(await _told(users, UserSignedIn)) == 1


async def test_a_changed_password_is_told_once_and_a_refused_change_is_not(users: UsersUnderTest) -> None:
    ana = await users.add()
    caller = make_principal(user_id=ana.id)
    await users.data(CHANGE, {"current": "not this one", "new": NEW}, as_=caller)
    assert await _told(users, UserPasswordChanged) == []
    await users.data(CHANGE, {"current": PASSWORD, "new": NEW}, as_=caller)
    assert await _told(users, UserPasswordChanged) == [
        UserPasswordChanged(user_id=ana.id, at=users.clock(), by_reset=False)
    ]


async def test_a_reset_password_is_told_before_the_mailbox_that_it_proves(users: UsersUnderTest) -> None:
    await users.sign_up()
    await users.data(REQUEST_RESET)
    token = (await users.mails())[-1].context["token"]
    for _ in range(2):  # the second finds the link used
        await users.data(RESET, {"token": token, "new": NEW})
    assert [(event.type, event.aggregate_sequence) for event in await users.events()] == [
        ("user.registered", 1),
        ("user.password_changed", 2),
        ("user.email_verified", 3),
    ]
    [told] = await _told(users, UserPasswordChanged)
    assert told.by_reset


async def test_the_time_zone_is_kept_and_told(users: UsersUnderTest) -> None:
    await users.sign_up(timeZone="America/Manaus")
    [registered] = await _told(users, UserRegistered)
    assert registered.time_zone == "America/Manaus"
    caller = make_principal(user_id=registered.user_id)
    assert (await users.data("{ me { timeZone } }", as_=caller))["me"] == {"timeZone": "America/Manaus"}
    answer = await users.data(UPDATE, {"input": {"timeZone": "Europe/Lisbon"}}, as_=caller)
    assert answer["updateProfile"]["user"] == {"timeZone": "Europe/Lisbon"}
    await users.data(UPDATE, {"input": {"displayName": "Ana R."}}, as_=caller)
    told = await _told(users, UserProfileUpdated)
    assert [event.time_zone for event in told] == ["Europe/Lisbon", "Europe/Lisbon"]


async def test_who_says_nothing_lives_in_sao_paulo(users: UsersUnderTest) -> None:
    await users.sign_up()
    [registered] = await _told(users, UserRegistered)
    assert registered.time_zone == "America/Sao_Paulo"
    old = msgspec.json.decode(  # an event from before there were time zones
        b'{"user_id": "01890a5d-ac96-774b-bcce-b302099a8057", "display_name": "A", "avatar_url": null, "locale": "en"}',
        type=UserProfileUpdated,
    )
    assert old.time_zone == "America/Sao_Paulo"


@pytest.mark.parametrize("zone", ["", "Brazil", "GMT+3", "america/sao_paulo", "../../etc/passwd", "x" * 10_000, "\x00"])
async def test_an_unknown_time_zone_changes_nothing(users: UsersUnderTest, zone: str) -> None:
    ana = await users.add()
    answer = await users.data(UPDATE, {"input": {"timeZone": zone}}, as_=make_principal(user_id=ana.id))
    assert answer["updateProfile"]["__typename"] == "InvalidInput"
    assert answer["updateProfile"]["field"] == "timeZone"
    assert (await users.user(ana.id)).time_zone == "America/Sao_Paulo"
    assert (await users.sign_up(email="new@reservei.example", timeZone=zone))["field"] == "timeZone"
    assert await _told(users, UserProfileUpdated) == []
