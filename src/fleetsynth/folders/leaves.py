"""The leaves of a folder's digest: gathered from its parts, and kept so that days can be appended.

The digest of the whole needs every leaf. Those of past months never change, so each run keeps what
it has made in a file, and an append makes only those of the months that it touches.
"""

from __future__ import annotations

from contextlib import contextmanager
from hashlib import file_digest, sha256
from itertools import chain
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import InputError
from fleetsynth.files import os_errors
from fleetsynth.formats.read import read_batches
from fleetsynth.reader.partitions import with_partitions
from fleetsynth.reader.scattered import Piece, cut_months, leaves_by_month
from fleetsynth.stores.names import LEAVES, version_key
from fleetsynth.stores.recorded import is_version
from fleetsynth.tables.digest import LEAF_BYTES, combine, month_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from fleetsynth.folders.part_record import PartRecord, TableRecord
    from fleetsynth.reader.scattered import Open, Read
    from fleetsynth.stores.store import Store

DATA_TABLE = "data"
"""What the rows themselves are called among the tables whose leaves are kept."""

ByMonth = dict[str, bytes]
"""Leaves, one after the other, by month (``2026-11``)."""
Kept = dict[str, ByMonth]
"""The same by table."""


def digests(kept: Kept) -> dict[str, str]:
    """Return the content digest of each table."""
    return {name: combine(b"".join(months.values())) for name, months in kept.items()}


def recorded_leaves(records: Iterable[PartRecord]) -> dict[str, ByMonth]:
    """Return the leaves that records of parts have, by the file that they are of."""
    every = chain.from_iterable(record.files for record in records)
    return {each.path: _split(each) for each in every}


def _split(record: PartRecord | TableRecord) -> ByMonth:
    out, first = {}, 0
    for month, count in record.months.items():
        stop = first + count * LEAF_BYTES
        out[month], first = record.leaves[first:stop], stop
    return out


def gather(
    store: Store,
    entries: Sequence[Mapping[str, Any]],
    known: Mapping[str, ByMonth],
    tables: Sequence[str] = (),
    months: set[int] | None = None,
) -> Kept:
    """Return leaves of the data and of further tables.

    Those of a month that lies in several files are made from the files' rows, in which each file is
    compared with its hash. Others are those that are known; if some are not, they are made, too.

    Args:
        store: where the files are.
        entries: what a manifest says of all parts.
        known: leaves by the file that they are of.
        tables: names of the further tables.
        months: of which months, counted from 1970-01; None for all.

    Raises:
        InputError: if a file cannot be read, or is not the one that was recorded.
    """
    out: Kept = {}
    for name in ("", *tables):
        files: dict[Piece, str] = {}
        for entry in entries:
            said = entry["tables"][name] if name else entry
            files[Piece.of(entry, said["path"])] = str(said.get("sha256"))
        found = _gather(store, files, known, months, partitions=not name)
        out[name or DATA_TABLE] = {month_label(month): found[month] for month in sorted(found)}
    return out


def _gather(
    store: Store,
    files: Mapping[Piece, str],
    known: Mapping[str, ByMonth],
    months: set[int] | None,
    *,
    partitions: bool,
) -> dict[int, bytes]:
    found: dict[int, bytearray] = {}
    unknown, cut = set(), cut_months(files)
    for piece in files:
        for month in piece.months:
            if months is not None and month not in months:
                continue
            if month in cut or piece.key not in known:
                unknown.add(month)
            else:
                of_month = known[piece.key].get(month_label(month), b"")
                found.setdefault(month, bytearray()).extend(of_month)
    for month in unknown:
        found[month] = bytearray()
    for month, some in leaves_by_month([*files], unknown, _opener(store, files, partitions)):
        if some is None:
            found[month].clear()
        else:
            found[month] += b"".join(some.values())
    return {month: bytes(leaves) for month, leaves in found.items() if leaves}


def _opener(store: Store, files: Mapping[Piece, str], partitions: bool) -> Open:
    @contextmanager
    def open_piece(piece: Piece) -> Iterator[Read]:
        with store.fetch(piece.key) as path:
            with os_errors(path), path.open("rb") as stream:
                there = file_digest(stream, "sha256").hexdigest()
            if there != files[piece]:
                raise InputError(
                    f"{store.name}/{piece.key} is not the file that was recorded: see "
                    "verify(folder)"
                )

            def rows() -> Iterator[pa.RecordBatch]:
                for batch in read_batches(path):
                    yield with_partitions(batch, piece.key) if partitions else batch

            yield rows

    return open_piece


def write_leaves(store: Store, until: str, kept: Kept) -> dict[str, Any]:
    """Keep leaves in a file of a run; return what a manifest says of it."""
    data = b"".join(leaves for months in kept.values() for leaves in months.values())
    key = version_key(until, LEAVES)
    with store.building(key, replace=True) as path, os_errors(path):
        path.write_bytes(data)
    return {
        "path": key,
        "size": len(data),
        "sha256": sha256(data).hexdigest(),
        "months": {
            name: {month: len(leaves) // LEAF_BYTES for month, leaves in months.items()}
            for name, months in kept.items()
        },
    }


def read_leaves(store: Store, entries: Sequence[Mapping[str, Any]]) -> Kept:
    """Return all leaves that are kept: of each month those of the last file that has any of it.

    Raises:
        InputError: if a file is missing, or is not what the manifest says.
    """
    out: Kept = {}
    for entry in entries:
        data = store.read(entry["path"])
        if data is None or sha256(data).hexdigest() != entry["sha256"]:
            what = "is missing" if data is None else "is not the file that was written"
            raise InputError(f"{store.name}/{entry['path']} {what}")
        first = 0
        for name, months in entry["months"].items():
            for month, count in months.items():
                stop = first + count * LEAF_BYTES
                out.setdefault(name, {})[month] = data[first:stop]
                first = stop
    return out


def still_read(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the files of which any month counts: a later one may have made all of them anew."""
    seen: set[tuple[str, str]] = set()
    out = []
    for entry in reversed(entries):
        months = {(name, month) for name, of in entry["months"].items() for month in of}
        if not months <= seen:
            out.append(entry)
        seen |= months
    return out[::-1]


def entries_of(values: Mapping[str, Any], where: str) -> list[Mapping[str, Any]]:
    """Return what a manifest says of files of leaves; nothing, if none are kept.

    Raises:
        InputError: if it is not what a manifest says.
    """
    entries = values.get("leaves", [])
    if not isinstance(entries, list) or not all(map(_is_entry, entries)):
        raise InputError(f"{where}: leaves is not a list of files")
    return entries


def _is_entry(entry: Any) -> bool:
    if not (isinstance(entry, dict) and is_version(entry.get("path"), LEAVES)):
        return False
    months = entry.get("months")
    return (
        isinstance(entry.get("sha256"), str)
        and isinstance(months, dict)
        and all(
            isinstance(of, dict) and all(type(n) is int and n >= 0 for n in of.values())
            for of in months.values()
        )
    )
