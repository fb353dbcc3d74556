"""The queue: urgent first, once each, whatever fails and whoever dies."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from shared.config import PlatformSettings
from shared.db import Database, new_id
from shared.testing.plugin import eventually
from subgraphs.notifications.channels.port import NotNow, Outgoing, Refused, Unanswered
from subgraphs.notifications.kinds import Channel, Kind, Priority
from subgraphs.notifications.models import Delivery
from subgraphs.notifications.repository import deliveries
from subgraphs.notifications.service import campaigns
from subgraphs.notifications.tests.world import Mailbox, World

CAMPAIGN_MAIL = {(Kind.CAMPAIGN, Channel.EMAIL): True}


class Killed(BaseException):
    """The process dies here: nothing after it happens."""


async def _one_mail(world: World) -> UUID:
    user_id = await world.traveler()
    await world.booking("booking.confirmed", user_id)
    return user_id


async def _lease(world: World, owner: str = "other") -> list[Delivery]:
    async with world.database.transaction() as session:
        return list(
            await deliveries.lease(
                session, owner=owner, now=world.now, seconds=world.settings.lease_seconds, limit=100,
                channels=list(world.providers),
            )
        )  # fmt: skip


async def test_of_many_workers_one_sends(world: World) -> None:
    for _ in range(10):
        await _one_mail(world)
    await asyncio.gather(*(world.worker().run_once() for _ in range(6)))
    assert len(world.email.sent) == 10
    assert len({message.delivery_id for message in world.email.sent}) == 10


async def test_without_the_lease_two_workers_send_the_same(database: Database, platform: PlatformSettings) -> None:
    """What the lease is for: two workers that only look what is due both send it."""
    world = World(database, platform, lease_seconds=3600)
    user_id = await _one_mail(world)
    both = [world.worker(owner="a"), world.worker(owner="a")]
    rows = await world.deliveries(user_id)
    world.email.gate = asyncio.Event()
    async with world.database.transaction() as session:
        await session.execute(
            text("UPDATE deliveries SET lease_owner = 'a', leased_until = :until"),
            {"until": world.now + timedelta(minutes=1)},
        )
    rows = await world.deliveries(user_id)
    sending = [asyncio.create_task(worker._deliver(rows[0])) for worker in both]

    async def both_have_it() -> bool:
        return len(world.email.started) == 2

    await eventually(both_have_it, within=60)
    world.email.gate.set()
    await asyncio.gather(*sending)
    assert len(world.email.sent) == 2


async def test_the_log_has_every_attempt(world: World) -> None:
    user_id = await _one_mail(world)
    world.email.failures = [NotNow("451 greylisted"), Unanswered("connection lost")]
    for _ in range(3):
        await world.send_all()
        world.pass_time(hours=1)
    (delivery,) = await world.deliveries(user_id)
    assert (delivery.state, delivery.attempts, delivery.reason) == ("SENT", 3, None)
    assert delivery.provider_id == f"<{delivery.id}@test>"
    assert [(attempt.number, attempt.outcome) for attempt in await world.attempts()] == [
        (1, "RETRY"), (2, "UNKNOWN"), (3, "SENT"),
    ]  # fmt: skip
    assert (await world.attempts())[0].detail == "451 greylisted"


async def test_waits_grow_and_end(world: World) -> None:
    user_id = await _one_mail(world)
    waits = []
    for _ in range(world.settings.max_attempts):
        world.email.failures = [NotNow("421 busy")]
        await world.dispatcher.run_once()
        (delivery,) = await world.deliveries(user_id)
        waits.append((delivery.next_attempt_at - world.now).total_seconds())
        world.now = max(world.now, delivery.next_attempt_at)
        world.dispatcher = world.worker()  # with a circuit that is closed again
    assert delivery.state == "DEAD"
    assert delivery.reason == "421 busy"
    for number, wait in enumerate(waits[:-1]):
        whole = min(world.settings.email_backoff_seconds * 2**number, world.settings.max_backoff_seconds)
        assert whole / 2 <= wait <= whole
    world.pass_time(days=1)
    await world.send_all()
    assert world.email.sent == []


async def test_the_provider_may_ask_for_a_longer_wait(world: World) -> None:
    user_id = await _one_mail(world)
    world.email.failures = [NotNow("429", retry_after=600)]
    await world.send_all()
    (delivery,) = await world.deliveries(user_id)
    assert delivery.next_attempt_at == world.now + timedelta(seconds=600)


async def test_a_dead_letter_can_be_sent_once_more(world: World) -> None:
    user_id = await _one_mail(world)
    world.email.failures = [Refused("554 no")]
    await world.send_all()
    (delivery,) = await world.deliveries(user_id)
    assert (delivery.state, delivery.reason) == ("DEAD", "554 no")
    async with world.database.transaction() as session:
        assert await deliveries.retry(session, delivery.id, world.now)
        assert not await deliveries.retry(session, delivery.id, world.now)
    await world.send_all()
    assert await world.states(user_id) == {"EMAIL": "SENT"}
    assert len(world.email.sent) == 1


async def test_a_mailbox_that_does_not_exist_gets_nothing_more(world: World) -> None:
    user_id = await _one_mail(world)
    world.email.failures = [Refused("550 no such user", is_address_dead=True)]
    await world.send_all()
    await world.booking("booking.cancelled", user_id)
    await world.send_all()
    assert world.email.sent == []
    assert [row.reason for row in await world.deliveries(user_id)] == ["550 no such user", "suppressed: does_not_exist"]


@pytest.mark.parametrize("point", ["leased", "prepared"])
async def test_a_worker_killed_before_the_provider_is_asked_leaves_nothing_open(world: World, point: str) -> None:
    user_id = await _one_mail(world)
    (leased,) = await _lease(world)
    if point == "prepared":
        assert isinstance(await world.dispatcher._preparer.prepare(leased, world.now), Outgoing)
    await world.send_all()
    assert world.email.sent == []  # it is the dead worker's until its lease is over
    for _ in range(3):
        world.pass_time(seconds=world.settings.lease_seconds + 1)
        await world.send_all()
    assert len(world.email.sent) == 1
    (delivery,) = await world.deliveries(user_id)
    assert (delivery.state, delivery.attempts, delivery.unanswered) == ("SENT", 1, 0)


@pytest.mark.parametrize("is_taken", [True, False], ids=["after the provider took it", "before the provider took it"])
async def test_a_worker_killed_at_the_provider_costs_one_repetition_at_most(world: World, is_taken: bool) -> None:
    user_id = await _one_mail(world)

    class Dying(Mailbox):
        async def send(self, message: Outgoing) -> str | None:
            if is_taken:
                world.email.sent.append(message)
            raise Killed

    dying = {**world.providers, Channel.EMAIL: Dying("email")}
    with pytest.raises(Killed):
        await world.worker(providers=dying).run_once()
    for _ in range(3):
        world.pass_time(seconds=world.settings.lease_seconds + 1)
        await world.send_all()
    assert len(world.email.sent) == (2 if is_taken else 1)
    assert len({message.delivery_id for message in world.email.sent}) == 1  # hence one Message-ID
    (delivery,) = await world.deliveries(user_id)
    assert delivery.state == "SENT"


async def test_a_fate_unknown_twice_is_not_tempted_again(world: World) -> None:
    user_id = await _one_mail(world)
    for _ in range(5):
        world.email.failures = [Unanswered("lost")]
        await world.send_all()
        world.pass_time(hours=1)
    assert len(world.email.started) == 2
    (delivery,) = await world.deliveries(user_id)
    assert (delivery.state, delivery.reason, delivery.attempts) == ("DEAD", "unanswered_twice", 2)


async def test_a_worker_killed_after_the_answer_was_written_leaves_nothing_open(world: World) -> None:
    await _one_mail(world)
    await world.dispatcher.run_once()
    for _ in range(3):
        world.pass_time(seconds=world.settings.lease_seconds + 1)
        await world.worker().run_once()
    assert len(world.email.sent) == 1


async def test_a_slow_worker_does_not_begin_what_another_has_taken_over(world: World) -> None:
    await _one_mail(world)
    (leased,) = await _lease(world, "slow")
    world.pass_time(seconds=world.settings.lease_seconds + 1)
    await world.send_all()
    await world.worker(owner="slow")._deliver(leased)
    assert len(world.email.sent) == 1


async def test_a_failing_provider_is_left_alone_for_a_while(database: Database, platform: PlatformSettings) -> None:
    world = World(database, platform, breaker_seconds=3600)
    limit = world.settings.breaker_failures
    for _ in range(limit + 5):
        await _one_mail(world)
    world.email.failures = [NotNow("421")] * (limit + 5)
    while (begun := len(world.email.started)) < limit:
        await world.dispatcher.run_once(limit=1)
        assert len(world.email.started) == begun + 1
    assert await world.dispatcher.run_once() == 0
    assert len(world.email.started) == limit
    assert sum(row.attempts for row in await world.deliveries()) == limit


async def test_another_channel_goes_on_while_one_is_left_alone(database: Database, platform: PlatformSettings) -> None:
    world = World(database, platform, breaker_seconds=3600)
    sms = {(Kind.BOOKING_CONFIRMED, Channel.SMS): True}
    user_id = await world.traveler(choices=sms, changes_phone_number=True, phone_number="+5521987654321")
    breaker = world.dispatcher._breaker(Channel.EMAIL, "")
    for _ in range(world.settings.breaker_failures):
        breaker.failed()
    await world.booking("booking.confirmed", user_id)
    await world.send_all()
    assert await world.states(user_id) == {"EMAIL": "PENDING", "SMS": "SENT"}


async def _campaign(world: World, readers: int) -> None:
    user_ids = [new_id() for _ in range(readers)]
    async with world.database.transaction() as session:
        await session.execute(
            text("INSERT INTO feeds (user_id) SELECT unnest(cast(:ids AS uuid[]))"), {"ids": user_ids}
        )
        await session.execute(
            text(
                "INSERT INTO contacts (user_id, email, locale, time_zone, sequence) SELECT id, id || '@example.com', "
                "'en', 'America/Sao_Paulo', 1 FROM unnest(cast(:ids AS uuid[])) AS id"
            ),
            {"ids": user_ids},
        )
        await session.execute(
            text(
                "INSERT INTO preferences (user_id, kind, channel, is_enabled) "
                "SELECT id, 'CAMPAIGN', 'EMAIL', true FROM unnest(cast(:ids AS uuid[])) AS id"
            ),
            {"ids": user_ids},
        )
    campaign = campaigns.Campaign(
        id=new_id(), title_pt="Férias", title_en="Holidays", text_pt="Ofertas", text_en="Offers", path="/ferias"
    )
    for first in range(0, readers, campaigns.AT_ONCE):
        some = user_ids[first : first + campaigns.AT_ONCE]
        async with world.database.transaction() as session:
            assert await campaigns.send(session, campaign, some, world.now, world.settings) == len(some)


async def test_a_confirmation_is_not_behind_a_campaign(world: World) -> None:
    await _campaign(world, 3000)
    user_id = await _one_mail(world)
    leased = await _lease(world)
    assert leased[0].user_id == user_id
    assert leased[0].priority == Priority.TRANSACTIONAL
    assert {row.priority for row in leased[1:]} == {Priority.CAMPAIGN}


async def test_a_campaign_leaves_hands_free_for_what_is_urgent(database: Database, platform: PlatformSettings) -> None:
    world = World(database, platform, lease_seconds=3600)
    await _campaign(world, 50)
    world.email.gate = asyncio.Event()
    stop = asyncio.Event()
    running = asyncio.create_task(world.dispatcher.run(stop))
    half = world.settings.parallelism // 2
    try:

        async def half_of_the_hands_are_full() -> bool:
            return len(world.email.started) == half

        await eventually(half_of_the_hands_are_full, within=60)
        user_id = await _one_mail(world)  # the campaign's mails hang, and will not let go

        async def the_confirmation_is_under_way() -> bool:
            return len(world.email.started) > half

        await eventually(the_confirmation_is_under_way, within=60)
        assert world.email.started[half].kind is Kind.BOOKING_CONFIRMED
        assert len(world.email.started) == half + 1
        assert await world.states(user_id) == {"EMAIL": "PENDING"}
    finally:
        stop.set()
        world.email.gate.set()
        await running
    assert len(world.email.sent) == len(world.email.started)


async def test_a_campaign_reaches_those_who_asked_for_it_once(world: World) -> None:
    reader, other = await world.traveler(choices=CAMPAIGN_MAIL), await world.traveler()
    campaign = campaigns.Campaign(
        id=new_id(), title_pt="Férias", title_en="Holidays", text_pt="Ofertas", text_en="Offers", path="/ferias"
    )
    for _ in range(2):
        async with world.database.transaction() as session:
            await campaigns.send(session, campaign, [reader, other], world.now, world.settings)
    await world.send_all()
    assert [message.address.email for message in world.email.sent] == [f"{reader.hex}@example.com"]
    assert world.email.titles == ["Férias"]
    assert world.email.sent[0].unsubscribe_url is not None


async def test_stopping_finishes_what_is_begun(database: Database, platform: PlatformSettings) -> None:
    world = World(database, platform, lease_seconds=3600)
    user_id = await _one_mail(world)
    world.email.gate = asyncio.Event()
    stop = asyncio.Event()
    running = asyncio.create_task(world.dispatcher.run(stop))

    async def is_begun() -> bool:
        return bool(world.email.started)

    await eventually(is_begun, within=60)
    stop.set()
    world.email.gate.set()
    await running
    assert await world.states(user_id) == {"EMAIL": "SENT"}
    async with world.database.read() as session:
        assert (await session.scalars(select(Delivery.lease_owner))).all() == [None]
