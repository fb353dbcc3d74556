"""What PostgreSQL enforces about the ledger, whatever a program does: it balances, and it is never rewritten.

Migration 0002 runs these statements. They are history: a later change is a new migration with statements of its own.
"""

from __future__ import annotations

from typing import Final

_TABLES: Final = ("ledger_accounts", "ledger_entries", "ledger_postings")

_REFUSE_REWRITE: Final = """
CREATE FUNCTION ledger_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""

# Deferred to the commit, because an entry and its postings are several statements of one transaction.
_CHECK_BALANCE: Final = """
CREATE FUNCTION ledger_check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    checked uuid;
BEGIN
    IF TG_TABLE_NAME = 'ledger_entries' THEN
        checked := NEW.id;
        IF NOT EXISTS (SELECT FROM ledger_postings WHERE entry_id = checked) THEN
            RAISE EXCEPTION 'ledger entry % has no postings', checked
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSE
        checked := NEW.entry_id;
    END IF;
    IF EXISTS (
        SELECT FROM ledger_postings WHERE entry_id = checked GROUP BY currency HAVING sum(amount_minor) <> 0
    ) THEN
        RAISE EXCEPTION 'ledger entry % does not balance', checked
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$
"""

UPGRADE: Final[tuple[str, ...]] = (
    _REFUSE_REWRITE,
    _CHECK_BALANCE,
    *(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION ledger_refuse_rewrite()"
        for table in _TABLES
    ),
    *(
        f"CREATE CONSTRAINT TRIGGER {table}_balance AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION ledger_check_balance()"
        for table in ("ledger_entries", "ledger_postings")
    ),
)
"""Statements to run one by one; the driver takes one per call."""

DOWNGRADE: Final[tuple[str, ...]] = (
    *(f"DROP TRIGGER {table}_balance ON {table}" for table in ("ledger_entries", "ledger_postings")),
    *(f"DROP TRIGGER {table}_append_only ON {table}" for table in _TABLES),
    "DROP FUNCTION ledger_check_balance()",
    "DROP FUNCTION ledger_refuse_rewrite()",
)
