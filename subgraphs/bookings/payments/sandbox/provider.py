"""The sandbox as a payment provider. What its cards do is in ``cards``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from shared.db import Database, WriteSession, new_id, utc_now
from subgraphs.bookings.payments.methods import Card, action_from_json, action_to_json
from subgraphs.bookings.payments.models import MethodKind
from subgraphs.bookings.payments.provider import (
    Approved,
    Broken,
    Cancelled,
    InvalidWebhook,
    NeedsAction,
    Paid,
    PaymentOrder,
    Processing,
    ProviderEvent,
    ProviderStatus,
    ProviderUnavailable,
    RefundAccepted,
    RefundAnswer,
    RefundOrder,
    RefundRefused,
    Refused,
)
from subgraphs.bookings.payments.sandbox import books, signing
from subgraphs.bookings.payments.sandbox.cards import FirstCall, behaviour
from subgraphs.bookings.payments.sandbox.models import ChargeState, SandboxCharge
from subgraphs.bookings.payments.sandbox.slips import required_action

_CARD_FEE_BPS: Final = 299
_PIX_FEE_BPS: Final = 99
_BOLETO_FEE_MINOR: Final = 345


class UnknownCharge(Exception):
    """The sandbox has no charge with this reference."""


class _WebhookData(msgspec.Struct, frozen=True):
    payment_id: UUID
    reference: str
    status: ChargeState
    reason: str | None = None
    fee_minor: int | None = None


class _Webhook(msgspec.Struct, frozen=True):
    id: str
    type: str
    created: int
    data: _WebhookData


class Sandbox:
    """A payment provider without a bank behind it."""

    name: Final = "sandbox"

    def __init__(
        self,
        database: Database,
        *,
        webhook_secret: str,
        base_url: str = "http://127.0.0.1:3003",
        late: timedelta = timedelta(seconds=3),
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Open the sandbox.

        Args:
            database: Where its tables are.
            webhook_secret: Signs what it tells its merchant.
            base_url: Address of its pages for travelers.
            late: How long the cards take that are approved late.
            clock: The present moment.
        """
        self.database = database
        self.clock = clock
        self._secret = webhook_secret
        self._base_url = base_url
        self._late = late

    async def authorize(self, order: PaymentOrder) -> ProviderStatus:
        """Begin a charge as the card says; a known one answers with how it stands."""
        token = order.method.token if isinstance(order.method, Card) else None
        card = behaviour(token)
        if card.first_call is FirstCall.SWALLOWED:
            await _silence()
        async with self.database.transaction() as session:
            is_first = await books.add_charge_if_new(session, self._charge(order, ChargeState.UNREACHED))
            charge = await self._lock(session, order)
            if charge.state == ChargeState.UNREACHED and not (is_first and card.first_call is FirstCall.BROKEN_OFF):
                self._begin(charge, order)
                if card.first_call is FirstCall.UNANSWERED:
                    self._tell(session, charge, self.clock() + self._late)
            status = _status(charge)
        if is_first and card.first_call is FirstCall.UNANSWERED:
            await _silence()
        if status is None:
            raise ProviderUnavailable("the connection broke off")
        return status

    async def capture(self, order: PaymentOrder) -> ProviderStatus:
        """Take what was authorized."""
        async with self.database.transaction() as session:
            charge = await books.lock_charge(session, order.authorize_key)
            if charge is None:
                return Broken("unknown_charge")
            if charge.state == ChargeState.AUTHORIZED:
                if refusal := behaviour(charge.token).capture_refused:
                    charge.state, charge.reason = ChargeState.FAILED, refusal
                else:
                    _take(charge)
            return _status(charge) or Broken("unknown_charge")

    async def void(self, order: PaymentOrder) -> ProviderStatus:
        """Give a charge up. One that was never begun is cancelled too, so that it cannot begin later."""
        async with self.database.transaction() as session:
            await books.add_charge_if_new(session, self._charge(order, ChargeState.VOIDED))
            charge = await self._lock(session, order)
            if charge.state in (ChargeState.UNREACHED, ChargeState.WAITING, ChargeState.AUTHORIZED):
                charge.state = ChargeState.VOIDED
            return _status(charge) or Cancelled()

    async def refund(self, order: PaymentOrder, refund: RefundOrder) -> RefundAnswer:
        """Give back a part or the whole of what was taken."""
        async with self.database.transaction() as session:
            charge = await books.lock_charge(session, order.authorize_key)
            if charge is None:
                return RefundRefused("unknown_charge")
            refusal = behaviour(charge.token).refund_refused
            made = await books.add_refund_if_new(
                session,
                key=refund.key,
                charge=charge,
                amount_minor=refund.amount_minor,
                may_refund=refusal is None and charge.state == ChargeState.CAPTURED,
            )
            return RefundAccepted(made.reference) if made.accepted else RefundRefused(refusal or "not_refundable")

    async def status(self, order: PaymentOrder) -> ProviderStatus | None:
        """How the charge stands."""
        async with self.database.transaction() as session:
            charge = await books.lock_charge(session, order.authorize_key)
            return None if charge is None else _status(charge)

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderEvent:
        """The event in a webhook of ours."""
        signing.verify(self._secret, headers.get(signing.HEADER), body, now)
        try:
            webhook = msgspec.json.decode(body, type=_Webhook)
            occurred_at = datetime.fromtimestamp(webhook.created, UTC)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError, OverflowError) as error:
            raise InvalidWebhook(f"it is not readable: {error}") from None
        data = webhook.data
        return ProviderEvent(
            event_id=webhook.id,
            type=webhook.type,
            occurred_at=occurred_at,
            payment_id=data.payment_id,
            status=_told(data),
        )

    def sign(self, body: bytes) -> dict[str, str]:
        """The headers of a webhook that leaves now."""
        return {signing.HEADER: signing.sign(self._secret, body, self.clock()), "content-type": "application/json"}

    async def act(self, reference: str, *, pay: bool = True) -> ChargeState:
        """What the traveler does with a charge that waits: pay or pass the check, or (``pay=False``) fail it.

        The merchant learns of it by webhook. A charge that does not wait stays as it is. PIX codes and boletos can be
        paid until the merchant voids them, also after their time, as it happens when a bank is slow.

        Returns:
            The charge's state afterwards.

        Raises:
            UnknownCharge: there is no such charge.
        """
        async with self.database.transaction() as session:
            found = await books.charge_by_reference(session, reference)
            charge = await books.lock_charge(session, found.idempotency_key) if found is not None else None
            if charge is None:
                raise UnknownCharge(reference)
            if charge.state == ChargeState.WAITING:
                _act(charge, pays=pay and behaviour(charge.token).passes_three_d_secure)
                self._tell(session, charge, self.clock())
            return ChargeState(charge.state)

    async def decide(self) -> int:
        """Approve what was undecided long enough, and tell the merchant twice. Returns how many there were."""
        async with self.database.transaction() as session:
            charges = await books.undecided(session, self.clock())
            for charge in charges:
                charge.state = ChargeState.AUTHORIZED
                self._tell(session, charge, self.clock())
                self._tell(session, charge, self.clock())
            return len(charges)

    async def _lock(self, session: WriteSession, order: PaymentOrder) -> SandboxCharge:
        charge = await books.lock_charge(session, order.authorize_key)
        assert charge is not None, "inserted by us, or by somebody before us"
        return charge

    def _begin(self, charge: SandboxCharge, order: PaymentOrder) -> None:
        card = behaviour(charge.token)
        # PIX and boleto always wait for the traveler.
        charge.state = card.state if charge.method == MethodKind.CARD else ChargeState.WAITING
        charge.reason = card.reason
        if charge.state == ChargeState.WAITING:
            action = required_action(order, charge.reference, self._base_url, self.clock())
            charge.action = action_to_json(action)
        if charge.state == ChargeState.PROCESSING:
            charge.decides_at = self.clock() + self._late

    def _charge(self, order: PaymentOrder, state: ChargeState) -> dict[str, Any]:
        method = order.method
        return {
            "idempotency_key": order.authorize_key,
            "payment_id": order.payment_id,
            "reference": f"sandbox_{new_id().hex}",
            "method": method.kind,
            "token": method.token if isinstance(method, Card) else None,
            "installments": method.installments if isinstance(method, Card) else 1,
            "amount_minor": order.amount_minor,
            "currency": order.currency,
            "state": state,
        }

    def _tell(self, session: WriteSession, charge: SandboxCharge, due_at: datetime) -> None:
        kind = {ChargeState.AUTHORIZED: "authorized", ChargeState.CAPTURED: "captured"}.get(
            ChargeState(charge.state), "failed"
        )
        body = {
            "type": f"payment.{kind}",
            "created": int(self.clock().timestamp()),
            "data": {
                "payment_id": str(charge.payment_id),
                "reference": charge.reference,
                "status": charge.state,
                "reason": charge.reason,
                "fee_minor": charge.fee_minor,
            },
        }
        books.owe_webhook(session, body, due_at)


async def _silence() -> None:
    """Never answer. The caller's deadline ends it."""
    await asyncio.get_running_loop().create_future()


def _act(charge: SandboxCharge, *, pays: bool) -> None:
    if not pays:
        charge.state = ChargeState.FAILED
        charge.reason = "authentication_failed" if charge.method == MethodKind.CARD else "not_paid"
    elif charge.method == MethodKind.CARD:
        charge.state = ChargeState.AUTHORIZED
    else:
        _take(charge)


def _take(charge: SandboxCharge) -> None:
    charge.state = ChargeState.CAPTURED
    match charge.method:
        case MethodKind.CARD:
            charge.fee_minor = charge.amount_minor * _CARD_FEE_BPS // 10_000
        case MethodKind.PIX:
            charge.fee_minor = charge.amount_minor * _PIX_FEE_BPS // 10_000
        case _:
            charge.fee_minor = min(_BOLETO_FEE_MINOR, charge.amount_minor)


def _status(charge: SandboxCharge) -> ProviderStatus | None:
    """How a charge looks to its merchant."""
    match charge.state:
        case ChargeState.UNREACHED:
            return None
        case ChargeState.WAITING:
            assert charge.action is not None, "stored together with the state"
            return NeedsAction(charge.reference, action_from_json(charge.action))
        case state:
            return _ended(ChargeState(state), charge.reference, charge.reason, charge.fee_minor)


def _told(data: _WebhookData) -> ProviderStatus:
    return _ended(data.status, data.reference, data.reason, data.fee_minor)


def _ended(state: ChargeState, reference: str, reason: str | None, fee_minor: int | None) -> ProviderStatus:
    match state:
        case ChargeState.AUTHORIZED:
            return Approved(reference)
        case ChargeState.CAPTURED:
            return Paid(reference, fee_minor)
        case ChargeState.DECLINED:
            return Refused(reason or "declined", reference)
        case ChargeState.FAILED:
            return Broken(reason or "failed", reference)
        case ChargeState.VOIDED:
            return Cancelled(reference)
        case _:
            return Processing(reference)
