"""Tables of the assistant part: conversations, messages, proposals and budgets."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, Text, func
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Instant, UuidKey
from subgraphs.ai.models.base import Base


class AssistantUser(Base):
    """One row for each traveler who ever wrote: the lock under which they write, and what they have used of a day.

    It stays, with nothing but the id, when the account is deleted: a token that still lives must bring nothing back.
    """

    __tablename__ = "assistant_users"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    budget_date: Mapped[date]
    """The day that the two counters are of, in the budget's time zone."""
    messages_used: Mapped[int] = mapped_column(default=0, server_default="0")
    tokens_used: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    forgotten_at: Mapped[Instant | None]


class Conversation(Base):
    """A traveler's talk with the assistant."""

    __tablename__ = "conversations"

    id: Mapped[UuidKey]
    user_id: Mapped[UUID]
    title: Mapped[str] = mapped_column(String(80))
    """The beginning of its first message."""
    memory: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=sql_text("'{}'"))
    """What the engine wants to be told with the next message."""
    running_reply_id: Mapped[UUID | None]
    """The reply that is being written: at most one."""
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    last_message_at: Mapped[Instant] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("ix_conversations_user_id_last_message_at_id", "user_id", "last_message_at", "id"),
        Index("ix_conversations_last_message_at", "last_message_at"),
    )


class Message(Base):
    """What somebody said. A reply has a state; what the traveler wrote is always ``DONE``."""

    __tablename__ = "messages"

    id: Mapped[UuidKey]
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    user_id: Mapped[UUID]
    author: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text, default="", server_default="")
    parts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default=sql_text("'[]'"))
    """Of a reply that ended: its text, tools and proposals in order."""
    state: Mapped[str] = mapped_column(String(10))
    engine: Mapped[str | None] = mapped_column(String(20))
    """What wrote a reply: ``llm``, ``rules``, or ``code`` for what no engine decides."""
    failure: Mapped[str | None] = mapped_column(String(20))
    """Why a reply failed, as a code."""
    input_tokens: Mapped[int] = mapped_column(default=0, server_default="0")
    output_tokens: Mapped[int] = mapped_column(default=0, server_default="0")
    client_message_id: Mapped[str | None] = mapped_column(String(100))
    """The client's own name of what the traveler wrote."""
    reply_id: Mapped[UUID | None]
    """Of what the traveler wrote: the reply to it."""
    leased_until: Mapped[Instant | None]
    """While a reply is being written: when to believe that its writer is dead."""
    is_stopping: Mapped[bool] = mapped_column(default=False, server_default=sql_text("false"))
    """The traveler has heard enough."""
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    ended_at: Mapped[Instant | None]

    __table_args__ = (
        CheckConstraint("author IN ('TRAVELER', 'ASSISTANT')", name="author"),
        CheckConstraint("state IN ('PENDING', 'STREAMING', 'DONE', 'STOPPED', 'FAILED')", name="state"),
        Index("ix_messages_conversation_id_id", "conversation_id", "id"),
        Index("uq_messages_user_id_client_message_id", "user_id", "client_message_id", unique=True),
        Index("ix_messages_running", "leased_until", postgresql_where=sql_text("state IN ('PENDING', 'STREAMING')")),
    )


class Proposal(Base):
    """Something that is done once the traveler says so. Terms and summary are ours: no engine wrote them."""

    __tablename__ = "proposals"

    id: Mapped[UuidKey]
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    message_id: Mapped[UUID]
    """The reply that it was made in."""
    user_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(12), default="PENDING", server_default="PENDING")
    summary: Mapped[str] = mapped_column(Text)
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Of ``BOOK`` the room type and stay; of ``CANCEL`` the booking."""
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    """What was shown: the total of a booking, the fee of a cancellation."""
    currency: Mapped[str] = mapped_column(String(3))
    expires_at: Mapped[Instant]
    payment_method: Mapped[str | None] = mapped_column(String(10))
    """Chosen when it was confirmed."""
    idempotency_key: Mapped[str | None] = mapped_column(String(100))
    """Of the confirmation."""
    claimed_until: Mapped[Instant | None]
    """While it is carried out: when another attempt may be made. Attempts share one key, so none does it twice."""
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    booking_id: Mapped[UUID | None]
    """What was booked or cancelled."""
    refusal: Mapped[str | None] = mapped_column(String(40))
    """Why it could not be done, as a code."""
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    settled_at: Mapped[Instant | None]

    __table_args__ = (
        CheckConstraint("kind IN ('BOOK', 'CANCEL')", name="kind"),
        CheckConstraint("state IN ('PENDING', 'CONFIRMING', 'DONE', 'REFUSED', 'DECLINED', 'REPLACED')", name="state"),
        Index("ix_proposals_message_id", "message_id"),
        Index("uq_proposals_open", "conversation_id", unique=True, postgresql_where=sql_text("state = 'PENDING'")),
    )
