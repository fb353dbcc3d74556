"""Queries of the analytics domain."""

# mypy: disallow-untyped-decorators=False
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from decimal import Decimal
from typing import Any, TypeVar

import strawberry
from strawberry.utils.str_converters import to_snake_case

from shared.graphql import BadUserInput, Forbidden, Money, parse_id
from shared.graphql.money import currency_exponent
from shared.graphql.scalars import CurrencyCode
from subgraphs.analytics.schema.context import Info, language_of, viewer_of
from subgraphs.analytics.schema.inputs import (
    BRL,
    Currency,
    DateRangeInput,
    GroupedBy,
    HotelId,
    Interval,
    Range,
    ReportGroup,
    ReportInterval,
)
from subgraphs.analytics.schema.points import (
    BookingWindowPoint,
    CancellationPoint,
    CohortPoint,
    DestinationPoint,
    FunnelStep,
    OccupancyPoint,
    RatePoint,
    Report,
    RevenuePoint,
    RevParPoint,
)
from subgraphs.analytics.service import periods
from subgraphs.analytics.service.questions import GroupBy, ReportQuery, scope_of
from subgraphs.analytics.service.refusals import NotAllowed, Refused
from subgraphs.analytics.service.reports import run_report
from subgraphs.analytics.service.tables import ColumnKind, ReportName, ReportTable

PointT = TypeVar("PointT")
_DAY = ReportInterval.DAY
_WHO = "For managers, of their own hotels, and for our staff; null with an error for others."


def _by_period(name: ReportName, point: type[PointT], description: str) -> Any:
    """The field of a report that is cut into periods: they all take the same arguments."""

    async def resolve(
        info: Info,
        range: Range,
        interval: Interval = _DAY,
        group_by: GroupedBy = None,
        hotel_id: HotelId = None,
        currency: Currency = BRL,
    ) -> Any:
        table = await answer(info, name, range, interval, group_by, hotel_id, currency)
        return Report(table=table, points=_points(point, table))

    resolve.__annotations__["return"] = Report[point] | None  # type: ignore[valid-type]
    return strawberry.field(resolver=resolve, description=f"{description} {_WHO}")


@strawberry.type
class Query:
    """What one can ask about numbers."""

    revenue: Report[RevenuePoint] | None = _by_period(
        ReportName.REVENUE, RevenuePoint, "What the nights of each period bring. Split by any group."
    )
    occupancy: Report[OccupancyPoint] | None = _by_period(
        ReportName.OCCUPANCY,
        OccupancyPoint,
        "Which share of the rooms was sold. Split by hotel or room type; by currency of the hotel.",
    )
    average_daily_rate: Report[RatePoint] | None = _by_period(
        ReportName.AVERAGE_DAILY_RATE,
        RatePoint,
        "Average daily rate (ADR): revenue by room nights sold. Split by any group.",
    )
    rev_par: Report[RevParPoint] | None = _by_period(
        ReportName.REV_PAR, RevParPoint, "Revenue per available room (RevPAR). Split by hotel or room type."
    )
    booking_window: Report[BookingWindowPoint] | None = _by_period(
        ReportName.BOOKING_WINDOW,
        BookingWindowPoint,
        "How long before arrival bookings were sold, by the day of the sale. Split by any group.",
    )
    cancellation_rate: Report[CancellationPoint] | None = _by_period(
        ReportName.CANCELLATION_RATE,
        CancellationPoint,
        "Which share of the bookings is cancelled, by the day of arrival. Split by any group.",
    )

    @strawberry.field(
        description=(
            "How many people go from a search to a hotel, a price, a booking and the stay, in this order and within "
            "180 days; of one hotel from its page on. Only people who agreed to be counted, and without those who only "
            f"looked before the range. {_WHO}"
        )
    )
    async def funnel(self, info: Info, range: Range, hotel_id: HotelId = None) -> Report[FunnelStep] | None:
        table = await answer(info, ReportName.FUNNEL, range, _DAY, None, hotel_id, BRL)
        return Report(table=table, points=_points(FunnelStep, table))

    @strawberry.field(
        description=(
            "Of the people who first booked in a month, which share booked again in each of the twelve months after. "
            f"{_WHO}"
        )
    )
    async def cohorts(self, info: Info, range: Range, hotel_id: HotelId = None) -> Report[CohortPoint] | None:
        table = await answer(info, ReportName.COHORTS, range, ReportInterval.MONTH, None, hotel_id, BRL)
        return Report(table=table, points=_points(CohortPoint, table))

    @strawberry.field(description=f"The 20 places that bring the most. {_WHO}")
    async def top_destinations(
        self, info: Info, range: Range, hotel_id: HotelId = None, currency: Currency = BRL
    ) -> Report[DestinationPoint] | None:
        table = await answer(info, ReportName.TOP_DESTINATIONS, range, _DAY, None, hotel_id, currency)
        return Report(table=table, points=_points(DestinationPoint, table))


async def answer(
    info: Info,
    name: ReportName,
    range: DateRangeInput,
    interval: ReportInterval,
    group_by: ReportGroup | None,
    hotel_id: strawberry.ID | None,
    currency: CurrencyCode,
) -> ReportTable:
    """The report, for a caller who may see it.

    Raises:
        Unauthenticated, Forbidden: for others.
        BadUserInput: the question makes no sense; says what to do.
    """
    store = info.context.resources.store
    viewer = viewer_of(info)
    currency_exponent(currency)
    try:
        days = periods.DateRange(range.start_date, range.end_date)
        scope = await scope_of(store, viewer, None if hotel_id is None else parse_id(hotel_id, "hotelId"))
        query = ReportQuery(
            range=days,
            scope=scope,
            interval=periods.Interval(str(interval.value)),
            group_by=None if group_by is None else GroupBy(str(group_by.value)),
            currency=currency,
            language=language_of(info),
        )
        return await run_report(store, name, query)
    except NotAllowed as error:
        raise Forbidden(error.says(language_of(info))) from error
    except Refused as error:
        raise BadUserInput(error.says(language_of(info)), field=error.field) from error


def _points(kind: type[PointT], table: ReportTable) -> list[PointT]:
    is_split = any(column.name == "group" for column in table.columns)
    extra = {"group": None} if "group" in kind.__annotations__ and not is_split else {}
    points: list[PointT] = []
    for row in table.rows:
        values: dict[str, Any] = dict(extra)
        for column, cell in zip(table.columns, row, strict=True):
            if column.kind is ColumnKind.MONEY and isinstance(cell, Decimal):
                values[to_snake_case(column.name)] = Money(amount=cell, currency=CurrencyCode(column.currency or "BRL"))
            else:
                values[to_snake_case(column.name)] = cell
        points.append(kind(**values))
    return points
