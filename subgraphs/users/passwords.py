"""Passwords: which ones we accept, and how they are hashed."""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from string import ascii_lowercase
from typing import Final, TypeVar, TypeVarTuple, Unpack

from argon2 import PasswordHasher as Argon2
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from subgraphs.users.identity import InvalidValue
from subgraphs.users.settings import UsersSettings

T = TypeVar("T")
Args = TypeVarTuple("Args")

MIN_LENGTH: Final = 10
MAX_LENGTH: Final = 128
_SHORTEST_TELLING_WORD: Final = 4
"""Shorter parts of a name or address, such as "da", occur in good passwords by chance."""


_RUNS: Final = ("0123456789" * (MAX_LENGTH // 10 + 2), ascii_lowercase * 6, "qwertyuiopasdfghjklzxcvbnm" * 6)


@cache
def _common_passwords() -> frozenset[str]:
    lines = (Path(__file__).parent / "common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def check_password(password: str, *, email: str, display_name: str, field: str = "password") -> None:
    """Accept ``password``, or say what is wrong with it.

    After NIST SP 800-63B: length and a blocklist, no rules of composition.

    Raises:
        InvalidValue: not 10 to 128 characters long, common, one pattern repeated, or made of the user's own name or
            address.
    """
    if len(password) < MIN_LENGTH:
        raise InvalidValue(field, "password_short")
    if len(password) > MAX_LENGTH:  # before composing accents, which takes quadratic time
        raise InvalidValue(field, "password_long")
    folded = _folded(password)
    if any(unicodedata.category(character) == "Cs" for character in password):
        raise InvalidValue(field, "text_unprintable")
    if folded in _common_passwords() or _is_repetition(folded) or _is_sequence(folded):
        raise InvalidValue(field, "password_common")
    local_part, _, domain = _folded(email).partition("@")
    words = {
        local_part,
        f"{local_part}@{domain}",
        *local_part.replace("+", ".").split("."),
        *_folded(display_name).split(),
    }
    if any(len(word) >= _SHORTEST_TELLING_WORD and word in folded for word in words):
        raise InvalidValue(field, "password_personal")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _is_repetition(text: str) -> bool:
    """Whether ``text`` is one piece of at most four characters over and over: ``aaaaaaaaaa``, ``abcabcabcabc``."""
    return any((text[:size] * (len(text) // size + 1))[: len(text)] == text for size in range(1, 5))


def _is_sequence(text: str) -> bool:
    """Whether ``text`` runs along the alphabet, the digits or the keyboard, in either direction."""
    return any(text in run or text in run[::-1] for run in _RUNS)


class PasswordHasher:
    """Argon2id in threads of its own, so that the event loop goes on and memory stays bounded."""

    def __init__(self, settings: UsersSettings) -> None:
        self._argon2 = Argon2(
            time_cost=settings.argon2_time_cost,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_parallelism,
            type=Type.ID,
        )
        self._threads = ThreadPoolExecutor(settings.hashing_threads, thread_name_prefix="argon2")
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """The PHC string to store for ``password``."""
        return await self._run(self._argon2.hash, _bytes(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether ``password`` is the one behind ``stored``.

        ``None`` stands for an account that does not exist: the same work is done for it, so that the time of the
        answer does not tell.
        """
        if stored is None:
            self._decoy = self._decoy or await self.hash(secrets.token_urlsafe())
        matches = await self._run(self._verify, stored or self._decoy or "", _bytes(password))
        return matches and stored is not None

    def needs_rehash(self, stored: str) -> bool:
        """Whether ``stored`` was made with other parameters than today's."""
        return self._argon2.check_needs_rehash(stored)

    async def prepare(self) -> None:
        """Make the decoy now, so that not even the first unknown address costs more than a known one."""
        await self.verify(None, "")

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=True)

    def _verify(self, stored: str, password: bytes) -> bool:
        try:
            return self._argon2.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, function: Callable[[Unpack[Args]], T], *args: *Args) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)


def _bytes(password: str) -> bytes:
    """One byte string per password, whichever way the keyboard composed its accents (NFKC, as NIST recommends).

    What is much longer than any password of ours is cut: it matches none, and composing accents takes quadratic time.
    """
    password = password[: 4 * MAX_LENGTH]
    return unicodedata.normalize("NFKC", password).encode(errors="surrogatepass")
