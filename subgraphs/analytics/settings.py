"""Knobs of the analytics domain, read from ``RESERVEI_ANALYTICS_*`` variables."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class AnalyticsSettings(BaseSettings):
    """Batches, limits and the pace of the dashboard."""

    model_config = SettingsConfigDict(env_prefix="RESERVEI_ANALYTICS_", extra="ignore", frozen=True)

    batch_events: int = Field(default=5_000, ge=1, le=50_000, description="Most events written at a time.")
    batch_seconds: float = Field(default=1.0, gt=0, le=60, description="Longest wait for a batch to fill.")
    client_events_per_minute: int = Field(
        default=2_000, ge=500, description="Client events taken from one visitor, and ten times that from one address."
    )
