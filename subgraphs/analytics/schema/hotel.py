"""What this domain adds to hotels."""

# mypy: disallow-untyped-decorators=False
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from typing import Any, Self
from uuid import UUID

import strawberry

from shared.graphql import BadUserInput, Forbidden, Money
from shared.graphql.money import currency_exponent
from subgraphs.analytics.schema.context import Info, language_of, viewer_of
from subgraphs.analytics.schema.inputs import BRL, Currency, Range
from subgraphs.analytics.service import periods
from subgraphs.analytics.service.hotel_stats import StatsKey
from subgraphs.analytics.service.refusals import Refused
from subgraphs.analytics.service.reports import columns
from subgraphs.analytics.service.reports.figures import Figures


@strawberry.type(description="A hotel's numbers for some days.")
class HotelStats:
    """Derived from sums."""

    figures: strawberry.Private[Figures]
    currency: strawberry.Private[str]

    @strawberry.field(description="What the nights sold bring, discounts taken off.")
    def revenue(self) -> Money:
        return Money.of_minor(self.figures.revenue_minor, self.currency)

    @strawberry.field(description="Nights sold, times rooms.")
    def room_nights(self) -> int:
        return self.figures.room_nights

    @strawberry.field(description="Nights that there were to sell, times rooms.")
    def available_room_nights(self) -> int:
        return self.figures.available

    @strawberry.field(
        description="Room nights sold by room nights available, 0 to 1; null when there was none to sell."
    )
    def occupancy(self) -> float | None:
        return columns.ratio(self.figures.room_nights, self.figures.available)

    @strawberry.field(description="Average daily rate: revenue by room nights sold; null when none was.")
    def average_daily_rate(self) -> Money | None:
        return self._money(columns.average_minor(self.figures.revenue_minor, self.figures.room_nights))

    @strawberry.field(description="Revenue by room nights available; null when there was none to sell.")
    def rev_par(self) -> Money | None:
        return self._money(columns.average_minor(self.figures.revenue_minor, self.figures.available))

    @strawberry.field(description="Bookings whose arrival is on one of the days, cancelled ones too.")
    def bookings(self) -> int:
        return self.figures.bookings

    @strawberry.field(description="Which share of these is cancelled, 0 to 1; null when there is none.")
    def cancellation_rate(self) -> float | None:
        return columns.ratio(self.figures.cancelled, self.figures.bookings)

    def _money(self, minor: int | None) -> Money | None:
        return None if minor is None else Money.of_minor(minor, self.currency)


@strawberry.federation.type(keys=["id"], description="A property that people can stay in.")
class Hotel:
    """Whether a hotel exists is the hotels subgraph's business."""

    hotel_id: strawberry.Private[UUID]

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:  # noqa: ARG003
        """The hotels behind entity references: no query needed."""
        ids = [_uuid_or_none(key.get("id")) for key in keys]
        return [None if hotel_id is None else cls(hotel_id=hotel_id) for hotel_id in ids]

    @strawberry.field(description="Identifies the hotel.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.hotel_id))

    @strawberry.field(
        description="Its numbers for some days. For its manager and our staff; null with an error for others."
    )
    async def stats(self, info: Info, range: Range, currency: Currency = BRL) -> HotelStats | None:
        viewer = viewer_of(info)
        currency_exponent(currency)
        try:
            days = periods.DateRange(range.start_date, range.end_date)
        except Refused as error:
            raise BadUserInput(error.says(language_of(info)), field=error.field) from error
        if not viewer.is_staff and not (
            viewer.is_manager and self.hotel_id in await info.context.loaders.managed.load(viewer.user_id)
        ):
            key = "not_your_hotel" if viewer.is_manager else "managers_only"
            raise Forbidden(Refused(key, "id").says(language_of(info)))
        figures = await info.context.loaders.stats.load(StatsKey(self.hotel_id, days, currency))
        return HotelStats(figures=figures, currency=currency)


def _uuid_or_none(value: Any) -> UUID | None:
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        return None
