"""What a question consists of."""

# mypy: disallow-untyped-decorators=False

from datetime import date
from enum import Enum
from typing import Annotated, TypeAlias

import strawberry

from shared.graphql.scalars import CurrencyCode


@strawberry.enum(description="How long a period is.")
class ReportInterval(Enum):
    """As ``periods.Interval``."""

    DAY = strawberry.enum_value("DAY", description="One day.")
    WEEK = strawberry.enum_value("WEEK", description="Monday to Sunday.")
    MONTH = strawberry.enum_value("MONTH", description="A calendar month.")
    QUARTER = strawberry.enum_value("QUARTER", description="January to March, and so on.")
    YEAR = strawberry.enum_value("YEAR", description="A calendar year.")


@strawberry.enum(description="What a report is split by. Each report says which of these it has.")
class ReportGroup(Enum):
    """As ``questions.GroupBy``."""

    HOTEL = strawberry.enum_value("HOTEL", description="By hotel.")
    ROOM_TYPE = strawberry.enum_value("ROOM_TYPE", description="By room type.")
    DESTINATION = strawberry.enum_value("DESTINATION", description="By city of the hotel.")
    GUEST_COUNTRY = strawberry.enum_value(
        "GUEST_COUNTRY", description="By country of the guests, where it is known: ISO 3166-1 alpha-2."
    )
    PAYMENT_METHOD = strawberry.enum_value("PAYMENT_METHOD", description="By card, PIX or boleto.")


@strawberry.input(description="Days from the first to the last, both included: ten years at most.")
class DateRangeInput:
    """A range of local days."""

    start_date: date = strawberry.field(description="The first day.")
    end_date: date = strawberry.field(description="The last day.")


Range: TypeAlias = Annotated[DateRangeInput, strawberry.argument(description="Which days.")]
Interval: TypeAlias = Annotated[
    ReportInterval, strawberry.argument(description="How long a period is; 800 periods at most.")
]
GroupedBy: TypeAlias = Annotated[
    ReportGroup | None,
    strawberry.argument(description="Split by this: the 20 largest groups. One series for all when left out."),
]
HotelId: TypeAlias = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="Only this hotel. When left out: all that the caller manages, and for our staff all there are."
    ),
]
Currency: TypeAlias = Annotated[
    CurrencyCode,
    strawberry.argument(description="Only what was sold in this currency: amounts in several are never added up."),
]
BRL = CurrencyCode("BRL")
