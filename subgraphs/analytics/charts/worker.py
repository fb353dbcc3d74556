"""``python -m subgraphs.analytics.charts.worker``: draws charts for another process, over its standard streams.

A request is 4 bytes of length and JSON (``format``, ``spec``, ``scale``); an answer is one byte, 0 for a picture and 1
for a reason why not, 4 bytes of length, and that. It ends with its standard input.
"""

from __future__ import annotations

import json
import signal
import struct
import sys
from typing import Any, BinaryIO

import vl_convert


def draw(job: dict[str, Any]) -> bytes:
    """The picture. Nothing is fetched for it: a specification carries its data."""
    spec = job["spec"]
    if job["format"] == "svg":
        return vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]).encode()
    if job["format"] == "png":
        return vl_convert.vegalite_to_png(spec, scale=job["scale"], allowed_base_urls=[])
    return vl_convert.vegalite_to_html(spec, bundle=True).encode()


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Draw until there are no more requests."""
    while len(head := requests.read(4)) == 4:
        (length,) = struct.unpack(">I", head)
        body = requests.read(length)
        if len(body) < length:
            return
        try:
            status, answer = 0, draw(json.loads(body))
        except Exception as error:  # noqa: BLE001  # whatever it is, the one who asked is told
            status, answer = 1, str(error).encode()
        answers.write(struct.pack(">BI", status, len(answer)) + answer)
        answers.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end ends our input
    serve(sys.stdin.buffer, sys.stdout.buffer)
