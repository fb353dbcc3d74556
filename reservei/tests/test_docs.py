"""The documentation names what the code has."""

import inspect
import re
from importlib import import_module

import pytest

from reservei.domains import DOMAINS
from reservei.paths import CHECKOUT
from shared.contracts import inventory

MODULES = [
    "subgraphs.users.events",
    "subgraphs.hotels.events",
    "subgraphs.bookings.booking.events",
    "subgraphs.gamification.events",
    "subgraphs.notifications.events",
]
SILENT = {"analytics", "ai"}
"""Domains that listen and say nothing."""
EVENTS = (CHECKOUT / "docs" / "events.md").read_text(encoding="utf-8")


def test_every_domain_is_looked_at() -> None:
    assert {name.split(".")[1] for name in MODULES} | SILENT == set(DOMAINS)


@pytest.mark.parametrize("name", MODULES)
def test_every_event_of_a_domain_is_documented(name: str) -> None:
    module = import_module(name)
    exported = set(getattr(module, "__all__", ()))  # a domain may pass on the payloads of shared/contracts
    types = {
        value
        for member, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__ or member in exported
        if isinstance(value := getattr(kind, "type", None), str)
    }
    types |= set(getattr(module, "PUBLISHED", ()))  # of a domain whose events share one payload
    assert types
    assert sorted(kind for kind in types if f"`{kind}`" not in EVENTS) == []


def test_every_message_about_inventory_is_documented() -> None:
    topics = {kind.topic for _, kind in inspect.getmembers(inventory, inspect.isclass) if hasattr(kind, "topic")}
    assert len(topics) == 8
    assert sorted(topic for topic in topics if f"`{topic}`" not in EVENTS) == []


def test_every_link_between_documents_leads_somewhere() -> None:
    pages = [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md")]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))]
    assert links
    assert [f"{page}: {to}" for page, to in links if "://" not in to and not (page.parent / to).exists()] == []
