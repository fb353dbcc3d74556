"""Why a report is not made, in words that say what to do."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Language: TypeAlias = Literal["pt-BR", "en"]

_WORDS: Final[dict[str, dict[Language, str]]] = {
    "end_before_start": {
        "en": "The range ends before it starts.",
        "pt-BR": "O período termina antes de começar.",
    },
    "outside_this_century": {
        "en": "Dates must be from 2000-01-01 to 2099-12-31.",
        "pt-BR": "As datas devem ser de 01/01/2000 a 31/12/2099.",
    },
    "range_too_long": {
        "en": "A range has ten years at most. Ask for fewer.",
        "pt-BR": "Um período tem no máximo dez anos. Peça menos.",
    },
    "too_many_periods": {
        "en": "That is more than {most} periods. Choose a longer interval or a shorter range.",
        "pt-BR": "São mais de {most} intervalos. Escolha um intervalo maior ou um período menor.",
    },
    "unknown_group": {
        "en": "This report cannot be grouped by {group}. Possible: {possible}.",
        "pt-BR": "Este relatório não pode ser agrupado por {group}. Possíveis: {possible}.",
    },
    "unknown_report": {
        "en": "There is no such report. Reports: {possible}.",
        "pt-BR": "Este relatório não existe. Relatórios: {possible}.",
    },
    "unknown_hotel": {
        "en": "There is no such hotel.",
        "pt-BR": "Este hotel não existe.",
    },
    "not_your_hotel": {
        "en": "You can only see the numbers of hotels that you manage.",
        "pt-BR": "Só é possível ver os números dos hotéis que você gerencia.",
    },
    "managers_only": {
        "en": "Reports are for hotel managers and our staff.",
        "pt-BR": "Os relatórios são para gerentes de hotéis e para a nossa equipe.",
    },
}


class Refused(Exception):
    """A question that no report answers; ``field`` names the argument."""

    def __init__(self, key: str, field: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.field = field
        self._values = values

    def says(self, language: Language) -> str:
        """The reason, for the one who asked."""
        return _WORDS[self.key][language].format(**self._values)


class NotAllowed(Refused):
    """Somebody asks who may not know."""

    def __init__(self, key: str) -> None:
        super().__init__(key, "hotelId")
