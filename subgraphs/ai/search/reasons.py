"""Why a hotel was found, in words for travelers. Only what is true of it: no model writes them."""

from __future__ import annotations

from typing import Final, Literal

from subgraphs.ai.search.finding import Match

MOST_WORDS: Final = 4
"""That are named."""


def reason(match: Match, language: Literal["pt-BR", "en"]) -> str:
    """One sentence in the traveler's language."""
    words = _listed([f"“{word}”" for word in match.words[:MOST_WORDS]], "e" if language == "pt-BR" else "and")
    if language == "pt-BR":
        near = "A descrição se parece com o que você procura"
        if not words:
            return f"{near}."
        return f"{near}; o hotel menciona {words}." if match.is_near else f"O hotel menciona {words}."
    near = "Its description is close to what you are looking for"
    if not words:
        return f"{near}."
    return f"{near}; the hotel mentions {words}." if match.is_near else f"The hotel mentions {words}."


def _listed(words: list[str], and_: str) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {and_} {words[-1]}"
