"""``reviews_europe_cc0.csv.gz``: English reviews of the hotels of ``hotels_europe_cc0.csv``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from hashlib import sha256
from typing import Final

from reservei.market.csv_rows import Row
from reservei.market.fields import Values, iso_date, number, optional_text, shorten, text
from reservei.market.formats.europe_hotels import EUROPE_SOURCE
from reservei.market.hotels import UNASSIGNED
from reservei.market.importing import Importer, Item, Parsed, Written
from reservei.market.problems import Adjustment, Reason, RowRejected
from reservei.market.report import Tally
from shared.db import WriteSession
from subgraphs.hotels.importing import ReviewRow, upsert_reviews
from subgraphs.hotels.importing.lookup import hotel_ids_by_name

_TAG: Final = re.compile(r"'\s*([^']{1,80}?)\s*'")
_SAYS_NOTHING: Final = frozenset({"nothing", "none", "n a", "na", "n/a", "no", "nil", "no negative", "no positive"})
_MAX_TEXT: Final = 4_000


@dataclass(frozen=True, slots=True)
class ReviewDraft:
    """A review and the name of the hotel that it is about; the file tells no more than the name."""

    hotel_name: str
    review: ReviewRow


class EuropeReviewsImporter(Importer[ReviewDraft]):
    """Imports reviews. The hotels have to be there."""

    kind = "reviews"
    columns = ("hotel_name", "review_date", "nationality", "score", "positive", "negative", "tags")

    def parse(self, row: Row) -> Parsed[ReviewDraft]:
        """A review of what was liked and what was not; at least one of them says something."""
        values = row.values
        hotel_name = text(values, "hotel_name", maximum=200)
        written_on = iso_date(values, "review_date")
        if written_on > datetime.now(UTC).date():
            raise RowRejected(Reason.OUT_OF_RANGE, "review_date", f"{written_on} is in the future")
        liked, disliked = _opinion(values, "positive"), _opinion(values, "negative")
        adjustments = tuple(
            Adjustment.TEXT_SHORTENED for opinion in (liked, disliked) if opinion and len(opinion) > _MAX_TEXT
        )
        nationality = shorten(optional_text(values, "nationality") or "", 80)
        # The file has no identifiers: a review is what it says.
        said = "\n".join(values[column].strip() for column in self.columns)
        source_id = sha256(said.encode()).hexdigest()[:40]
        review = ReviewRow(
            source=EUROPE_SOURCE,
            source_id=source_id,
            hotel_id=UNASSIGNED,
            rating_tenths=round(number(values, "score", 1, 10) * 10),
            created_at=datetime.combine(written_on, time(12), UTC),
            author_name=f"Guest from {nationality}" if nationality else "Guest",
            title=_title(values["tags"]),
            liked=shorten(liked, _MAX_TEXT) if liked else None,
            disliked=shorten(disliked, _MAX_TEXT) if disliked else None,
            locale="en",
        )
        return Parsed(source_id, ReviewDraft(hotel_name, review), adjustments)

    async def write(self, session: WriteSession, items: Sequence[Item[ReviewDraft]]) -> Written[ReviewDraft]:
        """Attach reviews to their hotels; refuse those whose hotel is missing or not the only one of its name."""
        names = {item.record.hotel_name for item in items}
        hotels = await hotel_ids_by_name(session, EUROPE_SOURCE, names)
        rows: list[ReviewRow] = []
        refused: list[tuple[Item[ReviewDraft], RowRejected]] = []
        for item in items:
            name = item.record.hotel_name
            match hotels.get(name, []):
                case [hotel_id]:
                    rows.append(replace(item.record.review, hotel_id=hotel_id))
                case []:
                    detail = f"{name!r} is not imported: import the hotels first"
                    refused.append((item, RowRejected(Reason.UNKNOWN_HOTEL, "hotel_name", detail)))
                case several:
                    detail = f"{len(several)} hotels are called {name!r}"
                    refused.append((item, RowRejected(Reason.AMBIGUOUS_HOTEL, "hotel_name", detail)))
        result = await upsert_reviews(session, rows)
        return Written({self.kind: Tally.of(result)}, refused=refused)


def _opinion(values: Values, column: str) -> str | None:
    opinion = optional_text(values, column)
    return None if opinion is None or opinion.lower() in _SAYS_NOTHING else opinion


def _title(tags: str) -> str | None:
    """``[' Leisure trip ', ' Couple ']`` as ``Leisure trip · Couple``."""
    found = [tag for tag in _TAG.findall(tags[:1_000]) if not tag.startswith("Submitted from")]
    return shorten(" · ".join(found), 200) or None
