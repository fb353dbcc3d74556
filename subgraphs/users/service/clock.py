"""Time as use cases see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""The present moment, timezone-aware. Injected, so that tests can let a token expire without waiting."""
