"""Puts the payments together as the settings say."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.routing import BaseRoute

from shared.config import PlatformSettings
from shared.db import Database, utc_now
from subgraphs.bookings.payments.janitor import PaymentJanitor
from subgraphs.bookings.payments.models import MethodKind
from subgraphs.bookings.payments.provider import InvalidWebhook
from subgraphs.bookings.payments.providers import Providers
from subgraphs.bookings.payments.sandbox.courier import SandboxCourier
from subgraphs.bookings.payments.sandbox.pages import sandbox_routes
from subgraphs.bookings.payments.sandbox.provider import Sandbox
from subgraphs.bookings.payments.service import Payments
from subgraphs.bookings.payments.settings import PaymentsSettings
from subgraphs.bookings.payments.stripe_provider import StripeProvider
from subgraphs.bookings.payments.webhooks import Webhooks, webhook_routes

Task = Callable[[asyncio.Event], Awaitable[None]]
"""Runs until the event is set."""


@dataclass(frozen=True, slots=True)
class PaymentParts:
    """The payments of one process."""

    payments: Payments
    webhooks: Webhooks
    sandbox: Sandbox | None
    """``None`` when a real provider is used."""
    stripe: StripeProvider | None

    def routes(self) -> Sequence[BaseRoute]:
        """HTTP routes for providers, and for travelers at the sandbox."""
        pages = sandbox_routes(self.sandbox) if self.sandbox is not None else ()
        return [*webhook_routes(self.webhooks), *pages]

    def background_tasks(self) -> list[Task]:
        """What has to run somewhere, in any number of processes."""
        tasks: list[Task] = [PaymentJanitor(self.payments).run]
        if self.sandbox is not None:
            tasks.append(SandboxCourier(self.sandbox, self._deliver).run)
        return tasks

    async def close(self) -> None:
        """Close connections to providers. The database is the caller's."""
        if self.stripe is not None:
            await self.stripe.close()

    async def _deliver(self, headers: Mapping[str, str], body: bytes) -> int:
        """Hand a webhook of the sandbox over in process, through the same checks as one that comes over HTTP."""
        try:
            await self.webhooks.receive(Sandbox.name, headers, body)
        except InvalidWebhook:
            return 400
        return 200


def build_payments(
    platform: PlatformSettings,
    database: Database,
    *,
    settings: PaymentsSettings | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> PaymentParts:
    """The payments as configured: Stripe when there is a key for it, otherwise the sandbox.

    In production there is no sandbox: without a key no method of payment is available there, because a sandbox that
    confirms bookings nobody pays for is worse than none.

    Args:
        platform: Secrets, and whether this is production.
        database: Of the bookings domain.
        settings: The payments' knobs; by default from the environment.
        clock: The present moment, for tests that travel in time.
    """
    settings = settings or PaymentsSettings()
    stripe = _stripe(settings, platform.public_url)
    sandbox = None
    if stripe is not None:
        providers = Providers([stripe], {MethodKind.CARD: stripe, MethodKind.PIX: stripe})
    elif platform.environment == "production":
        providers = Providers([], {})
    else:
        sandbox = Sandbox(
            database,
            webhook_secret=sandbox_secret(platform),
            base_url=settings.sandbox_address,
            late=timedelta(seconds=settings.sandbox_late_seconds),
            clock=clock,
        )
        providers = Providers([sandbox], dict.fromkeys(MethodKind, sandbox))
    payments = Payments(database=database, providers=providers, settings=settings, clock=clock)
    return PaymentParts(payments=payments, webhooks=Webhooks(payments), sandbox=sandbox, stripe=stripe)


def sandbox_secret(platform: PlatformSettings) -> str:
    """The secret of the sandbox's webhooks, made from the services' own so that there is none to configure."""
    secret = platform.service_secret
    if secret is None:
        raise RuntimeError("RESERVEI_SERVICE_SECRET is not set, and the payment sandbox signs its webhooks with it.")
    return hmac.new(secret.get_secret_value().encode(), b"payment-sandbox-webhooks", hashlib.sha256).hexdigest()


def _stripe(settings: PaymentsSettings, return_url: str) -> StripeProvider | None:
    if settings.stripe_key is None:
        return None
    return StripeProvider(
        settings.stripe_key.get_secret_value(),
        webhook_secret=settings.stripe_webhook_secret.get_secret_value() if settings.stripe_webhook_secret else None,
        api_base=settings.stripe_api_base,
        return_url=return_url,
    )
