"""Tables of the search part: hotel texts and their vectors."""

from __future__ import annotations
