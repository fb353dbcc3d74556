"""Reads single values out of rows: each function returns a clean value or raises ``RowRejected``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from reservei.market.problems import Reason, RowRejected
from shared.text import BIDI_CONTROLS

Values = Mapping[str, str]

_CONTROL = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff{''.join(BIDI_CONTROLS)}]")
_SPACES = re.compile(r"[^\S\n]+")
_ABSENT: Final = frozenset({"", "na", "n/a", "null", "none", "nan"})
_PRICE: Final = re.compile(r"(?:R\$|US\$|\$|€|£)?\s*([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(\.[0-9]{1,2})?")
_MAX_PRICE_MINOR: Final = 100_000_000
"""A million a night: above that a comma was read as a point somewhere."""


def text(values: Values, column: str, *, maximum: int) -> str:
    """A text that must be there, of at most ``maximum`` characters: trimmed, in normal form C, HTML left as it is."""
    cleaned = _clean(values[column])
    if not cleaned:
        raise RowRejected(Reason.MISSING, column)
    if len(cleaned) > maximum:
        raise RowRejected(Reason.TOO_LONG, column, f"{len(cleaned)} characters where {maximum} are allowed")
    return cleaned


def optional_text(values: Values, column: str) -> str | None:
    """A text, or None where the column is empty."""
    return _clean(values.get(column, "")) or None


def number(values: Values, column: str, low: float, high: float) -> float:
    """A number from ``low`` to ``high``."""
    found = optional_number(values, column, low, high)
    if found is None:
        raise RowRejected(Reason.MISSING, column)
    return found


def optional_number(values: Values, column: str, low: float, high: float) -> float | None:
    """A number from ``low`` to ``high``, or None where the column is empty or says ``NA``."""
    written = values.get(column, "").strip()
    if written.lower() in _ABSENT:
        return None
    try:
        # Decimal and not float: it knows no "1_000", and what it calls NaN or Infinity fails the comparison below.
        found = Decimal(written) if "_" not in written else Decimal("NaN")
    except InvalidOperation:
        raise RowRejected(Reason.NOT_A_NUMBER, column, written[:60]) from None
    if not found.is_finite():
        raise RowRejected(Reason.NOT_A_NUMBER, column, written[:60])
    if not Decimal(str(low)) <= found <= Decimal(str(high)):
        raise RowRejected(Reason.OUT_OF_RANGE, column, f"{written[:60]} is not between {low:g} and {high:g}")
    return float(found)


def integer(values: Values, column: str, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``; ``4.0`` is one, ``4.5`` is not."""
    found = number(values, column, low, high)
    if found != int(found):
        raise RowRejected(Reason.NOT_A_NUMBER, column, f"{values[column][:60]} is not a whole number")
    return int(found)


def optional_integer(values: Values, column: str, low: int, high: int) -> int | None:
    """A whole number from ``low`` to ``high``, or None where the column is empty."""
    return None if optional_number(values, column, low, high) is None else integer(values, column, low, high)


def price_minor(values: Values, column: str) -> int:
    """A price above zero such as ``$1,234.00``, in minor units (123400)."""
    written = values[column].strip()
    if written.lower() in _ABSENT:
        raise RowRejected(Reason.MISSING, column)
    match = _PRICE.fullmatch(written)
    if match is None:
        raise RowRejected(Reason.NOT_A_NUMBER, column, f"{written[:60]} is not a price such as $1,234.00")
    minor = int(Decimal(match[1].replace(",", "") + (match[2] or "")) * 100)
    if not 0 < minor <= _MAX_PRICE_MINOR:
        raise RowRejected(Reason.OUT_OF_RANGE, column, f"{written[:60]} is not a price of a night")
    return minor


def iso_date(values: Values, column: str) -> date:
    """A date such as ``2017-08-03``."""
    written = values[column].strip()
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise RowRejected(Reason.NOT_A_DATE, column, f"{written[:60]} is not a date such as 2017-08-03") from None


def shorten(value: str, maximum: int) -> str:
    """``value`` if it fits, else its beginning up to the last whole word, and an ellipsis."""
    if len(value) <= maximum:
        return value
    return value[: maximum - 1].rsplit(" ", 1)[0].rstrip(" ,.;") + "…"


def _clean(value: str) -> str:
    normal = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n"))
    return _SPACES.sub(" ", _CONTROL.sub(" ", normal)).strip()
