"""The output of several processes in one stream, each line with the name of its process in front."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterable
from typing import TextIO

_COLOURS = (36, 35, 33, 32, 34, 31)  # cyan first: red, which reads as an error, last
_LONGEST = 64 * 1024


class LineAssembler:
    """Turns the chunks that a pipe delivers into whole lines.

    A chunk may end inside a line or inside a character. A carriage return ends a line too, so that a progress bar
    becomes lines instead of one that never ends; a line of more than 64 KiB is cut.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that ``chunk`` completes."""
        text = self._rest + self._decoder.decode(chunk)
        # A final CR waits: the LF that makes it one line end may be in the next chunk.
        pending_cr = text.endswith("\r")
        *lines, self._rest = text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if pending_cr:
            self._rest += "\r"
        while len(self._rest) > _LONGEST:
            lines.append(self._rest[:_LONGEST])
            self._rest = self._rest[_LONGEST:]
        return lines

    def finish(self) -> list[str]:
        """What the process left unfinished when it ended, as its last line."""
        rest = self._rest.removesuffix("\r") + self._decoder.decode(b"", final=True)
        self._rest = ""
        return [rest] if rest else []


class PrefixedOutput:
    """Writes ``name | line`` to a stream, each name in its colour and all in one column."""

    def __init__(self, stream: TextIO, names: Iterable[str], *, colour: bool) -> None:
        names = list(names)
        width = max((len(name) for name in names), default=0)
        self._stream = stream
        self._prefixes: dict[str, str] = {}
        for name, code in zip(names, itertools.cycle(_COLOURS), strict=False):
            prefix = f"{name:<{width}} |"
            self._prefixes[name] = f"\x1b[{code}m{prefix}\x1b[0m " if colour else f"{prefix} "

    def write(self, name: str, line: str) -> None:
        """Write one line of the process ``name``.

        Raises ``BrokenPipeError`` when nobody reads the stream any more.
        """
        self._stream.write(f"{self._prefixes.get(name, f'{name} | ')}{line}\n")
        self._stream.flush()
