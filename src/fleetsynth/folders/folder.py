"""Making a dataset folder that has begun: run an engine over what is missing, and commit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import (
    NOTHING_LEFT,
    FleetsynthError,
    InputError,
    OutputError,
    SupersededError,
    UsageError,
)
from fleetsynth.folders.begin import look, refuse_lost
from fleetsynth.folders.card import write_card
from fleetsynth.folders.job import (
    Job,
    end_key,
    generation_of,
    is_there,
    is_whole,
    job_key,
    read_record,
    refuse_if_superseded,
    state_key,
)
from fleetsynth.folders.leaves import (
    digests,
    entries_of,
    gather,
    read_leaves,
    recorded_leaves,
    still_read,
    write_leaves,
)
from fleetsynth.folders.manifest import entry_of, manifest_of
from fleetsynth.folders.of_plan import files_of_plan, write_table
from fleetsynth.folders.run_record import compare, job_from
from fleetsynth.folders.versions import put_copies
from fleetsynth.reader.claims import refuse_beyond
from fleetsynth.reader.scattered import Piece
from fleetsynth.scenario.text import dump_yaml
from fleetsynth.stores.names import DATA, MANIFEST, SCENARIO, TIME_KEYS, version_key
from fleetsynth.stores.recorded import SEAL, has_card, parse_manifest, seal
from fleetsynth.stores.records import mapping_from_data
from fleetsynth.stores.store import STATE, hash_of, open_store
from fleetsynth.tables.digest import combine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fleetsynth.folders.begin import Folder
    from fleetsynth.folders.engines.base import Engine
    from fleetsynth.folders.part_record import PartRecord
    from fleetsynth.stores.store import Store


_REMOVED_AT_ONCE = 50
"""Files after which a commit looks whether another run has begun."""


@dataclass(frozen=True)
class Shard:
    """Part `number` of `count` of a job that runs on several machines; numbers start at 1."""

    number: int
    count: int

    def takes(self, index: int) -> bool:
        """Tell whether a part belongs to this shard."""
        return index % self.count == self.number - 1


def wanted(job: Job, shard: Shard | None = None) -> list[int]:
    """Return the numbers of the parts of a shard, or of all parts."""
    return [part.index for part in job.parts if shard is None or shard.takes(part.index)]


def missing(job: Job, shard: Shard | None = None) -> list[int]:
    """Return the numbers of the parts that are not there, whole and as recorded."""
    store = open_store(job.url)
    present = set(store.list(STATE))
    return [
        i for i in wanted(job, shard) if state_key(i) not in present or not _is_made(store, job, i)
    ]


def _is_made(store: Store, job: Job, index: int) -> bool:
    record = read_record(store, job, index)
    return record is not None and is_whole(store, record)


def make(job: Job, engine: Engine, todo: list[int], count: int) -> Iterator[PartRecord]:
    """Make parts by their numbers; yield the record of each when it is published.

    Args:
        job: what they are parts of.
        engine: where to make them.
        todo: their numbers.
        count: how many parts this run is about, those that are there already included.

    Raises:
        FleetsynthError: what the engine raises, with what is left and how to go on.
    """
    done = count - len(todo)
    try:
        for record in engine.run(job, todo):
            done += 1
            yield record
    except SupersededError:
        raise
    except FleetsynthError as error:
        _explain_if_superseded(job, error)
        reason = str(error).removesuffix(NOTHING_LEFT)
        kind = UsageError if error.exit_code == UsageError.exit_code else OutputError
        raise kind(
            f"{reason}. {done} of {count} parts are whole; go on with resume=True"
        ) from error


def _explain_if_superseded(job: Job, error: FleetsynthError) -> None:
    """Raise what a failure comes from, if another run has removed what this one was writing."""
    try:
        refuse_if_superseded(open_store(job.url), job)
    except SupersededError as reason:
        raise reason from error
    except FleetsynthError:
        return  # a store that fails says nothing of other runs


def commit(url: str) -> dict[str, Any]:
    """Check that every part is there and write the manifest, last; return it.

    Raises:
        InputError: if there is nothing to commit, or parts are missing.
        UsageError: if the parts were made by another version.
    """
    store = open_store(url)
    there = look(store)
    if there.being_replaced:
        raise InputError(
            f"{store.name} is being replaced, or a replacement was interrupted: generate with "
            "resume=True, or with overwrite=True"
        )
    finished = there.finished
    if finished is None or there.being_appended_to:
        if there.run is None:
            raise InputError(f"{store.name} holds no run that could be committed")
        refuse_lost(store, there)
        job = job_from(there.run, url, there.generation)
        compare(
            job,
            there.run,
            store.name,
            "append(folder) with restart=True" if job.earlier else "overwrite=True",
        )
        finished = _write_end(store, job)
    put_copies(store, finished)
    _remove_traces(store, there)
    return finished


def _remove_traces(store: Store, there: Folder) -> None:
    """Remove what only an unfinished run needs, its job record after those of its parts.

    It takes long where there are many parts. A run that begins meanwhile removes what is left, and
    what it makes itself has the same names, so nothing more is touched then.
    """
    names = [name for name in store.list(STATE) if generation_of(name) is None]
    for first in range(0, len(names), _REMOVED_AT_ONCE):
        if _another_has_begun(store, there):
            return
        for name in names[first : first + _REMOVED_AT_ONCE]:
            store.delete(name)
    if not _another_has_begun(store, there):
        store.delete(job_key(there.generation))
        store.tidy()  # after that, who is still making a part can tell why it is gone


def _another_has_begun(store: Store, there: Folder) -> bool:
    """Tell whether another run has begun in a finished folder since it was looked at.

    Its number is the next one, or 1 if another commit has removed the record of ours.
    """
    for generation in {there.generation, there.generation + 1, 1}:
        key = job_key(generation)
        data = store.read(key)
        if data is not None and mapping_from_data(data, key).get("run") != there.name:
            return True
    return False


def finished_by(job: Job) -> dict[str, Any]:
    """Return the manifest that another process has written for this very run; nothing if none.

    What this process has left since then is removed.
    """
    store = open_store(job.url)
    there = look(store)
    if there.finished is None or not job.run or there.finished.get("run") != job.run:
        return {}
    if not there.being_replaced:
        put_copies(store, there.finished)
        _remove_traces(store, there)
    return there.finished


def _write_end(store: Store, job: Job) -> dict[str, Any]:
    """Write what stands beside the parts, the manifest last; return it."""
    refuse_beyond(job.plan, store, store.list(DATA), job.file_format)
    base = None if job.earlier is None else _base(store, job)
    records = list(_records(store, job))
    there = {record.index for record in records if is_there(store, record)}
    absent = [part.path for part in job.parts if part.index not in there]
    if absent:
        shown = ", ".join(absent[:3]) + (", ..." if len(absent) > 3 else "")
        raise InputError(
            f"{len(absent)} of {len(job.parts)} parts are missing at {store.name} ({shown}): "
            "run their shards, or generate with resume=True"
        )
    until = job.plan.clock.end.isoformat()
    told = {SCENARIO: {"path": SCENARIO if base is None else version_key(until, SCENARIO)}}
    for name, table in files_of_plan(job.plan).items():
        key = name if base is None else version_key(until, name)
        told[name] = {"path": key, **write_table(job.plan, store, key, table)}
    store.write(told[SCENARIO]["path"], dump_yaml(job.plan.scenario).encode())
    files = {name: _file(store, name, said) for name, said in told.items()}
    parts = [*(base["parts"] if base else ()), *map(entry_of, records)]
    kept, leaves = _leaves(store, job, base, parts, records)
    # Of days that are appended within a month, no file has the clean rows of its first days.
    is_known = job.plan.is_faulty and base is None
    clean = combine(b"".join(record.clean for record in records)) if is_known else None
    values = manifest_of(job, parts, kept, files, leaves, base, clean)
    if base is None or has_card(base.get("files")):
        at = partial(version_key, until) if base else str
        for name in write_card(store, job.plan, values, at):
            files[name] = _file(store, name, {"path": at(name)})
    if base is not None:
        _replace_manifest(store, job, seal(base), seal(values))
        return values
    data = seal(values)
    refuse_if_superseded(store, job)
    if not store.create(MANIFEST, data) and store.read(MANIFEST) != data:
        raise SupersededError(f"another run has finished {store.name} at the same time")
    return values


def _base(store: Store, job: Job) -> dict[str, Any]:
    """Return the manifest of the dataset that a job appends to.

    Raises:
        SupersededError: if it is no longer there.
    """
    data = store.read(MANIFEST)
    values = {} if data is None else parse_manifest(data, f"{store.name}/{MANIFEST}")
    if job.earlier is None or values.get(SEAL) != job.earlier.manifest:
        raise SupersededError(f"another process has changed the dataset at {store.name} meanwhile")
    return values


def _file(store: Store, name: str, said: dict[str, Any]) -> dict[str, Any]:
    """Return what a manifest says of a file beside the parts: where it is, if that is elsewhere."""
    key, rows = said["path"], {each: value for each, value in said.items() if each != "path"}
    facts = {"size": store.size(key), "sha256": hash_of(store, key), **rows}
    return facts if key == name else {"path": key, **facts}


def _leaves(
    store: Store,
    job: Job,
    base: dict[str, Any] | None,
    parts: Sequence[Mapping[str, Any]],
    records: list[PartRecord],
) -> tuple[dict[str, str], list[Mapping[str, Any]]]:
    """Return the digest of each table, and what a manifest says of files of leaves.

    They are kept where days are to be appended cheaply: where days were, and where parts are cut by
    time.
    """
    until, known = job.plan.clock.end.isoformat(), recorded_leaves(records)
    if base is None:
        kept = gather(store, parts, known, job.tables)
        is_by_time = not {*TIME_KEYS}.isdisjoint(job.partition_by)
        return digests(kept), [write_leaves(store, until, kept)] if is_by_time else []
    before = entries_of(base, f"{store.name}/{MANIFEST}")
    months = {m for record in records for m in Piece.of(vars(record)).months}
    made = gather(store, parts, known, job.tables, months if before else None)
    old = read_leaves(store, before)
    kept = {name: old.get(name, {}) | of for name, of in made.items()}
    return digests(kept), still_read([*before, write_leaves(store, until, made)])


def _replace_manifest(store: Store, job: Job, before: bytes, data: bytes) -> None:
    """Put a manifest in the place of the one of the dataset that was appended to.

    Raises:
        SupersededError: if the append was given up, or another run has begun meanwhile, which then
            finds what it expects.
    """
    refuse_if_superseded(store, job)
    _decide(store, job, data)
    if not store.replace(MANIFEST, before, data) and store.read(MANIFEST) != data:
        raise SupersededError(f"another process has changed the dataset at {store.name} meanwhile")
    try:
        refuse_if_superseded(store, job)
    except SupersededError:
        # It removes the dataset, and the manifest must not come back; or it has ended this append.
        if store.read(MANIFEST) == data and look(store).being_replaced:
            store.delete(MANIFEST)
        raise


def _decide(store: Store, job: Job, data: bytes) -> None:
    """Decide that an append ends with a manifest: from then on nobody can give it up.

    Raises:
        SupersededError: if it has been given up, or has ended.
    """
    key = end_key(job.run)
    created = store.create(key, data)
    if not created and store.read(key) != data:
        raise SupersededError(
            f"another process has given up this append to {store.name}, or ended it otherwise"
        )
    try:
        refuse_if_superseded(store, job)  # whoever has given it up may have tidied up already
    except SupersededError:
        if created:
            store.delete(key)
        raise


def _records(store: Store, job: Job) -> Iterator[PartRecord]:
    """Yield the records that are there, in the order of the parts."""
    present = set(store.list(STATE))
    for index in range(len(job.parts)):
        record = read_record(store, job, index) if state_key(index) in present else None
        if record:
            yield record
