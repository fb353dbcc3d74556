"""Readable parts of addresses: ``Pousada São João`` in ``Paraty`` becomes ``pousada-sao-joao-paraty``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from hashlib import sha256

_NOT_WORD = re.compile(r"[^a-z0-9]+")
MAX_LENGTH = 100


def slugify(*parts: str) -> str:
    """``parts`` in lower case ASCII with dashes; ``x`` when nothing is left of them (other scripts, emoji)."""
    plain = unicodedata.normalize("NFKD", " ".join(parts)).encode("ascii", "ignore").decode().lower()
    return _NOT_WORD.sub("-", plain).strip("-")[:MAX_LENGTH].rstrip("-") or "x"


def unique_slugs(wanted: Mapping[str, str], taken: Iterable[str]) -> dict[str, str]:
    """A slug for each key of ``wanted``: the wanted one, or with a short hash of the key where that is taken.

    The hash makes the answer the same on every machine, whatever else was imported before.
    """
    used = set(taken)
    slugs: dict[str, str] = {}
    for key, slug in wanted.items():
        chosen = slug
        if chosen in used:
            chosen = f"{slug}-{sha256(key.encode()).hexdigest()[:8]}"
        used.add(chosen)
        slugs[key] = chosen
    return slugs
