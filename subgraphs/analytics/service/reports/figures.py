"""The sums that reports are made of: nights sold, bookings by arrival, rooms to sell; by period and group."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final, TypeAlias

from subgraphs.analytics.service.periods import Interval
from subgraphs.analytics.service.questions import GroupBy, ReportQuery
from subgraphs.analytics.store import AnalyticsStore

Key: TypeAlias = tuple[date, str]
"""A period and a group; the group is empty where there is none."""

PERIOD_SQL: Final = {
    Interval.DAY: "toDate({day})",
    Interval.WEEK: "toMonday({day})",
    Interval.MONTH: "toStartOfMonth({day})",
    Interval.QUARTER: "toStartOfQuarter({day})",
    Interval.YEAR: "toStartOfYear({day})",
}
GROUP_SQL: Final = {
    None: "''",
    GroupBy.HOTEL: "toString(hotel_id)",
    GroupBy.ROOM_TYPE: "toString(room_type_id)",
    GroupBy.DESTINATION: "if(region = '', city, concat(city, ', ', region))",
    GroupBy.GUEST_COUNTRY: "guest_country",
    GroupBy.PAYMENT_METHOD: "payment_method",
}
# The partition follows from the sorting key, so a row and what replaces it are in the same one.
SETTINGS: Final = "SETTINGS do_not_merge_across_partitions_select_final = 1"


@dataclass(slots=True)
class Figures:
    """Sums; those of several add up."""

    revenue_minor: int = 0
    """Of the nights sold, discounts taken off."""
    room_nights: int = 0
    """Nights sold, times rooms."""
    bookings: int = 0
    """That arrive, or were to: sold, called off, never came."""
    cancelled: int = 0
    no_shows: int = 0
    available: int = 0
    """Room nights that there were to sell."""

    def add(self, other: Figures) -> None:
        """Add those of ``other`` to these."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


def bound(query: ReportQuery) -> dict[str, Any]:
    """The parameters that every statement has."""
    return {
        "start": query.range.start,
        "end": query.range.end,
        "currency": query.currency,
        **query.scope.parameters,
    }


async def stay_figures(store: AnalyticsStore, query: ReportQuery) -> dict[Key, Figures]:
    """Revenue, room nights and bookings by night and by day of arrival, in the question's currency."""
    sql = f"""
        SELECT
            {PERIOD_SQL[query.interval].format(day="night")} AS period,
            {GROUP_SQL[query.group_by]} AS part,
            sumIf(revenue_minor, is_sold),
            sumIf(rooms, is_sold),
            countIf(is_arrival AND (is_sold OR state = 'CANCELLED')),
            countIf(is_arrival AND state = 'CANCELLED'),
            countIf(is_arrival AND state = 'NO_SHOW')
        FROM stay_nights FINAL
        WHERE night BETWEEN {{start:Date}} AND {{end:Date}} AND currency = {{currency:String}} AND {query.scope.sql}
        GROUP BY period, part
        {SETTINGS}
    """  # noqa: S608  # parts of ours; what a person typed is bound
    return {
        (period, part): Figures(int(revenue), int(nights), int(bookings), int(cancelled), int(no_shows))
        for period, part, revenue, nights, bookings, cancelled, no_shows in await store.query(sql, bound(query))
    }


async def supply_figures(store: AnalyticsStore, query: ReportQuery) -> dict[Key, Figures]:
    """Room nights to sell, of the hotels that sell in the question's currency.

    A night has the rooms that were set for it, or else those that the room type has; none when it is closed. A room
    type that is not sold any more counts until the day on which that was told.
    """
    group = {GroupBy.HOTEL: GROUP_SQL[GroupBy.HOTEL], GroupBy.ROOM_TYPE: GROUP_SQL[GroupBy.ROOM_TYPE]}
    sql = f"""
        WITH
            types AS (
                SELECT hotel_id, room_type_id, total_rooms, is_active, changed_on FROM room_types FINAL
                WHERE {query.scope.sql}
                    AND hotel_id IN (SELECT hotel_id FROM hotels FINAL WHERE currency = {{currency:String}})
            ),
            given AS (
                SELECT
                    hotel_id, room_type_id, night,
                    maxIf(value, kind = 'TOTAL') AS total,
                    countIf(kind = 'TOTAL') > 0 AS has_total,
                    maxIf(value, kind = 'CLOSED') > 0 AS is_closed
                FROM supply_nights FINAL
                WHERE night BETWEEN {{start:Date}} AND {{end:Date}} AND {query.scope.sql}
                GROUP BY hotel_id, room_type_id, night
            ),
            nights AS (
                SELECT hotel_id, room_type_id, total_rooms, is_active, changed_on,
                    arrayJoin(arrayMap(day -> {{start:Date}} + day,
                        range(toUInt32({{end:Date}} - {{start:Date}} + 1)))) AS night
                FROM types
            )
        SELECT
            {PERIOD_SQL[query.interval].format(day="night")} AS period,
            {group.get(query.group_by, "''") if query.group_by else "''"} AS part,
            sum(multiIf(given.is_closed, 0, given.has_total, given.total, nights.total_rooms))
        FROM nights LEFT JOIN given USING (hotel_id, room_type_id, night)
        WHERE nights.is_active OR night < nights.changed_on
        GROUP BY period, part
        {SETTINGS}
    """  # noqa: S608  # parts of ours; what a person typed is bound
    return {
        (period, part): Figures(available=int(rooms)) for period, part, rooms in await store.query(sql, bound(query))
    }


def merged(*parts: dict[Key, Figures]) -> dict[Key, Figures]:
    """The sums of all parts by period and group."""
    result: dict[Key, Figures] = defaultdict(Figures)
    for part in parts:
        for key, figures in part.items():
            result[key].add(figures)
    return result


async def group_names(store: AnalyticsStore, query: ReportQuery, keys: set[str]) -> dict[str, str]:
    """What people call the groups: names of hotels and room types; other groups are names already."""
    if query.group_by is GroupBy.HOTEL:
        column, table = "name", "hotels"
        key = "hotel_id"
    elif query.group_by is GroupBy.ROOM_TYPE:
        name = "name_en" if query.language == "en" else "name_pt"
        column, table = f"multiIf({name} != '', {name}, name_pt != '', name_pt, code)", "room_types"
        key = "room_type_id"
    else:
        return {part: part or "—" for part in keys}
    rows = await store.query(
        f"SELECT toString({key}), {column} FROM {table} FINAL WHERE toString({key}) IN {{keys:Array(String)}}",  # noqa: S608
        {"keys": sorted(keys)},
    )
    return {part: part for part in keys} | dict(rows)
