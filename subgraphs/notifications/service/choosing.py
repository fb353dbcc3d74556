"""What users choose: kinds and channels, quiet hours, the digest, browsers."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec

from shared.db import WriteSession
from subgraphs.notifications.kinds import CHOOSABLE, RULES, Channel, Kind, is_locked
from subgraphs.notifications.models import PushSubscription
from subgraphs.notifications.repository import deliveries, feeds, preferences
from subgraphs.notifications.service.errors import AccountDeleted, InvalidValue, PreferenceLocked, UnknownSubscription
from subgraphs.notifications.settings import NotificationsSettings

_PHONE: Final = re.compile(r"\+[1-9][0-9]{7,14}")
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
LONGEST_LABEL: Final = 80


@dataclass(frozen=True, slots=True)
class Changes:
    """What to change; what is not named stays."""

    choices: Mapping[tuple[Kind, Channel], bool] = field(default_factory=dict)
    has_quiet_hours: bool | None = None
    """``False`` removes them, ``True`` sets the next two."""
    quiet_from: str | None = None
    quiet_until: str | None = None
    has_daily_digest: bool | None = None
    changes_phone_number: bool = False
    phone_number: str | None = None


async def update(session: WriteSession, user_id: UUID, changes: Changes, now: datetime) -> None:
    """Write what the user chose. Doing so again changes nothing.

    Raises:
        PreferenceLocked: one of the choices is not the user's.
        InvalidValue: a value is not acceptable.
        AccountDeleted: the user is gone.
    """
    for kind, channel in changes.choices:
        if kind not in CHOOSABLE or is_locked(kind, channel):
            raise PreferenceLocked(kind, channel)
    values: dict[str, Any] = {}
    if changes.has_quiet_hours is not None:
        values |= _quiet_hours(changes)
    if changes.has_daily_digest is not None:
        values["has_daily_digest"] = changes.has_daily_digest
    if changes.changes_phone_number:
        if changes.phone_number is not None and not _PHONE.fullmatch(changes.phone_number):
            raise InvalidValue("phoneNumber", "phone_malformed")
        values["phone_number"] = changes.phone_number
    await _locked(session, user_id)
    await preferences.put_choices(session, user_id, changes.choices)
    await preferences.put_settings(session, user_id, values)
    if changes.has_daily_digest is False:
        await deliveries.release_held(session, user_id, now)
        await deliveries.wake(session)


async def switch_off(session: WriteSession, user_id: UUID, kind: Kind, channel: Channel) -> bool:
    """Switch one kind off for one channel, by an unsubscribe link; ``False`` when the user is gone."""
    if kind is not Kind.DIGEST and is_locked(kind, channel):
        raise PreferenceLocked(kind, channel)
    if not await feeds.lock(session, user_id):
        return False
    if kind is Kind.DIGEST:
        # Who unsubscribes from the digest wants fewer mails, not each of them by itself.
        off: dict[tuple[Kind, Channel], bool] = {
            (each, Channel.EMAIL): False for each in CHOOSABLE if _is_in_digest(each)
        }
        await preferences.put_choices(session, user_id, off)
        await preferences.put_settings(session, user_id, {"has_daily_digest": False})
    else:
        await preferences.put_choices(session, user_id, {(kind, channel): False})
    return True


async def subscribe(
    session: WriteSession,
    user_id: UUID,
    *,
    endpoint: str,
    p256dh: str,
    auth: str,
    label: str | None,
    settings: NotificationsSettings,
) -> PushSubscription:
    """Send web push to a browser from now on. The same browser again stays one subscription.

    Raises:
        InvalidValue: the endpoint is no push service that we know, or a key is malformed.
        AccountDeleted: the user is gone.
    """
    if not is_push_service(endpoint, settings.push_services):
        raise InvalidValue("endpoint", "push_service_unknown")
    _check_keys(p256dh, auth)
    if label is not None and len(label) > LONGEST_LABEL:
        raise InvalidValue("label", "label_too_long", limit=LONGEST_LABEL)
    await _locked(session, user_id)
    subscription = await preferences.put_subscription(
        session, user_id, endpoint=endpoint, p256dh=p256dh, auth=auth, label=label
    )
    await preferences.keep_newest_subscriptions(session, user_id, settings.max_push_subscriptions)
    return subscription


async def unsubscribe(session: WriteSession, user_id: UUID, subscription_id: UUID) -> None:
    """Send no more web push to a browser. Raises :class:`UnknownSubscription`, also the second time."""
    if not await preferences.delete_subscription(session, subscription_id, user_id):
        raise UnknownSubscription


def is_push_service(endpoint: str, services: Sequence[str]) -> bool:
    """Whether an endpoint is at one of the push services; ``*.`` in one stands for any host below it.

    We call the endpoint later, from inside our network, so a browser's word for it is not enough.
    """
    try:
        asked = urlsplit(endpoint)
        port = asked.port
    except ValueError:
        return False
    if len(endpoint) > 2048 or asked.username is not None or asked.password is not None or not asked.hostname:
        return False
    for service in services:
        known = urlsplit(service)
        host = known.hostname or ""
        is_same = asked.hostname.endswith(host[1:]) if host.startswith("*.") else asked.hostname == host
        if is_same and asked.scheme == known.scheme and port == known.port:
            return True
    return False


def _is_in_digest(kind: Kind) -> bool:
    return RULES[kind].in_digest


def _quiet_hours(changes: Changes) -> dict[str, Any]:
    if not changes.has_quiet_hours:
        return {"quiet_from": None, "quiet_until": None}
    begin, end = changes.quiet_from or "", changes.quiet_until or ""
    if not _CLOCK.fullmatch(begin) or not _CLOCK.fullmatch(end) or begin == end:
        raise InvalidValue("quietHours", "quiet_hours_incomplete")
    return {"quiet_from": time.fromisoformat(begin), "quiet_until": time.fromisoformat(end)}


def _check_keys(p256dh: str, auth: str) -> None:
    """Raise :class:`InvalidValue` unless these are a point on P-256 and 16 bytes, base64url (RFC 8291)."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _decoded(p256dh, 100))
    except ValueError:
        raise InvalidValue("keys.p256dh", "push_key_malformed") from None
    try:
        secret = _decoded(auth, 40)
    except ValueError:
        raise InvalidValue("keys.auth", "push_key_malformed") from None
    if len(secret) != 16:
        raise InvalidValue("keys.auth", "push_key_malformed")


def _decoded(value: str, longest: int) -> bytes:
    if len(value) > longest:
        raise ValueError("too long")
    try:
        return base64.b64decode(value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error


async def _locked(session: WriteSession, user_id: UUID) -> None:
    if not await feeds.lock(session, user_id):
        raise AccountDeleted
