"""SMS and web push, against servers that behave like the real ones."""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import http_ece
import orjson
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from shared.config import PlatformSettings
from subgraphs.notifications.channels.assembly import open_providers
from subgraphs.notifications.channels.sms import FolderSms, TwilioSms
from subgraphs.notifications.channels.vapid import public_key, vapid_key
from subgraphs.notifications.channels.web_push import WebPush
from subgraphs.notifications.kinds import Channel, Kind
from subgraphs.notifications.repository import preferences
from subgraphs.notifications.service import choosing
from subgraphs.notifications.service.errors import InvalidValue
from subgraphs.notifications.settings import NotificationsSettings
from subgraphs.notifications.tests.world import World


@dataclass
class Asked:
    """A request that the stand-in got."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class StandIn:
    """An HTTP server that answers as it is told, and otherwise well."""

    asked: list[Asked] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], Any]] = field(default_factory=list)
    good: tuple[int, dict[str, str], Any] = (201, {}, {"sid": "SM1"})
    cuts: int = 0
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append(Asked(request.path, headers, body))
        if self.cuts:
            self.cuts -= 1
            assert request.transport is not None
            request.transport.abort()
        status, extra, content = self.answers.pop(0) if self.answers else self.good
        return web.Response(status=status, headers=extra, body=orjson.dumps(content))


@asynccontextmanager
async def stand_in() -> AsyncIterator[StandIn]:
    server = StandIn()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(application, handle_signals=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    server.url = f"http://127.0.0.1:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()


async def _with_sms(world: World) -> UUID:
    return await world.traveler(
        choices={(Kind.BOOKING_CONFIRMED, Channel.SMS): True, (Kind.BOOKING_CONFIRMED, Channel.EMAIL): False},
        changes_phone_number=True,
        phone_number="+5521987654321",
    )


async def _send_through_twilio(world: World, server: StandIn) -> None:
    async with aiohttp.ClientSession() as session:
        twilio = TwilioSms(session, url=server.url, account="AC1", token="t0ken", sender="+15550001111")
        world.providers = {**world.providers, Channel.SMS: twilio}
        world.dispatcher = world.worker()
        await world.send_all()


async def test_an_sms_goes_out_as_twilio_takes_it(world: World) -> None:
    async with stand_in() as server:
        user_id = await _with_sms(world)
        await world.booking("booking.confirmed", user_id)
        await _send_through_twilio(world, server)
    (asked,) = server.asked
    assert asked.path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"AC1:t0ken").decode()
    form = dict(part.split("=", 1) for part in asked.body.decode().split("&"))
    assert (form["To"], form["From"]) == ("%2B5521987654321", "%2B15550001111")
    assert form["Body"].startswith("Reservei%3A+Reserva+7KX2M9QD+confirmada")
    (delivery,) = await world.deliveries(user_id)
    assert (delivery.state, delivery.provider_id) == ("SENT", "SM1")


@pytest.mark.parametrize(
    ("answer", "state", "unanswered"),
    [
        ((429, {"retry-after": "120"}, {"code": 20429, "message": "Too many"}), "PENDING", 0),
        ((503, {}, {}), "PENDING", 0),
        ((500, {}, {}), "PENDING", 1),
        ((401, {}, {"code": 20003}), "PENDING", 0),
        ((400, {}, {"code": 21211, "message": "Invalid 'To'"}), "DEAD", 0),
    ],
)
async def test_what_twilio_refuses_is_understood(
    world: World, answer: tuple[int, dict[str, str], Any], state: str, unanswered: int
) -> None:
    async with stand_in() as server:
        server.answers = [answer]
        user_id = await _with_sms(world)
        await world.booking("booking.confirmed", user_id)
        await _send_through_twilio(world, server)
    (delivery,) = await world.deliveries(user_id)
    assert (delivery.state, delivery.unanswered, delivery.attempts) == (state, unanswered, 1)
    if answer[0] == 429:
        assert (delivery.next_attempt_at - world.now).total_seconds() == 120


async def test_a_number_that_takes_no_sms_is_left_alone(world: World) -> None:
    async with stand_in() as server:
        server.answers = [(400, {}, {"code": 21610, "message": "unsubscribed"})]
        user_id = await _with_sms(world)
        for code in ("ONE", "TWO"):
            await world.booking("booking.confirmed", user_id, code=code)
            await _send_through_twilio(world, server)
    assert len(server.asked) == 1
    assert [row.state for row in await world.deliveries(user_id)] == ["DEAD", "CANCELLED"]


async def test_an_answer_of_twilio_that_is_lost_leaves_its_fate_open(world: World) -> None:
    async with stand_in() as server:
        server.cuts = 1
        user_id = await _with_sms(world)
        await world.booking("booking.confirmed", user_id)
        await _send_through_twilio(world, server)
    (delivery,) = await world.deliveries(user_id)
    assert (delivery.state, delivery.unanswered) == ("PENDING", 1)


async def test_the_local_sink_has_the_sms(world: World, tmp_path: Path) -> None:
    world.providers = {**world.providers, Channel.SMS: FolderSms(tmp_path)}
    world.dispatcher = world.worker()
    user_id = await _with_sms(world)
    await world.booking("booking.confirmed", user_id)
    await world.send_all()
    assert _only_file_in(tmp_path).startswith("To: +5521987654321\n\nReservei: Reserva 7KX2M9QD")


async def test_twilio_is_configured_whole_or_not_at_all(platform: PlatformSettings) -> None:
    half = NotificationsSettings.model_validate({"twilio_account": "AC1"})
    with pytest.raises(RuntimeError):
        async with open_providers(platform, half):
            pass
    async with open_providers(platform, NotificationsSettings()) as providers:
        assert isinstance(providers[Channel.SMS], FolderSms)
        assert isinstance(providers[Channel.PUSH], WebPush)


class Browser:
    """A browser's side of a subscription: its keys, and what it can read with them."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)

    @property
    def p256dh(self) -> str:
        return _b64(self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    @property
    def auth(self) -> str:
        return _b64(self._auth)

    def read(self, body: bytes) -> Any:
        plain = http_ece.decrypt(body, private_key=self._key, auth_secret=self._auth, version="aes128gcm")
        return orjson.loads(plain)


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


async def _register(world: World, user_id: UUID, browser: Browser, url: str) -> UUID:
    async with world.database.transaction() as session:
        row = await choosing.subscribe(
            session, user_id, endpoint=browser.endpoint, p256dh=browser.p256dh, auth=browser.auth, label="Laptop",
            settings=NotificationsSettings.model_validate({"push_services": [url]}),
        )  # fmt: skip
    return row.id


async def _push(world: World, platform: PlatformSettings) -> None:
    key = vapid_key(platform, world.settings)
    assert key is not None
    async with aiohttp.ClientSession() as session:
        push = WebPush(session, key=key, subject="mailto:ops@reservei.example")
        world.providers = {**world.providers, Channel.PUSH: push}
        world.dispatcher = world.worker()
        await world.send_all()


async def test_a_browser_can_read_what_is_pushed(world: World, platform: PlatformSettings) -> None:
    async with stand_in() as server:
        user_id = await world.traveler(locale="en")
        phone, laptop = Browser(f"{server.url}/push/1"), Browser(f"{server.url}/push/2")
        for browser in (phone, laptop):
            await _register(world, user_id, browser, server.url)
        await world.booking("booking.confirmed", user_id)
        await _push(world, platform)
    bodies = {asked.path: asked for asked in server.asked}
    (notification,) = await world.notifications(user_id)
    for browser, path in ((phone, "/push/1"), (laptop, "/push/2")):
        asked = bodies[path]
        assert browser.read(asked.body) == {
            "title": "Booking 7KX2M9QD confirmed: Pousada do Sol",
            "body": "Pousada do Sol, 13 Aug 2026 to 15 Aug 2026. Total: R$ 1,234.50.",
            "tag": str(notification.id),
            "kind": "BOOKING_CONFIRMED",
            "url": "http://127.0.0.1:3000/bookings/7KX2M9QD",
            "lang": "en",
        }
        assert asked.headers["content-encoding"] == "aes128gcm"
        assert asked.headers["urgency"] == "high"
        assert asked.headers["topic"] == notification.id.hex
        assert int(asked.headers["ttl"]) > 0
        assert Vapid02.verify(asked.headers["authorization"])
        key = vapid_key(platform, world.settings)
        assert key is not None
        assert asked.headers["authorization"].endswith(f"k={public_key(key)}")


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_has_gone_is_removed(world: World, platform: PlatformSettings, status: int) -> None:
    async with stand_in() as server:
        server.answers = [(status, {}, "gone")]
        user_id = await world.traveler()
        await _register(world, user_id, Browser(f"{server.url}/push/1"), server.url)
        await world.booking("booking.confirmed", user_id)
        await _push(world, platform)
    async with world.database.read() as session:
        assert (await preferences.subscriptions_of(session, [user_id]))[user_id] == []
    states = [row.state for row in await world.deliveries(user_id) if row.channel == "PUSH"]
    assert states == ["DEAD"]


async def test_a_push_service_may_ask_to_wait(world: World, platform: PlatformSettings) -> None:
    async with stand_in() as server:
        server.answers = [(429, {"retry-after": "30"}, "slow down")]
        user_id = await world.traveler()
        await _register(world, user_id, Browser(f"{server.url}/push/1"), server.url)
        await world.booking("booking.confirmed", user_id)
        await _push(world, platform)
        world.pass_time(seconds=30)
        await _push(world, platform)
    assert len(server.asked) == 2
    assert {row.state for row in await world.deliveries(user_id)} == {"SENT"}


async def test_we_follow_no_redirect(world: World, platform: PlatformSettings) -> None:
    async with stand_in() as server:
        server.answers = [(307, {"location": f"{server.url}/inside"}, "")]
        user_id = await world.traveler()
        await _register(world, user_id, Browser(f"{server.url}/push/1"), server.url)
        await world.booking("booking.confirmed", user_id)
        await _push(world, platform)
    assert [asked.path for asked in server.asked] == ["/push/1"]


async def test_a_browser_that_another_registers_becomes_theirs(world: World) -> None:
    first, second = await world.traveler(), await world.traveler()
    browser = Browser("http://127.0.0.1:9/push/1")
    await _register(world, first, browser, "http://127.0.0.1:9")
    await _register(world, second, browser, "http://127.0.0.1:9")
    async with world.database.read() as session:
        rows = await preferences.subscriptions_of(session, [first, second])
    assert rows[first] == []
    assert len(rows[second]) == 1


async def test_the_oldest_browser_makes_way(world: World) -> None:
    user_id = await world.traveler()
    ids = [
        await _register(world, user_id, Browser(f"http://127.0.0.1:9/{number}"), "http://127.0.0.1:9")
        for number in range(world.settings.max_push_subscriptions + 2)
    ]
    async with world.database.read() as session:
        rows = (await preferences.subscriptions_of(session, [user_id]))[user_id]
    assert [row.id for row in rows] == ids[2:]


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x", "https://169.254.169.254/latest", "https://localhost:5432/",
        "https://evil.example/?https://fcm.googleapis.com/", "https://fcm.googleapis.com.evil.example/",
        "https://fcm.googleapis.com@evil.example/", "https://fcm.googleapis.com:8443/", "https://notify.windows.com/",
        "https://u:p@fcm.googleapis.com/", "https://[::1]:x/",
    ],
)  # fmt: skip
def test_only_push_services_are_called(endpoint: str) -> None:
    assert not choosing.is_push_service(endpoint, NotificationsSettings().push_services)


@pytest.mark.parametrize(
    "endpoint",
    ["https://fcm.googleapis.com/fcm/send/abc", "https://wns2-par02p.notify.windows.com/w/?token=x"],
)
def test_known_push_services_are(endpoint: str) -> None:
    assert choosing.is_push_service(endpoint, NotificationsSettings().push_services)


async def test_keys_that_no_browser_gives_are_refused(world: World) -> None:
    user_id = await world.traveler()
    good = Browser("http://127.0.0.1:9/1")
    settings = NotificationsSettings.model_validate({"push_services": ["http://127.0.0.1:9"]})
    for p256dh, auth in ((_b64(b"\x04" + b"\x01" * 64), good.auth), (good.p256dh, "AAAA"), ("é", good.auth)):
        async with world.database.transaction() as session:
            with pytest.raises(InvalidValue):
                await choosing.subscribe(
                    session, user_id, endpoint=good.endpoint, p256dh=p256dh, auth=auth, label=None, settings=settings
                )


def test_the_vapid_key_is_the_same_in_every_process(platform: PlatformSettings) -> None:
    def derived(settings: PlatformSettings) -> str:
        key = vapid_key(settings, NotificationsSettings())
        assert key is not None
        return public_key(key)

    assert derived(platform) == derived(platform)
    assert derived(platform) != derived(platform.model_copy(update={"secret_key": platform.service_secret}))
    assert vapid_key(platform.model_copy(update={"secret_key": None}), NotificationsSettings()) is None


def _only_file_in(folder: Path) -> str:
    (path,) = folder.iterdir()
    return path.read_text(encoding="utf-8")
