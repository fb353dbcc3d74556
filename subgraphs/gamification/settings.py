"""Knobs of the gamification domain, read from ``RESERVEI_GAMIFICATION_*`` variables."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class GamificationSettings(BaseSettings):
    """Limits of redeeming, and the pace of the background tasks."""

    model_config = SettingsConfigDict(env_prefix="RESERVEI_GAMIFICATION_", extra="ignore", frozen=True)

    least_redeemed: int = Field(default=500, ge=1, description="Fewest points that can be turned into a coupon.")
    most_redeemed: int = Field(default=1_000_000, ge=1, description="Most points that can be turned into a coupon.")
    coupon_days: int = Field(default=180, ge=1, description="How long such a coupon is valid.")
    poll_seconds: float = Field(
        default=1.0, gt=0, description="How often the worker looks for points that expire and scores that changed."
    )
    update_days: int = Field(
        default=30, ge=1, description="How long changes of progress are kept for subscriptions to go on from."
    )
