"""``kill -9`` of every part at every step of a sale: afterwards each booking is whole or not there at all."""

from __future__ import annotations

import pytest

from tests.faults.platform import FaultyPlatform, Victim
from tests.faults.walk import walk

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]


@pytest.mark.parametrize("victim", [victim for victim in Victim if victim is not Victim.RABBITMQ])
def test_sales_survive_kill_9(platform_under_fault: FaultyPlatform, victim: Victim) -> None:
    walk(platform_under_fault, victim)
