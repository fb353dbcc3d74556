"""Proposals: made in a reply, answered once. Plain SQL steps that never commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import CursorResult, or_, select, update

from shared.db import ReadSession, WriteSession, new_id
from subgraphs.ai.models.assistant import Proposal

CLAIM_SECONDS: Final = 45
"""Longer than carrying it out can take; after that another attempt may be made, with the same key."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be proposed: terms and summary from a quote, made by our own code."""

    kind: str
    summary: str
    terms: dict[str, Any]
    amount_minor: int
    currency: str


async def make(
    session: WriteSession, draft: Draft, *, user_id: UUID, conversation_id: UUID, message_id: UUID, expires_at: datetime
) -> Proposal:
    """Store a proposal. An earlier one of the conversation that is still open is replaced by it."""
    await session.execute(
        update(Proposal)
        .where(Proposal.conversation_id == conversation_id, Proposal.state == "PENDING")
        .values(state="REPLACED", settled_at=Proposal.created_at)
    )
    proposal = Proposal(
        id=new_id(),
        conversation_id=conversation_id,
        message_id=message_id,
        user_id=user_id,
        kind=draft.kind,
        state="PENDING",
        summary=draft.summary,
        terms=draft.terms,
        amount_minor=draft.amount_minor,
        currency=draft.currency,
        expires_at=expires_at.replace(microsecond=0),
    )
    session.add(proposal)
    await session.flush()
    return proposal


async def by_id(session: ReadSession, proposal_id: UUID, user_id: UUID) -> Proposal | None:
    """A proposal of this traveler, as it is now; nobody else's can be told from one that never was."""
    return await session.scalar(
        select(Proposal)
        .where(Proposal.id == proposal_id, Proposal.user_id == user_id)
        .execution_options(populate_existing=True)
    )


async def newest_of_reply(session: ReadSession, message_id: UUID) -> Proposal | None:
    """The last proposal that a reply made."""
    return await session.scalar(
        select(Proposal).where(Proposal.message_id == message_id).order_by(Proposal.id.desc()).limit(1)
    )


async def of_replies(session: ReadSession, message_ids: list[UUID]) -> dict[UUID, Proposal]:
    """The last proposal of each reply that made one."""
    rows = await session.scalars(
        select(Proposal)
        .where(Proposal.message_id.in_(message_ids))
        .order_by(Proposal.message_id, Proposal.id.desc())
        .distinct(Proposal.message_id)
    )
    return {row.message_id: row for row in rows}


async def claim(session: WriteSession, proposal: Proposal, *, method: str | None, key: str, now: datetime) -> bool:
    """Take a proposal to carry it out: one statement, so of any number of callers one gets it.

    An open one must not have expired. One that somebody took and never settled may be taken again with the same key
    and payment: whatever the first attempt did, the second only finds out.
    """
    is_open = (Proposal.state == "PENDING") & (Proposal.expires_at > now)
    is_lost = (
        (Proposal.state == "CONFIRMING")
        & (Proposal.claimed_until < now)
        & (Proposal.idempotency_key == key)
        & Proposal.payment_method.is_not_distinct_from(method)
    )
    result = await session.execute(
        update(Proposal)
        .where(Proposal.id == proposal.id, or_(is_open, is_lost))
        .values(
            state="CONFIRMING",
            payment_method=method,
            idempotency_key=key,
            claimed_until=now + timedelta(seconds=CLAIM_SECONDS),
            attempts=Proposal.attempts + 1,
        )
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", result).rowcount == 1


async def settle(
    session: WriteSession,
    proposal: Proposal,
    state: str,
    *,
    now: datetime,
    booking_id: UUID | None = None,
    refusal: str | None = None,
) -> None:
    """Write down how carrying it out ended."""
    await session.execute(
        update(Proposal)
        .where(Proposal.id == proposal.id, Proposal.state == "CONFIRMING")
        .values(state=state, booking_id=booking_id, refusal=refusal, settled_at=now, claimed_until=None)
        .execution_options(synchronize_session=False)
    )


async def let_go(session: WriteSession, proposal: Proposal, *, now: datetime) -> None:
    """Nobody knows how it ended: free for another attempt at once."""
    await session.execute(
        update(Proposal)
        .where(Proposal.id == proposal.id, Proposal.state == "CONFIRMING")
        .values(claimed_until=now - timedelta(seconds=1))
        .execution_options(synchronize_session=False)
    )


async def decline(session: WriteSession, proposal: Proposal, now: datetime) -> bool:
    """The traveler does not want it; false when it was no longer open."""
    result = await session.execute(
        update(Proposal)
        .where(Proposal.id == proposal.id, Proposal.state == "PENDING")
        .values(state="DECLINED", settled_at=now)
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", result).rowcount == 1


_EXPONENTS: Final = {"CLP": 0, "JPY": 0, "PYG": 0}
"""Digits after the point where they are not two; as ``shared.graphql.money``, which use cases do not import."""


def to_minor(amount: Decimal, currency: str) -> int:
    """An amount in minor units."""
    return int(amount.scaleb(_EXPONENTS.get(currency, 2)))


def to_major(minor: int, currency: str) -> Decimal:
    """An amount in whole units."""
    return Decimal(minor).scaleb(-_EXPONENTS.get(currency, 2))
