"""Use cases around the keys that sign access tokens.

Everything follows from instants in the rows, so a rotation needs no second step at a later time: the new key is
published at once and signs from ``signs_from`` on, by when every verifier knows it; the old one signs until then and
is published until the last token it signed has ended.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from shared.db import WriteSession
from subgraphs.users.models import SigningKey
from subgraphs.users.repository import signing_keys
from subgraphs.users.settings import UsersSettings
from subgraphs.users.signing_keys import KeyVault

CLOCK_TOLERANCE: Final = timedelta(seconds=60)
"""How far the clocks of two processes may differ. A key that has to sign at once does so for slower ones too."""


async def ensure_key(session: WriteSession, vault: KeyVault, now: datetime) -> SigningKey:
    """The newest key; the first process that asks makes the first key, the others wait for it."""
    await signing_keys.lock(session)
    newest = await signing_keys.newest(session)
    if newest is None:
        newest = vault.create(now=now, signs_from=now - CLOCK_TOLERANCE)
        session.add(newest)
        await session.flush()
    return newest


async def rotate(session: WriteSession, vault: KeyVault, settings: UsersSettings, now: datetime) -> SigningKey:
    """Announce the next key, and return it. When one is announced already, that one: rotating twice changes nothing."""
    newest = await ensure_key(session, vault, now)
    if newest.signs_from > now:
        return newest
    takes_over_at = now + settings.key_lead
    await signing_keys.supersede(
        session,
        signs_until=takes_over_at,
        published_until=takes_over_at + settings.access_token_lifetime + CLOCK_TOLERANCE,
    )
    following = vault.create(now=now, signs_from=takes_over_at)
    session.add(following)
    await session.flush()
    return following


async def rotate_if_due(session: WriteSession, vault: KeyVault, settings: UsersSettings, now: datetime) -> bool:
    """Rotate when the newest key has signed long enough; return whether it did. Safe to call from every process."""
    newest = await ensure_key(session, vault, now)
    if newest.signs_from + timedelta(days=settings.key_rotation_days) > now:
        return False
    await rotate(session, vault, settings, now)
    return True


async def replace_all(session: WriteSession, vault: KeyVault, now: datetime) -> SigningKey:
    """Withdraw every key and sign with a new one from now on: for a key or secret that was lost or stolen.

    Access tokens stop working as soon as verifiers read the key set again (300 s at most); sessions go on, for a
    refresh token needs no key.
    """
    await signing_keys.lock(session)
    await signing_keys.withdraw_all(session, now)
    key = vault.create(now=now, signs_from=now - CLOCK_TOLERANCE)
    session.add(key)
    await session.flush()
    return key
