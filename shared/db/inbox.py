"""The inbox: which messages a consumer has had, written in the same transaction as their effect.

A broker delivers at least once; the primary key makes the effect happen once. See Richardson, "Microservices
Patterns", chapter 3, "Idempotent consumers".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Index, String, func
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from shared.db.base import Instant


class InboxMixin:
    """Columns of a domain's inbox table. A domain derives ``class InboxMessage(InboxMixin, Base)``."""

    __tablename__ = "inbox"

    consumer: Mapped[str] = mapped_column(String(80), primary_key=True)
    """Name of the consumer: several may live in one domain, and each has every message once."""
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    processed_at: Mapped[Instant] = mapped_column(server_default=func.now())

    if TYPE_CHECKING:  # SQLAlchemy gives the derived model this constructor

        def __init__(self, **columns: Any) -> None: ...

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        # Old rows are deleted by age.
        return (Index("ix_inbox_processed_at", "processed_at"),)
