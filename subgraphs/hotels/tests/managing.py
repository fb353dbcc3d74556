"""What managers send, for the tests of managing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.auth import Role
from shared.testing import make_principal
from subgraphs.hotels.tests.builders import SOON

PROBLEM = "... on Problem { message } ... on InvalidInput { field }"
CREATE_HOTEL = f"""
mutation($input: CreateHotelInput!, $key: String!) {{
  createHotel(input: $input, idempotencyKey: $key) {{
    __typename ... on Hotel {{ id slug name timeZone currency amenities {{ code }} }} {PROBLEM} }}
}}"""
UPDATE_HOTEL = f"""
mutation($input: UpdateHotelInput!) {{
  updateHotel(input: $input) {{ __typename ... on Hotel {{ name description stars isListed }} {PROBLEM} }}
}}"""
SET_PHOTOS = f"""
mutation($input: SetHotelPhotosInput!) {{
  setHotelPhotos(input: $input) {{
    __typename ... on Hotel {{ photos {{ url caption }} roomTypes {{ photos {{ url }} }} }} {PROBLEM} }}
}}"""
CREATE_ROOM_TYPE = f"""
mutation($input: CreateRoomTypeInput!, $key: String!) {{
  createRoomType(input: $input, idempotencyKey: $key) {{
    __typename ... on RoomType {{ id code name maxGuests hotel {{ fromPrice {{ amount }} }} }} {PROBLEM} }}
}}"""
UPDATE_ROOM_TYPE = f"""
mutation($input: UpdateRoomTypeInput!) {{
  updateRoomType(input: $input) {{ __typename ... on RoomType {{ name maxGuests isActive }} {PROBLEM} }}
}}"""
UPDATE_RATES = f"""
mutation($input: UpdateRatesInput!) {{
  updateRates(input: $input) {{
    __typename ... on CalendarUpdated {{ nightCount roomType {{ hotel {{ fromPrice {{ amount }} }} }} }} {PROBLEM} }}
}}"""
UPDATE_INVENTORY = f"""
mutation($input: UpdateInventoryInput!) {{
  updateInventory(input: $input) {{
    __typename
    ... on CalendarUpdated {{ nightCount }}
    ... on RoomsAlreadyTaken {{ nights {{ nightDate takenRooms }} }}
    {PROBLEM} }}
}}"""
CALENDAR = """
query($id: ID!, $first: LocalDate!, $last: LocalDate!) {
  _entities(representations: [{__typename: "RoomType", id: $id}]) { ... on RoomType {
    calendar(firstNightDate: $first, lastNightDate: $last) {
      nightDate price { amount } minimumStay totalRooms heldRooms soldRooms isClosed } } }
}"""

MANAGER = make_principal(Role.HOTEL_MANAGER)
ADMIN = make_principal(Role.ADMIN)


def hotel_input(destination_id: object, **values: Any) -> dict[str, Any]:
    return {
        "destinationId": str(destination_id), "name": "Pousada São João", "address": "Rua do Comércio, 10",
        "latitude": -23.2, "longitude": -44.7, **values,
    }  # fmt: skip


def room_input(hotel_id: object, **values: Any) -> dict[str, Any]:
    return {
        "hotelId": str(hotel_id), "code": "STD", "namePt": "Padrão", "maxGuests": 2, "totalRooms": 4,
        "basePrice": {"amount": "250.00"}, **values,
    }  # fmt: skip


def nights_input(room_type_id: object, nights: int = 7, **values: Any) -> dict[str, Any]:
    return {
        "roomTypeId": str(room_type_id),
        "firstNightDate": SOON.isoformat(),
        "lastNightDate": (SOON + timedelta(days=nights - 1)).isoformat(),
        **values,
    }
