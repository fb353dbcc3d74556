"""Relay connections over keyset cursors (https://relay.dev/graphql/connections.htm). Never OFFSET."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
import strawberry

from shared.graphql.errors import BadUserInput

NodeT = TypeVar("NodeT")
RowT = TypeVar("RowT")

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100


@strawberry.federation.type(shareable=True, description="Where a page stands in its list.")
class PageInfo:
    """Relay's page information."""

    has_next_page: bool = strawberry.field(description="Whether more follows after this page.")
    has_previous_page: bool = strawberry.field(description="Whether this page was reached by a cursor.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first edge.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last edge: pass it as `after`.")


@strawberry.type(description="One item of a list, with its place in it.")
class Edge(Generic[NodeT]):
    """Relay's edge."""

    node: NodeT = strawberry.field(description="The item.")
    cursor: str = strawberry.field(description="The item's place: pass it as `after` to go on from here.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[NodeT]):
    """Relay's connection."""

    edges: list[Edge[NodeT]] = strawberry.field(description="The items of this page, in order.")
    page_info: PageInfo = strawberry.field(description="Where this page stands in the list.")
    total_count: int | None = strawberry.field(
        default=None, description="How many items the whole list has; null where counting is dear."
    )

    @classmethod
    def from_rows(
        cls,
        rows: Sequence[RowT],
        size: int,
        to_node: Callable[[RowT], NodeT],
        cursor_of: Callable[[RowT], str],
        *,
        after: str | None = None,
        total_count: int | None = None,
    ) -> "Connection[NodeT]":
        """A page from rows that were fetched with ``LIMIT size + 1``: the one too many tells that more follows."""
        page = rows[:size]
        edges = [Edge(node=to_node(row), cursor=cursor_of(row)) for row in page]
        return cls(
            edges=edges,
            page_info=PageInfo(
                has_next_page=len(rows) > size,
                has_previous_page=after is not None,
                start_cursor=edges[0].cursor if edges else None,
                end_cursor=edges[-1].cursor if edges else None,
            ),
            total_count=total_count,
        )


def page_size(first: int | None, *, default: int = DEFAULT_PAGE_SIZE, maximum: int = MAX_PAGE_SIZE) -> int:
    """The number of items to fetch for the argument ``first``. Raises ``BadUserInput`` outside 1 to ``maximum``."""
    size = default if first is None else first
    if not 1 <= size <= maximum:
        raise BadUserInput(f"`first` must be between 1 and {maximum}, not {size}.", field="first")
    return size


CursorValue = str | int | float | bool | Decimal | UUID | date | datetime | None


def encode_cursor(*values: CursorValue) -> str:
    """An opaque cursor that holds the sort key of a row. The client must not read meaning into it."""
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def decode_cursor(after: str | None, *types: Any) -> tuple[Any, ...] | None:
    """The values of a cursor made by :func:`encode_cursor`, each checked against its type; ``None`` for no cursor.

    Args:
        after: The cursor as the client sent it back.
        types: One per value, such as ``str``, ``UUID`` or ``int | None``.

    Raises:
        BadUserInput: the cursor is not one of ours, or belongs to another list or order.
    """
    if after is None:
        return None
    try:
        raw = base64.b64decode(after + "=" * (-len(after) % 4), altchars=b"-_", validate=True)
        values: tuple[Any, ...] = msgspec.json.decode(raw, type=tuple.__class_getitem__(types))
        return values
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise BadUserInput(
            "The cursor is not one of this list. Pass the `endCursor` of the page before, with the same order.",
            field="after",
        ) from None
