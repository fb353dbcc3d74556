"""What cancelling costs: the policy of the offer as it was when the booking was made."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec


class CancellationPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Free until some days before check-in, then the first night, then the whole stay."""

    free_until_days: int | None
    """``None``: never free, nothing is refunded."""
    first_night_until_days: int | None
    """``None``: there is no such period; after the free one the whole stay is due."""


class CancellationTerms(msgspec.Struct, frozen=True, kw_only=True):
    """All that the fee depends on, apart from the moment."""

    policy: CancellationPolicy
    check_in: date
    check_in_time: time
    time_zone: str
    first_night_minor: int
    """Of all rooms, before discounts."""
    total_minor: int
    """What was paid."""
    minimum_fee_minor: int = 0
    """What cancelling costs at any time: a change of stay does not bring a fee that was due down again."""


def free_until(terms: CancellationTerms) -> datetime | None:
    """Until when, itself included, cancelling costs nothing; ``None`` when it always costs."""
    days = terms.policy.free_until_days if terms.minimum_fee_minor == 0 else None
    return None if days is None else _moment(terms, days)


def cancellation_fee(terms: CancellationTerms, now: datetime) -> int:
    """What cancelling at ``now`` costs, in minor units: never more than was paid."""
    return min(max(_fee_by_policy(terms, now), terms.minimum_fee_minor), terms.total_minor)


def _fee_by_policy(terms: CancellationTerms, now: datetime) -> int:
    free = terms.policy.free_until_days
    if free is None:
        return terms.total_minor
    if now <= _moment(terms, free):
        return 0
    days = terms.policy.first_night_until_days
    if days is not None and now <= _moment(terms, days):
        return terms.first_night_minor  # before discounts, but nobody owes more than they have paid
    return terms.total_minor


def _moment(terms: CancellationTerms, days: int) -> datetime:
    """``days`` days before check-in, at the hotel's check-in time."""
    day = terms.check_in - timedelta(days=days)
    return datetime.combine(day, terms.check_in_time, tzinfo=ZoneInfo(terms.time_zone)).astimezone(UTC)
