"""The search for hotels: filters, seven orders, keyset pages, and prices for a stay, in one statement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from msgspec import Meta
from sqlalchemy import (
    ARRAY,
    Date,
    Integer,
    Select,
    SQLColumnExpression,
    String,
    Text,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import REGCONFIG

from shared.db import ReadSession
from subgraphs.hotels.models import NO_PRICE, Destination, Hotel, PropertyKind
from subgraphs.hotels.repository.availability import cheapest_total
from subgraphs.hotels.stays import Stay, may_be_past_somewhere

METRES_PER_DEGREE = 111_195.0
"""Of latitude, on the sphere that ``distance_metres`` assumes."""


class HotelOrder(StrEnum):
    """In which order a search lists hotels. Each is the first part of its cursors."""

    RELEVANCE = "RELEVANCE"
    """How well name, place and description fit the words."""
    RATING = "RATING"
    PRICE = "PRICE"
    """Cheapest open night ahead."""
    STAY_PRICE = "STAY_PRICE"
    """Cheapest total for the stay."""
    DISTANCE = "DISTANCE"
    STARS = "STARS"
    NAME = "NAME"


# What a cursor may hold, so that a forged one is refused here and not by the database.
_Int = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
_BigInt = Annotated[int, Meta(ge=0, le=2**53)]
_Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
_Name = Annotated[str, Meta(pattern="^[^\\x00]*$", max_length=1000)]

KEY_TYPES: Final[dict[HotelOrder, tuple[Any, ...]]] = {
    HotelOrder.RELEVANCE: (_Int,),
    HotelOrder.RATING: (_Int,),
    HotelOrder.PRICE: (_Currency, _Int),
    HotelOrder.STAY_PRICE: (_Currency, _BigInt),
    HotelOrder.DISTANCE: (_Int,),
    HotelOrder.STARS: (_Int,),
    HotelOrder.NAME: (_Name,),
}
"""Types of the sort key of each order; the hotel's id comes after it and breaks ties."""


@dataclass(frozen=True, slots=True)
class Near:
    """A circle on the map."""

    latitude: float
    longitude: float
    radius_metres: int


@dataclass(frozen=True, slots=True)
class PriceRange:
    """Limits of the price of a room and night, in minor units of one currency."""

    currency: str
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class HotelSearch:
    """What is looked for. Every given part must fit; an empty search finds every listed hotel."""

    words: str | None = None
    destination_id: UUID | None = None
    destination_slug: str | None = None
    near: Near | None = None
    price: PriceRange | None = None
    """Of the stay's average night when there is a stay, otherwise of the cheapest open night ahead."""
    stars: tuple[int, ...] = ()
    """Any of these."""
    minimum_rating_tenths: int | None = None
    amenities: tuple[str, ...] = ()
    """All of these."""
    kinds: tuple[PropertyKind, ...] = ()
    """Any of these."""
    stay: Stay | None = None


@dataclass(frozen=True, slots=True)
class FoundHotel:
    """A hotel that fits, with its place in the order."""

    hotel: Hotel
    key: tuple[Any, ...]
    """Values of the sort key, as in :data:`KEY_TYPES`."""
    stay_total_minor: int | None


@dataclass(frozen=True, slots=True)
class _Term:
    """One part of the sort key."""

    column: SQLColumnExpression[Any]
    is_descending: bool = False


async def search(
    session: ReadSession,
    wanted: HotelSearch,
    order: HotelOrder,
    *,
    now: datetime,
    after: tuple[Any, ...] | None,
    limit: int,
) -> list[FoundHotel]:
    """At most ``limit`` hotels strictly behind ``after`` (a key and an id), one query.

    ``RELEVANCE`` needs words, ``DISTANCE`` a circle, ``STAY_PRICE`` a stay.
    """
    stay = cheapest_total(wanted.stay) if wanted.stay is not None else None
    terms = _terms(wanted, order, None if stay is None else stay.c.total)
    total = literal(None) if stay is None else stay.c.total
    statement = select(Hotel, total.label("stay_total"), *(term.column for term in terms))
    if stay is not None:
        statement = statement.join_from(Hotel, stay, true()).where(stay.c.total.is_not(None))
    statement = _filtered(statement, wanted, now, None if stay is None else stay.c.total)
    all_terms = [*terms, _Term(Hotel.id)]
    if after is not None:
        statement = statement.where(*_behind(all_terms, after))
    statement = statement.order_by(
        *(term.column.desc() if term.is_descending else term.column.asc() for term in all_terms)
    ).limit(limit)
    return [
        FoundHotel(row[0], tuple(row[2:]), None if row[1] is None else int(row[1]))
        for row in await session.execute(statement)
    ]


async def count(session: ReadSession, wanted: HotelSearch, *, now: datetime) -> int:
    """How many hotels fit. Only for searches without a stay, which would have to price every hotel."""
    statement = _filtered(select(func.count()).select_from(Hotel), wanted, now, None)
    return int(await session.scalar(statement) or 0)


def _terms(wanted: HotelSearch, order: HotelOrder, stay_total: SQLColumnExpression[int] | None) -> list[_Term]:
    match order:
        case HotelOrder.RELEVANCE:
            assert wanted.words is not None
            return [_Term(_relevance(wanted.words), is_descending=True)]
        case HotelOrder.RATING:
            return [_Term(Hotel.rating_rank, is_descending=True)]
        case HotelOrder.PRICE:
            return [_Term(Hotel.currency), _Term(func.coalesce(Hotel.from_price_minor, _literal_int(NO_PRICE)))]
        case HotelOrder.STAY_PRICE:
            assert stay_total is not None
            return [_Term(Hotel.currency), _Term(stay_total)]
        case HotelOrder.DISTANCE:
            assert wanted.near is not None
            return [_Term(_distance(wanted.near))]
        case HotelOrder.STARS:
            return [_Term(func.coalesce(Hotel.stars, _literal_int(0)), is_descending=True)]
        case HotelOrder.NAME:
            return [_Term(Hotel.name_key)]


def _behind(terms: Sequence[_Term], after: Sequence[Any]) -> list[SQLColumnExpression[bool]]:
    """The keyset condition: equal in the first terms and behind in the next. The first bound lets an index begin there.

    Spelled out, because a row comparison cannot mix ascending and descending columns.
    """
    alternatives: list[SQLColumnExpression[bool]] = []
    equal: list[SQLColumnExpression[bool]] = []
    for term, value in zip(terms, after, strict=True):
        alternatives.append(and_(*equal, term.column < value if term.is_descending else term.column > value))
        equal.append(term.column == value)
    first = terms[0]
    bound = first.column <= after[0] if first.is_descending else first.column >= after[0]
    return [bound, or_(*alternatives)]


def _filtered(
    statement: Select[Any], wanted: HotelSearch, now: datetime, stay_total: SQLColumnExpression[int] | None
) -> Select[Any]:
    conditions: list[SQLColumnExpression[bool]] = [Hotel.is_listed]
    if wanted.words is not None:
        conditions.append(_matches(wanted.words))
    if wanted.destination_id is not None:
        conditions.append(Hotel.destination_id == wanted.destination_id)
    if wanted.destination_slug is not None:
        destination = select(Destination.id).where(Destination.slug == wanted.destination_slug).scalar_subquery()
        conditions.append(Hotel.destination_id == destination)
    if wanted.near is not None:
        conditions.append(_within(wanted.near))
    if wanted.price is not None:
        conditions.append(_costs(wanted.price, wanted.stay, stay_total))
    if wanted.stars:
        conditions.append(Hotel.stars == func.any(cast(list(wanted.stars), ARRAY(Integer))))
    if wanted.minimum_rating_tenths is not None:
        conditions.append(Hotel.rating_count > 0)
        conditions.append(Hotel.rating_sum >= wanted.minimum_rating_tenths * Hotel.rating_count)
    if wanted.amenities:
        conditions.append(Hotel.amenities.contains(cast(list(wanted.amenities), ARRAY(String(40)))))
    if wanted.kinds:
        conditions.append(Hotel.kind == func.any(cast([str(kind) for kind in wanted.kinds], ARRAY(Text))))
    if wanted.stay is not None and may_be_past_somewhere(wanted.stay.check_in, now):
        conditions.append(cast(func.timezone(Hotel.time_zone, literal(now)), Date) <= _date(wanted.stay.check_in))
    return statement.where(*conditions)


def _plain(words: str) -> SQLColumnExpression[str]:
    """The words as the trigram index holds names."""
    return func.lower(func.immutable_unaccent(words))


def _text_query(words: str) -> SQLColumnExpression[Any]:
    """The words as a text search query that a Portuguese or an English reading may fulfil."""
    return _reading("portuguese", words).op("||")(_reading("english", words))


def _reading(language: str, words: str) -> SQLColumnExpression[Any]:
    return func.websearch_to_tsquery(cast(language, REGCONFIG), func.immutable_unaccent(words))


def _matches(words: str) -> SQLColumnExpression[bool]:
    """The words stand in name, place or description, or name and place look like them (typing errors)."""
    return or_(
        Hotel.search_vector.op("@@", is_comparison=True)(_text_query(words)),
        Hotel.search_name.op("%>", is_comparison=True)(_plain(words)),
    )


def _relevance(words: str) -> SQLColumnExpression[int]:
    """An integer, because cursors must carry it exactly. The name counts most; good ratings decide between equals."""
    score = (
        2_000 * func.word_similarity(_plain(words), Hotel.name_key)
        + 2_000 * func.word_similarity(_plain(words), Hotel.search_name)
        + 1_000 * func.ts_rank(Hotel.search_vector, _text_query(words))
    )
    return cast(func.round(score), Integer) * 100 + Hotel.rating_rank // 100


def _distance(near: Near) -> SQLColumnExpression[int]:
    return func.distance_metres(near.latitude, near.longitude, Hotel.latitude, Hotel.longitude, type_=Integer)


def _within(near: Near) -> SQLColumnExpression[bool]:
    """Inside the circle; a box around it comes first, because an index answers that."""
    reach = near.radius_metres / METRES_PER_DEGREE
    conditions: list[SQLColumnExpression[bool]] = [
        Hotel.latitude.between(near.latitude - reach, near.latitude + reach),
        _distance(near) <= near.radius_metres,
    ]
    farthest = min(abs(near.latitude) + reach, 90.0)
    width = reach / math.cos(math.radians(farthest)) if farthest < 89 else 180.0
    west, east = near.longitude - width, near.longitude + width
    if width >= 180:
        pass  # every meridian crosses the circle's latitudes: a pole is near
    elif west < -180:
        conditions.append(or_(Hotel.longitude >= west + 360, Hotel.longitude <= east))
    elif east > 180:
        conditions.append(or_(Hotel.longitude >= west, Hotel.longitude <= east - 360))
    else:
        conditions.append(Hotel.longitude.between(west, east))
    return and_(*conditions)


def _costs(
    price: PriceRange, stay: Stay | None, stay_total: SQLColumnExpression[int] | None
) -> SQLColumnExpression[bool]:
    room_nights = 1 if stay is None else stay.night_count * stay.rooms
    cost: SQLColumnExpression[int] = Hotel.from_price_minor if stay_total is None else stay_total  # type: ignore[assignment]
    conditions = [Hotel.currency == price.currency]
    if price.minimum is not None:
        conditions.append(cost >= min(price.minimum, NO_PRICE) * room_nights)
    if price.maximum is not None:
        conditions.append(cost <= min(price.maximum, NO_PRICE) * room_nights)
    return and_(*conditions)


def _date(day: date) -> SQLColumnExpression[date]:
    return literal(day, Date)


def _literal_int(value: int) -> SQLColumnExpression[int]:
    """A constant in the SQL text, without which the planner would not see that an expression index fits."""
    return literal(value, Integer, literal_execute=True)
