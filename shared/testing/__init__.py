"""Helpers for tests of every part: fixtures (``shared.testing.plugin``), callers, clients, query counts."""

from shared.testing.client import SubgraphClient
from shared.testing.identity import TestIssuer, make_principal

__all__ = ["SubgraphClient", "TestIssuer", "make_principal"]
