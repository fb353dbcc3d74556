"""Set rates and inventory on ranges of nights."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.auth import Principal
from shared.db import WriteSession
from subgraphs.hotels.events import InventoryChanged, RatesChanged, publish
from subgraphs.hotels.models import RoomType
from subgraphs.hotels.repository import calendar, derived, hotels
from subgraphs.hotels.repository.calendar import CalendarChange, NightRange
from subgraphs.hotels.service.access import managed_room_type
from subgraphs.hotels.service.errors import InvalidValue, RoomsTaken
from subgraphs.hotels.service.values import MAX_PRICE_MINOR
from subgraphs.hotels.settings import HotelsSettings
from subgraphs.hotels.stays import today_in

EVERY_WEEKDAY = frozenset(range(1, 8))
MAX_MIN_STAY = 30
MAX_ROOMS = 5_000


@dataclass(frozen=True, slots=True)
class ChangedCalendar:
    """What a change of the calendar did."""

    room_type: RoomType
    night_count: int


async def update_rates(
    session: WriteSession,
    principal: Principal,
    nights: NightRange,
    *,
    weekdays: Collection[int],
    price_minor: int | None,
    currency: str | None,
    min_stay: int | None,
    settings: HotelsSettings,
    now: datetime,
) -> ChangedCalendar:
    """Set price and minimum stay on nights. The same change again leaves the same calendar.

    Args:
        session: The transaction.
        principal: Who asks.
        nights: Range of hotel-local nights of a room type.
        weekdays: ISO weekdays (1 is Monday) of the range to change.
        price_minor: Price of a room and night, or ``None`` to keep it.
        currency: Of the price; must be the hotel's.
        min_stay: Fewest nights of a stay that arrives on the night, or ``None`` to keep it.
        settings: The domain's.
        now: The current moment.

    Raises:
        InvalidValue, UnknownRoomType, NotYourHotel: nothing was changed.
    """
    if price_minor is None and min_stay is None:
        raise InvalidValue("price", "nothing_to_change")
    if price_minor is not None and not 0 < price_minor <= MAX_PRICE_MINOR:
        raise InvalidValue("price.amount", "out_of_range", low="0.01", high=MAX_PRICE_MINOR // 100)
    if min_stay is not None and not 1 <= min_stay <= MAX_MIN_STAY:
        raise InvalidValue("minimumStay", "out_of_range", low=1, high=MAX_MIN_STAY)
    hotel, room_type = await managed_room_type(session, principal, nights.room_type_id)
    if price_minor is not None and currency != hotel.currency:
        raise InvalidValue("price.currency", "wrong_currency", currency=hotel.currency)
    _check_range(nights, weekdays, today_in(hotel.time_zone, now), settings)
    changed = await calendar.change(
        session, nights, weekdays, CalendarChange(price_minor=price_minor, min_stay=min_stay)
    )
    await derived.refresh_from_prices(session, [hotel.id])
    hotel = await hotels.change(session, hotel.id, {})
    event = RatesChanged(
        hotel_id=hotel.id,
        room_type_id=room_type.id,
        first_night=nights.first,
        last_night=nights.last,
        weekdays=sorted(weekdays),
        price_minor=price_minor,
        currency=hotel.currency,
        min_stay=min_stay,
    )
    publish(session, event, hotel.version)
    return ChangedCalendar(room_type, len(changed))


async def update_inventory(
    session: WriteSession,
    principal: Principal,
    nights: NightRange,
    *,
    weekdays: Collection[int],
    total: int | None,
    is_closed: bool | None,
    settings: HotelsSettings,
    now: datetime,
) -> ChangedCalendar:
    """Set the number of rooms on nights, or open and close them. The same change again leaves the same calendar.

    Args:
        session: The transaction.
        principal: Who asks.
        nights: Range of hotel-local nights of a room type.
        weekdays: ISO weekdays (1 is Monday) of the range to change.
        total: Rooms that may be sold in all, or ``None`` to keep them.
        is_closed: Whether to stop selling, or ``None`` to keep that.
        settings: The domain's.
        now: The current moment.

    Raises:
        RoomsTaken: on some of the nights more rooms than ``total`` are held or sold; nothing was changed.
        InvalidValue, UnknownRoomType, NotYourHotel: nothing was changed.
    """
    if total is None and is_closed is None:
        raise InvalidValue("totalRooms", "nothing_to_change")
    if total is not None and not 0 <= total <= MAX_ROOMS:
        raise InvalidValue("totalRooms", "out_of_range", low=0, high=MAX_ROOMS)
    hotel, room_type = await managed_room_type(session, principal, nights.room_type_id)
    _check_range(nights, weekdays, today_in(hotel.time_zone, now), settings)
    changed = await calendar.change(session, nights, weekdays, CalendarChange(total=total, is_closed=is_closed))
    if total is not None and (taken := await calendar.taken_above(session, nights, weekdays, total)):
        raise RoomsTaken(taken)
    await derived.refresh_from_prices(session, [hotel.id])
    hotel = await hotels.change(session, hotel.id, {})
    event = InventoryChanged(
        hotel_id=hotel.id,
        room_type_id=room_type.id,
        first_night=nights.first,
        last_night=nights.last,
        weekdays=sorted(weekdays),
        total=total,
        is_closed=is_closed,
    )
    publish(session, event, hotel.version)
    return ChangedCalendar(room_type, len(changed))


def _check_range(nights: NightRange, weekdays: Collection[int], today: date, settings: HotelsSettings) -> None:
    if nights.last < nights.first:
        raise InvalidValue("lastNightDate", "nights_reversed")
    if nights.first < today:
        raise InvalidValue("firstNightDate", "nights_past")
    if nights.last > today + timedelta(days=settings.max_calendar_days_ahead):
        raise InvalidValue("lastNightDate", "nights_too_far", limit=settings.max_calendar_days_ahead)
    if not weekdays or not EVERY_WEEKDAY.issuperset(weekdays):
        raise InvalidValue("weekdays", "no_weekday")
