"""What our streams, exchanges and queues are called at a broker. Changing one loses sight of what lies there."""

from __future__ import annotations

EXCHANGE = "reservei.events"
"""RabbitMQ: the topic exchange that every event and command goes to."""
CONSUMERS_QUEUE = "reservei.consumers"
"""RabbitMQ: one message per consumer that ever was, for AMQP cannot list queues."""

STREAM_PREFIX = "reservei:events:"
"""Redis: a stream per publishing domain."""
SOURCES = "reservei:sources"
"""Redis: the set of domains that have published."""
REPLAY_PREFIX = "reservei:replay:"
"""Redis: a stream per consumer, of dead letters sent back to it alone."""
DEAD_PREFIX = "reservei:dead:"
"""Redis: a stream per consumer, of its dead letters."""


def queue_name(consumer: str) -> str:
    """RabbitMQ: the queue that the instances of a consumer share."""
    return f"reservei.{consumer}"


def dead_queue_name(consumer: str) -> str:
    """RabbitMQ: where a consumer's dead letters wait."""
    return f"reservei.{consumer}.dead"
