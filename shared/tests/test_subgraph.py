"""The subgraph factory, on a small domain of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

import jwt
import pytest
import strawberry
from strawberry.types import Info

from shared.auth import Role
from shared.config import PlatformSettings
from shared.graphql import (
    BadUserInput,
    Caller,
    Connection,
    GraphQLRequest,
    Money,
    MoneyInput,
    Subgraph,
    SubgraphContext,
    SubgraphRuntime,
    create_schema,
    create_subgraph,
)
from shared.graphql.errors import Forbidden
from shared.graphql.pagination import decode_cursor, encode_cursor
from shared.graphql.schema import MAX_REPRESENTATIONS
from shared.testing import SubgraphClient, TestIssuer, make_principal


@strawberry.federation.type(keys=["id", "city { code } number"])
class Room:
    id: strawberry.ID
    number: int = 1
    secret: str | None = "own value"

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Any]:
        info.context.batches.append(keys)
        found: list[Any] = []
        for key in keys:
            match key.get("id"):
                case "missing":
                    found.append(None)
                case "forbidden":
                    found.append(Forbidden())
                case "broken":
                    found.append(ValueError("password=hunter2"))
                case identity:
                    found.append(Room(id=identity or f"{key['city']['code']}-{key['number']}"))
        return found


@strawberry.type
class Query:
    @strawberry.field
    def rooms(self, first: int = 2, after: str | None = None) -> Connection[Room]:
        start = (decode_cursor(after, int) or (0,))[0]
        rows = list(range(start + 1, min(start + first + 1, 5) + 1))
        return Connection.from_rows(rows, first, lambda n: Room(id=str(n), number=n), encode_cursor, after=after)

    @strawberry.field
    def tomorrow(self, day: date) -> date:
        return day + timedelta(days=1)

    @strawberry.field
    def minor(self, price: MoneyInput) -> str:
        return str(price.to_minor("price"))

    @strawberry.field
    def price(self) -> Money:
        return Money.of_minor(123456789012345678, "BRL")

    @strawberry.field
    def whoami(self, info: Info) -> str:
        return str(info.context.require_principal().user_id)

    @strawberry.field
    def admin(self, info: Info) -> str:
        return str(info.context.require_role(Role.ADMIN).user_id)

    @strawberry.field
    def broken(self) -> str | None:
        raise ValueError("password=hunter2")

    @strawberry.field
    def unreachable(self) -> str | None:
        raise ConnectionError("10.0.0.1:5432 refused")


class RoomsContext(SubgraphContext):
    def __init__(self, caller: Caller, batches: list[Any]) -> None:
        super().__init__(caller)
        self.batches = batches


@asynccontextmanager
async def _resources(runtime: SubgraphRuntime) -> AsyncIterator[list[Any]]:
    yield []


@pytest.fixture
async def rooms(platform: PlatformSettings, issuer: TestIssuer) -> AsyncIterator[SubgraphClient]:
    subgraph: Subgraph[list[Any]] = create_subgraph(
        name="rooms",
        schema=create_schema(Query, types=[Room]),
        resources=_resources,
        context=lambda batches, caller: RoomsContext(caller, batches),
        checks=lambda _: {},
    )
    async with subgraph.running(platform, issuer.verifier()):
        yield SubgraphClient(subgraph, issuer)


def _codes(response: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in response["errors"]]


async def test_entities_of_one_type_resolve_in_one_batch_and_fail_one_by_one(rooms: SubgraphClient) -> None:
    response = await rooms.entities(
        "... on Room { id secret }",
        [
            {"__typename": "Room", "id": "1", "secret": "forged"},
            {"__typename": "Castle", "id": "1"},
            {"__typename": "Room", "id": "missing"},
            {"__typename": "Room", "id": "forbidden"},
            {"__typename": "Room", "id": "broken"},
            {"__typename": "Room"},
            {"__typename": "Room", "city": {"code": "GRU", "x": 1}, "number": 7, "secret": "forged"},
            {"id": "1"},
        ],
    )
    assert response["data"]["_entities"] == [
        {"__typename": "Room", "id": "1", "secret": "own value"},
        None,
        None,
        None,
        None,
        None,
        {"__typename": "Room", "id": "GRU-7", "secret": "own value"},
        None,
    ]
    assert rooms.subgraph.resources == [
        [{"id": "1"}, {"id": "missing"}, {"id": "forbidden"}, {"id": "broken"}, {"city": {"code": "GRU"}, "number": 7}]
    ]
    places = {error["path"][1]: error["extensions"]["code"] for error in response["errors"]}
    assert places == {1: "BAD_USER_INPUT", 3: "FORBIDDEN", 4: "INTERNAL", 5: "BAD_USER_INPUT", 7: "BAD_USER_INPUT"}
    assert "hunter2" not in str(response)


async def test_more_representations_than_the_cap_are_refused_unresolved(rooms: SubgraphClient) -> None:
    response = await rooms.entities(
        "... on Room { id }", [{"__typename": "Room", "id": "1"}] * (MAX_REPRESENTATIONS + 1)
    )
    assert _codes(response) == ["BAD_USER_INPUT"]
    assert rooms.subgraph.resources == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ tomorrow(", "GRAPHQL_PARSE_FAILED"),
        ('{ tomorrow(day: "2026-02-30") }', "GRAPHQL_VALIDATION_FAILED"),
        ('{ minor(price: {amount: "1.234"}) }', "BAD_USER_INPUT"),
        ('{ minor(price: {amount: "1e400"}) }', "BAD_USER_INPUT"),
        ('{ minor(price: {amount: "NaN"}) }', "BAD_USER_INPUT"),
        ('{ minor(price: {amount: "1", currency: "XYZ"}) }', "BAD_USER_INPUT"),
        ("{ broken }", "INTERNAL"),
        ("{ unreachable }", "UNAVAILABLE"),
        ("{ whoami }", "UNAUTHENTICATED"),
        ('{ rooms(after: "nonsense") { edges { cursor } } }', "BAD_USER_INPUT"),
        ("", "BAD_USER_INPUT"),
        ("{" + " ".join(f"a{n}: __typename" for n in range(10_000)) + "}", "GRAPHQL_PARSE_FAILED"),
        ("{" + " ".join(f"a{n}: __typename" for n in range(400)) + "}", "GRAPHQL_VALIDATION_FAILED"),
        ("{ rooms { edges" + " { node" * 30 + " { id }" + " }" * 30 + " } }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_a_bad_operation_is_answered_with_a_code_and_nothing_of_our_insides(
    rooms: SubgraphClient, query: str, code: str
) -> None:
    response = await rooms.execute(query)
    assert code in _codes(response)
    assert "hunter2" not in str(response)
    assert "10.0.0.1" not in str(response)


@pytest.mark.parametrize("amount", ["1_000", "١٢٣", "１２", "12\u0665", " 12", "12 ", "", "1,50", "0x10", True, [], {}])
async def test_a_decimal_is_made_of_plain_digits(rooms: SubgraphClient, amount: Any) -> None:
    query = "query($amount: Decimal!) { minor(price: {amount: $amount}) }"
    response = await rooms.execute(query, {"amount": amount})
    assert _codes(response) == ["BAD_USER_INPUT"]
    assert "such as 349.90" in response["errors"][0]["message"]


@pytest.mark.parametrize(
    ("amount", "minor"), [("349.90", "34990"), ("-0.5", "-50"), (12, "1200"), (349.9, "34990"), ("1e2", "10000")]
)
async def test_a_decimal_is_text_or_a_number(rooms: SubgraphClient, amount: Any, minor: str) -> None:
    query = "query($amount: Decimal!) { minor(price: {amount: $amount}) }"
    assert await rooms.data(query, {"amount": amount}) == {"minor": minor}


async def test_a_wrong_variable_type_is_bad_user_input(rooms: SubgraphClient) -> None:
    response = await rooms.execute("query($day: LocalDate!) { tomorrow(day: $day) }", {"day": 7})
    assert _codes(response) == ["BAD_USER_INPUT"]
    assert "2026-12-31" in response["errors"][0]["message"]


async def test_a_connection_is_walked_to_its_end_by_its_cursors(rooms: SubgraphClient) -> None:
    seen: list[str] = []
    after: str | None = None
    while True:
        data = await rooms.data(
            "query($a: String) { rooms(after: $a) { edges { node { id } } pageInfo { hasNextPage endCursor } } }",
            {"a": after},
        )
        seen += [edge["node"]["id"] for edge in data["rooms"]["edges"]]
        after = data["rooms"]["pageInfo"]["endCursor"]
        if not data["rooms"]["pageInfo"]["hasNextPage"]:
            break
    assert seen == ["1", "2", "3", "4", "5"]


async def test_money_keeps_every_minor_unit(rooms: SubgraphClient) -> None:
    data = await rooms.data("{ price { amount currency } }")
    assert data["price"] == {"amount": "1234567890123456.78", "currency": "BRL"}


async def test_roles_decide(rooms: SubgraphClient) -> None:
    admin = make_principal(Role.ADMIN)
    assert await rooms.data("{ admin }", as_=admin) == {"admin": str(admin.user_id)}
    assert _codes(await rooms.execute("{ admin }", as_=make_principal(Role.TRAVELER))) == ["FORBIDDEN"]
    assert _codes(await rooms.execute("{ admin }")) == ["UNAUTHENTICATED"]


async def test_forged_expired_and_foreign_tokens_are_refused(
    rooms: SubgraphClient, issuer: TestIssuer, platform: PlatformSettings
) -> None:
    someone = make_principal(Role.ADMIN)
    good = issuer.token(someone)
    claims = jwt.decode(good, options={"verify_signature": False})
    tokens = {
        "expired": issuer.token(someone, exp=1),
        "another audience": issuer.token(someone, aud="somebody-else"),
        "another issuer": issuer.token(someone, iss="https://evil.example"),
        "another key": TestIssuer(platform).token(someone),
        "no signature": jwt.encode(claims, None, algorithm="none", headers={"kid": "test-key"}),
        "the public key as a secret": jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": "test-key"}),
        "an unknown role": issuer.token(someone, roles=["EMPEROR"]),
        "garbage": "a.b.c",
        "tampered": good[:-4] + "AAAA",
    }
    for what, token in tokens.items():
        response = await rooms.subgraph.execute(
            GraphQLRequest("{ whoami }", headers={"authorization": f"Bearer {token}"})
        )
        assert response["data"] is None, what
        assert _codes(response) == ["UNAUTHENTICATED"], what


@pytest.mark.parametrize("values", [("a", 1), ("ação 🏝 مرحبا", -5)])
def test_a_cursor_comes_back_as_it_was_and_as_nothing_else(values: tuple[str, int]) -> None:
    cursor = encode_cursor(*values)
    assert decode_cursor(cursor, str, int) == values
    for wrong in (cursor[:-2], cursor + "AAAA", "💥", "", "W10"):
        with pytest.raises(BadUserInput):
            decode_cursor(wrong, str, int)
    with pytest.raises(BadUserInput):
        decode_cursor(cursor, int, int)
