"""Told once more, the events of bookings are those that were published."""

from __future__ import annotations

from datetime import date, time
from typing import Any
from uuid import UUID, uuid4

import msgspec

from shared.contracts.bookings import BookingEvent
from shared.messaging import EventEnvelope
from subgraphs.bookings.booking.policy import CancellationPolicy
from subgraphs.bookings.history import published_history
from subgraphs.bookings.importing import Ending, PastBooking, booking_id_of, import_past_bookings
from subgraphs.bookings.payments.methods import Pix
from subgraphs.bookings.tests.stay_changes import change
from subgraphs.bookings.tests.world import World


async def told(world: World, *, after: UUID | None = None, batch: int = 500) -> list[list[EventEnvelope]]:
    return [batch async for batch in published_history(world.database, after=after, batch=batch)]


def past(source_id: str, **changed: Any) -> PastBooking:
    values: dict[str, Any] = {
        "hotel_id": uuid4(), "hotel_name": "Pousada", "room_type_id": uuid4(), "time_zone": "America/Sao_Paulo",
        "check_in_time": time(14), "check_out_time": time(12), "check_in": date(2024, 2, 9), "nights": 3, "guests": 4,
        "rooms": 2, "night_price_minor": 250_00, "currency": "BRL",
        "policy": CancellationPolicy(free_until_days=2, first_night_until_days=1), "booked_on": date(2024, 1, 1),
        "ending": Ending.CHECKED_OUT, "ended_on": date(2024, 2, 12),
    }  # fmt: skip
    return PastBooking(source_id=source_id, **(values | changed))


async def test_it_says_what_was_published_without_the_codes_to_pay_by(world: World) -> None:
    requests: list[dict[str, Any]] = [{}, {"method": Pix()}, {"nights": 3, "rooms": 2}]
    *_, changed = [await world.sell(**request) for request in requests]
    await change(world, changed, nights=1)
    cancelled = await world.sell()
    await world.cancel(cancelled)
    await world.deliver()
    published = {
        (each.aggregate_id, each.aggregate_sequence): each
        for each in world.published
        if each.type.startswith("booking.")
    }
    [envelopes] = await told(world)
    assert {(each.aggregate_id, each.aggregate_sequence) for each in envelopes} == set(published)
    with_codes = 0
    for envelope in envelopes:
        original = published[envelope.aggregate_id, envelope.aggregate_sequence]
        assert (envelope.type, envelope.version) == (original.type, original.version)
        assert envelope.correlation_id == original.correlation_id
        said, then = (msgspec.json.decode(each.payload, type=BookingEvent) for each in (envelope, original))
        if then.payment_action is not None:
            with_codes += 1
            action = msgspec.structs.replace(
                then.payment_action, pix_code=None, digitable_line=None, url=None, amount_minor=None
            )
            then = msgspec.structs.replace(then, payment_action=action)
        assert said == then
    assert with_codes == 1
    assert "booking.changed" in {envelope.type for envelope in envelopes}


async def test_batches_go_on_behind_each_other_and_ids_are_the_same_every_time(world: World) -> None:
    rows = [past(str(number)) for number in range(7)]
    async with world.database.transaction() as session:
        await import_past_bookings(session, "test", rows)
    batches = await told(world, batch=3)
    assert [len({each.aggregate_id for each in batch}) for batch in batches] == [3, 3, 1]
    flat = [each for batch in batches for each in batch]
    assert flat == [each for batch in await told(world) for each in batch]
    assert len({each.id for each in flat}) == len(flat) == 7 * 4
    assert [each.aggregate_id for each in flat] == sorted(each.aggregate_id for each in flat)
    behind = await told(world, after=batches[0][-1].aggregate_id)
    assert [each for batch in behind for each in batch] == flat[3 * 4 :]


async def test_no_bookings_are_no_batches(world: World) -> None:
    assert await told(world) == []


async def test_a_history_tells_whose_it_is_where_it_was_and_where_the_guests_came_from(world: World) -> None:
    guest = uuid4()
    known = past("1", user_id=guest, guest_country="PT", city="Paraty", region="RJ", country_code="BR")
    async with world.database.transaction() as session:
        await import_past_bookings(session, "test", [known, past("2")])
    [envelopes] = await told(world)
    events = [msgspec.json.decode(each.payload, type=BookingEvent) for each in envelopes]
    of_known = [event for event in events if event.booking_id == booking_id_of("test", "1")]
    assert {(event.user_id, event.guest_country) for event in of_known} == {(guest, "PT")}
    assert {(event.city, event.region, event.country_code) for event in of_known} == {("Paraty", "RJ", "BR")}
    assert {(event.rooms, event.total_minor) for event in of_known} == {(2, 2 * 3 * 250_00)}
    assert {event.guest_country for event in events if event not in of_known} == {None}
    assert await world.value("SELECT count(*) FROM booking_list WHERE user_id = :id", id=guest) == 1
    assert await world.value("SELECT count(*) FROM outbox") == 0
