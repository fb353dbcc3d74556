"""Unsubscribe links, and what the mail provider reports."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
import pytest_asyncio
from pydantic import SecretStr
from starlette.applications import Starlette

from shared.pubsub import LiveUpdates
from subgraphs.notifications.kinds import Channel, Kind
from subgraphs.notifications.resources import NotificationsResources
from subgraphs.notifications.routes import routes
from subgraphs.notifications.service.bounces import TOLERANCE_SECONDS
from subgraphs.notifications.settings import NotificationsSettings
from subgraphs.notifications.tests.world import World

SECRET = "bounce-secret"


def _app(world: World, settings: NotificationsSettings) -> Starlette:
    unused: Any = LiveUpdates("redis://127.0.0.1:1")
    resources = NotificationsResources(
        database=world.database, redis=unused, live=unused, platform=world.platform, settings=settings,
        secrets=world.secrets, vapid_public_key=None, clock=world.clock,
    )  # fmt: skip
    return Starlette(routes=list(routes(resources)))


@pytest_asyncio.fixture(loop_scope="session")
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    app = _app(world, NotificationsSettings(bounce_secret=SecretStr(SECRET)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


def _link(world: World, user_id: UUID, kind: Kind = Kind.BOOKING_CONFIRMED) -> str:
    return f"/unsubscribe/{world.secrets.unsubscribe_token(user_id, kind, Channel.EMAIL)}"


async def test_a_click_of_the_mail_program_unsubscribes_from_this_kind_only(
    world: World, http: httpx.AsyncClient
) -> None:
    user_id = await world.traveler()
    for _ in range(2):
        answer = await http.post(_link(world, user_id), data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    await world.booking("booking.confirmed", user_id)
    await world.booking("booking.cancelled", user_id)
    await world.send_all()
    assert world.email.titles == ["Reserva 7KX2M9QD cancelada"]


async def test_looking_at_the_link_changes_nothing(world: World, http: httpx.AsyncClient) -> None:
    user_id = await world.traveler()
    answer = await http.get(_link(world, user_id), headers={"accept-language": "en"})
    assert answer.status_code == 200
    assert '<form method="post">' in answer.text
    assert "Unsubscribe" in answer.text
    await world.booking("booking.confirmed", user_id)
    await world.send_all()
    assert len(world.email.sent) == 1


async def test_who_leaves_the_digest_gets_none_of_its_mails(world: World, http: httpx.AsyncClient) -> None:
    user_id = await world.traveler(has_daily_digest=True)
    assert (await http.post(_link(world, user_id, Kind.DIGEST))).status_code == 200
    await world.booking("booking.checked_out", user_id)
    world.pass_time(days=2)
    await world.scheduler().run_once()
    await world.send_all()
    assert world.email.sent == []


async def test_a_token_that_is_not_ours_does_nothing(world: World, http: httpx.AsyncClient) -> None:
    user_id = await world.traveler()
    good = _link(world, user_id)
    forged = good[:-4] + ("AAAA" if not good.endswith("AAAA") else "BBBB")
    for link in (forged, "/unsubscribe/x", "/unsubscribe/" + "A" * 60, "/unsubscribe/%C3%A9"):
        assert (await http.post(link)).status_code == 404
        assert (await http.get(link)).status_code == 404
    assert (await http.post(_link(world, user_id, Kind.NEW_SIGN_IN))).status_code == 404
    await world.booking("booking.confirmed", user_id)
    await world.send_all()
    assert len(world.email.sent) == 1


async def _report(http: httpx.AsyncClient, world: World, *, secret: str = SECRET, age: float = 0, **report: Any) -> Any:
    body = orjson.dumps(report)
    stamp = str(int(world.now.timestamp() - age)).encode()
    tag = hmac.digest(secret.encode(), stamp + b"." + body, hashlib.sha256).hex()
    return await http.post(
        "/webhooks/mail", content=body, headers={"reservei-signature": f"t={stamp.decode()},v1={tag}"}
    )


async def _sent_mail(world: World) -> tuple[UUID, str]:
    user_id = await world.traveler()
    await world.booking("booking.confirmed", user_id)
    await world.send_all()
    return user_id, str((await world.deliveries(user_id))[0].provider_id)


@pytest.mark.parametrize(
    ("report", "is_suppressed"),
    [({"type": "bounce"}, True), ({"type": "complaint"}, True), ({"type": "bounce", "is_permanent": False}, False)],
)
async def test_a_mail_that_comes_back(
    world: World, http: httpx.AsyncClient, report: dict[str, Any], is_suppressed: bool
) -> None:
    user_id, message_id = await _sent_mail(world)
    for is_applied in (True, False):  # providers report more than once
        answer = await _report(http, world, id="ev1", message_id=message_id, **report)
        assert (answer.status_code, answer.json()) == (200, {"received": True, "applied": is_applied})
    assert await world.states(user_id) == {"EMAIL": "BOUNCED"}
    await world.booking("booking.cancelled", user_id)
    await world.send_all()
    assert [row.state for row in await world.deliveries(user_id)] == [
        "BOUNCED", "CANCELLED" if is_suppressed else "SENT",
    ]  # fmt: skip


async def test_what_is_not_signed_is_not_believed(world: World, http: httpx.AsyncClient) -> None:
    user_id, message_id = await _sent_mail(world)
    report = {"id": "ev1", "type": "bounce", "message_id": message_id}
    assert (await _report(http, world, secret="other", **report)).status_code == 400
    assert (await _report(http, world, age=TOLERANCE_SECONDS + 1, **report)).status_code == 400
    assert (await _report(http, world, id="ev1", type="applause", message_id=message_id)).status_code == 400
    for header in ({}, {"reservei-signature": f"t={int(time.time())}"}, {"reservei-signature": "t=é,v1=ü".encode()}):
        assert (await http.post("/webhooks/mail", json=report, headers=header)).status_code == 400
    assert (await http.post("/webhooks/mail", content=b"x" * 70_000)).status_code == 413
    assert await world.states(user_id) == {"EMAIL": "SENT"}


async def test_without_a_secret_there_is_no_webhook(world: World) -> None:
    app = _app(world, NotificationsSettings())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        assert (await client.post("/webhooks/mail", content=b"{}")).status_code == 404
