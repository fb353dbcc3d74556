"""Tables of the users domain."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shared.auth import Principal, Role
from shared.contracts.users import DEFAULT_TIME_ZONE
from shared.db import DomainBase, Instant, OutboxMixin, Timestamps, UuidKey, domain_metadata

Digest = Annotated[bytes, mapped_column(LargeBinary, primary_key=True)]
"""SHA-256 of a secret that only its holder knows. The secret itself is never stored."""

_ROLES = ", ".join(f"'{role}'" for role in Role)


class Base(DomainBase):
    """Everything in the users database."""

    __abstract__ = True
    metadata = domain_metadata()


class User(Timestamps, Base):
    """A person with an account."""

    __tablename__ = "users"

    id: Mapped[UuidKey]
    email: Mapped[str] = mapped_column(String(320))
    """The address as its owner writes it: what mail is sent to."""
    email_key: Mapped[str] = mapped_column(Text)
    """The address as we compare it, see ``subgraphs.users.identity.email_key``."""
    email_verified_at: Mapped[Instant | None]
    password_hash: Mapped[str] = mapped_column(Text)
    password_changed_at: Mapped[Instant] = mapped_column(server_default=func.now())
    display_name: Mapped[str] = mapped_column(String(80))
    avatar_url: Mapped[str | None] = mapped_column(String(2048))
    locale: Mapped[str] = mapped_column(String(5))
    time_zone: Mapped[str] = mapped_column(String(64), default=DEFAULT_TIME_ZONE, server_default=DEFAULT_TIME_ZONE)
    """IANA name. Says when it is night for them."""
    roles: Mapped[list[str]] = mapped_column(ARRAY(String(20)))
    event_sequence: Mapped[int] = mapped_column(default=0, server_default="0")
    """Number of the last event about this user; raised in the statement that changes the row."""
    deleted_at: Mapped[Instant | None]
    """When the account was deleted. The row stays, without personal data, because bookings and reviews refer to it."""
    search_text: Mapped[str] = mapped_column(Text, Computed("user_search_text(display_name, email)", persisted=True))
    """Name and address without case and accents, for the trigram index."""

    __table_args__ = (
        UniqueConstraint("email_key"),
        CheckConstraint("locale IN ('pt-BR', 'en')", name="locale"),
        CheckConstraint(f"cardinality(roles) > 0 AND roles <@ ARRAY[{_ROLES}]::varchar[]", name="roles"),
        Index(
            "ix_users_search_text",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
        Index("ix_users_created_at_id", "created_at", "id"),
    )

    @property
    def role_set(self) -> frozenset[Role]:
        """The roles as :class:`shared.auth.Role`."""
        return frozenset(Role(role) for role in self.roles)

    def is_visible_to(self, principal: Principal | None) -> bool:
        """Whether ``principal`` may see what only the user and our staff may see."""
        return principal is not None and (principal.user_id == self.id or principal.has_any(Role.SUPPORT, Role.ADMIN))


class UserSession(Base):
    """One sign-in on one device. Its refresh tokens are a family: when one is stolen, all of them end."""

    __tablename__ = "sessions"

    id: Mapped[UuidKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    user_agent: Mapped[str | None] = mapped_column(String(300))
    address: Mapped[str | None] = mapped_column(String(45))
    created_at: Mapped[Instant]
    last_used_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    """Moves on with each refresh, up to the longest life of a session."""
    ended_at: Mapped[Instant | None]
    end_reason: Mapped[str | None] = mapped_column(String(20))
    """One of :class:`subgraphs.users.service.outcomes.EndReason`."""

    __table_args__ = (
        Index("ix_sessions_user_id_last_used_at", "user_id", "last_used_at"),
        Index("ix_sessions_expires_at", "expires_at"),
    )


class RefreshToken(Base):
    """A refresh token, good for one use."""

    __tablename__ = "refresh_tokens"

    digest: Mapped[Digest]
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Instant]
    used_at: Mapped[Instant | None]

    __table_args__ = (Index("ix_refresh_tokens_used_at", "used_at"),)


class OneTimeToken(Base):
    """What a link in a mail carries: proof of holding the mailbox, good for one use."""

    __tablename__ = "one_time_tokens"

    digest: Mapped[Digest]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]

    __table_args__ = (
        Index("ix_one_time_tokens_user_id_purpose", "user_id", "purpose"),
        Index("ix_one_time_tokens_expires_at", "expires_at"),
        CheckConstraint("purpose IN ('verify_email', 'reset_password')", name="purpose"),
    )


class SigningKey(Base):
    """An Ed25519 key that signs access tokens from ``signs_from`` until the next key takes over."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(String(43), primary_key=True)
    """RFC 7638 thumbprint of the public key."""
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_private_key: Mapped[bytes] = mapped_column(LargeBinary)
    """AES-GCM under a key derived from the platform's secret key."""
    created_at: Mapped[Instant]
    signs_from: Mapped[Instant]
    signs_until: Mapped[Instant | None]
    """``signs_from`` of the key that follows; absent for the newest."""
    published_until: Mapped[Instant | None]
    """When the last token it signed has ended. Published before and after signing."""

    __table_args__ = (
        # Of all keys, exactly one has no successor. The database holds us to it.
        Index(
            "uq_signing_keys_newest",
            text("(signs_until IS NULL)"),
            unique=True,
            postgresql_where=text("signs_until IS NULL"),
        ),
    )

    def signs_at(self, moment: datetime) -> bool:
        """Whether this is the key that signs at ``moment``."""
        return self.signs_from <= moment and (self.signs_until is None or moment < self.signs_until)


class OutboxMessage(OutboxMixin, Base):
    """Events and mails that leave after the commit."""
