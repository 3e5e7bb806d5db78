"""Dataset folders, finished and ready to be looked at, copied and damaged."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from fleetsynth.api import generate
from fleetsynth.folders.generate import generate_folder
from tests.dataset.folders import MIXED, PART_BYTES
from tests.e2e.command import Fleetsynth

Finished = Callable[[tuple[str, ...]], Path]


class Copied(Protocol):
    """Copies a finished folder, by its partitions."""

    def __call__(self, keys: tuple[str, ...] = ...) -> Path: ...


@pytest.fixture
def fleetsynth(tmp_path: Path) -> Fleetsynth:
    """The command line, run in an empty folder."""
    return Fleetsynth(tmp_path)


@pytest.fixture(scope="session")
def single(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of the mixed scenario in a single file."""
    return generate(MIXED, tmp_path_factory.mktemp("single") / "mixed.parquet").digest


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The mixed scenario as a finished folder, by its partitions; not to be changed."""
    made: dict[tuple[str, ...], Path] = {}

    def folder(keys: tuple[str, ...]) -> Path:
        if keys not in made:
            made[keys] = tmp_path_factory.mktemp("finished") / "fleet"
            generate_folder(
                MIXED, str(made[keys]), partition_by=keys, part_bytes=PART_BYTES, workers=1
            )
        return made[keys]

    return folder


@pytest.fixture
def copied(finished: Finished, tmp_path: Path) -> Copied:
    """A copy of a finished folder, called ``fleet``, to do with as one likes."""

    def copy(keys: tuple[str, ...] = ()) -> Path:
        return Path(shutil.copytree(finished(keys), tmp_path / "fleet"))

    return copy
