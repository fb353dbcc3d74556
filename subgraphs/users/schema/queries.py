"""Queries of the users domain."""
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from shared.auth import Role
from shared.graphql import BadUserInput, Connection, decode_cursor, encode_cursor, page_size, parse_id
from subgraphs.users.identity import InvalidValue
from subgraphs.users.repository.users import UserSearch
from subgraphs.users.schema.inputs import UserFilter
from subgraphs.users.schema.outcomes import say
from subgraphs.users.schema.types import Info, Session, User
from subgraphs.users.service import profiles


@strawberry.type
class Query:
    """What one can ask about users."""

    @strawberry.field(
        description="The signed-in user. Null, without an error, for an anonymous caller and after `deleteMyAccount`."
    )
    async def me(self, info: Info) -> User | None:
        principal = info.context.principal
        row = None if principal is None else await info.context.users.load(principal.user_id)
        return None if row is None or row.deleted_at is not None else User(row=row)

    @strawberry.field(
        description=(
            "A user by id, as far as the caller may see them. Null when there never was one; a deleted account stays, "
            "without personal data."
        )
    )
    async def user(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The user's id.")]
    ) -> User | None:
        row = await info.context.users.load(parse_id(id))
        return None if row is None else User(row=row)

    @strawberry.field(
        description=(
            "Search for users: the most relevant first, or the newest without a `search`. For our staff "
            "(`SUPPORT`, `ADMIN`)."
        )
    )
    async def users(
        self,
        info: Info,
        filter: Annotated[UserFilter | None, strawberry.argument(description="Whom to find.")] = None,
        first: Annotated[int | None, strawberry.argument(description="How many, 1 to 100; 20 by default.")] = None,
        after: Annotated[str | None, strawberry.argument(description="The `endCursor` of the page before.")] = None,
    ) -> Connection[User] | None:
        info.context.require_role(Role.SUPPORT, Role.ADMIN)
        size = page_size(first)
        criteria = (
            UserSearch()
            if filter is None
            else UserSearch(
                text=filter.search,
                role=None if filter.role is None else filter.role.role,
                is_email_verified=filter.is_email_verified,
            )
        )
        position = decode_cursor(after, int, datetime, UUID)
        async with info.context.database.read() as session:
            try:
                found = await profiles.search_users(session, criteria, after=position, limit=size + 1)
            except InvalidValue as error:
                raise BadUserInput(say(info, error.reason), field=error.field) from None
        return Connection[User].from_rows(
            found,
            size,
            to_node=lambda match: User(row=match.user),
            cursor_of=lambda match: encode_cursor(*match.position),
            after=after,
        )

    @strawberry.field(description="The signed-in user's living sessions, the last used first; a hundred at most.")
    async def my_sessions(self, info: Info) -> list[Session] | None:
        user_id = info.context.require_principal().user_id
        async with info.context.database.read() as session:
            rows = await info.context.accounts.sessions.active(session, user_id=user_id)
        return [Session(row=row) for row in rows]
