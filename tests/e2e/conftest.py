"""The command line, ready to run."""

import json
from pathlib import Path

import pytest

from fleetsynth.sinks import FORMATS
from tests.e2e.command import SMALL, Fleetsynth


@pytest.fixture
def fleetsynth(tmp_path: Path) -> Fleetsynth:
    """The command line, run in an empty folder."""
    return Fleetsynth(tmp_path)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The small dataset as a file of every format, by ending; not to be changed."""
    run = Fleetsynth(tmp_path_factory.mktemp("small"))
    return {
        ending: run.folder
        / json.loads(run.prints("generate", *SMALL, "-o", name, "--json"))["path"]
        for ending, name in ((ending, f"small{ending}") for ending in FORMATS)
    }
