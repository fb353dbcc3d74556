"""Which media type a client wants its answer in (RFC 9110 section 12.5.1, GraphQL over HTTP)."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache


class MediaType(Enum):
    """What we can answer in. The order is our preference where the client has none."""

    JSON = "application/json"
    GRAPHQL_RESPONSE = "application/graphql-response+json"
    EVENT_STREAM = "text/event-stream"
    HTML = "text/html"


_QUERY_TYPES = (MediaType.JSON, MediaType.GRAPHQL_RESPONSE, MediaType.EVENT_STREAM)
_PAGE_TYPES = (*_QUERY_TYPES, MediaType.HTML)


@lru_cache(maxsize=256)
def negotiate(accept: str | None, *, page: bool = False) -> MediaType | None:
    """The best of our media types for an `Accept` header, or ``None`` when the client takes none of them.

    Without a header, and for `*/*`, it is `application/json`, as legacy clients expect. Types named outright win over
    wildcards of the same quality, and earlier ones over later ones.

    Args:
        accept: the header's value.
        page: whether `text/html` can be had, which is so for GET only.
    """
    if accept is None or not accept.strip():
        return MediaType.JSON
    offers = _PAGE_TYPES if page else _QUERY_TYPES
    best: MediaType | None = None
    best_rank: tuple[float, int] = (0.0, 0)
    for entry in accept.split(","):
        media_range, *parameters = (part.strip().lower() for part in entry.split(";"))
        quality = _quality(parameters)
        match = next((offer for offer in offers if _matches(media_range, offer)), None)
        rank = (quality, 0 if "*" in media_range else 1)
        if match is not None and quality > 0 and rank > best_rank:
            best, best_rank = match, rank
    return best


def _matches(media_range: str, offer: MediaType) -> bool:
    if media_range == "*/*":
        return offer is MediaType.JSON
    if media_range.endswith("/*"):
        return offer.value.startswith(media_range[:-1])
    return media_range == offer.value


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(float(value), 1.0)
            except ValueError:
                return 0.0
    return 1.0
