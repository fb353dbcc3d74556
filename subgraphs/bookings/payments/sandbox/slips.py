"""What the sandbox asks travelers to do: 3-D Secure pages, PIX codes and boletos."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from subgraphs.bookings.payments.boleto import boleto
from subgraphs.bookings.payments.br_code import dynamic_code
from subgraphs.bookings.payments.methods import (
    Boleto,
    BoletoSlip,
    PaymentAction,
    Pix,
    PixCode,
    ThreeDSecure,
)
from subgraphs.bookings.payments.provider import PaymentOrder

_MERCHANT_NAME: Final = "Reservei"
_MERCHANT_CITY: Final = "São Paulo"
_BANK: Final = "999"
"""No bank has this number, so that nobody can pay a slip of the sandbox."""
_PIX_LIFETIME: Final = timedelta(minutes=15)
_BOLETO_LIFETIME: Final = timedelta(days=3)
_BRASILIA: Final = ZoneInfo("America/Sao_Paulo")


def required_action(order: PaymentOrder, reference: str, base_url: str, now: datetime) -> PaymentAction:
    """What the traveler has to do for a charge that waits."""
    page = f"{base_url.rstrip('/')}/sandbox/payments/{reference}"
    match order.method:
        case Pix():
            return PixCode(
                payload=dynamic_code(
                    location=f"pix.sandbox.example/v2/{reference.removeprefix('sandbox_')}",
                    merchant_name=_MERCHANT_NAME,
                    merchant_city=_MERCHANT_CITY,
                    amount_minor=order.amount_minor,
                ),
                expires_at=order.expires_at or now + _PIX_LIFETIME,
                url=page,
            )
        case Boleto():
            # A slip is due at the end of a day in Brazil, whatever day it is in UTC.
            due_on = (order.expires_at or now + _BOLETO_LIFETIME).astimezone(_BRASILIA).date()
            code = boleto(
                bank=_BANK,
                due_on=due_on,
                amount_minor=order.amount_minor,
                free_field=f"{order.payment_id.int % 10**25:025d}",
            )
            return BoletoSlip(digitable_line=code.digitable_line, barcode=code.barcode, due_on=due_on, url=page)
        case _:
            return ThreeDSecure(url=page)
