"""A booking has one sale and any number of changes of its stay, each with a saga of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sagas", sa.Column("kind", sa.String(length=10), server_default="SALE", nullable=False))
    op.add_column("sagas", sa.Column("booking_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE sagas SET booking_id = id")
    op.alter_column("sagas", "booking_id", nullable=False)
    op.create_check_constraint(op.f("ck_sagas_kind"), "sagas", "(kind = 'SALE') = (id = booking_id)")
    op.create_index("ix_sagas_booking_id", "sagas", ["booking_id"], unique=False)
    op.add_column("idempotency_keys", sa.Column("change_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("idempotency_keys", "change_id")
    op.drop_index("ix_sagas_booking_id", table_name="sagas")
    op.drop_constraint(op.f("ck_sagas_kind"), "sagas")
    op.execute("DELETE FROM sagas WHERE kind <> 'SALE'")
    op.drop_column("sagas", "booking_id")
    op.drop_column("sagas", "kind")
