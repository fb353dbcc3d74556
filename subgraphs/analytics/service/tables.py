"""What a report answers: a table whose columns say what they are, for GraphQL, charts and the dashboard alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

Cell: TypeAlias = str | int | float | Decimal | date | datetime | None


class ReportName(StrEnum):
    """The reports; also the ``<name>`` of ``/reports/<name>.svg``."""

    REVENUE = "revenue"
    OCCUPANCY = "occupancy"
    AVERAGE_DAILY_RATE = "average-daily-rate"
    REV_PAR = "rev-par"
    BOOKING_WINDOW = "booking-window"
    CANCELLATION_RATE = "cancellation-rate"
    FUNNEL = "funnel"
    COHORTS = "cohorts"
    TOP_DESTINATIONS = "top-destinations"


class ColumnKind(StrEnum):
    """What the values of a column are."""

    PERIOD = "PERIOD"
    """``date``: first day of a day, week, month, quarter or year."""
    CATEGORY = "CATEGORY"
    """``str``: a name to show."""
    MONEY = "MONEY"
    """``Decimal`` in major units of the column's currency."""
    COUNT = "COUNT"
    """``int``."""
    RATIO = "RATIO"
    """``float`` from 0 to 1; ``None`` where there is nothing to divide by."""
    DAYS = "DAYS"
    """``float``."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a report."""

    name: str
    """camelCase, as in GraphQL: ``roomNights``."""
    kind: ColumnKind
    title_pt: str
    title_en: str
    currency: str | None = None
    """ISO code, of money only."""


@dataclass(frozen=True, slots=True)
class ReportTable:
    """The answer to one question. No rows is an answer too."""

    report: ReportName
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    """In the order in which they are to be shown; each has a cell for each column."""
