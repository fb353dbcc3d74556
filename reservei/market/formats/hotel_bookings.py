"""``hotel_bookings.csv.gz``: the bookings of two Portuguese hotels, July 2015 to August 2017.

"Hotel booking demand datasets" by Antonio, Almeida and Nunes, Data in Brief 22 (2019), CC BY 4.0.
"""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from hashlib import blake2b
from typing import Final, TypeVar
from uuid import UUID

from reservei.market.csv_rows import Row
from reservei.market.fields import Values, integer, iso_date, number, optional_integer
from reservei.market.gazetteer import City, destination_of, gazetteer
from reservei.market.hotels import UNASSIGNED, Calendar, HotelDraft, write_hotels
from reservei.market.importing import Importer, Item, Parsed, Written
from reservei.market.pricing import Season
from reservei.market.problems import Adjustment, Reason, RowRejected
from reservei.market.report import Tally
from shared.db import Database, WriteSession
from subgraphs.bookings.booking.policy import CancellationPolicy
from subgraphs.bookings.importing import Ending, PastBooking, import_past_bookings
from subgraphs.hotels.importing import HotelRow, RoomTypeRow
from subgraphs.hotels.models import PropertyKind

T = TypeVar("T")

HOTEL_BOOKINGS_SOURCE: Final = "hotel-bookings"

_CURRENCY: Final = "EUR"
_TIME_ZONE: Final = "Europe/Lisbon"
_CHECK_IN_TIME: Final = time(14)
_CHECK_OUT_TIME: Final = time(12)
_DEAREST_NIGHT: Final = 1_000
"""EUR. The dearest night of the file but one costs 510; that one, at 5,400, is a point in the wrong place."""

_MONTHS: Final = {name: month for month, name in enumerate(calendar.month_name) if name}
_ENDINGS: Final = {"Check-Out": Ending.CHECKED_OUT, "Canceled": Ending.CANCELLED, "No-Show": Ending.NO_SHOW}
_UNTIL_ARRIVAL: Final = CancellationPolicy(free_until_days=0, first_night_until_days=0)
_POLICIES: Final = {
    "No Deposit": _UNTIL_ARRIVAL,
    # Part of the price was paid ahead; the file does not say how much, nor how much came back.
    "Refundable": _UNTIL_ARRIVAL,
    "Non Refund": CancellationPolicy(free_until_days=None, first_night_until_days=None),
}


@dataclass(frozen=True, slots=True)
class _Room:
    median_minor: int
    """The price of a night."""
    most_sold: int
    """Rooms that were occupied in the fullest night: the hotel has at least as many."""
    most_guests: int
    """That ever stayed on one booking."""


@dataclass(frozen=True, slots=True)
class _Property:
    name_pt: str
    town: str
    kind: PropertyKind
    season: Season
    rooms: Mapping[str, _Room]


# The file hides what the letters stand for. These numbers are the file's own.
_PROPERTIES: Final[Mapping[str, _Property]] = {
    "City Hotel": _Property("Hotel urbano", "Lisbon", PropertyKind.HOTEL, Season.EUROPE, {
        "A": _Room(94_50, 217, 10), "B": _Room(88_77, 14, 5), "C": _Room(104_00, 2, 4), "D": _Room(132_30, 64, 12),
        "E": _Room(162_00, 13, 5), "F": _Room(190_00, 9, 5), "G": _Room(227_25, 5, 5),
    }),
    "Resort Hotel": _Property("Resort", "Faro", PropertyKind.RESORT, Season.EUROPE, {
        "A": _Room(62_75, 142, 5), "B": _Room(110_00, 1, 2), "C": _Room(165_00, 14, 5), "D": _Room(84_00, 64, 4),
        "E": _Room(99_00, 37, 4), "F": _Room(121_00, 12, 4), "G": _Room(157_13, 10, 5), "H": _Room(184_80, 5, 5),
        "L": _Room(143_00, 1, 4),
    }),
}  # fmt: skip
"""By name in the file. The paper places one in Lisbon and the other in the Algarve, and says no more."""


class HotelBookingsImporter(Importer[PastBooking]):
    """Imports each row as a booking that is over, made of events with the file's dates.

    Rows have no id, and 31,994 of them repeat another one: bookings of groups, each of them real. So a row is known by
    its content and by how many of the same came before it.
    """

    kind = "bookings"
    domain = "bookings"
    also_opens = ("hotels",)
    columns = (
        "hotel", "is_canceled", "lead_time", "arrival_date_year", "arrival_date_month", "arrival_date_week_number",
        "arrival_date_day_of_month", "stays_in_weekend_nights", "stays_in_week_nights", "adults", "children", "babies",
        "meal", "country", "market_segment", "distribution_channel", "is_repeated_guest", "previous_cancellations",
        "previous_bookings_not_canceled", "reserved_room_type", "assigned_room_type", "booking_changes",
        "deposit_type", "agent", "company", "days_in_waiting_list", "customer_type", "adr",
        "required_car_parking_spaces", "total_of_special_requests", "reservation_status", "reservation_status_date",
    )  # fmt: skip

    def __init__(self) -> None:
        """Import one file: the count of equal rows begins anew with each importer."""
        self.calendar: Calendar | None = None
        """Nights to put on sale: none, because what the hotels sold is over."""
        self._hotel_ids: Mapping[str, UUID] = {}
        self._room_type_ids: Mapping[tuple[UUID, str], UUID] = {}
        self._occurrences: Counter[bytes] = Counter()

    async def prepare(self, databases: Mapping[str, Database]) -> Mapping[str, Tally]:
        """Write the two hotels and their room types."""
        drafts = [_draft(name, about) for name, about in _PROPERTIES.items()]
        async with databases["hotels"].transaction() as session:
            written = await write_hotels(session, drafts, self.calendar)
        self._hotel_ids, self._room_type_ids = written.hotels.ids, written.rooms.ids
        return {"hotels": Tally.of(written.hotels), "room types": Tally.of(written.rooms)}

    def parse(self, row: Row) -> Parsed[PastBooking]:
        """A booking with guests, nights, a price, and an end that its columns agree on."""
        values = row.values
        source_id = self._source_id(values)
        hotel = values["hotel"].strip()
        about = _known(_PROPERTIES, values, "hotel")
        guests, adjustments = _guests(values)
        guest_country = _guest_country(values)
        nights = _nights(values)
        if (room := values["reserved_room_type"].strip()) not in about.rooms:
            raise RowRejected(Reason.UNKNOWN_VALUE, "reserved_room_type", f"{room[:60]} at {hotel}")
        arrival = _arrival(values)
        ending = _known(_ENDINGS, values, "reservation_status")
        is_canceled = integer(values, "is_canceled", 0, 1) == 1
        if is_canceled is (ending is Ending.CHECKED_OUT):
            detail = f"{values['is_canceled']} beside {values['reservation_status']}"
            raise RowRejected(Reason.CONTRADICTION, "is_canceled", detail)
        hotel_id = self._hotel_ids[hotel]
        place = destination_of(_town(about.town))
        booking = PastBooking(
            source_id=source_id,
            hotel_id=hotel_id,
            hotel_name=hotel,
            room_type_id=self._room_type_ids[hotel_id, room],
            time_zone=_TIME_ZONE,
            check_in_time=_CHECK_IN_TIME,
            check_out_time=_CHECK_OUT_TIME,
            check_in=arrival,
            nights=nights,
            guests=guests,
            night_price_minor=_night_price_minor(values),
            currency=_CURRENCY,
            policy=_known(_POLICIES, values, "deposit_type"),
            booked_on=arrival - timedelta(days=integer(values, "lead_time", 0, 3_650)),
            ending=ending,
            ended_on=iso_date(values, "reservation_status_date"),
            guest_country=guest_country,
            city=place.name,
            region=place.region_code,
            country_code=place.country_code,
        )
        if guest_country is None:
            adjustments += (Adjustment.COUNTRY_UNKNOWN,)
        return Parsed(source_id, booking, adjustments)

    async def write(self, session: WriteSession, items: Sequence[Item[PastBooking]]) -> Written[PastBooking]:
        """Write the bookings that are not there yet."""
        result = await import_past_bookings(session, HOTEL_BOOKINGS_SOURCE, [item.record for item in items])
        return Written({self.kind: Tally(new=result.inserted, unchanged=result.unchanged)})

    def _source_id(self, values: Values) -> str:
        content = "\x1f".join(values[column].strip() for column in self.columns).encode()
        digest = blake2b(content, digest_size=16)
        self._occurrences[digest.digest()] += 1
        return f"{digest.hexdigest()}-{self._occurrences[digest.digest()]}"


def _draft(name: str, about: _Property) -> HotelDraft:
    city = _town(about.town)
    hotel = HotelRow(
        source=HOTEL_BOOKINGS_SOURCE,
        source_id=name,
        destination_id=UNASSIGNED,
        name=name,
        address=destination_of(city).name,
        latitude=city.latitude,
        longitude=city.longitude,
        currency=_CURRENCY,
        time_zone=_TIME_ZONE,
        kind=about.kind,
        description_pt=f"{about.name_pt} em Portugal, com as reservas de 2015 a 2017 de um estudo.",
        description_en=f"A {name.lower()} in Portugal, with the bookings of 2015 to 2017 from a study.",
        check_in_time=_CHECK_IN_TIME,
        check_out_time=_CHECK_OUT_TIME,
    )
    rooms = tuple(
        RoomTypeRow(
            hotel_id=UNASSIGNED,
            code=code,
            name_pt=f"Quarto tipo {code}",
            name_en=f"Room type {code}",
            max_guests=room.most_guests,
            total_rooms=room.most_sold,
            base_price_minor=room.median_minor,
            free_cancel_days=_UNTIL_ARRIVAL.free_until_days,
            first_night_days=_UNTIL_ARRIVAL.first_night_until_days,
            position=position,
        )
        for position, (code, room) in enumerate(about.rooms.items())
    )
    return HotelDraft(destination=destination_of(city), hotel=hotel, rooms=rooms, season=about.season)


def _guest_country(values: Values) -> str | None:
    """ISO 3166-1 alpha-2. The file has alpha-3, but for China's ``CN``, and some that no longer exist or never did."""
    country = gazetteer().country(values["country"].strip())
    return None if country is None else country.iso


@cache
def _town(name: str) -> City:
    city = gazetteer().find(name, "PT")
    assert city is not None, name
    return city


def _guests(values: Values) -> tuple[int, tuple[Adjustment, ...]]:
    """Adults, children and babies together."""
    children = optional_integer(values, "children", 0, 100)
    guests = integer(values, "adults", 0, 100) + (children or 0) + integer(values, "babies", 0, 100)
    if guests == 0:
        raise RowRejected(Reason.OUT_OF_RANGE, "adults, children, babies", "a booking for nobody")
    return guests, (Adjustment.CHILDREN_UNKNOWN,) if children is None else ()


def _nights(values: Values) -> int:
    columns = ("stays_in_weekend_nights", "stays_in_week_nights")
    nights = sum(integer(values, column, 0, 365) for column in columns)
    if nights == 0:
        raise RowRejected(Reason.OUT_OF_RANGE, ", ".join(columns), "a stay of no night")
    return nights


def _arrival(values: Values) -> date:
    year, day = integer(values, "arrival_date_year", 1900, 2100), integer(values, "arrival_date_day_of_month", 1, 31)
    try:
        return date(year, _known(_MONTHS, values, "arrival_date_month"), day)
    except ValueError:
        written = f"{values['arrival_date_month']} {day}, {year}"
        raise RowRejected(Reason.NOT_A_DATE, "arrival_date_day_of_month", f"there is no {written}") from None


def _night_price_minor(values: Values) -> int:
    """The average daily rate in cents; 0 is a stay that cost nothing."""
    number(values, "adr", 0, _DEAREST_NIGHT)
    return int((Decimal(values["adr"].strip()) * 100).to_integral_value(ROUND_HALF_UP))


def _known(table: Mapping[str, T], values: Values, column: str) -> T:
    found = table.get(values[column].strip())
    if found is None:
        raise RowRejected(Reason.UNKNOWN_VALUE, column, values[column][:60])
    return found
