"""Columns that several reports have."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from subgraphs.analytics.service.tables import Column, ColumnKind

_DIGITS: Final = {"CLP": 0, "JPY": 0, "PYG": 0}

PERIOD: Final = Column("period", ColumnKind.PERIOD, "Período", "Period")
GROUP: Final = Column("group", ColumnKind.CATEGORY, "Grupo", "Group")
ROOM_NIGHTS: Final = Column("roomNights", ColumnKind.COUNT, "Diárias vendidas", "Room nights sold")
AVAILABLE: Final = Column("availableRoomNights", ColumnKind.COUNT, "Diárias disponíveis", "Available room nights")
OCCUPANCY: Final = Column("occupancy", ColumnKind.RATIO, "Ocupação", "Occupancy")
BOOKINGS: Final = Column("bookings", ColumnKind.COUNT, "Reservas", "Bookings")
CANCELLED: Final = Column("cancelled", ColumnKind.COUNT, "Canceladas", "Cancelled")
NO_SHOWS: Final = Column("noShows", ColumnKind.COUNT, "Não compareceram", "No-shows")
CANCELLATION_RATE: Final = Column("cancellationRate", ColumnKind.RATIO, "Taxa de cancelamento", "Cancellation rate")


def money(name: str, title_pt: str, title_en: str, currency: str) -> Column:
    """A column of amounts."""
    return Column(name, ColumnKind.MONEY, title_pt, title_en, currency)


def amount(minor: int | None, currency: str) -> Decimal | None:
    """Major units of minor ones."""
    return None if minor is None else Decimal(minor).scaleb(-_DIGITS.get(currency, 2))


def ratio(part: float, whole: float) -> float | None:
    """``part / whole``; ``None`` of nothing."""
    return part / whole if whole else None


def average_minor(minor: int, count: int) -> int | None:
    """An average in whole minor units, halves away from zero; ``None`` of nothing."""
    if not count:
        return None
    quotient = (2 * abs(minor) + count) // (2 * count)
    return quotient if minor >= 0 else -quotient
