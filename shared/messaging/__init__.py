"""Domain events, commands and mails: written in the transaction of the change, delivered after it, consumed once."""

from shared.messaging.broker import Broker, open_broker
from shared.messaging.consumer import Consumer, Handler, Reject, RetryPolicy
from shared.messaging.envelope import EventEnvelope, MailEnvelope, record_event, record_mail
from shared.messaging.relay import OutboxRelay

__all__ = [
    "Broker",
    "Consumer",
    "EventEnvelope",
    "Handler",
    "MailEnvelope",
    "OutboxRelay",
    "Reject",
    "RetryPolicy",
    "open_broker",
    "record_event",
    "record_mail",
]
