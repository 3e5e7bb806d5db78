"""The command line, ready to run."""

import subprocess
import sys
from pathlib import Path

import pytest

from fleetsynth.api import generate
from fleetsynth.formats import FORMATS
from tests.e2e.command import SMALL_SCENARIO, Fleetsynth, Within, environment


@pytest.fixture
def fleetsynth(tmp_path: Path) -> Fleetsynth:
    """The command line, run in an empty folder."""
    return Fleetsynth(tmp_path)


@pytest.fixture
def within(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Within:
    """The same, in the process of the tests."""
    return Within(tmp_path, capsys)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The small dataset as a file of every format, by ending; not to be changed."""
    folder = tmp_path_factory.mktemp("small")
    return {ending: generate(SMALL_SCENARIO, folder / f"small{ending}").path for ending in FORMATS}


@pytest.fixture(scope="session")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment in which matplotlib knows its fonts already, and so has nothing to say."""
    known = {"MPLCONFIGDIR": str(tmp_path_factory.mktemp("fonts"))}
    words = [sys.executable, "-c", "import matplotlib.font_manager"]
    subprocess.run(words, env=environment(known), capture_output=True, check=True)
    return known
