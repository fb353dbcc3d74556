"""Search: words in two languages, every filter, every order, and pages that together are the whole list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.db import Database
from shared.testing import SubgraphClient
from subgraphs.hotels.models import PropertyKind
from subgraphs.hotels.repository.search import HotelOrder, HotelSearch, search
from subgraphs.hotels.stays import Stay
from subgraphs.hotels.tests.builders import SOON, Market, stay

SEARCH = """
query($filter: HotelFilter, $sort: HotelSort! = RELEVANCE, $first: Int, $after: String) {
  hotels(filter: $filter, sort: $sort, first: $first, after: $after) {
    totalCount
    edges { cursor node { name } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


async def names(client: SubgraphClient, filter_: dict[str, Any] | None = None, sort: str = "NAME") -> list[str]:
    data = await client.data(SEARCH, {"filter": filter_, "sort": sort, "first": 100})
    return [edge["node"]["name"] for edge in data["hotels"]["edges"]]


@pytest.mark.parametrize(
    "query",
    [
        "São João",
        "sao joao",
        "SÃO JOÃO",
        "joao paraty",
        "Pousada Sao Jao",  # a letter lost
        "pousada sao joão parati",  # one letter wrong, the old spelling
        "piscinas",  # the description says "piscina": Portuguese stem
        "swimming pools",  # the English description says "swimming pool"
        "centro histórico",  # the neighbourhood
    ],
)
async def test_words_find_a_hotel_with_and_without_accents_typos_and_in_both_languages(
    market: Market, hotels: SubgraphClient, query: str
) -> None:
    await market.hotel(
        "Pousada São João",
        neighborhood="Centro Histórico",
        description_pt="Uma casa com piscina e café da manhã.",
        description_en="A house with a swimming pool and breakfast.",
    )
    await market.hotel(
        "Grande Hotel Serra", destination=await market.destination("Gramado", region="Rio Grande do Sul")
    )
    assert await names(hotels, {"query": query}) == ["Pousada São João"]


async def test_a_match_in_the_name_comes_before_one_in_the_description(market: Market, hotels: SubgraphClient) -> None:
    place = await market.destination()
    await market.hotel("Casa Azul", destination=place, description_pt="Perto do Hotel Copacabana Palace.")
    await market.hotel("Copacabana Palace", destination=place)
    assert await names(hotels, {"query": "copacabana palace"}, "RELEVANCE") == ["Copacabana Palace", "Casa Azul"]


async def test_blank_words_are_no_words(market: Market, hotels: SubgraphClient) -> None:
    await market.hotel("Um")
    assert await names(hotels, {"query": "   "}) == ["Um"]


@pytest.mark.parametrize(
    "words", ["'; DROP TABLE hotels; --", "<script>alert(1)</script>", "🏖️🏨", "فندق", "%_\\", "a & | ! ( : *", '"']
)
async def test_hostile_words_find_nothing_and_break_nothing(market: Market, hotels: SubgraphClient, words: str) -> None:
    await market.hotel("Pousada")
    assert await names(hotels, {"query": words}) == []
    assert await names(hotels) == ["Pousada"]


@pytest.fixture
async def three_hotels(market: Market) -> Market:
    """A cheap inn, a dear resort and one in between that is far away."""
    paraty = await market.destination("Paraty")
    recife = await market.destination(
        "Recife", region="Pernambuco", region_code="PE", latitude=-8.05, longitude=-34.9, time_zone="America/Recife"
    )
    await market.hotel(
        "Barato", destination=paraty, price=10_000, kind=PropertyKind.POUSADA, stars=2, amenities=("wifi",),
        external_rating_tenths=70, external_review_count=50, latitude=-23.20, longitude=-44.70,
    )  # fmt: skip
    await market.hotel(
        "Caro", destination=paraty, price=90_000, kind=PropertyKind.RESORT, stars=5, amenities=("wifi", "pool", "spa"),
        external_rating_tenths=95, external_review_count=200, latitude=-23.25, longitude=-44.75,
    )  # fmt: skip
    await market.hotel(
        "Longe", destination=recife, price=40_000, stars=4, amenities=("pool",), latitude=-8.06, longitude=-34.88
    )  # fmt: skip
    return market


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ({}, ["Barato", "Caro", "Longe"]),
        ({"destinationSlug": "paraty-rj"}, ["Barato", "Caro"]),
        ({"destinationSlug": "nowhere"}, []),
        ({"near": {"latitude": -23.2, "longitude": -44.7, "radiusKm": 5}}, ["Barato"]),
        ({"near": {"latitude": -23.2, "longitude": -44.7, "radiusKm": 20}}, ["Barato", "Caro"]),
        ({"near": {"latitude": -23.2, "longitude": -44.7}}, ["Barato", "Caro"]),
        ({"price": {"maximum": "400.00"}}, ["Barato", "Longe"]),
        ({"price": {"minimum": "400.00"}}, ["Caro", "Longe"]),
        ({"price": {"minimum": "100.01", "maximum": "399.99"}}, []),
        ({"price": {"maximum": "9999", "currency": "EUR"}}, []),
        ({"stars": [2, 4]}, ["Barato", "Longe"]),
        ({"minimumRating": 9.5}, ["Caro"]),
        ({"minimumRating": 7}, ["Barato", "Caro"]),
        ({"amenities": ["wifi"]}, ["Barato", "Caro"]),
        ({"amenities": ["pool", "wifi"]}, ["Caro"]),
        ({"kinds": ["POUSADA", "RESORT"]}, ["Barato", "Caro"]),
        ({"stars": [5], "query": "paraty", "amenities": ["spa"]}, ["Caro"]),
        ({"stay": stay(2), "price": {"maximum": "100"}}, ["Barato"]),
        ({"stay": stay(2, guests=4, rooms=2)}, ["Barato", "Caro", "Longe"]),
        ({"stay": stay(2, guests=3)}, []),
    ],
)
async def test_filters(
    three_hotels: Market, hotels: SubgraphClient, filter_: dict[str, Any], expected: list[str]
) -> None:
    assert await names(hotels, filter_) == expected
    counted = (await hotels.data(SEARCH, {"filter": filter_}))["hotels"]["totalCount"]
    assert counted == (None if "stay" in filter_ else len(expected))


@pytest.mark.parametrize(
    ("sort", "filter_", "expected"),
    [
        ("PRICE", {}, ["Barato", "Longe", "Caro"]),
        ("PRICE", {"stay": stay()}, ["Barato", "Longe", "Caro"]),
        ("RATING", {}, ["Caro", "Barato", "Longe"]),
        ("STARS", {}, ["Caro", "Longe", "Barato"]),
        ("NAME", {}, ["Barato", "Caro", "Longe"]),
        ("RELEVANCE", {}, ["Caro", "Barato", "Longe"]),
        ("DISTANCE", {"near": {"latitude": -23.26, "longitude": -44.76, "radiusKm": 50}}, ["Caro", "Barato"]),
    ],
)
async def test_orders(
    three_hotels: Market, hotels: SubgraphClient, sort: str, filter_: dict[str, Any], expected: list[str]
) -> None:
    assert await names(hotels, filter_, sort) == expected


async def test_a_circle_across_the_date_line_and_over_a_pole(market: Market, hotels: SubgraphClient) -> None:
    await market.hotel("Fiji", latitude=-17.0, longitude=179.95)
    await market.hotel("Oeste", latitude=-17.0, longitude=-179.95)
    await market.hotel("Polo", latitude=89.9, longitude=100.0)
    east = {"near": {"latitude": -17.0, "longitude": 179.99, "radiusKm": 20}}
    west = {"near": {"latitude": -17.0, "longitude": -179.99, "radiusKm": 20}}
    pole = {"near": {"latitude": 89.95, "longitude": -80.0, "radiusKm": 20}}
    assert await names(hotels, east) == ["Fiji", "Oeste"]
    assert await names(hotels, west) == ["Fiji", "Oeste"]
    assert await names(hotels, pole) == ["Polo"]


async def test_an_unlisted_hotel_is_not_found_but_answers_by_id(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel("Oculto")
    await market.execute("UPDATE hotels SET is_listed = false")
    assert await names(hotels) == []
    data = await hotels.data("query($id: ID!) { hotel(id: $id) { name isListed } }", {"id": str(hotel_id)})
    assert data["hotel"] == {"name": "Oculto", "isListed": False}


PAGED = [
    ("RELEVANCE", {"query": "pousada"}),
    ("RELEVANCE", {}),
    ("PRICE", {}),
    ("PRICE", {"stay": stay(2)}),
    ("RATING", {}),
    ("DISTANCE", {"near": {"latitude": -23.22, "longitude": -44.71, "radiusKm": 100}}),
    ("STARS", {}),
    ("NAME", {}),
]


@pytest.mark.parametrize(("sort", "filter_"), PAGED)
async def test_pages_together_are_the_whole_list_in_every_order(
    market: Market, hotels: SubgraphClient, sort: str, filter_: dict[str, Any]
) -> None:
    place = await market.destination()
    values = [  # many equal keys, so that only the id tells neighbours apart
        {
            "name": f"Pousada {'AB'[number % 2]}",
            "price": [20_000, 30_000][number % 2],
            "stars": [None, 3, 3][number % 3],
            "currency": ["BRL", "BRL", "EUR"][number % 3],
            "latitude": -23.22 + (number % 2) / 100,
        }
        for number in range(11)
    ]
    await market.hotels(place, values)
    variables = {"filter": filter_, "sort": sort}
    whole = (await hotels.data(SEARCH, {**variables, "first": 100}))["hotels"]["edges"]
    assert len(whole) == 11
    walked: list[Any] = []
    after = None
    while True:
        page = (await hotels.data(SEARCH, {**variables, "first": 3, "after": after}))["hotels"]
        walked += page["edges"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert walked == whole


@pytest.mark.parametrize("after", ["", "garbage", "W10", "bnVsbA", "💥", "WyJSQVRJTkciLDEsMl0"])
async def test_a_malformed_cursor_is_a_clear_error(market: Market, hotels: SubgraphClient, after: str) -> None:
    response = await hotels.execute(SEARCH, {"sort": "RATING", "after": after})
    (error,) = response["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["field"] == "after"


async def test_a_cursor_of_another_order_is_a_clear_error(three_hotels: Market, hotels: SubgraphClient) -> None:
    cursor = (await hotels.data(SEARCH, {"sort": "STARS", "first": 1}))["hotels"]["pageInfo"]["endCursor"]
    for sort in ("RATING", "PRICE", "NAME"):
        (error,) = (await hotels.execute(SEARCH, {"sort": sort, "after": cursor}))["errors"]
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "after"}
        assert "order" in error["message"]


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        ({"first": 0}, "first"),
        ({"first": 101}, "first"),
        ({"sort": "DISTANCE"}, "sort"),
        ({"filter": {"query": "x" * 201}}, "filter.query"),
        ({"filter": {"query": "a\0b"}}, "filter.query"),
        ({"filter": {"destinationSlug": "a\0b"}}, "filter.destinationSlug"),
        ({"filter": {"destinationId": "7"}}, "filter.destinationId"),
        ({"filter": {"near": {"latitude": 91, "longitude": 0}}}, "filter.near.latitude"),
        ({"filter": {"near": {"latitude": 0, "longitude": 181}}}, "filter.near.longitude"),
        ({"filter": {"near": {"latitude": 0, "longitude": 0, "radiusKm": 0}}}, "filter.near.radiusKm"),
        ({"filter": {"near": {"latitude": 0, "longitude": 0, "radiusKm": 1e308}}}, "filter.near.radiusKm"),
        ({"filter": {"price": {"minimum": "-1"}}}, "filter.price"),
        ({"filter": {"price": {"minimum": "2", "maximum": "1"}}}, "filter.price"),
        ({"filter": {"price": {"minimum": "1.001"}}}, "filter.price.minimum"),
        ({"filter": {"price": {"maximum": "1", "currency": "XYZ"}}}, "currency"),
        ({"filter": {"stars": [6]}}, "filter.stars"),
        ({"filter": {"minimumRating": 11}}, "filter.minimumRating"),
        ({"filter": {"amenities": ["helipad"]}}, "filter.amenities"),
        ({"filter": {"stay": stay(0)}}, "stay.checkOutDate"),
        ({"filter": {"stay": stay(-1)}}, "stay.checkOutDate"),
        ({"filter": {"stay": stay(31)}}, "stay.checkOutDate"),
        ({"filter": {"stay": stay(2, first=SOON - timedelta(days=40))}}, "stay.checkInDate"),
        ({"filter": {"stay": stay(2, first=SOON + timedelta(days=600))}}, "stay.checkInDate"),
        ({"filter": {"stay": stay(2, guests=0)}}, "stay.guests"),
        ({"filter": {"stay": stay(2, guests=2**31 - 1)}}, "stay.guests"),
        ({"filter": {"stay": stay(2, rooms=0)}}, "stay.rooms"),
        ({"filter": {"stay": stay(2, guests=99, rooms=10)}}, "stay.rooms"),
    ],
)
async def test_nonsense_in_a_search_is_refused_by_name(
    hotels: SubgraphClient, variables: dict[str, Any], field: str
) -> None:
    (error,) = (await hotels.execute(SEARCH, variables))["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": field}


async def test_today_is_the_hotels_own_date(market: Market, database: Database) -> None:
    """At 02:00 UTC it is still yesterday in São Paulo and already today in Lisbon."""
    now = datetime(2031, 5, 10, 2, 0, tzinfo=UTC)
    yesterday = now.date() - timedelta(days=1)
    brazil = await market.hotel("Brasil")
    portugal = await market.hotel("Portugal", time_zone="Europe/Lisbon")
    for hotel_id in (brazil, portugal):
        await market.room_type(hotel_id, first=yesterday)
    for first, expected in ((yesterday, ["Brasil"]), (now.date(), ["Brasil", "Portugal"])):
        wanted = HotelSearch(stay=Stay(first, first + timedelta(days=1), 2))
        async with database.read() as session:
            found = await search(session, wanted, HotelOrder.NAME, now=now, after=None, limit=10)
        assert [result.hotel.name for result in found] == expected
