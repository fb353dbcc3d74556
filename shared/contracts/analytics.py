"""What visitors do before they book, as analytics tells it on: searches, views, quotes and clicks.

Only with the visitor's consent, and nothing personal but the ids: no text that was typed, no address, no browser.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

ClientEventKind = Literal["search", "view", "quote", "click"]


class ClientEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a visitor did."""

    event_id: UUID
    """Made by the client; the same id of the same visitor again is the same event."""
    kind: ClientEventKind
    occurred_at: datetime
    hotel_id: UUID | None = None
    room_type_id: UUID | None = None
    destination: str | None = None
    """The place by its slug, such as ``rio-de-janeiro``."""
    query_length: int | None = None
    """Characters that were typed into the search; not what they were."""
    check_in: date | None = None
    check_out: date | None = None
    position: int | None = None
    """Of what was clicked in the list that was shown, 1 for the first."""


class ClientEvents(msgspec.Struct, frozen=True, kw_only=True):
    """Events of one visitor, as they came in one call. Delivered at least once: count each event by its id."""

    topic: ClassVar[str] = "client.events"

    visitor_id: UUID
    """Of the browser or app, made by it."""
    user_id: UUID | None
    """Who was signed in there."""
    events: list[ClientEvent]
