"""What the suites write."""

import pytest

from fleetsynth.plan import Plan
from fleetsynth.presets import as_plan
from tests.conformance.support import MARCH, MODELS


@pytest.fixture(scope="session", params=MODELS)
def plan(request: pytest.FixtureRequest) -> Plan:
    """Ten servers for a month of hours, by each model: the packaged ones, and one of the tests."""
    own = {"sample_interval": "1h"} if request.param == "realistic" else {}
    return as_plan(
        {"preset": request.param, "num_servers": 10, "granularity": "hourly", **MARCH, **own}
    )
