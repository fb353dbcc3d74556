"""Tables of the gamification domain.

Two of them are the truth and only ever grow: ``activity`` (what travelers did) and the ledger (``ledger_entries``,
``ledger_postings``: how points moved). Balances, lots, progress and badges follow from them and from the catalogue
(``missions``, ``achievements``, ``levels``, ``earning_rules``). Points are whole numbers.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import DomainBase, Instant, OutboxMixin, UuidKey, domain_metadata
from shared.db.inbox import InboxMixin

REFERENCE = {"reference": True}
"""Marks tables whose first rows come with the migrations."""


class Base(DomainBase):
    """Base of the gamification tables."""

    __abstract__ = True
    metadata = domain_metadata()


class Traveler(Base):
    """Somebody who plays. The row is the lock: whatever changes a traveler's points or progress holds it."""

    __tablename__ = "travelers"
    __table_args__ = (
        CheckConstraint("pending >= 0 AND available >= 0 AND reserved >= 0", name="balances"),
        Index("ix_travelers_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    display_name: Mapped[str | None] = mapped_column(String(200))
    """For leaderboards; NULL until users has told us, and again after the account is gone."""
    profile_sequence: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Of the event that ``display_name`` is from: an older one changes nothing."""
    is_on_leaderboards: Mapped[bool] = mapped_column(server_default="true")
    deleted_at: Mapped[datetime | None]
    pending: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Points of stays that are not over."""
    available: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Points that can be spent."""
    reserved: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Points set aside for bookings under way."""
    lifetime: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Points ever earned: what the level goes by."""
    level: Mapped[str | None] = mapped_column(String(30))
    announced_level: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """The highest level, by its position, that was ever told of."""
    streak: Mapped[int] = mapped_column(Integer, server_default="0")
    """Months in a row with a stay that ended."""
    longest_streak: Mapped[int] = mapped_column(Integer, server_default="0")
    version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Counts the events that were published about this traveler."""
    ledger_sequence: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Of the last ledger entry."""
    mission_sequence: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Of the last mission update."""
    due_at: Mapped[datetime | None]
    """When time alone will change something: points expire, a window moves on."""
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())


class ActivityRow(Base):
    """Something a traveler did, as rules see it. Kept by the id of the event that told us, so it counts once."""

    __tablename__ = "activity"
    __table_args__ = (
        UniqueConstraint("subject_id", "type", "sequence"),
        Index("ix_activity_user_id_occurred_at", "user_id", "occurred_at", "event_id"),
    )

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    type: Mapped[str] = mapped_column(String(60))
    occurred_at: Mapped[Instant]
    subject_id: Mapped[UUID]
    """The booking or the review."""
    sequence: Mapped[int] = mapped_column(BigInteger)
    """Of the booking: the event with the highest says how it is now."""
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recorded_at: Mapped[Instant] = mapped_column(server_default=func.now())


class LedgerEntry(Base):
    """One movement of points. Never changed, never deleted: a trigger sees to it."""

    __tablename__ = "ledger_entries"
    __table_args__ = (UniqueConstraint("user_id", "sequence"), UniqueConstraint("reference"))

    id: Mapped[UuidKey]
    user_id: Mapped[UUID]
    sequence: Mapped[int] = mapped_column(BigInteger)
    """Counts the traveler's entries without a gap."""
    kind: Mapped[str] = mapped_column(String(12))
    reference: Mapped[str] = mapped_column(String(120))
    """What it is for; unique, so that a movement is entered once."""
    booking_id: Mapped[UUID | None]
    mission_id: Mapped[UUID | None]
    pending_after: Mapped[int] = mapped_column(BigInteger)
    available_after: Mapped[int] = mapped_column(BigInteger)
    reserved_after: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())


class LedgerPosting(Base):
    """One side of a movement. The postings of an entry sum to zero: a trigger sees to it."""

    __tablename__ = "ledger_postings"
    __table_args__ = (
        CheckConstraint("points <> 0", name="points"),
        CheckConstraint(
            "account IN ('PENDING', 'AVAILABLE', 'RESERVED', 'ISSUED', 'REDEEMED', 'EXPIRED')", name="account"
        ),
    )

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_entries.id"), primary_key=True)
    account: Mapped[str] = mapped_column(String(10), primary_key=True)
    """PENDING, AVAILABLE and RESERVED are the traveler's; ISSUED, REDEEMED and EXPIRED the platform's."""
    points: Mapped[int] = mapped_column(BigInteger)
    """Positive: the account has more afterwards."""


class Lot(Base):
    """Points from one source, which expire together. The available ones are spent oldest first."""

    __tablename__ = "lots"
    __table_args__ = (
        UniqueConstraint("user_id", "source"),
        CheckConstraint("points >= 0 AND remaining >= 0 AND remaining <= points", name="remaining"),
        Index("ix_lots_booking_id", "booking_id", postgresql_where=text("booking_id IS NOT NULL")),
        Index("ix_lots_earned_at", "earned_at", postgresql_where=text("state = 'AVAILABLE'")),
    )

    id: Mapped[UuidKey]
    user_id: Mapped[UUID]
    source: Mapped[str] = mapped_column(String(120))
    """``booking:<id>`` or ``mission:<id>:<completion>``."""
    booking_id: Mapped[UUID | None]
    mission_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(String(9))
    """``PENDING`` or ``AVAILABLE``."""
    points: Mapped[int] = mapped_column(BigInteger)
    """Granted, less what was taken back."""
    remaining: Mapped[int] = mapped_column(BigInteger)
    """Neither spent, reserved nor expired."""
    revision: Mapped[int] = mapped_column(Integer, server_default="0")
    """Counts the changes, for the references of ledger entries."""
    earned_at: Mapped[datetime | None]
    """When they became available: the period of leaderboards they count for."""
    expires_at: Mapped[datetime | None]
    city: Mapped[str | None] = mapped_column(String(120))
    """Of the stay: the leaderboard they count for."""


class Reservation(Base):
    """Points set aside for a booking. A row without a user is the tombstone of a release that came first."""

    __tablename__ = "reservations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    booking_id: Mapped[UUID]
    user_id: Mapped[UUID | None] = mapped_column(index=True)
    points: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(9))
    """``RESERVED``, ``CONFIRMED``, ``RELEASED``, ``REFUSED``."""
    available: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """What the user had when it was refused."""
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())


class ReservationPart(Base):
    """From which lot the points of a reservation were taken, and go back to."""

    __tablename__ = "reservation_parts"

    reservation_id: Mapped[UUID] = mapped_column(ForeignKey("reservations.id"), primary_key=True)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lots.id"), primary_key=True)
    points: Mapped[int] = mapped_column(BigInteger)


class Coupon(Base):
    """A coupon that was granted: a reward, or points turned into money. Bookings honours it."""

    __tablename__ = "coupons"
    __table_args__ = (UniqueConstraint("user_id", "source"),)

    id: Mapped[UuidKey]
    user_id: Mapped[UUID]
    source: Mapped[str] = mapped_column(String(160))
    """``redeem:<idempotency key>`` or ``mission:<id>:<completion>``: one coupon each."""
    code: Mapped[str] = mapped_column(String(20), unique=True)
    points: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """What it cost."""
    percent: Mapped[int | None] = mapped_column(SmallInteger)
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    minimum_minor: Mapped[int] = mapped_column(BigInteger)
    valid_until: Mapped[Instant]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())


class Mission(Base):
    """A mission through all its versions."""

    __tablename__ = "missions"
    __table_args__ = {"info": REFERENCE}  # noqa: RUF012  # SQLAlchemy's own manner

    id: Mapped[UuidKey]
    code: Mapped[str] = mapped_column(String(60), unique=True)
    position: Mapped[int] = mapped_column(Integer, server_default="100")
    """Lists are in this order."""
    is_builtin: Mapped[bool] = mapped_column(server_default="false")
    """Came with a migration."""
    archived_at: Mapped[datetime | None]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())


class MissionVersion(Base):
    """What a mission asks and gives. A version without ``published_at`` is a draft; a mission has at most one."""

    __tablename__ = "mission_versions"
    __table_args__ = (
        Index("uq_mission_versions_draft", "mission_id", unique=True, postgresql_where=text("published_at IS NULL")),
        {"info": REFERENCE},
    )

    mission_id: Mapped[UUID] = mapped_column(ForeignKey("missions.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    effective_from: Mapped[datetime | None]
    """Since when it decides; until then it is the version before."""
    published_at: Mapped[datetime | None]
    author_id: Mapped[UUID | None]
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now())


class AchievementRow(Base):
    """An achievement with tiers that are reached by what its rule measures, or a badge that missions give."""

    __tablename__ = "achievements"
    __table_args__ = {"info": REFERENCE}  # noqa: RUF012  # as above

    code: Mapped[str] = mapped_column(String(60), primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)


class LevelRow(Base):
    """A level, and what it is good for."""

    __tablename__ = "levels"
    __table_args__ = {"info": REFERENCE}  # noqa: RUF012  # as above

    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    """1 for the lowest."""
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)


class EarningRuleRow(Base):
    """How many points a stay is worth, from when to when: a base rate of a currency, or a campaign that multiplies."""

    __tablename__ = "earning_rules"
    __table_args__ = {"info": REFERENCE}  # noqa: RUF012  # as above

    code: Mapped[str] = mapped_column(String(60), primary_key=True)
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    is_builtin: Mapped[bool] = mapped_column(server_default="false")


class CatalogueRevision(Base):
    """One row that changes whenever missions, achievements, levels or earning rules do: what caches go by."""

    __tablename__ = "catalogue_revision"
    __table_args__ = (CheckConstraint("id = 1", name="single"), {"info": REFERENCE})

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    revision: Mapped[UUID]


class Enrolment(Base):
    """A traveler has chosen a mission that one has to choose."""

    __tablename__ = "enrolments"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    mission_id: Mapped[UUID] = mapped_column(ForeignKey("missions.id"), primary_key=True)
    enrolled_at: Mapped[Instant]


class Progress(Base):
    """How far a traveler is in a mission: follows from ``activity``."""

    __tablename__ = "mission_progress"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    mission_id: Mapped[UUID] = mapped_column(ForeignKey("missions.id"), primary_key=True)
    version: Mapped[int]
    """Of the mission."""
    value: Mapped[int] = mapped_column(BigInteger)
    target: Mapped[int] = mapped_column(BigInteger)
    completions: Mapped[int]
    completed_at: Mapped[datetime | None]
    """The last completion."""
    announced: Mapped[int] = mapped_column(server_default="0")
    """Completions that were told of and rewarded with a coupon: those are never told or rewarded so again."""
    sequence: Mapped[int] = mapped_column(BigInteger)
    """Of the traveler's last update of it."""


class ProgressUpdate(Base):
    """A change of a traveler's progress, for subscriptions. Old ones are deleted."""

    __tablename__ = "mission_updates"
    __table_args__ = (
        ForeignKeyConstraint(["mission_id"], ["missions.id"]),
        Index("ix_mission_updates_at", "at"),
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    mission_id: Mapped[UUID]
    version: Mapped[int]
    value: Mapped[int] = mapped_column(BigInteger)
    target: Mapped[int] = mapped_column(BigInteger)
    completions: Mapped[int]
    completed_at: Mapped[datetime | None]
    at: Mapped[Instant]


class Badge(Base):
    """A tier of an achievement that a traveler has reached: follows from ``activity``."""

    __tablename__ = "badges"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(ForeignKey("achievements.code"), primary_key=True)
    tier: Mapped[int] = mapped_column(SmallInteger)
    """1 for the lowest; 0 when what it rested on was taken back."""
    value: Mapped[int] = mapped_column(BigInteger)
    reached_at: Mapped[datetime | None]
    announced: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """The highest tier that was ever told of."""


class BoardChange(Base):
    """A traveler whose leaderboard scores have to be written to Redis."""

    __tablename__ = "board_changes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    user_id: Mapped[UUID]


class OutboxMessage(OutboxMixin, Base):
    """Events and answers of this domain that await delivery."""


class InboxMessage(InboxMixin, Base):
    """Messages of other domains that this one has had."""
