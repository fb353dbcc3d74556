"""What the provider is asked to collect for a payment, and what may be asked for at all."""

from __future__ import annotations

from typing import Final

from subgraphs.bookings.payments.methods import MAX_INSTALLMENTS, Boleto, Card, PaymentMethod, Pix
from subgraphs.bookings.payments.models import MethodKind, Payment
from subgraphs.bookings.payments.provider import PaymentOrder
from subgraphs.bookings.payments.providers import MethodUnavailable

_BRAZILIAN: Final = (MethodKind.PIX, MethodKind.BOLETO)
_BOLETO_MAX_MINOR: Final = 9_999_999_999
"""The amount field of a boleto has ten digits."""
_MAX_TOKEN_LENGTH: Final = 120


def order_of(payment: Payment) -> PaymentOrder:
    """The order that goes to the payment's provider."""
    method: PaymentMethod
    match payment.method:
        case MethodKind.CARD:
            assert payment.card_token is not None, "a CHECK constraint says so"
            method = Card(payment.card_token, payment.installments)
        case MethodKind.PIX:
            method = Pix()
        case _:
            method = Boleto()
    return PaymentOrder(
        payment_id=payment.id,
        booking_id=payment.booking_id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        method=method,
        expires_at=payment.expires_at,
        reference=payment.provider_reference,
    )


def check_method(method: PaymentMethod, amount_minor: int, currency: str) -> None:
    """Raise :class:`MethodUnavailable` unless ``method`` can pay this amount."""
    if amount_minor <= 0:
        raise MethodUnavailable(method.kind, "there is nothing to pay")
    if method.kind in _BRAZILIAN and currency != "BRL":
        raise MethodUnavailable(method.kind, "it pays only in BRL")
    if isinstance(method, Boleto) and amount_minor > _BOLETO_MAX_MINOR:
        raise MethodUnavailable(method.kind, "the amount is too large")
    if isinstance(method, Card):
        if not 1 <= method.installments <= MAX_INSTALLMENTS:
            raise MethodUnavailable(method.kind, f"there are 1 to {MAX_INSTALLMENTS} instalments")
        if not 0 < len(method.token) <= _MAX_TOKEN_LENGTH:
            raise MethodUnavailable(method.kind, "the token of the card is missing or too long")
