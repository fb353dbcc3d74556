"""What the assistant forgets with an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.contracts.users import UserDeleted
from shared.db import WriteSession
from shared.messaging import EventEnvelope, Handler


async def forget(session: WriteSession, envelope: EventEnvelope) -> None:
    """The account is gone."""


HANDLERS: Final[Mapping[str, Handler]] = {UserDeleted.type: forget}
"""By topic."""
