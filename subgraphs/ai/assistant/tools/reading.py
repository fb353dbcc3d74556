"""The router's JSON as answers of tools. What hotels and guests wrote is cut short and stripped: it is data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from subgraphs.ai.assistant import words
from subgraphs.ai.assistant.contract import Language
from subgraphs.ai.assistant.guarding import clean
from subgraphs.ai.assistant.tools.answers import (
    BookingFound,
    HotelAbout,
    HotelFound,
    Price,
    ReviewText,
    RoomOffer,
    Terms,
)

DESCRIPTION_CHARACTERS: Final = 800
REVIEW_CHARACTERS: Final = 300

Json = Mapping[str, Any]


def nodes(connection: Json | None) -> list[Json]:
    """The items of a connection that may be missing."""
    return [edge["node"] for edge in (connection or {}).get("edges", ()) if edge.get("node") is not None]


def price(value: Json | None) -> Price | None:
    """An amount that may be missing."""
    return None if value is None else Price(amount=Decimal(value["amount"]), currency=value["currency"])


def required_price(value: Json) -> Price:
    """An amount."""
    return Price(amount=Decimal(value["amount"]), currency=value["currency"])


def terms(language: Language, free: int | None, first_night: int | None) -> Terms:
    """Cancellation terms with their words."""
    return Terms(
        free_until_days=free,
        first_night_until_days=first_night,
        summary=words.terms(language, free, first_night),
    )


def policy(language: Language, value: Json | None) -> Terms | None:
    """A ``CancellationPolicy``."""
    return None if value is None else terms(language, value["freeUntilDays"], value["firstNightUntilDays"])


def offers(language: Language, hotel: Json) -> list[RoomOffer]:
    """The rooms of ``Hotel.availability``."""
    return [
        RoomOffer(
            room_type_id=offer["roomType"]["id"],
            name=_line(offer["roomType"]["name"]),
            max_guests=offer["maxGuests"],
            total=price(offer["total"]),
            terms=policy(language, offer["cancellation"]),
        )
        for offer in hotel.get("availability") or ()
    ]


def hotel_found(language: Language, hotel: Json, *, room_nights: int | None = None) -> HotelFound:
    """A hotel of a list; with ``room_nights`` (rooms times nights of the stay) its price is that of the offers."""
    return HotelFound(**_hotel_fields(language, hotel, room_nights))


def hotel_about(language: Language, hotel: Json) -> HotelAbout:
    """A hotel with its text, rooms and newest reviews."""
    fields = _hotel_fields(language, hotel, None)
    fields["rooms"] = [
        RoomOffer(
            room_type_id=room["id"],
            name=_line(room["name"]),
            max_guests=room["maxGuests"],
            terms=policy(language, room["cancellation"]),
        )
        for room in hotel.get("roomTypes") or ()
        if room["isActive"]
    ]
    return HotelAbout(
        **fields,
        description=None if hotel["description"] is None else clean(hotel["description"])[:DESCRIPTION_CHARACTERS],
        reviews=[
            ReviewText(
                rating=_decimal(review["rating"]),
                text=clean(" ".join(part for part in (review["title"], review["body"]) if part))[:REVIEW_CHARACTERS],
            )
            for review in nodes(hotel.get("reviews"))
        ],
    )


def booking_found(booking: Json) -> BookingFound:
    """A booking of the traveler."""
    return BookingFound(
        code=booking["code"],
        state=booking["state"],
        hotel_name=hotel_name(booking),
        check_in=date.fromisoformat(booking["checkInDate"]),
        check_out=date.fromisoformat(booking["checkOutDate"]),
        guests=booking["guests"],
        total=required_price(booking["total"]),
        can_cancel=booking["cancellation"]["isPossible"],
    )


def hotel_name(holder: Json) -> str:
    """The name of the hotel of a booking, which may be unknown just now."""
    return _line((holder.get("hotel") or {}).get("name") or "Hotel")


def _hotel_fields(language: Language, hotel: Json, room_nights: int | None) -> dict[str, Any]:
    rooms = offers(language, hotel)
    if room_nights is None:
        nightly = price(hotel.get("fromPrice"))
    else:
        totals = [offer.total for offer in rooms if offer.total is not None]
        lowest = min(totals, key=lambda each: each.amount, default=None)
        nightly = (
            None if lowest is None else Price(amount=round(lowest.amount / room_nights, 2), currency=lowest.currency)
        )
    place = ", ".join(part for part in (hotel["neighborhood"], hotel["destination"]["name"]) if part)
    return {
        "hotel_id": hotel["id"],
        "name": _line(hotel["name"]),
        "place": _line(place),
        "rating": None if hotel["rating"] is None else _decimal(hotel["rating"]),
        "stars": hotel["stars"],
        "amenities": [amenity["code"].upper() for amenity in hotel["amenities"]],
        "price_per_night": nightly,
        "rooms": rooms,
    }


def _line(text: str) -> str:
    return " ".join(clean(text).split())[:120]


def _decimal(value: float) -> Decimal:
    return Decimal(str(value))
