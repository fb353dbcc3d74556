"""What each kind of caller sees and may do, and that a refusal left everything as it was."""

import asyncio
from typing import Any

import pytest

from shared.auth import Principal, Role
from shared.db import new_id
from shared.testing import make_principal
from subgraphs.users.models import User
from subgraphs.users.tests.conftest import UsersUnderTest

USER = """query User($id: ID!) {
  user(id: $id) { id displayName avatarUrl memberSince email isEmailVerified roles locale timeZone passwordChangedAt }
}"""
PROTECTED = ("email", "isEmailVerified", "roles", "locale", "timeZone", "passwordChangedAt")
SET_ROLES = """mutation Roles($id: ID!, $roles: [Role!]!) {
  setUserRoles(input: {userId: $id, roles: $roles}) {
    __typename
    ... on UserUpdated { user { roles } }
    ... on InvalidInput { field }
  }
}"""
UPDATE = """mutation Update($input: UpdateProfileInput!) {
  updateProfile(input: $input) {
    __typename
    ... on UserUpdated { user { displayName avatarUrl locale } }
    ... on InvalidInput { field }
  }
}"""
SEARCH = "{ users { edges { node { email } } } }"


def _caller(kind: str, ana: User) -> Principal | None:
    roles = {
        "another traveler": [Role.TRAVELER],
        "manager": [Role.TRAVELER, Role.HOTEL_MANAGER],
        "support": [Role.SUPPORT],
        "admin": [Role.ADMIN],
    }
    if kind == "anonymous":
        return None
    return make_principal(user_id=ana.id) if kind == "herself" else make_principal(*roles[kind])


@pytest.mark.parametrize("kind", ["anonymous", "another traveler", "manager"])
async def test_strangers_see_the_public_profile_and_one_error_per_protected_field(
    users: UsersUnderTest, kind: str
) -> None:
    ana = await users.add(avatar_url="https://img.reservei.example/ana.png")
    response = await users.execute(USER, {"id": str(ana.id)}, as_=_caller(kind, ana))
    seen = response["data"]["user"]
    assert seen["displayName"] == "Ana Ribeiro"
    assert seen["avatarUrl"] == "https://img.reservei.example/ana.png"
    assert seen["memberSince"]
    assert {name: seen[name] for name in PROTECTED} == dict.fromkeys(PROTECTED)
    code = "UNAUTHENTICATED" if kind == "anonymous" else "FORBIDDEN"
    errors = {tuple(error["path"]): error["extensions"]["code"] for error in response["errors"]}
    assert errors == {("user", name): code for name in PROTECTED}
    assert ana.email not in str(response)


@pytest.mark.parametrize("kind", ["herself", "support", "admin"])
async def test_the_user_and_our_staff_see_everything(users: UsersUnderTest, kind: str) -> None:
    ana = await users.add()
    seen = (await users.data(USER, {"id": str(ana.id)}, as_=_caller(kind, ana)))["user"]
    assert seen["email"] == "ana@reservei.example"
    assert seen["isEmailVerified"] is True
    assert seen["roles"] == ["TRAVELER"]
    assert seen["locale"] == "PT_BR"
    assert seen["timeZone"] == "America/Sao_Paulo"
    assert seen["passwordChangedAt"]


async def test_nobody_is_not_an_error_and_nonsense_is(users: UsersUnderTest) -> None:
    assert await users.data(USER, {"id": str(new_id())}) == {"user": None}
    response = await users.execute(USER, {"id": "' OR 1=1 --"})
    assert response["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("kind", ["anonymous", "another traveler", "manager", "support", "herself"])
async def test_only_administrators_set_roles(users: UsersUnderTest, kind: str) -> None:
    ana = await users.add()
    variables = {"id": str(ana.id), "roles": ["ADMIN"]}
    response = await users.execute(SET_ROLES, variables, as_=_caller(kind, ana))
    assert response["data"] is None
    expected = "UNAUTHENTICATED" if kind == "anonymous" else "FORBIDDEN"
    assert response["errors"][0]["extensions"]["code"] == expected
    assert (await users.user(ana.id)).roles == ["TRAVELER"]
    assert [event.type for event in await users.events()] == ["user.registered"]


async def test_an_administrator_sets_roles_and_repeating_it_changes_nothing(users: UsersUnderTest) -> None:
    ana, davi = await users.add(), await users.add("davi@reservei.example", "Davi", Role.ADMIN)
    admin = make_principal(Role.ADMIN, user_id=davi.id)
    variables = {"id": str(ana.id), "roles": ["HOTEL_MANAGER", "TRAVELER", "HOTEL_MANAGER"]}
    for _ in range(2):
        answer = await users.data(SET_ROLES, variables, as_=admin)
        assert answer["setUserRoles"]["user"] == {"roles": ["TRAVELER", "HOTEL_MANAGER"]}
    changes = [event for event in await users.events() if event.type == "user.roles_changed"]
    assert len(changes) == 1
    assert changes[0].aggregate_sequence == 2
    assert f'"changed_by":"{davi.id}"'.encode() in bytes(changes[0].payload)
    unknown = await users.data(SET_ROLES, {"id": str(new_id()), "roles": ["TRAVELER"]}, as_=admin)
    assert unknown["setUserRoles"]["__typename"] == "UnknownUser"
    none = await users.data(SET_ROLES, {"id": str(ana.id), "roles": []}, as_=admin)
    assert none["setUserRoles"] == {"__typename": "InvalidInput", "field": "roles"}


async def test_a_token_from_before_the_demotion_gives_no_roles(users: UsersUnderTest) -> None:
    ana, former = await users.add(), await users.add("former@reservei.example", "Former", Role.SUPPORT)
    response = await users.execute(
        SET_ROLES, {"id": str(ana.id), "roles": ["ADMIN"]}, as_=make_principal(Role.ADMIN, user_id=former.id)
    )
    assert response["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert (await users.user(ana.id)).roles == ["TRAVELER"]


async def test_the_platform_never_loses_its_last_administrator(users: UsersUnderTest) -> None:
    one, other = [await users.add(f"admin{n}@reservei.example", f"Admin {n}", Role.ADMIN) for n in range(2)]
    mine = await users.data(
        SET_ROLES, {"id": str(one.id), "roles": ["TRAVELER"]}, as_=make_principal(Role.ADMIN, user_id=one.id)
    )
    assert mine["setUserRoles"] == {"__typename": "InvalidInput", "field": "roles"}
    for _ in range(3):  # both demote each other at once
        await asyncio.gather(
            *(
                users.execute(
                    SET_ROLES,
                    {"id": str(target.id), "roles": ["TRAVELER"]},
                    as_=make_principal(Role.ADMIN, user_id=actor.id),
                )
                for actor, target in ((one, other), (other, one))
            )
        )
        remaining = [user for user in (one, other) if (await users.user(user.id)).roles == ["ADMIN"]]
        assert len(remaining) == 1
        demoted = other if remaining[0] is one else one
        restored = await users.data(
            SET_ROLES,
            {"id": str(demoted.id), "roles": ["ADMIN"]},
            as_=make_principal(Role.ADMIN, user_id=remaining[0].id),
        )
        assert restored["setUserRoles"]["__typename"] == "UserUpdated"


@pytest.mark.parametrize("kind", ["anonymous", "another traveler", "manager", "herself"])
async def test_only_our_staff_search_users(users: UsersUnderTest, kind: str) -> None:
    ana = await users.add()
    response = await users.execute(SEARCH, as_=_caller(kind, ana))
    assert response["data"] == {"users": None}
    expected = "UNAUTHENTICATED" if kind == "anonymous" else "FORBIDDEN"
    assert response["errors"][0]["extensions"]["code"] == expected
    assert ana.email not in str(response)


async def test_users_change_their_own_profile_and_no_other(users: UsersUnderTest) -> None:
    ana, bia = await users.add(), await users.add("bia@reservei.example", "Bia")
    change = {"displayName": "  Bia \t Souza ", "avatarUrl": "https://img.reservei.example/b.png", "locale": "EN"}
    answer = await users.data(UPDATE, {"input": change}, as_=make_principal(user_id=bia.id))
    assert answer["updateProfile"]["user"] == {
        "displayName": "Bia Souza",
        "avatarUrl": "https://img.reservei.example/b.png",
        "locale": "EN",
    }
    assert (await users.user(ana.id)).display_name == "Ana Ribeiro"
    anonymous = await users.execute(UPDATE, {"input": {"displayName": "Mallory"}})
    assert anonymous["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    gone = await users.data(UPDATE, {"input": {"displayName": "Ghost"}}, as_=make_principal())
    assert gone["updateProfile"]["__typename"] == "UnknownUser"


@pytest.mark.parametrize("change", [{"displayName": None}, {"locale": None}, {"timeZone": None}])
async def test_what_cannot_be_null_is_said_by_name_and_changes_nothing(
    users: UsersUnderTest, change: dict[str, Any]
) -> None:
    ana = await users.add()
    response = await users.execute(UPDATE, {"input": change}, as_=make_principal(user_id=ana.id))
    [field] = change
    assert response["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", "field": field}
    assert response["errors"][0]["message"] == f"{field} cannot be null. Leave it out to keep what is there."
    assert (await users.user(ana.id)).event_sequence == ana.event_sequence


async def test_an_update_that_changes_nothing_is_not_announced(users: UsersUnderTest) -> None:
    ana = await users.add()
    caller = make_principal(user_id=ana.id)
    for change in ({"displayName": "Ana R."}, {"displayName": "Ana R."}, {}):
        answer = await users.data(UPDATE, {"input": change}, as_=caller)
        assert answer["updateProfile"]["user"]["displayName"] == "Ana R."
    updates = [event for event in await users.events() if event.type == "user.profile_updated"]
    assert [event.aggregate_sequence for event in updates] == [2]


async def test_null_removes_the_picture_and_absence_keeps_it(users: UsersUnderTest) -> None:
    ana = await users.add(avatar_url="https://img.reservei.example/a.png")
    caller = make_principal(user_id=ana.id)
    kept = await users.data(UPDATE, {"input": {"displayName": "Ana"}}, as_=caller)
    assert kept["updateProfile"]["user"]["avatarUrl"]
    removed = await users.data(UPDATE, {"input": {"avatarUrl": None}}, as_=caller)
    assert removed["updateProfile"]["user"]["avatarUrl"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"displayName": ""}, "displayName"),
        ({"displayName": "\u200b\u200b"}, "displayName"),
        ({"displayName": "a\ud800"}, "displayName"),
        ({"displayName": "Ana \u202eanA"}, "displayName"),
        ({"displayName": "\u2068Ana\u2069"}, "displayName"),
        ({"avatarUrl": "http://img.reservei.example/a.png"}, "avatarUrl"),
        ({"avatarUrl": "https://img.reservei.example/a\u0000.png"}, "avatarUrl"),
    ],
)
async def test_an_unacceptable_profile_changes_nothing(
    users: UsersUnderTest, change: dict[str, Any], field: str
) -> None:
    ana = await users.add()
    answer = await users.data(UPDATE, {"input": change}, as_=make_principal(user_id=ana.id))
    assert answer["updateProfile"] == {"__typename": "InvalidInput", "field": field}
    unchanged = await users.user(ana.id)
    assert (unchanged.display_name, unchanged.avatar_url) == (ana.display_name, ana.avatar_url)
