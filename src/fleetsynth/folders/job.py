"""What a worker needs to know to make any part, and what it reports of one."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import file_digest
from math import ceil
from typing import TYPE_CHECKING, Any

from fleetsynth import pipeline
from fleetsynth.errors import InputError, SupersededError
from fleetsynth.files import os_errors
from fleetsynth.folders.part_record import PartRecord, TableRecord
from fleetsynth.folders.parts import Part, cut, plan_until
from fleetsynth.formats import open_sink
from fleetsynth.presets import resolve
from fleetsynth.presets.load import load_scenario
from fleetsynth.size import rows_in
from fleetsynth.stores.names import table_key
from fleetsynth.stores.recorded import PART_FORMAT
from fleetsynth.stores.records import mapping_from_data
from fleetsynth.stores.store import STATE, hash_of, open_store
from fleetsynth.tables.frame import Frame, schema
from fleetsynth.tables.provenance import provenance
from fleetsynth.tables.table import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from fleetsynth.plan import Plan
    from fleetsynth.scenario import Scenario
    from fleetsynth.stores.store import Store

PART_BYTES = 256_000_000
"""About as many bytes a part has, unless the caller says otherwise."""
MOST_SAMPLES = 1 << 25
"""In a part of aggregates, some ten seconds' worth: a day's percentile is a few bytes that took 288
samples, and parts of the usual size would leave all workers but one idle."""
ENOUGH_PARTS = 256
"""For all workers to have a share: a dataset is not cut into more than these for that reason."""
CUT_LAW = 1
"""The law by which parts are cut; another number for every change of it."""


@dataclass(frozen=True)
class Earlier:
    """What of a dataset is there already when days are appended.

    Attributes:
        first_end: the last day that it had when it was generated, which decides how parts are cut.
        end: the last day that it has.
        parts: how many parts it has.
        manifest: the hash of its manifest.
    """

    first_end: str
    end: str
    parts: int
    manifest: str

    @classmethod
    def from_data(cls, values: object, where: str) -> Earlier:
        """Read what `asdict` wrote.

        Raises:
            InputError: if it is damaged.
        """
        try:
            out = cls(**values)  # type: ignore[arg-type]
            days = [date.fromisoformat(day) for day in (out.first_end, out.end)]
        except (TypeError, ValueError):
            days = []
        if not (days and days[0] <= days[1] and type(out.parts) is int and out.parts > 0):
            raise InputError(f"{where}: what it is appended to is not said as it should be")
        return out


@dataclass(frozen=True)
class Job:
    """A dataset folder to be made: small, hashable, and the same in every worker.

    Attributes:
        scenario: the scenario as JSON text.
        url: the folder.
        partition_by: hive partition columns, outermost first.
        part_bytes: target size of a part.
        file_format: the ending of the parts, which names their format.
        tables: names of the further tables; each has a file per part.
        earlier: what of the dataset is there already, and is appended to; None if nothing is.
        run: the random name of the run that makes it; empty until it has begun.
        generation: how many runs have begun in the folder, this one included.
    """

    scenario: str
    url: str
    partition_by: tuple[str, ...] = ()
    part_bytes: int = PART_BYTES
    file_format: str = PART_FORMAT
    tables: tuple[str, ...] = ()
    earlier: Earlier | None = None
    run: str = ""
    generation: int = 0

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
        """All parts to be made, the same list in every process."""
        return _parts(
            self.scenario, self.partition_by, self.part_bytes, self.file_format, self.earlier
        )

    @property
    def cut(self) -> dict[str, int]:
        """What decides where parts begin and end, apart from the scenario and the partitions."""
        first = _first_plan(self.plan, self.earlier)
        rows = _rows_per_part(first, self.part_bytes, self.file_format)
        return {"law": CUT_LAW, "rows_per_part": rows}


def state_key(index: int) -> str:
    """Where the record of a part is kept until the manifest is written."""
    return f"{STATE}part-{index:05d}.json"


def job_key(generation: int) -> str:
    """Where the record of a folder's n-th run is kept until the manifest is written."""
    return f"{STATE}job-{generation:04d}.json"


def end_key(run: str) -> str:
    """Where it is decided, once and for all, how an append ends: whoever is first creates it.

    It holds the manifest that is to be; or nothing, if the append has been given up.
    """
    return f"{STATE}end-{run}.json"


def generation_of(key: str) -> int | None:
    """Return which run a key is the job record of, if it is one."""
    match = re.fullmatch(rf"{STATE}job-([0-9]{{4,9}})\.json", key)
    return int(match[1]) if match else None


def read_record(store: Store, job: Job, index: int) -> PartRecord | None:
    """Return the record of a part that this run has made; None if there is none to be read."""
    data = store.read(state_key(index))
    try:
        record = None if data is None else PartRecord.from_json(data)
    except (InputError, ValueError, TypeError, KeyError):
        return None
    path = job.parts[index].path
    ours = record is not None and (record.run, record.index, record.path) == (job.run, index, path)
    return record if ours and record and set(record.tables) == set(job.tables) else None


def is_whole(store: Store, record: PartRecord) -> bool:
    """Tell whether a part's files are those that its record describes."""
    return is_there(store, record) and all(
        hash_of(store, file.path) == file.sha256 for file in record.files
    )


def is_there(store: Store, record: PartRecord) -> bool:
    """Tell whether a part's files are there, as far as their sizes tell."""
    return all(store.size(file.path) == file.size for file in record.files)


def refuse_if_superseded(store: Store, job: Job) -> None:
    """Refuse to publish for a run that is no longer the one of its folder.

    Raises:
        SupersededError: if another has begun there since, or the dataset has been finished.
    """
    if not still_counts(store, job.run, job.generation):
        raise SupersededError(
            f"another process has taken {store.name} over: it finished it, or started it again"
        )


def still_counts(store: Store, run: str | None, generation: int) -> bool:
    """Tell whether a run is the one of its folder, and nobody has begun there since.

    Once a dataset is finished, the numbers of runs begin anew: a number alone tells no run.
    """
    data = store.read(job_key(generation)) if store.size(job_key(generation + 1)) is None else None
    where = f"{store.name}/{job_key(generation)}"
    return data is not None and mapping_from_data(data, where).get("run") == run


def make_part(
    job: Job, index: int, progress: Callable[[int], None] | None = None, workers: int = 1
) -> PartRecord:
    """Generate a part, publish it, then publish its record. Safe to repeat at any time.

    Raises:
        SupersededError: if the job's run is no longer the one of its folder.
        OutputError: if the part cannot be written, or is there with other bytes.
    """
    part, store = job.parts[index], open_store(job.url)
    plan = part.plan
    frame, said = Frame(plan, without=job.partition_by), provenance(plan)
    schemas = {name: schema(TABLES[name].plan(plan)) for name in job.tables}
    before = read_record(store, job, index)
    damaged = before is not None and not is_whole(store, before)
    with ExitStack() as built:  # the data are published last
        path = built.enter_context(store.building(part.path, replace=damaged))
        paths = {
            name: built.enter_context(store.building(table_key(part.path, name), replace=damaged))
            for name in job.tables
        }
        outcome = pipeline.run(
            plan,
            open_sink(path, frame.schema, said, overwrite=True),
            frame=frame,
            further={
                name: open_sink(
                    there, schemas[name], {**said, "fleetsynth.table": name}, overwrite=True
                )
                for name, there in paths.items()
            },
            workers=workers,
            progress=progress,
            batch_rows=pipeline.BATCH_ROWS,  # the larger a row group, the smaller the file
        )
        hashes = {name: _hash(there) for name, there in {"": path, **paths}.items()}
        refuse_if_superseded(store, job)
    record = _record(job, part, outcome, hashes)
    refuse_if_superseded(store, job)
    store.write(state_key(index), record.to_json())
    try:
        refuse_if_superseded(store, job)
    except SupersededError:  # a commit may just have ended: nothing must lie about after it
        store.delete(state_key(index))
        raise
    return record


def facts_of(part: Part, rows: int | None) -> dict[str, Any]:
    """Return what the plan says of a part of so many rows, named as in a manifest."""
    fleet, clock = part.plan.fleet, part.plan.clock
    first, last = clock.seconds(clock.first, clock.stop)[[0, -1]].astype("datetime64[s]")
    return {
        "path": part.path,
        "rows": rows,
        "servers": fleet.size,
        "first_server": fleet.server_ids(0, 1)[0],
        "last_server": fleet.server_ids(fleet.size - 1, fleet.size)[0],
        "start": str(first),
        "end": str(last),
    }


def _hash(path: Path) -> str:
    with os_errors(path), path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _record(
    job: Job, part: Part, outcome: pipeline.Outcome, hashes: Mapping[str, str]
) -> PartRecord:
    """Return the record of a part, given the hash of each of its files, that of the data by ""."""
    return PartRecord(
        run=job.run,
        index=part.index,
        **facts_of(part, outcome.rows),
        size=outcome.size,
        sha256=hashes[""],
        digest=outcome.digest,
        leaves=outcome.leaves,
        months=outcome.months,
        tables={
            name: TableRecord(
                path=table_key(part.path, name),
                size=made.size,
                sha256=hashes[name],
                digest=made.digest,
                leaves=made.leaves,
                months=made.months,
            )
            for name, made in outcome.tables.items()
        },
        clean=outcome.clean,
    )


@lru_cache(maxsize=2)
def _plan(scenario: str) -> Plan:
    return resolve(load_scenario(json.loads(scenario)))


@lru_cache(maxsize=2)
def _parts(
    scenario: str,
    partition_by: tuple[str, ...],
    part_bytes: int,
    ending: str,
    earlier: Earlier | None,
) -> list[Part]:
    plan = _plan(scenario)
    rows = _rows_per_part(_first_plan(plan, earlier), part_bytes, ending)
    if earlier is None:
        return cut(plan, partition_by, rows, ending)
    after = date.fromisoformat(earlier.end)
    return cut(plan, partition_by, rows, ending, after=after, number=earlier.parts)


def _first_plan(plan: Plan, earlier: Earlier | None) -> Plan:
    """Return a plan as it was when its dataset was generated."""
    return plan if earlier is None else plan_until(plan, date.fromisoformat(earlier.first_end))


def _rows_per_part(plan: Plan, part_bytes: int, ending: str) -> int:
    rows = rows_in(plan, part_bytes, ending)
    if plan.samples_per_row > 1:
        rows = min(rows, max(MOST_SAMPLES // plan.samples_per_row, ceil(plan.cells / ENOUGH_PARTS)))
    return rows
