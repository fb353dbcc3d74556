"""The rows of the reports, typed."""

# mypy: disallow-untyped-decorators=False

from datetime import date
from typing import Generic, TypeVar

import strawberry
from strawberry.scalars import JSON

from shared.graphql import Money
from subgraphs.analytics.charts.spec import vega_lite
from subgraphs.analytics.schema.context import Info, language_of
from subgraphs.analytics.service.tables import ReportTable

PERIOD = "First day of the period."
GROUP = "Name of the group; null when the report is not split."


@strawberry.type(description="Revenue of a period.")
class RevenuePoint:
    """Of ``revenue``."""

    period: date = strawberry.field(description=PERIOD)
    group: str | None = strawberry.field(description=GROUP)
    revenue: Money = strawberry.field(description="What the nights sold bring, discounts taken off.")
    room_nights: int = strawberry.field(description="Nights sold, times rooms.")


@strawberry.type(description="Average daily rate of a period.")
class RatePoint:
    """Of ``averageDailyRate``."""

    period: date = strawberry.field(description=PERIOD)
    group: str | None = strawberry.field(description=GROUP)
    average_daily_rate: Money | None = strawberry.field(description="Revenue by room nights sold; null when none was.")
    room_nights: int = strawberry.field(description="Nights sold, times rooms.")


@strawberry.type(description="Occupancy of a period.")
class OccupancyPoint:
    """Of ``occupancy``."""

    period: date = strawberry.field(description=PERIOD)
    group: str | None = strawberry.field(description=GROUP)
    occupancy: float | None = strawberry.field(
        description="Room nights sold by room nights available, 0 to 1; null when there was none to sell."
    )
    room_nights: int = strawberry.field(description="Nights sold, times rooms.")
    available_room_nights: int = strawberry.field(description="Nights that there were to sell, times rooms.")


@strawberry.type(description="Revenue per available room of a period.")
class RevParPoint:
    """Of ``revPar``."""

    period: date = strawberry.field(description=PERIOD)
    group: str | None = strawberry.field(description=GROUP)
    rev_par: Money | None = strawberry.field(
        description="Revenue by room nights available; null when there was none to sell."
    )
    available_room_nights: int = strawberry.field(description="Nights that there were to sell, times rooms.")


@strawberry.type(description="How long before arrival the bookings of a period were sold.")
class BookingWindowPoint:
    """Of ``bookingWindow``."""

    period: date = strawberry.field(description=PERIOD)
    group: str | None = strawberry.field(description=GROUP)
    mean_days: float | None = strawberry.field(description="Days on average; null when nothing was sold.")
    median_days: float | None = strawberry.field(description="Half of the bookings have fewer days; null likewise.")
    bookings: int = strawberry.field(description="Bookings sold.")


@strawberry.type(description="Bookings that were to arrive in a period, and what became of them.")
class CancellationPoint:
    """Of ``cancellationRate``."""

    period: date = strawberry.field(description=PERIOD)
    group: str | None = strawberry.field(description=GROUP)
    cancellation_rate: float | None = strawberry.field(
        description="Cancelled by all, 0 to 1; null when there was no booking."
    )
    bookings: int = strawberry.field(description="Bookings whose arrival is in the period, cancelled ones too.")
    cancelled: int = strawberry.field(description="Of these, cancelled.")
    no_shows: int = strawberry.field(description="Of these, guests who never came. They are not cancelled.")


@strawberry.type(description="How many people came as far as this step.")
class FunnelStep:
    """Of ``funnel``."""

    group: str = strawberry.field(name="step", description="The step, in the caller's language.")
    people: int = strawberry.field(description="People who took it, after all steps before it.")
    share_of_previous: float | None = strawberry.field(
        description="Of those who took the step before, 0 to 1; null of the first."
    )


@strawberry.type(description="How many of the people who first booked in a month booked again in a later one.")
class CohortPoint:
    """Of ``cohorts``."""

    period: date = strawberry.field(name="firstBookedMonth", description="First day of the month.")
    months_later: int = strawberry.field(description="0 is that month itself.")
    people: int = strawberry.field(description="Who booked in the later month.")
    share: float = strawberry.field(description="Of all who first booked in that month, 0 to 1.")


@strawberry.type(description="A place, with what its hotels sold.")
class DestinationPoint:
    """Of ``topDestinations``."""

    group: str = strawberry.field(name="destination", description="City and state: `Paraty, RJ`.")
    country_code: str = strawberry.field(description="ISO 3166-1 alpha-2.")
    revenue: Money = strawberry.field(description="What the nights sold bring, discounts taken off.")
    room_nights: int = strawberry.field(description="Nights sold, times rooms.")
    bookings: int = strawberry.field(description="Bookings with a night in the range.")


PointT = TypeVar("PointT")


@strawberry.type(description="A report: its rows, and a chart of them.")
class Report(Generic[PointT]):
    """A table with typed rows."""

    table: strawberry.Private[ReportTable]
    points: list[PointT] = strawberry.field(
        description="In the order in which they are to be shown. None when nothing happened in the range."
    )

    @strawberry.field(
        description="A Vega-Lite specification of the chart, data included, for vega-embed or any other renderer."
    )
    def chart(self, info: Info) -> JSON:
        return JSON(vega_lite(self.table, language_of(info)))
