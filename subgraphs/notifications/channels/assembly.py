"""Which provider sends what, from the settings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp

from shared.config import PlatformSettings
from shared.messaging.mail import open_mailer
from subgraphs.notifications.channels.email import EmailProvider
from subgraphs.notifications.channels.port import Provider
from subgraphs.notifications.channels.sms import FolderSms, TwilioSms
from subgraphs.notifications.channels.vapid import vapid_key
from subgraphs.notifications.channels.web_push import WebPush
from subgraphs.notifications.kinds import Channel
from subgraphs.notifications.settings import NotificationsSettings


@asynccontextmanager
async def open_providers(
    platform: PlatformSettings, settings: NotificationsSettings
) -> AsyncIterator[Mapping[Channel, Provider]]:
    """The providers, for as long as the block lasts.

    Raises:
        RuntimeError: Twilio is half configured.
    """
    async with aiohttp.ClientSession() as session:
        providers: dict[Channel, Provider] = {
            Channel.EMAIL: EmailProvider(open_mailer(platform), sender=platform.mail_from),
            Channel.SMS: _sms(session, platform, settings),
        }
        key = vapid_key(platform, settings)
        if key is not None:
            providers[Channel.PUSH] = WebPush(session, key=key, subject=settings.vapid_subject)
        yield providers


def _sms(session: aiohttp.ClientSession, platform: PlatformSettings, settings: NotificationsSettings) -> Provider:
    account, token, sender = settings.twilio_account, settings.twilio_token, settings.twilio_from
    if account is None and token is None:
        return FolderSms(platform.data_dir / "sms")
    if account is None or token is None or sender is None:
        raise RuntimeError(
            "RESERVEI_NOTIFICATIONS_TWILIO_ACCOUNT, _TWILIO_TOKEN and _TWILIO_FROM must be set together, or not at all."
        )
    return TwilioSms(session, url=settings.twilio_url, account=account, token=token.get_secret_value(), sender=sender)
