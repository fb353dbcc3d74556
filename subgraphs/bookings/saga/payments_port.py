"""What the saga needs of payments."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from subgraphs.bookings.payments.outcomes import AuthorizeOutcome, CaptureOutcome, RefundOutcome, VoidOutcome


class PaymentCalls(Protocol):
    """Calls to the provider, each with effect once per id and in transactions of its own.

    They raise ``ProviderUnavailable`` when it is not known whether the call had effect; it is then made again.
    """

    async def authorize(self, payment_id: UUID) -> AuthorizeOutcome:
        """Ask for the money."""
        ...

    async def capture(self, payment_id: UUID) -> CaptureOutcome:
        """Take what was authorized."""
        ...

    async def void(self, payment_id: UUID) -> VoidOutcome:
        """Give the payment up: what was not taken is let go, what was taken is given back."""
        ...

    async def refund(self, payment_id: UUID, *, refund_id: UUID, amount_minor: int) -> RefundOutcome:
        """Give back part or all of what was taken."""
        ...
