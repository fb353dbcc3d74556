"""The ledger balances and is never rewritten: PostgreSQL sees to it."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("ledger_entries", "ledger_postings")

# TRUNCATE is left to the owner of the tables.
REFUSE_REWRITE = """
CREATE FUNCTION ledger_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""

# Deferred to the commit, because an entry and its postings are several statements of one transaction.
CHECK_BALANCE = """
CREATE FUNCTION ledger_check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    checked uuid;
BEGIN
    IF TG_TABLE_NAME = 'ledger_entries' THEN
        checked := NEW.id;
    ELSE
        checked := NEW.entry_id;
    END IF;
    IF NOT EXISTS (SELECT FROM ledger_postings WHERE entry_id = checked) THEN
        RAISE EXCEPTION 'ledger entry % has no postings', checked
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (SELECT sum(points) FROM ledger_postings WHERE entry_id = checked) <> 0 THEN
        RAISE EXCEPTION 'ledger entry % does not balance', checked
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(REFUSE_REWRITE)
    op.execute(CHECK_BALANCE)
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION ledger_refuse_rewrite()"
        )
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_balance AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION ledger_check_balance()"
        )


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TRIGGER {table}_balance ON {table}")
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
    op.execute("DROP FUNCTION ledger_check_balance()")
    op.execute("DROP FUNCTION ledger_refuse_rewrite()")
