"""What travels with one client request through the executor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class RequestContext:
    """Who asks, until when, and what to tell the subgraphs.

    Attributes:
        headers: Sent to every subgraph, with lower-case names.
        deadline: Event-loop time after which subgraph calls are given up; ``None`` for no limit.
        claims: Claims of the verified token, ``None`` for an anonymous caller.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    deadline: float | None = None
    claims: Mapping[str, Any] | None = None
