"""Coupons, and who has used them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "coupons",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("percent", sa.SmallInteger(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("minimum_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("max_uses_per_user", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("uses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Z0-9]{4,40}$'", name=op.f("ck_coupons_code")),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_coupons_currency")),
        sa.CheckConstraint("(percent IS NULL) <> (amount_minor IS NULL)", name=op.f("ck_coupons_one_discount")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_coupons_amount")),
        sa.CheckConstraint(
            "currency IS NOT NULL OR (amount_minor IS NULL AND minimum_minor = 0)",
            name=op.f("ck_coupons_amounts_have_a_currency"),
        ),
        sa.CheckConstraint("max_uses >= 1", name=op.f("ck_coupons_max_uses")),
        sa.CheckConstraint("max_uses_per_user BETWEEN 1 AND 100", name=op.f("ck_coupons_max_uses_per_user")),
        sa.CheckConstraint("minimum_minor >= 0", name=op.f("ck_coupons_minimum")),
        sa.CheckConstraint("percent BETWEEN 1 AND 100", name=op.f("ck_coupons_percent")),
        sa.CheckConstraint("uses >= 0 AND (max_uses IS NULL OR uses <= max_uses)", name=op.f("ck_coupons_uses")),
        sa.CheckConstraint("valid_until > valid_from", name=op.f("ck_coupons_validity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupons")),
        sa.UniqueConstraint("code", name=op.f("uq_coupons_code")),
    )
    op.create_index(
        "ix_coupons_owner_id",
        "coupons",
        ["owner_id", "id"],
        unique=False,
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_table(
        "coupon_redemptions",
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("coupon_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("slot BETWEEN 1 AND 100", name=op.f("ck_coupon_redemptions_slot")),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupons.id"], name=op.f("fk_coupon_redemptions_coupon_id")),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_coupon_redemptions")),
    )
    op.create_index(
        "uq_coupon_redemptions_slot",
        "coupon_redemptions",
        ["coupon_id", "user_id", "slot"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_coupon_redemptions_slot", table_name="coupon_redemptions", postgresql_where=sa.text("released_at IS NULL")
    )
    op.drop_table("coupon_redemptions")
    op.drop_index("ix_coupons_owner_id", table_name="coupons", postgresql_where=sa.text("owner_id IS NOT NULL"))
    op.drop_table("coupons")
