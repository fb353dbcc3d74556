"""What each card of the sandbox does. The token alone decides, so that a test or a demonstration always repeats.

| token | what happens |
|---|---|
| ``tok_approve`` | approved at once |
| ``tok_decline_insufficient_funds`` | declined: ``insufficient_funds`` |
| ``tok_decline_stolen`` | declined: ``stolen_card`` |
| ``tok_decline_expired`` | declined: ``expired_card`` |
| ``tok_3ds_approve`` | needs 3-D Secure; approved when the traveler has passed it |
| ``tok_3ds_fail`` | needs 3-D Secure; the traveler fails: ``authentication_failed`` |
| ``tok_timeout_authorized`` | approved, but the first call is never answered; a webhook follows, and so does the answer to the next call |
| ``tok_timeout_lost`` | no call ever arrives or is answered |
| ``tok_network_error`` | the first call breaks off before it arrives; the next is approved |
| ``tok_late`` | undecided at first; approved a little later, told by two webhooks. Cannot be given up before it is decided |
| ``tok_capture_refused`` | approved, but the bank lets go of the money before it is captured: ``authorization_lost`` |
| ``tok_refund_refused`` | approved and captured, but never refunded: ``card_closed`` |

Any other token is ``unknown_card``.
"""  # noqa: E501  # rows of a table

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from subgraphs.bookings.payments.sandbox.models import ChargeState


class FirstCall(Enum):
    """What becomes of the first call that authorizes with a card."""

    ANSWERED = auto()
    UNANSWERED = auto()
    """It has effect, but the answer never comes."""
    BROKEN_OFF = auto()
    """It never arrives, and the caller notices at once."""
    SWALLOWED = auto()
    """It never arrives, nor does any that follows, and the caller waits in vain."""


@dataclass(frozen=True, slots=True)
class CardBehaviour:
    """How the sandbox treats one card."""

    state: ChargeState = ChargeState.AUTHORIZED
    """Of the charge after the first call that arrives."""
    reason: str | None = None
    first_call: FirstCall = FirstCall.ANSWERED
    passes_three_d_secure: bool = True
    capture_refused: str | None = None
    refund_refused: str | None = None


UNKNOWN_CARD: Final = CardBehaviour(ChargeState.FAILED, "unknown_card")

CARDS: Final[Mapping[str, CardBehaviour]] = MappingProxyType(
    {
        "tok_approve": CardBehaviour(),
        "tok_decline_insufficient_funds": CardBehaviour(ChargeState.DECLINED, "insufficient_funds"),
        "tok_decline_stolen": CardBehaviour(ChargeState.DECLINED, "stolen_card"),
        "tok_decline_expired": CardBehaviour(ChargeState.DECLINED, "expired_card"),
        "tok_3ds_approve": CardBehaviour(ChargeState.WAITING),
        "tok_3ds_fail": CardBehaviour(ChargeState.WAITING, passes_three_d_secure=False),
        "tok_timeout_authorized": CardBehaviour(first_call=FirstCall.UNANSWERED),
        "tok_timeout_lost": CardBehaviour(first_call=FirstCall.SWALLOWED),
        "tok_network_error": CardBehaviour(first_call=FirstCall.BROKEN_OFF),
        "tok_late": CardBehaviour(ChargeState.PROCESSING),
        "tok_capture_refused": CardBehaviour(capture_refused="authorization_lost"),
        "tok_refund_refused": CardBehaviour(refund_refused="card_closed"),
    }
)


def behaviour(token: str | None) -> CardBehaviour:
    """How the card with this token behaves. PIX and boleto have no token, and no quirks."""
    return CardBehaviour() if token is None else CARDS.get(token, UNKNOWN_CARD)
