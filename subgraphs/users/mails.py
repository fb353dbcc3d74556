"""The mails of this domain. Their templates are in ``mail/``, one per language."""

from __future__ import annotations

from urllib.parse import quote

from shared.db import WriteSession
from shared.messaging import record_mail
from subgraphs.users.models import OutboxMessage, User
from subgraphs.users.settings import UsersSettings


class Mails:
    """Records mails in the current transaction; the relay sends them after the commit."""

    def __init__(self, public_url: str, settings: UsersSettings) -> None:
        self._public_url = public_url.rstrip("/")
        self._hours = str(settings.verification_hours)
        self._minutes = str(settings.reset_minutes)

    def verify_email(self, session: WriteSession, user: User, token: str) -> None:
        """The link that proves the mailbox."""
        self._record(
            session, user, "verify_email", link=self._link("verify-email", token), token=token, hours=self._hours
        )

    def sign_up_attempt(self, session: WriteSession, user: User, token: str) -> None:
        """Somebody signed up with an address that has an account: tell its owner, and offer a new password."""
        self._record(
            session,
            user,
            "sign_up_attempt",
            link=self._link("reset-password", token),
            token=token,
            minutes=self._minutes,
        )

    def reset_password(self, session: WriteSession, user: User, token: str) -> None:
        """The link that lets its holder choose a new password."""
        self._record(
            session,
            user,
            "reset_password",
            link=self._link("reset-password", token),
            token=token,
            minutes=self._minutes,
        )

    def account_deleted(self, session: WriteSession, user: User) -> None:
        """The account is gone. ``user`` is as they were before."""
        self._record(session, user, "account_deleted")

    def _link(self, page: str, token: str) -> str:
        # In the fragment: it reaches the page and neither server logs nor Referer headers.
        return f"{self._public_url}/{page}#token={quote(token)}"

    @staticmethod
    def _record(session: WriteSession, user: User, name: str, **context: str) -> None:
        # A name goes only to a proven mailbox: otherwise strangers could have us mail their words to anybody.
        greeting = user.display_name if user.email_verified_at is not None else ""
        record_mail(
            session,
            OutboxMessage,
            to=user.email,
            template=f"users/{name}",
            locale=user.locale,
            context={"name": greeting, **context},
        )
