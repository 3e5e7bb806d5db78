"""Making a dataset folder: begin or resume, run an engine over what is missing, commit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import file_digest
from typing import TYPE_CHECKING, Any

from fleetsynth import manifest
from fleetsynth.dataset.job import STATE, Job, read_record, state_key
from fleetsynth.dataset.servers import write_servers
from fleetsynth.dataset.store import open_store
from fleetsynth.digest import combine
from fleetsynth.errors import FleetsynthError, InputError, OutputError, UsageError
from fleetsynth.frame import plain, schema
from fleetsynth.plan import resolve
from fleetsynth.scenario import dump_yaml, load_scenario, text
from fleetsynth.sinks.base import NOTHING_LEFT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fleetsynth.dataset.job import PartRecord
    from fleetsynth.dataset.store import Store
    from fleetsynth.engines.base import Engine

MANIFEST = "manifest.json"
JOB = f"{STATE}job.json"
SERVERS = "servers.parquet"
SCENARIO = "scenario.yaml"


@dataclass(frozen=True)
class Shard:
    """Part `number` of `count` of a job that runs on several machines; numbers start at 1."""

    number: int
    count: int

    def takes(self, index: int) -> bool:
        """Tell whether a part belongs to this shard."""
        return index % self.count == self.number - 1


def begin(job: Job, *, resume: bool = False, overwrite: bool = False) -> None:
    """Prepare a folder for a job: refuse what would be lost, and write down what is being made.

    Raises:
        OutputError: if the folder holds something else, or an unfinished run that is not resumed.
        UsageError: if the unfinished run is of another scenario or cut otherwise.
    """
    store = open_store(job.url)
    names = store.list()
    written = store.read(JOB)
    if overwrite:
        _clear(store, names)
    elif written is not None:
        _compare(job, written, store.name)
        if not resume:
            raise OutputError(
                f"{store.name} holds an unfinished run: go on with resume=True, or start again "
                "with overwrite=True"
            )
        return
    elif MANIFEST in names:
        if resume:
            _compare_finished(job, store)
            return
        raise OutputError(f"{store.name} holds a dataset: choose another name, or overwrite=True")
    elif names:
        raise OutputError(f"{store.name} holds other files ({names[0]}): choose an empty folder")
    store.write(JOB, json.dumps(_job_values(job)).encode())


def join(job: Job) -> None:
    """Prepare a folder for one shard of several, which may begin at the same time.

    Raises:
        OutputError, UsageError: as `begin`.
    """
    store = open_store(job.url)
    if not store.list() and store.read(JOB) is None and store.read(MANIFEST) is None:
        # Shards of one job write the same bytes, so it does not matter which comes last.
        store.write(JOB, json.dumps(_job_values(job)).encode())
    begin(job, resume=True)


def wanted(job: Job, shard: Shard | None = None) -> list[int]:
    """Return the numbers of the parts of a shard, or of all parts."""
    return [part.index for part in job.parts if shard is None or shard.takes(part.index)]


def missing(job: Job, shard: Shard | None = None) -> list[int]:
    """Return the numbers of the parts that are not there, whole and as recorded."""
    store = open_store(job.url)
    if store.read(MANIFEST) is not None:
        return []
    present = set(store.list(STATE))
    return [i for i in wanted(job, shard) if state_key(i) not in present or not _is_whole(store, i)]


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
    except FleetsynthError as error:
        reason = str(error).removesuffix(NOTHING_LEFT)
        raise type(error)(
            f"{reason}. {done} of {count} parts are whole; go on with resume=True"
        ) from error


def commit(url: str) -> dict[str, Any]:
    """Check that every part is there and write the manifest, last; return it.

    Raises:
        InputError: if there is nothing to commit, or parts are missing.
    """
    store = open_store(url)
    finished = store.read(MANIFEST)
    if finished is None:
        finished = _write_end(store, _read_job(store, url))
    for name in store.list(STATE):
        store.delete(name)
    store.tidy()
    values: dict[str, Any] = json.loads(finished)
    return values


def _write_end(store: Store, job: Job) -> bytes:
    """Write what stands beside the parts, the manifest last; return it."""
    records = list(_records(store, job))
    there = {record.index for record in records if store.size(record.path) == record.size}
    absent = [part.path for part in job.parts if part.index not in there]
    if absent:
        shown = ", ".join(absent[:3]) + (", ..." if len(absent) > 3 else "")
        raise InputError(
            f"{len(absent)} of {len(job.parts)} parts are missing at {store.name} ({shown}): "
            "run their shards, or generate with resume=True"
        )
    write_servers(job.plan, store, SERVERS)
    store.write(SCENARIO, dump_yaml(job.plan.scenario).encode())
    data = (json.dumps(_manifest(job, records), indent=2) + "\n").encode()
    store.write(MANIFEST, data)
    return data


def _manifest(job: Job, records: Iterable[PartRecord]) -> dict[str, Any]:
    leaves = bytearray()
    parts = []
    for record in records:
        leaves += record.leaves
        parts.append(
            {key: value for key, value in vars(record).items() if key not in ("index", "leaves")}
        )
    plan = job.plan
    provenance = manifest.provenance(plan)
    del provenance["fleetsynth.scenario"]  # in a file of its own
    return {
        "format": 1,
        "digest": combine(bytes(leaves)),
        "rows": plan.rows,
        **{key.removeprefix("fleetsynth."): value for key, value in provenance.items()},
        "schema": [{"name": f.name, "type": str(f.type)} for f in plain(schema(plan))],
        "partition_by": list(job.partition_by),
        "part_bytes": job.part_bytes,
        "parts": parts,
    }


def _records(store: Store, job: Job) -> Iterator[PartRecord]:
    """Yield the records that are there, in the order of the parts."""
    present = set(store.list(STATE))
    for index in range(len(job.parts)):
        record = read_record(store, index) if state_key(index) in present else None
        if record:
            yield record


def _is_whole(store: Store, index: int) -> bool:
    """Tell whether a part's file is the one that its record describes."""
    record = read_record(store, index)
    return (
        record is not None
        and store.size(record.path) == record.size
        and hash_of(store, record.path) == record.sha256
    )


def hash_of(store: Store, key: str) -> str:
    """Return the SHA-256 of a stored file."""
    with store.fetch(key) as path, path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _job_values(job: Job) -> dict[str, Any]:
    return {
        "scenario": json.loads(job.scenario),
        "partition_by": list(job.partition_by),
        "part_bytes": job.part_bytes,
    }


def _read_job(store: Store, url: str) -> Job:
    data = store.read(JOB)
    if data is None:
        raise InputError(f"{store.name} holds no run that could be committed")
    values = json.loads(data)
    return Job(
        json.dumps(values["scenario"]), url, tuple(values["partition_by"]), values["part_bytes"]
    )


def _compare(job: Job, written: bytes, name: str) -> None:
    """Refuse to go on with a run of another job; name the first differences."""
    then, now = _flat(json.loads(written)), _flat(_job_values(job))
    differences = [
        f"{key} was {then.get(key, 'not there')}, now {now.get(key, 'not there')}"
        for key in sorted(then.keys() | now.keys())
        if then.get(key) != now.get(key)
    ]
    if differences:
        raise UsageError(
            f"{name} is of another scenario or cut otherwise: {'; '.join(differences[:5])}: use "
            "the same scenario and options, or overwrite=True"
        )


def _compare_finished(job: Job, store: Store) -> None:
    made = job_of(store, job.url, json.loads(store.read(MANIFEST) or b"{}"))
    _compare(job, json.dumps(_job_values(made)).encode(), store.name)


def _flat(values: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(values, dict):
        return {prefix: values}
    out: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        out |= _flat(value, name.removeprefix("scenario."))
    return out


def _clear(store: Store, names: list[str]) -> None:
    """Remove a dataset of ours, from its manifest to its job; refuse to remove anything else."""
    ours = set(_files_of(store))
    if names and not ours:
        raise OutputError(
            f"{store.name} holds files that are no dataset ({names[0]}): nothing was removed"
        )
    for name in (MANIFEST, *sorted(ours & set(names) - {MANIFEST, JOB}), JOB):
        store.delete(name)


def _files_of(store: Store) -> Iterator[str]:
    finished, begun = store.read(MANIFEST), store.read(JOB)
    if finished is None and begun is None:
        return
    yield from (MANIFEST, SERVERS, SCENARIO)
    if finished is not None:
        yield from (part["path"] for part in json.loads(finished)["parts"])
    if begun is not None:
        yield from (part.path for part in _read_job(store, store.name).parts)
    yield from store.list(STATE)


def job_of(store: Store, url: str, values: dict[str, Any]) -> Job:
    """Return the job that a finished folder was made by."""
    data = store.read(SCENARIO)
    if data is None:
        raise InputError(f"{store.name} has no {SCENARIO}")
    scenario = load_scenario(text.parse(data.decode(), SCENARIO))
    if resolve(scenario).digest != values["scenario_digest"]:
        raise InputError(f"{SCENARIO} at {store.name} is not the scenario of its manifest")
    return Job.of(
        scenario,
        url,
        partition_by=tuple(values["partition_by"]),
        part_bytes=values["part_bytes"],
    )
