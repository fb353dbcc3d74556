"""Knobs of the notifications domain, read from ``RESERVEI_NOTIFICATIONS_*`` variables."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class NotificationsSettings(BaseSettings):
    """The pace of the queue, what is sent how often, and the providers."""

    model_config = SettingsConfigDict(env_prefix="RESERVEI_NOTIFICATIONS_", extra="ignore", frozen=True)

    lease_seconds: float = Field(
        default=60.0, gt=0, description="For how long a worker has a delivery to itself; a dead worker's is free after."
    )
    poll_seconds: float = Field(default=1.0, gt=0, description="How often workers look for due deliveries unasked.")
    schedule_poll_seconds: float = Field(default=5.0, gt=0, description="How often workers look for due reminders.")
    parallelism: int = Field(
        default=8, ge=2, description="Deliveries that a worker has under way; campaigns get at most half of them."
    )
    max_attempts: int = Field(default=10, ge=1, description="Attempts after which a delivery is dead.")
    email_backoff_seconds: float = Field(default=5.0, gt=0, description="First wait after a mail server refused.")
    sms_backoff_seconds: float = Field(default=10.0, gt=0, description="First wait after the SMS provider refused.")
    push_backoff_seconds: float = Field(default=5.0, gt=0, description="First wait after a push service refused.")
    max_backoff_seconds: float = Field(default=3600.0, gt=0, description="Longest wait before another attempt.")
    breaker_failures: int = Field(
        default=5, ge=1, description="Failures in a row after which a provider is left alone for a while."
    )
    breaker_seconds: float = Field(default=30.0, gt=0, description="How long it is left alone.")
    contact_wait_hours: int = Field(
        default=24, ge=1, description="How long a mail waits for an address that users has not told us yet."
    )

    keep_days: int = Field(
        default=400, ge=61, description="How long notifications and the log of their deliveries are kept."
    )
    stale_hours: int = Field(
        default=72, ge=1, description="Nothing is sent about what happened longer ago; in the app it is shown."
    )
    reminder_hours: int = Field(default=24, ge=1, description="How long before check-in a traveler is reminded.")
    review_after_hours: int = Field(default=20, ge=0, description="How long after check-out we ask for a review.")
    daily_cap: int = Field(
        default=5, ge=1, description="Messages by each channel and day at most, of those that can be left out."
    )
    digest_hour: int = Field(default=8, ge=0, le=23, description="Local hour at which the daily digest is sent.")
    max_push_subscriptions: int = Field(default=20, ge=1, description="Browsers of one traveler; the oldest makes way.")

    public_url: str = Field(
        default="http://127.0.0.1:3005",
        description="Address of the notifications subgraph as mail programs reach it, for unsubscribe links.",
    )
    push_services: list[str] = Field(
        default=[
            "https://fcm.googleapis.com/",
            "https://updates.push.services.mozilla.com/",
            "https://web.push.apple.com/",
            "https://*.notify.windows.com/",
        ],
        description="Push services that subscriptions may name; we call no other address on a browser's word.",
    )
    vapid_private_key: SecretStr | None = Field(
        default=None,
        description="P-256 private key, base64url, 32 bytes. Absent: derived from RESERVEI_SECRET_KEY.",
    )
    vapid_subject: str = Field(
        default="mailto:no-reply@reservei.local", description="Whom push services write to when something is wrong."
    )

    twilio_account: str | None = Field(default=None, description="Account SID: SMS go out through Twilio's API.")
    twilio_token: SecretStr | None = Field(default=None, description="Auth token of that account.")
    twilio_from: str | None = Field(default=None, description="Sender number, or a messaging service SID (MG...).")
    twilio_url: str = Field(default="https://api.twilio.com", description="Address of the API.")

    bounce_secret: SecretStr | None = Field(
        default=None, description="Signs what the mail provider reports to /webhooks/mail. Absent: nothing is accepted."
    )
