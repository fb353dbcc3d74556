"""Finishes what was begun: payments whose caller died, whose webhook got lost, or that nobody wants any more."""

from __future__ import annotations

import asyncio

import structlog

from subgraphs.bookings.payments import repository
from subgraphs.bookings.payments.models import Payment, PaymentState
from subgraphs.bookings.payments.provider import ProviderUnavailable
from subgraphs.bookings.payments.service import Payments

log = structlog.get_logger(__name__)

_BATCH = 50
_IDLE_SECONDS = 1.0


class PaymentJanitor:
    """Looks at payments that are due. Any number may run: each payment is taken by one of them at a time."""

    def __init__(self, payments: Payments) -> None:
        self._payments = payments

    async def run(self, stop: asyncio.Event) -> None:
        """Look until ``stop`` is set."""
        while not stop.is_set():
            try:
                looked_at = await self.run_once()
            except Exception:  # the loop must outlive whatever the database or a bug throws at it
                log.exception("payment janitor failed")
                looked_at = 0
            if looked_at < _BATCH:
                try:
                    await asyncio.wait_for(stop.wait(), _IDLE_SECONDS)
                except TimeoutError:
                    continue

    async def run_once(self) -> int:
        """Look at one batch, and return how many payments it had."""
        payments = self._payments
        now = payments.clock()
        async with payments.database.transaction() as session:
            due = await repository.claim_due(session, now, payments.settings.check_interval, _BATCH)
        for payment in due:
            try:
                await self._look_at(payment)
            except ProviderUnavailable as error:
                log.warning("payment not finished", payment_id=str(payment.id), checks=payment.checks, error=str(error))
            except Exception:  # one payment that fails must not keep the others from their turn
                log.exception("payment not finished", payment_id=str(payment.id), checks=payment.checks)
        return len(due)

    async def _look_at(self, payment: Payment) -> None:
        payments = self._payments
        if payment.void_requested_at is not None:
            await payments.finish_void(payment.id)
        elif payment.state in repository.OPEN and payment.expires_at and payment.expires_at <= payments.clock():
            await payments.expire(payment.id)
        elif payment.state in (*repository.OPEN, PaymentState.AUTHORIZED):
            await payments.refresh(payment.id)
        else:
            await payments.settle(payment.id)
