"""Knobs of the AI domain, read from ``RESERVEI_AI_*`` variables."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict


class AiSettings(BaseSettings):
    """Search, learning and the assistant."""

    model_config = SettingsConfigDict(env_prefix="RESERVEI_AI_", extra="ignore", frozen=True)
