"""What every importer of hotels does with what it has parsed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from reservei.market.gazetteer import distance_km
from reservei.market.hotels import Calendar, HotelDraft, write_hotels
from reservei.market.importing import Importer, Item, Written
from reservei.market.problems import Reason, RowRejected
from reservei.market.report import Tally
from shared.db import WriteSession
from subgraphs.hotels.importing import DestinationRow

_FARTHEST_KM: Final = 100
"""A hotel farther from its town has its coordinates wrong: swapped, without their sign, or zero."""


class HotelsImporter(Importer[HotelDraft]):
    """Writes hotels with their rooms and, when asked to, nights on sale."""

    kind = "hotels"
    batch_size = 200
    title: ClassVar[str]
    """What such a file is, for people."""

    def __init__(self, calendar: Calendar | None) -> None:
        """Prepare to import; ``calendar`` says which nights go on sale, None for none."""
        self._calendar = calendar

    async def write(self, session: WriteSession, items: Sequence[Item[HotelDraft]]) -> Written[HotelDraft]:
        """Write hotels, rooms and nights."""
        written = await write_hotels(session, [item.record for item in items], self._calendar)
        tallies = {self.kind: Tally.of(written.hotels), "room types": Tally.of(written.rooms)}
        return Written(tallies, written.nights_added)


def check_near(latitude: float, longitude: float, town: DestinationRow, column: str) -> None:
    """Raise ``RowRejected`` for coordinates that cannot be in ``town``."""
    distance = distance_km(latitude, longitude, town.latitude, town.longitude)
    if distance > _FARTHEST_KM:
        detail = f"{latitude:g}, {longitude:g} is {distance:,.0f} km from {town.name_en or town.name}"
        raise RowRejected(Reason.OUT_OF_RANGE, column, detail)
