"""What the router counts, in a registry of its own, so that several routers can live in one process."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

METRICS_CONTENT_TYPE = CONTENT_TYPE_LATEST

_MAX_OPERATION_NAMES = 200
"""Clients choose operation names, and each label value is a time series for ever; later names share "other"."""

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class RouterMetrics:
    """Histograms of requests, operations and subgraph calls, in seconds, and a gauge of live subscriptions."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "http_request_duration_seconds",
            "Time to answer an HTTP request.",
            ["method", "route", "status_code"],
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self._operations = Histogram(
            "graphql_operation_duration_seconds",
            "Time to answer a GraphQL query or mutation.",
            ["operation"],
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self._fetches = Histogram(
            "subgraph_fetch_duration_seconds",
            "Time of one call to a subgraph.",
            ["subgraph"],
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self.subscriptions = Gauge(
            "graphql_subscriptions_active", "Subscriptions that are open now.", registry=self.registry
        )
        # labels() takes a lock and builds a key, every time; children are remembered here instead.
        self._request_children: dict[tuple[str, str, int], Histogram] = {}
        self._operation_children: dict[str, Histogram] = {}

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one HTTP request. ``route`` is the pattern, never the path, which clients choose."""
        key = (method, route, status)
        child = self._request_children.get(key)
        if child is None:
            child = self._request_children[key] = self._requests.labels(method, route, str(status))
        child.observe(seconds)

    def observe_operation(self, name: str | None, seconds: float) -> None:
        """Count one operation that ran."""
        label = name or "anonymous"
        child = self._operation_children.get(label)
        if child is None:
            if len(self._operation_children) >= _MAX_OPERATION_NAMES:
                label = "other"
            child = self._operation_children[label] = self._operations.labels(label)
        child.observe(seconds)

    def fetch_observer(self, subgraph: str) -> Callable[[float], None]:
        """Where to report the seconds of each call to ``subgraph``."""
        return self._fetches.labels(subgraph).observe

    def exposition(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self.registry)
