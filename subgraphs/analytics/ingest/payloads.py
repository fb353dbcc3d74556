"""What of an event's payload analytics keeps: listed field by field, so that nothing personal comes in by accident.

Ids, amounts, dates and codes of places. Never an address, a person's name, a browser, or text that somebody wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_BOOKING: Final = (
    "booking_id state user_id hotel_id room_type_id check_in check_out guests rooms total_minor currency actor_id "
    "fee_minor refund_due_minor refunded_minor time_zone city region country_code guest_country payment_method "
    "discount_minor points change"
)
_HOTEL: Final = (
    "hotel_id slug name kind destination_id destination_slug destination city region manager_id country_code latitude "
    "longitude time_zone currency stars is_listed"
)
_CALENDAR: Final = "hotel_id room_type_id first_night last_night weekdays"

ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    topic: frozenset(fields.split())
    for topic, fields in {
        "booking.*": _BOOKING,
        "hotel.*": _HOTEL,
        "room_type.*": (
            "hotel_id room_type_id code name_pt name_en max_guests total_rooms base_price_minor currency "
            "free_cancel_days first_night_days is_active"
        ),
        "inventory.changed": f"{_CALENDAR} total is_closed",
        "inventory.*": "hold_id booking_id expires_at reason sold_out_nights",
        "rates.*": f"{_CALENDAR} price_minor currency min_stay",
        "review.*": "hotel_id review_id author_id rating_tenths is_verified_stay",
        "user.*": "user_id locale time_zone roles previous_roles changed_by member_since verified_at at is_new_device",
        "points.*": "user_id pending available reserved ledger_sequence reservation_id booking_id points reason",
        "mission.*": "user_id mission_id points badge at value target completions",
        "level.*": "user_id level at",
        "coupon.*": "coupon_id user_id percent amount_minor currency minimum_minor valid_until",
        "achievement.*": "user_id code tier",
        "notification.*": "notification_id user_id kind",
    }.items()
}
"""By topic or pattern; an exact topic wins."""


def kept(event_type: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of ``payload`` that are kept; none of a type that is not listed."""
    allowed = ALLOWED.get(event_type) or ALLOWED.get(event_type.rpartition(".")[0] + ".*") or frozenset()
    return {name: value for name, value in payload.items() if name in allowed}
