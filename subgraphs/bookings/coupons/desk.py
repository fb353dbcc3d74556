"""What is done with coupons. Each use case runs in a transaction that its caller opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from shared.contracts.gamification import CouponGranted
from shared.db import ReadSession, WriteSession, new_id
from subgraphs.bookings.coupons import repository
from subgraphs.bookings.coupons.models import MAX_USES_PER_USER, Coupon
from subgraphs.bookings.coupons.rules import normalised_code, rejection
from subgraphs.bookings.service.errors import CouponCodeIsTaken, CouponRefused, InvalidValue, UnknownCoupon

MAX_USES: Final = 10_000_000
_MOMENT: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCoupon:
    """The terms of a coupon. Amounts are in minor units of ``currency``."""

    code: str
    owner_id: UUID | None = None
    percent: int | None = None
    amount_minor: int | None = None
    currency: str | None = None
    minimum_minor: int = 0
    valid_from: datetime | None = None
    """``None`` for now."""
    valid_until: datetime | None = None
    max_uses: int | None = None
    max_uses_per_user: int = 1


class CannotGrant(Exception):
    """A coupon was granted that cannot be: its code is another's, or its terms make no sense."""


async def usable(
    session: ReadSession, code: str, user_id: UUID | None, rooms_minor: int, currency: str, now: datetime
) -> Coupon:
    """The coupon with this code, if it counts for rooms at this price.

    Raises:
        CouponRefused: it does not; the error says why.
    """
    written = normalised_code(code)
    known = None if written is None else await repository.known(session, written, user_id)
    if known is None:
        raise CouponRefused("unknown")
    if (reason := rejection(known, user_id, rooms_minor, currency, now)) is not None:
        raise CouponRefused(reason, known.coupon)
    return known.coupon


async def redeem(session: WriteSession, coupon: Coupon, *, booking_id: UUID, user_id: UUID, now: datetime) -> None:
    """Use ``coupon``, which was found usable before, for a booking that this transaction makes.

    Travelers who want the last use at once wait for each other here, so it comes last in its transaction.

    Raises:
        CouponRefused: somebody was faster, or its time ran out meanwhile.
    """
    if await repository.take_use(session, coupon.id, now) and await repository.take_slot(
        session, coupon_id=coupon.id, booking_id=booking_id, user_id=user_id, now=now
    ):
        return
    fresh = await repository.by_id(session, coupon.id)
    assert fresh is not None  # coupons are never deleted
    is_over = not fresh.is_active or (fresh.valid_until is not None and now >= fresh.valid_until)
    raise CouponRefused("expired" if is_over else "used_up", fresh)


async def create(session: WriteSession, new: NewCoupon, *, actor: UUID, now: datetime) -> Coupon:
    """Make a coupon. Made again with the same terms it is answered as it is.

    Raises:
        InvalidValue: a term is not acceptable.
        CouponCodeIsTaken: the code is that of a coupon with other terms.
    """
    code = _check(new, now)
    terms = {
        "owner_id": new.owner_id, "percent": new.percent, "amount_minor": new.amount_minor, "currency": new.currency,
        "minimum_minor": new.minimum_minor, "valid_until": new.valid_until, "max_uses": new.max_uses,
        "max_uses_per_user": new.max_uses_per_user,
    }  # fmt: skip
    values = {"id": new_id(), "code": code, "valid_from": new.valid_from or now, "created_by": actor, **terms}
    coupon = await repository.add_if_new(session, values)
    if coupon is not None:
        return coupon
    coupon = await repository.by_code(session, code)
    assert coupon is not None  # or it would not be taken
    if new.valid_from is not None:
        terms["valid_from"] = new.valid_from
    if any(getattr(coupon, name) != value for name, value in terms.items()):
        raise CouponCodeIsTaken
    return coupon


async def deactivate(session: WriteSession, coupon_id: UUID) -> Coupon:
    """Let nobody use a coupon any more; bookings that use it keep their price. Again changes nothing more.

    Raises:
        UnknownCoupon: there is none.
    """
    await repository.deactivate(session, coupon_id)
    coupon = await repository.by_id(session, coupon_id)
    if coupon is None:
        raise UnknownCoupon
    return coupon


async def grant(session: WriteSession, granted: CouponGranted, now: datetime) -> None:
    """Honour a coupon that gamification gave to a traveler: one use, theirs alone. Again changes nothing.

    Raises:
        CannotGrant: it cannot be honoured.
    """
    try:
        code = _check(
            NewCoupon(
                code=granted.code, percent=granted.percent, amount_minor=granted.amount_minor,
                currency=granted.currency, minimum_minor=granted.minimum_minor,
            ),
            now,
        )  # fmt: skip
    except InvalidValue as error:
        raise CannotGrant(f"coupon {granted.coupon_id}: {error}") from error
    values = {
        "id": granted.coupon_id, "code": code, "owner_id": granted.user_id, "percent": granted.percent,
        "amount_minor": granted.amount_minor, "currency": granted.currency, "minimum_minor": granted.minimum_minor,
        # One that arrives after its time is kept all the same: the traveler finds it among their own, as expired.
        "valid_from": min(now, granted.valid_until) - _MOMENT, "valid_until": granted.valid_until, "max_uses": 1,
    }  # fmt: skip
    if (
        await repository.add_if_new(session, values) is None
        and await repository.by_id(session, granted.coupon_id) is None
    ):
        raise CannotGrant(f"coupon {granted.coupon_id}: the code {code} belongs to another coupon")


def _check(new: NewCoupon, now: datetime) -> str:
    """The coupon's code as it is written. Raises :class:`InvalidValue` for terms that are not acceptable."""
    code = normalised_code(new.code)
    if code is None:
        raise InvalidValue("code", "coupon_code_malformed")
    if (new.percent is None) == (new.amount_minor is None):
        raise InvalidValue("percent", "coupon_needs_one_discount")
    if new.percent is not None and not 1 <= new.percent <= 100:
        raise InvalidValue("percent", "coupon_percent_out_of_range")
    if new.amount_minor is not None and new.amount_minor <= 0:
        raise InvalidValue("amount", "coupon_amount_not_positive")
    if new.minimum_minor < 0:
        raise InvalidValue("minimum", "coupon_amount_not_positive")
    if new.valid_until is not None and new.valid_until <= max(now, new.valid_from or now):
        raise InvalidValue("validUntilAt", "coupon_never_valid")
    if new.max_uses is not None and not 1 <= new.max_uses <= MAX_USES:
        raise InvalidValue("maxUses", "coupon_uses_out_of_range", limit=MAX_USES)
    if not 1 <= new.max_uses_per_user <= MAX_USES_PER_USER:
        raise InvalidValue("maxUsesPerUser", "coupon_uses_out_of_range", limit=MAX_USES_PER_USER)
    return code
