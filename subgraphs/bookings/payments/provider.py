"""What a payment company must offer.

Every call carries an idempotency key that follows from our own ids, so a call repeated after a crash, or after an
answer that never came, has effect once. All answers about a payment are a :data:`ProviderStatus`: what the provider
holds to be true now, whether we asked or a webhook told us.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias
from uuid import UUID

from subgraphs.bookings.payments.methods import PaymentAction, PaymentMethod


class ProviderUnavailable(Exception):
    """The provider did not answer, so whether the call had effect is unknown. Call again with the same ids."""


class InvalidWebhook(Exception):
    """A webhook that is not believed: not signed by the provider, too old, or not readable."""


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """What the provider is asked to collect."""

    payment_id: UUID
    booking_id: UUID
    amount_minor: int
    currency: str
    method: PaymentMethod
    expires_at: datetime | None
    """After this nobody wants the money any more; PIX codes and boletos end with it."""
    reference: str | None = None
    """The provider's own id of the payment, once it has told us."""

    @property
    def authorize_key(self) -> str:
        """Idempotency key of the authorization."""
        return f"{self.payment_id}:authorize"

    @property
    def capture_key(self) -> str:
        """Idempotency key of the capture."""
        return f"{self.payment_id}:capture"

    @property
    def void_key(self) -> str:
        """Idempotency key of giving the payment up."""
        return f"{self.payment_id}:void"


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """What the provider is asked to give back."""

    refund_id: UUID
    amount_minor: int

    @property
    def key(self) -> str:
        """Idempotency key of the refund."""
        return f"{self.refund_id}:refund"


@dataclass(frozen=True, slots=True)
class Processing:
    """The provider has not decided yet."""

    reference: str | None = None


@dataclass(frozen=True, slots=True)
class NeedsAction:
    """The traveler has to do something first."""

    reference: str
    action: PaymentAction


@dataclass(frozen=True, slots=True)
class Approved:
    """The money is reserved; it moves when we capture."""

    reference: str


@dataclass(frozen=True, slots=True)
class Paid:
    """The money moved."""

    reference: str
    fee_minor: int | None = None
    """What the provider keeps of it, when it says so."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The traveler's bank said no."""

    reason: str
    """A code such as ``insufficient_funds``."""
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """It cannot be carried out: the traveler failed a check, or the request makes no sense to the provider."""

    reason: str
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Given up before the money moved; it cannot be paid any more."""

    reference: str | None = None


ProviderStatus: TypeAlias = Processing | NeedsAction | Approved | Paid | Refused | Broken | Cancelled


@dataclass(frozen=True, slots=True)
class RefundAccepted:
    """The money is on its way back."""

    reference: str


@dataclass(frozen=True, slots=True)
class RefundRefused:
    """The provider will never make this refund."""

    reason: str


RefundAnswer: TypeAlias = RefundAccepted | RefundRefused


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """A webhook whose signature was checked."""

    event_id: str
    type: str
    occurred_at: datetime
    payment_id: UUID | None
    status: ProviderStatus | None
    """What it says about the payment; ``None`` for events that are not about a payment's state."""


class PaymentProvider(Protocol):
    """A payment company. Every method but ``read_webhook`` raises :class:`ProviderUnavailable` on silence."""

    @property
    def name(self) -> str:
        """Stored with each payment, and part of the webhook's path."""
        ...

    async def authorize(self, order: PaymentOrder) -> ProviderStatus:
        """Reserve the money, or begin collecting it. A repeated call gets the first answer, or what became of it."""
        ...

    async def capture(self, order: PaymentOrder) -> ProviderStatus:
        """Take the whole of what was authorized: :class:`Paid`, or whatever keeps it from being so."""
        ...

    async def void(self, order: PaymentOrder) -> ProviderStatus:
        """Give the payment up: :class:`Cancelled`, :class:`Paid` when the money was faster, or
        :class:`Processing` when it cannot be given up before it is decided.

        A payment that the provider never heard of is cancelled all the same, so that a late ``authorize`` fails.
        """
        ...

    async def refund(self, order: PaymentOrder, refund: RefundOrder) -> RefundAnswer:
        """Give back a part or the whole of what was captured."""
        ...

    async def status(self, order: PaymentOrder) -> ProviderStatus | None:
        """How the payment stands; ``None`` when the provider never heard of it."""
        ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderEvent:
        """The event in a webhook request.

        Args:
            headers: With lower-case names.
            body: As received, byte for byte: the signature is over it.
            now: Signatures older than the provider's tolerance are refused.

        Raises:
            InvalidWebhook: it is not believed.
        """
        ...
