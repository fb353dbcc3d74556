"""What text of strangers must not hold, wherever it is shown."""

from __future__ import annotations

from typing import Final

BIDI_CONTROLS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates of the bidirectional algorithm: with them a name rearranges the text around it.

Right-to-left letters need none of them, and the joiners that emoji are made of are not among them.
"""


def has_bidi_controls(value: str) -> bool:
    """Whether ``value`` could show other text in another order than it is written."""
    return not BIDI_CONTROLS.isdisjoint(value)
