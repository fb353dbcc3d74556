"""What every domain's SQLAlchemy models start from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, MetaData, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db.ids import new_id

CONSTRAINT_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""Stable constraint names: migrations and error handling refer to them."""

UuidKey = Annotated[UUID, mapped_column(primary_key=True, default=new_id)]
"""A UUIDv7 primary key column."""

Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
"""A moment in time, stored as ``timestamptz`` and always timezone-aware UTC in Python."""


def utc_now() -> datetime:
    """The current moment, timezone-aware."""
    return datetime.now(UTC)


class DomainBase(DeclarativeBase):
    """Base of one domain's models. Each domain derives its own ``Base`` with its own ``MetaData``,

    because the domains share a process but never a schema::

        class Base(DomainBase):
            __abstract__ = True
            metadata = domain_metadata()
    """

    __abstract__ = True
    type_annotation_map: ClassVar[dict[object, object]] = {datetime: DateTime(timezone=True)}


def domain_metadata() -> MetaData:
    """A ``MetaData`` of its own for one domain, with our constraint names."""
    return MetaData(naming_convention=CONSTRAINT_NAMES)


class Timestamps:
    """``created_at`` and ``updated_at``, kept by the database on insert and by SQLAlchemy on update."""

    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now(), onupdate=utc_now)
