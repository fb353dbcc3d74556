"""What bookings asks of hotels: prices, terms, and who manages what. Hotels is the authority on all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any, Final, Protocol
from uuid import UUID

from shared.graphql import CurrencyCode, GraphQLRequest, MoneyInput
from shared.graphql.errors import BAD_USER_INPUT
from shared.graphql.messages import OperationExecutor
from subgraphs.bookings.booking.policy import CancellationPolicy


class HotelsUnavailable(ConnectionError):
    """Hotels does not answer, or not what we asked."""


class StayRefused(Exception):
    """Hotels does not accept the stay as such: too long, too far ahead, in the past."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


@dataclass(frozen=True, slots=True)
class Stay:
    """Nights from ``check_in`` up to, not including, ``check_out``; dates are local to the hotel."""

    check_in: date
    check_out: date
    guests: int
    """In all rooms together."""
    rooms: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A room type that is free for a stay, at a price and on terms."""

    hotel_id: UUID
    hotel_name: str
    time_zone: str
    check_in_time: time
    room_type_id: UUID
    nightly_minor: tuple[tuple[date, int], ...]
    """Price of one room by night."""
    total_minor: int
    """Of all rooms for all nights."""
    currency: str
    policy: CancellationPolicy
    rooms_left: int
    city: str | None = None
    """In Portuguese, so that it is the same whoever asks; ``None`` where the hotel's destination is no city."""
    region: str | None = None
    """The state or province by its code, such as ``RJ``."""
    country_code: str | None = None
    """ISO 3166-1 alpha-2."""


@dataclass(frozen=True, slots=True)
class Availability:
    """What a hotel has for a stay."""

    hotel_id: UUID
    offer: Offer | None
    """Of the room type that was asked for; ``None`` when it is not free."""
    alternatives: tuple[Offer, ...]
    """The hotel's other room types that are free, the cheapest first."""


class HotelsGateway(Protocol):
    """The port to hotels."""

    async def availability(
        self, room_type_id: UUID, stay: Stay, *, replaces: UUID | None = None
    ) -> Availability | None:
        """What the hotel of a room type has for a stay; ``None`` when there is no such room type.

        Args:
            room_type_id: The room type.
            stay: The stay.
            replaces: A booking's hold that the stay would take the place of: its rooms count as free.

        Raises:
            StayRefused: the stay itself is not acceptable.
            HotelsUnavailable: nobody knows right now.
        """
        ...

    async def managed_by(self, hotel_ids: Collection[UUID], user_id: UUID) -> frozenset[UUID]:
        """Those of the hotels that the user manages.

        Raises:
            HotelsUnavailable: nobody knows right now.
        """
        ...


_AVAILABILITY: Final = """
query BookingsAvailability($roomTypes: [_Any!]!, $stay: StayInput!, $replaces: ID) {
  _entities(representations: $roomTypes) {
    ... on RoomType {
      hotel {
        id name timeZone checkInTime countryCode
        destination { kind name(locale: PT_BR) regionCode }
        availability(stay: $stay, replacesHoldId: $replaces) {
          roomType { id }
          nights { nightDate price { amount currency } }
          total { amount currency }
          roomsLeft
          cancellation { freeUntilDays firstNightUntilDays }
        }
      }
    }
  }
}"""

_MANAGED: Final = """
query BookingsManagedHotels($hotels: [_Any!]!, $userId: ID!) {
  _entities(representations: $hotels) { ... on Hotel { id isManagedBy(userId: $userId) } }
}"""


class GraphQLHotelsGateway:
    """Asks the hotels subgraph, in this process or over HTTP: the executor knows."""

    def __init__(self, executor: OperationExecutor) -> None:
        self._executor = executor

    async def availability(
        self, room_type_id: UUID, stay: Stay, *, replaces: UUID | None = None
    ) -> Availability | None:
        """See :class:`HotelsGateway`."""
        variables = {
            "roomTypes": [{"__typename": "RoomType", "id": str(room_type_id)}],
            "stay": {
                "checkInDate": stay.check_in.isoformat(),
                "checkOutDate": stay.check_out.isoformat(),
                "guests": stay.guests,
                "rooms": stay.rooms,
            },
            "replaces": None if replaces is None else str(replaces),
        }
        (room_type,) = await self._entities(_AVAILABILITY, variables)
        if room_type is None:
            return None
        hotel = room_type["hotel"]
        offers = [_offer(hotel, found) for found in hotel["availability"]]
        wanted = next((offer for offer in offers if offer.room_type_id == room_type_id), None)
        others = tuple(offer for offer in offers if offer.room_type_id != room_type_id)
        return Availability(hotel_id=UUID(hotel["id"]), offer=wanted, alternatives=others)

    async def managed_by(self, hotel_ids: Collection[UUID], user_id: UUID) -> frozenset[UUID]:
        """See :class:`HotelsGateway`."""
        variables = {
            "hotels": [{"__typename": "Hotel", "id": str(hotel_id)} for hotel_id in hotel_ids],
            "userId": str(user_id),
        }
        hotels = await self._entities(_MANAGED, variables)
        return frozenset(UUID(hotel["id"]) for hotel in hotels if hotel is not None and hotel["isManagedBy"])

    async def _entities(self, query: str, variables: Mapping[str, Any]) -> list[Any]:
        response = await self._executor.execute(GraphQLRequest(query, variables))
        for error in response.get("errors", ()):
            extensions = error.get("extensions", {})
            if extensions.get("code") == BAD_USER_INPUT and "field" in extensions:
                raise StayRefused(error["message"], extensions["field"])
        data = response.get("data")
        if response.get("errors") or data is None:
            raise HotelsUnavailable(f"hotels answered with errors: {response.get('errors')}")
        entities: list[Any] = data["_entities"]
        return entities


def _offer(hotel: Mapping[str, Any], found: Mapping[str, Any]) -> Offer:
    destination = hotel["destination"]
    return Offer(
        hotel_id=UUID(hotel["id"]),
        hotel_name=hotel["name"],
        time_zone=hotel["timeZone"],
        check_in_time=time.fromisoformat(hotel["checkInTime"]),
        room_type_id=UUID(found["roomType"]["id"]),
        nightly_minor=tuple(
            (date.fromisoformat(night["nightDate"]), _minor(night["price"])) for night in found["nights"]
        ),
        total_minor=_minor(found["total"]),
        currency=found["total"]["currency"],
        policy=CancellationPolicy(
            free_until_days=found["cancellation"]["freeUntilDays"],
            first_night_until_days=found["cancellation"]["firstNightUntilDays"],
        ),
        rooms_left=found["roomsLeft"],
        city=destination["name"] if destination["kind"] == "CITY" else None,
        region=destination["regionCode"],
        country_code=hotel["countryCode"],
    )


def _minor(money: Mapping[str, Any]) -> int:
    return MoneyInput(amount=Decimal(money["amount"]), currency=CurrencyCode(money["currency"])).to_minor()
