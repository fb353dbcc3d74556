"""``python -m reservei.worker``: what goes on behind the requests: relays, consumers, schedules."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from importlib import import_module
from importlib.util import find_spec

import msgspec
import structlog
import uvloop
from redis.exceptions import RedisError

from reservei.domains import DOMAINS, has_database, mail_folders
from shared.config import PlatformSettings, platform_settings
from shared.db import Database, OutboxMixin, domain_database_url
from shared.messaging import Broker, Consumer, MailEnvelope, OutboxRelay, open_broker
from shared.messaging.envelope import EVENTS, MAIL
from shared.messaging.mail import Mailer, MailTemplates, open_mailer
from shared.messaging.relay import Deliver
from shared.pubsub import LiveUpdates
from shared.telemetry import configure_logging

log = structlog.get_logger(__name__)

Loop = Callable[[asyncio.Event], Awaitable[None]]
"""Goes on until the event is set."""


def deliveries(
    domain: str, broker: Broker, live: LiveUpdates, mailer: Mailer, templates: MailTemplates, sender: str
) -> Mapping[str, Deliver]:
    """How each destination of a domain's outbox is served."""

    async def publish(message: OutboxMixin) -> None:
        await broker.publish(domain=domain, topic=message.topic, message_id=str(message.id), body=message.payload)
        # Subscribers of the aggregate look again. Lost when Redis is away; then they look again on its return.
        try:
            await live.announce(f"{domain}:{message.aggregate_id}")
        except (RedisError, OSError) as error:
            log.warning("live update not announced", topic=message.topic, error=repr(error))

    async def send(message: OutboxMixin) -> None:
        mail = msgspec.json.decode(message.payload, type=MailEnvelope)
        await mailer.send(templates.render(mail, sender=sender))

    return {EVENTS: publish, MAIL: send}


async def run(settings: PlatformSettings, domains: tuple[str, ...], stop: asyncio.Event) -> None:
    """Work for ``domains`` until ``stop`` is set."""
    if settings.redis_url is None:
        raise RuntimeError("RESERVEI_REDIS_URL is not set. Start with `reservei up` or `reservei worker`, or set it.")
    mailer = open_mailer(settings)
    async with AsyncExitStack() as stack:
        broker_url = settings.broker_url or settings.redis_url
        broker = open_broker(broker_url)
        stack.push_async_callback(broker.close)
        live = await stack.enter_async_context(LiveUpdates(settings.redis_url))
        templates = MailTemplates(mail_folders())
        async with asyncio.TaskGroup() as tasks:
            for domain in domains:
                if has_database(domain):
                    database = Database(
                        domain_database_url(settings, domain),
                        application_name=f"reservei-{domain}-worker",
                        pool_size=2 * settings.database_pool_size,
                    )
                    stack.push_async_callback(database.close)
                    deliver = deliveries(domain, broker, live, mailer, templates, settings.mail_from)
                    loops = _loops_of(domain, settings, broker_url, database, deliver)
                else:
                    loops = import_module(f"subgraphs.{domain}.workers").background_tasks(settings)
                for loop in loops:
                    tasks.create_task(_run(loop, stop))
            log.info("relaying outboxes", domains=", ".join(domains))


def _loops_of(
    domain: str, settings: PlatformSettings, broker_url: str, database: Database, deliver: Mapping[str, Deliver]
) -> Iterator[Loop]:
    """What goes on for a domain: its outbox relay, its consumer and its own background tasks, where it has them."""
    models = import_module(f"subgraphs.{domain}.models")
    yield OutboxRelay(domain, database, models.OutboxMessage, deliver).run
    if find_spec(f"subgraphs.{domain}.consumers") is not None:
        handlers = import_module(f"subgraphs.{domain}.consumers").build_handlers(settings)
        yield Consumer(domain, broker_url, database, models.InboxMessage, handlers).run
    if find_spec(f"subgraphs.{domain}.workers") is not None:
        yield from import_module(f"subgraphs.{domain}.workers").background_tasks(settings, database)


async def _run(loop: Loop, stop: asyncio.Event) -> None:
    await loop(stop)


async def _main(domains: tuple[str, ...]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await run(platform_settings(), domains, stop)


def main(domains: tuple[str, ...] = DOMAINS) -> None:
    """Work until told to stop."""
    configure_logging(platform_settings(), service="worker")
    uvloop.run(_main(domains))


if __name__ == "__main__":
    main(tuple(sys.argv[1:]) or DOMAINS)
