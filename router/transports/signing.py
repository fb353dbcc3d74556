"""Sign calls to subgraphs, so that they can tell the router from anybody else on the network."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeAlias

from shared.auth import service_signature

Signer: TypeAlias = Callable[[bytes], Mapping[str, str]]
"""From the bytes that are sent (the path, for a WebSocket handshake) to the headers that prove who sends them."""


def service_signer(secret: str, clock: Callable[[], float] = time.time) -> Signer:
    """A signer with the platform's shared ``secret`` (32 characters or more)."""

    def sign(body: bytes) -> Mapping[str, str]:
        return {service_signature.HEADER: service_signature.sign(secret, body, clock())}

    return sign


def unsigned(_body: bytes) -> Mapping[str, str]:
    """For subgraphs that are not ours and check no signature."""
    return {}
