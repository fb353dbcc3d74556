"""Why a supergraph is refused."""

from __future__ import annotations


class SupergraphError(ValueError):
    """The SDL is not a supergraph that this router can serve; the message says why."""
