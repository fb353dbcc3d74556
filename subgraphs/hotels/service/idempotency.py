"""The same request twice has one effect: what ``createHotel`` and ``createRoomType`` rely on."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from shared.db import WriteSession
from subgraphs.hotels.repository import idempotency
from subgraphs.hotels.service.errors import InvalidValue, KeyReused
from subgraphs.hotels.service.values import is_storable

MAX_KEY_LENGTH = 100


async def first_result(
    session: WriteSession, *, owner_id: UUID, key: str, operation: str, values: Mapping[str, Any], new_id: UUID
) -> UUID | None:
    """The id that this request made before, or ``None`` when it is new and shall make ``new_id``.

    Args:
        session: The transaction that makes it.
        owner_id: The caller; keys of different callers never meet.
        key: Chosen by the caller.
        operation: Name of the use case.
        values: Its input.
        new_id: Id of what will be made.

    Raises:
        InvalidValue: the key is empty, too long or has a NUL character.
        KeyReused: the caller used the key for something else.
    """
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not is_storable(key):
        raise InvalidValue("idempotencyKey", "key_malformed", limit=MAX_KEY_LENGTH)
    encoded = msgspec.json.encode([operation, values], order="deterministic")
    fingerprint = sha256(encoded).hexdigest()
    first_use = await idempotency.claim(
        session, owner_id=owner_id, key=key, operation=operation, fingerprint=fingerprint, result_id=new_id
    )
    if first_use is None:
        return None
    if first_use.fingerprint != fingerprint:
        raise KeyReused
    return first_use.result_id
