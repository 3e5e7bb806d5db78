"""What the suites write."""

import pytest

from fleetsynth.plan import Plan
from tests.conformance.support import MARCH
from tests.support import plan_of


@pytest.fixture(scope="session")
def plan() -> Plan:
    """Ten servers for a month of hours."""
    return plan_of(num_servers=10, granularity="hourly", **MARCH)
