"""Addresses of servers as people may see them."""

from __future__ import annotations

from urllib.parse import urlsplit


def display(url: str) -> str:
    """``url`` without user and password, for messages and logs."""
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{address}{parts.path}"
