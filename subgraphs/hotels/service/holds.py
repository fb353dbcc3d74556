"""Hold rooms, sell them, give them back: the part of hotels in a booking.

Each use case may be called again with the same command: rooms move once, and the answer is what is true by then. Each
writes its answer into the outbox of the transaction that makes it true.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from shared.contracts.inventory import (
    ConfirmInventory,
    HoldInventory,
    InventoryConfirmed,
    InventoryExpired,
    InventoryHeld,
    InventoryRefused,
    InventoryReleased,
    RefusalReason,
    ReleaseInventory,
)
from shared.db import WriteSession
from subgraphs.hotels import events
from subgraphs.hotels.events import Cause
from subgraphs.hotels.models import HoldState, InventoryHold
from subgraphs.hotels.repository import holds, inventory
from subgraphs.hotels.repository.inventory import NightChanges, RoomChange, Shortage

MAX_NIGHTS = 366
"""Of one hold. Stays are shorter; a longer one is an error that would lock half a calendar."""

Command: TypeAlias = HoldInventory | ConfirmInventory | ReleaseInventory


class InvalidCommand(Exception):
    """The command makes no sense, and will make none when it comes again."""


class UnknownHold(Exception):
    """There is no such hold yet: the command came before the one that makes it."""


@dataclass(frozen=True, slots=True)
class _Shared:
    """Rooms that a hold need not take, because the hold that it replaces keeps them."""

    rooms: int
    first: date
    until: date


async def hold(
    session: WriteSession, command: HoldInventory, *, cause: Cause, now: datetime
) -> InventoryHeld | InventoryRefused:
    """Keep rooms on every night of a stay, or on none.

    Raises:
        InvalidCommand: the stay cannot be, or the id is that of another hold.
    """
    _check(command)
    replaced = None if command.replaces_hold_id is None else await _replaced(session, command)
    shared = None if replaced is None else await _shareable(session, replaced, command)
    made = await holds.add(
        session,
        {
            "hold_id": command.hold_id,
            "booking_id": command.booking_id,
            "room_type_id": command.room_type_id,
            "check_in": command.check_in,
            "check_out": command.check_out,
            "rooms": command.rooms,
            "state": HoldState.HELD,
            "expires_at": command.expires_at,
            "replaces_hold_id": None if replaced is None else replaced.hold_id,
            "shared_rooms": 0 if shared is None else shared.rooms,
            "shared_from": None if shared is None else shared.first,
            "shared_until": None if shared is None else shared.until,
            "correlation_id": cause.correlation_id,
        },
    )
    if made is None:
        made = await _known(session, command)
        if made.rooms is not None and _stay(made) != _stay(command):
            raise InvalidCommand(f"hold {command.hold_id} is of another stay")
    elif command.expires_at <= now:
        made = await holds.refuse(session, made.hold_id, "expired", ())
    elif shortage := await inventory.take(session, command.room_type_id, _missing_rooms(made)):
        reason, nights = _refusal(shortage)
        made = await holds.refuse(session, made.hold_id, reason, nights)
    reply: InventoryHeld | InventoryRefused
    if made.state in (HoldState.HELD, HoldState.CONFIRMED):
        assert made.expires_at is not None  # a constraint says so
        reply = InventoryHeld(hold_id=made.hold_id, booking_id=made.booking_id, expires_at=made.expires_at)
    else:
        reply = _refused(made)
    events.answer(session, reply, made.version, cause)
    return reply


async def confirm(
    session: WriteSession, command: ConfirmInventory, *, cause: Cause, now: datetime
) -> InventoryConfirmed | InventoryRefused:
    """Sell the rooms of a hold, and release the one that it replaces.

    Raises:
        UnknownHold: there is no such hold.
        InvalidCommand: it is another booking's.
    """
    replaces = (await _known(session, command)).replaces_hold_id
    if replaces is not None:
        await holds.lock(session, replaces)
    if (sold := await holds.confirm(session, command.hold_id, now)) is not None:
        changes = [_given_back(_held(sold)), _sold(sold)]
        if replaces is not None:
            changes += (await _let_go(session, replaces, command.booking_id, now))[1]
        await inventory.move(session, _sum(changes))
    elif (late := await holds.expire(session, command.hold_id, now)) is not None:
        # Given back at once, so that no clock that is behind ours can still sell what was refused here.
        await inventory.move(session, _given_back(_held(late)))
    known = await _known(session, command)
    reply: InventoryConfirmed | InventoryRefused
    if known.state == HoldState.CONFIRMED:
        reply = InventoryConfirmed(hold_id=known.hold_id, booking_id=known.booking_id)
    else:
        reply = _refused(known)
    events.answer(session, reply, known.version, cause)
    return reply


async def release(
    session: WriteSession, command: ReleaseInventory, *, cause: Cause, now: datetime
) -> InventoryReleased:
    """Give back the rooms of a hold or a sale. A hold that comes after its release is refused.

    Raises:
        InvalidCommand: the hold is another booking's.
    """
    released, changes = await _let_go(session, command.hold_id, command.booking_id, now)
    await inventory.move(session, _sum(changes))
    known = released or await _known(session, command)
    reply = InventoryReleased(hold_id=known.hold_id, booking_id=known.booking_id)
    events.answer(session, reply, known.version, cause)
    return reply


async def expire_due(session: WriteSession, now: datetime, limit: int) -> list[InventoryExpired]:
    """Give back the rooms of up to ``limit`` holds that are due at ``now``; others may do the same at the same time."""
    expired = await holds.expire_due(session, now, limit)
    await inventory.move(session, _sum(_given_back(_held(one)) for one in expired))
    replies: list[InventoryExpired] = []
    for one in expired:
        replies.append(InventoryExpired(hold_id=one.hold_id, booking_id=one.booking_id))
        events.answer(session, replies[-1], one.version, Cause(one.correlation_id))
    return replies


def _check(command: HoldInventory) -> None:
    nights = (command.check_out - command.check_in).days
    if not 1 <= nights <= MAX_NIGHTS:
        raise InvalidCommand(f"a stay of {nights} nights")
    if command.rooms < 1:
        raise InvalidCommand(f"{command.rooms} rooms")
    if command.expires_at.tzinfo is None:
        raise InvalidCommand("an expiry without a time zone")
    if command.replaces_hold_id == command.hold_id:
        raise InvalidCommand("a hold that replaces itself")


async def _replaced(session: WriteSession, command: HoldInventory) -> InventoryHold | None:
    """The hold to replace, locked; ``None`` when there is none, so that there is nothing to replace."""
    assert command.replaces_hold_id is not None
    found = await holds.lock(session, command.replaces_hold_id)
    if found is not None and found.booking_id != command.booking_id:
        raise InvalidCommand(f"hold {found.hold_id} is another booking's")
    return found


async def _shareable(session: WriteSession, replaced: InventoryHold, command: HoldInventory) -> _Shared | None:
    """The rooms of ``replaced``, which is locked, that count as free for ``command``.

    Only rooms that were bought, because those are given back by a command and never by the clock; and only for one
    hold at a time.
    """
    if replaced.state != HoldState.CONFIRMED or replaced.room_type_id != command.room_type_id:
        return None
    _, check_in, check_out, rooms = _stay(replaced)
    first, until = max(check_in, command.check_in), min(check_out, command.check_out)
    if first >= until or await holds.lock_sharing(session, replaced.hold_id) is not None:
        return None
    return _Shared(min(rooms, command.rooms), first, until)


async def _let_go(
    session: WriteSession, hold_id: UUID, booking_id: UUID, now: datetime
) -> tuple[InventoryHold | None, list[NightChanges]]:
    """Release a hold. The hold that shares its rooms, if any, takes those over: they never are free in between.

    Returns:
        The hold, or ``None`` when it was over before; and what is to be done to nights.
    """
    released = await holds.release(session, hold_id, booking_id, now)
    if released is None or released.rooms is None:
        return released, []
    changes = [_given_back(_held(released) if released.confirmed_at is None else _sold(released))]
    if (heir := await holds.lock_sharing(session, hold_id)) is not None:
        changes.append(_shared(heir))
        await holds.stop_sharing(session, heir.hold_id)
    return released, changes


async def _known(session: WriteSession, command: Command) -> InventoryHold:
    found = await holds.find(session, command.hold_id)
    if found is None:
        raise UnknownHold(f"there is no hold {command.hold_id}")
    if found.booking_id != command.booking_id:
        raise InvalidCommand(f"hold {command.hold_id} is another booking's")
    return found


def _refusal(shortage: Shortage) -> tuple[RefusalReason, tuple[date, ...]]:
    if not shortage.is_known:
        return "unknown_room_type", ()
    if shortage.is_closed:
        return "closed", ()
    return "sold_out", shortage.short_nights


_OVER: dict[str, RefusalReason] = {HoldState.EXPIRED: "expired", HoldState.RELEASED: "released"}


def _refused(known: InventoryHold) -> InventoryRefused:
    """Why a hold that is over keeps nothing."""
    return InventoryRefused(
        hold_id=known.hold_id,
        booking_id=known.booking_id,
        reason=_OVER[known.state] if known.reason is None else known.reason,  # type: ignore[arg-type]  # as we wrote it
        sold_out_nights=known.sold_out_nights,
    )


def _stay(known: InventoryHold | HoldInventory) -> tuple[UUID, date, date, int]:
    """Room type, check-in, check-out and rooms of a hold that is more than a release which came first."""
    assert known.room_type_id is not None and known.check_in is not None  # noqa: PT018  # a constraint says so
    assert known.check_out is not None and known.rooms is not None  # noqa: PT018
    return known.room_type_id, known.check_in, known.check_out, known.rooms


def _nights(first: date, until: date) -> Iterator[date]:
    return (first + timedelta(days=index) for index in range((until - first).days))


def _sold(known: InventoryHold) -> NightChanges:
    """What a CONFIRMED hold counts on its nights."""
    room_type_id, check_in, check_out, rooms = _stay(known)
    return {(room_type_id, night): RoomChange(sold=rooms) for night in _nights(check_in, check_out)}


def _held(known: InventoryHold) -> NightChanges:
    """What a HELD hold counts on its nights: all its rooms but those that the replaced one keeps for it."""
    room_type_id, check_in, check_out, rooms = _stay(known)
    own = {(room_type_id, night): RoomChange(held=rooms) for night in _nights(check_in, check_out)}
    return _sum([own, _given_back(_shared(known))])


def _shared(known: InventoryHold) -> NightChanges:
    """What a HELD hold does not count, because the replaced one does."""
    if known.shared_from is None or known.shared_until is None or known.room_type_id is None:
        return {}
    return {
        (known.room_type_id, night): RoomChange(held=known.shared_rooms)
        for night in _nights(known.shared_from, known.shared_until)
    }


def _missing_rooms(made: InventoryHold) -> dict[date, int]:
    return {night: change.held for (_, night), change in _held(made).items() if change.held > 0}


def _given_back(changes: NightChanges) -> NightChanges:
    return {key: -change for key, change in changes.items()}


def _sum(parts: Iterable[NightChanges]) -> NightChanges:
    total: defaultdict[tuple[UUID, date], RoomChange] = defaultdict(RoomChange)
    for part in parts:
        for key, change in part.items():
            total[key] += change
    return total
