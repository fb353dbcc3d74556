"""The table ``contacts``: addresses, as users tells of them. Callers hold the lock of the user's feed."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.dialects.postgresql import insert

from shared.db import ReadSession, WriteSession
from subgraphs.notifications.models import Contact


async def put_profile(
    session: WriteSession,
    user_id: UUID,
    *,
    sequence: int,
    display_name: str,
    locale: str,
    time_zone: str,
    email: str | None = None,
) -> None:
    """Write what an event says, unless a later one has said otherwise already. An address fills a gap only."""
    statement = insert(Contact).values(
        user_id=user_id,
        sequence=sequence,
        display_name=display_name,
        locale=locale,
        time_zone=time_zone,
        email=email,
    )
    new = statement.excluded
    is_newer = Contact.sequence < new.sequence
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id"],
            set_={
                "email": func.coalesce(Contact.email, new.email),
                "sequence": func.greatest(Contact.sequence, new.sequence),
                **{
                    name: case((is_newer, new[name]), else_=getattr(Contact, name))
                    for name in ("display_name", "locale", "time_zone")
                },
            },
        )
    )


async def put_verified_email(session: WriteSession, user_id: UUID, email: str, *, locale: str, time_zone: str) -> None:
    """The user has shown that ``email`` is theirs. Language and time zone are for a contact that is new by this."""
    statement = insert(Contact).values(
        user_id=user_id, sequence=0, locale=locale, time_zone=time_zone, email=email, is_email_verified=True
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id"], set_={"email": statement.excluded.email, "is_email_verified": True}
        )
    )


async def get(session: ReadSession, user_id: UUID) -> Contact | None:
    """How to reach a user, as far as known."""
    return await session.get(Contact, user_id, populate_existing=True)


async def by_ids(session: ReadSession, user_ids: Collection[UUID]) -> dict[UUID, Contact]:
    """How to reach users, as far as known."""
    return {row.user_id: row for row in await session.scalars(select(Contact).where(Contact.user_id.in_(user_ids)))}
