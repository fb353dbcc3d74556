"""What an engine of the assistant gets, and what it gives: the same for the deterministic one and for a language model.

An engine never writes. It reads through tools, and it may *propose* a booking or a cancellation; carrying a proposal
out needs the traveler's confirmation, which the conversation service handles without any engine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal, Protocol, TypeAlias
from uuid import UUID

from pydantic import BaseModel

Language: TypeAlias = Literal["pt-BR", "en"]


class Author(StrEnum):
    """Who wrote a message."""

    TRAVELER = "TRAVELER"
    ASSISTANT = "ASSISTANT"


@dataclass(frozen=True, slots=True)
class PastMessage:
    """An earlier message of the conversation."""

    author: Author
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the traveler, with what is needed to answer it."""

    text: str
    language: Language
    """The language the traveler asked for; they may write in another one."""
    today: date
    """In the traveler's time zone."""
    is_signed_in: bool
    history: Sequence[PastMessage] = ()
    """Oldest first, bounded by the caller; without this message."""
    memory: Mapping[str, Any] = field(default_factory=dict)
    """What the engine gave back as ``Finished.memory`` after the last turn of this conversation; JSON."""


class ProposalKind(StrEnum):
    """What would be done."""

    BOOK = "BOOK"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something that is done only when the traveler confirms it, before it expires."""

    id: UUID
    kind: ProposalKind
    summary: str
    """What will happen and what it costs, in the traveler's language: written by our code from the quote."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ToolFailed:
    """A tool could not do it. ``message`` is fit to be shown."""

    code: str
    """``INVALID_ARGUMENTS``, ``NOT_FOUND``, ``SOLD_OUT``, ``UNAUTHENTICATED``, ``UNAVAILABLE``, ``REFUSED``."""
    message: str


ToolAnswer: TypeAlias = BaseModel | Proposal | ToolFailed


class ToolBox(Protocol):
    """The tools of one turn, acting as the traveler."""

    async def call(self, name: str, arguments: Mapping[str, Any]) -> ToolAnswer:
        """Run the tool ``name`` (see ``tools.arguments.TOOLS``). Never raises for bad arguments: ``ToolFailed``."""
        ...


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the reply, in order. The reply is all of them joined."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolUsed:
    """A tool was called; shown as "searching hotels…", and scored in the test dialogues."""

    name: str
    arguments: Mapping[str, Any]
    is_ok: bool


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal was made in this reply."""

    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Finished:
    """The reply is complete; exactly one, at the end."""

    memory: Mapping[str, Any]
    """To be handed to the next turn; JSON, at most 16 kB."""
    input_tokens: int = 0
    output_tokens: int = 0


Part: TypeAlias = TextDelta | ToolUsed | Proposed | Finished


class EngineUnavailable(Exception):
    """The engine cannot answer now (model away, timed out, over its limit, nonsense). The text says it to people."""


class Engine(Protocol):
    """Answers a turn."""

    def reply(self, turn: Turn, tools: ToolBox) -> AsyncIterator[Part]:
        """The reply, piece by piece. Raises ``EngineUnavailable``; what was yielded before stands."""
        ...
