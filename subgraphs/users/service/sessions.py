"""Sessions: begun by a sign-in, carried on by refreshes, ended by their user or by a stolen token."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from shared.db import ReadSession, WriteSession, new_id
from subgraphs.users import events
from subgraphs.users.models import RefreshToken, User, UserSession
from subgraphs.users.passwords import PasswordHasher
from subgraphs.users.repository import sessions, users
from subgraphs.users.service.clock import Clock
from subgraphs.users.service.outcomes import (
    AlreadyRefreshed,
    Device,
    EndReason,
    InvalidCredentials,
    OpenSession,
    SessionEnded,
)
from subgraphs.users.settings import UsersSettings
from subgraphs.users.tokens import digest, new_secret

log = structlog.get_logger(__name__)

_SHOWN_SESSIONS: Final = 100
_USER_AGENT_LENGTH: Final = 300


@dataclass(frozen=True, slots=True)
class Sessions:
    """The life of a session."""

    settings: UsersSettings
    hasher: PasswordHasher
    clock: Clock

    async def check_credentials(self, user: User | None, password: str) -> bool:
        """Whether ``password`` lets ``user`` in. The same work for nobody, a wrong password and an unverified address.

        Takes no session: no connection should wait for a password hash.
        """
        matches = await self.hasher.verify(None if user is None else user.password_hash, password)
        if user is None or not matches:
            return False
        return user.email_verified_at is not None or not self.settings.sign_in_requires_verified_email

    async def begin(
        self, session: WriteSession, *, user_id: UUID, checked_hash: str, new_hash: str | None, device: Device
    ) -> OpenSession | InvalidCredentials:
        """Begin a session for a user whose password was just checked.

        Args:
            session: The transaction.
            user_id: Whose session.
            checked_hash: The hash that the password was checked against. If it is not the user's any more, the
                password has changed meanwhile and nobody gets in.
            new_hash: The same password under today's parameters, when the stored hash is older.
            device: Where the session is used.
        """
        now = self.clock()
        user = await users.count_sign_in(session, user_id, checked_hash)
        if user is None:
            return InvalidCredentials()
        if new_hash is not None:
            await users.replace_password_hash(session, user_id, checked_hash, new_hash)
        user_agent, address = _shown_user_agent(device.user_agent), _shown_address(device.address)
        is_known = await sessions.is_known_device(session, user.id, user_agent)
        user_session = UserSession(
            id=new_id(),
            user_id=user.id,
            user_agent=user_agent,
            address=address,
            created_at=now,
            last_used_at=now,
            expires_at=now + self._idle,
        )
        session.add(user_session)
        await session.flush()  # the refresh token refers to it
        events.publish(
            session,
            user,
            events.UserSignedIn(
                user_id=user.id, at=now, is_new_device=not is_known, user_agent=user_agent, ip_address=address
            ),
        )
        return self._opened(session, user_session, user, now)

    async def refresh(self, session: WriteSession, refresh_token: str) -> OpenSession | AlreadyRefreshed | SessionEnded:
        """Exchange a refresh token for the next one. Each works once (RFC 9700, section 4.14.2).

        A token that comes a second time is in two hands, and we cannot know which hand is the thief's: the session
        ends for both, and this outcome must be committed.

        The exception is a token that comes again within ``refresh_grace_seconds``: two tabs of one client that
        refresh at once, or a client that repeats a request. The loser is told so and gets nothing, in particular
        no second token: a family never forks, so a thief gains nothing from being quick. The loser uses what the
        winner stored; one that has lost the winner's answer signs in again.
        """
        now = self.clock()
        session_id = await sessions.use_refresh_token(session, digest(refresh_token), now)
        if session_id is None:
            return await self._refused(session, refresh_token, now)
        prolonged = await sessions.prolong(
            session, session_id, now=now, idle=self._idle, longest=timedelta(days=self.settings.session_days)
        )
        if prolonged is None:  # signed out between the two statements
            return SessionEnded()
        return self._opened(session, *prolonged, now)

    async def end(self, session: WriteSession, *, user_id: UUID, session_id: UUID) -> bool:
        """Sign out of one session; ``False`` when it had ended before, or is not this user's."""
        return await sessions.end(session, session_id, user_id, EndReason.SIGNED_OUT, self.clock())

    async def end_by_refresh_token(self, session: WriteSession, refresh_token: str) -> bool:
        """Sign out of the session that a refresh token belongs to, whether or not it could still be used."""
        state = await sessions.refresh_token_state(session, digest(refresh_token))
        return state is not None and await self.end(session, user_id=state.user_id, session_id=state.session_id)

    async def end_all(self, session: WriteSession, *, user_id: UUID) -> int:
        """Sign out everywhere; the number of sessions that this ended."""
        return await sessions.end_all(session, user_id, EndReason.SIGNED_OUT, self.clock())

    async def active(self, session: ReadSession, *, user_id: UUID) -> Sequence[UserSession]:
        """The living sessions of a user, the last used first; a hundred at most."""
        return await sessions.active(session, user_id, self.clock(), _SHOWN_SESSIONS)

    async def _refused(
        self, session: WriteSession, refresh_token: str, now: datetime
    ) -> AlreadyRefreshed | SessionEnded:
        state = await sessions.refresh_token_state(session, digest(refresh_token))
        if state is None or state.used_at is None or state.session_ended:
            return SessionEnded()
        if now - state.used_at < timedelta(seconds=self.settings.refresh_grace_seconds):
            return AlreadyRefreshed()
        if await sessions.end(session, state.session_id, state.user_id, EndReason.REUSED_TOKEN, now):
            log.warning(
                "a refresh token came twice, so its session was ended",
                user_id=str(state.user_id),
                session_id=str(state.session_id),
            )
        return SessionEnded()

    def _opened(self, session: WriteSession, user_session: UserSession, user: User, now: datetime) -> OpenSession:
        refresh_token = new_secret()
        session.add(RefreshToken(digest=digest(refresh_token), session_id=user_session.id, created_at=now))
        return OpenSession(
            user=user,
            session_id=user_session.id,
            refresh_token=refresh_token,
            refresh_expires_at=user_session.expires_at,
        )

    @property
    def _idle(self) -> timedelta:
        return timedelta(days=self.settings.refresh_token_days)


def _shown_user_agent(value: str | None) -> str | None:
    """A header as we show it in a list: printable, and of bounded length."""
    printable = "".join(character for character in value or "" if character.isprintable())
    return printable[:_USER_AGENT_LENGTH] or None


def _shown_address(value: str | None) -> str | None:
    try:
        return str(ipaddress.ip_address(value or ""))
    except ValueError:
        return None
