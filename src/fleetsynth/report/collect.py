"""The first pass: everything that charts need, summed by group while rows pass by.

A group is one combination of archetype, business unit, region, criticality and service, so that any
choice of filters is a sum over groups. Memory grows with groups, servers and, up to a limit, with
the days of each; not with rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.clock import HOUR_SECONDS
from fleetsynth.report.axis import Axis, axis_from, regroup
from fleetsynth.report.rows import DIMENSIONS, SERVICE, Rows, Seen, primary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.metrics import Metric

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

WEEK_HOURS = 168
BINS = 100
SLOTS = BINS + 1
"""Places of a histogram: the bins, and one for exactly 100 %, which is not an ordinary value."""
MOST_VALUES = 24
"""Values of a dimension that are kept apart; later ones are summed up as `OTHER`."""
MOST_SERVICES = 200
"""The same of services, of which there are more, and which few servers share."""
MOST_GROUPS = 1_000
OTHER = "(other)"
ALL = "(all)"
_STEP_BATCHES = 4
FILTERS = {**DIMENSIONS, SERVICE: "Service"}
"""What a report can be filtered by: the column, and what people call it."""


class Groups:
    """Numbers the combinations of labels, and knows which server is in which."""

    def __init__(self, servers: Seen) -> None:
        self._servers = servers
        self.names = [name for name in FILTERS if name in servers.labels]
        self.values: list[list[str]] = [[] for _ in self.names]
        self.keys: dict[tuple[int, ...], int] = {}
        self._of: list[int] = []

    def of_servers(self) -> Ints:
        """Return the group of every server met so far, by number."""
        columns = [self._servers.labels[name] for name in self.names]
        for server in range(len(self._of), len(self._servers.number)):
            key = tuple(self._code(i, column[server]) for i, column in enumerate(columns))
            if key not in self.keys and len(self.keys) >= MOST_GROUPS:
                key = tuple(self._code(i, OTHER, force=True) for i in range(len(columns)))
            self._of.append(self.keys.setdefault(key, len(self.keys)))
        return np.array(self._of, dtype=np.int64)

    def _code(self, dimension: int, value: str, *, force: bool = False) -> int:
        values = self.values[dimension]
        if value not in values:
            if not force and self._is_full(dimension):
                return self._code(dimension, OTHER, force=True)
            values.append(value)
        return values.index(value)

    def _is_full(self, dimension: int) -> bool:
        """Tell whether a dimension takes no more values; services leave room for the others."""
        number = len(self.values[dimension])
        if self.names[dimension] != SERVICE:
            return number >= MOST_VALUES
        return number >= MOST_SERVICES or len(self.keys) >= MOST_GROUPS // 2


class Collector:
    """Takes rows, in any order; see the attributes for what it then knows.

    Attributes:
        axis: the time axis, of at most a day's width.
        counts: rows, shape (groups, buckets).
        sums: shape (metrics, groups, buckets).
        absent: missing values, same shape.
        peaks: greatest values, same shape.
        week: sums by hour of the week from Monday 00:00, shape (metrics, groups, 168).
        week_counts: values, same shape.
        histogram: shape (metrics, groups, slots); bin i is from i x width up to (i + 1) x width.
        widths: width of a bin, by metric.
        main: places of one metric per kind.
    """

    def __init__(self, metrics: list[Metric], servers: Seen) -> None:
        self.metrics, self.servers = metrics, servers
        self.groups = Groups(servers)
        self.axis = axis_from(1)
        self.step = 0
        self.rows = 0
        self.main = primary(metrics)
        m = len(metrics)
        self.counts: Ints = np.zeros((0, 0), dtype=np.int64)
        self.sums: Floats = np.zeros((m, 0, 0))
        self.absent = np.zeros((m, 0, 0), dtype=np.int64)
        self.peaks: Floats = np.full((m, 0, 0), -np.inf)
        self.week: Floats = np.zeros((m, 0, WEEK_HOURS))
        self.week_counts: Ints = np.zeros((m, 0, WEEK_HOURS), dtype=np.int64)
        self.histogram: Ints = np.zeros((m, 0, SLOTS), dtype=np.int64)
        self.widths = [1.0 if metric.unit == "%" else 0.01 for metric in metrics]
        self.low, self.high = 0, -1
        self._batches = 0

    def update(self, rows: Rows) -> None:
        """Take the rows of a batch."""
        if not rows.seconds.size:
            return
        low, high = int(rows.seconds.min()), int(rows.seconds.max())
        if not self.rows:
            self.low, self.high = low, high
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.rows += rows.seconds.size
        self._see_step(rows)
        self._fit(self.axis.covering(low, high))
        group = self._fit_groups()[rows.server]
        self._add(rows, group)

    def _see_step(self, rows: Rows) -> None:
        """Learn the step from the first batches."""
        if self._batches >= _STEP_BATCHES and self.step:
            return
        self._batches += 1
        gaps = np.diff(rows.seconds)[np.diff(rows.server) == 0]
        gaps = gaps[gaps > 0]
        if not gaps.size:
            gaps = np.diff(np.unique(rows.seconds))
        if gaps.size:
            self.step = min(self.step or int(gaps.min()), int(gaps.min()))

    def _add(self, rows: Rows, group: Ints) -> None:
        buckets, hours = self.axis.count, (rows.seconds // HOUR_SECONDS + 72) % WEEK_HOURS
        key = group * buckets + self.axis.place(rows.seconds)
        week = group * WEEK_HOURS + hours
        _tally(self.counts, key)
        for m, values in enumerate(rows.values):
            missing = np.isnan(values)
            k, w, g, v = key, week, group, values
            if missing.any():
                _tally(self.absent[m], key[missing])
                there = ~missing
                k, w, g, v = key[there], week[there], group[there], values[there]
            _tally(self.sums[m], k, v)
            np.maximum.at(self.peaks[m].reshape(-1), k, v)
            _tally(self.week[m], w, v)
            _tally(self.week_counts[m], w)
            _tally(self.histogram[m], g * SLOTS + self._bins(m, v))

    def _bins(self, metric: int, values: Floats) -> Ints:
        """Return the bin of each value; bins of what has no upper bound are made wide enough."""
        if self.metrics[metric].unit != "%" and values.size:
            while float(values.max()) >= BINS * self.widths[metric]:
                pairs = self.histogram[metric][:, :BINS].reshape(-1, BINS // 2, 2).sum(axis=2)
                self.histogram[metric] = 0
                self.histogram[metric][:, : BINS // 2] = pairs
                self.widths[metric] *= 2
        bins: Ints = np.clip(values / self.widths[metric], 0, BINS).astype(np.int64)
        return bins

    def _fit(self, axis: Axis) -> None:
        """Lay the sums over a longer or coarser axis."""
        if axis == self.axis:
            return
        place = axis.place(self.axis.starts)
        self.counts = regroup(self.counts, place, axis.count)
        self.sums = regroup(self.sums, place, axis.count)
        self.absent = regroup(self.absent, place, axis.count)
        self.peaks = regroup(self.peaks, place, axis.count, how=np.maximum, empty=-np.inf)
        self.axis = axis

    def _fit_groups(self) -> Ints:
        """Make room for new groups; return the group of each server."""
        of = self.groups.of_servers()
        more = len(self.groups.keys) - self.counts.shape[0]
        if more > 0:
            self.counts = _grown(self.counts, 0, more, 0)
            self.sums = _grown(self.sums, 1, more, 0)
            self.absent = _grown(self.absent, 1, more, 0)
            self.peaks = _grown(self.peaks, 1, more, -np.inf)
            self.week = _grown(self.week, 1, more, 0)
            self.week_counts = _grown(self.week_counts, 1, more, 0)
            self.histogram = _grown(self.histogram, 1, more, 0)
        return of


def _tally(total: NDArray[Any], key: Ints, values: Floats | None = None) -> None:
    """Add values, or ones, at places of a contiguous array, counted through all its axes."""
    flat = total.reshape(-1)
    if flat.size <= 4 * key.size:
        flat += np.bincount(key, weights=values, minlength=flat.size).astype(flat.dtype)
    else:
        np.add.at(flat, key, 1 if values is None else values)


def _grown(array: NDArray[Any], axis: int, more: int, value: float) -> NDArray[Any]:
    shape = list(array.shape)
    shape[axis] = more
    return np.concatenate([array, np.full(shape, value, dtype=array.dtype)], axis=axis)
