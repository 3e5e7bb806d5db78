"""Days that are appended to a finished dataset folder: new parts, and old ones as they are.

An append claims the folder as any run does, with a record that names the manifest it appends to.
It makes the parts of the new days under names that nobody has, then all else that changes with the
last day, and last of all puts its manifest in the place of the old one. Whoever reads by that sees
the days before, whole, and then all of them.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import ExistsError, InputError, OutputError, UsageError
from fleetsynth.folders.begin import claim, look, scenario_in
from fleetsynth.folders.folder import commit
from fleetsynth.folders.generate import check_room, result_of, run_job
from fleetsynth.folders.give_up import give_up
from fleetsynth.folders.job import Earlier, Job, job_key
from fleetsynth.folders.run_record import DECIDE_VALUES, compare, job_from
from fleetsynth.presets import resolve
from fleetsynth.stores.names import DATA, MANIFEST, SCENARIO, TABLES
from fleetsynth.stores.recorded import SEAL, file_format_of, parse_manifest
from fleetsynth.stores.records import tables_from_data
from fleetsynth.stores.store import open_store
from fleetsynth.tables.provenance import provenance

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from fleetsynth.folders.begin import Folder
    from fleetsynth.folders.engines.base import Engine
    from fleetsynth.folders.folder import Shard
    from fleetsynth.plan import Plan
    from fleetsynth.result import Result
    from fleetsynth.stores.object_store import Stamp
    from fleetsynth.stores.store import Store

MOST_DAYS = 36_525
"""Days that are appended at a time at most: beyond, a slip of the pen is likelier than a wish."""
_PACKAGES = {"holidays_version": "holidays", "tzdata_version": "tzdata"}


def append_days(
    url: str,
    until: date,
    *,
    resume: bool = False,
    restart: bool = False,
    shard: Shard | None = None,
    workers: int | None = None,
    engine: Engine | str | None = None,
    master: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Result:
    """Append days to a finished folder.

    Args:
        url: the folder.
        until: the last day that it is to have.
        resume: go on with an append that was interrupted, and then to `until` if that is later.
        restart: give up an append that is under way or was interrupted: remove what it has made.
        shard: make only some of the parts, and no manifest; `commit` writes it.
        workers: processes; None for one per processor.
        engine: where parts are made, or its name in `ENGINES`; None for the first.
        master: address of the engine's cluster.
        progress: called with how many of the new days' cells are done so far.

    Raises:
        UsageError: if the day is before the dataset's last or far after it, another version made
            it, or both `resume` and `restart` are said.
        ExistsError: if another run is in the folder.
        InputError: if it is no finished dataset, or not as its manifest says.
        OutputError: if it cannot be written. What was there stays as it was.
    """
    if resume and restart:
        raise UsageError("resume=True goes on, restart=True begins again: choose one")
    if restart and shard is not None:
        raise UsageError(
            "restart=True would remove what other shards make: begin without shard=..."
        )
    options: dict[str, Any] = {"workers": workers, "engine": engine, "master": master}
    options |= {"shard": shard, "progress": progress}
    started = time.perf_counter()
    store = open_store(url)
    there = look(store)
    if there.finished is not None and not (there.being_appended_to or there.being_replaced):
        commit(url)  # what a run has left that was killed when it had ended
    if there.being_appended_to and restart:
        give_up(store, url, there)
        there = look(store)
    if there.being_appended_to:
        job = _interrupted(store, url, there, until, resume=resume, shard=shard is not None)
        before = _stamps(store, there.finished or {})
        result = run_job(job, lambda: job, **options)
        _refuse_touched(store, before)
        if until <= job.plan.clock.end:
            return result
        there = look(store)
    job = _job(store, url, _finished(store, there), until)
    if job.earlier is None:
        return _nothing_to_do(job, there.finished or {}, time.perf_counter() - started)
    check_room(store, job, sum(part.plan.cells for part in job.parts) / job.plan.cells)
    before = _stamps(store, there.finished or {})
    result = run_job(job, lambda: _begin(store, job, join=resume or shard is not None), **options)
    _refuse_touched(store, before)
    return result


def _interrupted(
    store: Store, url: str, there: Folder, until: date, *, resume: bool, shard: bool
) -> Job:
    """Return the append that is under way, or was interrupted, if it is to be gone on with."""
    job = job_from(there.run or {}, url, there.generation)
    end = job.plan.clock.end
    if not resume and not (shard and end == until):
        raise ExistsError(
            f"days until {end} are being appended to {store.name}, or that was interrupted: go on "
            "with resume=True, or give that up with restart=True"
        )
    compare(job, there.run or {}, store.name, "restart=True")
    return job


def _finished(store: Store, there: Folder) -> dict[str, Any]:
    """Return the manifest of a folder that can be appended to."""
    if there.being_replaced:
        raise ExistsError(
            f"{store.name} is being replaced, or a replacement was interrupted: generate with "
            "resume=True, or with overwrite=True"
        )
    if there.finished is None:
        is_begun = "it is unfinished: generate with resume=True, or commit(folder)"
        why = is_begun if there.run is not None else "fleetsynth has generated no dataset in it"
        raise InputError(f"{store.name} has no {MANIFEST}, so days cannot be appended: {why}")
    if there.finished["format"] == 1:
        raise InputError(
            f"{store.name}/{MANIFEST} is of format 1, which does not say how parts were cut: "
            "generate the dataset again to append to it"
        )
    return there.finished


def _job(store: Store, url: str, values: dict[str, Any], until: date) -> Job:
    """Return the job that appends days; one without `earlier` if it has them already."""
    scenario = scenario_in(store, values)
    plan = resolve(scenario)
    _refuse_other_versions(store, values, plan)
    if plan.digest != values["scenario_digest"]:
        raise InputError(
            f"{SCENARIO} at {store.name} is not the scenario of its {MANIFEST}: see verify(folder)"
        )
    end = plan.clock.end
    if until < end:
        raise UsageError(
            f"{store.name} has days until {end}, and {until} is before that: days are only ever "
            "appended"
        )
    if (until - end).days > MOST_DAYS:
        raise UsageError(
            f"{until} is {(until - end).days:,} days after {end}, the last day of {store.name}, "
            f"and an append cannot be taken back: {MOST_DAYS:,} days, 100 years, at most at a time"
        )
    spans = values.get("spans") or [{"until": end.isoformat()}]
    earlier = Earlier(spans[0]["until"], end.isoformat(), len(values["parts"]), values[SEAL])
    return Job.of(
        scenario if until == end else scenario.until(until),
        url,
        partition_by=tuple(values["partition_by"]),
        part_bytes=values["part_bytes"],
        file_format=file_format_of(values),
        tables=tables_from_data({"tables": list(values.get("tables", {}))}, store.name),
        earlier=None if until == end else earlier,
    )


def _refuse_other_versions(store: Store, values: dict[str, Any], plan: Plan) -> None:
    """Refuse to go on with other software where that would give other values."""
    now = provenance(plan)
    for name in DECIDE_VALUES:
        said, this = values.get(name), now[f"fleetsynth.{name}"]
        if name != "version" and said != this:
            package = _PACKAGES.get(name)
            hint = f"install {package}=={said}" if package else "take the release that made it"
            raise UsageError(
                f"{store.name} was made with {name} {said}, and this is {this}, which may "
                f"give other values: {hint}, or generate the dataset again"
            )


def _nothing_to_do(job: Job, values: dict[str, Any], seconds: float) -> Result:
    return result_of(
        job, values, seconds=seconds, parts=len(values["parts"]), made=0, rows=0, already=True
    )


def _begin(store: Store, job: Job, *, join: bool) -> Job:
    """Make a folder that of an append, or join the one that has begun meanwhile.

    Raises:
        ExistsError: if another run has begun.
    """
    begun = claim(job, store, 1)
    if begun is None:
        there = look(store)
        if not (join and there.being_appended_to):
            raise ExistsError(f"another run has begun in {store.name} at the same time")
        compare(job, there.run or {}, store.name, "restart=True")
        return replace(job, run=there.name or "", generation=there.generation)
    data = store.read(MANIFEST)
    now = {} if data is None else parse_manifest(data, f"{store.name}/{MANIFEST}")
    if job.earlier is None or now.get(SEAL) != job.earlier.manifest:
        store.delete(job_key(1))  # another append began, and ended, since we looked
        raise ExistsError(f"another run has ended in {store.name} at the same time: try again")
    return begun


def _stamps(store: Store, values: dict[str, Any]) -> dict[str, Stamp]:
    """Return what the store knows of all parts that are there, which must be as recorded.

    Raises:
        InputError: if one is missing, or has another size.
    """
    found = store.stamps(DATA)
    if values.get("tables"):
        found |= store.stamps(TABLES)
    out = {}
    for part in values["parts"]:
        for file in (part, *part.get("tables", {}).values()):
            stamp = found.get(file["path"])
            if stamp is None or stamp.size != file.get("size"):
                what = "is missing" if stamp is None else "is not as it was made"
                raise InputError(f"{store.name}/{file['path']} {what}: see verify(folder)")
            out[file["path"]] = stamp
    return out


def _refuse_touched(store: Store, before: dict[str, Stamp]) -> None:
    """Make sure that no part of those that were there has been written again.

    Raises:
        OutputError: if one was.
    """
    now = store.stamps(DATA)
    if any(path.startswith(TABLES) for path in before):
        now |= store.stamps(TABLES)
    for path, stamp in before.items():
        if now.get(path) != stamp:
            raise OutputError(
                f"{store.name}/{path} was changed by somebody else while days were appended: see "
                "verify(folder)"
            )
