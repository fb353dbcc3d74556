"""Tables of the learning part: interactions, nights sold, and the models learned from them."""

from __future__ import annotations
