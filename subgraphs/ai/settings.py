"""Knobs of the AI domain, read from ``RESERVEI_AI_*`` variables."""

from __future__ import annotations

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class AiSettings(BaseSettings):
    """Search, learning and the assistant."""

    model_config = SettingsConfigDict(env_prefix="RESERVEI_AI_", extra="ignore", frozen=True, populate_by_name=True)

    router_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("router_url", "RESERVEI_ROUTER_URL"),
        description="`RESERVEI_ROUTER_URL`: where the assistant's tools call the supergraph; default: our router here.",
    )
    tool_timeout_seconds: float = Field(default=8.0, gt=0, description="How long a tool waits for the router.")
    tool_calls_per_reply: int = Field(default=12, ge=1, description="Tool calls that one reply may make.")
    reply_timeout_seconds: float = Field(default=90.0, gt=0, description="How long a reply may take.")
    reply_characters: int = Field(default=8_000, ge=200, description="How long a reply may be.")
    replies_at_once: int = Field(default=32, ge=1, description="Replies that one process writes at the same time.")
    lease_seconds: float = Field(
        default=20.0,
        gt=0,
        description="A reply whose writer is silent for so long has failed; it says so thrice a lease.",
    )
    history_messages: int = Field(default=20, ge=0, description="Earlier messages that an engine is shown.")
    messages_per_day: int = Field(default=100, ge=1, description="Messages that a traveler may send in a day.")
    tokens_per_day: int = Field(
        default=200_000, ge=1, description="Tokens of a language model that a traveler may use in a day."
    )
    messages_per_minute: int = Field(default=20, ge=1, description="Messages that a traveler may send in a minute.")
    budget_time_zone: str = Field(default="America/Sao_Paulo", description="Where a day of the budget begins.")
    proposal_minutes: float = Field(default=10.0, gt=0, description="How long a proposal can be confirmed.")
    keep_days: int = Field(default=180, ge=1, description="Conversations without a message for so long are deleted.")
