"""Named arrays as bytes: NumPy's ``npz``, which cannot carry code."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Arrays: TypeAlias = Mapping[str, NDArray[Any]]


class BrokenModel(Exception):
    """The bytes hold no such model."""


def pack(arrays: Arrays) -> bytes:
    """The arrays as bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]  # its third parameter is a flag that we leave out
    return buffer.getvalue()


def unpack(content: bytes) -> Arrays:
    """The arrays in ``content``. Raises :class:`BrokenModel`."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise BrokenModel(str(error)) from error
