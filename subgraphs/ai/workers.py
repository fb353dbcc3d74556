"""What the AI domain does without being asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from shared.config import PlatformSettings
from shared.db import Database
from subgraphs.ai.search.embedder import process_embedder
from subgraphs.ai.search.embedding import EmbeddingLoop


def background_tasks(
    settings: PlatformSettings,  # noqa: ARG001
    database: Database,
) -> list[Callable[[asyncio.Event], Awaitable[None]]]:
    """The loops that the worker runs; each goes on until the event it is given is set."""
    return [EmbeddingLoop(database, process_embedder()).run]
