"""The files that we can import, one module each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reservei.market.formats._hotels import HotelsImporter
from reservei.market.formats.europe_hotels import EuropeHotelsImporter
from reservei.market.formats.europe_reviews import EuropeReviewsImporter
from reservei.market.formats.hotel_bookings import HotelBookingsImporter
from reservei.market.formats.hotel_sales import HotelSalesImporter
from reservei.market.formats.municipalities import MunicipalitiesImporter, read_states
from reservei.market.formats.rio_listings import RioListingsImporter
from reservei.market.hotels import Calendar
from reservei.market.problems import FileRejected

__all__ = [
    "EuropeReviewsImporter",
    "HotelBookingsImporter",
    "HotelSalesImporter",
    "HotelsImporter",
    "MunicipalitiesImporter",
    "hotels_importer",
    "read_states",
]


def hotels_importer(path: Path, columns: Sequence[str], calendar: Calendar | None) -> HotelsImporter:
    """The importer whose columns a file has.

    Raises:
        FileRejected: it fits none; says which columns the likeliest one misses.
    """
    candidates: tuple[type[HotelsImporter], ...] = (EuropeHotelsImporter, RioListingsImporter)
    missing = {candidate: [name for name in candidate.columns if name not in columns] for candidate in candidates}
    likeliest = min(candidates, key=lambda candidate: len(missing[candidate]))
    if missing[likeliest]:
        raise FileRejected(
            f"{path} is neither a file of hotels nor of listings. As {likeliest.title} it lacks the columns "
            f"{', '.join(missing[likeliest])}. Its first line is: {','.join(columns)[:300]}"
        )
    return likeliest(calendar)
