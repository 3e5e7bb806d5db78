"""Reading a folder's parts again, and holding each against its record and the plan."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import file_digest
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fleetsynth import pipeline
from fleetsynth.errors import FleetsynthError, read_errors
from fleetsynth.folders.job import facts_of
from fleetsynth.folders.leaves import gather
from fleetsynth.formats.read import read_batches, read_metadata
from fleetsynth.presets import simulate
from fleetsynth.reader.file_digest import any_leaves, leaves, some
from fleetsynth.reader.partitions import with_partitions
from fleetsynth.stores.recorded import as_json, differences
from fleetsynth.tables.codes import digest_of
from fleetsynth.tables.digest import month_label, root
from fleetsynth.tables.plan_digest import PlanDigest
from fleetsynth.tables.table import TABLES, made_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence, Set

    from fleetsynth.folders.leaves import ByMonth, Kept
    from fleetsynth.folders.parts import Part
    from fleetsynth.plan import Plan
    from fleetsynth.stores.store import Store
    from fleetsynth.tables.digest import Leaves
    from fleetsynth.tables.table import Table

DAMAGE = (
    FleetsynthError,
    pa.ArrowException,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    MemoryError,
)
"""What reading a damaged file may raise."""
REWRITTEN = "the file was written again, with the same values"


@dataclass(frozen=True)
class _Read:
    """What a part's file holds.

    Attributes:
        leaves: of its rows.
        metadata: its key-value metadata.
        size: in bytes.
        sha256: hash of the file.
        facts: rows, servers and times, named as in a manifest.
    """

    leaves: Leaves
    metadata: dict[str, str]
    size: int
    sha256: str
    facts: dict[str, Any]


class Rereading:
    """The parts of a folder, read one after the other.

    Attributes:
        told: what the parts' own metadata say: paths by value, by key.
    """

    def __init__(self, store: Store, parts: Iterable[Part], bad: Set[str]) -> None:
        self.told: dict[str, dict[str | None, list[str]]] = {}
        self._store = store
        self._parts = {part.path: part for part in parts}
        self._bad = bad
        self._leaves: dict[str, ByMonth] = {}
        self._read = 0
        self._rows = 0

    def faults(self, entry: dict[str, Any], *, fresh: bool) -> list[str]:
        """Read one part and say what is wrong with it, or with its entry in the manifest.

        Args:
            entry: what the manifest says of it.
            fresh: whether to compare it with a fresh generation as well.
        """
        part = self._parts.get(entry["path"])
        if part is None:
            return ["the scenario has no such part"]
        if part.path in self._bad:
            return []
        try:
            read = _read(self._store, part.path, part.plan)
        except DAMAGE as error:
            return [reason(error)]
        self._read += 1
        rows = _rows_of(part, entry, read)
        self._rows += rows if type(rows) is int else 0
        self._leaves[part.path] = _by_month(read.leaves)
        out = list(_faults(part, entry, read, fresh=fresh))
        if not out:
            self._note(read, part.path)
        return out

    def table_faults(self, entry: dict[str, Any], name: str, *, fresh: bool) -> list[str]:
        """Read the rows of a further table that belong to a part; arguments as for `faults`."""
        part, said = self._parts.get(entry["path"]), entry["tables"][name]
        if part is None or said["path"] in self._bad:
            return []
        try:
            read = _read(self._store, said["path"], part.plan, partitions=False)
        except DAMAGE as error:
            return [reason(error)]
        self._leaves[said["path"]] = _by_month(read.leaves)
        out = list(_table_faults(part, said, read, TABLES[name], fresh=fresh))
        if not out:
            self._note(read, said["path"])
        return out

    def _note(self, read: _Read, path: str) -> None:
        for key, value in read.metadata.items():
            self.told.setdefault(key, {}).setdefault(value, []).append(path)

    def cells_of(self, entry: dict[str, Any]) -> int:
        """Return how many cells the scenario gives a part."""
        part = self._parts.get(entry["path"])
        return part.plan.cells if part else 0

    def kept(self, entries: Sequence[dict[str, Any]], tables: Sequence[str]) -> Kept:
        """Return the leaves of the whole, when all parts were read and nothing was wrong.

        Those of months that lie in several parts are made from their files, read again.

        Args:
            entries: what the manifest says of all parts.
            tables: names of the further tables.
        """
        return gather(self._store, entries, self._leaves, tables)

    def rows(self) -> int | None:
        """Return how many rows the parts should have, if all could be read."""
        return self._rows if self._read == len(self._parts) else None


def _read(store: Store, path: str, plan: Plan, *, partitions: bool = True) -> _Read:
    with store.fetch(path) as file:
        with read_errors(file), file.open("rb") as stream:
            sha256 = file_digest(stream, "sha256").hexdigest()
            size = stream.tell()
        seen: list[_Rows] = []

        def batches() -> Iterator[pa.RecordBatch]:
            seen.append(_Rows())  # anew when rows in no order are read again to be sorted
            read = read_batches(file)
            rows = (with_partitions(batch, path) for batch in read) if partitions else read
            return seen[-1].passing(rows)

        found = leaves(batches(), strict=True) if plan.is_gapless else any_leaves(batches)
        if plan.is_full:
            some(found)
        metadata = read_metadata(file)
    return _Read(found, metadata, size, sha256, seen[-1].facts(found))


def _by_month(found: Leaves) -> ByMonth:
    out: dict[str, bytearray] = {}
    for (_, month), leaf in found.items():
        out.setdefault(month_label(month), bytearray()).extend(leaf)
    return {month: bytes(leaves) for month, leaves in out.items()}


class _Rows:
    """Notes of rows in passing: how many, and the first and the last."""

    def __init__(self) -> None:
        self._rows = 0
        self._first: tuple[pa.Scalar, pa.Scalar] | None = None
        self._last: tuple[pa.Scalar, pa.Scalar] | None = None

    def passing(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Hand on batches."""
        for batch in batches:
            yield batch  # first, for it says what is wrong with the columns
            self._rows += batch.num_rows
            if batch.num_rows:
                server, time = batch.column("server_id"), batch.column("timestamp")
                self._first = self._first or (server[0], time[0])
                self._last = server[-1], time[-1]

    def facts(self, found: Leaves) -> dict[str, Any]:
        """Return what a manifest would say of the rows; little, if there are none."""
        if self._first is None or self._last is None:
            return {"rows": self._rows}
        (first_server, start), (last_server, end) = self._first, self._last
        return {
            "rows": self._rows,
            "servers": len({server for server, _ in found}),
            "first_server": first_server.as_py(),
            "last_server": last_server.as_py(),
            "start": start.as_py().isoformat(),
            "end": end.as_py().isoformat(),
        }


def _faults(part: Part, entry: dict[str, Any], read: _Read, *, fresh: bool) -> Iterator[str]:
    """Compare a part with its record; where values differ, name servers and months."""
    is_same_file, is_same_rows = entry.get("sha256") == read.sha256, False
    if root(read.leaves) != entry.get("digest"):
        if is_same_file:
            yield f"digest in the manifest is {as_json(entry.get('digest'))}: its rows have another"
        else:
            yield _changed(read.leaves, plan_leaves(part.plan))
    elif fresh and root(plan_leaves(part.plan)) != entry["digest"]:
        yield "a fresh generation gives other values: is it the same version?"
    elif not is_same_file:
        yield REWRITTEN
    else:
        is_same_rows = True
    made = facts_of(part, _rows_of(part, entry, read))
    made |= {key: entry.get(key) for key in ("sha256", "digest")}
    made |= {key: entry[key] for key in ("tables",) if key in entry}  # read by themselves
    made["size"] = read.size if is_same_file else entry.get("size")
    yield from (f"{each} in the manifest" for each in differences(entry, made))
    if is_same_rows:
        yield from (f"its rows: {each}" for each in _unplanned(part, read))


def _rows_of(part: Part, entry: dict[str, Any], read: _Read) -> Any:
    """Return how many rows a part should have: if its plan does not say, its rows do.

    Those that have changed do not: then it is what the manifest says.
    """
    planned = part.plan.rows
    if planned is not None:
        return planned
    return read.facts["rows"] if root(read.leaves) == entry.get("digest") else entry.get("rows")


def _unplanned(part: Part, read: _Read) -> Iterator[str]:
    """Say where the rows of a part are not those that the plan gives it."""
    fleet, clock = part.plan.fleet, part.plan.clock
    if part.plan.is_full:
        planned = facts_of(part, part.plan.cells)
        del planned["path"]
        yield from differences(read.facts, planned)
        return
    servers = set(fleet.server_ids(0, fleet.size))
    months = {month for month, *_ in clock.month_starts(clock.first, clock.stop)}
    for server, month in read.leaves:
        if server not in servers or month not in months:
            yield f"{server} in {month_label(month)} is not of this part"


def _table_faults(
    part: Part, entry: dict[str, Any], read: _Read, table: Table, *, fresh: bool
) -> Iterator[str]:
    """Compare the rows of a further table with their record."""
    is_same_file, digest = entry.get("sha256") == read.sha256, entry.get("digest")
    if root(read.leaves) != digest:
        if is_same_file:
            yield f"digest in the manifest is {as_json(digest)}: its rows have another"
        else:
            yield _changed(read.leaves, table_leaves(part.plan, table))
    elif fresh and root(table_leaves(part.plan, table)) != digest:
        yield "a fresh generation gives other values: is it the same version?"
    elif not is_same_file:
        yield REWRITTEN
    made = {key: entry.get(key) for key in ("path", "sha256", "digest")}
    made["size"] = read.size if is_same_file else entry.get("size")
    yield from (f"{each} in the manifest" for each in differences(entry, made))


def table_leaves(plan: Plan, table: Table) -> Leaves:
    """Generate a further table of a plan for its digest alone."""
    digest = digest_of(table.plan(plan))
    for window in pipeline.windows(plan):
        digest.update(table.block(made_of(plan, window, [table])))
    return digest.leaves


def plan_leaves(plan: Plan) -> Leaves:
    """Generate a plan for its digest alone."""
    digest = PlanDigest(plan)
    for window in pipeline.windows(plan):
        digest.update(simulate(plan, window))
    return digest.leaves


def _changed(read: Leaves, made: Leaves) -> str:
    what = "the part has changed"
    wrong = sorted(key for key in read.keys() | made.keys() if read.get(key) != made.get(key))
    some = ", ".join(f"{server} in {month_label(month)}" for server, month in wrong[:5])
    more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    return f"{what}: {some}{more}" if wrong else what


def reason(error: Exception) -> str:
    """Say why a file cannot be read; not all libraries say so in words for people."""
    if isinstance(error, FleetsynthError):
        return str(error)
    first = (str(error) or type(error).__name__).splitlines()[0]
    return f"cannot be read: {first}"
