"""Load many destinations, hotels, room types, nights and reviews at once. For importers and the seeder.

Every function works inside the caller's transaction, may run again with the same rows without changing anything, and
takes as many rows as fit in memory (a few thousand at a time is a good batch). Commit after each batch: until then
nobody else can create a hotel, because slugs are chosen one after the other. A typical import::

    async with database.transaction() as session:
        places = await upsert_destinations(session, destination_rows)
        hotels = await upsert_hotels(session, hotel_rows)          # hotel_rows use places.ids[source_id]
        rooms = await upsert_room_types(session, room_type_rows)   # room_type_rows use hotels.ids[source_id]
        await fill_calendar(session, list(rooms.ids.values()), first_night, until, pricing)
        await upsert_reviews(session, review_rows)
"""

from subgraphs.hotels.importing.directory import upsert_destinations, upsert_hotels, upsert_room_types
from subgraphs.hotels.importing.reviews import upsert_reviews
from subgraphs.hotels.importing.rows import DestinationRow, HotelRow, PhotoRow, ReviewRow, RoomTypeRow, UpsertResult
from subgraphs.hotels.repository.calendar_fill import CalendarPricing, Peak, fill_calendar

__all__ = [
    "CalendarPricing",
    "DestinationRow",
    "HotelRow",
    "Peak",
    "PhotoRow",
    "ReviewRow",
    "RoomTypeRow",
    "UpsertResult",
    "fill_calendar",
    "upsert_destinations",
    "upsert_hotels",
    "upsert_reviews",
    "upsert_room_types",
]
