"""Delivers what the sandbox has to tell its merchant, signed, until the merchant has it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec
import structlog

from subgraphs.bookings.payments.sandbox import books
from subgraphs.bookings.payments.sandbox.provider import Sandbox

log = structlog.get_logger(__name__)

Deliver = Callable[[Mapping[str, str], bytes], Awaitable[int]]
"""Hands over a webhook's headers and body, and returns the HTTP status of the answer."""

_BATCH = 50
_IDLE_SECONDS = 0.25


class SandboxCourier:
    """Takes the sandbox's late decisions and delivers its webhooks. Any number may run."""

    def __init__(self, sandbox: Sandbox, deliver: Deliver) -> None:
        self._sandbox = sandbox
        self._deliver = deliver

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until ``stop`` is set."""
        while not stop.is_set():
            try:
                delivered = await self.run_once()
            except Exception:  # the loop must outlive whatever the database or a bug throws at it
                log.exception("sandbox courier failed")
                delivered = 0
            if delivered < _BATCH:
                try:
                    await asyncio.wait_for(stop.wait(), _IDLE_SECONDS)
                except TimeoutError:
                    continue

    async def run_once(self) -> int:
        """Deliver what is due, and return how many webhooks the merchant accepted."""
        sandbox = self._sandbox
        await sandbox.decide()
        async with sandbox.database.transaction() as session:
            webhooks = await books.claim_webhooks(session, sandbox.clock(), _BATCH)
        accepted = 0
        for webhook in webhooks:
            body = msgspec.json.encode(webhook.body)
            try:
                status = await self._deliver(sandbox.sign(body), body)
            except Exception as error:  # noqa: BLE001  # tried again later, as any payment company does
                log.warning("webhook not delivered", event_id=webhook.event_id, error=repr(error))
                continue
            if not 200 <= status < 300:
                log.warning("webhook refused", event_id=webhook.event_id, status=status)
                continue
            async with sandbox.database.transaction() as session:
                await books.webhook_delivered(session, webhook, sandbox.clock())
            accepted += 1
        return accepted
