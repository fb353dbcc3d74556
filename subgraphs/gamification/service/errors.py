"""What keeps a use case from succeeding. Each rolls the transaction back; what it says may be shown to the caller."""

from __future__ import annotations

from subgraphs.gamification.messages import Language, say
from subgraphs.gamification.rules.validation import Mistake


class GamificationError(Exception):
    """Base of this domain's errors: a message by its key, in the caller's language."""

    key: str

    def __init__(self, key: str | None = None, **values: object) -> None:
        self.key = key or type(self).key
        self.values = values
        super().__init__(self.message("en"))

    def message(self, language: Language) -> str:
        """What to tell the caller."""
        return say(language, self.key, **self.values)


class InvalidValue(GamificationError):
    """A value in the input is not acceptable. ``field`` is its path as the API names it."""

    def __init__(self, field: str, key: str, **values: object) -> None:
        super().__init__(key, **values)
        self.field = field


class TooFewPoints(GamificationError):
    """The traveler cannot spend so many."""

    key = "too_few_points"

    def __init__(self, available: int) -> None:
        super().__init__(available=available)
        self.available = available


class KeyReused(GamificationError):
    """The idempotency key came before with another input."""

    key = "key_reused"


class UnknownMission(GamificationError):
    """There is no such mission, or it is no longer open."""

    key = "unknown_mission"


class CodeTaken(GamificationError):
    """Another mission has the code."""

    key = "code_taken"


class RuleCodeTaken(GamificationError):
    """Another earning rule has the code."""

    key = "code_taken"


class UnknownCampaign(GamificationError):
    """There is no campaign with the code."""

    key = "unknown_campaign"


class NothingToPublish(GamificationError):
    """The mission has no draft and was never published."""

    key = "nothing_to_publish"


class InvalidMission(GamificationError):
    """The definition has mistakes."""

    key = "invalid_mission"

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__()
        self.mistakes = mistakes


class AccountGone(GamificationError):
    """The account was deleted."""

    key = "account_gone"
