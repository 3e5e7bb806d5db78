"""What the benchmarks of scale measure; each can be pickled and leaves nothing behind."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fleetsynth import api, presets
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.job import PART_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Settings = dict[str, Any]


def to_file(settings: Settings, folder: Path, workers: int = 1) -> None:
    """Generate a single Parquet file."""
    with _scratch(folder) as scratch:
        api.generate(settings, scratch / "data.parquet", workers=workers)


def to_folder(
    settings: Settings, folder: Path, workers: int = 1, part_bytes: int = PART_BYTES
) -> None:
    """Generate a dataset folder."""
    scenario = presets.as_plan(settings).scenario
    with _scratch(folder) as scratch:
        generate_folder(scenario, str(scratch / "data"), workers=workers, part_bytes=part_bytes)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Yield a new folder and remove it with whatever is in it."""
    path = Path(tempfile.mkdtemp(dir=folder))
    try:
        yield path
    finally:
        shutil.rmtree(path)
