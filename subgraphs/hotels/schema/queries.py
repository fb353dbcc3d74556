"""Queries of the hotels domain."""

# mypy: disallow-untyped-decorators=False
# Strawberry types a decorator with arguments as Any. The functions under it are checked all the same.
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

import strawberry
from strawberry.types.nodes import FragmentSpread, InlineFragment, Selection

from shared.graphql import BadUserInput, Connection, decode_cursor, encode_cursor, page_size, parse_id
from subgraphs.hotels.amenities import AMENITIES
from subgraphs.hotels.repository import destinations as destination_statements
from subgraphs.hotels.repository import search as search_statements
from subgraphs.hotels.repository.search import KEY_TYPES, FoundHotel, HotelSearch
from subgraphs.hotels.schema.context import Info, as_error, language_of
from subgraphs.hotels.schema.enums import HotelSort
from subgraphs.hotels.schema.hotel import Hotel, load_hotel
from subgraphs.hotels.schema.inputs import HotelFilter
from subgraphs.hotels.schema.places import Amenity, Destination, load_destination
from subgraphs.hotels.schema.review import After, First
from subgraphs.hotels.service import search
from subgraphs.hotels.service.errors import InvalidValue
from subgraphs.hotels.service.search import check_search, check_words, order_of

MAX_DESTINATIONS = 50


@strawberry.type
class Query:
    """What one can ask about hotels."""

    @strawberry.field(description="A hotel by id or by slug. Null when there is none.")
    async def hotel(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="The hotel's id.")] = None,
        slug: Annotated[str | None, strawberry.argument(description="The hotel's slug, instead of the id.")] = None,
    ) -> Hotel | None:
        if (id is None) == (slug is None):
            raise BadUserInput("Give the id or the slug.", field="id")
        row = await load_hotel(info, None if id is None else parse_id(id), slug)
        return None if row is None else Hotel(row=row)

    @strawberry.field(
        description=(
            "Search for hotels. `totalCount` is null when the filter has a stay, because it would have to price "
            "every hotel."
        )
    )
    async def hotels(
        self,
        info: Info,
        filter: Annotated[HotelFilter | None, strawberry.argument(description="Which hotels.")] = None,
        sort: Annotated[HotelSort, strawberry.argument(description="In which order.")] = HotelSort.RELEVANCE,
        first: First = None,
        after: After = None,
    ) -> Connection[Hotel]:
        context = info.context
        size = page_size(first)
        wanted = HotelSearch() if filter is None else filter.to_search()
        try:
            check_search(wanted, context.settings, context.now)
            order = order_of(search.HotelSort(sort.name), wanted)
        except InvalidValue as refusal:
            raise as_error(refusal, language_of(info)) from None
        position = decode_cursor(after, Literal[order.value], *KEY_TYPES[order], UUID)
        async with context.database.read() as session:
            found = await search_statements.search(
                session,
                wanted,
                order,
                now=context.now,
                after=None if position is None else position[1:],
                limit=size + 1,
            )
            is_counted = wanted.stay is None and _is_selected(info.selected_fields, "totalCount")
            total = await search_statements.count(session, wanted, now=context.now) if is_counted else None

        def to_node(result: FoundHotel) -> Hotel:
            context.loaders.hotel.prime(result.hotel.id, result.hotel)
            return Hotel(row=result.hotel, priced_stay=wanted.stay, priced_total_minor=result.stay_total_minor)

        return Connection[Hotel].from_rows(
            found,
            size,
            to_node,
            lambda result: encode_cursor(order.value, *result.key, result.hotel.id),
            after=after,
            total_count=total,
        )

    @strawberry.field(description="A destination by id or by slug. Null when there is none.")
    async def destination(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="The destination's id.")] = None,
        slug: Annotated[str | None, strawberry.argument(description="Its slug, instead: `paraty-rj`.")] = None,
    ) -> Destination | None:
        if (id is None) == (slug is None):
            raise BadUserInput("Give the id or the slug.", field="id")
        row = await load_destination(info, None if id is None else parse_id(id), slug)
        return None if row is None else Destination(row=row)

    @strawberry.field(
        description=(
            "Destinations for what somebody has typed so far, the likeliest first; without a query, those with the "
            "most hotels."
        )
    )
    async def destinations(
        self,
        info: Info,
        query: Annotated[
            str | None,
            strawberry.argument(description="Beginning of a name, with or without accents or small typing errors."),
        ] = None,
        first: Annotated[int, strawberry.argument(description="How many, 1 to 50.")] = 10,
    ) -> list[Destination]:
        size = page_size(first, maximum=MAX_DESTINATIONS)
        words = (query or "").strip() or None
        if words is not None:
            try:
                check_words("query", words)
            except InvalidValue as refusal:
                raise as_error(refusal, language_of(info)) from None
        async with info.context.database.read() as session:
            rows = await destination_statements.complete(session, words, limit=size)
        return [Destination(row=row) for row in rows]

    @strawberry.field(description="Every amenity that a hotel can have.")
    def amenities(self) -> list[Amenity]:
        return [Amenity(row=amenity) for amenity in AMENITIES.values()]


def _is_selected(fields: Sequence[Selection], name: str) -> bool:
    """Whether a field ``name`` is selected directly under any of ``fields``, through fragments or not."""
    for field in fields:
        for selection in field.selections:
            if isinstance(selection, FragmentSpread | InlineFragment):
                if _is_selected([selection], name):
                    return True
            elif selection.name == name:
                return True
    return False
