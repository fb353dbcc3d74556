"""Tells Portuguese from other languages, well enough to choose a column for a description."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"[a-zà-ÿ]+")

# Frequent words of one language that are none of the other's; "a", "as", "no" and "do" are both.
_PORTUGUESE_TEXT: Final = """
o e os de da dos das em na nos nas um uma com para por que não é são está ao à ou mais muito perto você seu sua quarto
apartamento praia cozinha sala rua pessoas cama ótimo localização foi mas tem
nosso nossa ficamos
"""
_ENGLISH_TEXT: Final = """
the of and in is are with for to from this that you your our we it on at by has have very near room apartment beach
kitchen street people bed great location was were not would
"""
_PORTUGUESE: Final = frozenset(_PORTUGUESE_TEXT.split())
_ENGLISH: Final = frozenset(_ENGLISH_TEXT.split())


def is_portuguese(text: str) -> bool:
    """Whether more of the words are frequent Portuguese ones than English ones."""
    words = _WORD.findall(text.lower())
    return sum(word in _PORTUGUESE for word in words) > sum(word in _ENGLISH for word in words)
