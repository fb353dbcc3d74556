"""Which domains there are, and what each of them brings: subgraph, port, database, mail templates."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.config import DOMAIN_PORTS, PlatformSettings
from shared.local.errors import LocalRuntimeError

if TYPE_CHECKING:  # imported where they are needed: half a second that `reservei up` would spend in silence
    from shared.graphql import Subgraph

DOMAINS: tuple[str, ...] = ("users", "hotels", "bookings", "gamification", "notifications", "analytics", "ai")
"""The domains that are built, in the order in which they start."""


PAGES: Mapping[str, str] = {"/dashboard": "analytics", "/reports": "analytics"}
"""What the router shows of a domain's own pages, by the first part of their path."""


def load_subgraph(domain: str) -> Subgraph[Any]:
    """The subgraph object of a domain's ``app.py``."""
    subgraph: Subgraph[Any] = import_module(f"subgraphs.{domain}.app").subgraph
    return subgraph


def has_database(domain: str) -> bool:
    """Whether the domain keeps its data in PostgreSQL; analytics has ClickHouse instead."""
    return find_spec(f"subgraphs.{domain}.models") is not None


def domain_port(domain: str) -> int:
    """The port of a domain's subgraph: ``RESERVEI_<DOMAIN>_PORT``, or the default.

    Raises:
        LocalRuntimeError: the variable holds no port.
    """
    variable = f"RESERVEI_{domain.upper()}_PORT"
    given = os.environ.get(variable)
    if not given:
        return DOMAIN_PORTS[domain]
    if not given.isdecimal() or not 1 <= int(given) <= 65535:
        raise LocalRuntimeError(f"{variable} is {given!r}, which is no port.", "Give a number from 1 to 65535.")
    return int(given)


def mail_folders() -> Mapping[str, Path]:
    """Where each domain keeps its mail templates."""
    folders = {domain: Path(import_module(f"subgraphs.{domain}").__path__[0]) / "mail" for domain in DOMAINS}
    return {domain: folder for domain, folder in folders.items() if folder.is_dir()}


async def prepare_databases(settings: PlatformSettings, domains: tuple[str, ...] = DOMAINS) -> list[str]:
    """Create and migrate the domains' databases, and the analytics store; return those of PostgreSQL that were new."""
    from shared.db.provision import provision

    if "analytics" in domains:
        from subgraphs.analytics.store.migrate import migrate_store

        await migrate_store(settings)
    return await provision(settings, [domain for domain in domains if has_database(domain)])
