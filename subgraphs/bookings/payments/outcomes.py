"""What the use cases of payments answer. ``reason`` is always a code, such as ``insufficient_funds``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from subgraphs.bookings.payments.methods import PaymentAction, action_to_json


@dataclass(frozen=True, slots=True)
class Authorized:
    """The money is reserved: capture it, or void it."""


@dataclass(frozen=True, slots=True)
class Captured:
    """The money arrived. PIX and boleto get here without an authorization before."""


@dataclass(frozen=True, slots=True)
class Declined:
    """The traveler's bank refused; another method may work."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It was not done, and calling again will not change that."""

    reason: str


@dataclass(frozen=True, slots=True)
class ActionRequired:
    """The traveler has to act; a ``payment.*`` event tells how it ended."""

    action: PaymentAction

    @property
    def kind(self) -> str:
        """``three_d_secure``, ``pix`` or ``boleto``."""
        return str(action_to_json(self.action)["kind"])

    @property
    def data(self) -> dict[str, Any]:
        """The action's own fields as JSON values."""
        return {name: value for name, value in action_to_json(self.action).items() if name != "kind"}


@dataclass(frozen=True, slots=True)
class Pending:
    """The provider has not decided; a ``payment.*`` event tells how it ended."""


@dataclass(frozen=True, slots=True)
class Voided:
    """Nothing was taken, and nothing can be taken any more."""


@dataclass(frozen=True, slots=True)
class Refunded:
    """The money is on its way back."""

    amount_minor: int


AuthorizeOutcome: TypeAlias = Authorized | Captured | ActionRequired | Pending | Declined | Failed
CaptureOutcome: TypeAlias = Captured | Failed
RefundOutcome: TypeAlias = Refunded | Failed
VoidOutcome: TypeAlias = Voided | Refunded | Pending | Failed
