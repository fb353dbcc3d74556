"""The same with RabbitMQ between the domains, and RabbitMQ killed. It starts slowly, so at fewer moments."""

from __future__ import annotations

import pytest

from tests.faults.platform import FaultyPlatform, Victim
from tests.faults.walk import ANSWERED, walk

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]


def test_sales_survive_the_death_of_rabbitmq(platform_on_rabbitmq: FaultyPlatform) -> None:
    walk(platform_on_rabbitmq, Victim.RABBITMQ, (ANSWERED, "rooms are held", "rooms are sold", "one is turned back"))


def test_sales_survive_the_death_of_the_worker_on_rabbitmq(platform_on_rabbitmq: FaultyPlatform) -> None:
    walk(platform_on_rabbitmq, Victim.WORKER, ("payment is authorized", "what was paid is back"))
