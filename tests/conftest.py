"""Fixtures that several tests share. Light: pytest and the package's core are enough."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Protocol

import pytest

from fleetsynth.models.classic.plan import ClassicPlan
from fleetsynth.models.classic.simulate import Components, components
from tests.support import plan_of, whole

MODELS = str(Path(__file__).parent / "models")
"""Where models that only tests know are installed, for this process and for those it starts."""
sys.path.append(MODELS)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), MODELS)))


class Written(Protocol):
    """Writes YAML (text or raw bytes) to a file and returns its path."""

    def __call__(self, content: str | bytes, name: str = ...) -> Path: ...


def pytest_collection_finish() -> None:
    """Keep what all tests share out of the search for garbage, which is a tenth of their time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(70_000, 10, 10)


@pytest.fixture(scope="session")
def default_plan() -> ClassicPlan:
    """The packaged scenario: 120 servers, daily, 2022 to 2025."""
    return plan_of()


@pytest.fixture(scope="session")
def default_components(default_plan: ClassicPlan) -> Components:
    """Every value of the default dataset with all that it is made of."""
    return components(default_plan, whole(default_plan))


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a running object store, for the tests of the xdist group of that name."""
    from tests.dataset.object_store import moto

    with moto(tmp_path_factory.mktemp("moto")) as port:
        yield port


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Write a scenario file; text may be indented with the test."""

    def write(content: str | bytes, name: str = "mine.yaml") -> Path:
        raw = content if isinstance(content, bytes) else dedent(content).encode()
        path = tmp_path / name
        path.write_bytes(raw)
        return path

    return write
