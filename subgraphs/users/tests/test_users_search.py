"""The search of our staff: forgiving about spelling, exact about pages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared.auth import Role
from shared.graphql import encode_cursor
from shared.testing import make_principal
from shared.testing.plugin import count_queries
from subgraphs.users.service import ImportedUser, import_users
from subgraphs.users.tests.conftest import UsersUnderTest

SEARCH = """query Users($filter: UserFilter, $first: Int, $after: String) {
  users(filter: $filter, first: $first, after: $after) {
    edges { cursor node { displayName email roles } }
    pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}"""
SUPPORT = make_principal(Role.SUPPORT)


async def _fill(users: UsersUnderTest) -> None:
    people = [
        ("joao.goncalves@reservei.example", "João Gonçalves"),
        ("joana@hotel-lua.example", "Joana D'Ávila"),
        ("marcia@reservei.example", "Márcia 50%_off"),
        ("moshe@reservei.example", "משה כהן"),
        ("emoji@reservei.example", "Zé 😀"),
    ]
    rows = [
        ImportedUser(email, name, "hash", member_since=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number))
        for number, (email, name) in enumerate(people)
    ]
    async with users.database.transaction() as session:
        await import_users(session, rows)


async def _names(users: UsersUnderTest, **criteria: Any) -> list[str]:
    found = (await users.data(SEARCH, {"filter": criteria}, as_=SUPPORT))["users"]
    return [edge["node"]["displayName"] for edge in found["edges"]]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("joao goncalves", "João Gonçalves"),
        ("JOÃO", "João Gonçalves"),
        ("joao gonsalves", "João Gonçalves"),  # a typing error
        ("d'avila", "Joana D'Ávila"),
        ("hotel-lua", "Joana D'Ávila"),
        ("50%_", "Márcia 50%_off"),
        ("משה", "משה כהן"),
        ("zé 😀", "Zé 😀"),
    ],
)
async def test_one_finds_people_by_what_one_remembers(users: UsersUnderTest, search: str, expected: str) -> None:
    await _fill(users)
    assert (await _names(users, search=search))[0] == expected


@pytest.mark.parametrize("search", ["%%", "__", "' OR 1=1 --", "<script>alert(1)</script>", "\\\\", "נננננ"])
async def test_what_matches_nobody_finds_nobody(users: UsersUnderTest, search: str) -> None:
    await _fill(users)
    assert await _names(users, search=search) == []


@pytest.mark.parametrize("search", ["", "a", "x" * 101, "ab\u0000", "ab\ud800"])
async def test_a_search_text_has_its_limits(users: UsersUnderTest, search: str) -> None:
    response = await users.execute(SEARCH, {"filter": {"search": search}}, as_=SUPPORT)
    assert response["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert response["errors"][0]["extensions"]["field"] == "filter.search"


async def test_filters_combine(users: UsersUnderTest) -> None:
    await _fill(users)
    await users.add("bruno@reservei.example", "Bruno", Role.TRAVELER, Role.HOTEL_MANAGER)
    await users.sign_up(email="unverified@reservei.example", displayName="Nova")
    assert await _names(users, role="HOTEL_MANAGER") == ["Bruno"]
    assert await _names(users, isEmailVerified=False) == ["Nova"]
    assert await _names(users, isEmailVerified=False, role="HOTEL_MANAGER") == []


@pytest.mark.parametrize("criteria", [{}, {"search": "pessoa"}])
async def test_pages_hold_everybody_once_in_order(users: UsersUnderTest, criteria: dict[str, str]) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        # Many share a moment, so that the id has to decide.
        ImportedUser(f"p{n}@reservei.example", f"Pessoa {n}", "hash", member_since=moment + timedelta(days=n // 5))
        for n in range(23)
    ]
    async with users.database.transaction() as session:
        await import_users(session, rows)
    seen: list[str] = []
    after = None
    while True:
        variables = {"filter": criteria, "first": 5, "after": after}
        page = (await users.data(SEARCH, variables, as_=SUPPORT))["users"]
        assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
        seen += [edge["node"]["email"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert len(seen) == 23
    assert set(seen) == {row.email for row in rows}
    everybody = (await users.data(SEARCH, {"filter": criteria, "first": 100}, as_=SUPPORT))["users"]
    assert [edge["node"]["email"] for edge in everybody["edges"]] == seen


@pytest.mark.parametrize(
    "after", ["", "nonsense", "😀", "' OR 1=1 --", encode_cursor(1, 2), encode_cursor("a", "b", "c"), "A" * 5000]
)
async def test_a_malformed_cursor_is_refused(users: UsersUnderTest, after: str) -> None:
    response = await users.execute(SEARCH, {"after": after}, as_=SUPPORT)
    assert response["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", "field": "after"}


@pytest.mark.parametrize("first", [0, -1, 101])
async def test_a_page_has_1_to_100_items(users: UsersUnderTest, first: int) -> None:
    response = await users.execute(SEARCH, {"first": first}, as_=SUPPORT)
    assert response["errors"][0]["extensions"]["field"] == "first"


async def test_a_page_costs_one_query(users: UsersUnderTest) -> None:
    await _fill(users)
    await _names(users)  # the verifier now knows its keys
    with count_queries(users.database) as statements:
        await users.data(SEARCH, {"filter": {"search": "reservei"}}, as_=SUPPORT)
    assert len(statements) == 1


async def test_a_search_among_many_uses_its_index(users: UsersUnderTest) -> None:
    async with users.database.transaction() as session:
        await import_users(
            session, [ImportedUser(f"user{n}@reservei.example", f"Pessoa {n}", "hash") for n in range(3000)]
        )
        await session.execute(text("ANALYZE users"))
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = await session.scalars(
            text("EXPLAIN SELECT id FROM users WHERE search_text LIKE '%pessoa 2999%' OR 'pessoa 2999' <% search_text")
        )
        assert "ix_users_search_text" in "\n".join(plan)


async def test_50_entity_references_cost_one_query(users: UsersUnderTest) -> None:
    async with users.database.transaction() as session:
        report = await import_users(
            session, [ImportedUser(f"u{n}@reservei.example", f"Pessoa {n}", "hash") for n in range(50)]
        )
    ids = [str(user_id) for user_id in report.ids.values()]
    asked = [*ids, ids[0], "nonsense", "00000000-0000-7000-8000-000000000000"]
    with count_queries(users.database) as statements:
        response = await users.client.entities(
            "... on User { id displayName }", [{"__typename": "User", "id": user_id} for user_id in asked]
        )
    assert len(statements) == 1
    entities = response["data"]["_entities"]
    assert [entity and entity["id"] for entity in entities] == [*ids, ids[0], None, None]


async def test_protected_fields_are_protected_on_entities_too(users: UsersUnderTest) -> None:
    ana = await users.add()
    response = await users.client.entities(
        "... on User { displayName email }", [{"__typename": "User", "id": str(ana.id), "email": "x", "is_own": True}]
    )
    assert response["data"]["_entities"] == [{"__typename": "User", "displayName": "Ana Ribeiro", "email": None}]
    assert response["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
