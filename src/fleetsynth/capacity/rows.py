"""Rows of one or several exports as one stream, some whole servers at a time, out of core."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.errors import UsageError
from fleetsynth.formats.place import saying
from fleetsynth.metrics import CAPACITY, STATISTIC_PATTERN
from fleetsynth.reader import ScatteredError
from fleetsynth.reader.series import in_buckets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from fleetsynth.reader import Dataset

    Rows = NDArray[np.void]

PERCENT = ("cpu", "memory", "disk")
NETWORK = ("network", "net_out")
LABELS = {
    "service": "service",
    "type": "server_type",
    "business_unit": "business_unit",
    "region": "region",
    "criticality": "criticality",
    "instance_type": "instance_type",
}
"""What is said of a server, by role, and what it is called in the table."""

SIZES = tuple(metric.column for metric in CAPACITY[:3])
"""What servers have of CPU, memory and disk: roles, and our names of the columns."""

MOST_ROWS = 150_000
"""Rows from which servers that are complete are handed on."""


class Exports:
    """Several exports as one: a server that is in more than one of them is one server.

    Args:
        datasets: the exports, opened.
        network: whether network is asked for.
        progress: called with the number of rows read so far.

    Attributes:
        metrics: the metrics in percent that at least one has, and the network's.
        sizes: what of `SIZES` at least one has.
        words: the names behind codes, by role, `server` among them.

    Raises:
        UsageError: if none has a metric to judge.
    """

    def __init__(
        self,
        datasets: list[Dataset],
        *,
        network: bool,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._datasets, self._progress = datasets, progress
        wanted = (*PERCENT, *NETWORK) if network else PERCENT
        self.metrics = [m for m in wanted if any(m in each.roles for each in datasets)]
        if not self.metrics:
            names = ", ".join(each.name for each in datasets)
            only = any(m in each.roles for each in datasets for m in NETWORK)
            hint = ": network needs link=..." if only else f": say {saying('cpu', 'cpu_pct')}"
            raise UsageError(f"{names}: no CPU, memory or disk in percent to judge{hint}")
        self._labels = [r for r in LABELS if any(r in each.roles for each in datasets)]
        self.sizes = [r for r in SIZES if any(r in each.roles for each in datasets)]
        self.words: dict[str, list[str]] = {}
        fields = [("time", "<i8"), *((role, "<i4") for role in ("server", *self._labels))]
        numbers = (*self.metrics, *self.sizes)
        self.dtype = np.dtype([*fields, *((role, "<f8") for role in numbers)])

    @property
    def labels(self) -> list[str]:
        """The labels that at least one export has."""
        return self._labels

    def zone(self) -> str:
        """Return the zone by whose clock days are told."""
        return self._datasets[0].times.clock

    def statistics(self) -> dict[str, str | None]:
        """Return what is published of each metric, such as p95; None where that is not known."""
        return {
            metric: next(
                (statistic_of(d.roles[metric].name) for d in self._datasets if metric in d.roles),
                None,
            )
            for metric in self.metrics
        }

    def whole_servers(self) -> Iterator[Rows]:
        """Yield rows in order of server; ScatteredError as soon as they do not come so."""
        held: list[Rows] = []
        seen = np.zeros(0, np.bool_)
        for rows in self._rows():
            begins = np.flatnonzero(np.diff(rows["server"], prepend=-1))
            runs = rows["server"][begins]
            more = int(runs.max(initial=-1)) + 1 - seen.size
            seen = np.pad(seen, (0, max(more, 0)))
            goes_on = bool(held and len(runs) and held[-1]["server"][-1] == runs[0])
            new = runs[1:] if goes_on else runs
            if seen[new].any() or np.unique(new).size < new.size:
                raise ScatteredError
            seen[new] = True
            if len(new):
                last = begins[-1]
                held.append(rows[:last])
                rest = _put_together([rows[last:]])  # and not the whole batch with it
                if sum(map(len, held)) >= MOST_ROWS:
                    whole = _put_together(held)
                    held, rows = [], rest
                    yield whole
                    del whole
                held.append(rest)
            else:
                held.append(rows)
        if held:
            yield _put_together(held)

    def sorted(self) -> Iterator[Rows]:
        """Yield rows in order of server, by way of temporary files."""
        yield from in_buckets((rows.astype(self.dtype) for rows in self._rows()), self.dtype)

    def _rows(self) -> Iterator[Rows]:
        self.words = {role: [] for role in ("server", *self._labels)}
        codes: dict[str, dict[str, int]] = {role: {} for role in self.words}
        done = 0
        for dataset in self._datasets:
            wanted = (*self.metrics, *self.sizes, *self._labels)
            roles = [r for r in wanted if r in dataset.roles]
            for batch in dataset.batches(roles):
                done += len(batch)
                if len(batch):
                    yield self._joined(batch, roles, dataset.converter.words, codes)
                if self._progress:
                    self._progress(done)

    def _joined(
        self,
        batch: Rows,
        roles: list[str],
        words: dict[str, list[str]],
        codes: dict[str, dict[str, int]],
    ) -> Rows:
        if len(self._datasets) == 1:
            self.words = {role: words[role] for role in self.words}
            return batch
        out = np.empty(len(batch), self.dtype)
        out["time"] = batch["time"]
        for role in (*self.metrics, *self.sizes):
            out[role] = batch[role] if role in roles else np.nan
        for role in self.words:
            if role != "server" and role not in roles:
                out[role] = -1
                continue
            mine = codes[role]
            for word in words[role]:
                if word not in mine:
                    mine[word] = len(mine)
                    self.words[role].append(word)
            lookup = np.array([*(mine[word] for word in words[role]), -1], np.int32)
            out[role] = lookup[batch[role]]
        return out


def _put_together(parts: list[Rows]) -> Rows:
    """Return a copy of rows; as bytes, since NumPy copies records a field at a time."""
    return np.concatenate([part.view(np.uint8) for part in parts]).view(parts[0].dtype)


def all_blocks(exports: Exports, take: Callable[[Iterable[Rows]], None]) -> None:
    """Hand all rows on, in order of server; from the beginning again where they are scattered."""
    try:
        take(exports.whole_servers())
    except ScatteredError:
        take(exports.sorted())


def statistic_of(column: str) -> str | None:
    """Return the statistic that a column's name ends with, such as p95, if it does."""
    end = column.lower().rpartition("_")[2]
    return end if re.match(STATISTIC_PATTERN, end) else None
