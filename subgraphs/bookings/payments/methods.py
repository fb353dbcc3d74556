"""How a traveler pays, and what a traveler must do before the money arrives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, TypeAlias

import msgspec

from subgraphs.bookings.payments.models import MethodKind

MAX_INSTALLMENTS = 12


@dataclass(frozen=True, slots=True)
class Card:
    """A card that the provider keeps; authorized now, captured when the rooms are ours."""

    kind: ClassVar[MethodKind] = MethodKind.CARD

    token: str
    """The provider's name for the card. Card numbers never reach us."""
    installments: int = 1
    """1 to 12 monthly instalments, as Brazilian cards offer them; we receive the whole at once."""


@dataclass(frozen=True, slots=True)
class Pix:
    """An instant transfer in reais, paid by scanning a code before the payment expires."""

    kind: ClassVar[MethodKind] = MethodKind.PIX


@dataclass(frozen=True, slots=True)
class Boleto:
    """A bank slip in reais, paid at any bank by its due date."""

    kind: ClassVar[MethodKind] = MethodKind.BOLETO


PaymentMethod: TypeAlias = Card | Pix | Boleto


class ThreeDSecure(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="three_d_secure"):
    """The traveler must pass the bank's check at ``url``."""

    url: str


class PixCode(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="pix"):
    """The traveler must pay this BR Code, as a QR code or by copy and paste."""

    payload: str
    expires_at: datetime
    url: str | None = None
    """A page where it can be paid, which only the sandbox has."""


class BoletoSlip(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="boleto"):
    """The traveler must pay this slip by ``due_on``."""

    digitable_line: str
    """*Linha digitável*: 47 digits with the customary dots and spaces."""
    barcode: str
    """The 44 digits of the bar code (ITF-25)."""
    due_on: date
    url: str | None = None
    """A page where it can be paid, which only the sandbox has."""


PaymentAction: TypeAlias = ThreeDSecure | PixCode | BoletoSlip


def action_to_json(action: PaymentAction) -> dict[str, Any]:
    """``action`` as it is stored: JSON values under its field names and ``kind``."""
    stored: dict[str, Any] = msgspec.to_builtins(action)
    return stored


def action_from_json(stored: dict[str, Any]) -> PaymentAction:
    """The opposite of :func:`action_to_json`."""
    # The union as an expression: msgspec reads the tag and picks the class.
    action: PaymentAction = msgspec.convert(stored, ThreeDSecure | PixCode | BoletoSlip)
    return action
