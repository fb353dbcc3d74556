"""The end of an account: what is personal goes, what others refer to stays as nobody's (LGPD, article 18, VI)."""

from __future__ import annotations

from dataclasses import dataclass

from shared.db import WriteSession
from subgraphs.users import events
from subgraphs.users.mails import Mails
from subgraphs.users.models import User
from subgraphs.users.repository import one_time_tokens, sessions, users
from subgraphs.users.repository.one_time_tokens import Purpose
from subgraphs.users.service.clock import Clock
from subgraphs.users.service.outcomes import AdministratorAccount, EndReason, InvalidCredentials


@dataclass(frozen=True, slots=True)
class Deletion:
    """What happens when a user leaves."""

    mails: Mails
    clock: Clock

    async def delete(
        self, session: WriteSession, user: User, *, checked_hash: str
    ) -> User | InvalidCredentials | AdministratorAccount:
        """Erase what is personal, end every session, and tell the other domains to do the same.

        The row stays under its id, so that bookings and reviews still resolve. Access tokens that were issued already
        run out within minutes.

        Args:
            session: The transaction.
            user: Who leaves, as they were read before; the last mail goes to the address in it.
            checked_hash: The hash that the password was checked against. If it is not the user's any more, the
                password has changed meanwhile and nothing happens.
        """
        now = self.clock()
        deleted = await users.anonymise(session, user.id, password_hash=checked_hash, now=now)
        if deleted is None:
            locked = (await users.lock(session, [user.id])).get(user.id)
            unchanged = locked is not None and locked.password_hash == checked_hash
            return AdministratorAccount() if unchanged else InvalidCredentials()
        await sessions.end_all(session, user.id, EndReason.ACCOUNT_DELETED, now)
        await sessions.forget_devices(session, user.id)
        for purpose in Purpose:
            await one_time_tokens.withdraw(session, user.id, purpose)
        self.mails.account_deleted(session, user)
        events.publish(session, deleted, events.UserDeleted(user_id=user.id, at=now))
        return deleted
