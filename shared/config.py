"""Platform-wide settings: where the servers are, who we are to the outside, and the secrets the parts share."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

DOMAIN_PORTS: dict[str, int] = {
    "users": 3001,
    "hotels": 3002,
    "bookings": 3003,
    "gamification": 3004,
    "notifications": 3005,
    "analytics": 3006,
    "ai": 3007,
}
"""The port on which each domain's subgraph listens by default (``RESERVEI_USERS_PORT`` and friends override)."""


VECTOR_DOMAINS = frozenset({"ai"})
"""The domains whose database needs the extension pgvector."""


def subgraph_url(domain: str) -> str:
    """Where a domain's subgraph is asked by another: ``RESERVEI_<DOMAIN>_URL``, or its port on this machine."""
    name = domain.upper()
    port = os.environ.get(f"RESERVEI_{name}_PORT") or DOMAIN_PORTS[domain]
    return os.environ.get(f"RESERVEI_{name}_URL") or f"http://127.0.0.1:{port}/graphql"


class PlatformSettings(BaseSettings):
    """What every process of the platform needs to know, read from ``RESERVEI_*`` variables.

    A server URL that is absent means: use the embedded server under ``data_dir`` (see ``shared.local``).
    """

    model_config = SettingsConfigDict(env_prefix="RESERVEI_", extra="ignore", frozen=True)

    environment: Literal["development", "production"] = Field(
        default="development",
        description="`production` hides error detail and refuses generated secrets.",
    )
    data_dir: Path = Field(default=Path(".reservei"), description="Where the embedded servers keep their data.")
    host: str = Field(default="127.0.0.1", description="Address that our servers listen on.")
    port: int = Field(default=3000, ge=1, le=65535, description="Port of the router.")

    database_url: str | None = Field(
        default=None,
        description="PostgreSQL 15+ server, e.g. postgresql://user:secret@db/postgres; it gets a database per domain.",
    )
    vector_database_url: str | None = Field(
        default=None,
        description=(
            "PostgreSQL with pgvector for the AI domain, when the server of `database_url` has no pgvector. "
            "Absent: `database_url`; where that lacks pgvector, an embedded server, but not in production."
        ),
    )
    database_prefix: str = Field(
        default="reservei",
        pattern=r"^[a-z][a-z0-9_]{0,30}$",
        description="Domain databases are named <prefix>_<domain>.",
    )
    database_pool_size: int = Field(
        default=10,
        ge=1,
        description="Connections that a process keeps to each domain's database; twice that at most.",
    )
    redis_url: str | None = Field(default=None, description="Redis 7+ or Valkey, e.g. redis://cache:6379/0.")
    broker_url: str | None = Field(
        default=None,
        description="amqp://... for RabbitMQ, or redis://... for Redis Streams. Absent: Redis Streams on `redis_url`.",
    )
    clickhouse_url: str | None = Field(
        default=None,
        description="ClickHouse 24.8+ server, e.g. http://user:secret@clickhouse:8123/reservei.",
    )
    smtp_url: str | None = Field(
        default=None,
        description="smtp://user:secret@host:587. Absent: mail is written to <data_dir>/mail, where it can be read.",
    )
    smtp_starttls: Literal["auto", "require", "never"] = Field(
        default="auto",
        description="`auto`: encrypt when the server offers it, always when there is a password. smtps:// needs none.",
    )
    mail_from: str = Field(
        default="Reservei <no-reply@reservei.local>", description="Who mails are from, as `Name <address>`."
    )
    dkim_key_file: Path | None = Field(
        default=None, description="RSA private key in PEM that signs mails sent by SMTP. Absent: they are not signed."
    )
    dkim_selector: str = Field(default="reservei", description="Name of that key in DNS.")
    dkim_domain: str | None = Field(default=None, description="Domain that signs; default: the one of `mail_from`.")

    service_secret: SecretStr | None = Field(
        default=None,
        description="Shared by router and subgraphs to sign calls between them; 32 characters or more.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="Encrypts private keys at rest; 32 characters or more. Keep it: losing it signs everybody out.",
    )
    token_issuer: str = Field(default="https://reservei.local", description="`iss` of access tokens.")
    token_audience: str = Field(default="reservei", description="`aud` of access tokens.")
    jwks_url: str | None = Field(
        default=None,
        description="Where to fetch the users subgraph's public keys; default: its /.well-known/jwks.json.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Proxies whose X-Forwarded-For is believed: addresses or networks, comma separated. Empty: none.",
    )
    public_url: str = Field(default="http://127.0.0.1:3000", description="Address that links in mails start with.")
    log_format: Literal["console", "json"] = Field(default="console", description="`json` for log collectors.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


@lru_cache(maxsize=1)
def platform_settings() -> PlatformSettings:
    """The settings of this process, read from the environment once."""
    return PlatformSettings()
