"""Check what managers and travelers type in, column by column, before it reaches a statement."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import time
from typing import Any, TypeAlias

from shared.text import has_bidi_controls
from subgraphs.hotels.amenities import UnknownAmenity, amenity_codes
from subgraphs.hotels.models import PropertyKind
from subgraphs.hotels.service.errors import InvalidValue

MAX_PRICE_MINOR = 1_000_000_000
"""Ten million whole units for one night is a typing error."""
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")

Check: TypeAlias = Callable[[Any], Any]
"""Takes a value and returns it as it is stored, or raises :class:`Refused`."""


class Refused(Exception):
    """A value is not acceptable; ``key`` and ``values`` make the message that says why."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


def is_storable(value: str) -> bool:
    """Whether PostgreSQL can hold the text: no NUL, and no half of a surrogate pair."""
    return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def text(limit: int, *, is_required: bool = False) -> Check:
    """A text of at most ``limit`` characters, without space around it; an empty one counts as none.

    HTML, emoji and any script are kept as typed: escaping is the business of whoever shows them. Only the controls that
    turn the direction of writing are refused, against which no escaping helps.
    """

    def check(value: str | None) -> str | None:
        if value is not None and not is_storable(value):
            raise Refused("unstorable")
        if value is not None and has_bidi_controls(value):
            raise Refused("deceptive")
        stripped = (value or "").strip()
        if len(stripped) > limit:
            raise Refused("too_long", limit=limit)
        if not stripped and is_required:
            raise Refused("required")
        return stripped or None

    return check


def number(low: float, high: float, *, is_required: bool = True) -> Check:
    """A number from ``low`` to ``high``."""

    def check(value: float | None) -> float | None:
        if value is None:
            if is_required:
                raise Refused("required")
            return None
        if not math.isfinite(value) or not low <= value <= high:
            raise Refused("out_of_range", low=low, high=high)
        return value

    return check


def required(value: Any) -> Any:
    """Anything but null."""
    if value is None:
        raise Refused("required")
    return value


def _local_time(value: time | None) -> time:
    if value is None:
        raise Refused("required")
    if value.tzinfo is not None:
        raise Refused("local_time")
    return value


def _amenities(codes: Iterable[str] | None) -> list[str]:
    try:
        return amenity_codes(codes or ())
    except UnknownAmenity as error:
        raise Refused("unknown_amenity", code=error.code[:60]) from None


def _room_type_code(value: str | None) -> str:
    if value is None or not _CODE.fullmatch(value):
        raise Refused("code_malformed")
    return value


HOTEL_COLUMNS: Mapping[str, Check] = {
    "name": text(200, is_required=True),
    "kind": lambda value: PropertyKind(required(value)),
    "description_pt": text(10_000),
    "description_en": text(10_000),
    "address": text(300, is_required=True),
    "neighborhood": text(120),
    "postal_code": text(20),
    "latitude": number(-90, 90),
    "longitude": number(-180, 180),
    "stars": number(1, 5, is_required=False),
    "amenities": _amenities,
    "check_in_time": _local_time,
    "check_out_time": _local_time,
    "is_listed": required,
}

PHOTO_COLUMNS: Mapping[str, Check] = {
    "url": text(600, is_required=True),
    "caption_pt": text(300),
    "caption_en": text(300),
}

ROOM_TYPE_COLUMNS: Mapping[str, Check] = {
    "code": _room_type_code,
    "name_pt": text(160),
    "name_en": text(160),
    "description_pt": text(5_000),
    "description_en": text(5_000),
    "max_guests": number(1, 30),
    "bed_count": number(1, 50, is_required=False),
    "size_sqm": number(1, 2_000, is_required=False),
    "total_rooms": number(0, 5_000),
    "base_price_minor": number(0, MAX_PRICE_MINOR),
    "free_cancel_days": number(0, 365, is_required=False),
    "first_night_days": number(0, 365, is_required=False),
    "position": number(0, 1_000),
    "is_active": required,
}

REVIEW_COLUMNS: Mapping[str, Check] = {
    "rating_tenths": number(10, 100),
    "title": text(200),
    "body": text(10_000),
    "liked": text(5_000),
    "disliked": text(5_000),
    "locale": lambda value: value,
}


def checked(columns: Mapping[str, Check], values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """``values`` as they are stored.

    Args:
        columns: The check of each column that may be given.
        values: By column.
        names: How the API names columns that are not simply their camel case.

    Raises:
        InvalidValue: for the first value that is not acceptable.
    """
    stored: dict[str, Any] = {}
    for column, value in values.items():
        try:
            stored[column] = columns[column](value)
        except Refused as refused:
            field = names.get(column, _camel(column))
            raise InvalidValue(field, refused.key, **refused.values) from None
    return stored


def _camel(column: str) -> str:
    head, *rest = column.split("_")
    return head + "".join(part.capitalize() for part in rest)
