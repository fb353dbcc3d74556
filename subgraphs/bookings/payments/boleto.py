"""Boleto: the bar code of a Brazilian bank slip, and the *linha digitável* that people type.

FEBRABAN's layout: 44 digits of bank (3), currency (1), check digit (1), due date factor (4), amount in centavos (10)
and the bank's free field (25). The line holds the same digits in another order, with a check digit for each of its
first three fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

_REAL: Final = "9"
# Days are counted from here. After 9999 (21 February 2025) the factor began again at 1000.
_EPOCH: Final = date(1997, 10, 7)
_CYCLE: Final = 9000


class InvalidBoleto(ValueError):
    """A check digit or the length is wrong."""


@dataclass(frozen=True, slots=True)
class BoletoCode:
    """What a bar code says."""

    bank: str
    """Three digits."""
    due_factor: int
    amount_minor: int
    free_field: str
    """25 digits that mean something to the bank."""

    @property
    def barcode(self) -> str:
        """The 44 digits of the bar code."""
        tail = f"{self.due_factor:04d}{self.amount_minor:010d}{self.free_field}"
        check = mod11(self.bank + _REAL + tail)
        return f"{self.bank}{_REAL}{check}{tail}"

    @property
    def digitable_line(self) -> str:
        """The *linha digitável*, as it is printed: ``AAAAA.AAAAA AAAAA.AAAAAA AAAAA.AAAAAA A AAAAAAAAAAAAAA``."""
        barcode, free = self.barcode, self.free_field
        first = _with_check(barcode[:4] + free[:5])
        second = _with_check(free[5:15])
        third = _with_check(free[15:])
        dotted = " ".join(f"{field[:5]}.{field[5:]}" for field in (first, second, third))
        return f"{dotted} {barcode[4]} {barcode[5:19]}"

    def due_on(self, near: date) -> date:
        """The due date: of the days with this factor, the one closest to ``near``."""
        first = _EPOCH + timedelta(days=self.due_factor)
        cycles = round((near - first).days / _CYCLE)
        return first + timedelta(days=_CYCLE * max(cycles, 0))


def boleto(*, bank: str, due_on: date, amount_minor: int, free_field: str) -> BoletoCode:
    """The code of a slip.

    Args:
        bank: Three digits.
        due_on: From 3 July 2000 on.
        amount_minor: In centavos; ten digits at most.
        free_field: 25 digits.
    """
    if not re.fullmatch(r"\d{3}", bank) or not re.fullmatch(r"\d{25}", free_field):
        raise ValueError("a bank has 3 digits and a free field 25")
    if not 0 < amount_minor < 10**10:
        raise ValueError("the amount has one to ten digits")
    return BoletoCode(bank, due_date_factor(due_on), amount_minor, free_field)


def due_date_factor(due_on: date) -> int:
    """The four digits that stand for a due date: 1000 to 9999, again and again."""
    days = (due_on - _EPOCH).days
    if days < 1000:
        raise ValueError("boletos have due dates from 3 July 2000 on")
    return 1000 + (days - 1000) % _CYCLE


def parse_barcode(barcode: str) -> BoletoCode:
    """Read the 44 digits of a bar code. Raises :class:`InvalidBoleto`."""
    if not re.fullmatch(r"\d{44}", barcode) or barcode[3] != _REAL:
        raise InvalidBoleto("a bar code has 44 digits, the fourth of which is 9")
    if mod11(barcode[:4] + barcode[5:]) != int(barcode[4]):
        raise InvalidBoleto("the check digit is wrong")
    return BoletoCode(barcode[:3], int(barcode[5:9]), int(barcode[9:19]), barcode[19:])


def parse_digitable_line(line: str) -> BoletoCode:
    """Read a *linha digitável*, with or without dots and spaces. Raises :class:`InvalidBoleto`."""
    digits = re.sub(r"[.\s]", "", line)
    if not re.fullmatch(r"\d{47}", digits):
        raise InvalidBoleto("a line has 47 digits")
    fields = (digits[:10], digits[10:21], digits[21:32])
    for number, field in enumerate(fields, start=1):
        if mod10(field[:-1]) != int(field[-1]):
            raise InvalidBoleto(f"the check digit of field {number} is wrong")
    free_field = fields[0][4:9] + fields[1][:10] + fields[2][:10]
    return parse_barcode(digits[:4] + digits[32] + digits[33:] + free_field)


def mod10(digits: str) -> int:
    """Check digit of a field of the line: weights 2, 1, 2, ... from the right, products added digit by digit."""
    total = sum(sum(divmod(int(digit) * (2 - at % 2), 10)) for at, digit in enumerate(reversed(digits)))
    return -total % 10


def mod11(digits: str) -> int:
    """Check digit of the bar code: weights 2 to 9 from the right; what would be 0, 10 or 11 becomes 1."""
    total = sum(int(digit) * (2 + at % 8) for at, digit in enumerate(reversed(digits)))
    check = 11 - total % 11
    return check if check in range(2, 10) else 1


def _with_check(field: str) -> str:
    return f"{field}{mod10(field)}"
