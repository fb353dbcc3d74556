"""Statements on the table of users."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    String,
    Text,
    and_,
    any_,
    cast,
    func,
    literal,
    not_,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from shared.auth import Role
from shared.contracts.users import DEFAULT_TIME_ZONE
from shared.db import ReadSession, WriteSession
from subgraphs.users.models import User

Position: TypeAlias = tuple[int, datetime, UUID]
"""Where a user stands in a search: relevance, moment of sign-up, id. All descending."""


@dataclass(frozen=True, slots=True)
class UserSearch:
    """What to search for; absent criteria match everybody."""

    text: str | None = None
    """Part of a name or address, without regard to case, accents and small typing errors."""
    role: Role | None = None
    is_email_verified: bool | None = None


@dataclass(frozen=True, slots=True)
class FoundUser:
    """A user with the place they have in a search."""

    user: User
    relevance: int

    @property
    def position(self) -> Position:
        """What the search goes on from."""
        return self.relevance, self.user.created_at, self.user.id


async def by_ids(session: ReadSession, ids: Collection[UUID]) -> dict[UUID, User]:
    """The users among ``ids`` that exist, deleted ones included, in one query."""
    return {user.id: user for user in await session.scalars(select(User).where(User.id.in_(ids)))}


async def by_email(session: ReadSession, email_key: str) -> User | None:
    """The user with this address."""
    return await session.scalar(select(User).where(User.email_key == email_key))


async def search(
    session: ReadSession, criteria: UserSearch, *, after: Position | None, limit: int
) -> Sequence[FoundUser]:
    """Users that match, the most relevant and then the newest first: at most ``limit``, strictly behind ``after``."""
    relevance: ColumnElement[int] = literal(0, Integer)
    conditions: list[ColumnElement[bool]] = [User.deleted_at.is_(None)]
    # Without a text the relevance is constant; leaving it out lets the index on the rest give the order.
    order: list[ColumnElement[Any]] = [User.created_at.expression, User.id.expression]
    if criteria.text is not None:
        # The same treatment as the generated column: no case, no accents.
        term = func.btrim(func.user_search_text(criteria.text, "", type_=Text))
        pattern = func.concat("%", func.regexp_replace(term, r"([\\%_])", r"\\\1", "g"), "%")
        conditions.append(or_(User.search_text.like(pattern), term.bool_op("<%")(User.search_text)))
        # In ten-thousandths: an integer survives the trip through a cursor unchanged.
        relevance = cast(func.round(func.word_similarity(term, User.search_text) * 10_000), Integer)
        order.insert(0, relevance)
    if criteria.role is not None:
        conditions.append(User.roles.contains([criteria.role.value]))
    if criteria.is_email_verified is not None:
        conditions.append(User.email_verified_at.is_not(None) == criteria.is_email_verified)
    if after is not None:
        conditions.append(tuple_(*order) < tuple_(*after[-len(order) :]))
    statement = select(User, relevance).where(*conditions).order_by(*(column.desc() for column in order)).limit(limit)
    return [FoundUser(user, score) for user, score in await session.execute(statement)]


async def add_if_new(session: WriteSession, user: User) -> bool:
    """Insert ``user`` unless the address is taken, in one statement; return whether it was inserted.

    Of two that sign up with one address at once, the database lets one in and makes the other wait for its commit.
    """
    inserted = await session.execute(
        insert(User)
        .values(
            id=user.id,
            email=user.email,
            email_key=user.email_key,
            email_verified_at=user.email_verified_at,
            password_hash=user.password_hash,
            display_name=user.display_name,
            locale=user.locale,
            time_zone=user.time_zone,
            roles=user.roles,
            event_sequence=user.event_sequence,
        )
        .on_conflict_do_nothing(index_elements=[User.email_key])
        .returning(User.id)
    )
    return inserted.scalar() is not None


async def add_many(session: WriteSession, rows: Sequence[dict[str, Any]]) -> Sequence[User]:
    """Insert the ``rows`` whose address is free, and return those. In the order of addresses, as locks must be."""
    if not rows:
        return []
    statement = insert(User).on_conflict_do_nothing(index_elements=[User.email_key]).returning(User)
    ordered = sorted(rows, key=lambda row: row["email_key"])
    return (await session.scalars(statement, ordered)).all()


async def ids_by_email(session: ReadSession, email_keys: Collection[str]) -> dict[str, UUID]:
    """The ids of the users with these addresses, by address."""
    # As one array: an import is larger than the number of parameters that a statement may have.
    wanted = any_(literal(list(email_keys), ARRAY(String)))
    rows = await session.execute(select(User.email_key, User.id).where(User.email_key == wanted))
    return {email_key: user_id for email_key, user_id in rows}  # noqa: C416  # dict() takes a Result for a mapping


async def count_sign_in(session: WriteSession, user_id: UUID, password_hash: str) -> User | None:
    """Number the event of a sign-in, and so lock the user, provided that this is still their password hash.

    A change of password waits for us, or we see it and answer ``None``: no session opens on a password that has
    just been replaced.
    """
    return await _updated(
        session,
        and_(User.id == user_id, User.password_hash == password_hash),
        event_sequence=User.event_sequence + 1,
    )


async def replace_password_hash(session: WriteSession, user_id: UUID, old_hash: str, new_hash: str) -> None:
    """Store the same password under newer parameters, unless it has changed meanwhile."""
    await session.execute(
        update(User).where(User.id == user_id, User.password_hash == old_hash).values(password_hash=new_hash)
    )


async def change_password(
    session: WriteSession, user_id: UUID, *, old_hash: str | None, new_hash: str, now: datetime
) -> User | None:
    """Set a new password; when ``old_hash`` is given, only if the password is still that one."""
    condition = User.id == user_id
    if old_hash is not None:
        condition = and_(condition, User.password_hash == old_hash)
    return await _updated(
        session,
        condition,
        password_hash=new_hash,
        password_changed_at=now,
        event_sequence=User.event_sequence + 1,
    )


async def verify_email(session: WriteSession, user_id: UUID, now: datetime) -> User | None:
    """Mark the address as verified; ``None`` when it was already, or there is no such user."""
    return await _updated(
        session,
        and_(User.id == user_id, User.email_verified_at.is_(None)),
        email_verified_at=now,
        event_sequence=User.event_sequence + 1,
    )


async def update_profile(session: WriteSession, user_id: UUID, **values: str | None) -> User | None:
    """Set ``values`` where they differ from the row; ``None`` when nothing differs, or there is no such user."""
    columns = User.__table__.columns
    changed = or_(*(columns[name].is_distinct_from(value) for name, value in values.items()))
    return await _updated(session, and_(User.id == user_id, changed), **values, event_sequence=User.event_sequence + 1)


async def anonymise(session: WriteSession, user_id: UUID, *, password_hash: str, now: datetime) -> User | None:
    """Take everything personal out of the row, which frees the address for another account.

    ``None`` when that is not the user's password hash any more, or the user is an administrator.
    """
    return await _updated(
        session,
        and_(
            User.id == user_id,
            User.password_hash == password_hash,
            not_(User.roles.contains([Role.ADMIN.value])),
        ),
        # Neither is an address: nobody can sign in or sign up with it. RFC 2606 keeps the domain from being one.
        email=f"{user_id}@deleted.invalid",
        email_key=f"deleted:{user_id}",
        email_verified_at=None,
        password_hash="",
        display_name="",
        avatar_url=None,
        locale="pt-BR",
        time_zone=DEFAULT_TIME_ZONE,
        roles=[Role.TRAVELER.value],
        deleted_at=now,
        event_sequence=User.event_sequence + 1,
    )


async def lock(session: WriteSession, ids: Collection[UUID]) -> dict[UUID, User]:
    """Lock the users among ``ids`` that have an account, in the order of their ids; return them as they are now."""
    rows = await session.scalars(
        select(User)
        .where(User.id.in_(ids), User.deleted_at.is_(None))
        .order_by(User.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {user.id: user for user in rows}


async def set_roles(session: WriteSession, user_id: UUID, roles: list[str]) -> User | None:
    """Set the roles of a user."""
    return await _updated(session, User.id == user_id, roles=roles, event_sequence=User.event_sequence + 1)


async def _updated(session: WriteSession, condition: ColumnElement[bool], **values: Any) -> User | None:
    return await session.scalar(
        update(User)
        .where(condition, User.deleted_at.is_(None))  # nothing personal comes back into a deleted account
        .values(**values)
        .returning(User)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
