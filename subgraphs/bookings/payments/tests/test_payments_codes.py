"""BR Code and boleto against published examples, and against whatever hypothesis makes up."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subgraphs.bookings.payments import boleto, br_code

# "Manual de Padrões para Iniciação do Pix", the examples of a static and of a dynamic code.
STATIC = (
    "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5913Fulano de Tal"
    "6008BRASILIA62070503***63041D3D"
)
DYNAMIC = (
    "00020101021226700014br.gov.bcb.pix2548pix.example.com/8b3da2f39a4140d1a91abd93113bd4415204000053039865802BR"
    "5913Fulano de Tal6008BRASILIA62070503***630464E4"
)

# Banco do Brasil's example: R$ 1,00 due on 31 December 2007.
BARCODE = "00193373700000001000500940144816060680935031"
LINE = "00190.50095 40144.816069 06809.350314 3 37370000000100"

texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1).filter(str.strip)


def test_crc16_is_ccitt_false() -> None:
    assert br_code.crc16("123456789") == "29B1"


def test_static_code_of_the_manual() -> None:
    key = "123e4567-e12b-12d1-a456-426655440000"
    assert br_code.static_code(key=key, merchant_name="Fulano de Tal", merchant_city="BRASILIA") == STATIC
    assert br_code.parse(STATIC)["26"] == {"00": "br.gov.bcb.pix", "01": key}


def test_dynamic_code_of_the_manual() -> None:
    location = "pix.example.com/8b3da2f39a4140d1a91abd93113bd441"
    assert br_code.dynamic_code(location=location, merchant_name="Fulano de Tal", merchant_city="BRASILIA") == DYNAMIC
    assert br_code.parse(DYNAMIC)["01"] == "12"


@settings(deadline=None)  # a busy machine is no fault of the code
@given(
    key=st.emails().filter(lambda email: len(email) <= 70),
    name=texts,
    city=texts,
    amount=st.integers(1, 10**12) | st.none(),
    txid=st.from_regex(r"[A-Za-z0-9]{1,25}", fullmatch=True),
)
def test_what_a_code_says_can_be_read_back(key: str, name: str, city: str, amount: int | None, txid: str) -> None:
    fields = br_code.parse(
        br_code.static_code(
            key=key, merchant_name=name.strip(), merchant_city=city.strip(), amount_minor=amount, txid=txid
        )
    )
    assert fields["26"] == {"00": "br.gov.bcb.pix", "01": key}
    assert fields["59"] == name.strip()[:25].strip()
    assert fields["60"] == city.strip()[:15].strip()
    assert fields.get("54") == (None if amount is None else f"{amount // 100}.{amount % 100:02d}")
    assert fields["62"] == {"05": txid}


@settings(deadline=None)
@given(at=st.integers(0, len(STATIC) - 1), digit=st.sampled_from("0123456789ABCDEF"))
def test_a_code_with_one_wrong_character_is_refused(at: int, digit: str) -> None:
    changed = STATIC[:at] + digit + STATIC[at + 1 :]
    if changed != STATIC:
        with pytest.raises(br_code.InvalidBrCode):
            br_code.parse(changed)


@settings(deadline=None)
@given(st.text())
def test_nonsense_is_no_code(text: str) -> None:
    with pytest.raises(br_code.InvalidBrCode):
        br_code.parse(text)


def test_a_length_that_does_not_fit_is_refused() -> None:
    body = "000201269900" + "6304"
    with pytest.raises(br_code.InvalidBrCode):
        br_code.parse(body + br_code.crc16(body))


@pytest.mark.parametrize("location", ["https://pix.example.com/1", "x" * 78])
def test_a_location_has_no_scheme_and_fits(location: str) -> None:
    with pytest.raises(ValueError, match="location"):
        br_code.dynamic_code(location=location, merchant_name="A", merchant_city="B")


def test_boleto_of_the_manual() -> None:
    code = boleto.parse_digitable_line(LINE)
    assert code == boleto.parse_barcode(BARCODE)
    assert (code.bank, code.amount_minor, code.due_on(date(2008, 1, 5))) == ("001", 100, date(2007, 12, 31))
    made = boleto.boleto(bank="001", due_on=date(2007, 12, 31), amount_minor=100, free_field=code.free_field)
    assert (made.barcode, made.digitable_line) == (BARCODE, LINE)


@pytest.mark.parametrize(
    ("due_on", "factor"),
    [
        (date(2000, 7, 3), 1000),
        (date(2000, 7, 5), 1002),
        (date(2025, 2, 21), 9999),
        (date(2025, 2, 22), 1000),
        (date(2026, 11, 23), 1639),
    ],
)
def test_due_dates_count_from_1000_again_since_2025(due_on: date, factor: int) -> None:
    assert boleto.due_date_factor(due_on) == factor
    code = boleto.boleto(bank="999", due_on=due_on, amount_minor=1, free_field="0" * 25)
    assert code.due_on(due_on + timedelta(days=60)) == due_on


@settings(deadline=None)
@given(
    bank=st.from_regex(r"[0-9]{3}", fullmatch=True),
    due_on=st.dates(date(2000, 7, 3), date(2099, 12, 31)),
    amount=st.integers(1, 10**10 - 1),
    free_field=st.from_regex(r"[0-9]{25}", fullmatch=True),
)
def test_what_a_boleto_says_can_be_read_back(bank: str, due_on: date, amount: int, free_field: str) -> None:
    code = boleto.boleto(bank=bank, due_on=due_on, amount_minor=amount, free_field=free_field)
    assert len(code.barcode) == 44
    assert boleto.parse_barcode(code.barcode) == code
    assert boleto.parse_digitable_line(code.digitable_line) == code
    assert code.due_on(due_on) == due_on
    assert (code.bank, code.amount_minor, code.free_field) == (bank, amount, free_field)


@settings(deadline=None)
@given(
    at=st.sampled_from([at for at, character in enumerate(LINE) if character.isdigit()][:32]),
    digit=st.sampled_from("0123456789"),
)
def test_a_line_with_one_wrong_digit_in_its_fields_is_refused(at: int, digit: str) -> None:
    changed = LINE[:at] + digit + LINE[at + 1 :]
    if changed != LINE:
        with pytest.raises(boleto.InvalidBoleto):
            boleto.parse_digitable_line(changed)


@pytest.mark.parametrize("code", ["", "1" * 43, "0" * 44, BARCODE[:4] + "4" + BARCODE[5:]])
def test_nonsense_is_no_boleto(code: str) -> None:
    with pytest.raises(boleto.InvalidBoleto):
        boleto.parse_barcode(code)


@pytest.mark.parametrize(
    "values",
    [{"bank": "1"}, {"amount_minor": 0}, {"amount_minor": 10**10}, {"free_field": "1"}, {"due_on": date(1999, 1, 1)}],
)
def test_what_does_not_fit_a_boleto_is_refused(values: dict[str, object]) -> None:
    fitting = {"bank": "001", "due_on": date(2026, 1, 1), "amount_minor": 1, "free_field": "0" * 25}
    with pytest.raises(ValueError):
        boleto.boleto(**{**fitting, **values})
