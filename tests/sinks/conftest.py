"""A place for each system."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetsynth.sinks import SYSTEMS
from tests.conformance.test_engines import session  # noqa: F401 - a fixture
from tests.sinks.places import PLACES, Place, postgresql
from tests.sinks.postgres import Postgres, running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL, for the tests of the xdist group of that name."""
    with running() as found:
        yield found


EACH = [
    pytest.param(name, marks=pytest.mark.xdist_group("postgres")) if name == "postgresql" else name
    for name, system in SYSTEMS.items()
    if not system.streamed
]


@pytest.fixture(params=EACH)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A destination of each system, with nothing there."""
    if request.param == "postgresql":
        return postgresql(request.getfixturevalue("postgres"))
    (tmp_path / "there").mkdir()
    return PLACES[request.param](tmp_path / "there")
