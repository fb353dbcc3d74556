"""What can be wrong with a file, with a row of it, and what was mended on the way."""

from __future__ import annotations

from enum import StrEnum


class FileRejected(Exception):
    """The file as a whole cannot be imported; the text says what is wrong and how to mend it."""


class Reason(StrEnum):
    """Why a row was not loaded. The values are what people read in the report and in the summary."""

    NOT_TEXT = "not text in the expected encoding"
    NUL_BYTE = "NUL byte"
    TOO_LONG = "too long"
    WRONG_COLUMN_COUNT = "wrong number of columns"
    MALFORMED = "malformed CSV"
    MISSING = "missing value"
    NOT_A_NUMBER = "not a number"
    NOT_A_DATE = "not a date"
    OUT_OF_RANGE = "out of range"
    UNKNOWN_VALUE = "unknown value"
    CONTRADICTION = "contradicts another column"
    DUPLICATE = "duplicate row"
    UNKNOWN_HOTEL = "no such hotel"
    AMBIGUOUS_HOTEL = "several hotels of that name"
    REFUSED = "refused by the database"
    NOT_SOLD = "not sold"


class RowRejected(Exception):
    """A row that cannot be loaded."""

    def __init__(self, reason: Reason, column: str | None = None, detail: str = "") -> None:
        super().__init__(f"{reason}: {column or ''} {detail}".strip())
        self.reason = reason
        self.column = column
        """The column at fault; None when it is the row as a whole."""
        self.detail = detail
        """What was found and what was expected, for people."""

    @property
    def label(self) -> str:
        """Reason and column: what rejected rows are counted by."""
        return f"{self.reason} ({self.column})" if self.column else str(self.reason)


class Adjustment(StrEnum):
    """What was mended in a row that was loaded all the same."""

    CITY_CENTRE = "no coordinates: placed at the city's centre"
    TEXT_SHORTENED = "text shortened to what the column holds"
    MIN_STAY_CAPPED = "minimum nights above 30 became 30"
    GUESTS_CAPPED = "more than 30 guests became 30"
    CHILDREN_UNKNOWN = "number of children unknown: counted as none"
    COUNTRY_UNKNOWN = "country of the guests unknown: left open"
