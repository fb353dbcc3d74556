"""Fill the calendars of many room types with rates and inventory, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import text

from shared.db import WriteSession
from subgraphs.hotels.repository.derived import lock_hotels, refresh_from_prices


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """Nights that cost more and may ask for a longer stay, such as New Year's Eve or carnival."""

    first_night: date
    until: date
    """The night after the last."""
    percent: int
    """Multiplies the price; 180 means 1.8 times."""
    min_stay: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarPricing:
    """How a night's price follows from a room type's base price: month x weekday x dearest peak x jitter.

    All factors are in percent.
    """

    months: Sequence[int] = (100,) * 12
    """January to December."""
    weekdays: Sequence[int] = (100,) * 7
    """Monday to Sunday, by the night's own weekday."""
    peaks: Sequence[Peak] = ()
    jitter: int = 0
    """Each night's price varies by up to this many percent either way: always the same way for the same hotel,
    room type and night."""
    round_to_minor: int = 100
    """Prices are rounded to a multiple of this, and are never below it."""

    def __post_init__(self) -> None:
        if len(self.months) != 12 or len(self.weekdays) != 7:
            raise ValueError("12 months and 7 weekdays")


# ORDER BY makes the nights of a room type neighbours on disk, which is how a stay reads them.
_FILL = text("""
    WITH added AS (
    INSERT INTO inventory_nights (room_type_id, night, price_minor, total, min_stay)
    SELECT rt.id, d.night::date,
        greatest(:round_to, round(
            rt.base_price_minor::numeric
            * (CAST(:months AS integer[]))[extract(month FROM d.night)::integer]
            * (CAST(:weekdays AS integer[]))[extract(isodow FROM d.night)::integer]
            * coalesce(peak.percent, 100)
            * (100 + CASE WHEN :jitter = 0 THEN 0 ELSE
                abs(hashtext(h.slug || rt.code || d.night::date::text) % (2 * :jitter + 1)) - :jitter END)
            / 100000000 / :round_to
        ) * :round_to)::integer,
        rt.total_rooms, coalesce(peak.min_stay, 1)
    FROM room_types rt
    JOIN hotels h ON h.id = rt.hotel_id
    CROSS JOIN generate_series(
        CAST(:first_night AS date)::timestamp, CAST(:last_night AS date)::timestamp, '1 day'
    ) AS d(night)
    LEFT JOIN LATERAL (
        SELECT p.percent, p.min_stay
        FROM unnest(CAST(:peak_first AS date[]), CAST(:peak_until AS date[]), CAST(:peak_percent AS integer[]),
                    CAST(:peak_min_stay AS integer[])) AS p(first_night, until, percent, min_stay)
        WHERE d.night >= p.first_night AND d.night < p.until
        ORDER BY p.percent DESC, p.min_stay DESC
        LIMIT 1
    ) AS peak ON true
    WHERE rt.id = ANY(:room_type_ids)
    ORDER BY rt.id, d.night
    ON CONFLICT (room_type_id, night) DO NOTHING
    RETURNING 1
    )
    SELECT count(*) FROM added
""")


async def fill_calendar(
    session: WriteSession,
    room_type_ids: Sequence[UUID],
    first_night: date,
    until: date,
    pricing: CalendarPricing | None = None,
) -> int:
    """Add the nights from ``first_night`` up to, not including, ``until`` that the room types do not have yet.

    Nights that exist stay as they are: they may have been sold, or changed by the manager. The hotels' from-prices
    follow. A hundred thousand nights at a time take about a second; a statement may take 15.

    Args:
        session: The caller's transaction.
        room_type_ids: Whose calendars.
        first_night: First night, hotel-local.
        until: The night after the last.
        pricing: How prices follow from the base price; the base price itself when there is none.

    Returns:
        How many nights were added.
    """
    if not room_type_ids or until <= first_night:
        return 0
    pricing = pricing or CalendarPricing()
    owners = await session.scalars(
        text("SELECT DISTINCT hotel_id FROM room_types WHERE id = ANY(:ids)"), {"ids": list(room_type_ids)}
    )
    hotel_ids = owners.all()
    await lock_hotels(session, hotel_ids)
    result = await session.execute(
        _FILL,
        {
            "room_type_ids": list(room_type_ids),
            "first_night": first_night,
            "last_night": until - timedelta(days=1),
            "months": list(pricing.months),
            "weekdays": list(pricing.weekdays),
            "jitter": pricing.jitter,
            "round_to": pricing.round_to_minor,
            "peak_first": [peak.first_night for peak in pricing.peaks],
            "peak_until": [peak.until for peak in pricing.peaks],
            "peak_percent": [peak.percent for peak in pricing.peaks],
            "peak_min_stay": [peak.min_stay for peak in pricing.peaks],
        },
    )
    added = int(result.scalar_one())
    await refresh_from_prices(session, hotel_ids)
    return added
