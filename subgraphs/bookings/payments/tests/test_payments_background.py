"""The loops that finish payments: they work, share the work, outlive trouble, and stop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from shared.testing.plugin import PATIENCE_SECONDS, eventually
from subgraphs.bookings.payments.janitor import PaymentJanitor
from subgraphs.bookings.payments.methods import Pix
from subgraphs.bookings.payments.sandbox.courier import SandboxCourier


async def test_the_loops_finish_a_payment_and_stop_when_told(till: Any) -> None:
    stop = asyncio.Event()
    loops = [asyncio.create_task(run(stop)) for run in till.parts.background_tasks()]
    payment_id = await till.open(Pix())
    await till.payments.authorize(payment_id)
    await till.sandbox.act((await till.charge(payment_id)).reference)

    async def is_paid() -> bool:
        return bool((await till.payment(payment_id)).state == "CAPTURED")

    await eventually(is_paid)
    stop.set()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(*loops)


@pytest.mark.parametrize("loop", ["janitor", "courier"])
async def test_a_loop_outlives_trouble(till: Any, monkeypatch: pytest.MonkeyPatch, loop: str) -> None:
    stop = asyncio.Event()
    rounds = 0

    async def trouble(_self: Any) -> int:
        nonlocal rounds
        rounds += 1
        if rounds == 2:
            stop.set()
        raise RuntimeError("the database is away")

    monkeypatch.setattr({"janitor": PaymentJanitor, "courier": SandboxCourier}[loop], "run_once", trouble)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await getattr(till, loop).run(stop)
    assert rounds == 2


async def test_many_janitors_share_the_work(till: Any) -> None:
    for _ in range(10):
        await till.payments.authorize(await till.open(Pix(), minutes=1))
    till.clock.forward(minutes=2)
    assert sum(await asyncio.gather(*(till.janitor.run_once() for _ in range(5)))) == 10
    assert await till.query("SELECT state, count(*) FROM payments GROUP BY state") == [("EXPIRED", 10)]


async def test_a_payment_that_fails_does_not_keep_others_from_their_turn(till: Any) -> None:
    stuck, fine = await till.open(minutes=1), await till.open(minutes=1)
    async with till.database.transaction() as session:
        await session.execute(text("UPDATE payments SET provider = 'gone' WHERE id = :id"), {"id": stuck})
    till.clock.forward(minutes=2)
    assert await till.janitor.run_once() == 2
    assert (await till.payment(fine)).state == "EXPIRED"
    waits = []
    for _ in range(4):
        payment = await till.payment(stuck)
        waits.append((payment.next_check_at - till.clock()).total_seconds())
        till.clock.now = payment.next_check_at
        assert await till.janitor.run_once() == 1
    assert waits == [30, 60, 120, 240]
