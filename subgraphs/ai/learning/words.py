"""Reasons in words, in both languages."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from subgraphs.ai.learning.recommending.service import Reason, Suggestion

Language: TypeAlias = Literal["pt-BR", "en"]

_MONTHS: Final[dict[Language, tuple[str, ...]]] = {
    "pt-BR": ("janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro",
              "novembro", "dezembro"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip
_REASONS: Final[dict[Language, dict[Reason, str]]] = {
    "pt-BR": {
        Reason.STAYED: "Porque você ficou em {hotel}",
        Reason.SIMILAR: "Parecido com {hotel}",
        Reason.SAME_GUESTS: "Quem fica em {hotel} também fica aqui",
        Reason.SEASON: "Procurado em {month} em {place}",
        Reason.IDEA: "Uma ideia em {place}",
    },
    "en": {
        Reason.STAYED: "Because you stayed at {hotel}",
        Reason.SIMILAR: "Similar to {hotel}",
        Reason.SAME_GUESTS: "Guests of {hotel} also stay here",
        Reason.SEASON: "Popular in {month} in {place}",
        Reason.IDEA: "An idea in {place}",
    },
}


def reason_in_words(suggestion: Suggestion, month: int, language: Language) -> str:
    """Why a hotel is shown; ``month`` is that of the journey, 1 to 12."""
    return _REASONS[language][suggestion.reason].format(
        hotel=suggestion.based_on_name, month=_MONTHS[language][month - 1], place=suggestion.place or "?"
    )
