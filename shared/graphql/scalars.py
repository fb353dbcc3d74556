"""Our custom scalars. Each refuses a bad value with a message that says what a good one looks like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NewType
from urllib.parse import urlsplit
from uuid import UUID

import strawberry
from email_validator import EmailNotValidError, validate_email
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from shared.graphql.errors import BadUserInput

Email = NewType("Email", str)
CurrencyCode = NewType("CurrencyCode", str)
Url = NewType("Url", str)

_CURRENCY: Final = re.compile(r"[A-Z]{3}")


def _parse_date(value: Any) -> date:
    if isinstance(value, str) and len(value) == len("2026-12-31"):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise GraphQLError(f"LocalDate must be a calendar date such as 2026-12-31, not {_shown(value)}.")


def _parse_datetime(value: Any) -> datetime:
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    raise GraphQLError(f"DateTime must be a moment with its offset such as 2026-12-31T23:59:59Z, not {_shown(value)}.")


def _serialize_datetime(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _parse_email(value: Any) -> Email:
    if isinstance(value, str):
        try:
            # No DNS here: a look-up would tell strangers about our network and slow down every sign-in.
            return Email(validate_email(value, check_deliverability=False, test_environment=True).normalized)
        except EmailNotValidError as error:
            raise GraphQLError(f"Email must be an address such as ana@example.com: {error}") from error
    raise GraphQLError(f"Email must be an address such as ana@example.com, not {_shown(value)}.")


def _parse_currency(value: Any) -> CurrencyCode:
    if isinstance(value, str) and _CURRENCY.fullmatch(value):
        return CurrencyCode(value)
    raise GraphQLError(f"CurrencyCode must be an ISO 4217 code such as BRL, not {_shown(value)}.")


def _parse_url(value: Any) -> Url:
    if isinstance(value, str) and len(value) <= 2048:
        try:
            parts = urlsplit(value)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme in {"http", "https"} and parts.netloc:
            return Url(value)
    raise GraphQLError(f"Url must be an http or https address, not {_shown(value)}.")


def _shown(value: Any) -> str:
    """``value`` as an error message repeats it: short, and quoted."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _parse_decimal(value: Any) -> Decimal:
    # A JSON number comes as int or float, whose shortest form is what the caller wrote. ``Decimal`` itself is too kind:
    # it also takes "1_000" and the digits of every script.
    written = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if isinstance(written, str) and written.isascii() and "_" not in written and written == written.strip():
        try:
            return Decimal(written)
        except InvalidOperation:
            pass
    raise GraphQLError(f"Decimal must be a number such as 349.90, not {_shown(value)}.")


SCALARS: Final[Mapping[object, ScalarDefinition]] = {
    date: strawberry.scalar(
        name="LocalDate",
        description="A calendar date without a time zone, as in ISO 8601: `2026-12-31`. Hotel nights are local dates.",
        serialize=date.isoformat,
        parse_value=_parse_date,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment, as in RFC 3339, always in UTC when we answer: `2026-12-31T23:59:59Z`.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
        serialize=_serialize_datetime,
        parse_value=_parse_datetime,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description='A decimal number, as text so that nothing is rounded: `"349.90"`.',
        serialize=str,
        parse_value=_parse_decimal,
    ),
    Email: strawberry.scalar(
        name="Email", description="An e-mail address: `ana@example.com`.", serialize=str, parse_value=_parse_email
    ),
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode",
        description="A currency by its ISO 4217 code: `BRL`.",
        serialize=str,
        parse_value=_parse_currency,
    ),
    Url: strawberry.scalar(name="Url", description="An http or https address.", serialize=str, parse_value=_parse_url),
}
"""Python type to GraphQL scalar, for every schema of ours."""


def parse_id(value: strawberry.ID | str, field: str = "id") -> UUID:
    """``value`` as one of our ids (a UUID).

    Raises:
        BadUserInput: it is not a UUID; ``field`` says where it came from.
    """
    try:
        return UUID(value)
    except ValueError:
        raise BadUserInput(f"{_shown(value)} is not an id of ours.", field=field) from None
