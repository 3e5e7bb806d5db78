"""Making a dataset folder that has begun: run an engine over what is missing, and commit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import (
    NOTHING_LEFT,
    FleetsynthError,
    InputError,
    OutputError,
    SupersededError,
    UsageError,
)
from fleetsynth.folders.begin import compare, job_from, look
from fleetsynth.folders.card import write_card
from fleetsynth.folders.job import (
    Job,
    generation_of,
    is_there,
    is_whole,
    job_key,
    read_record,
    refuse_if_superseded,
    state_key,
)
from fleetsynth.folders.of_plan import files_of_plan, write_table
from fleetsynth.reader.claims import refuse_beyond
from fleetsynth.scenario.text import dump_yaml
from fleetsynth.stores.names import DATA, EVENTS, MANIFEST, SCENARIO
from fleetsynth.stores.recorded import format_of, seal
from fleetsynth.stores.records import mapping_from_data
from fleetsynth.stores.store import STATE, hash_of, open_store
from fleetsynth.tables.digest import combine
from fleetsynth.tables.frame import plain, schema
from fleetsynth.tables.provenance import provenance
from fleetsynth.tables.table import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fleetsynth.folders.begin import Folder
    from fleetsynth.folders.engines.base import Engine
    from fleetsynth.folders.job import PartRecord
    from fleetsynth.plan import Plan
    from fleetsynth.stores.store import Store


CLEAN = "clean_digest"
"""What a manifest calls the digest of the data without a fault of the collector."""
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
    if finished is None:
        if there.run is None:
            raise InputError(f"{store.name} holds no run that could be committed")
        job = job_from(there.run, url, there.generation)
        compare(job, there.run, store.name)
        finished = _write_end(store, job)
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
        _remove_traces(store, there)
    return there.finished


def _write_end(store: Store, job: Job) -> dict[str, Any]:
    """Write what stands beside the parts, the manifest last; return it."""
    refuse_beyond(job.plan, store, store.list(DATA), job.file_format)
    records = list(_records(store, job))
    there = {record.index for record in records if is_there(store, record)}
    absent = [part.path for part in job.parts if part.index not in there]
    if absent:
        shown = ", ".join(absent[:3]) + (", ..." if len(absent) > 3 else "")
        raise InputError(
            f"{len(absent)} of {len(job.parts)} parts are missing at {store.name} ({shown}): "
            "run their shards, or generate with resume=True"
        )
    told: dict[str, dict[str, Any]] = {SCENARIO: {}}
    for name, table in files_of_plan(job.plan).items():
        told[name] = write_table(job.plan, store, name, table)
    store.write(SCENARIO, dump_yaml(job.plan.scenario).encode())
    files = {
        name: {"size": store.size(name), "sha256": hash_of(store, name), **rows}
        for name, rows in told.items()
    }
    values = _manifest(job, records, files)
    for name in write_card(store, job.plan, values):
        values["files"][name] = {"size": store.size(name), "sha256": hash_of(store, name)}
    data = seal(values)
    refuse_if_superseded(store, job)
    if not store.create(MANIFEST, data) and store.read(MANIFEST) != data:
        raise SupersededError(f"another run has finished {store.name} at the same time")
    return values


def _manifest(
    job: Job, records: Iterable[PartRecord], files: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    leaves, rows = {name: bytearray() for name in ("", *job.tables, CLEAN)}, 0
    parts = []
    for record in records:
        rows += record.rows
        leaves[""] += record.leaves
        leaves[CLEAN] += record.clean
        for name, table in record.tables.items():
            leaves[name] += table.leaves
        parts.append(_entry(record))
    plan = job.plan
    said = provenance(plan)
    del said["fleetsynth.scenario"]  # in a file of its own
    return {
        "format": format_of(tables=bool(job.tables), events=EVENTS in files),
        "run": job.run,
        "digest": combine(bytes(leaves[""])),
        **({CLEAN: combine(bytes(leaves[CLEAN]))} if plan.is_faulty else {}),
        "rows": rows,
        **{key.removeprefix("fleetsynth."): value for key, value in said.items()},
        "schema": schema_of(plan),
        "partition_by": list(job.partition_by),
        "part_bytes": job.part_bytes,
        "file_format": job.file_format,
        "cut": job.cut,
        **tables_of(job, {name: combine(bytes(leaves[name])) for name in job.tables}),
        "files": files,
        "parts": parts,
    }


def _entry(record: PartRecord) -> dict[str, Any]:
    """Return what a manifest says of a part."""
    values = asdict(record)
    tables = values.pop("tables")
    del values["clean"]
    for each in (values, *tables.values()):
        del each["leaves"]
    del values["run"], values["index"]
    return values | ({"tables": tables} if tables else {})


def schema_of(plan: Plan) -> list[dict[str, str]]:
    """Return what a manifest says of columns."""
    return [{"name": f.name, "type": str(f.type)} for f in plain(schema(plan))]


def tables_of(job: Job, digests: dict[str, Any]) -> dict[str, Any]:
    """Return what a manifest says of further tables; nothing, if there are none."""
    tables = {
        name: {"digest": digests[name], "schema": schema_of(TABLES[name].plan(job.plan))}
        for name in job.tables
    }
    return {"tables": tables} if tables else {}


def _records(store: Store, job: Job) -> Iterator[PartRecord]:
    """Yield the records that are there, in the order of the parts."""
    present = set(store.list(STATE))
    for index in range(len(job.parts)):
        record = read_record(store, job, index) if state_key(index) in present else None
        if record:
            yield record
