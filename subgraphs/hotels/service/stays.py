"""Accept or refuse the stay that somebody asks for."""

from __future__ import annotations

from datetime import date, timedelta

from subgraphs.hotels.service.errors import InvalidValue
from subgraphs.hotels.settings import HotelsSettings
from subgraphs.hotels.stays import Stay

MAX_GUESTS_PER_ROOM = 30


def check_stay(stay: Stay, settings: HotelsSettings, today: date) -> None:
    """Accept ``stay`` as asked on the date ``today``, or raise :class:`InvalidValue`."""
    if stay.check_out <= stay.check_in:
        raise InvalidValue("stay.checkOutDate", "check_out_before_check_in")
    if stay.night_count > settings.max_stay_nights:
        raise InvalidValue("stay.checkOutDate", "stay_too_long", limit=settings.max_stay_nights)
    if stay.check_in < today:
        raise InvalidValue("stay.checkInDate", "check_in_past")
    if stay.check_in > today + timedelta(days=settings.max_days_ahead):
        raise InvalidValue("stay.checkInDate", "check_in_too_far", limit=settings.max_days_ahead)
    if not 1 <= stay.rooms <= settings.max_rooms:
        raise InvalidValue("stay.rooms", "rooms_out_of_range", limit=settings.max_rooms)
    if stay.guests < stay.rooms:
        raise InvalidValue("stay.guests", "too_few_guests")
    if stay.guests > stay.rooms * MAX_GUESTS_PER_ROOM:
        raise InvalidValue("stay.guests", "too_many_guests", limit=MAX_GUESTS_PER_ROOM)
