"""Learned models in the database: kept, put into use in one step, and who learns the next one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from shared.db import ReadSession, WriteSession
from subgraphs.ai.models.learning import CurrentModelRow, ModelRow, TrainingLeaseRow

KEPT: Final = 5
"""Models of a kind that stay in the database, the one in use included."""


class ModelKind(StrEnum):
    """What a model is for."""

    RECOMMENDATIONS = "recommendations"
    FORECAST = "forecast"


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model that is in use."""

    version: int
    content: bytes
    trained_at: datetime


async def put_into_use(
    session: WriteSession, kind: ModelKind, content: bytes, metrics: Mapping[str, Any], now: datetime
) -> int:
    """Keep a model and use it from the commit on, unless a later one is in use already; return its version."""
    version = (
        await session.execute(
            insert(ModelRow)
            .values(kind=kind, content=content, metrics=dict(metrics), trained_at=now)
            .returning(ModelRow.version)
        )
    ).scalar_one()
    swap = insert(CurrentModelRow).values(kind=kind, version=version)
    await session.execute(
        swap.on_conflict_do_update(
            index_elements=["kind"],
            set_={"version": swap.excluded.version},
            where=CurrentModelRow.version < swap.excluded.version,
        )
    )
    kept = sa.select(ModelRow.version).where(ModelRow.kind == kind).order_by(ModelRow.version.desc()).limit(KEPT)
    in_use = sa.select(CurrentModelRow.version)
    await session.execute(
        sa.delete(ModelRow).where(ModelRow.kind == kind, ModelRow.version.not_in(kept), ModelRow.version.not_in(in_use))
    )
    return version


async def current_version(session: ReadSession, kind: ModelKind) -> int | None:
    """The version in use; ``None`` when there is none."""
    return await session.scalar(sa.select(CurrentModelRow.version).where(CurrentModelRow.kind == kind))


async def model_in_use(session: ReadSession, kind: ModelKind) -> StoredModel | None:
    """The model in use; ``None`` when there is none."""
    found = (
        await session.execute(
            sa.select(ModelRow.version, ModelRow.content, ModelRow.trained_at)
            .join(CurrentModelRow, CurrentModelRow.version == ModelRow.version)
            .where(CurrentModelRow.kind == kind)
        )
    ).one_or_none()
    return None if found is None else StoredModel(found.version, found.content, found.trained_at)


async def take_lease(
    session: WriteSession, kind: ModelKind, holder: UUID, now: datetime, *, every: timedelta, lasts: timedelta
) -> bool:
    """Whether the holder is the one to train: nobody else does now, or has tried within ``every``.

    The lease ends by itself after ``lasts``: whoever takes longer, or dies, is replaced.
    """
    claim = insert(TrainingLeaseRow).values(kind=kind, holder=holder, expires_at=now + lasts, tried_at=now)
    taken = await session.execute(
        claim.on_conflict_do_update(
            index_elements=["kind"],
            set_={"holder": holder, "expires_at": now + lasts, "tried_at": now},
            where=(TrainingLeaseRow.expires_at <= now) & (TrainingLeaseRow.tried_at <= now - every),
        ).returning(TrainingLeaseRow.kind)
    )
    return taken.first() is not None


async def end_lease(session: WriteSession, kind: ModelKind, holder: UUID, now: datetime) -> None:
    """Give a lease back; nothing happens when somebody else has it meanwhile."""
    await session.execute(
        sa.update(TrainingLeaseRow)
        .where(TrainingLeaseRow.kind == kind, TrainingLeaseRow.holder == holder)
        .values(holder=None, expires_at=now)
    )
