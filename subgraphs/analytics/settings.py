"""Knobs of the analytics domain, read from ``RESERVEI_ANALYTICS_*`` variables."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict


class AnalyticsSettings(BaseSettings):
    """Batches, limits and the pace of the dashboard."""

    model_config = SettingsConfigDict(env_prefix="RESERVEI_ANALYTICS_", extra="ignore", frozen=True)
