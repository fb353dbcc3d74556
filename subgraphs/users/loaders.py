"""Batch loaders: one query for all the users that one operation asks for."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from strawberry.dataloader import DataLoader

from shared.db import Database
from subgraphs.users.models import User
from subgraphs.users.repository import users


def user_loader(database: Database) -> DataLoader[UUID, User | None]:
    """Users by id, ``None`` for those that do not exist. Make one per operation: it remembers what it loaded."""

    async def load(ids: Sequence[UUID]) -> list[User | None]:
        async with database.read() as session:
            found = await users.by_ids(session, ids)
        return [found.get(user_id) for user_id in ids]

    return DataLoader(load_fn=load)
