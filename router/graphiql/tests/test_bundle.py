"""The checked-in build of the GraphiQL page is whole, and loads nothing from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

STATIC = Path(__file__).parents[1] / "static"
PAGE = (STATIC / "index.html").read_text(encoding="utf-8")


class References(HTMLParser):
    """Collects the addresses that a page loads, and the scripts written into it."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.inline_scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.addresses += [value for name in ("src", "href") if (value := values.get(name))]
        if tag == "style" or (tag == "script" and not values.get("src")):
            self.inline_scripts += 1


def references() -> References:
    parser = References()
    parser.feed(PAGE)
    return parser


def test_the_page_loads_its_own_assets_only() -> None:
    addresses = references().addresses
    assert addresses
    for address in addresses:
        assert address.startswith("/graphiql/assets/"), address
        assert (STATIC / address.removeprefix("/graphiql/")).is_file(), f"{address} is not in the build"


def test_a_strict_content_security_policy_can_allow_the_page() -> None:
    assert references().inline_scripts == 0


def test_every_chunk_and_worker_that_a_script_names_is_in_the_build() -> None:
    names = {file.name for file in (STATIC / "assets").iterdir()}
    named = {
        match
        for script in (STATIC / "assets").glob("*.js")
        for match in re.findall(r"[\w.-]+-[\w-]{8}\.(?:js|css|ttf|svg)\b", script.read_text(encoding="utf-8"))
    }
    assert len(named) > 10
    assert named <= names


def test_the_build_carries_licences_and_no_source_maps() -> None:
    licenses = (STATIC / "LICENSES.txt").read_text(encoding="utf-8")
    # The last is in a worker only, which is a bundle of its own.
    for package in ("graphiql", "monaco-editor", "react-dom", "graphql-ws", "picomatch-browser"):
        assert re.search(rf"^{re.escape(package)} [\d.]+ \(", licenses, re.MULTILINE), package
    assert not list(STATIC.rglob("*.map"))
