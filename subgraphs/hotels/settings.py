"""Knobs of the hotels domain, read from ``RESERVEI_HOTELS_*`` variables."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class HotelsSettings(BaseSettings):
    """Limits of stays, searches and calendars."""

    model_config = SettingsConfigDict(env_prefix="RESERVEI_HOTELS_", extra="ignore", frozen=True)

    max_stay_nights: int = Field(default=30, ge=1, le=90, description="Longest stay that is priced.")
    max_days_ahead: int = Field(
        default=548, ge=1, description="How far ahead a stay may begin, in days; 548 are 18 months."
    )
    max_rooms: int = Field(default=9, ge=1, le=50, description="Most rooms in one stay.")
    rooms_left_cap: int = Field(
        default=9, ge=1, description="`roomsLeft` says at most this, so that competitors cannot read our inventory."
    )
    max_calendar_days_ahead: int = Field(
        default=760, ge=1, description="How far ahead managers may set rates and inventory, in days."
    )
    max_calendar_view_nights: int = Field(default=92, ge=1, le=400, description="Nights of one `RoomType.calendar`.")
    max_search_radius_km: float = Field(default=500.0, gt=0, description="Largest radius around a point.")
