"""Knobs of the users domain, read from ``RESERVEI_USERS_*`` variables."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.resilience import Rate


class UsersSettings(BaseSettings):
    """How passwords are hashed, how long proofs of identity last, and how often one may try."""

    model_config = SettingsConfigDict(env_prefix="RESERVEI_USERS_", extra="ignore", frozen=True)

    # OWASP Password Storage Cheat Sheet: Argon2id with m=19456 (19 MiB), t=2, p=1.
    argon2_memory_kib: int = Field(default=19_456, ge=8, description="Memory of one Argon2id hash, in KiB.")
    argon2_time_cost: int = Field(default=2, ge=1, description="Passes of one Argon2id hash over that memory.")
    argon2_parallelism: int = Field(default=1, ge=1, description="Lanes of one Argon2id hash.")
    hashing_threads: int = Field(
        default=2, ge=1, le=64, description="Passwords hashed at once per process; bounds memory and processor time."
    )

    access_token_seconds: int = Field(default=600, ge=30, le=3600, description="How long an access token is valid.")
    refresh_token_days: int = Field(default=30, ge=1, description="A session that is not refreshed for this long ends.")
    session_days: int = Field(default=180, ge=1, description="A session ends after this long, however often refreshed.")
    refresh_grace_seconds: int = Field(
        default=10,
        ge=0,
        le=120,
        description="A refresh token that comes again this soon after its rotation is a race of two tabs, not a theft.",
    )
    key_rotation_days: int = Field(default=30, ge=1, description="How long one key signs before the next takes over.")
    key_lead_seconds: int = Field(
        default=900,
        ge=360,
        description="How long a key is published before it signs. Longer than verifiers keep a key set (300 s).",
    )

    verification_hours: int = Field(default=48, ge=1, description="How long the link of a verification mail works.")
    reset_minutes: int = Field(default=30, ge=5, description="How long the link of a password-reset mail works.")
    sign_in_requires_verified_email: bool = Field(
        default=True,
        description=(
            "Refuse sign-in, with the same answer as a wrong password, until the address is verified. When off, "
            "somebody can learn whether an address has an account: sign up with it, then try to sign in."
        ),
    )
    uniform_response_seconds: float = Field(
        default=0.3,
        ge=0,
        le=5,
        description="Answers that must not tell known from unknown addresses take at least this long.",
    )

    sign_in_attempts_per_account: int = Field(
        default=10, ge=1, description="Failed sign-ins per e-mail and 15 minutes."
    )
    sign_in_attempts_per_address: int = Field(
        default=50, ge=1, description="Failed sign-ins per address and 15 minutes."
    )
    sign_ups_per_address: int = Field(default=20, ge=1, description="Sign-ups per client address and hour.")
    mails_per_account: int = Field(default=5, ge=1, description="Mails that strangers can cause per e-mail and hour.")
    mail_requests_per_address: int = Field(
        default=30, ge=1, description="Requests for reset or verification mails per client address and hour."
    )
    housekeeping_seconds: int = Field(default=3600, ge=10, description="How often expired rows are removed.")

    @model_validator(mode="after")
    def _session_outlives_token(self) -> Self:
        if self.session_days < self.refresh_token_days:
            raise ValueError("RESERVEI_USERS_SESSION_DAYS must not be below RESERVEI_USERS_REFRESH_TOKEN_DAYS")
        return self

    @property
    def sign_in_account_rate(self) -> Rate:
        return Rate(self.sign_in_attempts_per_account, 900)

    @property
    def sign_in_address_rate(self) -> Rate:
        return Rate(self.sign_in_attempts_per_address, 900)

    @property
    def sign_up_address_rate(self) -> Rate:
        return Rate(self.sign_ups_per_address, 3600)

    @property
    def mail_account_rate(self) -> Rate:
        return Rate(self.mails_per_account, 3600)

    @property
    def mail_address_rate(self) -> Rate:
        return Rate(self.mail_requests_per_address, 3600)

    @property
    def access_token_lifetime(self) -> timedelta:
        return timedelta(seconds=self.access_token_seconds)

    @property
    def key_lead(self) -> timedelta:
        return timedelta(seconds=self.key_lead_seconds)
