"""What travelers are told of which event: once, in their language, by the channels that they want."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from shared.contracts.bookings import StayChange
from shared.contracts.gamification import CouponGranted, LevelReached, MissionCompleted
from shared.contracts.users import UserDeleted, UserPasswordChanged, UserProfileUpdated, UserRegistered, UserSignedIn
from shared.db import new_id
from shared.messaging import Reject
from subgraphs.notifications.kinds import CHOOSABLE, RULES, Channel, Kind
from subgraphs.notifications.service.errors import InvalidValue, PreferenceLocked
from subgraphs.notifications.tests.world import NOON, World, booking_of, pix
from subgraphs.notifications.words import day, money, words_of


async def _everything(world: World, user_id: UUID) -> None:
    """One event of each kind."""
    await world.booking("booking.confirmed", user_id)
    await world.booking("booking.failed", user_id, state="FAILED", failure_reason="payment_declined")
    await world.booking("booking.expired", user_id, state="EXPIRED")
    await world.booking("booking.cancelled", user_id, state="CANCELLED", refund_due_minor=100000, fee_minor=23450)
    change = StayChange(
        previous_check_in=date(2026, 8, 12), previous_check_out=date(2026, 8, 15), previous_total_minor=150000
    )
    await world.booking("booking.changed", user_id, change=change)
    await world.booking(
        "booking.payment_action_required", user_id, state="HELD", payment_action=pix(NOON + timedelta(minutes=15))
    )
    await world.hear(
        "mission.completed",
        MissionCompleted(
            user_id=user_id, mission_id=uuid4(), title_pt="Três estados", title_en="Three states", points=500,
            badge="Explorer", coupon_code="VIVA10", at=world.now,
        ),
        about=user_id,
    )  # fmt: skip
    await world.hear(
        "level.reached",
        LevelReached(user_id=user_id, level="gold", name_pt="Ouro", name_en="Gold", at=world.now),
        about=user_id,
    )
    await world.hear(
        "coupon.granted",
        CouponGranted(
            coupon_id=uuid4(), code="VIVA10", user_id=user_id, percent=10, amount_minor=None, currency="BRL",
            minimum_minor=20000, valid_until=NOON + timedelta(days=30),
        ),
        about=user_id,
    )  # fmt: skip
    await world.hear(
        "user.signed_in",
        UserSignedIn(user_id=user_id, at=world.now, is_new_device=True, user_agent="Firefox", ip_address="203.0.113.9"),
        about=user_id,
        sequence=3,
    )
    await world.hear(
        "user.password_changed", UserPasswordChanged(user_id=user_id, at=world.now, by_reset=False), about=user_id,
        sequence=4,
    )  # fmt: skip


async def test_every_kind_has_words_in_both_languages(world: World) -> None:
    user_id = await world.traveler()
    await _everything(world, user_id)
    told = await world.notifications(user_id)
    later = {Kind.CHECK_IN_REMINDER, Kind.REVIEW_REQUEST, Kind.CAMPAIGN}
    assert {Kind(row.kind) for row in told} == set(CHOOSABLE) - later
    data = {row.kind: row.data for row in told}
    booking = data[Kind.BOOKING_CONFIRMED]
    data |= {Kind.CHECK_IN_REMINDER: booking, Kind.REVIEW_REQUEST: booking}
    data[Kind.CAMPAIGN] = {"title_pt": "t", "title_en": "t", "text_pt": "x", "text_en": "x", "path": "/"}
    for kind in CHOOSABLE:
        portuguese, english = words_of(kind, "pt-BR", data[kind]), words_of(kind, "en", data[kind])
        for words in (portuguese, english):
            assert words.title
            assert words.short
            assert words.text
            assert "{" not in words.title + words.short + words.text
        if kind is not Kind.CAMPAIGN:
            assert portuguese.title != english.title


async def test_the_words_say_what_matters(world: World) -> None:
    user_id = await world.traveler()
    await _everything(world, user_id)
    data = {row.kind: row.data for row in await world.notifications(user_id)}
    confirmed = words_of(Kind.BOOKING_CONFIRMED, "pt-BR", data["BOOKING_CONFIRMED"])
    assert confirmed.title == "Reserva 7KX2M9QD confirmada: Pousada do Sol"
    assert confirmed.short == "Pousada do Sol, de 13 de ago. de 2026 a 15 de ago. de 2026. Total: R$ 1.234,50."
    assert ("Entrada", "13 de ago. de 2026, a partir das 15:00") in confirmed.facts
    due = words_of(Kind.PAYMENT_DUE, "en", data["PAYMENT_DUE"])
    assert due.code == "00020126BR.GOV.BCB.PIX6304ABCD"
    assert due.short == "Pousada do Sol: pay R$ 1,234.50 by 3 Aug 2026, 12:15."
    cancelled = words_of(Kind.BOOKING_CANCELLED, "en", data["BOOKING_CANCELLED"])
    assert ("Cancellation fee", "R$ 234.50") in cancelled.facts
    assert ("Refund", "R$ 1,000.00") in cancelled.facts
    changed = words_of(Kind.BOOKING_CHANGED, "en", data["BOOKING_CHANGED"])
    assert "it was 12 Aug 2026 to 15 Aug 2026" in changed.text
    mission = words_of(Kind.MISSION_COMPLETED, "en", data["MISSION_COMPLETED"])
    assert mission.facts == (("Points", "500"), ("Coupon", "VIVA10"), ("Badge", "Explorer"))


def test_amounts_and_dates_are_written_as_people_do() -> None:
    assert money(-5, "BRL", "pt-BR") == "R$ -0,05"
    assert money(123456789, "EUR", "en") == "€ 1,234,567.89"
    assert money(1500, "JPY", "en") == "JPY 1,500"
    assert day("2026-12-01", "en") == "1 Dec 2026"


async def test_an_event_that_comes_again_is_told_once(world: World) -> None:
    user_id = await world.traveler()
    event = booking_of(user_id)
    for _ in range(3):
        await world.hear("booking.confirmed", event, about=event.booking_id, sequence=4)
    await world.send_all()
    assert len(await world.notifications(user_id)) == 1
    assert world.email.titles == ["Reserva 7KX2M9QD confirmada: Pousada do Sol"]


async def test_each_change_is_told(world: World) -> None:
    user_id = await world.traveler()
    event = booking_of(user_id)
    for sequence in (5, 6, 6):
        await world.hear("booking.changed", event, about=event.booking_id, sequence=sequence)
    assert [row.kind for row in await world.notifications(user_id)] == ["BOOKING_CHANGED"] * 2


async def test_a_payload_that_is_none_is_rejected(world: World) -> None:
    with pytest.raises(Reject):
        await world.hear("booking.confirmed", UserDeleted(user_id=uuid4(), at=world.now), about=uuid4())


async def test_only_sign_ins_from_new_devices_are_told(world: World) -> None:
    user_id = await world.traveler()
    known = UserSignedIn(user_id=user_id, at=world.now, is_new_device=False, user_agent=None, ip_address=None)
    await world.hear("user.signed_in", known, about=user_id, sequence=3)
    assert await world.notifications(user_id) == []


async def test_the_mail_waits_for_an_address_that_comes_later(world: World) -> None:
    user_id = new_id()
    await world.booking("booking.confirmed", user_id)
    await world.send_all()
    assert world.email.sent == []
    assert len(await world.notifications(user_id)) == 1
    registered = UserRegistered(
        user_id=user_id, email="late@example.com", display_name="Bia", locale="en", roles=[], member_since=world.now
    )
    await world.hear("user.registered", registered, about=user_id)
    await world.send_all()
    assert [message.address.email for message in world.email.sent] == ["late@example.com"]
    assert world.email.titles == ["Booking 7KX2M9QD confirmed: Pousada do Sol"]
    assert world.email.sent[0].recipient_name is None  # the mailbox is not proven to be theirs


async def test_an_address_that_never_comes_is_given_up(world: World) -> None:
    user_id = new_id()
    await world.booking("booking.confirmed", user_id)
    await world.send_all()
    world.pass_time(hours=25)
    await world.send_all()
    (delivery,) = await world.deliveries(user_id)
    assert (delivery.state, delivery.reason, delivery.attempts) == ("DEAD", "no_address", 0)


async def test_events_of_a_profile_may_overtake_each_other(world: World) -> None:
    user_id = new_id()
    newer = UserProfileUpdated(user_id=user_id, display_name="New", avatar_url=None, locale="en")
    older = UserProfileUpdated(user_id=user_id, display_name="Old", avatar_url=None, locale="pt-BR")
    registered = UserRegistered(
        user_id=user_id, email="a@example.com", display_name="First", locale="pt-BR", roles=[], member_since=world.now
    )
    await world.hear("user.profile_updated", newer, about=user_id, sequence=3)
    await world.hear("user.profile_updated", older, about=user_id, sequence=2)
    await world.hear("user.registered", registered, about=user_id, sequence=1)
    await world.booking("booking.confirmed", user_id)
    await world.send_all()
    assert [(sent.address.email, sent.language) for sent in world.email.sent] == [("a@example.com", "en")]


async def test_what_is_switched_off_is_not_sent(world: World) -> None:
    choices = {(Kind.BOOKING_CONFIRMED, Channel.EMAIL): False, (Kind.BOOKING_CONFIRMED, Channel.IN_APP): False}
    user_id = await world.traveler(choices=choices)
    await world.booking("booking.confirmed", user_id)
    await world.booking("booking.cancelled", user_id)
    await world.send_all()
    assert world.email.titles == ["Reserva 7KX2M9QD cancelada"]
    assert [(row.kind, row.is_in_app) for row in await world.notifications(user_id)] == [
        ("BOOKING_CONFIRMED", False), ("BOOKING_CANCELLED", True),
    ]  # fmt: skip


async def test_what_is_switched_off_while_it_waits_is_not_sent(world: World) -> None:
    user_id = await world.traveler()
    await world.booking("booking.confirmed", user_id)
    await world.choose(user_id, choices={(Kind.BOOKING_CONFIRMED, Channel.EMAIL): False})
    await world.send_all()
    assert world.email.sent == []
    assert await world.states(user_id) == {"EMAIL": "CANCELLED"}


@pytest.mark.parametrize(
    "choice",
    [
        (Kind.NEW_SIGN_IN, Channel.EMAIL), (Kind.PASSWORD_CHANGED, Channel.PUSH), (Kind.DIGEST, Channel.EMAIL),
        (Kind.PASSWORD_CHANGED, Channel.EMAIL),
    ],
)  # fmt: skip
async def test_security_alerts_cannot_be_switched_off(world: World, choice: tuple[Kind, Channel]) -> None:
    user_id = await world.traveler()
    with pytest.raises(PreferenceLocked):
        await world.choose(user_id, choices={(Kind.BOOKING_CONFIRMED, Channel.EMAIL): False, choice: False})
    await world.booking("booking.confirmed", user_id)
    await world.hear(
        "user.signed_in",
        UserSignedIn(user_id=user_id, at=world.now, is_new_device=True, user_agent=None, ip_address=None),
        about=user_id,
    )
    await world.send_all()
    assert len(world.email.sent) == 2  # nothing of the refused change is kept


async def test_sms_is_sent_to_who_asked_for_it(world: World) -> None:
    sms = {(Kind.CHECK_IN_REMINDER, Channel.SMS): True, (Kind.BOOKING_CONFIRMED, Channel.SMS): True}
    user_id = await world.traveler(choices=sms, changes_phone_number=True, phone_number="+5521987654321")
    without = await world.traveler(choices=sms)
    await world.booking("booking.confirmed", user_id)
    await world.booking("booking.confirmed", without)
    await world.send_all()
    assert [message.address.phone for message in world.sms.sent] == ["+5521987654321"]


@pytest.mark.parametrize("number", ["21987654321", "+0123456789", "+55 21 98765", "+551", "+5521987654321; DROP"])
async def test_a_phone_number_is_international(world: World, number: str) -> None:
    user_id = await world.traveler()
    with pytest.raises(InvalidValue):
        await world.choose(user_id, changes_phone_number=True, phone_number=number)


async def test_quiet_hours_hold_back_what_can_wait(world: World) -> None:
    quiet = {"has_quiet_hours": True, "quiet_from": "22:00", "quiet_until": "07:30"}
    user_id = await world.traveler(**quiet)
    world.now = datetime(2026, 8, 4, 2, 30, tzinfo=UTC)  # 23:30 in São Paulo
    level = LevelReached(user_id=user_id, level="gold", name_pt="Ouro", name_en="Gold", at=world.now)
    await world.hear("level.reached", level, about=user_id)
    await world.booking("booking.confirmed", user_id)
    await world.send_all()
    assert world.email.titles == ["Reserva 7KX2M9QD confirmada: Pousada do Sol"]
    world.now = datetime(2026, 8, 4, 10, 29, tzinfo=UTC)
    await world.send_all()
    assert len(world.email.sent) == 1
    world.now = datetime(2026, 8, 4, 10, 30, tzinfo=UTC)
    await world.send_all()
    assert world.email.titles[1:] == ["Novo nível: Ouro"]


async def test_quiet_hours_are_those_of_the_travelers_own_clock(world: World) -> None:
    user_id = await world.traveler(has_quiet_hours=True, quiet_from="22:00", quiet_until="07:00")
    moved = UserProfileUpdated(
        user_id=user_id, display_name="Ana", avatar_url=None, locale="en", time_zone="Asia/Tokyo"
    )
    await world.hear("user.profile_updated", moved, about=user_id, sequence=3)
    level = LevelReached(user_id=user_id, level="gold", name_pt="Ouro", name_en="Gold", at=world.now)
    await world.hear("level.reached", level, about=user_id)  # noon in São Paulo, midnight in Tokyo
    (delivery,) = [row for row in await world.deliveries(user_id) if row.channel == "EMAIL"]
    assert delivery.next_attempt_at == datetime(2026, 8, 3, 22, 0, tzinfo=UTC)


async def test_a_day_has_only_so_many_messages_that_can_be_left_out(world: World) -> None:
    user_id = await world.traveler()
    for number in range(8):
        level = LevelReached(user_id=user_id, level=f"l{number}", name_pt="x", name_en="x", at=world.now)
        await world.hear("level.reached", level, about=user_id, sequence=number)
    await world.booking("booking.confirmed", user_id)
    await world.send_all()
    assert len(world.email.sent) == world.settings.daily_cap + 1
    assert len(await world.notifications(user_id)) == 9
    world.pass_time(days=1, seconds=1)
    level = LevelReached(user_id=user_id, level="next", name_pt="x", name_en="x", at=world.now)
    await world.hear("level.reached", level, about=user_id)
    await world.send_all()
    assert len(world.email.sent) == world.settings.daily_cap + 2


async def test_advertising_needs_consent() -> None:
    assert RULES[Kind.CAMPAIGN].channels == frozenset()


async def test_a_deleted_user_is_forgotten_whatever_comes_later(world: World) -> None:
    user_id = await world.traveler(has_daily_digest=True)
    other = await world.traveler()
    await _everything(world, user_id)
    await world.booking("booking.confirmed", other)
    await world.hear("user.deleted", UserDeleted(user_id=user_id, at=world.now), about=user_id, sequence=9)
    await _everything(world, user_id)
    late = UserRegistered(
        user_id=user_id, email="a@example.com", display_name="Ana", locale="en", roles=[], member_since=world.now
    )
    await world.hear("user.registered", late, about=user_id, sequence=1)
    world.pass_time(days=30)
    await world.scheduler().run_once()
    await world.send_all()
    assert await world.notifications(user_id) == []
    assert await world.deliveries(user_id) == []
    assert all(str(user_id) not in str(row) for row in await _rows_naming(world, user_id))
    assert len(await world.notifications(other)) == 1


async def _rows_naming(world: World, user_id: UUID) -> list[str]:
    """Every row of every table that names the user, but for the mark that they are gone."""
    from sqlalchemy import text

    from subgraphs.notifications.models import Base

    found = []
    async with world.database.read() as session:
        for table in Base.metadata.sorted_tables:
            if table.name in {"feeds", "outbox"}:  # the outbox has ids only, and is emptied by the relay
                continue
            rows = await session.execute(
                text(f'SELECT CAST(t.* AS text) FROM "{table.name}" t WHERE CAST(t.* AS text) LIKE :id'),
                {"id": f"%{user_id}%"},
            )
            found += [f"{table.name}: {row[0]}" for row in rows]
    return found


async def test_a_changed_password_is_told_by_mail(world: World) -> None:
    user_id = await world.traveler(locale="en")
    changed = UserPasswordChanged(user_id=user_id, at=world.now, by_reset=True)
    await world.hear("user.password_changed", changed, about=user_id, sequence=4)
    await world.send_all()
    (sent,) = world.email.sent
    assert sent.words.title == "Your password was changed"
    assert "3 Aug 2026, 12:00" in sent.words.text
    assert sent.link.endswith("/reset-password")
    assert sent.unsubscribe_url is None


async def test_a_change_of_stay_asks_for_its_difference_and_not_for_the_whole(world: World) -> None:
    user_id = await world.traveler()
    action = replace(pix(NOON + timedelta(minutes=15)), amount_minor=20_000)
    await world.booking("booking.change_payment_action_required", user_id, state="CONFIRMED", payment_action=action)
    (told,) = await world.notifications(user_id)
    assert told.kind == Kind.PAYMENT_DUE
    assert words_of(Kind.PAYMENT_DUE, "en", told.data).short == "Pousada do Sol: pay R$ 200.00 by 3 Aug 2026, 12:15."
