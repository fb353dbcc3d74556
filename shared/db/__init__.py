"""PostgreSQL for a domain: engine and unit of work, ids, outbox and inbox, provisioning and migrations."""

from shared.db.base import DomainBase, Instant, Timestamps, UuidKey, domain_metadata, utc_now
from shared.db.engine import Database, ReadSession, WriteSession, domain_database_url
from shared.db.ids import new_id
from shared.db.inbox import InboxMixin
from shared.db.outbox import OutboxMixin

__all__ = [
    "Database",
    "DomainBase",
    "InboxMixin",
    "Instant",
    "OutboxMixin",
    "ReadSession",
    "Timestamps",
    "UuidKey",
    "WriteSession",
    "domain_database_url",
    "domain_metadata",
    "new_id",
    "utc_now",
]
