"""How charts look and speak: colours that can be told apart, words, and the number and date formats of a language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal, TypeAlias

from subgraphs.analytics.service.tables import Column, ColumnKind, ReportName

Language: TypeAlias = Literal["pt-BR", "en"]
Spec: TypeAlias = dict[str, Any]
"""A part of a Vega-Lite specification: JSON."""

FONT: Final = "system-ui, 'Segoe UI', Roboto, 'Liberation Sans', 'DejaVu Sans', sans-serif"


class Theme(StrEnum):
    """The ground on which a chart is shown."""

    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class _Palette:
    surface: str
    ink: str
    muted: str
    grid: str
    series: tuple[str, ...]
    """Okabe and Ito's, which people with any colour vision tell apart; each has a contrast of 3:1 to the ground."""
    heat: tuple[str, str]


_PALETTES: Final[Mapping[Theme, _Palette]] = {
    Theme.LIGHT: _Palette(
        surface="#ffffff",
        ink="#17212b",
        muted="#52606d",
        grid="#e4e9ee",
        series=("#0072b2", "#c04c00", "#007a5a", "#a8487e", "#8a6a00", "#2f86b5", "#4b4b4b", "#7a3db8"),
        heat=("#e8f1f8", "#0b4f7d"),
    ),
    Theme.DARK: _Palette(
        surface="#16202a",
        ink="#e8eef4",
        muted="#a3b1bf",
        grid="#2b3947",
        series=("#56b4e9", "#e69f00", "#2fc79a", "#e08abb", "#f0e442", "#8fb8ff", "#c5ccd3", "#ff8f5c"),
        heat=("#1d3344", "#7cc8f5"),
    ),
}

TITLES: Final[Mapping[ReportName, Mapping[Language, str]]] = {
    ReportName.REVENUE: {"pt-BR": "Receita", "en": "Revenue"},
    ReportName.OCCUPANCY: {"pt-BR": "Ocupação", "en": "Occupancy"},
    ReportName.AVERAGE_DAILY_RATE: {"pt-BR": "Diária média (ADR)", "en": "Average daily rate (ADR)"},
    ReportName.REV_PAR: {
        "pt-BR": "Receita por quarto disponível (RevPAR)",
        "en": "Revenue per available room (RevPAR)",
    },
    ReportName.BOOKING_WINDOW: {"pt-BR": "Antecedência das reservas", "en": "Booking window"},
    ReportName.CANCELLATION_RATE: {"pt-BR": "Taxa de cancelamento", "en": "Cancellation rate"},
    ReportName.FUNNEL: {"pt-BR": "Da busca à estadia", "en": "From search to stay"},
    ReportName.COHORTS: {"pt-BR": "Quem volta a reservar", "en": "Who books again"},
    ReportName.TOP_DESTINATIONS: {"pt-BR": "Destinos mais reservados", "en": "Top destinations"},
}

_WORDS: Final[Mapping[str, Mapping[Language, str]]] = {
    "no_data": {"pt-BR": "Sem dados neste período.", "en": "No data in this range."},
    "shown": {"pt-BR": "As {shown} maiores de {all}", "en": "The {shown} largest of {all}"},
    "thousand": {"pt-BR": " mil", "en": "k"},
    "million": {"pt-BR": " mi", "en": "M"},
    "days": {"pt-BR": "dias", "en": "days"},
    "picture_of": {"pt-BR": "Gráfico", "en": "Chart"},
}

_MONTHS: Final[Mapping[Language, tuple[str, ...]]] = {
    "pt-BR": (
        *("janeiro", "fevereiro", "março", "abril", "maio", "junho"),
        *("julho", "agosto", "setembro", "outubro", "novembro", "dezembro"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
_DAYS: Final[Mapping[Language, tuple[str, ...]]] = {
    "pt-BR": ("domingo", "segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado"),
    "en": ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
}


def word(key: str, language: Language, **values: object) -> str:
    """A phrase of the charts."""
    return _WORDS[key][language].format(**values)


def column_title(column: Column, language: Language) -> str:
    """What a column is called; money and days say their unit."""
    title = column.title_pt if language == "pt-BR" else column.title_en
    if column.kind is ColumnKind.MONEY and column.currency is not None:
        return f"{title} ({_symbol(column.currency)})"
    if column.kind is ColumnKind.DAYS:
        return f"{title} ({word('days', language)})"
    return title


def short_month(month: int, language: Language) -> str:
    """``jan``, ``Jan``: the month's name in three letters."""
    return _MONTHS[language][month - 1][:3]


def series_colors(theme: Theme) -> tuple[str, ...]:
    """The colours of series, in the order of their use."""
    return _PALETTES[theme].series


def heat_colors(theme: Theme) -> tuple[str, str]:
    """From few to many."""
    return _PALETTES[theme].heat


def ink(theme: Theme) -> str:
    """The colour of text."""
    return _PALETTES[theme].ink


def surface(theme: Theme) -> str:
    """The colour of the ground."""
    return _PALETTES[theme].surface


def config(language: Language, theme: Theme, currency: str | None) -> Spec:
    """The ``config`` of a specification: colours, fonts and locale, so that it looks and speaks alike everywhere."""
    palette = _PALETTES[theme]
    axis = {
        "domain": False,
        "gridColor": palette.grid,
        "tickColor": palette.grid,
        "labelColor": palette.muted,
        "titleColor": palette.muted,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "labelPadding": 6,
    }
    return {
        "font": FONT,
        "background": palette.surface,
        "view": {"stroke": None},
        "axis": axis,
        "legend": {"labelColor": palette.ink, "titleColor": palette.muted, "labelFontSize": 12, "labelLimit": 180},
        "title": {
            "color": palette.ink,
            "subtitleColor": palette.muted,
            "fontSize": 16,
            "anchor": "start",
            "offset": 14,
        },
        "range": {"category": list(palette.series)},
        "locale": {"number": number_locale(language, currency), "time": time_locale(language)},
    }


def number_locale(language: Language, currency: str | None) -> Spec:
    """d3's: how numbers are written, and what ``$`` stands for."""
    decimal, thousands = (",", ".") if language == "pt-BR" else (".", ",")
    prefix = "" if currency is None else _symbol(currency) + "\u00a0"
    return {"decimal": decimal, "thousands": thousands, "grouping": [3], "currency": [prefix, ""]}


def time_locale(language: Language) -> Spec:
    """d3's: how dates are written."""
    days, months = _DAYS[language], _MONTHS[language]
    is_portuguese = language == "pt-BR"
    return {
        "dateTime": "%d/%m/%Y %H:%M" if is_portuguese else "%b %-d, %Y %H:%M",
        "date": "%d/%m/%Y" if is_portuguese else "%b %-d, %Y",
        "time": "%H:%M",
        "periods": ["AM", "PM"],
        "days": list(days),
        "shortDays": [day[:3] for day in days],
        "months": list(months),
        "shortMonths": [month[:3] for month in months],
    }


def number_format(kind: ColumnKind) -> str:
    """d3's format of a value in full."""
    return {ColumnKind.MONEY: "$,.2f", ColumnKind.RATIO: ".1%", ColumnKind.DAYS: ",.1f"}.get(kind, ",d")


def axis_format(kind: ColumnKind, language: Language, largest: float) -> Spec:
    """How an axis writes its numbers: short, for money in thousands or millions when it is that much.

    Args:
        kind: Of the numbers.
        language: To write in.
        largest: The largest number shown.
    """
    if kind is ColumnKind.RATIO:
        return {"format": ".0%" if largest > 0.05 else ".1%"}
    sign = "$" if kind is ColumnKind.MONEY else ""
    for factor, least, key in ((1_000_000, 2, "million"), (1_000, 10, "thousand")):
        if largest >= least * factor:
            # "R$ 25 mil", "R$ 25k"; the zero needs no unit.
            digits = ".0f" if largest >= 10 * factor else ".1f"
            unit = word(key, language)
            short = f"format(datum.value / {factor}, '{sign},{digits}') + '{unit}'"
            return {"labelExpr": f"datum.value === 0 ? '0' : {short}"}
    return {"format": f"{sign},.0f" if largest >= 10 or kind is ColumnKind.COUNT else f"{sign},.1f"}


def _symbol(currency: str) -> str:
    return {"BRL": "R$"}.get(currency, currency)
