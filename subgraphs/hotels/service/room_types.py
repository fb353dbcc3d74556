"""Create and change room types."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.auth import Principal
from shared.db import WriteSession, new_id
from subgraphs.hotels.events import RoomTypeChanged, publish
from subgraphs.hotels.models import RoomType
from subgraphs.hotels.repository import derived, hotels
from subgraphs.hotels.repository.calendar_fill import fill_calendar
from subgraphs.hotels.service.access import managed_hotel, managed_room_type
from subgraphs.hotels.service.errors import InvalidValue, RoomTypeCodeTaken
from subgraphs.hotels.service.idempotency import first_result
from subgraphs.hotels.service.values import ROOM_TYPE_COLUMNS, checked
from subgraphs.hotels.settings import HotelsSettings
from subgraphs.hotels.stays import today_in

_API_NAMES = {
    "base_price_minor": "basePrice.amount",
    "free_cancel_days": "cancellation.freeUntilDays",
    "first_night_days": "cancellation.firstNightUntilDays",
    "size_sqm": "sizeSquareMetres",
}


async def create_room_type(
    session: WriteSession,
    principal: Principal,
    hotel_id: UUID,
    *,
    values: Mapping[str, Any],
    currency: str,
    idempotency_key: str,
    settings: HotelsSettings,
    now: datetime,
) -> RoomType:
    """A new room type, with a calendar as far ahead as stays may begin, at its base price.

    The same key with the same input answers the first room type again.

    Args:
        session: The transaction.
        principal: Who asks.
        hotel_id: Which hotel's.
        values: Columns of :data:`ROOM_TYPE_COLUMNS`.
        currency: Of the base price; must be the hotel's.
        idempotency_key: Chosen by the caller.
        settings: The domain's.
        now: The current moment.

    Raises:
        InvalidValue, UnknownHotel, NotYourHotel, KeyReused, RoomTypeCodeTaken: nothing was changed.
    """
    stored = _checked(values)
    if not stored.get("name_pt") and not stored.get("name_en"):
        raise InvalidValue("namePt", "name_missing")
    hotel = await managed_hotel(session, principal, hotel_id)
    _require_currency(currency, hotel.currency)
    room_type_id = new_id()
    made = await first_result(
        session,
        owner_id=principal.user_id,
        key=idempotency_key,
        operation="createRoomType",
        values={**stored, "hotel_id": hotel_id},
        new_id=room_type_id,
    )
    if made is not None:
        return (await hotels.room_types_by_ids(session, [made]))[made]
    room_type = await hotels.insert_room_type(session, {**stored, "id": room_type_id, "hotel_id": hotel_id})
    if room_type is None:
        raise RoomTypeCodeTaken(stored["code"])
    today = today_in(hotel.time_zone, now)
    last = today + timedelta(days=settings.max_days_ahead + settings.max_stay_nights)
    await fill_calendar(session, [room_type_id], today, last)
    hotel = await hotels.change(session, hotel_id, {})
    publish(session, RoomTypeChanged.of(room_type, hotel.currency), hotel.version)
    return room_type


async def update_room_type(
    session: WriteSession,
    principal: Principal,
    room_type_id: UUID,
    *,
    values: Mapping[str, Any],
    currency: str | None,
) -> RoomType:
    """Set the given columns of :data:`ROOM_TYPE_COLUMNS`; the same values again change nothing more.

    Existing nights keep their price and rooms: those are the calendar's.

    Raises:
        InvalidValue, UnknownRoomType, NotYourHotel: nothing was changed.
    """
    stored = _checked(values)
    hotel, room_type = await managed_room_type(session, principal, room_type_id)
    if currency is not None:
        _require_currency(currency, hotel.currency)
    changes = {column: value for column, value in stored.items() if getattr(room_type, column) != value}
    if not changes:
        return room_type
    room_type = await hotels.change_room_type(session, room_type_id, changes)
    if "is_active" in changes:
        await derived.refresh_from_prices(session, [hotel.id])
    hotel = await hotels.change(session, hotel.id, {})
    publish(session, RoomTypeChanged.of(room_type, hotel.currency), hotel.version)
    return room_type


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    stored = checked(ROOM_TYPE_COLUMNS, values, _API_NAMES)
    free, first_night = stored.get("free_cancel_days"), stored.get("first_night_days")
    if free is not None and first_night is not None and first_night > free:
        raise InvalidValue("cancellation.firstNightUntilDays", "cancellation_order")
    return stored


def _require_currency(given: str, expected: str) -> None:
    if given != expected:
        raise InvalidValue("basePrice.currency", "wrong_currency", currency=expected)
