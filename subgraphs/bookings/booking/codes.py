"""Short codes that people read out on the telephone."""

from __future__ import annotations

import re
import secrets
from typing import Final

LENGTH: Final = 8
ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Digits and capitals without 0 and O, 1 and I: 32 signs, so a code has 40 bits and cannot be guessed in bulk."""
_CODE: Final = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")


def new_code() -> str:
    """A code at random. Whether it is free is for the database to say."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def normalised_code(text: str) -> str | None:
    """``text`` as a code is written, or ``None`` when it can be none: ``"abcd-2345"`` is ``"ABCD2345"``."""
    code = text.strip().replace("-", "").replace(" ", "").upper()
    return code if _CODE.fullmatch(code) else None
