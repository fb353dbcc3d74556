"""From an envelope to rows of the table ``events``, and into the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from shared.contracts.analytics import ClientEvent, ClientEvents
from shared.contracts.users import UserDeleted
from shared.db import utc_now
from shared.messaging import EventEnvelope
from subgraphs.analytics.ingest.payloads import kept
from subgraphs.analytics.store import AnalyticsStore

MAX_SEQUENCE: Final = 2**63 - 1


class EventRow(NamedTuple):
    """A row of ``events``; the fields are its columns."""

    event_id: UUID
    type: str
    version: int
    occurred_at: datetime
    aggregate_id: UUID
    aggregate_sequence: int
    correlation_id: UUID | None
    payload: str
    """JSON, with the kept fields only."""
    received_at: datetime


class UnusableEvent(ValueError):
    """The envelope's payload is not what its type promises."""


def rows_of(envelope: EventEnvelope, received_at: datetime | None = None) -> list[EventRow]:
    """The rows of one envelope: one, or one for each event of ``client.events``.

    Raises:
        UnusableEvent: the payload does not decode, or a number is out of range.
    """
    received_at = received_at or utc_now()
    if not 0 <= envelope.aggregate_sequence <= MAX_SEQUENCE or not 0 <= envelope.version < 2**16:
        raise UnusableEvent("a sequence or version out of range")
    try:
        if envelope.type == ClientEvents.topic:
            return _client_rows(envelope, msgspec.json.decode(envelope.payload, type=ClientEvents), received_at)
        payload = kept(envelope.type, msgspec.json.decode(envelope.payload, type=dict[str, Any]))
    except msgspec.MsgspecError as error:
        raise UnusableEvent(str(error)) from error
    return [_row(envelope, envelope.id, envelope.type, envelope.occurred_at, payload, received_at)]


async def write_events(store: AnalyticsStore, envelopes: Iterable[EventEnvelope]) -> int:
    """Write envelopes into the store as one block, and forget whom they say to forget; return the number of rows.

    Writing the same again changes nothing that a report shows.

    Raises:
        UnusableEvent: before anything was written.
        StoreUnavailable: it is not known how much was written; call again.
        StoreRefused: one of the events does not go in.
    """
    envelopes = list(envelopes)
    return await write_rows(store, [row for envelope in envelopes for row in rows_of(envelope)])


async def write_rows(store: AnalyticsStore, rows: Sequence[EventRow]) -> int:
    """As ``write_events``, for rows."""
    await store.insert("events", EventRow._fields, rows)
    for row in rows:
        if row.type == UserDeleted.type:
            await forget_user(store, row.aggregate_id)
    return len(rows)


async def forget_user(store: AnalyticsStore, user_id: UUID) -> None:
    """Delete what a user looked at: their client events, and whatever was projected from those.

    A projection of client events is known by having both a ``visitor_id`` and a ``user_id``. What the user booked
    stays: it is the hotel's business record, under an id that leads to nobody any more.
    """
    await store.command(
        "DELETE FROM events WHERE startsWith(type, 'client.')"
        " AND JSONExtractString(payload, 'user_id') = {user:String}",
        {"user": str(user_id)},
    )
    projections = await store.query(
        "SELECT table FROM system.columns WHERE database = {database:String} AND name IN ('visitor_id', 'user_id')"
        " AND table IN (SELECT name FROM system.tables WHERE database = {database:String}"
        " AND engine LIKE '%MergeTree') GROUP BY table HAVING uniqExact(name) = 2",
        {"database": store.database},
    )
    for (table,) in projections:
        await store.command(
            f"DELETE FROM `{table}` WHERE toString(user_id) = {{user:String}}",  # noqa: S608  a table of ours
            {"user": str(user_id)},
        )


def _client_rows(envelope: EventEnvelope, told: ClientEvents, received_at: datetime) -> list[EventRow]:
    return [
        _row(envelope, event.event_id, f"client.{event.kind}", event.occurred_at, _client(told, event), received_at)
        for event in told.events
    ]


def _client(told: ClientEvents, event: ClientEvent) -> dict[str, Any]:
    fields = msgspec.to_builtins(event)
    fields = {name: value for name, value in fields.items() if name not in {"event_id", "kind", "occurred_at"}}
    return {"visitor_id": told.visitor_id, "user_id": told.user_id, **fields}


def _row(
    envelope: EventEnvelope,
    event_id: UUID,
    event_type: str,
    occurred_at: datetime,
    payload: dict[str, Any],
    received_at: datetime,
) -> EventRow:
    return EventRow(
        event_id=event_id,
        type=event_type,
        version=envelope.version,
        occurred_at=occurred_at,
        aggregate_id=envelope.aggregate_id,
        aggregate_sequence=envelope.aggregate_sequence,
        correlation_id=envelope.correlation_id,
        payload=msgspec.json.encode({name: value for name, value in payload.items() if value is not None}).decode(),
        received_at=received_at,
    )
