"""The use cases of payments.

A call to a provider can be lost on the way there or on the way back, and we can die around it. So each use case
first notes in one transaction what it is about to do, then calls the provider outside any transaction with a key that
follows from our own ids, then records the answer in another transaction. Called again, it goes the same way, and the
provider's answer is the same: whoever is unsure calls again.

:class:`ProviderUnavailable` is raised when the provider did not answer; the outcome is unknown until a later call, a
webhook or the janitor learns it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import structlog

from shared.db import Database, ReadSession, WriteSession, new_id, utc_now
from subgraphs.bookings.payments import events, ledger, repository, transitions
from subgraphs.bookings.payments.methods import Card, PaymentMethod, action_from_json
from subgraphs.bookings.payments.models import Payment, PaymentState, Refund, RefundState
from subgraphs.bookings.payments.orders import check_method, order_of
from subgraphs.bookings.payments.outcomes import (
    ActionRequired,
    Authorized,
    AuthorizeOutcome,
    Captured,
    CaptureOutcome,
    Declined,
    Failed,
    Pending,
    Refunded,
    RefundOutcome,
    Voided,
    VoidOutcome,
)
from subgraphs.bookings.payments.provider import (
    ProviderStatus,
    ProviderUnavailable,
    RefundAccepted,
    RefundAnswer,
    RefundOrder,
)
from subgraphs.bookings.payments.providers import Providers
from subgraphs.bookings.payments.settings import PaymentsSettings

log = structlog.get_logger(__name__)

AnswerT = TypeVar("AnswerT")


class UnknownPayment(Exception):
    """There is no payment with this id."""

    def __init__(self, payment_id: UUID) -> None:
        super().__init__(f"there is no payment {payment_id}")
        self.payment_id = payment_id


class ConflictingPayment(Exception):
    """The id was used before for another payment or refund."""

    def __init__(self, id_: UUID) -> None:
        super().__init__(f"{id_} was used before with other values")
        self.id = id_


@dataclass(frozen=True, slots=True)
class Payments:
    """What the booking saga, the webhooks and the janitor do with payments."""

    database: Database
    providers: Providers
    settings: PaymentsSettings
    clock: Callable[[], datetime] = utc_now

    async def open(
        self,
        session: WriteSession,
        *,
        payment_id: UUID,
        booking_id: UUID,
        amount_minor: int,
        currency: str,
        method: PaymentMethod,
        expires_at: datetime | None,
    ) -> Payment:
        """Write down a payment that is to be collected, in the caller's transaction. Calls no provider.

        Args:
            session: The transaction of whatever wants the money.
            payment_id: Chosen by the caller; opening it again changes nothing.
            booking_id: What it pays for.
            amount_minor: What to collect.
            currency: ISO 4217.
            method: How.
            expires_at: A payment that is neither authorized nor paid by then is given up: ``payment.expired``.

        Raises:
            MethodUnavailable: nobody takes this method for this amount and currency.
            ConflictingPayment: the id was used for another payment.
        """
        check_method(method, amount_minor, currency)
        now = self.clock()
        first_check = now + self.settings.check_interval
        values = {
            "booking_id": booking_id,
            "provider": self.providers.for_method(method.kind).name,
            "method": method.kind,
            "card_token": method.token if isinstance(method, Card) else None,
            "installments": method.installments if isinstance(method, Card) else 1,
            "amount_minor": amount_minor,
            "currency": currency,
        }
        await repository.add_if_new(
            session,
            {
                "id": payment_id,
                **values,
                "commission_bps": self.settings.commission_bps,
                "expires_at": expires_at,
                "next_check_at": first_check if expires_at is None else min(first_check, expires_at),
            },
        )
        payment = await repository.get(session, payment_id)
        assert payment is not None, "inserted by us, or by somebody before us"
        if any(getattr(payment, name) != value for name, value in values.items()):
            raise ConflictingPayment(payment_id)
        return payment

    async def authorize(self, payment_id: UUID) -> AuthorizeOutcome:
        """Have the provider reserve the money, or begin to collect it.

        Raises:
            UnknownPayment: it was never opened.
            ProviderUnavailable: call again.
        """
        payment = await self._read(payment_id)
        if payment.expires_at is not None and payment.expires_at <= self.clock():
            await self.expire(payment_id)
            payment = await self._read(payment_id)
        if payment.state == PaymentState.PENDING and payment.void_requested_at is None:
            provider = self.providers.named(payment.provider)
            status = await self._ask(provider.authorize(order_of(payment)))
            payment = await self._record(payment_id, status)
        return _authorize_outcome(payment)

    async def capture(self, payment_id: UUID) -> CaptureOutcome:
        """Take the money that was authorized.

        Raises:
            UnknownPayment: it was never opened.
            ProviderUnavailable: call again.
        """
        now = self.clock()
        async with self.database.transaction() as session:
            await repository.request_capture(session, payment_id, now, now + self.settings.check_interval)
            payment = await _known(session, payment_id)
        if payment.state == PaymentState.AUTHORIZED and payment.void_requested_at is None:
            provider = self.providers.named(payment.provider)
            status = await self._ask(provider.capture(order_of(payment)))
            payment = await self._record(payment_id, status)
        if payment.state == PaymentState.CAPTURED:
            return Captured()
        return Failed(payment.reason or ("voided" if payment.void_requested_at else "not_authorized"))

    async def void(self, payment_id: UUID) -> VoidOutcome:
        """Give the payment up, wherever it stands: release what is reserved, give back what was taken.

        From then on nobody wants it: money that arrives later is given back by the janitor. ``Pending`` means that the
        provider cannot give it up right now, and that the janitor keeps at it.

        Raises:
            UnknownPayment: it was never opened.
            ProviderUnavailable: call again; should nobody do so, the janitor will.
        """
        now = self.clock()
        async with self.database.transaction() as session:
            await repository.request_void(session, payment_id, now, now + self.settings.check_interval)
            payment = await _known(session, payment_id)
        return await self._give_up(payment)

    async def finish_void(self, payment_id: UUID) -> None:
        """Go on giving up a payment that nobody wants; do nothing about any other.

        Raises:
            UnknownPayment: it was never opened.
            ProviderUnavailable: call again.
        """
        payment = await self._read(payment_id)
        if payment.void_requested_at is not None:
            await self._give_up(payment)

    async def expire(self, payment_id: UUID) -> None:
        """Give the payment up when its time is over and nobody has paid; otherwise do nothing.

        Raises:
            UnknownPayment: it was never opened.
            ProviderUnavailable: call again.
        """
        async with self.database.transaction() as session:
            await repository.request_expiry(session, payment_id, self.clock(), transitions.EXPIRED_REASON)
        await self.finish_void(payment_id)

    async def refund(self, payment_id: UUID, *, refund_id: UUID, amount_minor: int) -> RefundOutcome:
        """Give back ``amount_minor`` of a captured payment, once for each ``refund_id``.

        Raises:
            UnknownPayment: it was never opened.
            ConflictingPayment: the refund's id was used for another amount or payment.
            ProviderUnavailable: call again with the same ``refund_id``.
        """
        if amount_minor <= 0:
            return Failed("not_positive")
        async with self.database.transaction() as session:
            payment = await repository.lock(session, payment_id)
            if payment is None:
                raise UnknownPayment(payment_id)
            refund = await repository.refund(session, refund_id)
            if refund is None:
                refund = await self._reserve(session, payment_id, refund_id, amount_minor)
            elif (refund.payment_id, refund.amount_minor) != (payment_id, amount_minor):
                raise ConflictingPayment(refund_id)
        if refund is None:
            return Failed("exceeds_captured" if payment.state == PaymentState.CAPTURED else "not_captured")
        if refund.state == RefundState.PENDING:
            refund = await self._carry_out(payment, refund)
        return Refunded(amount_minor) if refund.state == RefundState.SUCCEEDED else Failed(refund.reason or "refused")

    async def settle(self, payment_id: UUID) -> None:
        """Carry out the refunds that were begun and not finished.

        Raises:
            UnknownPayment: it was never opened.
            ProviderUnavailable: call again.
        """
        async with self.database.read() as session:
            payment = await _known(session, payment_id)
            pending = await repository.pending_refunds(session, payment_id)
        for refund in pending:
            await self._carry_out(payment, refund)
        await self._finish_checks(payment_id)

    async def refresh(self, payment_id: UUID) -> Payment:
        """Ask the provider how the payment stands, for when its webhook may be lost.

        Raises:
            UnknownPayment: it was never opened.
            ProviderUnavailable: call again.
        """
        payment = await self._read(payment_id)
        status = await self._ask(self.providers.named(payment.provider).status(order_of(payment)))
        return payment if status is None else await self._record(payment_id, status)

    async def of_booking(self, session: ReadSession, booking_id: UUID) -> Sequence[Payment]:
        """The booking's payments, oldest first."""
        return await repository.of_booking(session, booking_id)

    async def _give_up(self, payment: Payment) -> VoidOutcome:
        """Void at the provider, also what we take for void already, and give back what it says was paid."""
        if payment.state != PaymentState.CAPTURED:
            provider = self.providers.named(payment.provider)
            status = await self._ask(provider.void(order_of(payment)))
            payment = await self._record(payment.id, status)
        if payment.state == PaymentState.CAPTURED:
            outcome = await self._give_back(payment)
        elif payment.state in (*repository.OPEN, PaymentState.AUTHORIZED):
            return Pending()
        else:
            outcome = Voided()
        await self._finish_checks(payment.id)
        return outcome

    async def _give_back(self, payment: Payment) -> VoidOutcome:
        """Refund what is left of a captured payment. Of several that do so at once, one reserves the rest."""
        async with self.database.transaction() as session:
            locked = await repository.lock(session, payment.id)
            assert locked is not None, "payments are never deleted"
            if rest := locked.captured_minor - locked.refunded_minor:
                await self._reserve(session, locked.id, new_id(), rest)
            pending = await repository.pending_refunds(session, locked.id)
        for refund in pending:
            done = await self._carry_out(payment, refund)
            if done.state == RefundState.FAILED:
                log.error("money cannot be given back", payment_id=str(payment.id), reason=done.reason)
                async with self.database.transaction() as session:
                    await repository.stop_checks(session, payment.id)
                return Failed(done.reason or "refused")
        return Refunded(payment.captured_minor)

    async def _reserve(
        self, session: WriteSession, payment_id: UUID, refund_id: UUID, amount_minor: int
    ) -> Refund | None:
        next_check_at = self.clock() + self.settings.check_interval
        if not await repository.reserve_refund(session, payment_id, amount_minor, next_check_at):
            return None
        refund = Refund(id=refund_id, payment_id=payment_id, amount_minor=amount_minor, state=RefundState.PENDING)
        session.add(refund)
        await session.flush()
        return refund

    async def _carry_out(self, payment: Payment, refund: Refund) -> Refund:
        provider = self.providers.named(payment.provider)
        answer = await self._ask(provider.refund(order_of(payment), RefundOrder(refund.id, refund.amount_minor)))
        async with self.database.transaction() as session:
            recorded = await _record_refund(session, payment.id, refund.id, answer)
        await self._finish_checks(payment.id)
        return recorded

    async def _ask(self, call: Awaitable[AnswerT]) -> AnswerT:
        """Wait for a provider, but no longer than it may take."""
        try:
            async with asyncio.timeout(self.settings.provider_timeout_seconds):
                return await call
        except TimeoutError:
            raise ProviderUnavailable("the payment provider did not answer in time") from None

    async def _read(self, payment_id: UUID) -> Payment:
        async with self.database.read() as session:
            return await _known(session, payment_id)

    async def _record(self, payment_id: UUID, status: ProviderStatus) -> Payment:
        async with self.database.transaction() as session:
            payment = await repository.lock(session, payment_id)
            assert payment is not None, "payments are never deleted"
            await transitions.record(session, payment, status, self.clock())
            return payment

    async def _finish_checks(self, payment_id: UUID) -> None:
        async with self.database.transaction() as session:
            await repository.finish_checks(session, payment_id)


async def _known(session: ReadSession, payment_id: UUID) -> Payment:
    if (payment := await repository.get(session, payment_id)) is None:
        raise UnknownPayment(payment_id)
    return payment


async def _record_refund(session: WriteSession, payment_id: UUID, refund_id: UUID, answer: RefundAnswer) -> Refund:
    payment = await repository.lock(session, payment_id)
    refund = await repository.refund(session, refund_id)
    assert payment is not None, "payments are never deleted"
    assert refund is not None, "nor are refunds"
    if refund.state != RefundState.PENDING:
        return refund
    if isinstance(answer, RefundAccepted):
        refunded_before = await repository.refunded(session, payment_id)
        refund.state = RefundState.SUCCEEDED
        refund.provider_reference = answer.reference
        await ledger.refund(session, payment, refund, refunded_before=refunded_before)
        events.publish(session, payment, events.REFUNDED, refund_id=refund.id)
    else:
        log.warning("refund refused", payment_id=str(payment_id), refund_id=str(refund_id), reason=answer.reason)
        refund.state = RefundState.FAILED
        refund.reason = answer.reason
        payment.refunded_minor -= refund.amount_minor
    return refund


def _authorize_outcome(payment: Payment) -> AuthorizeOutcome:
    if payment.void_requested_at is not None:
        return Failed(payment.reason or "voided")
    match payment.state:
        case PaymentState.PENDING:
            return Pending()
        case PaymentState.ACTION_REQUIRED:
            assert payment.action is not None, "stored together with the state"
            return ActionRequired(action_from_json(payment.action))
        case PaymentState.AUTHORIZED:
            return Authorized()
        case PaymentState.CAPTURED:
            return Captured()
        case PaymentState.DECLINED:
            return Declined(payment.reason or "declined")
        case _:
            return Failed(payment.reason or payment.state.lower())
