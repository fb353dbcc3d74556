"""What all tables of this domain start from."""

from __future__ import annotations

from shared.db import DomainBase, InboxMixin, OutboxMixin, domain_metadata


class Base(DomainBase):
    """Everything in the AI database."""

    __abstract__ = True
    metadata = domain_metadata()


class OutboxMessage(OutboxMixin, Base):
    """Events to publish."""


class InboxMessage(InboxMixin, Base):
    """Events that have had their effect."""
