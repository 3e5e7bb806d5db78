"""What the suites write."""

import pytest

from fleetsynth.plan import Plan
from tests.conformance.support import MARCH
from tests.realistic_agreement import realistic
from tests.support import plan_of


@pytest.fixture(scope="session", params=["classic", "realistic"])
def plan(request: pytest.FixtureRequest) -> Plan:
    """Ten servers for a month of hours, by either model."""
    if request.param == "classic":
        return plan_of(num_servers=10, granularity="hourly", **MARCH)
    return realistic(num_servers=10, granularity="hourly", sample_interval="1h", **MARCH)
