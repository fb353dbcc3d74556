"""Which headers of a client reach the subgraphs, and the id under which a request is found again in the logs."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping

CLIENT_ADDRESS_HEADER = "x-reservei-client-address"
"""Tells a subgraph where the client called from; ours to say, so what clients send under this name is dropped."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")

# Never the client's to choose towards a subgraph, whatever the configuration says: they belong to one hop (RFC 9110).
_HOP_BY_HOP = frozenset(
    {
        "connection", "content-length", "content-type", "host", "keep-alive", "proxy-authenticate",
        "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "x-reservei-signature",
        CLIENT_ADDRESS_HEADER,
    }
)  # fmt: skip


class HeaderPolicy:
    """Picks the headers to propagate.

    Args:
        propagate: names to pass on, in any case.
    """

    def __init__(self, propagate: Collection[str]) -> None:
        self._names = frozenset(name.lower() for name in propagate) - _HOP_BY_HOP

    def propagated(
        self, headers: Mapping[str, str], request_id: str, *, client: tuple[str, int] | None = None
    ) -> dict[str, str]:
        """What subgraphs see of ``headers`` (lower-case names), with the request's id and the client's address."""
        passed = {name: headers[name] for name in self._names if name in headers}
        passed["x-request-id"] = request_id
        if client is not None:
            passed[CLIENT_ADDRESS_HEADER] = client[0]
        return passed

    def from_payload(self, payload: Mapping[str, object]) -> dict[str, str]:
        """Headers that a WebSocket client put into `connection_init`, at its top or under `headers`.

        Browsers cannot set headers on a WebSocket, so this is the only way in for a token there.
        """
        wanted = self._names | {"authorization"}
        nested = payload.get("headers")
        found: dict[str, str] = {}
        for source in (payload, nested if isinstance(nested, Mapping) else {}):
            for name, value in source.items():
                lowered = str(name).lower()
                if lowered in wanted and isinstance(value, str) and _HEADER_VALUE.fullmatch(value):
                    found[lowered] = value
        return found


def decode_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """ASGI's header list as a mapping of lower-case names; repeated headers are joined as RFC 9110 says."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name = raw_name.decode("latin-1")
        value = raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def request_id_of(headers: Mapping[str, str]) -> str:
    """The caller's own id if it gave a plain one, else the trace's, else a new one."""
    given = headers.get("x-request-id")
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given
    trace = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    return trace["trace"] if trace else os.urandom(16).hex()
