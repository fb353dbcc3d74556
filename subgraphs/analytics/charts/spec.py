"""A report as a Vega-Lite specification, which browsers, notebooks and our own renderer all draw.

The kinds of the columns decide the form: periods make a time line (bars for sums of one series), categories make bars,
cohorts a heat map. Everything is in the specification: data, formats, colours; nothing is fetched.

Specifications are written as the JSON they are. Altair's classes would write the same, at 15 ms a chart on the event
loop and 0.3 s for their import; the tests hold each specification against Vega-Lite's own schema instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final

from subgraphs.analytics.charts import style
from subgraphs.analytics.charts.style import Language, Spec, Theme
from subgraphs.analytics.service.tables import Cell, Column, ColumnKind, ReportName, ReportTable

SCHEMA_URL: Final = "https://vega.github.io/schema/vega-lite/v6.json"
"""A name: nobody reads it from there to draw."""
MAX_SERIES: Final = 8
"""More lines than this nobody can follow."""
MAX_BARS: Final = 20

_MEASURES: Final = (ColumnKind.MONEY, ColumnKind.RATIO, ColumnKind.DAYS, ColumnKind.COUNT)
_MAIN: Final[Mapping[ReportName, tuple[ColumnKind, ...]]] = {
    ReportName.REVENUE: (ColumnKind.MONEY,),
    ReportName.OCCUPANCY: (ColumnKind.RATIO,),
    ReportName.AVERAGE_DAILY_RATE: (ColumnKind.MONEY,),
    ReportName.REV_PAR: (ColumnKind.MONEY,),
    ReportName.BOOKING_WINDOW: (ColumnKind.DAYS,),
    ReportName.CANCELLATION_RATE: (ColumnKind.RATIO,),
    ReportName.FUNNEL: (ColumnKind.COUNT,),
    ReportName.COHORTS: (ColumnKind.RATIO,),
    ReportName.TOP_DESTINATIONS: (ColumnKind.MONEY, ColumnKind.COUNT),
}
"""What a report is about, where it has several measures."""
_SUMS: Final = frozenset({ReportName.REVENUE})
"""Reports whose values add up over time: bars, from zero."""


@dataclass(frozen=True, slots=True)
class Size:
    """Of the drawing area, in CSS pixels; axes, titles and legend come on top of the height."""

    width: int = 640
    height: int = 300


@dataclass(frozen=True, slots=True)
class _Chart:
    """What the forms have in common."""

    table: ReportTable
    measure: int
    language: Language
    theme: Theme
    size: Size

    @property
    def column(self) -> Column:
        return self.table.columns[self.measure]

    @property
    def title(self) -> str:
        return style.column_title(self.column, self.language)

    def first(self, *kinds: ColumnKind) -> int | None:
        """The index of the first column of these kinds, but for the measure."""
        for index, column in enumerate(self.table.columns):
            if column.kind in kinds and index != self.measure:
                return index
        return None

    def values(self, index: int) -> list[Cell]:
        return [row[index] for row in self.table.rows]


def vega_lite(
    table: ReportTable,
    language: Language,
    *,
    theme: Theme = Theme.LIGHT,
    size: Size | None = None,
) -> Spec:
    """The chart of ``table``. A table without rows, or with nothing in them, says that there is no data.

    Args:
        table: Rows in the order in which they are to be shown.
        language: Of titles, numbers and dates.
        theme: The ground it is shown on.
        size: Of the drawing area.
    """
    size = size or Size()
    measure = _measure(table)
    currency = None if measure is None else table.columns[measure].currency
    body: Spec
    if measure is None or all(row[measure] is None for row in table.rows):
        body = _no_data(language, theme, size)
    else:
        body = _form(_Chart(table, measure, language, theme, size))
    title: Spec = {"text": style.TITLES[table.report][language]}
    if "subtitle" in body:
        title["subtitle"] = body.pop("subtitle")
    return {
        "$schema": SCHEMA_URL,
        "title": title,
        "description": _description(table, language),
        "padding": 14,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "width": size.width,
        **body,
        "config": style.config(language, theme, currency),
    }


def _measure(table: ReportTable) -> int | None:
    """The column that the chart shows: the first of the kind that the report is about."""
    for kinds in (*((kind,) for kind in _MAIN[table.report]), _MEASURES):
        found = [index for index, column in enumerate(table.columns) if column.kind in kinds]
        if found:
            # Cohorts count months before they count people: what comes last is what is measured.
            return found[0]
    return None


def _form(chart: _Chart) -> Spec:
    period = chart.first(ColumnKind.PERIOD)
    category = chart.first(ColumnKind.CATEGORY)
    if chart.table.report is ReportName.COHORTS and period is not None:
        return _heat_map(chart, period)
    if period is not None:
        return _time_line(chart, period, category)
    if category is not None:
        return _bars(chart, category)
    return _no_data(chart.language, chart.theme, chart.size)


def _time_line(chart: _Chart, period: int, category: int | None) -> Spec:
    names, subtitle = _largest(chart, category)
    starts = sorted({value for value in chart.values(period) if isinstance(value, date)})
    step = _step(starts)
    values: list[Spec] = []
    for row in chart.table.rows:
        start, name = row[period], None if category is None else str(row[category])
        if not isinstance(start, date) or (name is not None and name not in names):
            continue
        value: Spec = {
            "start": start.isoformat(),
            "end": _end(start, step).isoformat(),
            "label": _period_label(start, step, chart.language),
            "value": _number(row[chart.measure]),
        }
        if name is not None:
            value["group"] = name
        values.append(value)
    largest = max((value["value"] for value in values if value["value"] is not None), default=0.0)
    tooltip = [
        {"field": "label", "type": "nominal", "title": style.column_title(chart.table.columns[period], chart.language)},
        *([] if category is None else [_group_tooltip(chart, category)]),
        _value_tooltip(chart),
    ]
    x: Spec = {
        "field": "start",
        "type": "temporal",
        "scale": {"type": "utc"},
        "title": None,
        "axis": {
            "format": _axis_dates(step, chart.language),
            "grid": False,
            "labelOverlap": "greedy",
            "labelFlush": False,
            "labelBound": 16,
            "labelSeparation": 6,
        },
    }
    if len(starts) <= max(2, chart.size.width // 70):
        x["axis"]["values"] = [start.isoformat() for start in starts]
    y: Spec = {
        "field": "value",
        "type": "quantitative",
        "title": chart.title,
        "axis": {"tickCount": 5, **style.axis_format(chart.column.kind, chart.language, largest)},
        "scale": {"zero": True, "nice": True},
    }
    encoding: Spec = {"x": x, "y": y, "tooltip": tooltip}
    mark: Spec
    if category is None and chart.table.report in _SUMS:
        # A bar from the first to the last moment of its period, however long that is.
        color = style.series_colors(chart.theme)[0]
        mark = {"type": "rect", "color": color, "stroke": style.surface(chart.theme), "strokeWidth": 1}
        encoding |= {"x2": {"field": "end"}, "y2": {"datum": 0}}
        x["axis"]["labelAlign"] = "left"
    else:
        mark = {"type": "line", "strokeWidth": 2.5}
        x["scale"]["padding"] = 14
        # A lone point between gaps is no line: it has to be seen.
        mark["point"] = {"size": 34, "filled": True} if len(starts) <= 62 else {"size": 8, "filled": True}
    if category is None:
        mark["color"] = style.series_colors(chart.theme)[0]
        if "point" in mark:
            mark["point"]["color"] = mark["color"]
    else:
        encoding["color"] = _color_of(chart, names, category)
    body: Spec = {
        "height": chart.size.height,
        "data": {"values": values, "format": {"parse": {"start": "date", "end": "date"}}},
        "mark": mark,
        "encoding": encoding,
    }
    return {"subtitle": subtitle, **body} if subtitle else body


def _bars(chart: _Chart, category: int) -> Spec:
    names, subtitle = _largest(chart, category, MAX_BARS, keep_order=True)
    values = [
        {"group": str(row[category]), "value": _number(row[chart.measure])}
        for row in chart.table.rows
        if str(row[category]) in names
    ]
    largest = max((value["value"] for value in values if isinstance(value["value"], float)), default=0.0)
    label_width = max(90, chart.size.width // 3)
    number_width = 92 if chart.column.kind is ColumnKind.MONEY else 62
    bars_width = chart.size.width - label_width - 40
    encoding: Spec = {
        "y": {
            "field": "group",
            "type": "nominal",
            "sort": None,
            "title": None,
            "axis": {"ticks": False, "labelLimit": label_width},
        },
        "x": {
            "field": "value",
            "type": "quantitative",
            "title": chart.title,
            "scale": {"zero": True, "domainMax": (largest or 1.0) * bars_width / max(40, bars_width - number_width)},
            "axis": {
                "tickCount": max(2, bars_width // 110),
                **style.axis_format(chart.column.kind, chart.language, largest),
            },
        },
        "tooltip": [_group_tooltip(chart, category), _value_tooltip(chart)],
    }
    label = {
        "field": "value",
        "type": "quantitative",
        "format": "$,.0f" if chart.column.kind is ColumnKind.MONEY else style.number_format(chart.column.kind),
    }
    body: Spec = {
        "height": {"step": 34},
        "data": {"values": values},
        "encoding": encoding,
        "layer": [
            {"mark": {"type": "bar", "color": style.series_colors(chart.theme)[0], "cornerRadiusEnd": 3, "height": 22}},
            {
                "mark": {"type": "text", "align": "left", "dx": 6, "fontSize": 12, "color": style.ink(chart.theme)},
                "encoding": {"text": label},
            },
        ],
    }
    return {"subtitle": subtitle, **body} if subtitle else body


def _heat_map(chart: _Chart, period: int) -> Spec:
    """A row for each cohort, a column for each month after its first booking."""
    after = chart.first(ColumnKind.COUNT, ColumnKind.DAYS)
    starts = sorted({value for value in chart.values(period) if isinstance(value, date)})
    step = _step(starts) if len(starts) > 1 else "month"
    values = [
        {
            "cohort": _period_label(start, step, chart.language),
            "after": 0 if after is None else _number(row[after]),
            "value": _number(row[chart.measure]),
        }
        for row in chart.table.rows
        if isinstance(start := row[period], date)
    ]
    few, many = style.heat_colors(chart.theme)
    columns = chart.table.columns
    after_title = style.column_title(columns[after], chart.language) if after is not None else ""
    cohort_title = style.column_title(columns[period], chart.language)
    shown = [value for value in values if value["value"] is not None]
    # The first month is 100% of a cohort by definition, and would wash out all the others.
    largest = max((value for item in shown if item["after"] and isinstance(value := item["value"], float)), default=0.0)
    largest = largest or 1.0
    text = f"datum.value / {largest} > 0.55"
    dark_text, light_text = ("#10202c", "#e8eef4") if chart.theme is Theme.DARK else ("#ffffff", "#17212b")
    encoding: Spec = {
        "x": {"field": "after", "type": "ordinal", "title": after_title, "axis": {"labelAngle": 0, "ticks": False}},
        "y": {"field": "cohort", "type": "ordinal", "sort": None, "title": cohort_title, "axis": {"ticks": False}},
        "tooltip": [
            {"field": "cohort", "type": "nominal", "title": cohort_title},
            {"field": "after", "type": "quantitative", "title": after_title},
            _value_tooltip(chart),
        ],
    }
    color = {
        "field": "value",
        "type": "quantitative",
        "title": chart.title,
        "scale": {"range": [few, many], "domain": [0, largest], "clamp": True},
        "legend": None,
    }
    numbers: Spec = {
        "mark": {"type": "text", "fontSize": 11},
        "encoding": {
            "text": {"field": "value", "type": "quantitative", "format": ".0%"},
            "color": {"condition": {"test": text, "value": dark_text}, "value": light_text},
        },
    }
    cells: Spec = {
        "mark": {"type": "rect", "stroke": style.surface(chart.theme), "strokeWidth": 2},
        "encoding": {"color": color},
    }
    is_wide_enough = len({value["after"] for value in shown}) * 34 <= chart.size.width - 70
    return {
        "height": {"step": 28},
        "data": {"values": shown},
        "encoding": encoding,
        "layer": [cells, numbers] if is_wide_enough else [cells],
    }


def _no_data(language: Language, theme: Theme, size: Size) -> Spec:
    return {
        "height": min(size.height, 160),
        "data": {"values": [{"text": style.word("no_data", language)}]},
        "mark": {"type": "text", "fontSize": 15, "color": style.ink(theme)},
        "encoding": {"text": {"field": "text", "type": "nominal"}},
    }


def _description(table: ReportTable, language: Language) -> str:
    """For those who hear the chart instead of seeing it."""
    columns = ", ".join(style.column_title(column, language) for column in table.columns)
    return f"{style.word('picture_of', language)}: {style.TITLES[table.report][language]} ({columns})."


def _largest(
    chart: _Chart, category: int | None, limit: int = MAX_SERIES, *, keep_order: bool = False
) -> tuple[Sequence[str], str | None]:
    """The groups that are shown, and a note when there are more of them."""
    if category is None:
        return (), None
    sizes: dict[str, float] = {}
    for row in chart.table.rows:
        name = str(row[category])
        sizes[name] = sizes.get(name, 0.0) + (_number(row[chart.measure]) or 0.0)
    names = list(sizes)
    if len(names) <= limit:
        return names, None
    kept = names[:limit] if keep_order else sorted(names, key=lambda name: -sizes[name])[:limit]
    return kept, style.word("shown", chart.language, shown=limit, all=len(names))


def _color_of(chart: _Chart, names: Sequence[str], category: int) -> Spec:
    is_narrow = chart.size.width < 480
    legend: Spec = {"orient": "bottom", "columns": 1 if is_narrow else 2 if chart.size.width < 760 else 3}
    return {
        "field": "group",
        "type": "nominal",
        "title": style.column_title(chart.table.columns[category], chart.language),
        "scale": {"domain": list(names)},
        "legend": legend,
    }


def _group_tooltip(chart: _Chart, category: int) -> Spec:
    return {
        "field": "group",
        "type": "nominal",
        "title": style.column_title(chart.table.columns[category], chart.language),
    }


def _value_tooltip(chart: _Chart) -> Spec:
    return {
        "field": "value",
        "type": "quantitative",
        "title": chart.title,
        "format": style.number_format(chart.column.kind),
    }


def _number(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, int | float | Decimal) else None


def _step(starts: Sequence[date]) -> str:
    """What the periods are, from the distance between them."""
    nearest = min(((after - before).days for before, after in pairwise(starts)), default=1)
    for days, name in ((350, "year"), (80, "quarter"), (27, "month"), (7, "week")):
        if nearest >= days:
            return name
    return "day"


def _end(start: date, step: str) -> date:
    """The first day after the period."""
    months = {"month": 1, "quarter": 3, "year": 12}.get(step)
    if months is None:
        return start + timedelta(days=7 if step == "week" else 1)
    month = start.month - 1 + months
    return date(start.year + month // 12, month % 12 + 1, 1)


def _axis_dates(step: str, language: Language) -> str:
    match step:
        case "year":
            return "%Y"
        case "month" | "quarter":
            return "%b %Y" if language == "en" else "%b/%y"
        case _:
            return "%d/%m" if language == "pt-BR" else "%b %-d"


def _period_label(start: date, step: str, language: Language) -> str:
    match step:
        case "year":
            return str(start.year)
        case "quarter":
            return f"{'Q' if language == 'en' else 'T'}{(start.month + 2) // 3} {start.year}"
        case "month":
            return f"{style.short_month(start.month, language)} {start.year}"
        case _ if language == "pt-BR":
            return f"{start:%d/%m/%Y}"
        case _:
            return f"{style.short_month(start.month, language)} {start.day}, {start.year}"
