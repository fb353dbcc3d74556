"""The envelope that every domain event travels in, and how a use case writes one down."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from opentelemetry.propagate import inject

from shared.db import OutboxMixin, WriteSession, new_id, utc_now
from shared.messaging.wakeup import wake_relay_at_commit

EVENTS = "events"
MAIL = "mail"


class EventEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    """A domain event as it is published. Fields are added, never removed or retyped; see ``docs/events.md``."""

    id: UUID
    type: str
    """What happened, as ``<aggregate>.<past participle>``: ``hotel.created``. Also the routing key."""
    version: int
    """Version of the payload's shape."""
    occurred_at: datetime
    aggregate_id: UUID
    aggregate_sequence: int
    """Rises with every event of the aggregate, so that a consumer can tell a gap or a repetition."""
    correlation_id: UUID
    """Shared by everything that one request of a client set off."""
    causation_id: UUID | None
    """The event that led to this one; ``None`` when it was a client's call."""
    trace_context: dict[str, str]
    """W3C trace context of the transaction that wrote the event."""
    payload: msgspec.Raw
    """The event's own data, as JSON."""


class MailEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    """A mail to send after the commit."""

    to: str
    template: str
    """``<domain>/<name>``: the file ``subgraphs/<domain>/mail/<name>.<locale>.txt.j2``."""
    locale: str
    context: dict[str, str]
    """What the template may show."""


def record_event(
    session: WriteSession,
    outbox: type[OutboxMixin],
    *,
    type: str,  # noqa: A002  # the envelope's own word
    aggregate_id: UUID,
    aggregate_sequence: int,
    payload: msgspec.Struct,
    version: int = 1,
    correlation_id: UUID | None = None,
    causation_id: UUID | None = None,
) -> UUID:
    """Write an event into the outbox of the current transaction, and return its id.

    Args:
        session: The transaction of the change that the event tells of.
        outbox: The domain's outbox model.
        type: Type and routing key, such as ``hotel.created``.
        aggregate_id: What it happened to.
        aggregate_sequence: The aggregate's own counter after the change.
        payload: The event's data.
        version: Version of the payload's shape.
        correlation_id: Of the request; by default the event's own id.
        causation_id: The event that this one answers.
    """
    trace_context: dict[str, str] = {}
    inject(trace_context)
    event_id = new_id()
    envelope = EventEnvelope(
        id=event_id,
        type=type,
        version=version,
        occurred_at=utc_now(),
        aggregate_id=aggregate_id,
        aggregate_sequence=aggregate_sequence,
        correlation_id=correlation_id or event_id,
        causation_id=causation_id,
        trace_context=trace_context,
        payload=msgspec.Raw(msgspec.json.encode(payload)),
    )
    session.add(
        outbox(
            id=event_id,
            destination=EVENTS,
            topic=type,
            aggregate_id=aggregate_id,
            payload=msgspec.json.encode(envelope),
        )
    )
    wake_relay_at_commit(session)
    return event_id


def record_mail(
    session: WriteSession,
    outbox: type[OutboxMixin],
    *,
    to: str,
    template: str,
    locale: str,
    context: dict[str, str],
) -> None:
    """Write a mail into the outbox of the current transaction; the relay sends it after the commit.

    Args:
        session: The transaction that makes the mail true.
        outbox: The domain's outbox model.
        to: The recipient's address.
        template: ``<domain>/<name>`` of the template.
        locale: ``pt-BR`` or ``en``.
        context: What the template may show.
    """
    mail = MailEnvelope(to=to, template=template, locale=locale, context=context)
    session.add(outbox(id=new_id(), destination=MAIL, topic=template, payload=msgspec.json.encode(mail)))
    # Mails are not in such a hurry; but then a transaction with a mail costs the same statements as one with an event,
    # and how long an answer takes does not tell whether an account exists.
    wake_relay_at_commit(session)
