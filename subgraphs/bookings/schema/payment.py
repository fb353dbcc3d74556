"""The payment of a booking, as its traveler sees it."""

from datetime import date, datetime
from typing import Self

import strawberry

from shared.graphql import Money
from subgraphs.bookings.payments import models
from subgraphs.bookings.payments.methods import BoletoSlip, PixCode, ThreeDSecure, action_from_json
from subgraphs.bookings.schema.enums import PaymentActionKind, PaymentMethod, PaymentState


@strawberry.type(description="What the traveler has to do to pay.")
class PaymentAction:
    """One of several, told apart by ``kind``."""

    kind: PaymentActionKind = strawberry.field(description="What to do.")
    url: str | None = strawberry.field(
        default=None,
        description=(
            "A page to open: where to pass the bank's check, and in the sandbox also where to pay the PIX code or the "
            "boleto. Null for a code of a real bank, which is paid in the bank's own app."
        ),
    )
    pix_code: str | None = strawberry.field(
        default=None, description="The BR Code to pay: shown as a QR code, or copied into the bank's app."
    )
    boleto_line: str | None = strawberry.field(default=None, description="*Linha digitável* of the boleto.")
    boleto_barcode: str | None = strawberry.field(default=None, description="The 44 digits of the boleto's bar code.")
    expires_at: datetime | None = strawberry.field(default=None, description="Until when the PIX code can be paid.")
    due_date: date | None = strawberry.field(default=None, description="Until when the boleto can be paid.")

    @classmethod
    def of(cls, payment: models.Payment) -> Self | None:
        """What ``payment`` waits for, if for anything."""
        if payment.action is None or payment.state != models.PaymentState.ACTION_REQUIRED:
            return None
        match action_from_json(payment.action):
            case ThreeDSecure(url=url):
                return cls(kind=PaymentActionKind.THREE_D_SECURE, url=url)
            case PixCode(payload=payload, expires_at=expires_at, url=url):
                return cls(kind=PaymentActionKind.PIX, url=url, pix_code=payload, expires_at=expires_at)
            case BoletoSlip(digitable_line=line, barcode=barcode, due_on=due_on, url=url):
                return cls(
                    kind=PaymentActionKind.BOLETO, url=url, boleto_line=line, boleto_barcode=barcode, due_date=due_on
                )


@strawberry.type(description="The payment of a booking.")
class Payment:
    """A payment."""

    row: strawberry.Private[models.Payment]

    @strawberry.field(description="Identifies the payment.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.row.id))

    @strawberry.field(description="Where it stands.")
    def state(self) -> PaymentState:
        return PaymentState(models.PaymentState(self.row.state))

    @strawberry.field(description="How it is paid.")
    def method(self) -> PaymentMethod:
        return PaymentMethod(self.row.method.lower())

    @strawberry.field(description="What is to be paid.")
    def amount(self) -> Money:
        return Money.of_minor(self.row.amount_minor, self.row.currency)

    @strawberry.field(description="What was given back or is on its way.")
    def refunded(self) -> Money:
        return Money.of_minor(self.row.refunded_minor, self.row.currency)

    @strawberry.field(description="Monthly instalments of a card payment.")
    def installments(self) -> int:
        return self.row.installments

    @strawberry.field(description="Why it was declined or failed, as a code such as `insufficient_funds`.")
    def reason(self) -> str | None:
        return self.row.reason

    @strawberry.field(description="What the traveler has to do now; null for nothing.")
    def action(self) -> PaymentAction | None:
        return PaymentAction.of(self.row)
