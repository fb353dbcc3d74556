"""The end of an account: what is erased, what stays, and who may ask for it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

import subgraphs.users
from shared.auth import Role
from shared.contracts.users import UserDeleted
from shared.messaging.mail import MailTemplates
from shared.testing import make_principal
from subgraphs.users.models import OneTimeToken, User, UserSession
from subgraphs.users.repository.one_time_tokens import Purpose
from subgraphs.users.service.links import issue_token
from subgraphs.users.service.outcomes import Device, InvalidCredentials
from subgraphs.users.tests.conftest import ME, PASSWORD, UsersUnderTest

DELETE = """mutation Delete($password: String!) {
  deleteMyAccount(input: {password: $password}) {
    __typename
    ... on AccountDeleted { deletedAt }
    ... on TooManyAttempts { retryAfterSeconds }
    ... on Problem { message }
  }
}"""
UPDATE = """mutation { updateProfile(input: {displayName: "Ana again"}) { __typename } }"""
NAME = "query($id: ID!) { user(id: $id) { displayName avatarUrl email isEmailVerified roles } }"
RESET = """mutation($token: String!) {
  resetPassword(input: {token: $token, newPassword: "uma senha bem nova"}) { __typename }
}"""


async def test_a_deleted_account_leaves_nothing_personal_behind(users: UsersUnderTest) -> None:
    ana = await users.add(avatar_url="https://img.reservei.example/ana.png", time_zone="America/Manaus", locale="en")
    headers = {"user-agent": "Ana's laptop", "x-reservei-client-address": "198.51.100.7"}
    tokens = await users.sign_in(headers=headers)
    await users.data(
        "mutation($email: Email!) { requestPasswordReset(input: {email: $email}) { __typename } }", {"email": ana.email}
    )
    answer = (await users.data(DELETE, {"password": PASSWORD}, token=tokens["accessToken"]))["deleteMyAccount"]
    assert answer["__typename"] == "AccountDeleted"

    row = await users.user(ana.id)
    assert row.deleted_at is not None
    assert answer["deletedAt"] == row.deleted_at.isoformat().replace("+00:00", "Z")
    kept = " ".join(str(getattr(row, column.name)) for column in User.__table__.columns)
    for personal in ("ana@", "Ana", "img.reservei", "Manaus", "argon2"):
        assert personal not in kept
    async with users.database.read() as session:
        [device] = (await session.scalars(select(UserSession))).all()
        assert await session.scalar(select(func.count()).select_from(OneTimeToken)) == 0
    assert (device.user_agent, device.address, device.end_reason) == (None, None, "ACCOUNT_DELETED")


async def test_others_read_a_placeholder_in_their_language(users: UsersUnderTest) -> None:
    ana = await users.add()
    await _delete(users, ana)
    stranger = make_principal()
    for language, name in (("en", "Deleted account"), ("pt-BR", "Conta excluída")):
        seen = await users.data(
            "query($id: ID!) { user(id: $id) { displayName avatarUrl } }",
            {"id": str(ana.id)},
            as_=stranger,
            headers={"accept-language": language},
        )
        assert seen["user"] == {"displayName": name, "avatarUrl": None}
    # A booking refers to them by key, as the router does.
    referred = await users.data(
        "query($keys: [_Any!]!) { _entities(representations: $keys) { ... on User { id displayName } } }",
        {"keys": [{"__typename": "User", "id": str(ana.id)}]},
    )
    assert referred["_entities"] == [{"id": str(ana.id), "displayName": "Deleted account"}]
    for_staff = await users.data(NAME, {"id": str(ana.id)}, as_=make_principal(Role.SUPPORT))
    assert for_staff["user"] == {
        "displayName": "Deleted account",
        "avatarUrl": None,
        "email": None,
        "isEmailVerified": False,
        "roles": ["TRAVELER"],
    }
    found = await users.data("{ users { edges { node { id } } } }", as_=make_principal(Role.SUPPORT))
    assert found["users"]["edges"] == []


async def test_a_deleted_account_is_over_for_whoever_still_holds_a_token(users: UsersUnderTest) -> None:
    ana = await users.add()
    tokens = await users.sign_in()
    access = tokens["accessToken"]
    await users.data(DELETE, {"password": PASSWORD}, token=access)
    assert (await users.refresh(tokens["refreshToken"]))["__typename"] == "SessionEnded"
    assert (await users.data(ME, token=access))["me"] is None
    assert (await users.data(UPDATE, token=access))["updateProfile"]["__typename"] == "UnknownUser"
    again = await users.data(DELETE, {"password": PASSWORD}, token=access)
    assert again["deleteMyAccount"]["__typename"] == "UnknownUser"
    assert (await users.user(ana.id)).display_name == ""
    assert [event.type for event in await users.events()].count("user.deleted") == 1


async def test_the_address_is_free_for_a_new_account(users: UsersUnderTest) -> None:
    ana = await users.add()
    await _delete(users, ana)
    assert (await users.sign_in())["__typename"] == "InvalidCredentials"
    assert (await users.sign_up(displayName="Ana Nova"))["__typename"] == "SignUpAccepted"
    async with users.database.read() as session:
        newcomer = (await session.scalars(select(User).where(User.email == "ana@reservei.example"))).one()
    assert newcomer.id != ana.id
    assert (newcomer.display_name, newcomer.deleted_at) == ("Ana Nova", None)


async def test_the_other_domains_are_told_after_everything_else(users: UsersUnderTest) -> None:
    ana = await users.add()
    await users.sign_in()
    await _delete(users, ana)
    events = await users.events()
    assert [(event.type, event.aggregate_sequence) for event in events] == [
        ("user.registered", 1),
        ("user.signed_in", 2),
        ("user.deleted", 3),
    ]
    told = msgspec.json.decode(events[-1].payload, type=UserDeleted)
    assert (told.user_id, told.at) == (ana.id, (await users.user(ana.id)).deleted_at)


@pytest.mark.parametrize("locale", ["pt-BR", "en"])
async def test_the_owner_gets_a_last_mail(users: UsersUnderTest, locale: Any) -> None:
    ana = await users.add(locale=locale)
    await _delete(users, ana)
    [mail] = await users.mails()
    assert (mail.to, mail.template, mail.locale) == ("ana@reservei.example", "users/account_deleted", locale)
    rendered = MailTemplates({"users": Path(subgraphs.users.__file__).parent / "mail"}).render(
        mail, sender="noreply@reservei.example"
    )
    assert "Ana Ribeiro" in rendered.get_content()


async def test_a_wrong_password_deletes_nothing(users: UsersUnderTest) -> None:
    ana = await users.add()
    tokens = await users.sign_in()
    answer = await users.data(DELETE, {"password": "not this one"}, token=tokens["accessToken"])
    assert answer["deleteMyAccount"]["__typename"] == "InvalidCredentials"
    await _assert_untouched(users, ana)
    assert (await users.refresh(tokens["refreshToken"]))["__typename"] == "SignInSuccess"


async def test_anonymous_callers_and_ghosts_delete_nothing(users: UsersUnderTest) -> None:
    ana = await users.add()
    anonymous = await users.execute(DELETE, {"password": PASSWORD})
    assert anonymous["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    ghost = await users.data(DELETE, {"password": PASSWORD}, as_=make_principal())
    assert ghost["deleteMyAccount"]["__typename"] == "UnknownUser"
    await _assert_untouched(users, ana)


@pytest.mark.parametrize("role", [Role.TRAVELER, Role.HOTEL_MANAGER, Role.SUPPORT, Role.ADMIN])
async def test_every_kind_of_user_deletes_only_themselves(users: UsersUnderTest, role: Role) -> None:
    ana = await users.add()
    actor = await users.add("actor@reservei.example", "Actor", role)
    answer = await users.data(DELETE, {"password": PASSWORD}, as_=make_principal(role, user_id=actor.id))
    kind = answer["deleteMyAccount"]["__typename"]
    if role is Role.ADMIN:  # by what the row says, so that the platform keeps its last administrator
        assert kind == "AdministratorAccount"
        await _assert_untouched(users, actor)
    else:
        assert kind == "AccountDeleted"
        assert (await users.user(actor.id)).deleted_at is not None
    await _assert_untouched(users, ana)


async def test_an_administrator_stays_one_whatever_the_token_says(users: UsersUnderTest) -> None:
    admin = await users.add("admin@reservei.example", "Admin", Role.ADMIN)
    answer = await users.data(DELETE, {"password": PASSWORD}, as_=make_principal(Role.TRAVELER, user_id=admin.id))
    assert answer["deleteMyAccount"]["__typename"] == "AdministratorAccount"
    await _assert_untouched(users, admin)


@pytest.mark.parametrize("users_settings", [{"sign_in_attempts_per_account": 3}], indirect=True)
async def test_guessing_the_password_is_limited_like_signing_in(users: UsersUnderTest) -> None:
    ana = await users.add()
    caller = make_principal(user_id=ana.id)
    for _ in range(3):
        await users.data(DELETE, {"password": "a guess"}, as_=caller)
    answer = await users.data(DELETE, {"password": PASSWORD}, as_=caller)
    assert answer["deleteMyAccount"]["__typename"] == "TooManyAttempts"
    assert (await users.user(ana.id)).deleted_at is None


async def test_no_session_opens_on_an_account_that_was_deleted_while_the_password_was_checked(
    users: UsersUnderTest,
) -> None:
    ana = await users.add()
    accounts = users.resources.accounts
    assert await accounts.sessions.check_credentials(ana, PASSWORD)
    await _delete(users, ana)  # between the check and the session
    async with users.database.transaction() as session:
        outcome = await accounts.sessions.begin(
            session, user_id=ana.id, checked_hash=ana.password_hash, new_hash=None, device=Device()
        )
    assert outcome == InvalidCredentials()
    async with users.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(UserSession)) == 0


async def test_a_password_that_changed_while_it_was_checked_deletes_nothing(users: UsersUnderTest) -> None:
    ana = await users.add()
    async with users.database.transaction() as session:
        outcome = await users.resources.accounts.deletion.delete(session, ana, checked_hash="an older hash")
    assert outcome == InvalidCredentials()
    await _assert_untouched(users, ana)


async def test_a_reset_link_that_was_asked_for_meanwhile_brings_nothing_back(users: UsersUnderTest) -> None:
    ana = await users.add()
    await _delete(users, ana)
    # Its transaction had read the user before the deletion, and wrote the token after.
    async with users.database.transaction() as session:
        token = issue_token(session, ana, Purpose.RESET_PASSWORD, timedelta(hours=1), users.clock())
    assert (await users.data(RESET, {"token": token}))["resetPassword"]["__typename"] == "ExpiredLink"
    assert (await users.user(ana.id)).password_hash == ""


async def test_of_deletions_at_once_one_happens(users: UsersUnderTest) -> None:
    ana = await users.add()
    caller = make_principal(user_id=ana.id)
    answers = await asyncio.gather(*(users.data(DELETE, {"password": PASSWORD}, as_=caller) for _ in range(4)))
    kinds = [answer["deleteMyAccount"]["__typename"] for answer in answers]
    assert kinds.count("AccountDeleted") == 1
    assert set(kinds) <= {"AccountDeleted", "InvalidCredentials", "UnknownUser"}
    assert [event.type for event in await users.events()].count("user.deleted") == 1


async def _delete(users: UsersUnderTest, user: User) -> None:
    answer = await users.data(DELETE, {"password": PASSWORD}, as_=make_principal(user_id=user.id))
    assert answer["deleteMyAccount"]["__typename"] == "AccountDeleted"


async def _assert_untouched(users: UsersUnderTest, before: User) -> None:
    after = await users.user(before.id)
    names = [column.name for column in User.__table__.columns if column.name not in {"event_sequence", "updated_at"}]
    assert [getattr(after, name) for name in names] == [getattr(before, name) for name in names]
    assert [event.type for event in await users.events() if event.aggregate_id == before.id].count("user.deleted") == 0
