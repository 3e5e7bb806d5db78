"""A dataset folder from beginning to end."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import FleetsynthError, UsageError
from fleetsynth.folders import folder
from fleetsynth.folders.begin import begin
from fleetsynth.folders.engines import ENGINES, open_engine
from fleetsynth.folders.job import PART_BYTES, Job
from fleetsynth.folders.manifest import CLEAN
from fleetsynth.folders.of_plan import files_of_plan
from fleetsynth.formats import part_format
from fleetsynth.result import MadeTable, Result
from fleetsynth.size import estimate
from fleetsynth.stores.names import TABLES as TABLES_FOLDER
from fleetsynth.stores.recorded import PART_FORMAT
from fleetsynth.stores.store import open_store
from fleetsynth.tables.table import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fleetsynth.folders.engines.base import Engine
    from fleetsynth.folders.folder import Shard
    from fleetsynth.folders.part_record import PartRecord
    from fleetsynth.scenario import Scenario
    from fleetsynth.stores.store import Store


def generate_folder(
    scenario: Scenario,
    url: str,
    *,
    partition_by: Sequence[str] = (),
    part_bytes: int = PART_BYTES,
    file_format: str = PART_FORMAT,
    tables: Sequence[str] = (),
    workers: int | None = None,
    engine: Engine | str | None = None,
    master: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    shard: Shard | None = None,
    progress: Callable[[int], None] | None = None,
) -> Result:
    """Generate a dataset folder: parts, then servers and scenario, and last of all the manifest.

    Args:
        scenario: what to generate.
        url: a folder, or ``s3://bucket/prefix``.
        partition_by: hive partition columns, outermost first.
        part_bytes: target size of a part.
        file_format: of the parts: the ending that names it, with or without its dot.
        tables: names of further tables, with a file per part in ``tables/<name>/``.
        workers: processes; None for one per processor.
        engine: where parts are made, or its name in `ENGINES`; None for the first.
        master: address of the engine's cluster.
        resume: go on with an unfinished run of the same scenario.
        overwrite: replace a dataset that is there.
        shard: make only some of the parts, and no manifest; `commit` writes it.
        progress: called with how many of the plan's cells are done so far.

    Raises:
        UsageError: for partitions, a format or an engine that cannot be, or a run of another
            scenario.
        OutputError: if the folder holds something else, cannot be written, or has not nearly the
            room. Parts that were published stay, and `resume` goes on from them.
    """
    if overwrite and (resume or shard):
        other = "resume=True" if resume else "shard=..."
        raise UsageError(f"overwrite=True starts again, {other} goes on: choose one")
    job = Job.of(
        scenario,
        url,
        partition_by=tuple(partition_by),
        part_bytes=part_bytes,
        file_format=part_format(file_format),
        tables=tuple(tables),
    )
    store = open_store(url)
    if not (resume or overwrite or shard) and not store.list():  # all of it is still to be made
        check_room(store, job)
    _ = job.parts  # refuses partitions that cannot be, before anything is touched
    return run_job(
        job,
        lambda: begin(job, resume=resume, overwrite=overwrite, shard=shard is not None),
        shard=shard,
        engine=engine,
        workers=workers,
        master=master,
        progress=progress,
    )


def check_room(store: Store, job: Job, share: float = 1.0) -> None:
    """Refuse what is plainly too large for a store, before anything is made.

    Args:
        store: where to.
        job: what is to be made.
        share: how much of its plan.

    Raises:
        OutputError: if so.
    """
    plans = [job.plan, *(TABLES[name].plan(job.plan) for name in job.tables)]
    sizes = [estimate(plan) for plan in plans]
    need = sum(size.bytes[job.file_format] for size in sizes)
    store.check_room(round(sizes[0].rows * share), need * share, job.part_bytes)


def run_job(
    job: Job,
    begin: Callable[[], Job],
    *,
    shard: Shard | None,
    engine: Engine | str | None,
    workers: int | None,
    master: str | None,
    progress: Callable[[int], None] | None,
) -> Result:
    """Begin a job, make its parts that are missing, and commit unless it is of one shard.

    Args:
        job: what to make.
        begin: makes the folder that of the job; returns it with the name of its run, or without
            one if there is nothing to be made.
        shard: make only some of the parts.
        engine: where parts are made, or its name in `ENGINES`; None for the first.
        workers: processes; None for one per processor.
        master: address of the engine's cluster.
        progress: called with how many of the job's cells are done so far.
    """
    started = time.perf_counter()
    parts = job.parts
    made: list[PartRecord] = []

    def report(done_in_part: int) -> None:
        if progress:
            progress(done + done_in_part)

    if engine is None or isinstance(engine, str):
        engine = open_engine(
            engine or next(iter(ENGINES)), workers=workers, master=master, progress=report
        )
    job = begin()
    todo = folder.missing(job, shard) if job.run else []
    begun = set(todo)
    done = sum(part.plan.cells for part in parts if part.index not in begun)
    manifest: dict[str, Any] = {}
    try:
        for record in folder.make(job, engine, todo, len(folder.wanted(job, shard))):
            made.append(record)
            done += parts[record.index].plan.cells
            report(0)
        if shard is None:
            manifest = folder.commit(job.url)
    except FleetsynthError:
        # What another process finishes meanwhile, of this very run, is what was asked for.
        with suppress(FleetsynthError):
            manifest = folder.finished_by(job)
        if not manifest:
            raise
    there = job.earlier.parts if job.earlier else 0
    return result_of(
        job,
        manifest,
        seconds=time.perf_counter() - started,
        parts=there + len(parts),
        made=len(made),
        rows=sum(record.rows for record in made),
        already=not job.run,
    )


def result_of(job: Job, manifest: dict[str, Any], **facts: Any) -> Result:
    """Return what a run tells of itself, given the manifest if there is one."""
    return Result(
        url=job.url,
        plan=job.plan,
        rows_of_whole=manifest.get("rows", job.plan.rows),
        bytes=sum(part["size"] for part in manifest.get("parts", [])),
        digest=manifest.get("digest", ""),
        clean_digest=manifest.get(CLEAN, ""),
        tables={
            **{name: _made_table(job, name, manifest) for name in job.tables},
            **_made_of_plan(job, manifest),
        },
        **facts,
    )


def _made_of_plan(job: Job, manifest: dict[str, Any]) -> dict[str, MadeTable]:
    """Return the tables with a digest of their own that lie beside the parts."""
    out, url = {}, job.url.rstrip("/")
    for name, table in files_of_plan(job.plan).items():
        if table.leaves:
            said = manifest["files"][name] if manifest else {}
            facts = said.get("size", 0), said.get("digest", ""), said.get("rows")
            out[table.name] = MadeTable(f"{url}/{name}", *facts)
    return out


def _made_table(job: Job, name: str, manifest: dict[str, Any]) -> MadeTable:
    folder = f"{job.url.rstrip('/')}/{TABLES_FOLDER}{name}"
    if not manifest:
        return MadeTable(folder, 0, "")
    size = sum(part["tables"][name]["size"] for part in manifest["parts"])
    return MadeTable(folder, size, manifest["tables"][name]["digest"])
