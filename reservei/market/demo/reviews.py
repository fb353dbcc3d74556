"""What guests of the demo market say: ratings that follow a hotel's quality, and words that follow the rating."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal

from reservei.market.demo._texts import ReviewTexts, review_texts
from reservei.market.demo.hotels import SEED_SOURCE, DemoHotel
from reservei.market.demo.people import Person
from reservei.market.dice import Dice
from reservei.market.hotels import UNASSIGNED
from subgraphs.hotels.importing import ReviewRow

Band = Literal["good", "fair", "poor"]

_MOST_REVIEWS: Final = 28
_NEEDS: Final = {"breakfast": "breakfast", "pool": "pool", "wifi": "wifi"}
"""Aspects that only a hotel with this amenity has."""


@dataclass(frozen=True, slots=True)
class DemoReview:
    """A review without its hotel's id. ``row.hotel_id`` is ``UNASSIGNED``, ``row.author_id`` is the author's."""

    hotel: DemoHotel
    row: ReviewRow


def demo_reviews(seed: int, hotel: DemoHotel, authors: Sequence[Person], today: date) -> list[DemoReview]:
    """Reviews of one hotel, each by another author, written since that author joined and before ``today``."""
    dice = Dice("reviews", seed, hotel.number)
    count = 2 + round((_MOST_REVIEWS - 2) * hotel.popularity**1.5)
    chosen = dice.sample(authors, count)
    return [DemoReview(hotel, _review(seed, hotel, author, today, dice)) for author in chosen]


def _review(seed: int, hotel: DemoHotel, author: Person, today: date, dice: Dice) -> ReviewRow:
    rating = _rating(hotel.quality, dice)
    band: Band = "good" if rating >= 9 else "fair" if rating >= 7 else "poor"
    # Portuguese speakers write Portuguese; of the others most do.
    locale = "en" if author.locale == "en" or dice.chance(0.06) else "pt-BR"
    title, body = _words(review_texts()[locale], band, hotel, dice)
    member_days = (today - author.member_since.date()).days
    written = author.member_since.date() + timedelta(1 + int(dice.fraction() * max(1, member_days - 2)))
    return ReviewRow(
        source=SEED_SOURCE,
        source_id=f"{seed}-{hotel.number:05}-{author.email}",
        hotel_id=UNASSIGNED,
        author_id=author.id,
        rating_tenths=rating * 10,
        title=title,
        body=body,
        locale=locale,
        is_verified_stay=dice.chance(0.7),
        created_at=datetime.combine(written, time(dice.integer(7, 23), dice.integer(0, 59)), UTC),
    )


def _rating(quality: float, dice: Dice) -> int:
    """1 to 10, around 6.3 for the worst hotel and 9.6 for the best."""
    mood = dice.between(-2.4, 2.0)
    if dice.chance(0.04):
        mood -= 4  # somebody always has a bad day
    return max(1, min(10, round(6.6 + 3.2 * quality + mood)))


def _words(texts: ReviewTexts, band: Band, hotel: DemoHotel, dice: Dice) -> tuple[str, str]:
    place, row = hotel.draft.destination, hotel.draft.hotel
    values = {"city": place.name, "area": hotel.area, "nights": dice.integer(2, 7)}
    aspects = [name for name in texts.aspects if name not in _NEEDS or _NEEDS[name] in row.amenities]
    parts = [dice.pick(getattr(texts.openings, band))]
    for name in dice.sample(aspects, dice.integer(2, 3)):
        content = band == "good" or (band == "fair" and dice.chance(0.6))
        parts.append(dice.pick(texts.aspects[name].good if content else texts.aspects[name].poor))
    if dice.chance(0.7):
        parts.append(dice.pick(getattr(texts.closings, band)))
    return dice.pick(getattr(texts.titles, band)).format(**values), " ".join(parts).format(**values)
