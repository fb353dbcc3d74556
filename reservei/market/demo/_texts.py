"""Loads the words of the demo market from the YAML files beside this module."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from reservei.market.pricing import Season
from subgraphs.hotels.models import PropertyKind

T = TypeVar("T")


class Bilingual(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same in Portuguese and in English."""

    pt: str
    en: str


class PeopleTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``names.yaml``."""

    women: list[str]
    men: list[str]
    family: list[str]


class HotelTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``hotels.yaml``."""

    name_patterns: dict[PropertyKind, list[str]]
    owners: list[str]
    words: dict[Season, list[str]]
    streets: list[str]
    openings: list[Bilingual]
    middles: dict[Season, list[Bilingual]]
    closings: dict[PropertyKind, list[Bilingual]]
    photos: list[Bilingual]


class AspectTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sentences about one side of a stay."""

    good: list[str]
    poor: list[str]


class BandTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sentences by how content the guest was."""

    good: list[str]
    fair: list[str]
    poor: list[str]


class ReviewTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One language of ``reviews.yaml``."""

    titles: BandTexts
    openings: BandTexts
    aspects: dict[str, AspectTexts]
    closings: BandTexts


@cache
def people_texts() -> PeopleTexts:
    """Names of people."""
    return _load("names.yaml", PeopleTexts)


@cache
def hotel_texts() -> HotelTexts:
    """Words for hotels."""
    return _load("hotels.yaml", HotelTexts)


@cache
def review_texts() -> dict[str, ReviewTexts]:
    """Sentences for reviews, by locale."""
    return _load("reviews.yaml", dict[str, ReviewTexts])


def _load(name: str, kind: type[T]) -> T:
    return msgspec.yaml.decode((Path(__file__).parent / name).read_bytes(), type=kind)
