"""What the tests of dataset folders share: a small scenario, and ways to look into a folder."""

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fleetsynth.reader.file_digest import digest_file
from fleetsynth.stores.recorded import seal
from tests.support import scenario_of

REGIONS = ["eu west/1", "a=b & 100%", "Zürich"]
"""Names that a path must quote."""

MIXED = scenario_of(
    num_servers=12,
    start_date="2022-11-15",
    end_date="2023-02-10",
    granularity="6h",
    regions=REGIONS,
)
"""Twelve servers over four months of two years, neither of them whole: 4,224 rows."""

PART_BYTES = 41_200
"""Some thousand rows: six parts of the mixed scenario, if it is not partitioned."""

PARTITIONS: list[tuple[str, ...]] = [
    (),
    ("year", "month"),
    ("region",),
    ("server_type", "year"),
    ("month", "region", "year", "server_type", "criticality", "business_unit"),
]


def manifest_of(folder: Path) -> dict[str, Any]:
    """A folder's manifest."""
    values: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    return values


OF_THE_RUN = {"run", "manifest_sha256"}
"""Fields of a manifest that two runs of one scenario do not share."""


def told_in(folder: Path) -> dict[str, Any]:
    """A folder's manifest without the random name of the run that made it."""
    values = manifest_of(folder)
    assert re.fullmatch("[0-9a-f]{16}", values["run"])
    return {name: value for name, value in values.items() if name not in OF_THE_RUN}


def made_in(folder: Path) -> dict[str, Any]:
    """All that a folder holds, byte by byte, but for the name of the run in a whole manifest.

    If it is what another folder holds, `verify` has to say of both the same.
    """
    manifest = folder / "manifest.json"
    assert manifest.read_bytes() == seal(manifest_of(folder))
    files = [path for path in folder.rglob("*") if path.is_file() and path != manifest]
    held = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    return {**held, manifest.name: told_in(folder)}


def digest_in(folder: Path) -> str:
    """The digest that a folder's manifest tells."""
    return str(manifest_of(folder)["digest"])


def parts_in(folder: Path) -> list[Path]:
    """The parts that can be seen in a folder."""
    return sorted((folder / "data").rglob("*.parquet"))


def records_in(folder: Path) -> dict[str, dict[str, Any]]:
    """The records of finished parts in an unfinished folder, by path."""
    found = [json.loads(path.read_bytes()) for path in (folder / "_parts").glob("part-*.json")]
    return {record["path"]: record for record in found}


def files_in(folder: Path) -> list[str]:
    """The names of all files below a folder, temporary ones included."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(names)


def folders_in(folder: Path) -> list[str]:
    """All folders below a folder, the empty ones too."""
    found = (path for path in folder.rglob("*") if path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in found)


def identities(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of change of every part: whether it is the very same file."""
    stats = {str(path.relative_to(folder)): path.stat() for path in parts_in(folder)}
    return {path: (stat.st_ino, stat.st_mtime_ns) for path, stat in stats.items()}


def only_whole_parts(folder: Path) -> None:
    """Assert that a folder whose run was stopped has whole parts, as recorded, and no manifest."""
    assert not (folder / "manifest.json").exists()
    records = records_in(folder)
    parts = {path.relative_to(folder).as_posix(): path for path in parts_in(folder)}
    assert set(records) <= set(parts)
    for name, path in parts.items():
        # A part without a record was published just before the run ended: it is whole, too.
        rows = rows_of(path)
        if name in records:
            assert rows.num_rows == records[name]["rows"]
            assert sha256(path.read_bytes()).hexdigest() == records[name]["sha256"]
            if "=" not in name:
                assert digest_file(path) == records[name]["digest"]


def rows_of(path: Path) -> pa.Table:
    """What a part's file holds, without the columns that its path stands for."""
    with pq.ParquetFile(path) as file:
        return file.read()
