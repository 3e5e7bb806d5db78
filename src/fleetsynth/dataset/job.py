"""What a worker needs to know to make any part, and what it reports of one."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import file_digest
from math import ceil
from typing import TYPE_CHECKING, Any

from fleetsynth import manifest, pipeline
from fleetsynth.dataset.parts import Part, cut
from fleetsynth.dataset.records import mapping_from_data, refuse_odd_fields
from fleetsynth.dataset.store import open_store
from fleetsynth.errors import InputError
from fleetsynth.frame import Frame
from fleetsynth.plan import resolve
from fleetsynth.scenario import Scenario, load_scenario
from fleetsynth.sinks.parquet import ParquetSink
from fleetsynth.size import rows_in_parquet

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleetsynth.dataset.store import Store
    from fleetsynth.plan import Plan

MOST_SAMPLES = 1 << 25
"""In a part of aggregates, some ten seconds' worth: a day's percentile is a few bytes that took 288
samples, and parts of the usual size would leave all workers but one idle."""
ENOUGH_PARTS = 256
"""For all workers to have a share: a dataset is not cut into more than these for that reason."""
STATE = "_parts/"
"""Where records of finished parts wait for the manifest."""


@dataclass(frozen=True)
class Job:
    """A dataset folder to be made: small, hashable, and the same in every worker.

    Attributes:
        scenario: the scenario as JSON text.
        url: the folder.
        partition_by: hive partition columns, outermost first.
        part_bytes: target size of a part.
    """

    scenario: str
    url: str
    partition_by: tuple[str, ...] = ()
    part_bytes: int = 256_000_000

    @classmethod
    def of(cls, scenario: Scenario, url: str, **options: Any) -> Job:
        """Describe a scenario's folder."""
        return cls(json.dumps(scenario.to_dict()), url, **options)

    @property
    def plan(self) -> Plan:
        """The resolved plan of the whole."""
        return _plan(self.scenario)

    @property
    def parts(self) -> list[Part]:
        """All parts, the same list in every process."""
        return _parts(self)


@dataclass(frozen=True)
class PartRecord:
    """What there is to know of a finished part.

    Attributes:
        index: its number.
        path: where it is, relative to the folder.
        rows: how many.
        servers: number of servers; with the ids of the first and the last.
        start: first timestamp, as text.
        end: last timestamp.
        size: of the file, in bytes.
        sha256: hash of the file.
        digest: content digest of its rows.
        leaves: the content digest's leaves, one after the other, to be combined into that of
            the whole.
    """

    index: int
    path: str
    rows: int
    servers: int
    first_server: str
    last_server: str
    start: str
    end: str
    size: int
    sha256: str
    digest: str
    leaves: bytes

    def to_json(self) -> bytes:
        """Write as JSON."""
        return json.dumps(asdict(self) | {"leaves": b64encode(self.leaves).decode()}).encode()

    @classmethod
    def from_json(cls, data: bytes) -> PartRecord:
        """Read what `to_json` wrote."""
        values = mapping_from_data(data, "the record of a part")
        refuse_odd_fields(values, "the record of a part")
        return cls(**values | {"leaves": b64decode(values["leaves"], validate=True)})


def state_key(index: int) -> str:
    """Where the record of a part is kept until the manifest is written."""
    return f"{STATE}part-{index:05d}.json"


def read_record(store: Store, index: int) -> PartRecord | None:
    """Return the record of a part, or None if there is none that can be read."""
    data = store.read(state_key(index))
    try:
        record = None if data is None else PartRecord.from_json(data)
    except (InputError, ValueError, TypeError, KeyError):
        return None
    return record if record and record.index == index else None


def make_part(
    job: Job, index: int, progress: Callable[[int], None] | None = None, workers: int = 1
) -> PartRecord:
    """Generate a part, publish it, then publish its record. Safe to repeat at any time."""
    part, store = job.parts[index], open_store(job.url)
    plan = part.plan
    frame = Frame(plan, without=job.partition_by)
    with store.building(part.path) as path:
        sink = ParquetSink(path, frame.schema, manifest.provenance(plan), overwrite=True)
        outcome = pipeline.run(
            plan,
            sink,
            frame=frame,
            workers=workers,
            progress=progress,
            batch_rows=pipeline.BATCH_ROWS,  # the larger a row group, the smaller the file
        )
        with path.open("rb") as stream:
            sha256 = file_digest(stream, "sha256").hexdigest()
    fleet, clock = plan.fleet, plan.clock
    first, last = clock.seconds(clock.first, clock.stop)[[0, -1]].astype("datetime64[s]")
    record = PartRecord(
        index=index,
        path=part.path,
        rows=plan.rows,
        servers=fleet.size,
        first_server=fleet.server_ids(0, 1)[0],
        last_server=fleet.server_ids(fleet.size - 1, fleet.size)[0],
        start=str(first),
        end=str(last),
        size=outcome.size,
        sha256=sha256,
        digest=outcome.digest,
        leaves=outcome.leaves,
    )
    store.write(state_key(index), record.to_json())
    return record


@lru_cache(maxsize=2)
def _plan(scenario: str) -> Plan:
    return resolve(load_scenario(json.loads(scenario)))


@lru_cache(maxsize=2)
def _parts(job: Job) -> list[Part]:
    plan = job.plan
    rows = rows_in_parquet(plan, job.part_bytes)
    if plan.samples_per_row > 1:
        rows = min(rows, max(MOST_SAMPLES // plan.samples_per_row, ceil(plan.rows / ENOUGH_PARTS)))
    return cut(plan, job.partition_by, rows)
