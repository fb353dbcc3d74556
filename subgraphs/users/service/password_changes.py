"""New passwords: chosen by a user who knows the old one, or by whoever reads their mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from shared.db import ReadSession, WriteSession
from subgraphs.users import events, identity
from subgraphs.users.mails import Mails
from subgraphs.users.models import User
from subgraphs.users.repository import one_time_tokens, sessions, users
from subgraphs.users.repository.one_time_tokens import Purpose
from subgraphs.users.service.clock import Clock
from subgraphs.users.service.links import issue_token
from subgraphs.users.service.outcomes import EndReason, ExpiredLink, InvalidCredentials
from subgraphs.users.settings import UsersSettings
from subgraphs.users.tokens import digest


@dataclass(frozen=True, slots=True)
class PasswordChanges:
    """What happens around the moment in which a password becomes another one."""

    settings: UsersSettings
    mails: Mails
    clock: Clock

    async def change(
        self, session: WriteSession, *, user_id: UUID, checked_hash: str, new_hash: str, session_id: UUID | None
    ) -> User | InvalidCredentials:
        """Set a new password, if the one that was checked is still the user's.

        Every session but ``session_id`` ends, because one of them may be the reason for the change.
        """
        now = self.clock()
        user = await users.change_password(session, user_id, old_hash=checked_hash, new_hash=new_hash, now=now)
        if user is None:
            return InvalidCredentials()
        await sessions.end_all(session, user_id, EndReason.PASSWORD_CHANGED, now, except_id=session_id)
        await one_time_tokens.withdraw(session, user_id, Purpose.RESET_PASSWORD)
        events.publish(session, user, events.UserPasswordChanged(user_id=user.id, at=now, by_reset=False))
        return user

    async def request_reset(self, session: WriteSession, *, email: str) -> None:
        """Mail a link to choose a new password, if there is such a user; the caller does not learn whether.

        Raises:
            InvalidValue: it is not an address at all.
        """
        user = await users.by_email(session, identity.email_key(identity.normalised_email(email)))
        if user is not None:
            lifetime = timedelta(minutes=self.settings.reset_minutes)
            token = issue_token(session, user, Purpose.RESET_PASSWORD, lifetime, self.clock())
            self.mails.reset_password(session, user, token)

    async def holder(self, session: ReadSession, *, token: str) -> User | None:
        """Whose password the token of a reset mail may set."""
        return await one_time_tokens.holder(session, digest(token), Purpose.RESET_PASSWORD, self.clock())

    async def reset(self, session: WriteSession, *, token: str, new_hash: str) -> User | ExpiredLink:
        """Set a new password with the token of a reset mail, and end every session.

        The token came by mail, so it also proves the mailbox.
        """
        now = self.clock()
        holder = await one_time_tokens.holder(session, digest(token), Purpose.RESET_PASSWORD, now)
        if holder is None:
            return ExpiredLink()
        # The user before the tokens: two tokens of one user, used at once, would otherwise wait for each other.
        await users.lock(session, [holder.id])
        if await one_time_tokens.use(session, digest(token), Purpose.RESET_PASSWORD, now) is None:
            return ExpiredLink()
        for purpose in Purpose:
            await one_time_tokens.withdraw(session, holder.id, purpose)
        user = await users.change_password(session, holder.id, old_hash=None, new_hash=new_hash, now=now)
        assert user is not None, "we hold its lock"
        events.publish(session, user, events.UserPasswordChanged(user_id=user.id, at=now, by_reset=True))
        if (verified := await users.verify_email(session, holder.id, now)) is not None:
            user = verified
            events.publish(session, user, events.UserEmailVerified(user_id=user.id, email=user.email, verified_at=now))
        await sessions.end_all(session, user.id, EndReason.PASSWORD_CHANGED, now)
        return user
