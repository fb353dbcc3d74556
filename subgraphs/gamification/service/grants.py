"""Brings the points that a traveler has into line with those that they are due, and lets old ones expire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from shared.db import WriteSession, new_id
from subgraphs.gamification.models import Lot, Traveler
from subgraphs.gamification.repository.ledger import Account, EntryKind, enter, lots
from subgraphs.gamification.rules.standing import Grant

PENDING = "PENDING"
AVAILABLE = "AVAILABLE"


async def bring_into_line(
    session: WriteSession, traveler: Traveler, due: Mapping[str, Grant], now: datetime
) -> datetime | None:
    """Enter what is missing between the traveler's lots and the grants that they are due; then expire what is over.

    What was spent already cannot be taken back: then only what is left of the lot is.

    Returns:
        When the next points expire.
    """
    known = {lot.source: lot for lot in await lots(session, traveler.user_id)}
    for source, grant in due.items():
        lot = known.get(source)
        if lot is None:
            if grant.points == 0:
                continue
            lot = known[source] = Lot(
                id=new_id(),
                user_id=traveler.user_id,
                source=source,
                booking_id=grant.booking_id,
                mission_id=grant.mission_id,
                state=PENDING,
                points=0,
                remaining=0,
                revision=0,
            )
            session.add(lot)
        await _adjust(session, traveler, lot, grant)
    for source, lot in known.items():
        if source not in due:
            await _change_amount(session, traveler, lot, 0)
    return await _expire(session, traveler, list(known.values()), now)


async def expire(session: WriteSession, traveler: Traveler, now: datetime) -> None:
    """Let the points of the traveler, whose row the caller holds, expire that are over."""
    await _expire(session, traveler, await lots(session, traveler.user_id), now)


async def _adjust(session: WriteSession, traveler: Traveler, lot: Lot, grant: Grant) -> None:
    lot.city = grant.city
    if lot.state == PENDING and not grant.is_pending:
        if lot.points:  # those that were pending become available; what changed of them comes after
            await _enter(session, traveler, lot, EntryKind.MATURE, Account.PENDING, Account.AVAILABLE, lot.points)
        lot.state = AVAILABLE
        lot.remaining = lot.points
    lot.earned_at, lot.expires_at = grant.earned_at, grant.expires_at
    await _change_amount(session, traveler, lot, grant.points)


async def _change_amount(session: WriteSession, traveler: Traveler, lot: Lot, points: int) -> None:
    account = Account.PENDING if lot.state == PENDING else Account.AVAILABLE
    if points > lot.points:
        kind = EntryKind.EARN if lot.mission_id is None else EntryKind.BONUS
        more = points - lot.points
        await _enter(session, traveler, lot, kind, Account.ISSUED, account, more)
        lot.points += more
        lot.remaining += more if account is Account.AVAILABLE else 0
    elif points < lot.points:
        less = lot.points - points
        if account is Account.AVAILABLE:
            less = min(less, lot.remaining)
            lot.remaining -= less
        lot.points -= less
        if less:
            await _enter(session, traveler, lot, EntryKind.REVERSE, account, Account.ISSUED, less)


async def _expire(session: WriteSession, traveler: Traveler, held: list[Lot], now: datetime) -> datetime | None:
    open_lots = [lot for lot in held if lot.state == AVAILABLE and lot.remaining and lot.expires_at is not None]
    following: datetime | None = None
    for lot in sorted(open_lots, key=lambda each: (each.expires_at, each.id)):
        assert lot.expires_at is not None  # see above
        if lot.expires_at > now:
            following = lot.expires_at
            break
        over, lot.remaining = lot.remaining, 0
        await _enter(session, traveler, lot, EntryKind.EXPIRE, Account.AVAILABLE, Account.EXPIRED, over)
    return following


async def _enter(
    session: WriteSession,
    traveler: Traveler,
    lot: Lot,
    kind: EntryKind,
    source: Account,
    destination: Account,
    points: int,
) -> None:
    lot.revision += 1
    await enter(
        session,
        traveler,
        kind,
        f"lot:{lot.id}:{lot.revision}",
        {source: -points, destination: points},
        booking_id=lot.booking_id,
        mission_id=lot.mission_id,
    )
