"""Alembic's environment, shared by every domain. Always called with an open connection (see ``shared.db.migrate``)."""

from __future__ import annotations

from importlib import import_module

from alembic import context

domain: str = context.config.attributes["domain"]
models = import_module(f"subgraphs.{domain}.models")

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=models.Base.metadata,
    compare_server_default=False,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
