"""The zoo: small supergraphs, each around one feature of federation or a combination, with the data behind them."""

from __future__ import annotations

from router.tests.core import zoo_abstract, zoo_combined, zoo_entities, zoo_various
from router.tests.core.world import Zoo

ZOOS: dict[str, Zoo] = zoo_entities.ZOOS | zoo_abstract.ZOOS | zoo_various.ZOOS | zoo_combined.ZOOS
