"""SQL of the sandbox's own books."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Interval, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.db import ReadSession, WriteSession, new_id
from subgraphs.bookings.payments.sandbox.models import ChargeState, SandboxCharge, SandboxRefund, SandboxWebhook


async def add_charge_if_new(session: WriteSession, values: dict[str, Any]) -> bool:
    """Insert a charge; False when its key is known. A rival's uncommitted one is waited for."""
    inserted = await session.execute(
        insert(SandboxCharge)
        .values(values)
        # On any of the unique keys: with one named, rivals that meet at another would wait for each other in a circle.
        .on_conflict_do_nothing()
        .returning(SandboxCharge.idempotency_key)
    )
    return inserted.first() is not None


async def lock_charge(session: WriteSession, idempotency_key: str) -> SandboxCharge | None:
    """The charge, locked until the transaction ends."""
    return await session.get(SandboxCharge, idempotency_key, populate_existing=True, with_for_update=True)


async def charge_by_reference(session: ReadSession, reference: str) -> SandboxCharge | None:
    """The charge with the sandbox's own id."""
    return (await session.scalars(select(SandboxCharge).where(SandboxCharge.reference == reference))).one_or_none()


async def undecided(session: WriteSession, now: datetime) -> Sequence[SandboxCharge]:
    """Charges whose decision is due, locked; those that another process decides are left out."""
    return (
        await session.scalars(
            select(SandboxCharge)
            .where(SandboxCharge.state == ChargeState.PROCESSING, SandboxCharge.decides_at <= now)
            .order_by(SandboxCharge.decides_at)
            .limit(50)
            .with_for_update(skip_locked=True)
        )
    ).all()


async def add_refund_if_new(
    session: WriteSession, *, key: str, charge: SandboxCharge, amount_minor: int, may_refund: bool
) -> SandboxRefund:
    """Make a refund of a locked charge, or find the one that was made, or refused, with this key."""
    if (known := await session.get(SandboxRefund, key)) is not None:
        return known
    accepted = may_refund and charge.refunded_minor + amount_minor <= charge.amount_minor
    if accepted:
        charge.refunded_minor += amount_minor
    refund = SandboxRefund(
        idempotency_key=key,
        reference=f"re_{new_id().hex}",
        charge_key=charge.idempotency_key,
        amount_minor=amount_minor,
        accepted=accepted,
    )
    session.add(refund)
    await session.flush()
    return refund


def owe_webhook(session: WriteSession, body: dict[str, Any], due_at: datetime) -> None:
    """Note an event that the merchant is to be told."""
    event_id = f"evt_{new_id().hex}"
    session.add(SandboxWebhook(id=new_id(), event_id=event_id, body={"id": event_id, **body}, due_at=due_at))


async def claim_webhooks(session: WriteSession, now: datetime, limit: int) -> Sequence[SandboxWebhook]:
    """Webhooks that are due, put off so that a courier that dies with one costs a wait: 5 s, doubled, at most 1 h."""
    due = (
        select(SandboxWebhook.id)
        .where(SandboxWebhook.delivered_at.is_(None), SandboxWebhook.due_at <= now)
        .order_by(SandboxWebhook.due_at, SandboxWebhook.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    seconds = 5.0 * func.least(func.power(2.0, SandboxWebhook.attempts), 720)
    wait = func.make_interval(0, 0, 0, 0, 0, 0, seconds, type_=Interval)
    claimed = await session.scalars(
        update(SandboxWebhook)
        .where(SandboxWebhook.id.in_(due))
        .values(
            attempts=func.least(SandboxWebhook.attempts + 1, 100), due_at=literal(now, DateTime(timezone=True)) + wait
        )
        .returning(SandboxWebhook)
    )
    return sorted(claimed.all(), key=lambda webhook: webhook.id)


async def webhook_delivered(session: WriteSession, webhook: SandboxWebhook, now: datetime) -> None:
    """The merchant has the event."""
    await session.execute(update(SandboxWebhook).where(SandboxWebhook.id == webhook.id).values(delivered_at=now))
