"""The port of the channels: what a provider is given, and how it can fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from subgraphs.notifications.kinds import Kind, Priority
from subgraphs.notifications.words import Language, Words


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message goes; one of the three is set."""

    email: str | None = None
    phone: str | None = None
    push: PushAddress | None = None


@dataclass(frozen=True, slots=True)
class PushAddress:
    """A browser."""

    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way out. Attempts at the same delivery are alike."""

    delivery_id: UUID
    notification_id: UUID
    kind: Kind
    priority: Priority
    address: Address
    words: Words
    language: Language
    link: str
    """An absolute address."""
    recipient_name: str | None
    """Only where the mailbox is proven to be theirs: strangers must not have us write their words to anybody."""
    unsubscribe_url: str | None = None
    """One click (RFC 8058); ``None`` for what cannot be switched off."""
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """The provider will never take this message."""

    def __init__(self, reason: str, *, is_address_dead: bool = False) -> None:
        super().__init__(reason)
        self.is_address_dead = is_address_dead
        """Whether nothing else should be sent there either."""


class NotNow(Exception):
    """The provider has certainly not taken the message, and may later."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        """Seconds that the provider asks for."""


class Unanswered(Exception):
    """The connection was lost at a moment when the provider may have taken the message, or not."""


class Provider(Protocol):
    """Sends messages of one channel."""

    @property
    def name(self) -> str:
        """For the log, such as ``smtp``."""
        ...

    def lane(self, address: Address) -> str:
        """What fails together: messages of one lane are paused together."""
        ...

    async def send(self, message: Outgoing) -> str | None:
        """Hand the message over; return the provider's own name of it.

        Raises:
            Refused: for good.
            NotNow: not taken; try again.
            Unanswered: nobody knows.
        """
        ...
