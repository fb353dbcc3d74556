"""Who may change what: managers their own hotels, administrators every hotel."""

from __future__ import annotations

from uuid import UUID

from shared.auth import Principal, Role
from shared.db import WriteSession
from subgraphs.hotels.models import Hotel, RoomType
from subgraphs.hotels.repository import hotels
from subgraphs.hotels.service.errors import NotYourHotel, UnknownHotel, UnknownRoomType


def manages(principal: Principal | None, hotel: Hotel) -> bool:
    """Whether the caller may see and change the inner workings of ``hotel``."""
    if principal is None:
        return False
    if principal.has_any(Role.ADMIN):
        return True
    return principal.has_any(Role.HOTEL_MANAGER) and hotel.manager_id == principal.user_id


async def managed_hotel(session: WriteSession, principal: Principal, hotel_id: UUID) -> Hotel:
    """The hotel, locked until the transaction ends: changes of one hotel happen one after the other.

    Raises:
        UnknownHotel: there is none.
        NotYourHotel: the caller may not change it.
    """
    hotel = await hotels.lock(session, hotel_id)
    if hotel is None:
        raise UnknownHotel
    if not manages(principal, hotel):
        raise NotYourHotel
    return hotel


async def managed_room_type(session: WriteSession, principal: Principal, room_type_id: UUID) -> tuple[Hotel, RoomType]:
    """The room type with its hotel, which is locked until the transaction ends.

    Raises:
        UnknownRoomType: there is none.
        NotYourHotel: the caller may not change it.
    """
    # A room type never moves to another hotel, so its hotel may be read before that is locked.
    found = await hotels.room_types_by_ids(session, [room_type_id])
    if (room_type := found.get(room_type_id)) is None:
        raise UnknownRoomType
    hotel = await managed_hotel(session, principal, room_type.hotel_id)
    await session.refresh(room_type)
    return hotel, room_type
