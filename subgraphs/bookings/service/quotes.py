"""What a stay costs, as hotels says now."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import structlog

from subgraphs.bookings.gateways import HotelsGateway, HotelsUnavailable, Offer, Stay, StayRefused
from subgraphs.bookings.models import BookingRow
from subgraphs.bookings.service.errors import InvalidValue, NoRooms, RefusedByHotels, UnknownRoomType
from subgraphs.bookings.settings import BookingsSettings

log = structlog.get_logger(__name__)


def check_stay(stay: Stay, settings: BookingsSettings) -> None:
    """Accept ``stay``, or raise :class:`InvalidValue`. Whether its dates can be sold is for hotels to say."""
    if stay.check_out <= stay.check_in:
        raise InvalidValue("stay.checkOutDate", "check_out_before_check_in")
    if (stay.check_out - stay.check_in).days > settings.max_stay_nights:
        raise InvalidValue("stay.checkOutDate", "stay_too_long", limit=settings.max_stay_nights)
    if not 1 <= stay.rooms <= settings.max_rooms:
        raise InvalidValue("stay.rooms", "rooms_out_of_range", limit=settings.max_rooms)
    if stay.guests < stay.rooms:
        raise InvalidValue("stay.guests", "too_few_guests")


async def quote(
    hotels: HotelsGateway, room_type_id: UUID, stay: Stay, settings: BookingsSettings, *, replaces: UUID | None = None
) -> Offer:
    """The offer of a room type for a stay. Rooms of the hold that the stay would take the place of count as free.

    Raises:
        InvalidValue, RefusedByHotels: the stay is not acceptable.
        UnknownRoomType: there is none.
        NoRooms: it is not free; the error carries what is.
    """
    check_stay(stay, settings)
    try:
        found = await hotels.availability(room_type_id, stay, replaces=replaces)
    except StayRefused as refusal:
        raise RefusedByHotels(refusal.field, refusal.message) from None
    if found is None:
        raise UnknownRoomType
    if found.offer is None:
        raise NoRooms(found.alternatives)
    return found.offer


async def alternatives_to(hotels: HotelsGateway, booking: BookingRow) -> Sequence[Offer]:
    """The hotel's other room types that are free for the stay of a booking that found its own gone.

    None when hotels cannot say: that must not keep the bad news from whoever waits for it.
    """
    stay = Stay(booking.check_in, booking.check_out, booking.guests, booking.rooms)
    try:
        found = await hotels.availability(booking.room_type_id, stay)
    except (HotelsUnavailable, StayRefused, OSError) as error:
        log.warning("alternatives are left out", error=repr(error))
        return ()
    return () if found is None else found.alternatives
