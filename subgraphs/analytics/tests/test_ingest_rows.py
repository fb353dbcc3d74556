"""What of an event is kept, and that keeping it twice counts once."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import msgspec
import pytest

from shared.contracts.analytics import ClientEvent, ClientEvents
from shared.contracts.bookings import BookingEvent, PaymentAction
from shared.contracts.users import UserDeleted, UserRegistered, UserSignedIn
from shared.messaging import EventEnvelope
from subgraphs.analytics.ingest import UnusableEvent, rows_of, write_events
from subgraphs.analytics.store import AnalyticsStore

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOSTILE = "x'); DROP TABLE events; -- \\ \u0000"


def envelope(event_type: str, payload: msgspec.Struct | dict[str, object], /, **changes: object) -> EventEnvelope:
    made = EventEnvelope(
        id=uuid4(),
        type=event_type,
        version=1,
        occurred_at=NOW,
        aggregate_id=uuid4(),
        aggregate_sequence=1,
        correlation_id=uuid4(),
        causation_id=None,
        trace_context={},
        payload=msgspec.Raw(msgspec.json.encode(payload)),
    )
    return msgspec.structs.replace(made, **changes)


def looks(count: int, visitor_id: UUID, user_id: UUID | None = None) -> EventEnvelope:
    events = [ClientEvent(event_id=uuid4(), kind="view", occurred_at=NOW, hotel_id=uuid4()) for _ in range(count)]
    told = ClientEvents(visitor_id=visitor_id, user_id=user_id, events=events)
    return envelope("client.events", told, aggregate_id=visitor_id, aggregate_sequence=0)


def test_nothing_personal_is_kept() -> None:
    user_id = uuid4()
    secret = "maria.silva@example.com"
    booking = BookingEvent(
        booking_id=uuid4(), code=secret, state="CONFIRMED", user_id=user_id, hotel_id=uuid4(), room_type_id=uuid4(),
        check_in=date(2026, 6, 1), check_out=date(2026, 6, 3), guests=2, rooms=1, total_minor=10_00, currency="BRL",
        actor_id=user_id, failure_reason=secret, fee_minor=0, refund_due_minor=0, refunded_minor=0,
        coupon_code=secret, payment_action=PaymentAction(kind="pix", due_at=NOW, pix_code=secret, url=secret),
    )  # fmt: skip
    registered = UserRegistered(
        user_id=user_id, email=secret, display_name=secret, locale="pt-BR", roles=[], member_since=NOW
    )
    signed_in = UserSignedIn(user_id=user_id, at=NOW, is_new_device=True, user_agent=secret, ip_address=secret)
    sent = [
        envelope("booking.confirmed", booking),
        envelope("user.registered", registered),
        envelope("user.signed_in", signed_in),
        envelope("user.profile_updated", {"user_id": user_id, "display_name": secret, "avatar_url": secret}),
        envelope("review.added", {"hotel_id": uuid4(), "text": secret}),
        envelope("of_later.made", {"anything": secret}),
    ]
    kept = [row.payload for each in sent for row in rows_of(each)]
    assert len(kept) == len(sent)
    assert not any(secret in payload for payload in kept)
    assert str(user_id) in kept[0]
    assert kept[-1] == "{}"


@pytest.mark.parametrize(
    "broken",
    [
        envelope("booking.confirmed", {}, payload=msgspec.Raw(b"[1]")),
        envelope("client.events", {"visitor_id": "nobody"}),
        envelope("booking.confirmed", {}, aggregate_sequence=-1),
        envelope("booking.confirmed", {}, aggregate_sequence=2**70),
        envelope("booking.confirmed", {}, version=70_000),
    ],
)
def test_what_is_not_an_event_is_said_so(broken: EventEnvelope) -> None:
    with pytest.raises(UnusableEvent):
        rows_of(broken)


async def test_the_same_block_twice_is_one_event_each(analytics_store: AnalyticsStore) -> None:
    sent = [envelope("notification.created", {"kind": HOSTILE, "user_id": uuid4()}), looks(3, uuid4())]
    assert await write_events(analytics_store, sent) == 4
    await asyncio.gather(*(write_events(analytics_store, list(reversed(sent))) for _ in range(3)))
    rows = await analytics_store.query("SELECT type, count() FROM events FINAL GROUP BY type ORDER BY type")
    assert rows == [("client.view", 3), ("notification.created", 1)]
    (payload,) = (await analytics_store.query("SELECT any(payload) FROM events WHERE type LIKE 'notif%'"))[0]
    assert msgspec.json.decode(payload)["kind"] == HOSTILE


async def test_a_deleted_user_is_forgotten_and_nobody_else(analytics_store: AnalyticsStore) -> None:
    user_id, visitor_id, other = uuid4(), uuid4(), uuid4()
    await write_events(analytics_store, [looks(2, visitor_id, user_id), looks(3, visitor_id, other), looks(1, uuid4())])
    deleted = envelope("user.deleted", UserDeleted(user_id=user_id, at=NOW), aggregate_id=user_id)
    for _ in range(2):
        await write_events(analytics_store, [deleted])
        left = await analytics_store.query(
            "SELECT JSONExtractString(payload, 'user_id') AS user, count() FROM events FINAL"
            " WHERE type = 'client.view' GROUP BY user ORDER BY count()"
        )
        assert left == [("", 1), (str(other), 3)]
