"""Sign-up, and proof that the mailbox is the user's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from shared.auth import Role
from shared.contracts.users import DEFAULT_TIME_ZONE
from shared.db import WriteSession, new_id
from subgraphs.users import events, identity
from subgraphs.users.mails import Mails
from subgraphs.users.models import User
from subgraphs.users.passwords import PasswordHasher, check_password
from subgraphs.users.repository import one_time_tokens, users
from subgraphs.users.repository.one_time_tokens import Purpose
from subgraphs.users.service.clock import Clock
from subgraphs.users.service.links import issue_token
from subgraphs.users.service.outcomes import ExpiredLink
from subgraphs.users.settings import UsersSettings
from subgraphs.users.tokens import digest


@dataclass(frozen=True, slots=True)
class Registration:
    """How somebody becomes a user."""

    settings: UsersSettings
    hasher: PasswordHasher
    mails: Mails
    clock: Clock

    async def sign_up(
        self,
        session: WriteSession,
        *,
        email: str,
        password: str,
        display_name: str,
        locale: identity.Locale,
        time_zone: str = DEFAULT_TIME_ZONE,
    ) -> None:
        """Create an account, or tell the owner of the address that somebody tried.

        Both take the same statements and the same password hash, and neither returns anything, so that a stranger
        cannot tell them apart. An account whose address was never verified counts as known: the mail offers its
        owner a new password, and choosing one proves the mailbox.

        Raises:
            InvalidValue: the address, name, password or time zone is not acceptable, whoever it belongs to.
        """
        email = identity.normalised_email(email)
        name = identity.cleaned_name(display_name)
        time_zone = identity.checked_time_zone(time_zone)
        check_password(password, email=email, display_name=name)
        # Before the first statement, so that no connection waits for the hash.
        password_hash = await self.hasher.hash(password)
        candidate = User(
            id=new_id(),
            email=email,
            email_key=identity.email_key(email),
            password_hash=password_hash,
            display_name=name,
            locale=locale,
            time_zone=time_zone,
            roles=[Role.TRAVELER.value],
            event_sequence=1,
        )
        is_new = await users.add_if_new(session, candidate)
        owner = await users.by_email(session, candidate.email_key)
        assert owner is not None, "the address is taken, by us or by somebody before us"
        if is_new:
            self.mails.verify_email(session, owner, self._verification_token(session, owner))
            events.publish(session, owner, events.registered(owner))
        else:
            lifetime = timedelta(minutes=self.settings.reset_minutes)
            token = issue_token(session, owner, Purpose.RESET_PASSWORD, lifetime, self.clock())
            self.mails.sign_up_attempt(session, owner, token)

    async def request_verification(self, session: WriteSession, *, email: str) -> None:
        """Mail a fresh link to an address that is still to be verified; do nothing for any other.

        Raises:
            InvalidValue: it is not an address at all.
        """
        user = await users.by_email(session, identity.email_key(identity.normalised_email(email)))
        if user is not None and user.email_verified_at is None:
            self.mails.verify_email(session, user, self._verification_token(session, user))

    async def verify_email(self, session: WriteSession, *, token: str) -> User | ExpiredLink:
        """Accept the token of a verification mail as proof of the mailbox."""
        now = self.clock()
        holder = await one_time_tokens.holder(session, digest(token), Purpose.VERIFY_EMAIL, now)
        if holder is None:
            return ExpiredLink()
        await users.lock(session, [holder.id])
        if await one_time_tokens.use(session, digest(token), Purpose.VERIFY_EMAIL, now) is None:
            return ExpiredLink()
        await one_time_tokens.withdraw(session, holder.id, Purpose.VERIFY_EMAIL)
        verified = await users.verify_email(session, holder.id, now)
        if verified is None:  # a password reset has proven the mailbox meanwhile
            return holder
        events.publish(
            session, verified, events.UserEmailVerified(user_id=verified.id, email=verified.email, verified_at=now)
        )
        return verified

    def _verification_token(self, session: WriteSession, user: User) -> str:
        lifetime = timedelta(hours=self.settings.verification_hours)
        return issue_token(session, user, Purpose.VERIFY_EMAIL, lifetime, self.clock())
