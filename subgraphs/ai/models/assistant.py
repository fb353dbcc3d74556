"""Tables of the assistant part: conversations, messages and budgets."""

from __future__ import annotations
