"""The people of the demo market."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID, uuid5

from reservei.market.demo._texts import people_texts
from reservei.market.dice import Dice
from reservei.market.gazetteer import folded
from subgraphs.users.identity import Locale

_NAMESPACE: Final = UUID("0b5f1a52-5c1b-5e0e-9d5c-7e3e6b0e2f10")
_MANAGERS_PERCENT: Final = 5
_LONGEST_MEMBERSHIP_DAYS: Final = 1200
SHORTEST_MEMBERSHIP_DAYS: Final = 60


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account."""

    id: UUID
    email: str
    display_name: str
    locale: Locale
    is_manager: bool
    member_since: datetime


def people(seed: int, count: int, today: date) -> list[Person]:
    """The first ``count`` people of the market ``seed``; one in twenty manages hotels."""
    return [_person(seed, number, today) for number in range(count)]


def _person(seed: int, number: int, today: date) -> Person:
    dice = Dice("person", seed, number)
    texts = people_texts()
    given = dice.pick(texts.women if dice.chance(0.52) else texts.men)
    family = dice.sample(texts.family, 2 if dice.chance(0.35) else 1)
    # The number keeps namesakes apart; example.com belongs to nobody (RFC 2606).
    local_part = folded(f"{given}.{family[-1]}.{number + 1}").replace("'", "").replace(" ", "")
    email = f"{local_part}@example.com"
    joined = today - timedelta(dice.integer(SHORTEST_MEMBERSHIP_DAYS, _LONGEST_MEMBERSHIP_DAYS))
    return Person(
        id=uuid5(_NAMESPACE, f"{seed}/{email}"),
        email=email,
        display_name=" ".join((given, *family)),
        locale="en" if dice.chance(0.08) else "pt-BR",
        is_manager=number * _MANAGERS_PERCENT % 100 < _MANAGERS_PERCENT,
        member_since=datetime.combine(joined, time(dice.integer(8, 22), dice.integer(0, 59)), UTC),
    )
