"""Interactions, nights sold, and models."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stays",
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("hotel_id", sa.Uuid(), nullable=False),
        sa.Column("room_type_id", sa.Uuid(), nullable=False),
        sa.Column("check_in", sa.Date(), nullable=False),
        sa.Column("check_out", sa.Date(), nullable=False),
        sa.Column("rooms", sa.SmallInteger(), nullable=False),
        sa.Column("guests", sa.SmallInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_stays")),
    )
    op.create_index(
        "ix_stays_user_id_booked_at",
        "stays",
        ["user_id", "booked_at"],
        unique=False,
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.create_index("ix_stays_hotel_id_check_in", "stays", ["hotel_id", "check_in"], unique=False)
    op.create_index("ix_stays_booked_at", "stays", ["booked_at"], unique=False)
    op.create_table(
        "views",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("hotel_id", sa.Uuid(), nullable=False),
        sa.Column("viewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_views")),
    )
    op.create_index("ix_views_user_id_viewed_at", "views", ["user_id", "viewed_at"], unique=False)
    op.create_index("ix_views_viewed_at", "views", ["viewed_at"], unique=False)
    op.create_table(
        "forgotten_users",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_forgotten_users")),
    )
    op.create_table(
        "learned_models",
        sa.Column("version", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("metrics", JSONB(), nullable=False),
        sa.Column("trained_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_learned_models")),
    )
    op.create_index("ix_learned_models_kind_version", "learned_models", ["kind", "version"], unique=False)
    op.create_table(
        "current_models",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["version"], ["learned_models.version"], name=op.f("fk_current_models_version")),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_current_models")),
    )
    op.create_table(
        "training_leases",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("holder", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_training_leases")),
    )


def downgrade() -> None:
    op.drop_table("training_leases")
    op.drop_table("current_models")
    op.drop_table("learned_models")
    op.drop_table("forgotten_users")
    op.drop_table("views")
    op.drop_table("stays")
