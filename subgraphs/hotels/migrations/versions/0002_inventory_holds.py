"""Holds of rooms for bookings, and the inbox of the commands that ask for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.String(length=80), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "event_id", name=op.f("pk_inbox")),
    )
    op.create_index("ix_inbox_processed_at", "inbox", ["processed_at"], unique=False)
    op.create_table(
        "inventory_holds",
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("room_type_id", sa.Uuid(), nullable=True),
        sa.Column("check_in", sa.Date(), nullable=True),
        sa.Column("check_out", sa.Date(), nullable=True),
        sa.Column("rooms", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("sold_out_nights", postgresql.ARRAY(sa.Date()), server_default="{}", nullable=False),
        sa.Column("replaces_hold_id", sa.Uuid(), nullable=True),
        sa.Column("shared_rooms", sa.Integer(), server_default="0", nullable=False),
        sa.Column("shared_from", sa.Date(), nullable=True),
        sa.Column("shared_until", sa.Date(), nullable=True),
        sa.Column("correlation_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state = 'CONFIRMED') <= (confirmed_at IS NOT NULL)", name=op.f("ck_inventory_holds_confirmed")
        ),
        sa.CheckConstraint("(state = 'REFUSED') = (reason IS NOT NULL)", name=op.f("ck_inventory_holds_refused")),
        sa.CheckConstraint(
            "state = 'RELEASED' OR num_nulls(room_type_id, check_in, check_out, rooms, expires_at) = 0",
            name=op.f("ck_inventory_holds_complete"),
        ),
        sa.CheckConstraint(
            "state IN ('HELD', 'CONFIRMED', 'RELEASED', 'EXPIRED', 'REFUSED')", name=op.f("ck_inventory_holds_state")
        ),
        sa.CheckConstraint(
            "0 <= shared_rooms AND shared_rooms <= rooms AND (shared_rooms = 0 OR check_in <= shared_from "
            "AND shared_from < shared_until AND shared_until <= check_out AND replaces_hold_id IS NOT NULL)",
            name=op.f("ck_inventory_holds_shared"),
        ),
        sa.CheckConstraint("check_in < check_out AND rooms >= 1", name=op.f("ck_inventory_holds_stay")),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk_inventory_holds")),
    )
    op.create_index(
        "ix_inventory_holds_expires_at",
        "inventory_holds",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'HELD'"),
    )
    op.create_index(
        "uq_inventory_holds_replaces_hold_id",
        "inventory_holds",
        ["replaces_hold_id"],
        unique=True,
        postgresql_where=sa.text("state = 'HELD' AND shared_rooms > 0"),
    )


def downgrade() -> None:
    op.drop_table("inventory_holds")
    op.drop_table("inbox")
