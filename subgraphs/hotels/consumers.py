"""What hotels does when bookings tells it to: the commands of ``shared.contracts.inventory``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

import msgspec

from shared.config import PlatformSettings
from shared.contracts.inventory import ConfirmInventory, HoldInventory, ReleaseInventory
from shared.db import WriteSession, utc_now
from shared.messaging import EventEnvelope
from shared.messaging.consumer import Handler, Reject
from subgraphs.hotels.events import Cause
from subgraphs.hotels.service import holds

CommandT_contra = TypeVar("CommandT_contra", bound=msgspec.Struct, contravariant=True)
PAYLOAD_VERSION = 1
"""The version of the commands that we understand."""


class UseCase(Protocol[CommandT_contra]):
    """Carries a command out and records the answer to it."""

    async def __call__(self, session: WriteSession, command: CommandT_contra, *, cause: Cause, now: datetime) -> Any:
        """Raise ``InvalidCommand`` for a command that can never be carried out."""
        ...


def build_handlers(settings: PlatformSettings) -> Mapping[str, Handler]:  # noqa: ARG001  # the same for every domain
    """The handler of each command's topic."""
    return {
        HoldInventory.topic: _handler(HoldInventory, holds.hold),
        ConfirmInventory.topic: _handler(ConfirmInventory, holds.confirm),
        ReleaseInventory.topic: _handler(ReleaseInventory, holds.release),
    }


def _handler(kind: type[CommandT_contra], carry_out: UseCase[CommandT_contra]) -> Handler:
    async def handle(session: WriteSession, envelope: EventEnvelope) -> None:
        if envelope.version != PAYLOAD_VERSION:
            raise Reject(f"version {envelope.version} of {envelope.type}; this release knows {PAYLOAD_VERSION}")
        try:
            command = msgspec.json.decode(envelope.payload, type=kind)
        except msgspec.DecodeError as error:
            raise Reject(str(error)) from error
        try:
            await carry_out(session, command, cause=Cause(envelope.correlation_id, envelope.id), now=utc_now())
        except holds.InvalidCommand as error:
            raise Reject(str(error)) from error

    return handle
