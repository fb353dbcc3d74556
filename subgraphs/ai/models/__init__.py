"""Tables of the AI domain."""

from subgraphs.ai.models import assistant, learning, search
from subgraphs.ai.models.base import Base, InboxMessage, OutboxMessage

__all__ = ["Base", "InboxMessage", "OutboxMessage", "assistant", "learning", "search"]
