"""Search for hotels."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from subgraphs.hotels.amenities import AMENITIES
from subgraphs.hotels.repository.search import HotelOrder, HotelSearch
from subgraphs.hotels.service.errors import InvalidValue
from subgraphs.hotels.service.stays import check_stay
from subgraphs.hotels.service.values import is_storable
from subgraphs.hotels.settings import HotelsSettings
from subgraphs.hotels.stays import earliest_today

MAX_WORDS_LENGTH = 200


class HotelSort(StrEnum):
    """What a caller may sort by."""

    RELEVANCE = "RELEVANCE"
    PRICE = "PRICE"
    RATING = "RATING"
    DISTANCE = "DISTANCE"
    STARS = "STARS"
    NAME = "NAME"


def order_of(sort: HotelSort, wanted: HotelSearch) -> HotelOrder:
    """The order that ``sort`` means for this search.

    Relevance needs words: without them the best rated come first. The price is the stay's when there is a stay.

    Raises:
        InvalidValue: distance, and no point to measure it from.
    """
    match sort:
        case HotelSort.RELEVANCE:
            return HotelOrder.RATING if wanted.words is None else HotelOrder.RELEVANCE
        case HotelSort.PRICE:
            return HotelOrder.PRICE if wanted.stay is None else HotelOrder.STAY_PRICE
        case HotelSort.DISTANCE if wanted.near is None:
            raise InvalidValue("sort", "distance_needs_point")
        case _:
            return HotelOrder(sort)


def check_search(wanted: HotelSearch, settings: HotelsSettings, now: datetime) -> None:
    """Accept ``wanted``, or raise :class:`InvalidValue` for its first part that makes no sense."""
    if wanted.words is not None:
        check_words("filter.query", wanted.words)
    if wanted.destination_slug is not None:
        check_words("filter.destinationSlug", wanted.destination_slug)
    if wanted.near is not None:
        check_point("filter.near", wanted.near.latitude, wanted.near.longitude)
        if not 0 < wanted.near.radius_metres <= settings.max_search_radius_km * 1000:
            raise InvalidValue("filter.near.radiusKm", "radius_out_of_range", limit=settings.max_search_radius_km)
    if (price := wanted.price) is not None:
        if min(price.minimum or 0, price.maximum or 0) < 0:
            raise InvalidValue("filter.price", "out_of_range", low=0, high="∞")
        if price.minimum is not None and price.maximum is not None and price.maximum < price.minimum:
            raise InvalidValue("filter.price", "price_range_reversed")
    for stars in wanted.stars:
        _check_range("filter.stars", stars, 1, 5)
    if wanted.minimum_rating_tenths is not None:
        _check_range("filter.minimumRating", wanted.minimum_rating_tenths / 10, 1, 10)
    for code in wanted.amenities:
        if code not in AMENITIES:
            raise InvalidValue("filter.amenities", "unknown_amenity", code=code[:60])
    if wanted.stay is not None:
        check_stay(wanted.stay, settings, earliest_today(now))


def check_point(field: str, latitude: float, longitude: float) -> None:
    """Accept a point on Earth, or raise :class:`InvalidValue`."""
    _check_range(f"{field}.latitude", latitude, -90, 90)
    _check_range(f"{field}.longitude", longitude, -180, 180)


def check_words(field: str, words: str) -> None:
    """Accept what somebody typed into a search, or raise :class:`InvalidValue`."""
    if len(words) > MAX_WORDS_LENGTH:
        raise InvalidValue(field, "too_long", limit=MAX_WORDS_LENGTH)
    if not is_storable(words):
        raise InvalidValue(field, "unstorable")


def _check_range(field: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise InvalidValue(field, "out_of_range", low=low, high=high)
