"""Tokens that travel by mail."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.db import WriteSession
from subgraphs.users.models import OneTimeToken, User
from subgraphs.users.repository.one_time_tokens import Purpose
from subgraphs.users.tokens import digest, new_secret


def issue_token(session: WriteSession, user: User, purpose: Purpose, lifetime: timedelta, now: datetime) -> str:
    """A token for a link in a mail to ``user``; only its digest is kept.

    Earlier tokens stay good until they expire or one of them is used: the mail that arrives first works.
    """
    token = new_secret()
    session.add(
        OneTimeToken(
            digest=digest(token), user_id=user.id, purpose=purpose.value, created_at=now, expires_at=now + lifetime
        )
    )
    return token
