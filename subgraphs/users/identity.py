"""What a user may call themselves: addresses and names, cleaned and comparable."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final, Literal, TypeAlias
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email

from shared.text import BIDI_CONTROLS

Locale: TypeAlias = Literal["pt-BR", "en"]

MAX_NAME_LENGTH: Final = 80
MAX_URL_LENGTH: Final = 2048


class InvalidValue(Exception):
    """A value is not acceptable; ``reason`` is the key of the message that says why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def normalised_email(email: str) -> str:
    """``email`` in its normal form: Unicode NFC, domain in lower case, the local part as its owner writes it.

    Raises:
        InvalidValue: it is not an address.
    """
    try:
        # No DNS here: a look-up would tell strangers about our network and slow down every sign-in.
        return validate_email(email, check_deliverability=False, test_environment=True).normalized
    except (EmailNotValidError, UnicodeError):
        raise InvalidValue("email", "email_malformed") from None


def email_key(email: str) -> str:
    """The form in which addresses are compared: no two accounts differ only in case or in Unicode spelling.

    RFC 5321 lets a host tell ``Ana`` from ``ana``; none that people use does.
    """
    return unicodedata.normalize("NFKC", email).casefold()


def cleaned_name(value: str, field: str = "displayName") -> str:
    """``value`` as a display name: NFC, single spaces. Any script, and emoji, are welcome.

    Raises:
        InvalidValue: empty, longer than :data:`MAX_NAME_LENGTH`, or with control characters.
    """
    if len(value) > 4 * MAX_NAME_LENGTH:  # before composing accents, which takes quadratic time
        raise InvalidValue(field, "name_long")
    name = " ".join(unicodedata.normalize("NFC", value).split())
    if not is_plain_text(name):
        raise InvalidValue(field, "text_unprintable")
    if not any(unicodedata.category(character)[0] in "LNSP" for character in name):
        raise InvalidValue(field, "name_empty")
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidValue(field, "name_long")
    return name


def checked_url(value: str, field: str) -> str:
    """``value`` when it is an ``https`` address that can be stored.

    Raises:
        InvalidValue: too long, another scheme (a page would show the picture as insecure), or control characters.
    """
    if len(value) > MAX_URL_LENGTH or not value.startswith("https://") or not is_plain_text(value) or " " in value:
        raise InvalidValue(field, "url_unacceptable")
    return value


def checked_time_zone(value: str, field: str = "timeZone") -> str:
    """``value`` when it is the name of a place or offset in the IANA time zone database, as ``America/Sao_Paulo``.

    Raises:
        InvalidValue: there is no such zone. Names are told apart by case, as in the database.
    """
    if value not in _time_zones():
        raise InvalidValue(field, "time_zone_unknown")
    return value


@cache
def _time_zones() -> frozenset[str]:
    # "Factory" and "localtime" stand for a zone that nobody chose.
    return frozenset(available_timezones() - {"Factory", "localtime"})


def is_plain_text(value: str) -> bool:
    """Whether ``value`` holds nothing that PostgreSQL refuses (NUL, lone surrogates) or that deceives the eye."""
    return not any(character in BIDI_CONTROLS or unicodedata.category(character) in {"Cc", "Cs"} for character in value)
