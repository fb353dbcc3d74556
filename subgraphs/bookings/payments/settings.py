"""Knobs of the payments, read from ``RESERVEI_PAYMENTS_*`` and ``RESERVEI_STRIPE_*`` variables."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.config import DOMAIN_PORTS


class PaymentsSettings(BaseSettings):
    """Which provider, how long it may take to answer, and what we keep."""

    model_config = SettingsConfigDict(
        env_prefix="RESERVEI_PAYMENTS_", extra="ignore", frozen=True, populate_by_name=True
    )

    provider_timeout_seconds: float = Field(
        default=10, gt=0, le=60, description="An answer that takes longer counts as silence; the call is repeated."
    )
    commission_bps: int = Field(
        default=1500, ge=0, le=10_000, description="Our share of a payment, in hundredths of a percent."
    )
    check_seconds: int = Field(
        default=30, ge=1, description="How soon an unfinished payment is looked at; the waits double from there."
    )
    sandbox_late_seconds: float = Field(
        default=3, ge=0, description="How long the sandbox takes to approve the cards that are approved late."
    )
    sandbox_url: str | None = Field(
        default=None,
        description=(
            "Where browsers reach the sandbox's pages for travelers; by default the bookings subgraph's own port on "
            "this machine, where `reservei up` serves it beside the router."
        ),
    )
    bookings_port: int = Field(
        default=DOMAIN_PORTS["bookings"],
        ge=1,
        le=65535,
        validation_alias="RESERVEI_BOOKINGS_PORT",
        description="Port of the bookings subgraph.",
    )

    stripe_key: SecretStr | None = Field(
        default=None, validation_alias="RESERVEI_STRIPE_KEY", description="Secret key: cards and PIX go to Stripe."
    )
    stripe_webhook_secret: SecretStr | None = Field(
        default=None, validation_alias="RESERVEI_STRIPE_WEBHOOK_SECRET", description="Signing secret of the endpoint."
    )
    stripe_api_base: str | None = Field(
        default=None, validation_alias="RESERVEI_STRIPE_API_BASE", description="Another address of Stripe's API."
    )

    @property
    def sandbox_address(self) -> str:
        """Where browsers reach the sandbox's pages."""
        return self.sandbox_url or f"http://127.0.0.1:{self.bookings_port}"

    @property
    def check_interval(self) -> timedelta:
        """The janitor's first wait."""
        return timedelta(seconds=self.check_seconds)
