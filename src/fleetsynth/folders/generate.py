"""A dataset folder from beginning to end."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import FleetsynthError, UsageError
from fleetsynth.folders import folder
from fleetsynth.folders.begin import begin
from fleetsynth.folders.engines.local import LocalEngine
from fleetsynth.folders.job import Job
from fleetsynth.pipeline import available_workers
from fleetsynth.size import estimate
from fleetsynth.stores.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fleetsynth.folders.engines.base import Engine
    from fleetsynth.folders.folder import Shard
    from fleetsynth.folders.job import PartRecord
    from fleetsynth.plan import Plan
    from fleetsynth.scenario import Scenario

PART_BYTES = 256_000_000


@dataclass(frozen=True, repr=False)
class FolderResult:
    """What `generate_folder` made.

    Attributes:
        url: the folder.
        plan: what it holds.
        seconds: wall time.
        parts: number of parts of the whole dataset.
        made: parts that this run made; the others were there, or belong to other shards.
        rows: rows that this run made.
        rows_of_whole: rows of the whole dataset; None before the commit, unless the plan tells.
        already: whether all of it was there before, finished.
        bytes: size of all parts; None before the commit.
        digest: content digest of the whole; None before the commit.
    """

    url: str
    plan: Plan
    seconds: float
    parts: int
    made: int
    rows: int
    rows_of_whole: int | None
    already: bool
    bytes: int | None
    digest: str | None

    def __repr__(self) -> str:
        """Say in a line what was made."""
        made = f"{self.made:,} of {self.parts:,} parts made, {self.rows:,} rows"
        if self.already:
            made = f"all of {self.parts:,} parts were there"
        whole = f"digest {self.digest[:12]}…" if self.digest else "not committed"
        return f"<FolderResult {self.url}: {made}, {self.seconds:.2f} s, {whole}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the facts of the run as JSON-ready values."""
        scenario = self.plan.scenario
        return {
            "path": self.url,
            "rows": self.rows_of_whole,
            "columns": len(self.plan.columns),
            "servers": scenario.num_servers,
            "start": scenario.start_date.isoformat(),
            "end": scenario.end_date.isoformat(),
            "granularity": scenario.granularity,
            "seconds": round(self.seconds, 3),
            "rows_per_second": round(self.rows / self.seconds),
            "bytes": self.bytes,
            "digest": self.digest,
            "scenario_digest": self.plan.digest,
            "parts": self.parts,
            "parts_made": self.made,
            "already_there": self.already,
        }


def generate_folder(
    scenario: Scenario,
    url: str,
    *,
    partition_by: Sequence[str] = (),
    part_bytes: int = PART_BYTES,
    workers: int | None = None,
    engine: Engine | None = None,
    resume: bool = False,
    overwrite: bool = False,
    shard: Shard | None = None,
    progress: Callable[[int], None] | None = None,
) -> FolderResult:
    """Generate a dataset folder: parts, then servers and scenario, and last of all the manifest.

    Args:
        scenario: what to generate.
        url: a folder, or ``s3://bucket/prefix``.
        partition_by: hive partition columns, outermost first.
        part_bytes: target size of a part.
        workers: processes; None for one per processor.
        engine: where parts are made; by default `LocalEngine` with `workers`.
        resume: go on with an unfinished run of the same scenario.
        overwrite: replace a dataset that is there.
        shard: make only some of the parts, and no manifest; `commit` writes it.
        progress: called with how many of the plan's cells are done so far.

    Raises:
        UsageError: for partitions that cannot be, or a run of another scenario.
        OutputError: if the folder holds something else, cannot be written, or has not nearly the
            room. Parts that were published stay, and `resume` goes on from them.
    """
    started = time.perf_counter()
    if overwrite and (resume or shard):
        other = "resume=True" if resume else "shard=..."
        raise UsageError(f"overwrite=True starts again, {other} goes on: choose one")
    job = Job.of(scenario, url, partition_by=tuple(partition_by), part_bytes=part_bytes)
    store = open_store(url)
    if not (resume or overwrite or shard) and not store.list():  # all of it is still to be made
        store.check_room(job.plan.cells, estimate(job.plan).bytes[".parquet"], part_bytes)
    parts = job.parts  # refuses partitions that cannot be, before anything is touched
    job = begin(job, resume=resume, overwrite=overwrite, shard=shard is not None)
    todo = folder.missing(job, shard) if job.run else []
    made: list[PartRecord] = []

    def report(done_in_part: int) -> None:
        if progress:
            progress(done + done_in_part)

    begun = set(todo)
    done = sum(part.plan.cells for part in parts if part.index not in begun)
    chosen = engine or LocalEngine(workers or available_workers(), report)
    manifest: dict[str, Any] = {}
    try:
        for record in folder.make(job, chosen, todo, len(folder.wanted(job, shard))):
            made.append(record)
            done += parts[record.index].plan.cells
            report(0)
        if shard is None:
            manifest = folder.commit(url)
    except FleetsynthError:
        # What another process finishes meanwhile, of this very run, is what was asked for.
        with suppress(FleetsynthError):
            manifest = folder.finished_by(job)
        if not manifest:
            raise
    whole = job.plan.cells if job.plan.is_full else None
    return FolderResult(
        url=url,
        plan=job.plan,
        seconds=time.perf_counter() - started,
        parts=len(parts),
        made=len(made),
        rows=sum(record.rows for record in made),
        rows_of_whole=manifest.get("rows", whole),
        already=not job.run,
        bytes=sum(part["size"] for part in manifest["parts"]) if manifest else None,
        digest=manifest.get("digest"),
    )
