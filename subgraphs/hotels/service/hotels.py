"""Create and change hotels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from shared.auth import Principal, Role
from shared.db import WriteSession, new_id
from subgraphs.hotels.events import HotelCreated, HotelUpdated, publish
from subgraphs.hotels.models import Hotel
from subgraphs.hotels.repository import derived, destinations, hotels
from subgraphs.hotels.service.access import managed_hotel
from subgraphs.hotels.service.errors import InvalidValue
from subgraphs.hotels.service.idempotency import first_result
from subgraphs.hotels.service.values import HOTEL_COLUMNS, PHOTO_COLUMNS, checked
from subgraphs.hotels.slugs import slugify

MAX_PHOTOS = 60


async def create_hotel(
    session: WriteSession,
    principal: Principal,
    *,
    destination_id: UUID,
    currency: str,
    values: Mapping[str, Any],
    manager_id: UUID | None,
    idempotency_key: str,
) -> Hotel:
    """A new hotel in a destination. The same key with the same input answers the first hotel again.

    Args:
        session: The transaction.
        principal: A manager, who will manage it, or an administrator.
        destination_id: Where it is; time zone and country follow from that.
        currency: Of all its prices, for good.
        values: Columns of :data:`HOTEL_COLUMNS`.
        manager_id: Who will manage it, when an administrator creates it.
        idempotency_key: Chosen by the caller.

    Raises:
        InvalidValue: a value is not acceptable, or there is no such destination.
        KeyReused: the key came before with another input.
    """
    stored = checked(HOTEL_COLUMNS, values, {})
    if manager_id is not None and not principal.has_any(Role.ADMIN):
        raise InvalidValue("managerId", "manager_by_admin")
    hotel_id = new_id()
    fingerprinted = {**stored, "destination_id": destination_id, "currency": currency, "manager_id": manager_id}
    made = await first_result(
        session,
        owner_id=principal.user_id,
        key=idempotency_key,
        operation="createHotel",
        values=fingerprinted,
        new_id=hotel_id,
    )
    if made is not None:
        return (await hotels.by_ids(session, [made]))[made]
    destination = (await destinations.by_ids(session, [destination_id])).get(destination_id)
    if destination is None:
        raise InvalidValue("destinationId", "unknown_destination")
    await derived.lock_directory(session)
    slug = slugify(stored["name"], destination.name)
    if await hotels.slug_exists(session, slug):
        slug = f"{slug}-{hotel_id.hex[-8:]}"
    is_manager = principal.has_any(Role.HOTEL_MANAGER)
    hotel = Hotel(
        **stored,
        id=hotel_id,
        slug=slug,
        destination_id=destination_id,
        manager_id=manager_id or (principal.user_id if is_manager else None),
        place="",
        country_code=destination.country_code,
        time_zone=destination.time_zone,
        currency=currency,
    )
    session.add(hotel)
    await session.flush()
    await derived.refresh_places(session, [hotel_id])
    await derived.refresh_hotel_counts(session, [destination_id])
    await session.refresh(hotel)
    publish(session, HotelCreated.of(hotel), hotel.version)
    return hotel


async def update_hotel(session: WriteSession, principal: Principal, hotel_id: UUID, values: Mapping[str, Any]) -> Hotel:
    """Set the given columns of :data:`HOTEL_COLUMNS`; the same values again change nothing more.

    Raises:
        InvalidValue, UnknownHotel, NotYourHotel: nothing was changed.
    """
    stored = checked(HOTEL_COLUMNS, values, {})
    if "is_listed" in stored or "neighborhood" in stored:
        await derived.lock_directory(session)
    hotel = await managed_hotel(session, principal, hotel_id)
    changes = {column: value for column, value in stored.items() if getattr(hotel, column) != value}
    if not changes:
        return hotel
    hotel = await hotels.change(session, hotel_id, changes)
    if "neighborhood" in changes:
        await derived.refresh_places(session, [hotel_id])
    if "is_listed" in changes:
        await derived.refresh_hotel_counts(session, [hotel.destination_id])
    publish(session, HotelUpdated.of(hotel), hotel.version)
    return hotel


async def set_photos(
    session: WriteSession, principal: Principal, hotel_id: UUID, photos: Sequence[Mapping[str, Any]]
) -> Hotel:
    """Make ``photos`` the hotel's photos, in this order; the same list again changes nothing but the version.

    Raises:
        InvalidValue, UnknownHotel, NotYourHotel: nothing was changed.
    """
    if len(photos) > MAX_PHOTOS:
        raise InvalidValue("photos", "too_many_photos", limit=MAX_PHOTOS)
    room_types = [photo["room_type_id"] for photo in photos]
    stored: list[dict[str, Any]] = []
    for index, photo in enumerate(photos):
        given = {name: value for name, value in photo.items() if name != "room_type_id"}
        names = {name: f"photos.{index}.{name}" for name in given}
        stored.append({**checked(PHOTO_COLUMNS, given, names), "room_type_id": room_types[index], "id": new_id()})
    if len({photo["url"] for photo in stored}) != len(stored):
        raise InvalidValue("photos", "photo_twice")
    await managed_hotel(session, principal, hotel_id)
    known = await hotels.room_types_by_ids(session, [room_type for room_type in room_types if room_type is not None])
    for index, room_type in enumerate(room_types):
        if room_type is not None and (room_type not in known or known[room_type].hotel_id != hotel_id):
            raise InvalidValue(f"photos.{index}.roomTypeId", "unknown_room_type_of_hotel")
    await hotels.set_photos(session, hotel_id, stored)
    hotel = await hotels.change(session, hotel_id, {})
    publish(session, HotelUpdated.of(hotel), hotel.version)
    return hotel
