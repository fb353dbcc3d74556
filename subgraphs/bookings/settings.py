"""Knobs of the bookings domain, read from ``RESERVEI_BOOKINGS_*`` variables."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from subgraphs.bookings.booking.events import PaymentMethodName
from subgraphs.bookings.booking.pricing import DiscountRules


class BookingsSettings(BaseSettings):
    """Limits of bookings, and the pace of the saga."""

    model_config = SettingsConfigDict(env_prefix="RESERVEI_BOOKINGS_", extra="ignore", frozen=True)

    max_stay_nights: int = Field(default=30, ge=1, le=90, description="Longest stay that is sold.")
    max_rooms: int = Field(default=9, ge=1, le=50, description="Most rooms in one booking.")
    card_minutes: int = Field(default=10, ge=1, description="How long rooms are kept for a card payment.")
    pix_minutes: int = Field(default=15, ge=1, description="How long rooms are kept for a PIX payment.")
    boleto_days: int = Field(default=3, ge=1, le=10, description="How long rooms are kept for a boleto.")
    answer_wait_ms: int = Field(
        default=2_000, ge=0, description="How long `createBooking` waits for the outcome unless told otherwise."
    )
    max_answer_wait_ms: int = Field(default=10_000, ge=0, description="Longest wait that a caller may ask for.")

    point_minor: int = Field(default=1, ge=1, description="What a point is worth as money, in centavos.")
    max_points_percent: int = Field(
        default=50, ge=0, le=100, description="How much of the price after the coupon points can pay."
    )
    minimum_charge_minor: int = Field(
        default=100,
        ge=1,
        description="What is left to pay in money however large the discounts, in minor units of the price.",
    )

    lease_seconds: float = Field(
        default=15.0, gt=0, description="For how long a worker has a saga to itself; a dead worker's is free after it."
    )
    poll_seconds: float = Field(default=0.5, gt=0, description="How often workers look for due sagas unasked.")
    saga_parallelism: int = Field(default=16, ge=1, description="Sagas that one worker drives at a time.")
    backoff_seconds: float = Field(default=0.5, gt=0, description="First wait before a step is tried again.")
    max_backoff_seconds: float = Field(default=60.0, gt=0, description="Longest wait before a step is tried again.")
    reply_seconds: float = Field(default=10.0, gt=0, description="When to repeat a command that got no reply.")
    stuck_attempts: int = Field(
        default=12, ge=1, description="Failures of a step without a deadline after which a person has to look."
    )

    def discount_rules(self) -> DiscountRules:
        """How far a price can go down."""
        return DiscountRules(
            point_minor=self.point_minor,
            max_points_percent=self.max_points_percent,
            minimum_charge_minor=self.minimum_charge_minor,
        )

    finished_sagas_days: int = Field(
        default=90, ge=1, description="How long the saga of a booking that is over is kept for support to look at."
    )
    housekeeping_seconds: float = Field(default=3600.0, gt=0, description="How often old sagas are removed.")

    def time_to_pay(self, method: PaymentMethodName) -> timedelta:
        """How long rooms are kept until they are paid."""
        match method:
            case "card":
                return timedelta(minutes=self.card_minutes)
            case "pix":
                return timedelta(minutes=self.pix_minutes)
            case "boleto":
                return timedelta(days=self.boleto_days)
