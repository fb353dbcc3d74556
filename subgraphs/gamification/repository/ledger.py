"""The ledger of points, the lots that points stand in, and reservations of them.

Whoever calls a function that writes holds the traveler's row (``travelers.lock``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm.attributes import set_committed_value

from shared.db import ReadSession, WriteSession, new_id
from subgraphs.gamification.models import LedgerEntry, LedgerPosting, Lot, Reservation, ReservationPart, Traveler


class Account(StrEnum):
    """Where points can stand."""

    PENDING = "PENDING"
    """The traveler's, of stays that are not over."""
    AVAILABLE = "AVAILABLE"
    """The traveler's, to spend."""
    RESERVED = "RESERVED"
    """The traveler's, set aside for a booking under way."""
    ISSUED = "ISSUED"
    """The platform's: where points come from."""
    REDEEMED = "REDEEMED"
    """The platform's: what was spent."""
    EXPIRED = "EXPIRED"
    """The platform's: what nobody spent in time."""


class EntryKind(StrEnum):
    """Why points move."""

    EARN = "EARN"
    BONUS = "BONUS"
    MATURE = "MATURE"
    REVERSE = "REVERSE"
    RESERVE = "RESERVE"
    RELEASE = "RELEASE"
    REDEEM = "REDEEM"
    REFUND = "REFUND"
    EXPIRE = "EXPIRE"


async def enter(
    session: WriteSession,
    traveler: Traveler,
    kind: EntryKind,
    reference: str,
    postings: Mapping[Account, int],
    *,
    booking_id: UUID | None = None,
    mission_id: UUID | None = None,
) -> None:
    """Move points: an entry with its postings, and the traveler's balances with it.

    The balances change by one conditional statement, so that none can fall below zero whatever happens.

    Raises:
        AssertionError: a balance would fall below zero; the caller has not looked before it leapt.
    """
    change = {account: postings.get(account, 0) for account in (Account.PENDING, Account.AVAILABLE, Account.RESERVED)}
    pending, available, reserved = change.values()
    row = (
        await session.execute(
            update(Traveler)
            .where(
                Traveler.user_id == traveler.user_id,
                Traveler.pending + pending >= 0,
                Traveler.available + available >= 0,
                Traveler.reserved + reserved >= 0,
            )
            .values(
                pending=Traveler.pending + pending,
                available=Traveler.available + available,
                reserved=Traveler.reserved + reserved,
                ledger_sequence=Traveler.ledger_sequence + 1,
            )
            .returning(Traveler.pending, Traveler.available, Traveler.reserved, Traveler.ledger_sequence)
            .execution_options(synchronize_session=False)
        )
    ).first()
    if row is None:
        raise AssertionError(f"{kind} {reference} would make a balance negative")
    for name, value in row._asdict().items():  # the object is what the row is, without asking again
        set_committed_value(traveler, name, value)
    entry_id = new_id()
    await session.execute(
        insert(LedgerEntry).values(
            id=entry_id,
            user_id=traveler.user_id,
            sequence=row.ledger_sequence,
            kind=kind,
            reference=reference,
            booking_id=booking_id,
            mission_id=mission_id,
            pending_after=row.pending,
            available_after=row.available,
            reserved_after=row.reserved,
        )
    )
    await session.execute(
        insert(LedgerPosting).values(
            [
                {"entry_id": entry_id, "account": account, "points": points}
                for account, points in postings.items()
                if points
            ]
        )
    )


async def lots(session: ReadSession, user_id: UUID) -> list[Lot]:
    """All lots of a traveler."""
    return list(await session.scalars(select(Lot).where(Lot.user_id == user_id)))


async def spendable(session: ReadSession, user_id: UUID) -> Sequence[Lot]:
    """The traveler's lots with points to spend, those that expire first before the others."""
    return (
        await session.scalars(
            select(Lot)
            .where(Lot.user_id == user_id, Lot.state == "AVAILABLE", Lot.remaining > 0)
            .order_by(Lot.expires_at, Lot.earned_at, Lot.id)
        )
    ).all()


async def claim_reservation(session: WriteSession, reservation: Reservation) -> bool:
    """Write a reservation down; false when its id is taken. A rival with the id waits for our end."""
    statement = (
        insert(Reservation)
        .values(
            id=reservation.id,
            booking_id=reservation.booking_id,
            user_id=reservation.user_id,
            points=reservation.points,
            state=reservation.state,
            available=reservation.available,
        )
        .on_conflict_do_nothing()
        .returning(Reservation.id)
    )
    return await session.scalar(statement) is not None


async def reservation(session: ReadSession, reservation_id: UUID) -> Reservation | None:
    """A reservation as it is now."""
    return await session.get(Reservation, reservation_id, populate_existing=True)


async def keep_parts(session: WriteSession, reservation_id: UUID, parts: Mapping[UUID, int]) -> None:
    """Remember from which lots how many points were taken."""
    await session.execute(
        insert(ReservationPart).values(
            [{"reservation_id": reservation_id, "lot_id": lot, "points": points} for lot, points in parts.items()]
        )
    )


async def give_back_parts(session: WriteSession, reservation_id: UUID) -> None:
    """Put the points of a reservation back into the lots that they came from."""
    await session.execute(
        update(Lot)
        .where(ReservationPart.reservation_id == reservation_id, ReservationPart.lot_id == Lot.id)
        .values(remaining=Lot.remaining + ReservationPart.points)
        .execution_options(synchronize_session=False)
    )


async def expired(session: ReadSession, user_id: UUID, now: datetime) -> Sequence[Lot]:
    """The traveler's lots that are over and have points left, the oldest first."""
    return [lot for lot in await spendable(session, user_id) if lot.expires_at is not None and lot.expires_at <= now]


async def of_bookings(session: ReadSession, booking_ids: Collection[UUID]) -> Mapping[UUID, Lot]:
    """The lots that bookings earned."""
    rows = await session.scalars(select(Lot).where(Lot.booking_id.in_(booking_ids)))
    return {row.booking_id: row for row in rows if row.booking_id is not None}


Change = tuple[LedgerEntry, Mapping[Account, int]]
"""An entry with its postings."""

_PAGE = text(
    "SELECT page.id FROM unnest(CAST(:users AS uuid[])) AS owner(user_id) CROSS JOIN LATERAL ("
    " SELECT id FROM ledger_entries WHERE user_id = owner.user_id"
    " AND sequence < :before ORDER BY sequence DESC LIMIT :limit) AS page"
)


async def pages(
    session: ReadSession, user_ids: Collection[UUID], before: int | None, limit: int
) -> Mapping[UUID, Sequence[Change]]:
    """The newest entries of each traveler before one of their sequences: two queries however many travelers."""
    parameters = {"users": list(user_ids), "before": 2**62 if before is None else before, "limit": limit}
    ids = (await session.scalars(_PAGE, parameters)).all()
    found: defaultdict[UUID, list[Change]] = defaultdict(list)
    for change in await _with_postings(session, ids):
        found[change[0].user_id].append(change)
    return {user: sorted(changes, key=lambda each: -each[0].sequence) for user, changes in found.items()}


async def by_ids(session: ReadSession, ids: Collection[UUID]) -> Mapping[UUID, Change]:
    """Entries by id."""
    return {change[0].id: change for change in await _with_postings(session, ids)}


async def newer(session: ReadSession, user_id: UUID, after: int) -> Sequence[LedgerEntry]:
    """The traveler's entries behind a sequence, in order."""
    return (
        await session.scalars(
            select(LedgerEntry)
            .where(LedgerEntry.user_id == user_id, LedgerEntry.sequence > after)
            .order_by(LedgerEntry.sequence)
            .limit(200)
        )
    ).all()


async def _with_postings(session: ReadSession, ids: Collection[UUID]) -> list[Change]:
    if not ids:
        return []
    changes: dict[UUID, tuple[LedgerEntry, dict[Account, int]]] = {}
    rows = await session.execute(
        select(LedgerEntry, LedgerPosting.account, LedgerPosting.points)
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .where(LedgerEntry.id.in_(ids))
    )
    for entry, account, points in rows:
        changes.setdefault(entry.id, (entry, {}))[1][Account(account)] = points
    return list(changes.values())
