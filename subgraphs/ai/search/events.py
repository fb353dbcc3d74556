"""What the search part does when hotels said something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy.dialects.postgresql import insert

from shared.db import WriteSession
from shared.messaging import EventEnvelope, Handler, Reject
from subgraphs.ai.models.search import HotelText
from subgraphs.ai.search.texts import amenity_words, hash_of, passage_of

PAYLOAD_VERSION: Final = 1
"""The version of the payloads that we understand."""


class HotelState(msgspec.Struct, frozen=True, kw_only=True):
    """Of a hotel's event, what search needs."""

    hotel_id: UUID
    name: str
    kind: str
    destination_id: UUID
    manager_id: UUID | None
    country_code: str
    time_zone: str
    currency: str
    stars: int | None
    amenities: list[str]
    description_pt: str | None
    description_en: str | None
    is_listed: bool
    place: str = ""


async def hotel_told(session: WriteSession, envelope: EventEnvelope) -> None:
    """Keep the hotel as it is after the event; an event older than what is known changes nothing."""
    if envelope.version != PAYLOAD_VERSION:
        raise Reject(f"version {envelope.version} of {envelope.type}; this release knows {PAYLOAD_VERSION}")
    try:
        hotel = msgspec.json.decode(envelope.payload, type=HotelState)
    except msgspec.DecodeError as error:
        raise Reject(str(error)) from error
    words = amenity_words(hotel.amenities)
    passage = passage_of(hotel.name, hotel.place, (hotel.description_pt, hotel.description_en), words)
    values = {
        **msgspec.structs.asdict(hotel),
        "version": envelope.aggregate_sequence,
        "amenity_words": words,
        "passage": passage,
        "passage_hash": hash_of(passage),
    }
    statement = insert(HotelText).values(values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[HotelText.hotel_id],
            set_={name: statement.excluded[name] for name in values if name != "hotel_id"},
            where=HotelText.version < statement.excluded.version,
        )
    )


HANDLERS: Final[Mapping[str, Handler]] = {"hotel.created": hotel_told, "hotel.updated": hotel_told}
"""By topic."""
