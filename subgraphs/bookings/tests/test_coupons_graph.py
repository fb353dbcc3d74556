"""Coupons and points through GraphQL: prices, refusals, and who may see and make coupons."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from shared.auth import Principal, Role
from shared.db import new_id
from shared.testing import SubgraphClient, make_principal
from shared.testing.plugin import count_queries
from subgraphs.bookings.app import subgraph
from subgraphs.bookings.tests.test_booking_graph import booking_input, selling
from subgraphs.bookings.tests.world import World

PRICE = "total { amount } priceLines { kind amount { amount } couponCode points }"
QUOTE = f"""
query($input: QuoteInput!) {{ quote(input: $input) {{ __typename
  ... on Quote {{ {PRICE} maximumPoints }}
  ... on CouponRejected {{ reason minimum {{ amount currency }} }}
  ... on InvalidInput {{ field }}
  ... on Problem {{ message }} }} }}"""
CREATE = f"""
mutation($input: CreateBookingInput!, $key: String!, $wait: Int = 0) {{
  createBooking(input: $input, idempotencyKey: $key, waitMs: $wait) {{ __typename
    ... on Booking {{ state {PRICE} discount {{ amount }} pointsRedeemed couponCode payment {{ amount {{ amount }} }} }}
    ... on PriceChanged {{ newTotal {{ amount }} quote {{ {PRICE} }} }}
    ... on CouponRejected {{ reason }}
    ... on PointsRefused {{ available booking {{ state failureReason }} }}
    ... on Problem {{ message }} }} }}"""
MAKE = """
mutation($input: CreateCouponInput!) { createCoupon(input: $input) { __typename
  ... on Coupon { id code status percent amount { amount currency } minimum { amount } uses maxUses user { id } }
  ... on InvalidInput { field } ... on Problem { message } } }"""
WITHDRAW = """
mutation($id: ID!) { deactivateCoupon(id: $id) { __typename ... on Coupon { status } ... on Problem { message } } }"""
LINES = [
    {"kind": "ROOMS", "amount": {"amount": "400.00"}, "couponCode": None, "points": None},
    {"kind": "COUPON", "amount": {"amount": "-40.00"}, "couponCode": "DEZ10", "points": None},
    {"kind": "POINTS", "amount": {"amount": "-60.00"}, "couponCode": None, "points": 6_000},
]


async def test_a_quote_shows_what_makes_up_the_price(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    await world.coupon()
    await world.coupon("SOMEU", owner_id=traveler.user_id, percent=100)
    await world.coupon("GRANDE", amount_minor=5_000, currency="BRL", minimum_minor=40_001)

    async def quote(as_: Principal | None = None, **discounts: Any) -> Any:
        given = {"roomTypeId": str(uuid4()), "stay": booking_input()["stay"], **discounts}
        return (await client.data(QUOTE, {"input": given}, as_=as_))["quote"]

    found = await quote(couponCode=" dez10 ", points=6_000)
    assert found["total"] == {"amount": "300.00"}
    assert found["priceLines"] == LINES
    assert found["maximumPoints"] == 18_000
    assert (await quote(couponCode=""))["priceLines"] == LINES[:1]
    assert (await quote(traveler, couponCode="SOMEU"))["total"] == {"amount": "1.00"}
    for code, reason in (("SOMEU", "NOT_YOURS"), ("NENHUM", "UNKNOWN")):
        refused = await quote(couponCode=code)
        assert (refused["__typename"], refused["reason"], refused["minimum"]) == ("CouponRejected", reason, None)
    refused = await quote(couponCode="GRANDE")
    assert refused["reason"] == "MINIMUM_NOT_REACHED"
    assert refused["minimum"] == {"amount": "400.01", "currency": "BRL"}
    assert refused["message"] == "Os quartos custam menos do que este cupom exige."
    assert (await quote(couponCode="DEZ10", points=18_001))["field"] == "points"
    assert await world.value("SELECT sum(uses) FROM coupons") == 0


async def test_a_booking_shows_its_discounts_and_their_price_is_agreed_to(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    await world.coupon()

    async def create(amount: str, wait: int = 0, **changes: Any) -> Any:
        given = booking_input(expectedTotal={"amount": amount}, couponCode="DEZ10", points=6_000, **changes)
        variables = {"input": given, "key": uuid4().hex, "wait": wait}
        return (await client.data(CREATE, variables, as_=traveler))["createBooking"]

    changed = await create("400.00")
    assert (changed["__typename"], changed["newTotal"]["amount"]) == ("PriceChanged", "300.00")
    assert changed["quote"]["priceLines"] == LINES
    made = await create("300.00")
    assert (made["total"], made["discount"]) == ({"amount": "300.00"}, {"amount": "100.00"})
    assert (made["priceLines"], made["pointsRedeemed"], made["couponCode"]) == (LINES, 6_000, "DEZ10")
    assert made["payment"]["amount"] == {"amount": "300.00"}
    again = await create("300.00")
    assert (again["__typename"], again["reason"]) == ("CouponRejected", "USED_UP")
    assert await world.value("SELECT count(*) FROM booking_list") == 1


async def test_a_booking_from_before_there_were_discounts_has_none(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    booking_id = await world.sell(user_id=traveler.user_id)
    await world.execute("UPDATE booking_list SET details = details - 'discounts' - 'points_available'")
    query = f"query($id: ID!) {{ booking(id: $id) {{ {PRICE} discount {{ amount }} pointsRedeemed couponCode }} }}"
    found = (await client.data(query, {"id": str(booking_id)}, as_=traveler))["booking"]
    assert found == {
        "total": {"amount": "400.00"}, "priceLines": LINES[:1], "discount": {"amount": "0.00"}, "pointsRedeemed": 0,
        "couponCode": None,
    }  # fmt: skip


async def test_who_waits_is_told_how_many_points_there_are(client: SubgraphClient, world: World) -> None:
    world.points.available = 41
    given = booking_input(expectedTotal={"amount": "399.00"}, points=100)
    async with selling(world):
        variables = {"input": given, "key": "k", "wait": 60_000}
        answer = (await client.data(CREATE, variables, as_=make_principal()))["createBooking"]
    assert (answer["__typename"], answer["available"]) == ("PointsRefused", 41)
    assert answer["booking"] == {"state": "FAILED", "failureReason": "POINTS_REFUSED"}
    assert "41" in answer["message"]


async def test_only_administrators_make_and_withdraw_coupons(client: SubgraphClient, world: World) -> None:
    known = await world.coupon()
    before = await world.rows("SELECT * FROM coupons")
    for caller in (None, make_principal(), make_principal(Role.HOTEL_MANAGER), make_principal(Role.SUPPORT)):
        for mutation, variables in (
            (MAKE, {"input": {"code": "NOVO", "percent": 5}}), (WITHDRAW, {"id": str(known.id)}),
        ):  # fmt: skip
            response = await client.execute(mutation, variables, as_=caller)
            expected = "UNAUTHENTICATED" if caller is None else "FORBIDDEN"
            assert response["errors"][0]["extensions"]["code"] == expected
    assert await world.rows("SELECT * FROM coupons") == before


async def test_an_administrator_makes_a_coupon_once_and_withdraws_it(client: SubgraphClient, world: World) -> None:
    admin = make_principal(Role.ADMIN)
    owner = str(new_id())
    terms: dict[str, Any] = {
        "code": "natal-50", "amount": {"amount": "50.00"}, "minimum": {"amount": "300.00"}, "userId": owner,
        "maxUses": 3, "validUntilAt": (world.clock() + timedelta(days=9)).isoformat(),
    }  # fmt: skip

    async def make(**changes: Any) -> Any:
        return (await client.data(MAKE, {"input": {**terms, **changes}}, as_=admin))["createCoupon"]

    made = await make()
    assert made == {
        "__typename": "Coupon", "id": made["id"], "code": "NATAL50", "status": "VALID", "percent": None,
        "amount": {"amount": "50.00", "currency": "BRL"}, "minimum": {"amount": "300.00"}, "uses": 0, "maxUses": 3,
        "user": {"id": owner},
    }  # fmt: skip
    assert await make() == made
    assert (await make(maxUses=4))["__typename"] == "CouponCodeTaken"
    assert await world.value("SELECT count(*) FROM coupons") == 1
    yesterday = (world.clock() - timedelta(days=1)).isoformat()
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("code", {"code": "a b"}), ("percent", {"percent": 5}), ("percent", {"percent": 0, "amount": None}),
        ("amount", {"amount": {"amount": "0.00"}}), ("minimum", {"minimum": {"amount": "1.00", "currency": "USD"}}),
        ("validUntilAt", {"validUntilAt": yesterday}), ("maxUses", {"maxUses": 0}),
        ("maxUsesPerUser", {"maxUsesPerUser": 101}),
    ]  # fmt: skip
    for field, changes in wrong:
        refused = await make(**{"code": "OUTRO", **changes})
        assert (refused["__typename"], refused["field"]) == ("InvalidInput", field)
    assert await world.value("SELECT count(*) FROM coupons") == 1

    for _ in range(2):
        data = await client.data(WITHDRAW, {"id": made["id"]}, as_=admin)
        assert data["deactivateCoupon"] == {"__typename": "Coupon", "status": "WITHDRAWN"}
    data = await client.data(WITHDRAW, {"id": str(new_id())}, as_=admin)
    assert data["deactivateCoupon"]["__typename"] == "CouponNotFound"


async def test_coupons_are_listed_for_staff_page_by_page(client: SubgraphClient, world: World) -> None:
    owner = new_id()
    made = [str((await world.coupon(f"CUPOM{n}", owner_id=owner if n % 2 else None)).id) for n in range(5)]
    query = """query($after: String, $user: ID) { coupons(first: 2, after: $after, userId: $user) {
      edges { node { id } } pageInfo { hasNextPage endCursor } } }"""

    async def ids(user: str | None = None) -> list[str]:
        seen: list[str] = []
        after: str | None = None
        while True:
            variables = {"after": after, "user": user}
            page = (await client.data(query, variables, as_=make_principal(Role.SUPPORT)))["coupons"]
            seen += [edge["node"]["id"] for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                return seen
            after = page["pageInfo"]["endCursor"]

    assert await ids() == made[::-1]
    assert await ids(str(owner)) == [made[3], made[1]]
    for caller, code in ((None, "UNAUTHENTICATED"), (make_principal(), "FORBIDDEN")):
        response = await client.execute(query, as_=caller)
        assert response["errors"][0]["extensions"]["code"] == code
        assert response["data"]["coupons"] is None


async def test_a_traveler_sees_their_own_coupons_and_nobody_elses(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    mine = [await world.coupon(f"MEU{n}A", owner_id=traveler.user_id, max_uses=1) for n in range(3)]
    await world.coupon()
    await world.coupon("ALHEIO", owner_id=new_id())
    await world.book(user_id=traveler.user_id, coupon="MEU1A", off=4_000)
    key = {"__typename": "User", "id": str(traveler.user_id)}
    page = "edges { node { code status uses } } pageInfo { hasNextPage endCursor }"

    async def coupons(arguments: str, as_: Principal) -> Any:
        return await client.entities(f"... on User {{ coupons({arguments}) {{ {page} }} }}", [key], as_=as_)

    first = (await coupons("first: 2", traveler))["data"]["_entities"][0]["coupons"]
    assert [edge["node"] for edge in first["edges"]] == [
        {"code": "MEU2A", "status": "VALID", "uses": 0}, {"code": "MEU1A", "status": "USED_UP", "uses": 1},
    ]  # fmt: skip
    rest = await coupons(f'after: "{first["pageInfo"]["endCursor"]}"', traveler)
    assert [edge["node"]["code"] for edge in rest["data"]["_entities"][0]["coupons"]["edges"]] == [mine[0].code]
    for other in (make_principal(), make_principal(Role.SUPPORT), make_principal(Role.ADMIN)):
        response = await coupons("first: 2", other)
        assert response["data"]["_entities"][0]["coupons"] is None
        assert response["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    with count_queries(subgraph.resources.database) as statements:
        twice = f"... on User {{ a: coupons(first: 1) {{ {page} }} b: coupons(first: 3) {{ {page} }} }}"
        both = (await client.entities(twice, [key], as_=traveler))["data"]["_entities"][0]
    assert (len(both["a"]["edges"]), len(both["b"]["edges"]), len(statements)) == (1, 3, 1)
