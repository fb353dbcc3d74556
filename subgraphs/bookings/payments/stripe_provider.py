"""Stripe: cards and PIX by PaymentIntents, through Stripe's own library.

An intent is created unconfirmed, which reserves nothing, and confirmed in a second call. So when an answer is lost,
creating it again with the same idempotency key finds it, whether it is to be confirmed or to be cancelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import stripe
import structlog

from subgraphs.bookings.payments.methods import Card, PaymentAction, Pix, PixCode, ThreeDSecure
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

if TYPE_CHECKING:
    from stripe.params import (
        PaymentIntentConfirmParams,
        PaymentIntentConfirmParamsPaymentMethodOptionsCardInstallmentsPlan,
        PaymentIntentCreateParams,
    )

log = structlog.get_logger(__name__)

SIGNATURE_HEADER: Final = "stripe-signature"

_CANCELLABLE: Final = frozenset(
    {"requires_payment_method", "requires_confirmation", "requires_action", "requires_capture"}
)
_WITH_FEE: Final = ["latest_charge.balance_transaction"]
_PIX_LIFETIME: Final = timedelta(minutes=15)
_TIMEOUT_SECONDS: Final = 30


class StripeProvider:
    """Payments through one Stripe account."""

    name: Final = "stripe"

    def __init__(
        self, api_key: str, *, webhook_secret: str | None, return_url: str, api_base: str | None = None
    ) -> None:
        """Set up without connecting.

        Args:
            api_key: The account's secret key.
            webhook_secret: Signing secret of the webhook endpoint; without it no webhook is believed.
            return_url: Where the bank sends the traveler after 3-D Secure.
            api_base: Another address of the API.
        """
        self._http = stripe.AIOHTTPClient(timeout=_TIMEOUT_SECONDS)
        self._client = stripe.StripeClient(
            api_key,
            http_client=self._http,
            base_addresses={"api": api_base} if api_base is not None else {},
            # Whoever calls us repeats with the same keys, and knows how long it may take.
            max_network_retries=0,
        )
        self._webhook_secret = webhook_secret
        self._return_url = return_url

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close_async()  # type: ignore[no-untyped-call]

    async def authorize(self, order: PaymentOrder) -> ProviderStatus:
        """Create the intent, or find the one that was created, and confirm it unless that was done."""
        try:
            with _silence_is_unavailable():
                intent = await self._find_or_create(order)
                if intent.status == "requires_confirmation":
                    intent = await self._current(await self._confirm(order, intent))
        except stripe.CardError as error:
            return _refused(error, order)
        except stripe.InvalidRequestError as error:
            log.warning("stripe refused a request", code=error.code, param=error.param)
            return Broken(error.code or "invalid_request", order.reference)
        return _status(intent)

    async def capture(self, order: PaymentOrder) -> ProviderStatus:
        """Capture the whole."""
        assert order.reference is not None, "nobody captures what was not authorized"
        with _silence_is_unavailable():
            try:
                intent = await self._client.v1.payment_intents.capture_async(
                    order.reference, {"expand": _WITH_FEE}, {"idempotency_key": order.capture_key}
                )
            except stripe.InvalidRequestError as error:
                intent = await self._retrieve(order.reference)
                if intent.status == "requires_capture":
                    return Broken(error.code or "invalid_request", order.reference)
        return _status(intent)

    async def void(self, order: PaymentOrder) -> ProviderStatus:
        """Cancel the intent, also one whose creation we never heard back from."""
        with _silence_is_unavailable():
            try:
                intent = await self._find_or_create(order)
            except stripe.InvalidRequestError:
                return Cancelled()  # Stripe never accepted the order, so there is nothing to give up
            if intent.status in _CANCELLABLE:
                try:
                    intent = await self._client.v1.payment_intents.cancel_async(
                        intent.id,
                        {"cancellation_reason": "abandoned"},
                        # A refusal in one state must not be repeated to us in the next.
                        {"idempotency_key": f"{order.void_key}:{intent.status}"},
                    )
                except stripe.InvalidRequestError:
                    intent = await self._retrieve(intent.id)
        return _status(intent)

    async def refund(self, order: PaymentOrder, refund: RefundOrder) -> RefundAnswer:
        """Refund a part or the whole of the intent."""
        assert order.reference is not None, "nobody refunds what was not captured"
        with _silence_is_unavailable():
            try:
                made = await self._client.v1.refunds.create_async(
                    {
                        "payment_intent": order.reference,
                        "amount": refund.amount_minor,
                        "metadata": {"refund_id": str(refund.refund_id), "payment_id": str(order.payment_id)},
                    },
                    {"idempotency_key": refund.key},
                )
            except stripe.InvalidRequestError as error:
                return RefundRefused(error.code or "invalid_request")
        if made.status in ("failed", "canceled"):
            return RefundRefused(made.failure_reason or made.status)
        return RefundAccepted(made.id)

    async def status(self, order: PaymentOrder) -> ProviderStatus | None:
        """How the intent stands."""
        if order.reference is None:
            return None
        with _silence_is_unavailable():
            return _status(await self._retrieve(order.reference))

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderEvent:  # noqa: ARG002
        """The event in a webhook. Stripe's library checks its signature, against the system's clock."""
        if self._webhook_secret is None:
            raise InvalidWebhook("RESERVEI_STRIPE_WEBHOOK_SECRET is not set")
        try:
            event = self._client.construct_event(body, headers.get(SIGNATURE_HEADER), self._webhook_secret)
            occurred_at = datetime.fromtimestamp(event.created, UTC)
            # The library makes it an object of the class that the event names, which its types do not tell.
            subject: object = event.data.object
        except stripe.SignatureVerificationError as error:
            raise InvalidWebhook(str(error.user_message or "the signature is wrong or too old")) from None
        except (ValueError, AttributeError, KeyError) as error:
            raise InvalidWebhook(f"it is not readable: {error!r}") from None
        if not isinstance(subject, stripe.PaymentIntent):
            return ProviderEvent(event.id, event.type, occurred_at, None, None)
        return ProviderEvent(event.id, event.type, occurred_at, _payment_id(subject), _status(subject))

    async def _find_or_create(self, order: PaymentOrder) -> stripe.PaymentIntent:
        if order.reference is not None:
            return await self._retrieve(order.reference)
        created = await self._client.v1.payment_intents.create_async(
            _new_intent(order), {"idempotency_key": order.authorize_key}
        )
        return await self._current(created)

    async def _confirm(self, order: PaymentOrder, intent: stripe.PaymentIntent) -> stripe.PaymentIntent:
        params: PaymentIntentConfirmParams = {"expand": _WITH_FEE}
        if isinstance(order.method, Card):
            params["return_url"] = self._return_url
            if (count := order.method.installments) > 1:
                # A plan can only be chosen here, not at the creation.
                plan: PaymentIntentConfirmParamsPaymentMethodOptionsCardInstallmentsPlan = {
                    "type": "fixed_count",
                    "interval": "month",
                    "count": count,
                }
                params["payment_method_options"] = {"card": {"installments": {"plan": plan}}}
        return await self._client.v1.payment_intents.confirm_async(
            intent.id, params, {"idempotency_key": f"{order.payment_id}:confirm"}
        )

    async def _current(self, intent: stripe.PaymentIntent) -> stripe.PaymentIntent:
        """``intent``, asked for again when Stripe merely repeated an answer of the past."""
        response = intent.last_response
        headers = response.headers if response is not None else {}
        was_replayed = any(name.lower() == "idempotent-replayed" and value == "true" for name, value in headers.items())
        return await self._retrieve(intent.id) if was_replayed else intent

    async def _retrieve(self, reference: str) -> stripe.PaymentIntent:
        return await self._client.v1.payment_intents.retrieve_async(reference, {"expand": _WITH_FEE})


@contextmanager
def _silence_is_unavailable() -> Iterator[None]:
    """Turn failures that leave the outcome open, or that are ours to mend, into :class:`ProviderUnavailable`."""
    try:
        yield
    except (stripe.CardError, stripe.InvalidRequestError):
        raise
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        log.exception("stripe does not accept our key")
        raise ProviderUnavailable("Stripe does not accept our key") from error
    except stripe.StripeError as error:
        raise ProviderUnavailable(f"Stripe did not answer: {type(error).__name__}") from error


def _new_intent(order: PaymentOrder) -> PaymentIntentCreateParams:
    params: PaymentIntentCreateParams = {
        "amount": order.amount_minor,
        "currency": order.currency.lower(),
        "metadata": {"payment_id": str(order.payment_id), "booking_id": str(order.booking_id)},
    }
    match order.method:
        case Card(token=token, installments=installments):
            params["capture_method"] = "manual"
            params["allowed_payment_method_types"] = ["card"]
            params["payment_method"] = token
            if installments > 1:
                params["payment_method_options"] = {"card": {"installments": {"enabled": True}}}
        case Pix():
            params["allowed_payment_method_types"] = ["pix"]
            params["payment_method_data"] = {"type": "pix"}
            if order.expires_at is not None:
                params["payment_method_options"] = {"pix": {"expires_at": int(order.expires_at.timestamp())}}
        case _:
            raise AssertionError("boletos do not go to Stripe")
    return params


def _status(intent: stripe.PaymentIntent) -> ProviderStatus:
    match intent.status:
        case "succeeded":
            return Paid(intent.id, _fee(intent))
        case "requires_capture":
            return Approved(intent.id)
        case "requires_action":
            action = _action(intent)
            return NeedsAction(intent.id, action) if action is not None else Broken("unsupported_action", intent.id)
        case "canceled":
            return Cancelled(intent.id)
        case "requires_payment_method" if (error := intent.last_payment_error) is not None:
            match error.code:
                case "payment_intent_authentication_failure":
                    return Broken("authentication_failed", intent.id)
                case "payment_intent_payment_attempt_expired":
                    return Broken("expired", intent.id)
                case code:
                    return Refused(error.decline_code or code or "declined", intent.id)
        case _:
            return Processing(intent.id)


def _action(intent: stripe.PaymentIntent) -> PaymentAction | None:
    if (action := intent.next_action) is None:
        return None
    if action.type == "redirect_to_url" and action.redirect_to_url is not None and action.redirect_to_url.url:
        return ThreeDSecure(url=action.redirect_to_url.url)
    code = action.pix_display_qr_code if action.type == "pix_display_qr_code" else None
    if code is not None and code.data:
        expires_at = (
            datetime.fromtimestamp(code.expires_at, UTC)
            if code.expires_at is not None
            else datetime.fromtimestamp(intent.created, UTC) + _PIX_LIFETIME
        )
        return PixCode(payload=code.data, expires_at=expires_at)
    return None


def _fee(intent: stripe.PaymentIntent) -> int | None:
    """Stripe's fee, where the answer holds it: webhooks carry only the charge's id."""
    charge = intent.latest_charge
    transaction = charge.balance_transaction if isinstance(charge, stripe.Charge) else None
    return transaction.fee if isinstance(transaction, stripe.BalanceTransaction) else None


def _refused(error: stripe.CardError, order: PaymentOrder) -> Refused:
    detail = error.error
    decline_code = detail.decline_code if detail is not None else None
    intent = detail.payment_intent if detail is not None else None
    return Refused(decline_code or error.code or "declined", intent.id if intent is not None else order.reference)


def _payment_id(intent: stripe.PaymentIntent) -> UUID | None:
    try:
        return UUID(intent.metadata["payment_id"]) if intent.metadata is not None else None
    except (KeyError, ValueError):
        return None
