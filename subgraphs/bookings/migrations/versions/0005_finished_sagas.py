"""Finished sagas by age: those of bookings that are over are removed in time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_sagas_finished",
        "sagas",
        ["updated_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('COMPLETED', 'COMPENSATED')"),
    )


def downgrade() -> None:
    op.drop_index("ix_sagas_finished", table_name="sagas")
