"""What keeps a use case from succeeding. Each rolls the transaction back; what it says may be shown to the caller."""

from __future__ import annotations

from subgraphs.notifications.messages import say
from subgraphs.notifications.words import Language


class NotificationsError(Exception):
    """Base of this domain's errors: a message by its key, in the caller's language."""

    def __init__(self, key: str, **values: object) -> None:
        self.key = key
        self.values = values
        super().__init__(self.message("en"))

    def message(self, language: Language) -> str:
        """What to tell the caller."""
        return say(language, self.key, **self.values)


class InvalidValue(NotificationsError):
    """A value in the input is not acceptable. ``field`` is its path as the API names it."""

    def __init__(self, field: str, key: str, **values: object) -> None:
        super().__init__(key, **values)
        self.field = field


class PreferenceLocked(NotificationsError):
    """The traveler may not change this."""

    def __init__(self, kind: str, channel: str) -> None:
        super().__init__("preference_locked")
        self.kind = kind
        self.channel = channel


class UnknownSubscription(NotificationsError):
    """There is no such subscription of this user."""

    def __init__(self) -> None:
        super().__init__("unknown_subscription")


class UnknownDelivery(NotificationsError):
    """There is no such delivery, or it is not dead."""

    def __init__(self) -> None:
        super().__init__("unknown_delivery")


class AccountDeleted(NotificationsError):
    """The user is gone; their token has some minutes left."""

    def __init__(self) -> None:
        super().__init__("account_deleted")
