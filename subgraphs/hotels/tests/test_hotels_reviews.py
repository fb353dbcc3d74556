"""Reviews: who may write them, once, and how the rating follows."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from shared.auth import Role
from shared.testing import SubgraphClient, make_principal
from subgraphs.hotels.tests.builders import Market

ADD_REVIEW = """
mutation($input: AddReviewInput!) {
  addReview(input: $input) {
    __typename
    ... on Review { id rating title body isVerifiedStay language author { id } hotel { rating ratingCount } }
    ... on AlreadyReviewed { review { title } }
    ... on InvalidInput { field }
    ... on Problem { message }
  }
}"""


async def add(hotels: SubgraphClient, values: dict[str, Any], **options: Any) -> Any:
    return (await hotels.data(ADD_REVIEW, {"input": values}, **options))["addReview"]


async def test_a_traveler_reviews_a_hotel_once(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel()
    traveler = make_principal()
    values = {"hotelId": str(hotel_id), "rating": 9, "title": " Ótimo ", "body": "<b>🏖️</b>", "language": "PT_BR"}
    first = await add(hotels, values, as_=traveler)
    assert first["hotel"] == {"rating": 9.0, "ratingCount": 1}
    assert (first["title"], first["body"], first["isVerifiedStay"]) == ("Ótimo", "<b>🏖️</b>", False)
    assert (first["author"], first["language"]) == ({"id": str(traveler.user_id)}, "PT_BR")
    assert (await add(hotels, values, as_=traveler))["id"] == first["id"]
    other = await add(hotels, {**values, "rating": 1}, as_=traveler)
    assert (other["__typename"], other["review"]) == ("AlreadyReviewed", {"title": "Ótimo"})
    second = await add(hotels, {**values, "rating": 4}, as_=make_principal(Role.SUPPORT))
    assert second["hotel"] == {"rating": 6.5, "ratingCount": 2}


async def test_ratings_of_the_source_and_of_our_guests_are_one_average(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel(external_rating_tenths=80, external_review_count=3)
    review = await add(hotels, {"hotelId": str(hotel_id), "rating": 4}, as_=make_principal())
    assert review["hotel"] == {"rating": 7.0, "ratingCount": 4}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"rating": 0}, "rating"),
        ({"rating": 11}, "rating"),
        ({"rating": -(2**31)}, "rating"),
        ({"rating": 5, "title": "x" * 201}, "title"),
        ({"rating": 5, "body": "a\0b"}, "body"),
        ({"rating": 5, "title": "\u202elegal"}, "title"),
        ({"rating": 5, "body": "\u2067texto\u2069"}, "body"),
        ({"rating": 5, "liked": "x" * 5_001}, "liked"),
    ],
)
async def test_a_review_that_cannot_be_is_refused_by_name(
    market: Market, hotels: SubgraphClient, values: dict[str, Any], field: str
) -> None:
    hotel_id = await market.hotel()
    before = await market.snapshot()
    answer = await add(hotels, {"hotelId": str(hotel_id), **values}, as_=make_principal())
    assert (answer["__typename"], answer["field"]) == ("InvalidInput", field)
    assert await market.snapshot() == before


async def test_who_may_not_review(market: Market, hotels: SubgraphClient) -> None:
    manager = make_principal(Role.HOTEL_MANAGER)
    hotel_id = await market.hotel()
    await market.managed_by(manager, hotel_id)
    before = await market.snapshot()
    for caller, code in ((None, "UNAUTHENTICATED"), (manager, "FORBIDDEN")):
        response = await hotels.execute(ADD_REVIEW, {"input": {"hotelId": str(hotel_id), "rating": 10}}, as_=caller)
        assert response["errors"][0]["extensions"]["code"] == code
    answer = await add(hotels, {"hotelId": str(uuid4()), "rating": 10}, as_=make_principal())
    assert answer["__typename"] == "HotelNotFound"
    assert await market.snapshot() == before
