"""What the learning part does when bookings and hotels said something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.messaging import Handler

HANDLERS: Final[Mapping[str, Handler]] = {}
"""By topic."""
