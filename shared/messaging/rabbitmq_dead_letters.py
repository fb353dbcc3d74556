"""Dead letters on RabbitMQ: a queue per consumer. AMQP cannot browse: to look is to take, and to give back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import ChannelNotFoundEntity

from shared.messaging.dead_letters import DeadLetter, Selection
from shared.messaging.names import CONSUMERS_QUEUE, dead_queue_name, queue_name
from shared.messaging.rabbitmq import (
    ATTEMPTS_HEADER,
    DIED_AT_HEADER,
    REASON_HEADER,
    TOPIC_HEADER,
    rabbit_connection,
    send_to_queue,
)


class RabbitDeadLetters:
    """See ``DeadLetters``."""

    def __init__(self, connection: AbstractConnection) -> None:
        self._connection = connection

    async def consumers(self) -> Sequence[str]:
        async with self._taken(CONSUMERS_QUEUE) as (_, messages):
            return sorted({message.body.decode() for message in messages})

    async def read(self, consumer: str) -> Sequence[DeadLetter]:
        async with self._taken(dead_queue_name(consumer)) as (_, messages):
            return [_letter(consumer, message) for message in messages]

    async def replay(self, consumer: str, chosen: Selection) -> int:
        count = 0
        async with self._taken(dead_queue_name(consumer)) as (channel, messages):
            for message in messages:
                letter = _letter(consumer, message)
                if chosen(letter):
                    await send_to_queue(channel, queue_name(consumer), message, {TOPIC_HEADER: letter.topic})
                    await message.ack()
                    count += 1
        return count

    async def drop(self, consumer: str, chosen: Selection) -> int:
        count = 0
        async with self._taken(dead_queue_name(consumer)) as (_, messages):
            for message in messages:
                if chosen(_letter(consumer, message)):
                    await message.ack()
                    count += 1
        return count

    @asynccontextmanager
    async def _taken(self, queue_name: str) -> AsyncIterator[tuple[AbstractChannel, list[AbstractIncomingMessage]]]:
        """All messages of a queue; those that are not acknowledged in the block go back to it, in their order."""
        channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        try:
            queue = await channel.declare_queue(queue_name, passive=True)
        except ChannelNotFoundEntity:  # that closes the channel
            yield channel, []
            return
        messages: list[AbstractIncomingMessage] = []
        try:
            while (message := await queue.get(fail=False)) is not None:
                messages.append(message)
            yield channel, messages
        finally:
            await channel.close()


def _letter(consumer: str, message: AbstractIncomingMessage) -> DeadLetter:
    attempts = message.headers.get(ATTEMPTS_HEADER)
    return DeadLetter(
        message_id=message.message_id or "",
        consumer=consumer,
        topic=str(message.headers.get(TOPIC_HEADER, "")),
        reason=str(message.headers.get(REASON_HEADER, "")),
        attempts=attempts if isinstance(attempts, int) else 0,
        died_at=str(message.headers.get(DIED_AT_HEADER, "")),
        body=message.body,
    )


@asynccontextmanager
async def rabbit_dead_letters(url: str) -> AsyncIterator[RabbitDeadLetters]:
    """See ``shared.messaging.dead_letters.open_dead_letters``."""
    async with rabbit_connection(url) as connection:
        yield RabbitDeadLetters(connection)
