"""Holding a dataset folder against its manifest, and against a fresh generation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa

from fleetsynth import pipeline
from fleetsynth.dataset.claims import refuse_beyond
from fleetsynth.dataset.folder import MANIFEST, hash_of, job_of
from fleetsynth.dataset.parts import DATA
from fleetsynth.dataset.records import manifest_from_data
from fleetsynth.dataset.store import open_store
from fleetsynth.digest import Leaves, PlanDigest, combine, month_label, root
from fleetsynth.errors import FleetsynthError, InputError
from fleetsynth.file_digest import leaves
from fleetsynth.frame import column_types, plain, text_array
from fleetsynth.reading import read_batches
from fleetsynth.signal.simulate import simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fleetsynth.dataset.store import Store
    from fleetsynth.plan import Plan


@dataclass(frozen=True)
class Finding:
    """Something that is not as the manifest says: where, and what."""

    path: str
    message: str

    def __str__(self) -> str:
        """Render as ``path: message``."""
        return f"{self.path}: {self.message}"


def verify(
    url: str, *, regenerate: int = 0, progress: Callable[[int], None] | None = None
) -> list[Finding]:
    """Re-read a dataset folder and return what is wrong with it; nothing, if all is well.

    Args:
        url: the folder.
        regenerate: how many parts, evenly spread, to compare with a fresh generation as well.
        progress: called with the rows done, after each part.

    Raises:
        InputError: if there is no manifest, or it cannot be understood.
    """
    store = open_store(url)
    manifest = read_manifest(store)
    job = job_of(store, url, manifest)
    refuse_beyond(job.plan, store, store.list(DATA))
    plans = {part.path: part.plan for part in job.parts}
    findings = list(_files(store, manifest, plans))
    bad = {finding.path for finding in findings}
    parts = manifest["parts"]
    fresh = set(np.linspace(0, len(parts) - 1, min(regenerate, len(parts)), dtype=int).tolist())
    found = bytearray()
    done = 0
    for index, part in enumerate(parts):
        if part["path"] not in plans:
            findings.append(Finding(part["path"], "the scenario has no such part"))
        elif part["path"] not in bad:
            plan = plans[part["path"]]
            findings += _part(store, plan, part, found, fresh=index in fresh)
        done += part["rows"]
        if progress:
            progress(done)
    if not findings and combine(bytes(found)) != manifest["digest"]:
        findings.append(Finding(MANIFEST, "the digest of the whole is not that of its parts"))
    return findings


def read_manifest(store: Store) -> dict[str, Any]:
    """Return a folder's manifest; InputError if there is none."""
    data = store.read(MANIFEST)
    if data is None:
        raise InputError(f"{store.name} has no {MANIFEST}: it is unfinished, or no dataset")
    return manifest_from_data(data, f"{store.name}/{MANIFEST}")


def _files(store: Store, manifest: dict[str, Any], plans: dict[str, Plan]) -> Iterator[Finding]:
    """Find parts that are missing, and files in the data folder that are no parts."""
    expected = {part["path"]: part for part in manifest["parts"]}
    there = set(store.list(DATA))
    foreign = sorted(there - expected.keys())
    strangers = {hash_of(store, name): name for name in foreign}
    for path in sorted((expected.keys() | plans.keys()) - there):
        renamed = strangers.get(expected.get(path, {}).get("sha256"))
        hint = f"; {renamed} has its content: was it renamed?" if renamed else ""
        yield Finding(path, f"this part is missing{hint}")
    for path in foreign:
        yield Finding(path, "this file is not in the manifest")


def _part(
    store: Store, plan: Plan, part: dict[str, Any], found: bytearray, *, fresh: bool
) -> Iterator[Finding]:
    """Compare one part with its record; where they differ, name servers and months."""
    path = part["path"]
    try:
        with store.fetch(path) as file:
            read = leaves(with_partitions(batch, path) for batch in read_batches(file))
    except FleetsynthError as error:
        yield Finding(path, str(error))
        return
    found += b"".join(read.values())
    if root(read) != part["digest"]:
        yield from _differences(path, read, plan_leaves(plan), "the part has changed")
    elif fresh and root(plan_leaves(plan)) != part["digest"]:
        yield Finding(path, "a fresh generation gives other values: is it the same version?")
    elif hash_of(store, path) != part["sha256"]:
        yield Finding(path, "the file was written again, with the same values")


def plan_leaves(plan: Plan) -> Leaves:
    """Generate a plan for its digest alone."""
    digest = PlanDigest(plan)
    for window in pipeline.windows(plan):
        digest.update(window, simulate(plan, window))
    return digest.leaves


def _differences(path: str, read: Leaves, made: Leaves, what: str) -> Iterator[Finding]:
    wrong = sorted(key for key in read.keys() | made.keys() if read.get(key) != made.get(key))
    shown = ", ".join(f"{server} in {month_label(month)}" for server, month in wrong[:5])
    more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    yield Finding(path, f"{what}: {shown}{more}" if wrong else what)


def with_partitions(batch: pa.RecordBatch, path: str) -> pa.RecordBatch:
    """Put back the columns that a part's path stands for."""
    table = pa.Table.from_batches([batch])
    for folder in path.removeprefix(DATA).split("/")[:-1]:
        name, _, value = folder.partition("=")
        if name in table.schema.names:
            continue  # written by something that leaves partition columns in
        if name not in column_types():
            continue  # a folder that is no partition, or not one of ours
        kind = plain(pa.schema([pa.field(name, column_types()[name])])).field(name).type
        if kind == pa.string():
            column = text_array([unquote(value)] * len(table))
        else:
            values = np.full(len(table), _number(value, folder), np.int32)
            column = pa.Array.from_buffers(kind, len(table), [None, pa.py_buffer(values)])
        table = table.append_column(name, column)
    return table.combine_chunks().to_batches()[0]


def _number(value: str, folder: str) -> int:
    """Return the whole number that a partition's folder stands for."""
    if not (value.isascii() and value.isdecimal() and len(value) < 10):
        raise InputError(f"the folder {folder!r} stands for no whole number")
    return int(value)
