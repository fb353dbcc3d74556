"""Object types and enums of the users domain."""

import asyncio
from datetime import datetime
from enum import Enum
from typing import Any, Self
from uuid import UUID

import strawberry

from shared.auth import Role
from shared.graphql import Email, Forbidden, Url
from subgraphs.users import models
from subgraphs.users.identity import Locale
from subgraphs.users.resources import UsersContext
from subgraphs.users.schema.messages import message

Info = strawberry.Info[UsersContext, None]


@strawberry.enum(name="Role", description="What a user may do on the platform.")
class RoleName(Enum):
    """``shared.auth.Role`` with descriptions; the names agree."""

    TRAVELER = strawberry.enum_value(Role.TRAVELER, description="Searches and books stays. Everybody begins as one.")
    HOTEL_MANAGER = strawberry.enum_value(
        Role.HOTEL_MANAGER, description="Manages their own hotels: rooms, rates and calendars."
    )
    SUPPORT = strawberry.enum_value(Role.SUPPORT, description="Helps users: may see, but not change, their data.")
    ADMIN = strawberry.enum_value(Role.ADMIN, description="Runs the platform: may also give and take roles.")

    @property
    def role(self) -> Role:
        """The role that the rest of the code knows."""
        return Role[self.name]


@strawberry.enum(name="Locale", description="A language that we write in.")
class LocaleName(Enum):
    """The languages, by the tags that the rest of the code uses."""

    PT_BR = strawberry.enum_value("pt-BR", description="Brazilian Portuguese.")
    EN = strawberry.enum_value("en", description="English.")

    @property
    def tag(self) -> Locale:
        """The BCP 47 tag."""
        return "en" if self is LocaleName.EN else "pt-BR"


@strawberry.federation.type(
    keys=["id"],
    description=(
        "A person with an account. Name, picture and `memberSince` are public. The other fields are for the user and "
        "for our staff (`SUPPORT`, `ADMIN`): for anybody else they are null, with an error at their place."
    ),
)
class User:
    """A user as the caller may see them."""

    row: strawberry.Private[models.User]
    is_own: strawberry.Private[bool] = False
    """Whether the caller has just proven to be this user, though the call came without a token (a sign-in)."""

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:
        """The users behind entity references, in one query; ``None`` for those that do not exist."""
        ids = [_id_or_none(key["id"]) for key in keys]
        rows = await asyncio.gather(*(info.context.users.load(user_id) for user_id in ids if user_id is not None))
        by_id = {row.id: cls(row=row) for row in rows if row is not None}
        return [None if user_id is None else by_id.get(user_id) for user_id in ids]

    @strawberry.field(description="Identifies the user.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.row.id))

    @strawberry.field(
        description='The name that others see; "Conta excluída" or "Deleted account" after the account was deleted.'
    )
    def display_name(self, info: Info) -> str:
        if self.row.deleted_at is not None:
            return message(info.context.caller.locale, "deleted_account")
        return self.row.display_name

    @strawberry.field(description="Address of the user's picture, if there is one.")
    def avatar_url(self) -> Url | None:
        return None if self.row.avatar_url is None else Url(self.row.avatar_url)

    @strawberry.field(description="When the user signed up.")
    def member_since(self) -> datetime:
        return self.row.created_at

    @strawberry.field(description="Where we write to. For the user and our staff.")
    def email(self, info: Info) -> Email | None:
        row = self._protected(info)
        return Email(row.email) if row.deleted_at is None else None

    @strawberry.field(description="Whether the user has shown that the mailbox is theirs. For the user and our staff.")
    def is_email_verified(self, info: Info) -> bool | None:
        return self._protected(info).email_verified_at is not None

    @strawberry.field(description="What the user may do. For the user and our staff.")
    def roles(self, info: Info) -> list[RoleName] | None:
        held = self._protected(info).role_set
        return [name for name in RoleName if name.role in held]

    @strawberry.field(description="The language of our mails to the user. For the user and our staff.")
    def locale(self, info: Info) -> LocaleName | None:
        return LocaleName.EN if self._protected(info).locale == LocaleName.EN.tag else LocaleName.PT_BR

    @strawberry.field(
        description="Where the user lives, as an IANA time zone: `America/Sao_Paulo`. For the user and our staff."
    )
    def time_zone(self, info: Info) -> str | None:
        return self._protected(info).time_zone

    @strawberry.field(description="When the password was last changed. For the user and our staff.")
    def password_changed_at(self, info: Info) -> datetime | None:
        return self._protected(info).password_changed_at

    def _protected(self, info: Info) -> models.User:
        """The row, for a caller who may see everything in it."""
        if not self.is_own and not self.row.is_visible_to(info.context.require_principal()):
            raise Forbidden("Only the user and our staff may see this.")
        return self.row


@strawberry.type(description="A sign-in on one device, which lasts until it is ended or not used for a long time.")
class Session:
    """A living session."""

    row: strawberry.Private[models.UserSession]

    @strawberry.field(description="Identifies the session: pass it to `signOut` to end it.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.row.id))

    @strawberry.field(description="When the user signed in.")
    def created_at(self) -> datetime:
        return self.row.created_at

    @strawberry.field(description="When the session was last refreshed.")
    def last_used_at(self) -> datetime:
        return self.row.last_used_at

    @strawberry.field(description="When the session ends if it is not refreshed before.")
    def expires_at(self) -> datetime:
        return self.row.expires_at

    @strawberry.field(description="What the browser or app called itself at sign-in.")
    def user_agent(self) -> str | None:
        return self.row.user_agent

    @strawberry.field(description="The internet address of the sign-in.")
    def address(self) -> str | None:
        return self.row.address

    @strawberry.field(description="Whether this request belongs to this session.")
    def is_current(self, info: Info) -> bool:
        principal = info.context.principal
        return principal is not None and principal.session_id == self.row.id


def _id_or_none(value: Any) -> UUID | None:
    """The id in an entity key; what is no id of ours identifies nobody."""
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        return None
