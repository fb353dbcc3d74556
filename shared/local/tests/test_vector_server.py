"""Where vectors are kept: on the one PostgreSQL when it has pgvector, and beside one that has none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shared.config import PlatformSettings
from shared.db.engine import domain_server_url
from shared.local.errors import LocalRuntimeError
from shared.local.external import has_pgvector
from shared.local.runtime import LocalRuntime


@pytest.fixture
def without_pgvector() -> str:
    """A server of ``make test-servers`` that has no pgvector: there is no way to take it out of the embedded one."""
    given = os.environ.get("RESERVEI_TEST_DATABASE_URL")
    if given is None or has_pgvector(given):
        pytest.skip("needs RESERVEI_TEST_DATABASE_URL, and a server there without pgvector")
    return given


def test_the_embedded_server_has_pgvector(postgres_server: str, data_dir: Path) -> None:
    if "RESERVEI_TEST_DATABASE_URL" not in os.environ:
        assert has_pgvector(postgres_server)
    with LocalRuntime(PlatformSettings(data_dir=data_dir, database_url=None)) as runtime:
        assert runtime.endpoints.vector_database_url == runtime.endpoints.database_url


def test_only_the_domains_that_need_vectors_move_to_the_server_that_has_them() -> None:
    settings = PlatformSettings(
        database_url="postgresql://one/postgres", vector_database_url="postgresql://other/postgres"
    )
    assert domain_server_url(settings, "hotels") == "postgresql://one/postgres"
    assert domain_server_url(settings, "ai") == "postgresql://other/postgres"


def test_a_server_without_pgvector_gets_an_embedded_one_beside_it(without_pgvector: str, data_dir: Path) -> None:
    with LocalRuntime(PlatformSettings(data_dir=data_dir, database_url=without_pgvector)) as runtime:
        assert runtime.endpoints.database_url == without_pgvector
        assert has_pgvector(runtime.endpoints.vector_database_url)
        assert runtime.environment()["RESERVEI_VECTOR_DATABASE_URL"] == runtime.endpoints.vector_database_url


def test_production_starts_no_server_of_its_own(without_pgvector: str, data_dir: Path) -> None:
    settings = PlatformSettings.model_validate(
        {
            "data_dir": data_dir,
            "database_url": without_pgvector,
            "environment": "production",
            "service_secret": "s" * 32,
            "secret_key": "k" * 32,
        }
    )
    with pytest.raises(LocalRuntimeError, match="has no pgvector"):
        LocalRuntime(settings).start()
