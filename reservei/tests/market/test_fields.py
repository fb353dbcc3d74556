"""Single values out of rows."""

from __future__ import annotations

from datetime import date

import pytest

from reservei.market import fields
from reservei.market.problems import Reason, RowRejected


def _reason(call: object, *args: object, **options: object) -> Reason:
    with pytest.raises(RowRejected) as error:
        call(*args, **options)  # type: ignore[operator]
    return error.value.reason


@pytest.mark.parametrize(
    ("written", "minor"),
    [("$1,234.00", 123_400), ("$45.00", 4_500), ("R$ 1,234,567.8", 123_456_780), ("99", 9_900), (" €0.01 ", 1)],
)
def test_prices(written: str, minor: int) -> None:
    if minor > 100_000_000:
        assert _reason(fields.price_minor, {"p": written}, "p") is Reason.OUT_OF_RANGE
    else:
        assert fields.price_minor({"p": written}, "p") == minor


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", Reason.MISSING),
        ("NULL", Reason.MISSING),
        ("ask", Reason.NOT_A_NUMBER),
        ("$1.234,00", Reason.NOT_A_NUMBER),
        ("1,23", Reason.NOT_A_NUMBER),
        ("-5", Reason.NOT_A_NUMBER),
        ("1e3", Reason.NOT_A_NUMBER),
        ("$0.00", Reason.OUT_OF_RANGE),
        ("99999999999", Reason.OUT_OF_RANGE),
    ],
)
def test_what_is_no_price(written: str, reason: Reason) -> None:
    assert _reason(fields.price_minor, {"p": written}, "p") is reason


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", Reason.MISSING),
        ("NA", Reason.MISSING),
        ("nan", Reason.MISSING),
        ("inf", Reason.NOT_A_NUMBER),
        ("1_0", Reason.NOT_A_NUMBER),
        ("ten", Reason.NOT_A_NUMBER),
        ("90.1", Reason.OUT_OF_RANGE),
        ("-90.000001", Reason.OUT_OF_RANGE),
    ],
)
def test_what_is_no_latitude(written: str, reason: Reason) -> None:
    assert _reason(fields.number, {"lat": written}, "lat", -90, 90) is reason


def test_whole_numbers() -> None:
    assert fields.integer({"n": "4.0"}, "n", 1, 10) == 4
    assert fields.optional_integer({"n": "NULL"}, "n", 1, 10) is None
    assert _reason(fields.integer, {"n": "4.5"}, "n", 1, 10) is Reason.NOT_A_NUMBER


def test_text_is_trimmed_composed_and_free_of_control_characters_but_html_stays() -> None:
    written = "  Cafe\u0301 \t <b>da\x07 manhã</b>\r\n\u202fsegunda\ufeff linha "
    assert fields.text({"t": written}, "t", maximum=80) == "Café <b>da manhã</b>\n segunda linha"
    assert fields.text({"t": "Hotel \u202eairetsop\u2069"}, "t", maximum=80) == "Hotel airetsop"


def test_text_that_is_missing_or_too_long() -> None:
    assert _reason(fields.text, {"t": " \u200a\x00 "}, "t", maximum=5) is Reason.MISSING
    assert _reason(fields.text, {"t": "sixsix"}, "t", maximum=5) is Reason.TOO_LONG


def test_shortening_ends_at_a_word() -> None:
    assert fields.shorten("uma frase comprida", 12) == "uma frase…"
    assert fields.shorten("curta", 12) == "curta"


def test_dates() -> None:
    assert fields.iso_date({"d": "2016-02-29"}, "d") == date(2016, 2, 29)
    assert _reason(fields.iso_date, {"d": "2017-02-29"}, "d") is Reason.NOT_A_DATE
    assert _reason(fields.iso_date, {"d": "8/3/2017"}, "d") is Reason.NOT_A_DATE
