"""The analytics store: ClickHouse, its schema, and everything that talks to it."""

from subgraphs.analytics.store.client import AnalyticsStore, Row
from subgraphs.analytics.store.errors import StoreError, StoreRefused, StoreUnavailable

__all__ = ["AnalyticsStore", "Row", "StoreError", "StoreRefused", "StoreUnavailable"]
