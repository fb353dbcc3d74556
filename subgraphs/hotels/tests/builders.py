"""Small markets for tests: real rows, written by the same functions that importers use."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.auth import Principal
from shared.db import Database, WriteSession
from subgraphs.hotels.importing import (
    CalendarPricing,
    DestinationRow,
    HotelRow,
    RoomTypeRow,
    fill_calendar,
    upsert_destinations,
    upsert_hotels,
    upsert_room_types,
)

SOON = date.today() + timedelta(days=30)  # noqa: DTZ011  # any day that is ahead in every time zone
"""A day on which stays of tests begin."""


class Market:
    """Writes destinations, hotels and room types, with sensible values for whatever a test does not care about."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._numbers = itertools.count(1)

    async def destination(self, name: str = "Paraty", **values: Any) -> UUID:
        row = DestinationRow(
            **{
                "source": "test", "source_id": f"d{next(self._numbers)}", "name": name, "country_code": "BR",
                "region": "Rio de Janeiro", "region_code": "RJ", "latitude": -23.22, "longitude": -44.71,
                "time_zone": "America/Sao_Paulo", **values,
            }
        )  # fmt: skip
        async with self.database.transaction() as session:
            return (await upsert_destinations(session, [row])).ids[row.source_id]

    async def hotel(
        self, name: str = "Pousada do Ouro", *, destination: UUID | None = None, price: int | None = None, **values: Any
    ) -> UUID:
        """A hotel; with ``price`` (in centavos) it has one room type, free and at that price for a while."""
        place = destination or await self.destination()
        (hotel_id,) = await self.hotels(place, [{"name": name, "price": price, **values}])
        return hotel_id

    async def hotels(self, destination: UUID, values: Sequence[dict[str, Any]]) -> list[UUID]:
        """Many hotels at once, each as :meth:`hotel` makes one."""
        rows = [
            HotelRow(
                **{
                    "source": "test", "source_id": f"h{next(self._numbers)}", "address": "Rua da Praia, 1",
                    "destination_id": destination, "latitude": -23.22, "longitude": -44.71,
                    **{name: value for name, value in given.items() if name != "price"},
                }
            )
            for given in values
        ]  # fmt: skip
        async with self.database.transaction() as session:
            found = (await upsert_hotels(session, rows)).ids
            ids = [found[row.source_id] for row in rows]
            for hotel_id, given in zip(ids, values, strict=True):
                if given.get("price") is not None:
                    await self._room_type(session, hotel_id, price=given["price"])
        return ids

    async def room_type(self, hotel_id: UUID, **values: Any) -> UUID:
        """A room type with ``nights`` nights in its calendar from ``first`` on."""
        async with self.database.transaction() as session:
            return await self._room_type(session, hotel_id, **values)

    async def _room_type(
        self,
        session: WriteSession,
        hotel_id: UUID,
        *,
        price: int = 30_000,
        rooms: int = 5,
        nights: int = 20,
        first: date = SOON,
        **values: Any,
    ) -> UUID:
        row = RoomTypeRow(
            **{
                "hotel_id": hotel_id, "code": f"R{next(self._numbers)}", "name_pt": "Quarto", "name_en": "Room",
                "max_guests": 2, "total_rooms": rooms, "base_price_minor": price, **values,
            }
        )  # fmt: skip
        room_type_id = (await upsert_room_types(session, [row])).ids[(hotel_id, row.code)]
        pricing = CalendarPricing(round_to_minor=1)
        await fill_calendar(session, [room_type_id], first, first + timedelta(days=nights), pricing)
        return room_type_id

    async def managed_by(self, principal: Principal, hotel_id: UUID) -> None:
        """Give the hotel to a manager."""
        await self.execute("UPDATE hotels SET manager_id = :who WHERE id = :id", who=principal.user_id, id=hotel_id)

    async def set_nights(self, room_type_id: UUID, first: date, *, nights: int = 1, **columns: Any) -> None:
        """Set columns of some nights, past every rule but the constraints."""
        assignments = ", ".join(f"{name} = :{name}" for name in columns)
        await self.execute(
            f"UPDATE inventory_nights SET {assignments} WHERE room_type_id = :id AND night >= :a AND night < :b",
            id=room_type_id, a=first, b=first + timedelta(days=nights), **columns,
        )  # fmt: skip

    async def execute(self, statement: str, **parameters: Any) -> None:
        async with self.database.transaction() as session:
            await session.execute(text(statement), parameters)

    async def rows(self, statement: str, **parameters: Any) -> Sequence[Any]:
        async with self.database.read() as session:
            return (await session.execute(text(statement), parameters)).all()

    async def value(self, statement: str, **parameters: Any) -> Any:
        (row,) = await self.rows(statement, **parameters)
        return row[0]

    async def snapshot(self) -> Sequence[Any]:
        """Everything that a refused mutation must leave as it is."""
        return await self.rows("""
            SELECT 'hotel', to_jsonb(h) FROM (SELECT * FROM hotels ORDER BY id) h
            UNION ALL SELECT 'room', to_jsonb(r) FROM (SELECT * FROM room_types ORDER BY id) r
            UNION ALL SELECT 'night', to_jsonb(n) FROM (SELECT * FROM inventory_nights ORDER BY 1, 2) n
            UNION ALL SELECT 'photo', to_jsonb(p) FROM (SELECT * FROM photos ORDER BY id) p
            UNION ALL SELECT 'review', to_jsonb(v) FROM (SELECT * FROM reviews ORDER BY id) v
            UNION ALL SELECT 'event', to_jsonb(o) FROM (SELECT * FROM outbox ORDER BY id) o
            UNION ALL SELECT 'key', to_jsonb(k) FROM (SELECT * FROM idempotency_keys ORDER BY 1, 2) k
        """)


def stay(nights: int = 3, *, first: date = SOON, guests: int = 2, rooms: int = 1) -> dict[str, Any]:
    """A ``StayInput``."""
    return {
        "checkInDate": first.isoformat(),
        "checkOutDate": (first + timedelta(days=nights)).isoformat(),
        "guests": guests,
        "rooms": rooms,
    }
