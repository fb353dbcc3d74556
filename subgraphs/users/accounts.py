"""The edge of the use cases that involve passwords: limits, hashing, and the units of work around them.

A password hash takes tens of milliseconds, in which no connection and no row lock should wait. So these operations
read, hash outside any transaction, and write on the condition that what they read still holds. All other use cases
are one transaction, which their resolver opens.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from shared.db import Database
from subgraphs.users import identity
from subgraphs.users.attempts import Attempts
from subgraphs.users.models import User
from subgraphs.users.passwords import PasswordHasher, check_password
from subgraphs.users.repository import users
from subgraphs.users.service.deletion import Deletion
from subgraphs.users.service.outcomes import (
    AdministratorAccount,
    AlreadyRefreshed,
    Device,
    ExpiredLink,
    InvalidCredentials,
    OpenSession,
    SessionEnded,
    TooManyAttempts,
    UnknownUser,
)
from subgraphs.users.service.password_changes import PasswordChanges
from subgraphs.users.service.registration import Registration
from subgraphs.users.service.sessions import Sessions
from subgraphs.users.settings import UsersSettings
from subgraphs.users.signing_keys import KeyRing, SigningKeyPair
from subgraphs.users.tokens import AccessToken, AccessTokenIssuer

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a client needs to act for a user."""

    session: OpenSession
    access_token: AccessToken


@dataclass(frozen=True, slots=True)
class Accounts:
    """Everything that proves or changes who somebody is."""

    database: Database
    settings: UsersSettings
    hasher: PasswordHasher
    attempts: Attempts
    registration: Registration
    sessions: Sessions
    password_changes: PasswordChanges
    deletion: Deletion
    key_ring: KeyRing
    issuer: AccessTokenIssuer
    clock: Callable[[], datetime]

    async def sign_up(
        self,
        *,
        email: str,
        password: str,
        display_name: str,
        locale: identity.Locale,
        time_zone: str,
        address: str | None,
    ) -> TooManyAttempts | None:
        """Sign up, see :meth:`Registration.sign_up`. ``None`` says that a mail is on its way, to whomever."""
        async with self._uniform_time():
            if (refusal := await self.attempts.may_sign_up(_key(email), address)) is not None:
                return refusal
            async with self.database.transaction() as session:
                await self.registration.sign_up(
                    session,
                    email=email,
                    password=password,
                    display_name=display_name,
                    locale=locale,
                    time_zone=time_zone,
                )
        return None

    async def sign_in(
        self, *, email: str, password: str, device: Device
    ) -> SignedIn | InvalidCredentials | TooManyAttempts:
        """Begin a session. Unknown address, wrong password and unverified address cost and answer the same."""
        key = await self.key_ring.current()
        email_key = _key(email)
        if (refusal := await self.attempts.may_sign_in(email_key, device.address)) is not None:
            return refusal
        async with self.database.read() as reading:
            user = await users.by_email(reading, email_key)
        if not await self.sessions.check_credentials(user, password) or user is None:
            return InvalidCredentials()
        new_hash = await self.hasher.hash(password) if self.hasher.needs_rehash(user.password_hash) else None
        async with self.database.transaction() as session:
            outcome = await self.sessions.begin(
                session, user_id=user.id, checked_hash=user.password_hash, new_hash=new_hash, device=device
            )
        if isinstance(outcome, OpenSession):
            await self._forget_failures(email_key, device.address)
            return self._signed_in(outcome, key)
        return outcome

    async def refresh(self, *, refresh_token: str) -> SignedIn | AlreadyRefreshed | SessionEnded:
        """Exchange a refresh token, see :meth:`Sessions.refresh`."""
        key = await self.key_ring.current()  # first: without it the exchange would use up the token for nothing
        async with self.database.transaction() as session:
            outcome = await self.sessions.refresh(session, refresh_token)
        return self._signed_in(outcome, key) if isinstance(outcome, OpenSession) else outcome

    async def change_password(
        self, *, user_id: UUID, session_id: UUID | None, current: str, new: str, address: str | None
    ) -> User | InvalidCredentials | TooManyAttempts | UnknownUser:
        """Set a new password for a user who knows the present one; guesses count like failed sign-ins.

        Raises:
            InvalidValue: the new password is not acceptable.
        """
        async with self.database.read() as reading:
            user = (await users.by_ids(reading, [user_id])).get(user_id)
        if user is None or user.deleted_at is not None:
            return UnknownUser()
        check_password(new, email=user.email, display_name=user.display_name, field="newPassword")
        if (refusal := await self.attempts.may_sign_in(user.email_key, address)) is not None:
            return refusal
        if not await self.hasher.verify(user.password_hash, current):
            return InvalidCredentials()
        new_hash = await self.hasher.hash(new)
        async with self.database.transaction() as session:
            outcome = await self.password_changes.change(
                session, user_id=user_id, checked_hash=user.password_hash, new_hash=new_hash, session_id=session_id
            )
        if isinstance(outcome, User):
            await self._forget_failures(user.email_key, address)
        return outcome

    async def delete_account(
        self, *, user_id: UUID, password: str, address: str | None
    ) -> User | InvalidCredentials | TooManyAttempts | UnknownUser | AdministratorAccount:
        """Delete the account of a user who knows the password; guesses count like failed sign-ins."""
        async with self.database.read() as reading:
            user = (await users.by_ids(reading, [user_id])).get(user_id)
        if user is None or user.deleted_at is not None:
            return UnknownUser()
        if (refusal := await self.attempts.may_sign_in(user.email_key, address)) is not None:
            return refusal
        if not await self.hasher.verify(user.password_hash, password):
            return InvalidCredentials()
        async with self.database.transaction() as session:
            outcome = await self.deletion.delete(session, user, checked_hash=user.password_hash)
        await self._forget_failures(user.email_key, address)
        return outcome

    async def request_password_reset(self, *, email: str, address: str | None) -> TooManyAttempts | None:
        """Mail a reset link to a known address. ``None``, after the same time, whether it is known or not."""
        async with self._uniform_time():
            if (refusal := await self.attempts.may_request_mail(_key(email), address)) is not None:
                return refusal
            async with self.database.transaction() as session:
                await self.password_changes.request_reset(session, email=email)
        return None

    async def request_email_verification(self, *, email: str, address: str | None) -> TooManyAttempts | None:
        """Mail a fresh verification link where one is due. ``None``, after the same time, whether it is or not."""
        async with self._uniform_time():
            if (refusal := await self.attempts.may_request_mail(_key(email), address)) is not None:
                return refusal
            async with self.database.transaction() as session:
                await self.registration.request_verification(session, email=email)
        return None

    async def reset_password(self, *, token: str, new: str) -> User | ExpiredLink:
        """Set a new password with the token of a reset mail. A token that is no good costs no password hash.

        Raises:
            InvalidValue: the new password is not acceptable; the token stays good.
        """
        async with self.database.read() as reading:
            holder = await self.password_changes.holder(reading, token=token)
        if holder is None:
            return ExpiredLink()
        check_password(new, email=holder.email, display_name=holder.display_name, field="newPassword")
        new_hash = await self.hasher.hash(new)
        async with self.database.transaction() as session:
            outcome = await self.password_changes.reset(session, token=token, new_hash=new_hash)
        if isinstance(outcome, User):
            await self._forget_failures(outcome.email_key, None)
        return outcome

    async def _forget_failures(self, email_key: str, address: str | None) -> None:
        """After the commit, so a cache that is away must not make the answer a failure: failures then fade by time."""
        try:
            await self.attempts.signed_in(email_key, address)
        except (RedisError, OSError) as error:
            log.warning("failed attempts not forgotten", error=repr(error))

    def _signed_in(self, session: OpenSession, key: SigningKeyPair) -> SignedIn:
        token = self.issuer.issue(
            key,
            user_id=session.user.id,
            session_id=session.session_id,
            roles=session.user.role_set,
            now=self.clock(),
        )
        return SignedIn(session=session, access_token=token)

    @asynccontextmanager
    async def _uniform_time(self) -> AsyncIterator[None]:
        """Make the block take a fixed time, so that the work it does or saves cannot be measured from outside."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self.settings.uniform_response_seconds
        try:
            yield
        finally:
            await asyncio.sleep(max(0.0, ends_at - loop.time()))


def _key(email: str) -> str:
    return identity.email_key(identity.normalised_email(email))
