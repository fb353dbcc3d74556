"""The graph as the router asks it: entities, connections, and the number of queries that an answer costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.auth import Role
from shared.testing import SubgraphClient, make_principal
from shared.testing.plugin import count_queries
from subgraphs.hotels.importing import PhotoRow, ReviewRow, upsert_reviews
from subgraphs.hotels.models import PropertyKind
from subgraphs.hotels.tests.builders import Market, stay

EVERYTHING = """
  id slug name kind description address neighborhood postalCode countryCode location { latitude longitude }
  timeZone currency stars amenities { code name category } checkInTime checkOutTime isListed rating ratingCount
  distanceKm(from: {latitude: -22.9, longitude: -43.2}) fromPrice { amount currency }
  destination { id slug name kind region regionCode countryCode hotelCount timeZone location { latitude longitude } }
  photos(first: 2) { url caption }
  roomTypes { id hotelId code name description maxGuests bedCount sizeSquareMetres isActive photos { url }
    cancellation { isRefundable } hotel { slug } }
  lowestPrice(stay: $stay) { amount }
  availability(stay: $stay) { total { amount } roomsLeft roomType { code } nights { price { amount } } }
  reviews(first: 2) { edges { node { id rating body author { id } authorName hotel { slug } } } }
"""


async def market_of(market: Market, count: int) -> list[UUID]:
    place = await market.destination()
    values = [
        {
            "name": f"Hotel {number:02}",
            "price": 20_000 + number,
            "amenities": ("wifi",),
            "photos": tuple(PhotoRow(url=f"https://img.example/{number}/{index}.jpg") for index in range(3)),
        }
        for number in range(count)
    ]
    ids = await market.hotels(place, values)
    for hotel_id in ids[:3]:
        await market.room_type(hotel_id, price=90_000, max_guests=4)
    await review(market, ids, 3)
    return ids


async def review(market: Market, hotel_ids: list[UUID], count: int, **values: Any) -> None:
    rows = [
        ReviewRow(**{
            "source": "test", "source_id": f"{hotel_id}/{number}", "hotel_id": hotel_id, "rating_tenths": 80,
            "author_name": "Ana", "body": "Muito bom", "locale": "pt-BR",
            "created_at": datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=number // 2), **values,
        })
        for hotel_id in hotel_ids
        for number in range(count)
    ]  # fmt: skip
    async with market.database.transaction() as session:
        await upsert_reviews(session, rows)


async def test_a_search_with_everything_costs_the_same_queries_for_2_and_for_20_hotels(
    market: Market, hotels: SubgraphClient
) -> None:
    await market_of(market, 20)
    query = f"""query($stay: StayInput!, $first: Int!) {{
      hotels(filter: {{stay: $stay}}, first: $first) {{ edges {{ node {{ {EVERYTHING} }} }} }} }}"""
    counts = {}
    for first in (2, 20):
        with count_queries(hotels.subgraph.resources.database) as statements:
            data = await hotels.data(query, {"stay": stay(), "first": first})
        assert len(data["hotels"]["edges"]) == first
        counts[first] = len(statements)
    # Search, destinations, photos, room types, offers, reviews; the hotels that those lead back to are known.
    assert counts == {2: 6, 20: 6}


async def test_the_lowest_price_comes_with_the_search_itself(market: Market, hotels: SubgraphClient) -> None:
    await market_of(market, 3)
    query = """query($stay: StayInput!) { hotels(filter: {stay: $stay}, sort: PRICE) { edges { node {
      name lowestPrice(stay: $stay) { amount } } } } }"""
    with count_queries(hotels.subgraph.resources.database) as statements:
        data = await hotels.data(query, {"stay": stay(2)})
    assert [edge["node"]["lowestPrice"]["amount"] for edge in data["hotels"]["edges"]] == ["400.00", "400.02", "400.04"]
    assert len(statements) == 1


async def test_20_hotel_entities_cost_one_query_and_one_per_loader(market: Market, hotels: SubgraphClient) -> None:
    ids = await market_of(market, 20)
    representations = [{"__typename": "Hotel", "id": str(hotel_id)} for hotel_id in ids]
    with count_queries(hotels.subgraph.resources.database) as statements:
        response = await hotels.entities("... on Hotel { name }", representations)
    assert [entity["name"] for entity in response["data"]["_entities"]] == [f"Hotel {n:02}" for n in range(20)]
    assert len(statements) == 1
    query = f"""query($r: [_Any!]!, $stay: StayInput!) {{
      _entities(representations: $r) {{ ... on Hotel {{ {EVERYTHING} }} }} }}"""
    with count_queries(hotels.subgraph.resources.database) as statements:
        data = await hotels.data(query, {"r": representations, "stay": stay()})
    assert data["_entities"][7]["lowestPrice"] == {"amount": "600.21"}
    # Hotels, destinations, photos, room types, offers, reviews; room types and reviews lead back to loaded hotels.
    assert len(statements) == 6


async def test_entities_by_every_key_in_one_request(market: Market, hotels: SubgraphClient) -> None:
    place = await market.destination("Paraty")
    hotel_id = await market.hotel("Pousada do Ouro", destination=place)
    room_type_id = await market.room_type(hotel_id, code="DLX")
    await review(market, [hotel_id], 1)
    review_id = await market.value("SELECT id FROM reviews")
    user_id = str(uuid4())
    response = await hotels.entities(
        """... on Hotel { hotelName: name } ... on RoomType { code } ... on Destination { placeName: name }
        ... on Review { rating } ... on User { id }""",
        [
            {"__typename": "Hotel", "id": str(hotel_id)},
            {"__typename": "Hotel", "slug": "pousada-do-ouro-paraty"},
            {"__typename": "Hotel", "slug": "nowhere"},
            {"__typename": "Hotel", "id": str(uuid4())},
            {"__typename": "Hotel", "id": "'; DROP TABLE hotels; --"},
            {"__typename": "Hotel", "slug": "a\0b"},
            {"__typename": "RoomType", "id": str(room_type_id)},
            {"__typename": "RoomType", "hotelId": str(hotel_id), "code": "DLX"},
            {"__typename": "RoomType", "hotelId": str(hotel_id), "code": "NONE"},
            {"__typename": "Destination", "id": str(place)},
            {"__typename": "Destination", "slug": "paraty-rj"},
            {"__typename": "Review", "id": str(review_id)},
            {"__typename": "Review", "id": str(uuid4())},
            {"__typename": "User", "id": user_id},
        ],
    )
    assert "errors" not in response
    hotel = {"__typename": "Hotel", "hotelName": "Pousada do Ouro"}
    room_type = {"__typename": "RoomType", "code": "DLX"}
    destination = {"__typename": "Destination", "placeName": "Paraty"}
    assert response["data"]["_entities"] == [
        hotel, hotel, None, None, None, None, room_type, room_type, None, destination, destination,
        {"__typename": "Review", "rating": 8.0}, None, {"__typename": "User", "id": user_id},
    ]  # fmt: skip


async def test_a_hotel_by_id_by_slug_and_not_at_all(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel("Pousada do Ouro", kind=PropertyKind.POUSADA)
    query = "query($id: ID, $slug: String) { hotel(id: $id, slug: $slug) { name kind } }"
    expected = {"name": "Pousada do Ouro", "kind": "POUSADA"}
    assert (await hotels.data(query, {"id": str(hotel_id)}))["hotel"] == expected
    assert (await hotels.data(query, {"slug": "pousada-do-ouro-paraty"}))["hotel"] == expected
    for nothing in ({"id": str(uuid4())}, {"slug": "nowhere"}, {"slug": "a\0b"}, {"slug": "' OR 1=1 --"}):
        assert (await hotels.data(query, nothing))["hotel"] is None
    for bad in ({}, {"id": str(hotel_id), "slug": "x"}, {"id": "7"}):
        (error,) = (await hotels.execute(query, bad))["errors"]
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "id"}


async def test_texts_come_in_the_language_asked_for_and_fall_back_to_the_other(
    market: Market, hotels: SubgraphClient
) -> None:
    place = await market.destination("Lisboa", name_en="Lisbon", region="Lisboa", region_code=None, country_code="PT")
    await market.hotel("Um", destination=place, description_pt="Olá", description_en="Hello", amenities=("pool",))
    await market.hotel("Dois", destination=place, description_pt="Só português")
    query = """query($locale: Locale) { hotels(sort: NAME) { edges { node {
      description(locale: $locale) amenities { name(locale: $locale) } destination { name(locale: $locale) } } } } }"""

    async def texts(variables: dict[str, Any], language: str) -> list[Any]:
        response = await hotels.execute(query, variables, headers={"accept-language": language})
        return [edge["node"] for edge in response["data"]["hotels"]["edges"]]

    portuguese = [
        {"description": "Só português", "amenities": [], "destination": {"name": "Lisboa"}},
        {"description": "Olá", "amenities": [{"name": "Piscina"}], "destination": {"name": "Lisboa"}},
    ]
    english = [
        {"description": "Só português", "amenities": [], "destination": {"name": "Lisbon"}},
        {"description": "Hello", "amenities": [{"name": "Pool"}], "destination": {"name": "Lisbon"}},
    ]
    assert await texts({}, "pt-BR") == portuguese
    assert await texts({}, "en-US,en;q=0.9") == english
    assert await texts({"locale": "EN"}, "pt-BR") == english
    assert await texts({"locale": "PT_BR"}, "en") == portuguese


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("sao", ["São Paulo", "São José"]),
        ("SÃO P", ["São Paulo", "São José"]),  # one begins so, one looks like it
        ("São Paul", ["São Paulo"]),
        ("paulo", ["São Paulo"]),
        ("Sao Paolo", ["São Paulo"]),
        ("lisbon", ["Lisboa"]),
        ("lisboa", ["Lisboa"]),
        ("100%", []),
        ("_", []),
        ("\\", []),
        ("'; --", []),
        ("🏝️", []),
        (None, ["São Paulo", "Lisboa", "São José"]),
        ("  ", ["São Paulo", "Lisboa", "São José"]),
    ],
)
async def test_autocomplete(market: Market, hotels: SubgraphClient, typed: str | None, expected: list[str]) -> None:
    busy = await market.destination("São Paulo", region_code="SP", population=12_000_000)
    await market.destination("São José", region_code="SC", population=250_000)
    await market.destination("Lisboa", name_en="Lisbon", country_code="PT", region_code="11", population=500_000)
    await market.hotel(destination=busy)
    query = "query($q: String) { destinations(query: $q) { name(locale: PT_BR) hotelCount } }"
    found = (await hotels.data(query, {"q": typed}))["destinations"]
    assert [place["name"] for place in found] == expected
    assert all(place["hotelCount"] == (1 if place["name"] == "São Paulo" else 0) for place in found)


@pytest.mark.parametrize(
    ("variables", "field"),
    [({"first": 0}, "first"), ({"first": 51}, "first"), ({"q": "x" * 201}, "query"), ({"q": "\0"}, "query")],
)
async def test_autocomplete_refuses_nonsense(hotels: SubgraphClient, variables: dict[str, Any], field: str) -> None:
    query = "query($q: String, $first: Int! = 10) { destinations(query: $q, first: $first) { name } }"
    (error,) = (await hotels.execute(query, variables))["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": field}


async def test_the_amenity_catalogue(hotels: SubgraphClient) -> None:
    data = await hotels.data("{ amenities { code category name(locale: PT_BR) } }")
    assert {"code": "breakfast", "category": "FOOD", "name": "Café da manhã"} in data["amenities"]


async def test_pages_of_reviews_are_the_whole_list(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel()
    await review(market, [hotel_id], 7)  # two a day, so that only the id tells neighbours apart
    query = """query($id: ID!, $first: Int, $after: String) { hotel(id: $id) {
      reviews(first: $first, after: $after) {
        edges { node { id createdAt } } pageInfo { hasNextPage endCursor } } } }"""
    variables = {"id": str(hotel_id)}
    whole = (await hotels.data(query, variables))["hotel"]["reviews"]["edges"]
    assert len(whole) == 7
    assert whole == sorted(whole, key=lambda edge: (edge["node"]["createdAt"], edge["node"]["id"]), reverse=True)
    walked, after = [], None
    for _ in range(4):
        page = (await hotels.data(query, {**variables, "first": 2, "after": after}))["hotel"]["reviews"]
        walked += page["edges"]
        after = page["pageInfo"]["endCursor"]
    assert not page["pageInfo"]["hasNextPage"]
    assert walked == whole
    for bad in ({"after": "nonsense"}, {"first": 0}, {"first": 101}):
        (error,) = (await hotels.execute(query, {**variables, **bad}))["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_what_a_user_wrote_is_public_and_what_they_manage_is_not(market: Market, hotels: SubgraphClient) -> None:
    manager = make_principal(Role.HOTEL_MANAGER)
    place = await market.destination()
    ids = [await market.hotel(f"H{number}", destination=place) for number in range(3)]
    for hotel_id in ids[:2]:
        await market.managed_by(manager, hotel_id)
    await market.execute("UPDATE hotels SET is_listed = false WHERE id = :id", id=ids[1])
    await review(market, [ids[2]], 1, author_id=manager.user_id)
    user = [{"__typename": "User", "id": str(manager.user_id)}]
    reviews = "... on User { reviews { edges { node { hotel { name } author { id } } } } }"
    response = await hotels.entities(reviews, user)
    (edge,) = response["data"]["_entities"][0]["reviews"]["edges"]
    assert edge["node"] == {"hotel": {"name": "H2"}, "author": {"id": str(manager.user_id)}}

    managed = "... on User { managedHotels(first: 1) { edges { node { name } } pageInfo { hasNextPage } } }"
    for allowed in (manager, make_principal(Role.ADMIN)):
        response = await hotels.entities(managed, user, as_=allowed)
        assert response["data"]["_entities"][0]["managedHotels"] == {
            "edges": [{"node": {"name": "H0"}}], "pageInfo": {"hasNextPage": True},
        }  # fmt: skip
    for refused, code in ((None, "UNAUTHENTICATED"), (make_principal(Role.HOTEL_MANAGER), "FORBIDDEN")):
        response = await hotels.entities(managed, user, as_=refused)
        assert response["data"]["_entities"][0]["managedHotels"] is None
        assert response["errors"][0]["extensions"]["code"] == code


async def test_the_distance_from_a_place_that_is_none_is_refused(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel()
    query = "query($id: ID!, $p: GeoPointInput!) { hotel(id: $id) { distanceKm(from: $p) } }"
    data = await hotels.data(query, {"id": str(hotel_id), "p": {"latitude": -22.9068, "longitude": -43.1729}})
    assert data["hotel"]["distanceKm"] == pytest.approx(161.2, abs=0.5)
    response = await hotels.execute(query, {"id": str(hotel_id), "p": {"latitude": 120, "longitude": 0}})
    assert response["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", "field": "from.latitude"}
