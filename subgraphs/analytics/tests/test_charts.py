"""Reports as Vega-Lite specifications."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
import vl_convert

from subgraphs.analytics.charts.spec import Size, Theme, vega_lite
from subgraphs.analytics.service.periods import months_later
from subgraphs.analytics.service.tables import Column, ColumnKind, ReportName, ReportTable

PERIOD = Column("period", ColumnKind.PERIOD, "Período", "Period")
GROUP = Column("group", ColumnKind.CATEGORY, "Grupo", "Group")
REVENUE = Column("revenue", ColumnKind.MONEY, "Receita", "Revenue", "BRL")
COUNT = Column("people", ColumnKind.COUNT, "Pessoas", "People")
SHARE = Column("share", ColumnKind.RATIO, "Voltaram", "Came back")
MONTHS = [months_later(date(2025, 1, 1), number) for number in range(12)]
DAYS = [date(2026, 1, 1) + timedelta(days=number) for number in range(31)]

TABLES = {
    "days": ReportTable(
        ReportName.REVENUE, (PERIOD, REVENUE, COUNT), tuple((day, Decimal("1234.56"), 3) for day in DAYS)
    ),
    "groups": ReportTable(
        ReportName.REVENUE,
        (PERIOD, GROUP, REVENUE),
        tuple((month, name, Decimal(10)) for name in ("A", "<b>", "C & D", *"EFGHIJ") for month in MONTHS),
    ),
    "gaps": ReportTable(
        ReportName.OCCUPANCY,
        (PERIOD, SHARE),
        tuple((month, None if month.month == 3 else 0.5) for month in MONTHS),
    ),
    "funnel": ReportTable(
        ReportName.FUNNEL, (GROUP, COUNT, SHARE), (("Busca", 100, None), ("Visita", 40, 0.4), ("Reserva", 0, 0.0))
    ),
    "cohorts": ReportTable(
        ReportName.COHORTS,
        (PERIOD, Column("monthsLater", ColumnKind.COUNT, "Meses depois", "Months later"), COUNT, SHARE),
        tuple((month, later, 4, 1 / (later + 1)) for month in MONTHS for later in range(5)),
    ),
    "destinations": ReportTable(
        ReportName.TOP_DESTINATIONS,
        (GROUP, REVENUE),
        tuple((f"Cidade {number}", Decimal(900 - number)) for number in range(20)),
    ),
    "one": ReportTable(ReportName.AVERAGE_DAILY_RATE, (PERIOD, REVENUE), ((date(2026, 1, 5), Decimal("123.4")),)),
    "empty": ReportTable(ReportName.REV_PAR, (PERIOD, REVENUE), ()),
    "nothing": ReportTable(ReportName.REV_PAR, (PERIOD, REVENUE), ((date(2026, 1, 5), None),)),
}


@lru_cache(maxsize=1)
def schema() -> Any:
    text = files("altair").joinpath("vegalite/v6/schema/vega-lite-schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft7Validator(json.loads(text))


@pytest.mark.parametrize("name", list(TABLES))
@pytest.mark.parametrize(
    ("language", "theme", "size"), [("pt-BR", Theme.LIGHT, Size()), ("en", Theme.DARK, Size(340, 260))]
)
def test_specifications_are_valid(name: str, language: Any, theme: Theme, size: Size) -> None:
    spec = vega_lite(TABLES[name], language, theme=theme, size=size)
    assert [error.message[:200] for error in schema().iter_errors(spec)] == []
    assert json.loads(json.dumps(spec)) == spec, "it is JSON as it stands"


def test_it_speaks_the_readers_language() -> None:
    portuguese, english = (vl_convert.vegalite_to_svg(vega_lite(TABLES["days"], lang)) for lang in ("pt-BR", "en"))
    assert "R$" in portuguese
    assert "Receita" in portuguese
    assert "Revenue" in english
    assert "Receita" not in english


@pytest.mark.parametrize("name", ["empty", "nothing"])
def test_without_data_it_says_so(name: str) -> None:
    assert "Sem dados" in json.dumps(vega_lite(TABLES[name], "pt-BR"), ensure_ascii=False)
    assert "No data" in json.dumps(vega_lite(TABLES[name], "en"))


def test_names_are_text_and_never_markup() -> None:
    svg = vl_convert.vegalite_to_svg(vega_lite(TABLES["groups"], "en"))
    assert "<b>" not in svg
    assert "&lt;b&gt;" in svg


def test_a_crowd_of_series_is_cut_and_said_so() -> None:
    spec = vega_lite(TABLES["groups"], "en")
    assert "subtitle" in spec["title"]
    drawn = {value["group"] for value in spec["data"]["values"]} if "data" in spec else set()
    assert len(drawn) <= 8
