"""Merges what fetches bring into the data that is there."""

from __future__ import annotations

from typing import Any


def merge_deeply(target: dict[str, Any], source: dict[str, Any]) -> None:
    """Merge ``source`` into ``target``, object by object and item by item; what is null in one may be in the other."""
    for key, value in source.items():
        present = target.get(key)
        if present is None:
            target[key] = value
        elif isinstance(value, dict) and isinstance(present, dict):
            merge_deeply(present, value)
        elif isinstance(value, list) and isinstance(present, list) and len(value) == len(present):
            _merge_items(present, value)
        elif value is not None:
            target[key] = value


def _merge_items(target: list[Any], source: list[Any]) -> None:
    for index, value in enumerate(source):
        present = target[index]
        if present is None:
            target[index] = value
        elif isinstance(value, dict) and isinstance(present, dict):
            merge_deeply(present, value)
        elif isinstance(value, list) and isinstance(present, list) and len(value) == len(present):
            _merge_items(present, value)
