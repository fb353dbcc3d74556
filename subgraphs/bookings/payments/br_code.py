"""BR Code: the payload of a PIX QR code.

EMV QR Code Specification for Payment Systems, merchant-presented mode, with Banco Central's rules ("Manual de Padrões
para Iniciação do Pix", version 2.9): each field is a two-digit id, a two-digit length and a value; the last one is a
CRC16 over all that goes before it. Text is without accents, because the lengths count characters and bytes alike.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from decimal import Decimal
from typing import Final

_GUI: Final = "br.gov.bcb.pix"
_CRC_PREFIX: Final = "6304"
_MAX_VALUE: Final = 99
_TXID: Final = re.compile(r"[A-Za-z0-9]{1,25}\Z")

FieldTree = dict[str, "str | FieldTree"]
"""Parsed fields by id; the templates 26 and 62 hold fields of their own."""

_TEMPLATES: Final = frozenset({"26", "62"})


class InvalidBrCode(ValueError):
    """Not a BR Code, or one that was changed on the way."""


def static_code(
    *, key: str, merchant_name: str, merchant_city: str, amount_minor: int | None = None, txid: str = "***"
) -> str:
    """The code of a transfer to a PIX key; it can be paid any number of times.

    Args:
        key: E-mail, phone, CPF, CNPJ or random key.
        merchant_name: Cut to 25 characters without accents.
        merchant_city: Cut to 15.
        amount_minor: In centavos; ``None`` lets the payer choose.
        txid: Up to 25 letters and digits that come back in the statement; ``***`` for none.
    """
    account = _field("00", _GUI) + _field("01", key)
    return _code(account, merchant_name, merchant_city, amount_minor, txid)


def dynamic_code(*, location: str, merchant_name: str, merchant_city: str, amount_minor: int | None = None) -> str:
    """The code of one charge that the provider keeps at ``location``; it can be paid once.

    Args:
        location: Address of the charge, without ``https://``; at most 77 characters.
        merchant_name: Cut to 25 characters without accents.
        merchant_city: Cut to 15.
        amount_minor: In centavos, for display: the charge at ``location`` decides.
    """
    if "://" in location or len(location) > 77:
        raise ValueError("the location is an address of at most 77 characters without its scheme")
    account = _field("00", _GUI) + _field("25", location)
    return _code(account, merchant_name, merchant_city, amount_minor, "***", once=True)


def parse(code: str) -> FieldTree:
    """The fields of a BR Code.

    Raises:
        InvalidBrCode: a length does not fit, or the check sum is wrong.
    """
    if code[-8:-4] != _CRC_PREFIX or crc16(code[:-4]) != code[-4:]:
        raise InvalidBrCode("the check sum is wrong")
    return _fields(code)


def crc16(text: str) -> str:
    """CRC-16/CCITT-FALSE (polynomial 0x1021, initial value 0xFFFF) of ``text``, as four hexadecimal digits."""
    return f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def _code(
    account: str, merchant_name: str, merchant_city: str, amount_minor: int | None, txid: str, *, once: bool = False
) -> str:
    if txid != "***" and not _TXID.match(txid):
        raise ValueError("a txid has 1 to 25 letters and digits")
    if amount_minor is not None and amount_minor <= 0:
        raise ValueError("an amount is positive")
    parts = [
        _field("00", "01"),
        _field("01", "12") if once else "",
        _field("26", account),
        _field("52", "0000"),
        _field("53", "986"),  # ISO 4217 number of the real
        _field("54", f"{Decimal(amount_minor).scaleb(-2):.2f}") if amount_minor is not None else "",
        _field("58", "BR"),
        _field("59", _plain(merchant_name, 25)),
        _field("60", _plain(merchant_city, 15)),
        _field("62", _field("05", txid)),
        _CRC_PREFIX,
    ]
    payload = "".join(parts)
    return payload + crc16(payload)


def _field(id_: str, value: str) -> str:
    if not value.isascii() or not 0 < len(value) <= _MAX_VALUE:
        raise ValueError(f"field {id_} has 1 to {_MAX_VALUE} characters without accents")
    return f"{id_}{len(value):02d}{value}"


def _fields(text: str) -> FieldTree:
    fields: FieldTree = {}
    at = 0
    while at < len(text):
        id_, length = text[at : at + 2], text[at + 2 : at + 4]
        if not (len(id_) == 2 and length.isdigit() and at + 4 + int(length) <= len(text)):
            raise InvalidBrCode(f"the field at {at} does not fit")
        value = text[at + 4 : at + 4 + int(length)]
        fields[id_] = _fields(value) if id_ in _TEMPLATES else value
        at += 4 + int(length)
    return fields


def _plain(text: str, limit: int) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return decomposed.encode("ascii", "ignore").decode()[:limit].strip()
