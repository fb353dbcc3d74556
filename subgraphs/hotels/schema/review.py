"""Reviews, and what this domain knows about users."""

# mypy: disallow-untyped-decorators=False
# Strawberry types a decorator with arguments as Any. The functions under it are checked all the same.

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeAlias
from uuid import UUID

import strawberry

from shared.auth import Role
from shared.graphql import Connection, Forbidden, decode_cursor, encode_cursor, page_size
from subgraphs.hotels import models
from subgraphs.hotels.messages import say
from subgraphs.hotels.repository.hotels import ManagedPage
from subgraphs.hotels.repository.reviews import ReviewPage
from subgraphs.hotels.schema.context import Info, language_of, uuid_or_none
from subgraphs.hotels.schema.enums import LocaleName

if TYPE_CHECKING:
    from subgraphs.hotels.schema.hotel import Hotel

LazyHotel: TypeAlias = Annotated["Hotel", strawberry.lazy("subgraphs.hotels.schema.hotel")]
First = Annotated[int | None, strawberry.argument(description="How many, 1 to 100; 20 when left out.")]
After = Annotated[str | None, strawberry.argument(description="Go on behind this cursor.")]


@strawberry.federation.type(keys=["id"], description="What a guest says about a hotel.")
class Review:
    """A review."""

    row: strawberry.Private[models.Review]

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:
        """The reviews behind entity references, in one query."""
        rows = await asyncio.gather(*(_load(info, key.get("id")) for key in keys))
        return [None if row is None else cls(row=row) for row in rows]

    @strawberry.field(description="Identifies the review.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.row.id))

    @strawberry.field(description="The hotel that it is about.")
    async def hotel(self, info: Info) -> LazyHotel:
        from subgraphs.hotels.schema.hotel import Hotel

        row = await info.context.loaders.hotel.load(self.row.hotel_id)
        assert row is not None  # a foreign key says so
        return Hotel(row=row)

    @strawberry.field(description="Who wrote it; null for reviews that were imported from elsewhere.")
    def author(self) -> Annotated["User", strawberry.lazy("subgraphs.hotels.schema.review")] | None:
        return None if self.row.author_id is None else User(user_id=self.row.author_id)

    @strawberry.field(description="Name of the author of an imported review, as far as the source gave one.")
    def author_name(self) -> str | None:
        return self.row.author_name

    @strawberry.field(description="1.0 (bad) to 10.0 (excellent).")
    def rating(self) -> float:
        return self.row.rating_tenths / 10

    @strawberry.field(description="Headline.")
    def title(self) -> str | None:
        return self.row.title

    @strawberry.field(description="The review itself.")
    def body(self) -> str | None:
        return self.row.body

    @strawberry.field(description="What the guest liked.")
    def liked(self) -> str | None:
        return self.row.liked

    @strawberry.field(description="What the guest did not like.")
    def disliked(self) -> str | None:
        return self.row.disliked

    @strawberry.field(description="Language of the text, where it is known and one of ours.")
    def language(self) -> LocaleName | None:
        known = {member.tag: member for member in LocaleName}
        return known.get(self.row.locale)  # type: ignore[call-overload,no-any-return]

    @strawberry.field(description="Whether we know that the author stayed there.")
    def is_verified_stay(self) -> bool:
        return self.row.is_verified_stay

    @strawberry.field(description="When it was written.")
    def created_at(self) -> datetime:
        return self.row.created_at


@strawberry.federation.type(keys=["id"], description="A person with an account.")
class User:
    """What this domain adds to users. Whether a user exists is the users subgraph's business."""

    user_id: strawberry.Private[UUID]

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:  # noqa: ARG003
        """The users behind entity references: no query needed."""
        ids = [uuid_or_none(key.get("id")) for key in keys]
        return [None if user_id is None else cls(user_id=user_id) for user_id in ids]

    @strawberry.field(description="Identifies the user.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.user_id))

    @strawberry.field(description="The user's reviews of hotels, the newest first.")
    async def reviews(self, info: Info, first: First = None, after: After = None) -> Connection[Review] | None:
        page = review_page(self.user_id, first, after)
        return review_connection(await info.context.loaders.author_reviews.load(page), page, after)

    @strawberry.field(
        description=(
            "Hotels that the user manages, listed or not, the oldest first. For the user and administrators; null "
            "with an error for anybody else."
        )
    )
    async def managed_hotels(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[LazyHotel] | None:
        from subgraphs.hotels.schema.hotel import Hotel

        principal = info.context.require_principal()
        if principal.user_id != self.user_id and not principal.has_any(Role.ADMIN):
            raise Forbidden(say(language_of(info), "not_your_hotel"))
        size = page_size(first)
        position = decode_cursor(after, UUID)
        page = ManagedPage(self.user_id, None if position is None else position[0], size + 1)
        rows = await info.context.loaders.managed_hotels.load(page)
        return Connection[LazyHotel].from_rows(
            rows, size, lambda row: Hotel(row=row), lambda row: encode_cursor(row.id), after=after
        )


def review_page(owner_id: UUID, first: int | None, after: str | None) -> ReviewPage:
    """The page to load. Raises ``BadUserInput`` for a bad size or cursor."""
    position = decode_cursor(after, datetime, UUID)
    return ReviewPage(owner_id, position, page_size(first) + 1)


def review_connection(
    rows: Sequence[models.Review], page: ReviewPage, after: str | None, total_count: int | None = None
) -> Connection[Review]:
    """The page that was loaded."""
    return Connection[Review].from_rows(
        rows,
        page.limit - 1,
        lambda row: Review(row=row),
        lambda row: encode_cursor(row.created_at, row.id),
        after=after,
        total_count=total_count,
    )


async def _load(info: Info, key: Any) -> models.Review | None:
    review_id = uuid_or_none(key)
    return None if review_id is None else await info.context.loaders.review.load(review_id)
