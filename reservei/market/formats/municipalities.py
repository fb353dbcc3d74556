"""``municipios.csv`` with ``estados.csv``: Brazil's municipalities (kelvins/municipios-brasileiros, MIT)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import available_timezones

from reservei.market.csv_rows import BadRow, Encoding, Row, open_csv
from reservei.market.fields import integer, number, text
from reservei.market.gazetteer import gazetteer
from reservei.market.importing import Importer, Item, Parsed, Written
from reservei.market.places import IBGE_SOURCE
from reservei.market.problems import FileRejected, Reason, RowRejected
from reservei.market.report import Tally
from shared.db import WriteSession
from subgraphs.hotels.importing import DestinationRow, upsert_destinations

_STATE_COLUMNS: Final = ("codigo_uf", "uf", "nome")


@dataclass(frozen=True, slots=True)
class State:
    """A state of Brazil."""

    code: str
    """``RJ``."""
    name: str


def read_states(path: Path, encoding: Encoding = "utf-8") -> dict[int, State]:
    """The states by IBGE's number.

    Raises:
        FileRejected: any row is bad; without its state no municipality of it could be loaded.
    """
    states: dict[int, State] = {}
    with open_csv(path, encoding) as rows:
        rows.require(_STATE_COLUMNS)
        for row in rows:
            try:
                if isinstance(row, BadRow):
                    raise row.error
                number_ = integer(row.values, "codigo_uf", 11, 53)
                states[number_] = State(text(row.values, "uf", maximum=2), text(row.values, "nome", maximum=120))
            except RowRejected as error:
                raise FileRejected(f"{path}, line {row.line}: {error}.") from error
    return states


class MunicipalitiesImporter(Importer[DestinationRow]):
    """Imports municipalities as destinations, with the population that the gazetteer knows."""

    kind = "destinations"
    columns = ("codigo_ibge", "nome", "latitude", "longitude", "codigo_uf", "fuso_horario")

    def __init__(self, states: Mapping[int, State]) -> None:
        """Prepare to import municipalities of ``states``."""
        self._states = states

    def parse(self, row: Row) -> Parsed[DestinationRow]:
        """A municipality of a state that is listed."""
        values = row.values
        code = str(integer(values, "codigo_ibge", 1_000_000, 9_999_999))
        name = text(values, "nome", maximum=120)
        state = self._states.get(integer(values, "codigo_uf", 0, 99))
        if state is None:
            raise RowRejected(Reason.UNKNOWN_VALUE, "codigo_uf", values["codigo_uf"][:20])
        time_zone = text(values, "fuso_horario", maximum=64)
        if time_zone not in _time_zones():
            raise RowRejected(Reason.UNKNOWN_VALUE, "fuso_horario", time_zone)
        town = gazetteer().brazilian(name, state.code)
        destination = DestinationRow(
            source=IBGE_SOURCE,
            source_id=code,
            name=name,
            region=state.name,
            region_code=state.code,
            country_code="BR",
            # Brazil with its islands, Trindade and Rocas included.
            latitude=number(values, "latitude", -34, 6),
            longitude=number(values, "longitude", -75, -28),
            time_zone=time_zone,
            population=town.population if town else 0,
        )
        return Parsed(code, destination)

    async def write(self, session: WriteSession, items: Sequence[Item[DestinationRow]]) -> Written[DestinationRow]:
        """Add or refresh the destinations."""
        result = await upsert_destinations(session, [item.record for item in items])
        return Written({self.kind: Tally.of(result)})


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())
