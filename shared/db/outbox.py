"""The transactional outbox: what must happen after a commit is written in the same transaction as the change.

A relay (``shared.messaging.relay``) delivers the rows afterwards, at least once. See Richardson,
"Microservices Patterns", chapter 3, "Transactional outbox".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary, String, Text, func
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from shared.db.base import Instant
from shared.db.ids import new_id


class OutboxMixin:
    """Columns of a domain's outbox table. A domain derives ``class OutboxMessage(OutboxMixin, Base)``."""

    __tablename__ = "outbox"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    destination: Mapped[str] = mapped_column(String(20))
    """Which publisher delivers it: ``events`` (the broker) or ``mail``."""
    topic: Mapped[str] = mapped_column(String(120))
    """Routing key of an event (``hotel.created``), or the template of a mail."""
    aggregate_id: Mapped[UUID | None]
    """Messages of one aggregate are delivered in the order of their ids."""
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    """The encoded envelope."""
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    next_attempt_at: Mapped[Instant] = mapped_column(server_default=func.now())
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())

    if TYPE_CHECKING:  # SQLAlchemy gives the derived model this constructor

        def __init__(self, **columns: Any) -> None: ...

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        return (Index("ix_outbox_next_attempt_at_id", "next_attempt_at", "id"),)
