"""The ledger balances and is never rewritten: PostgreSQL sees to it."""

from __future__ import annotations

from alembic import op

from subgraphs.bookings.payments.ledger_guards import DOWNGRADE, UPGRADE

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in UPGRADE:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWNGRADE:
        op.execute(statement)
