"""What providers tell us by themselves: each event is stored once, and has effect once.

A delivery is answered with

| status | when |
|---|---|
| 200 | the event is stored, now or before; also when it changes nothing |
| 400 | the signature is wrong or too old, or the body is not readable: nothing is stored |
| 404 | no such provider |
| 413 | the body is too large |

Anything else makes the provider deliver it again, so a database that is away costs nothing but time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from shared.db import WriteSession
from subgraphs.bookings.payments import repository, transitions
from subgraphs.bookings.payments.models import WebhookOutcome
from subgraphs.bookings.payments.provider import InvalidWebhook, ProviderEvent
from subgraphs.bookings.payments.service import Payments

log = structlog.get_logger(__name__)

_MAX_BODY_BYTES: Final = 256_000


class Webhooks:
    """Receives webhooks of all providers."""

    def __init__(self, payments: Payments) -> None:
        self._payments = payments

    async def receive(self, provider: str, headers: Mapping[str, str], body: bytes) -> WebhookOutcome | None:
        """Store an event and apply it, in one transaction.

        Args:
            provider: Its name.
            headers: With lower-case names.
            body: As received, byte for byte.

        Returns:
            What the event did; ``None`` when it was delivered before.

        Raises:
            KeyError: we do not know the provider.
            InvalidWebhook: the request is not believed.
        """
        payments = self._payments
        event = payments.providers.named(provider).read_webhook(headers, body, payments.clock())
        async with payments.database.transaction() as session:
            delivery_id = await repository.add_delivery_if_new(
                session,
                {
                    "provider": provider,
                    "event_id": event.event_id,
                    "type": event.type,
                    "payment_id": event.payment_id,
                    "occurred_at": event.occurred_at,
                },
            )
            if delivery_id is None:
                return None
            outcome = await self._apply(session, provider, event)
            await repository.set_delivery_outcome(session, delivery_id, outcome)
        return outcome

    async def _apply(self, session: WriteSession, provider: str, event: ProviderEvent) -> WebhookOutcome:
        if event.payment_id is None or event.status is None:
            return WebhookOutcome.STALE
        payment = await repository.lock(session, event.payment_id)
        if payment is None or payment.provider != provider:
            log.warning("webhook for an unknown payment", provider=provider, payment_id=str(event.payment_id))
            return WebhookOutcome.UNKNOWN_PAYMENT
        changed = await transitions.record(session, payment, event.status, self._payments.clock())
        return WebhookOutcome.APPLIED if changed else WebhookOutcome.STALE


def webhook_routes(webhooks: Webhooks) -> Sequence[BaseRoute]:
    """``POST /webhooks/payments/{provider}``."""

    async def receive(request: Request) -> Response:
        provider = request.path_params["provider"]
        if (body := await _bounded_body(request)) is None:
            return JSONResponse({"error": "The body is too large."}, status_code=413)
        try:
            outcome = await webhooks.receive(provider, dict(request.headers), body)
        except KeyError:
            return JSONResponse({"error": "There is no such provider."}, status_code=404)
        except InvalidWebhook as error:
            log.warning("webhook refused", provider=provider, reason=str(error))
            return JSONResponse({"error": f"The webhook is not accepted: {error}."}, status_code=400)
        return JSONResponse({"received": True, "outcome": outcome})

    return [Route("/webhooks/payments/{provider}", receive, methods=["POST"])]


async def _bounded_body(request: Request) -> bytes | None:
    """The body, or ``None`` as soon as it is known to be too large."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _MAX_BODY_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
