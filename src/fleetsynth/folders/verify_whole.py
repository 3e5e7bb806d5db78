"""Holding what a manifest says of a whole folder against its parts: digests, leaves, making."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fleetsynth.errors import InputError
from fleetsynth.folders.leaves import digests, entries_of, read_leaves
from fleetsynth.folders.verification import Finding
from fleetsynth.folders.versions import current, days_of
from fleetsynth.stores import recorded
from fleetsynth.stores.names import DATA, LEAVES, MANIFEST, TABLES, VERSIONS
from fleetsynth.stores.store import is_unfinished
from fleetsynth.tables.digest import combine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fleetsynth.folders.job import Job
    from fleetsynth.folders.listing import Listing
    from fleetsynth.folders.reread import Rereading
    from fleetsynth.stores.store import Store


def version_findings(
    listing: Listing, values: dict[str, Any], append: Job | None
) -> Iterator[Finding]:
    """Find what is missing of the files that change with the last day, and what is left of them."""
    wanted, days = current(values), days_of(values)
    if append is not None:
        days.add(append.plan.clock.end.isoformat())
    there = {name for name in listing.files if name.startswith(VERSIONS)}
    leaves = {name for name in wanted if name.endswith(LEAVES)}  # others are told of elsewhere
    yield from (Finding(name, "this file is missing") for name in sorted(leaves - there))
    for name in sorted(there - wanted):
        if name.split("/")[1] not in days and not is_unfinished(name):
            yield Finding(name, "left over from a run that has ended: commit(folder) removes it")


def digest_findings(
    store: Store, values: dict[str, Any], job: Job, parts: Rereading
) -> Iterator[Finding]:
    """Compare the digests of all rows, and the leaves that are kept, with what they should be."""
    kept = parts.kept(values["parts"], job.tables)
    digest, *others = digests(kept).values()
    if digest != values["digest"]:
        yield Finding(MANIFEST, "the digest of the whole is not that of its parts")
    for name, made in zip(job.tables, others, strict=True):
        if made != values["tables"][name].get("digest"):
            yield Finding(MANIFEST, f"the digest of {name} is not that of its parts")
    entries = entries_of(values, MANIFEST)
    if not entries:
        return
    try:
        told = read_leaves(store, entries)
    except InputError as error:
        yield Finding(entries[-1]["path"], str(error))
        return
    for name, months in kept.items():
        for month in sorted({*months, *told.get(name, {})}):
            both = (of.get(month, b"") for of in (months, told.get(name, {})))
            if len({combine(leaves) for leaves in both}) > 1:
                yield Finding(MANIFEST, f"the leaves that are kept of {name} in {month} are others")


def making_findings(
    values: dict[str, Any],
    keys: list[str],
    parts: Rereading,
    said: dict[str, Mapping[str, Any]],
) -> Iterator[Finding]:
    """Compare what the manifest and the parts say about their making."""
    for key in (key for key in keys if key in values):
        told = parts.told.get(f"fleetsynth.{key}", {})
        for value, paths in told.items():
            of_paths = {path: said.get(_part_of(path), values)[key] for path in paths}
            wrong = {path: right for path, right in of_paths.items() if right != value}
            for path, right in wrong.items():
                says = f"the manifest says {recorded.as_json(right)}"
                if len(told) == 1 and all(each == right for each in of_paths.values()):
                    message = f"{key}: {says}, its parts {recorded.as_json(value)}"
                    yield Finding(MANIFEST, message)
                    break
                yield Finding(path, f"{key} is {recorded.as_json(value)}: {says}")


def _part_of(path: str) -> str:
    """Return the part that a file belongs to: itself, or that of the data."""
    if not path.startswith(TABLES):
        return path
    return DATA + path.removeprefix(TABLES).partition("/")[2]
