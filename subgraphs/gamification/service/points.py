"""Spending points: reservations for bookings, and coupons. The caller of none of these holds the traveler's row."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from shared.contracts.points import ConfirmPoints, PointsRefused, PointsReserved, ReleasePoints, ReservePoints
from shared.db import WriteSession
from subgraphs.gamification.events import Cause, answer
from subgraphs.gamification.models import Coupon, Reservation, Traveler
from subgraphs.gamification.repository import coupons as coupon_table
from subgraphs.gamification.repository import ledger, travelers
from subgraphs.gamification.repository.ledger import Account, EntryKind
from subgraphs.gamification.rules.definitions import CouponReward
from subgraphs.gamification.service import coupons
from subgraphs.gamification.service.errors import AccountGone, InvalidValue, KeyReused, TooFewPoints
from subgraphs.gamification.service.grants import expire
from subgraphs.gamification.service.settling import tell_points
from subgraphs.gamification.settings import GamificationSettings

RESERVED: Final = "RESERVED"
CONFIRMED: Final = "CONFIRMED"
RELEASED: Final = "RELEASED"
REFUSED: Final = "REFUSED"
MAX_KEY: Final = 100


class InvalidCommand(Exception):
    """A command that can never be carried out."""


async def reserve(session: WriteSession, command: ReservePoints, *, cause: Cause, now: datetime) -> None:
    """Set points aside and answer; a command that comes again is answered again."""
    if command.points < 1:
        raise InvalidCommand("a reservation is of one point or more")
    traveler = await travelers.lock(session, command.user_id)
    entries = traveler.ledger_sequence
    await expire(session, traveler, now)
    is_enough = traveler.deleted_at is None and traveler.available >= command.points
    wanted = Reservation(
        id=command.reservation_id,
        booking_id=command.booking_id,
        user_id=command.user_id,
        points=command.points,
        state=RESERVED if is_enough else REFUSED,
        available=traveler.available,
    )
    if await ledger.claim_reservation(session, wanted) and is_enough:
        parts = await _take(session, traveler, command.points)
        await ledger.keep_parts(session, command.reservation_id, parts)
        await _move(session, traveler, wanted, EntryKind.RESERVE, Account.AVAILABLE, Account.RESERVED)
    found = await ledger.reservation(session, command.reservation_id)
    assert found is not None  # we, or somebody before us, wrote it
    if found.user_id is not None and (found.user_id, found.points) != (command.user_id, command.points):
        raise InvalidCommand(f"reservation {found.id} is another user's or of another amount")
    if found.state in {RESERVED, CONFIRMED}:
        reply: PointsReserved | PointsRefused = PointsReserved(
            reservation_id=found.id, booking_id=found.booking_id, points=found.points
        )
    else:
        reply = PointsRefused(
            reservation_id=found.id,
            booking_id=found.booking_id,
            reason="too_few_points" if found.state == REFUSED else "released",
            available=found.available if found.state == REFUSED else traveler.available,
        )
    answer(session, found, reply, cause)
    if traveler.ledger_sequence != entries:
        tell_points(session, traveler, cause)


async def confirm(session: WriteSession, command: ConfirmPoints, *, cause: Cause, now: datetime) -> None:  # noqa: ARG001
    """Spend what was set aside. Again, or after a release, it changes nothing."""
    held = await _hold(session, command.reservation_id)
    if held is None:
        raise InvalidCommand(f"there is no reservation {command.reservation_id}")
    traveler, reservation = held
    if reservation.state != RESERVED:
        return
    reservation.state = CONFIRMED
    reservation.version += 1
    await _move(session, traveler, reservation, EntryKind.REDEEM, Account.RESERVED, Account.REDEEMED)
    tell_points(session, traveler, cause)


async def release(session: WriteSession, command: ReleasePoints, *, cause: Cause, now: datetime) -> None:
    """Give back what was set aside or spent. One that comes first keeps the reservation from ever being made."""
    tombstone = Reservation(
        id=command.reservation_id,
        booking_id=command.booking_id,
        user_id=None,
        points=0,
        state=RELEASED,
        available=0,
    )
    if await ledger.claim_reservation(session, tombstone):
        return
    held = await _hold(session, command.reservation_id)
    if held is None:
        return
    traveler, reservation = held
    if reservation.state not in {RESERVED, CONFIRMED}:
        return
    is_spent = reservation.state == CONFIRMED
    reservation.state = RELEASED
    reservation.version += 1
    await ledger.give_back_parts(session, reservation.id)
    if is_spent:
        await _move(session, traveler, reservation, EntryKind.REFUND, Account.REDEEMED, Account.AVAILABLE)
    else:
        await _move(session, traveler, reservation, EntryKind.RELEASE, Account.RESERVED, Account.AVAILABLE)
    await expire(session, traveler, now)  # lots may have come to their end meanwhile
    tell_points(session, traveler, cause)


async def redeem(
    session: WriteSession, user_id: UUID, points: int, key: str, now: datetime, settings: GamificationSettings
) -> tuple[Traveler, Coupon]:
    """Turn points into a coupon of as many centavos for the traveler; the same key answers the first coupon again.

    Raises:
        InvalidValue: so many points cannot be redeemed, or the key is malformed.
        KeyReused: the key came with another number of points.
        TooFewPoints: the traveler cannot spend so many.
        AccountGone: the account was deleted; an access token may live a little longer.
    """
    if not 1 <= len(key) <= MAX_KEY:
        raise InvalidValue("idempotencyKey", "key_malformed", limit=MAX_KEY)
    if not settings.least_redeemed <= points <= settings.most_redeemed:
        raise InvalidValue("points", "points_out_of_range", least=settings.least_redeemed, most=settings.most_redeemed)
    traveler = await travelers.lock(session, user_id)
    if traveler.deleted_at is not None:
        raise AccountGone
    source = f"redeem:{key}"
    known = await coupon_table.by_source(session, user_id, source)
    if known is not None:
        if known.points != points:
            raise KeyReused
        return traveler, known
    await expire(session, traveler, now)
    if traveler.available < points:
        raise TooFewPoints(traveler.available)
    await _take(session, traveler, points)
    reward = CouponReward(amount_minor=points, valid_days=settings.coupon_days)
    coupon = await coupons.grant(session, traveler, source, reward, now, Cause(), points=points)
    postings = {Account.AVAILABLE: -points, Account.REDEEMED: points}
    await ledger.enter(session, traveler, EntryKind.REDEEM, f"coupon:{coupon.id}", postings)
    tell_points(session, traveler, Cause())
    return traveler, coupon


async def _hold(session: WriteSession, reservation_id: UUID) -> tuple[Traveler, Reservation] | None:
    """A reservation as it is once its traveler's row is ours; ``None`` when there is none of anybody."""
    found = await ledger.reservation(session, reservation_id)
    if found is None or found.user_id is None:
        return None
    traveler = await travelers.lock(session, found.user_id)
    again = await ledger.reservation(session, reservation_id)
    assert again is not None  # reservations are never deleted
    return traveler, again


async def _take(session: WriteSession, traveler: Traveler, points: int) -> dict[UUID, int]:
    """Take points out of the traveler's lots, those first that expire first; how many of which."""
    parts: dict[UUID, int] = {}
    missing = points
    for lot in await ledger.spendable(session, traveler.user_id):
        part = min(lot.remaining, missing)
        if part:
            lot.remaining -= part
            parts[lot.id] = part
            missing -= part
    assert missing == 0, "the lots hold less than the balance"
    await session.flush()
    return parts


async def _move(
    session: WriteSession,
    traveler: Traveler,
    reservation: Reservation,
    kind: EntryKind,
    source: Account,
    destination: Account,
) -> None:
    await ledger.enter(
        session,
        traveler,
        kind,
        f"{kind.lower()}:{reservation.id}",
        {source: -reservation.points, destination: reservation.points},
        booking_id=reservation.booking_id,
    )
