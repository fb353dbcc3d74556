"""Tables of the notifications domain."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import DomainBase, InboxMixin, Instant, OutboxMixin, UuidKey, domain_metadata
from subgraphs.notifications.kinds import Channel

_CHANNELS = ", ".join(f"'{channel}'" for channel in Channel)


class Base(DomainBase):
    """Everything in the notifications database."""

    __abstract__ = True
    metadata = domain_metadata()


class OutboxMessage(OutboxMixin, Base):
    """Events to publish."""


class InboxMessage(InboxMixin, Base):
    """Events that have had their effect."""


class Feed(Base):
    """One row for each user: the lock under which anything of theirs is written, and the counter of what was.

    The row stays when the user is deleted, with nothing but the id: it keeps late events from bringing them back.
    """

    __tablename__ = "feeds"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    last_sequence: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """Number of the newest notification. It rises under the row's lock, so the order of numbers is that of commits."""
    forgotten_at: Mapped[Instant | None]


class Contact(Base):
    """How to reach a user, as users says."""

    __tablename__ = "contacts"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("feeds.user_id"), primary_key=True)
    email: Mapped[str | None] = mapped_column(String(320))
    """``None`` until users has said; events may overtake each other."""
    is_email_verified: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    display_name: Mapped[str | None] = mapped_column(String(80))
    locale: Mapped[str] = mapped_column(String(5))
    time_zone: Mapped[str] = mapped_column(String(60))
    sequence: Mapped[int] = mapped_column(BigInteger)
    """Of the event that name, language and time zone are from."""

    __table_args__ = (CheckConstraint("locale IN ('pt-BR', 'en')", name="locale"),)


class RecipientSettings(Base):
    """What a user chose, apart from kinds and channels."""

    __tablename__ = "recipient_settings"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("feeds.user_id"), primary_key=True)
    quiet_from: Mapped[time | None]
    """Local to the user; may be later than the end, then the quiet hours go over midnight."""
    quiet_until: Mapped[time | None]
    has_daily_digest: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    phone_number: Mapped[str | None] = mapped_column(String(16))
    """E.164, such as ``+5521987654321``."""
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now())

    __table_args__ = (CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet_hours"),)


class Preference(Base):
    """A user's choice about a kind and a channel. Without a row the kind's own rule holds."""

    __tablename__ = "preferences"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("feeds.user_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    channel: Mapped[str] = mapped_column(String(10), primary_key=True)
    is_enabled: Mapped[bool]

    __table_args__ = (CheckConstraint(f"channel IN ({_CHANNELS})", name="channel"),)


class PushSubscription(Base):
    """A browser that takes web push."""

    __tablename__ = "push_subscriptions"

    id: Mapped[UuidKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("feeds.user_id"))
    endpoint: Mapped[str] = mapped_column(Text, unique=True)
    p256dh: Mapped[str] = mapped_column(String(100))
    """The browser's public key, base64url."""
    auth: Mapped[str] = mapped_column(String(40))
    """The secret it shares with us, base64url."""
    label: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())

    __table_args__ = (Index("ix_push_subscriptions_user_id_id", "user_id", "id"),)


class Notification(Base):
    """Something that a user was told. Its words are made when somebody reads them, in their language."""

    __tablename__ = "notifications"

    id: Mapped[UuidKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("feeds.user_id"))
    sequence: Mapped[int] = mapped_column(BigInteger)
    """Counts up for each user, with gaps."""
    kind: Mapped[str] = mapped_column(String(30))
    cause_id: Mapped[str] = mapped_column(String(100))
    """What it is about: one notification for each kind and cause, however often the cause is told."""
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What the words need."""
    booking_id: Mapped[UUID | None]
    is_in_app: Mapped[bool]
    """Whether it is shown in the app; the others are there for their deliveries."""
    read_at: Mapped[Instant | None]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("uq_notifications_user_id_kind_cause_id", "user_id", "kind", "cause_id", unique=True),
        Index("uq_notifications_user_id_sequence", "user_id", "sequence", unique=True),
        Index("ix_notifications_unread", "user_id", postgresql_where=text("is_in_app AND read_at IS NULL")),
    )


class Delivery(Base):
    """One message by one channel to one address: a place in the queue, and afterwards a line of the log."""

    __tablename__ = "deliveries"

    id: Mapped[UuidKey]
    notification_id: Mapped[UUID] = mapped_column(ForeignKey("notifications.id", ondelete="CASCADE"))
    user_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(30))
    channel: Mapped[str] = mapped_column(String(10))
    target: Mapped[str] = mapped_column(String(40), default="", server_default="")
    """Of web push, the subscription; otherwise empty: the address is looked up when it is sent."""
    priority: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(10), default="PENDING", server_default="PENDING")
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    """Handed to the provider so often."""
    unanswered: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """Of these, how often nobody knows what became of it: at most two, so at most one message too many."""
    next_attempt_at: Mapped[Instant]
    expires_at: Mapped[Instant | None]
    """When it is of no use any more."""
    leased_until: Mapped[Instant | None]
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it is not sent (yet)."""
    provider_id: Mapped[str | None] = mapped_column(String(255))
    """The provider's own name of it: the Message-ID of a mail, the SID of an SMS."""
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    settled_at: Mapped[Instant | None]

    __table_args__ = (
        CheckConstraint(
            "state IN ('PENDING', 'HELD', 'SENT', 'DIGESTED', 'DEAD', 'CANCELLED', 'BOUNCED')", name="state"
        ),
        CheckConstraint("unanswered BETWEEN 0 AND 2", name="unanswered"),
        Index("uq_deliveries_notification_id_channel_target", "notification_id", "channel", "target", unique=True),
        Index("ix_deliveries_due", "priority", "next_attempt_at", postgresql_where=text("state = 'PENDING'")),
        Index("ix_deliveries_user_id_created_at", "user_id", "created_at"),
        Index("ix_deliveries_state_id", "state", "id"),
        Index("ix_deliveries_provider_id", "provider_id"),
    )


class DeliveryAttempt(Base):
    """One attempt at a delivery. It is written before the provider is asked, and completed by what it answered."""

    __tablename__ = "delivery_attempts"

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(String(30))
    started_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    outcome: Mapped[str] = mapped_column(String(10), default="UNKNOWN", server_default="UNKNOWN")
    """``UNKNOWN`` until it is known: ``SENT``, ``RETRY`` or ``REFUSED``."""
    detail: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (CheckConstraint("outcome IN ('UNKNOWN', 'SENT', 'RETRY', 'REFUSED')", name="outcome"),)


class Schedule(Base):
    """Something to tell a user later. One row for each user, kind and cause, also after it was told or dropped."""

    __tablename__ = "schedules"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("feeds.user_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    cause_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    due_at: Mapped[Instant]
    state: Mapped[str] = mapped_column(String(10), default="WAITING", server_default="WAITING")
    sequence: Mapped[int] = mapped_column(BigInteger)
    """Of the cause's event that it is from: an older one that comes later changes nothing."""
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    booking_id: Mapped[UUID | None]
    leased_until: Mapped[Instant | None]
    lease_owner: Mapped[str | None] = mapped_column(String(80))

    __table_args__ = (
        CheckConstraint("state IN ('WAITING', 'FIRED', 'DROPPED')", name="state"),
        Index("ix_schedules_due_at", "due_at", postgresql_where=text("state = 'WAITING'")),
    )


class Suppression(Base):
    """An address that takes nothing from us: it does not exist, or its owner complained. Known by a keyed digest."""

    __tablename__ = "suppressions"

    channel: Mapped[str] = mapped_column(String(10), primary_key=True)
    address_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    reason: Mapped[str] = mapped_column(String(30))
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())


class ProviderReport(Base):
    """A webhook of a provider that has had its effect."""

    __tablename__ = "provider_reports"

    provider: Mapped[str] = mapped_column(String(30), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
