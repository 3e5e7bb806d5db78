"""Holding a dataset folder against its manifest, its scenario, and a fresh generation."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.errors import FleetsynthError, InputError
from fleetsynth.folders.begin import look, scenario_in
from fleetsynth.folders.beside import beside_findings
from fleetsynth.folders.job import Earlier, Job
from fleetsynth.folders.leaves import entries_of
from fleetsynth.folders.listing import list_folder
from fleetsynth.folders.manifest import CLEAN, schema_of, tables_of
from fleetsynth.folders.of_plan import files_of_plan
from fleetsynth.folders.reread import Rereading
from fleetsynth.folders.run_record import job_from
from fleetsynth.folders.spans import made_spans, parts_of, said_of, spans_in
from fleetsynth.folders.verification import Finding, Verification
from fleetsynth.folders.verify_whole import digest_findings, making_findings, version_findings
from fleetsynth.presets import resolve
from fleetsynth.reader.claims import refuse_beyond
from fleetsynth.stores import recorded
from fleetsynth.stores.names import (
    CARD,
    DATA,
    EVENTS,
    MANIFEST,
    SCENARIO,
    SERVERS,
    VERSIONS,
    table_key,
)
from fleetsynth.stores.records import tables_from_data
from fleetsynth.stores.store import STATE, hash_of, is_unfinished, open_store
from fleetsynth.tables.provenance import other_model, provenance
from fleetsynth.tables.table import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fleetsynth.folders.listing import Listing
    from fleetsynth.folders.parts import Part
    from fleetsynth.plan import Plan
    from fleetsynth.stores.store import Store

_JOB = re.compile(re.escape(STATE) + r"job(?:-(\d+))?\.json")
_OLDER = (
    f"{MANIFEST} is of format 1, which has no hashes of {SERVERS}, {SCENARIO} and itself: their "
    "values were compared with the scenario instead, and a change of part_bytes, or of how "
    f"{SERVERS} and {SCENARIO} are written, would not be seen"
)


def verify(
    url: str, *, regenerate: int = 0, progress: Callable[[int], None] | None = None
) -> Verification:
    """Re-read a dataset folder: every byte of every file that belongs to it.

    The manifest is made again from the scenario and the files, and compared field by field.

    Args:
        url: the folder.
        regenerate: how many parts, evenly spread, to compare with a fresh generation as well.
        progress: called after each part with how many of the plan's cells are done.

    Raises:
        InputError: if manifest or scenario are not there or cannot be understood.
    """
    store = open_store(url)
    values = read_manifest(store)
    listing = list_folder(url, store, tables=bool(values.get("tables")))
    other = _other_run(store, listing, values)
    if other:
        return Verification(url, [other])
    job = _job(store, url, values, listing)
    spans = spans_in(values, f"{store.name}/{MANIFEST}")
    planned = parts_of(job, spans)
    append = _append(store, url, listing)
    findings = list(_places(listing, values, job.plan, append))
    findings += _files(store, listing, values, job, planned, append)
    hidden = {path for path in files_of(job, planned) if listing.hidden(path)}
    bad = {finding.path for finding in findings} | hidden
    parts = Rereading(store, chain.from_iterable(planned), bad)
    entries = values["parts"]
    fresh = set(np.linspace(0, len(entries) - 1, min(regenerate, len(entries)), dtype=int).tolist())
    done = 0
    for index, entry in enumerate(entries):
        found = parts.faults(entry, fresh=index in fresh)
        findings += [Finding(entry["path"], message) for message in found]
        findings += _of_tables(job, entry, parts, fresh=index in fresh)
        done += parts.cells_of(entry)
        if progress:
            progress(done)
    findings += beside_findings(store, listing, values, job.plan)
    keys = _version_keys(job.plan)
    findings += making_findings(values, keys, parts, said_of(values, spans, planned))
    findings += _whole(values, keys, job, parts, made_spans(spans, planned) if spans else None)
    if not findings:
        findings += digest_findings(store, values, job, parts)
    if not findings and not recorded.is_as_written(_bytes(store), values):
        findings.append(Finding(MANIFEST, "this is not the file that was written"))
    return Verification(url, findings, list(_notes(listing, values, job.plan, append)))


def read_manifest(store: Store) -> dict[str, Any]:
    """Return a folder's manifest; InputError if there is none, or none that can be understood."""
    return recorded.parse_manifest(_bytes(store), f"{store.name}/{MANIFEST}")


def _bytes(store: Store) -> bytes:
    data = store.read(MANIFEST)
    if data is None:
        raise InputError(f"{store.name} has no {MANIFEST}: it is unfinished, or no dataset")
    return data


def _job(store: Store, url: str, values: dict[str, Any], listing: Listing) -> Job:
    """Return the job that a finished folder was made by."""
    scenario = scenario_in(store, values)
    plan = resolve(scenario)
    if plan.digest != values["scenario_digest"]:
        if other := other_model(plan, values.get("model_version")):
            raise InputError(f"{store.name} was {other}")
        raise InputError(
            f"{SCENARIO} at {store.name} is not the scenario of its manifest: scenario_digest is "
            f"{recorded.as_json(values['scenario_digest'])} there, and {plan.digest} of the file"
        )
    told = sum(part["rows"] for part in values["parts"] if type(part.get("rows")) is int)
    if plan.rows not in (None, values.get("rows"), told):  # before it sizes anything
        raise InputError(
            f"{SCENARIO} at {store.name} gives {plan.rows:,} rows, and the parts in {MANIFEST} "
            f"are {told:,}"
        )
    file_format = recorded.file_format_of(values)
    data = (name for name in listing.files if name.startswith(DATA))
    refuse_beyond(plan, store, data, file_format)
    spans = spans_in(values, f"{store.name}/{MANIFEST}")
    if spans and spans[-1].until != plan.clock.end:
        raise InputError(
            f"{store.name} has days until {spans[-1].until}, and its {SCENARIO} ends on "
            f"{plan.clock.end}"
        )
    days = [span.until.isoformat() for span in spans]
    counts = [span.said.get("parts") for span in spans[:-1]]
    there = sum(count for count in counts if type(count) is int)
    job = Job.of(
        scenario,
        url,
        earlier=Earlier(days[0], days[-2], there, "") if spans else None,
        partition_by=tuple(values["partition_by"]),
        part_bytes=values["part_bytes"],
        file_format=file_format,
        tables=tables_from_data({"tables": list(values.get("tables", {}))}, store.name),
    )
    try:
        for name in job.tables:
            TABLES[name].plan(plan)
        _ = job.parts
    except FleetsynthError as error:
        raise InputError(f"{store.name}/{MANIFEST}: {error}") from error
    return job


def _other_run(store: Store, listing: Listing, values: dict[str, Any]) -> Finding | None:
    """Find the job of a run that began to overwrite the dataset, and was stopped."""
    jobs = [match for match in map(_JOB.fullmatch, listing.files) if match]
    if not jobs:
        return None
    newest = max(jobs, key=lambda match: int(match[1] or 0))[0]
    try:
        told = recorded.parse_object(store.read(newest) or b"")
    except ValueError as error:
        return Finding(newest, f"the record of a run cannot be read: {error}")
    earlier = told.get("earlier")
    is_append = isinstance(earlier, dict) and earlier.get("manifest") == values.get(recorded.SEAL)
    if is_append or recorded.same(told.get("run"), values.get("run")):
        return None
    return Finding(
        newest,
        f"another run began to overwrite the dataset of {MANIFEST}, and did not end: go on with "
        "resume=True, or start again with overwrite=True",
    )


def _ours(values: dict[str, Any], plan: Plan) -> set[str]:
    """Return the names of the files beside the parts."""
    card = CARD if recorded.has_card(values.get("files")) else ()
    return {MANIFEST, SCENARIO, *files_of_plan(plan), *card}


def _append(store: Store, url: str, listing: Listing) -> Job | None:
    """Return the append that is under way in a folder, or was interrupted, if there is one."""
    if not any(map(_JOB.fullmatch, listing.files)):
        return None
    there = look(store)
    return job_from(there.run or {}, url, there.generation) if there.being_appended_to else None


def _places(
    listing: Listing, values: dict[str, Any], plan: Plan, append: Job | None
) -> Iterator[Finding]:
    """Find what cannot be read, and what a run left over."""
    for name, fault in listing.own_faults(_ours(values, plan)).items():
        yield Finding(name, fault)
    tidy = "commit(folder) removes it"
    for name in listing.files if append is None else ():
        if is_unfinished(name):
            yield Finding(name, f"an unfinished file of a run that was stopped: {tidy}")
        elif name.startswith(STATE):
            yield Finding(name, f"left over from a run that has ended: {tidy}")


def _files(
    store: Store,
    listing: Listing,
    values: dict[str, Any],
    job: Job,
    parts: list[list[Part]],
    append: Job | None,
) -> Iterator[Finding]:
    """Find parts that are missing or named twice, and files among them that are not parts."""
    entries = {
        each["path"]: each
        for part in values["parts"]
        for each in (part, *part.get("tables", {}).values())
    }
    planned = [part.path for part in chain.from_iterable(parts)]
    ours = tuple(folder for folder in listing.ours if folder not in (STATE, VERSIONS))
    there = {name for name in listing.files if name.startswith(ours) and not is_unfinished(name)}
    coming = set() if append is None else files_of(append, [append.parts])
    foreign = sorted(there - entries.keys() - coming)
    missing = sorted((entries.keys() | files_of(job, parts)) - there)
    strangers = {hash_of(store, name): name for name in foreign} if missing else {}
    for path in (path for path in missing if not listing.hidden(path)):
        renamed = strangers.get(entries.get(path, {}).get("sha256"))
        hint = f"; {recorded.named(renamed)} has its content: was it renamed?" if renamed else ""
        is_folder = f"{path}/" in listing.folders
        yield Finding(path, "this part is a folder" if is_folder else f"this part is missing{hint}")
    for path in foreign:
        yield Finding(path, "this file is not in the manifest")
    listed = [part["path"] for part in values["parts"]]
    for path in (path for path, times in Counter(listed).items() if times > 1):
        yield Finding(path, "the manifest names this part more than once")
    if listed != planned and sorted(listed) == sorted(planned):
        yield Finding(MANIFEST, "parts are not in their order")
    yield from version_findings(listing, values, append)


def files_of(job: Job, parts: list[list[Part]]) -> set[str]:
    """Return the paths of all these parts of a job, those of further tables included."""
    paths = {part.path for part in chain.from_iterable(parts)}
    return paths | {table_key(path, name) for path in paths for name in job.tables}


def _of_tables(
    job: Job, entry: dict[str, Any], parts: Rereading, *, fresh: bool
) -> Iterator[Finding]:
    """Compare what further tables have of a part with the manifest."""
    said = entry.get("tables", {})
    for name in sorted({*job.tables, *said}):
        if name not in said or name not in job.tables:
            where = "the whole" if name in said else entry["path"]
            yield Finding(MANIFEST, f"tables of {where} says nothing of {name}")
            continue
        for message in parts.table_faults(entry, name, fresh=fresh):
            yield Finding(said[name]["path"], message)


def _whole(
    values: dict[str, Any],
    keys: list[str],
    job: Job,
    parts: Rereading,
    spans: list[dict[str, Any]] | None,
) -> Iterator[Finding]:
    """Compare what the manifest says of the whole."""
    elsewhere = ["format", "digest", "partition_by", "part_bytes", "parts", *keys]
    if values["format"] > 1:
        elsewhere += ["run", "files", recorded.SEAL]
    elsewhere += {CLEAN} & values.keys() if job.plan.is_faulty else ()
    rows = parts.rows() if job.plan.rows is None else job.plan.rows
    made = {key: values.get(key) for key in elsewhere} | {
        "rows": values.get("rows") if rows is None else rows,
        "schema": schema_of(job.plan),
    }
    if values["format"] > 1:
        made["cut"] = job.cut
    if spans is not None:
        made["spans"] = spans
    if "leaves" in values:  # compared with the rows when all of these were read
        made["leaves"] = entries_of(values, MANIFEST)
    if job.tables:
        of_tables = values["tables"].items()
        digests = {name: of.get("digest") for name, of in of_tables if isinstance(of, dict)}
        made |= tables_of(job, {name: digests.get(name) for name in job.tables})
    form = recorded.format_of(
        tables=bool(job.tables),
        events=EVENTS in files_of_plan(job.plan),
        leaves="leaves" in values or spans is not None,
    )
    if max(values["format"], recorded.FORMAT) != form:
        yield Finding(MANIFEST, f"format is {values['format']}, which is not that of its tables")
    if "file_format" in values:  # older manifests have Parquet, and do not say so
        made["file_format"] = job.file_format
    for message in recorded.differences(values, made):
        yield Finding(MANIFEST, message)
    run = values.get("run")
    if values["format"] > 1 and not (isinstance(run, str) and re.fullmatch("[0-9a-f]{8,64}", run)):
        yield Finding(
            MANIFEST, f"run is {recorded.as_json(run)}: expected the number of a run, in hex"
        )


def _version_keys(plan: Plan) -> list[str]:
    """Return the fields that the parts' own metadata tell as well."""
    names = (key.removeprefix("fleetsynth.") for key in provenance(plan))
    return [name for name in names if name != "scenario"]


def _notes(
    listing: Listing, values: dict[str, Any], plan: Plan, append: Job | None
) -> Iterator[str]:
    if append is not None:
        yield (
            f"days until {append.plan.clock.end} are being appended, or that was interrupted: the "
            "dataset is as it was before"
        )
    if values["format"] == 1:
        yield _OLDER
    for name in listing.foreign(_ours(values, plan)):
        yield f"{recorded.named(name)} does not belong to the dataset: it was not checked"
