"""What a traveler can be told of, and by which channels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final


class Channel(StrEnum):
    """A way to a traveler."""

    IN_APP = "IN_APP"
    EMAIL = "EMAIL"
    SMS = "SMS"
    PUSH = "PUSH"


OUTSIDE: Final = (Channel.EMAIL, Channel.SMS, Channel.PUSH)
"""The channels that need a delivery; in the app a notification is there as soon as it is written."""


class Priority(IntEnum):
    """What goes first when there is more to send than can be sent at once: the lower, the sooner."""

    SECURITY = 0
    TRANSACTIONAL = 10
    SOCIAL = 20
    CAMPAIGN = 90


class Kind(StrEnum):
    """What a notification is about."""

    BOOKING_CONFIRMED = "BOOKING_CONFIRMED"
    BOOKING_FAILED = "BOOKING_FAILED"
    BOOKING_CANCELLED = "BOOKING_CANCELLED"
    BOOKING_CHANGED = "BOOKING_CHANGED"
    PAYMENT_DUE = "PAYMENT_DUE"
    CHECK_IN_REMINDER = "CHECK_IN_REMINDER"
    REVIEW_REQUEST = "REVIEW_REQUEST"
    MISSION_COMPLETED = "MISSION_COMPLETED"
    LEVEL_UP = "LEVEL_UP"
    COUPON_GRANTED = "COUPON_GRANTED"
    NEW_SIGN_IN = "NEW_SIGN_IN"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105  # a kind
    CAMPAIGN = "CAMPAIGN"
    DIGEST = "DIGEST"


@dataclass(frozen=True, slots=True)
class Rule:
    """How a kind is sent."""

    priority: Priority
    channels: frozenset[Channel]
    """Where it goes unless the traveler chose otherwise."""
    can_be_switched_off: bool = True
    can_wait: bool = False
    """Whether it waits until the traveler's quiet hours are over."""
    in_digest: bool = False
    """Whether its mail becomes part of the daily digest, for travelers who have one."""
    is_capped: bool = False
    """Whether it counts against how much a traveler gets in a day, and is left out above that."""
    unavailable: frozenset[Channel] = frozenset()
    """Channels that this kind never takes, whatever the traveler chose."""


_ALL_BUT_SMS: Final = frozenset({Channel.IN_APP, Channel.EMAIL, Channel.PUSH})
_APP_AND_MAIL: Final = frozenset({Channel.IN_APP, Channel.EMAIL})
_SALE: Final = Rule(Priority.TRANSACTIONAL, _ALL_BUT_SMS)

RULES: Final[dict[Kind, Rule]] = {
    Kind.BOOKING_CONFIRMED: _SALE,
    Kind.BOOKING_FAILED: _SALE,
    Kind.BOOKING_CANCELLED: _SALE,
    Kind.BOOKING_CHANGED: _SALE,
    Kind.PAYMENT_DUE: _SALE,
    Kind.CHECK_IN_REMINDER: Rule(Priority.TRANSACTIONAL, _ALL_BUT_SMS, can_wait=True),
    Kind.REVIEW_REQUEST: Rule(Priority.SOCIAL, _APP_AND_MAIL, can_wait=True, in_digest=True, is_capped=True),
    Kind.MISSION_COMPLETED: Rule(
        Priority.SOCIAL, frozenset({Channel.IN_APP, Channel.PUSH}), can_wait=True, in_digest=True, is_capped=True
    ),
    Kind.LEVEL_UP: Rule(Priority.SOCIAL, _ALL_BUT_SMS, can_wait=True, in_digest=True, is_capped=True),
    Kind.COUPON_GRANTED: Rule(Priority.SOCIAL, _APP_AND_MAIL, can_wait=True, in_digest=True, is_capped=True),
    Kind.NEW_SIGN_IN: Rule(Priority.SECURITY, _ALL_BUT_SMS, can_be_switched_off=False),
    Kind.PASSWORD_CHANGED: Rule(Priority.SECURITY, _ALL_BUT_SMS, can_be_switched_off=False),
    # Advertising needs consent (LGPD, article 7): off until the traveler switches it on.
    Kind.CAMPAIGN: Rule(Priority.CAMPAIGN, frozenset(), can_wait=True, is_capped=True),
    Kind.DIGEST: Rule(
        Priority.SOCIAL,
        frozenset({Channel.EMAIL}),
        unavailable=frozenset({Channel.IN_APP, Channel.SMS, Channel.PUSH}),
    ),
}

CHOOSABLE: Final = tuple(kind for kind in Kind if kind is not Kind.DIGEST)
"""The kinds that travelers have preferences about; the digest has a setting of its own."""


def is_locked(kind: Kind, channel: Channel) -> bool:
    """Whether the traveler cannot change if ``kind`` comes by ``channel``."""
    rule = RULES[kind]
    return channel in rule.unavailable or (not rule.can_be_switched_off and channel in rule.channels)
