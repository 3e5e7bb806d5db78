"""Values by themselves: missing, out of bounds, coarse, stuck, piled up, contradicting."""

from __future__ import annotations

from math import ceil, log, pi, sqrt
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.validate.grid import Growing
from fleetsynth.validate.normal import log_tail
from fleetsynth.validate.places import Faults, moment
from fleetsynth.validate.rows import METRIC_COLUMNS
from fleetsynth.validate.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fleetsynth.metrics import Metric
    from fleetsynth.validate.design import Design
    from fleetsynth.validate.rows import Columns, Rows

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

_STEP = 0.01
_SINGLE = float(np.finfo(np.float32).eps)
_CHANCE = 1e-14
"""A run is stuck if a given place begins one so long with at most this probability: once in a
hundred thousand datasets of a billion values."""
_LONG_RUN = 30
"""Equal values in a row that are stuck where no model says how often values repeat."""
_LONG_STOCK = 2_000
"""The same of memory and disk space, which stay where they are for days."""
_LONG_LOAD = 300
"""The same of CPU and traffic in data that a scenario without such a model made."""
REACH = 1e7
"""Mbps beyond any link: what the values are of is not what the column says. The fastest port of
today does 1.6 million."""
_STOCKS = ("mem", "disk")
_FINE = 0.2
"""Above the least, from which on two decimals tell values apart that are next to each other."""
_FEW = 100


class Repeats:
    """How long a metric may stay the same by chance, inside its bounds and on them."""

    def __init__(self, inside: int, on_bounds: int | None) -> None:
        self.inside = inside
        self.on_bounds = on_bounds

    @classmethod
    def of(cls, design: Design | None, metric: Metric) -> Repeats:
        """Return the limits under a model; long runs on a bound mean nothing without one."""
        shown = design.model.shows(metric.stem) if design else None
        if design is None or shown is None:
            return cls(_LONG_STOCK if metric.stem in _STOCKS else _LONG_RUN, None)
        signal, share = shown
        whole = design.observed[signal]
        equal, at_bound = 0.0, 0.01
        g = design.group_growth()[0]
        for i, density in enumerate(design.densities):
            if density is None:
                return cls(_LONG_RUN, None)
            law = density.law
            sd = law.sd[signal] * min(1.0, law.factor[signal])
            equal = max(equal, _STEP / (share * sd * 2 * sqrt(pi)))
            scale = design.scale(design.demand[i], g[i])[signal]
            level = design.base[i, signal] * scale / law.sd[signal]
            for bound, sign in ((whole.low, 1), (whole.high, -1)):
                for factor in (1.0, law.factor[signal]):
                    edge = (bound / (law.sd[signal] * factor) - level) * sign
                    at_bound = max(at_bound, float(np.exp(log_tail(edge)).max()))
        on_bounds = None if at_bound > 0.5 else _run(at_bound)
        return cls(max(3, _run(equal)) if equal < 0.5 else _LONG_RUN, on_bounds)


def _run(probability: float) -> int:
    return 1 + ceil(log(_CHANCE) / log(probability))


class ValueCheck:
    """Checks one metric in passing."""

    def __init__(
        self,
        column: str,
        columns: Columns,
        design: Design | None,
        *,
        exact: bool = False,
        is_gapless: bool = True,
    ) -> None:
        self._allowed = not is_gapless
        self._metric = METRIC_COLUMNS[column]
        self._column = column
        self._columns = columns
        self._design = design
        self._exact = exact
        self._limits = Repeats(_LONG_LOAD, None) if exact else Repeats.of(design, self._metric)
        self._high = self._metric.high if design or self._metric.unit == "%" else REACH
        self._null, self._outside, self._coarse = Faults(), Faults(), Faults()
        self._stuck = Faults()
        self._last, self._length = Growing(0.0, np.float64), Growing(0, np.int64)
        self._count = self._tenths = 0
        self._top = -np.inf
        self._bins = np.zeros(int(self._metric.high * 100) + 1, dtype=np.int64)

    def update(self, rows: Rows, calm: NDArray[np.bool_] | None = None) -> None:
        """Take rows, each server's together in order of time.

        Args:
            rows: of some servers.
            calm: of which no event keeps a value where it is, shape (rows,); None for all.
        """
        values = rows.metrics[self._column]
        names = list(self._columns.servers)

        def place(row: int) -> str:
            at = f"{names[rows.server[row]]} {moment(int(rows.micros[row]))}"
            return f"{at}: {values[row]:g}"

        finite = np.isfinite(values)
        if not finite.all():
            self._null.add(~finite, place)
        known = np.where(finite, values, -1.0)
        outside = finite & ((known < self._metric.low) | (known > self._high))
        self._outside.add(outside, place)
        inside = finite & (known > self._metric.low) & (known < self._metric.high)
        # What is far outside is counted so; here it only must not overflow.
        near = np.clip(known, -self._metric.high, 2 * self._metric.high)
        hundredths = np.rint(near * 100)
        if self._design is not None:
            # Single precision is enough for two decimals, and no excuse for three.
            tolerance = 1e-6 + _SINGLE * np.abs(hundredths)
            self._coarse.add(finite & (np.abs(near * 100 - hundredths) > tolerance), place)
        interior = hundredths[inside].astype(np.int64)
        self._count += len(interior)
        self._tenths += int((interior % 10 == 0).sum())
        self._top = max(self._top, float(known.max(initial=-np.inf)))
        if self._design is not None:
            self._bins += np.bincount(interior, minlength=len(self._bins))
        if calm is None or calm.all():
            self._runs(rows, known, inside, finite)
        elif calm.any():
            self._runs(rows.take(calm), known[calm], inside[calm], finite[calm])

    def _runs(
        self,
        rows: Rows,
        values: Floats,
        inside: NDArray[np.bool_],
        finite: NDArray[np.bool_],
    ) -> None:
        """Look for runs of equal values, also across batches."""
        server, count = rows.server, len(values)
        size = len(self._columns.servers)
        last, length = self._last.upto(size), self._length.upto(size)
        firsts = np.concatenate(([0], np.flatnonzero(np.diff(server)) + 1))
        finals = np.append(firsts[1:], count) - 1
        here = server[firsts]
        equal = np.empty(count, dtype=np.bool_)
        np.equal(values[1:], values[:-1], out=equal[1:])
        equal[firsts] = (values[firsts] == last[here]) & (length[here] > 0)
        is_first = np.zeros(count, dtype=np.bool_)
        is_first[firsts] = True
        at = np.flatnonzero(equal)
        begins = np.flatnonzero(np.diff(at, prepend=-2) != 1)
        begins = np.union1d(begins, np.flatnonzero(is_first[at]))
        ends = np.append(begins[1:], len(at))[: len(begins)] - 1
        before = np.where(is_first[at[begins]], length[server[at[begins]]], 1)
        total = before + ends - begins + 1
        row = at[ends]
        on_bounds = self._limits.on_bounds or np.iinfo(np.int64).max
        told = inside[row] & (values[row] >= self._metric.low + _FINE)
        limit = np.where(told, self._limits.inside, on_bounds)
        names = list(self._columns.servers)
        self._stuck.add(
            finite[row] & (total >= limit) & (before < limit),
            lambda run: (
                f"{names[server[row[run]]]} {moment(int(rows.micros[row[run]]))}: "
                f"{values[row[run]]:g}, for the {total[run]}th time"
            ),
        )
        run_at_end = dict(zip(row.tolist(), total.tolist(), strict=True))
        last[here] = values[finals]
        length[here] = [run_at_end.get(final, 1) for final in finals.tolist()]

    def verdicts(self) -> Iterator[Verdict]:
        """Return what was found."""
        column, unit = self._column, self._metric.unit
        yield self._null.verdict(
            "missing values", "{count} are missing", "none", column, allowed=self._allowed
        )
        bounds = f"within {self._metric.low:g} to {self._high:g} {unit}"
        if unit == "%" and self._count > _FEW and self._top <= 1.0 and not self._exact:
            yield Verdict("range", "fail", "none is above 1: shares instead of per cent?", column)
        else:
            yield self._outside.verdict("range", "{count} are not " + bounds, bounds, column)
        if self._design is not None and not self._exact:
            yield self._rounding()
            yield self._piles()
        if self._exact and self._metric.stem in _STOCKS:
            return  # a disk that nobody writes to stays as it is
        yield self._stuck.verdict(
            "stuck", "{count} runs of equal values", "no long run of equal values", column
        )

    def _rounding(self) -> Verdict:
        """Two decimals, no more and no fewer."""
        if self._coarse.count:
            return self._coarse.verdict(
                "rounding", "{count} have more than two decimals", "", self._column
            )
        if self._count > _FEW and self._tenths > 0.5 * self._count:
            share = f"{self._tenths / self._count:.0%}"
            return Verdict("rounding", "fail", f"{share} are whole tenths", self._column)
        return Verdict("rounding", "ok", "to two decimals", self._column)

    def _piles(self) -> Verdict:
        """No value inside the bounds may be much more frequent than the model allows."""
        most, at = 0.0, 0
        design = self._design
        shown = design.model.shows(self._metric.stem) if design else None
        expected = 0.0
        if design is not None and shown is not None:
            signal, share = shown
            laws = [density.law for density in design.densities if density]
            sds = [law.sd[signal] * min(1.0, law.factor[signal]) for law in laws]
            if sds and len(sds) == len(design.densities):
                expected = self._count * (_STEP / (sqrt(2 * pi) * min(sds) * share))
                # net_out is rounded from net_in's signal, 0.6 of it: still one value a step
                most, at = float(self._bins.max()), int(self._bins.argmax())
        if most > expected + 7 * sqrt(expected) + 15:
            found = f"{at / 100:g} occurs {most:,.0f} times, {expected:,.0f} would already be many"
            return Verdict("piles", "fail", found, self._column)
        return Verdict("piles", "ok", "no value is too frequent", self._column)


def couplings(columns: Columns, design: Design) -> list[Coupling]:
    """Return a check for each metric that is a share of a signal which another shows whole."""
    return [
        Coupling(columns, whole, metric, share)
        for signal, whole in zip(design.model.signals, design.observed, strict=True)
        for metric in design.plan.metrics
        if (share := signal.published.get(metric.stem)) and metric.stem != whole.stem
    ]


class Coupling:
    """A metric that is a fixed share of the signal which another one shows whole.

    Attributes:
        column: of the metric.
    """

    def __init__(self, columns: Columns, whole: Metric, metric: Metric, share: float) -> None:
        self.column = metric.column
        self._columns = columns
        self._whole, self._metric, self._share = whole, metric, share
        self._faults = Faults()

    def update(self, rows: Rows) -> None:
        """Take rows."""
        one, other = rows.metrics.get(self._whole.column), rows.metrics.get(self.column)
        if one is None or other is None:
            return
        both = np.isfinite(one) & np.isfinite(other)
        expected = np.minimum(self._share * one, self._metric.high)
        tolerance = 0.51 * _STEP * (1 + self._share)
        wrong = both & (one < self._whole.high) & (np.abs(other - expected) > tolerance)
        names = list(self._columns.servers)
        self._faults.add(
            wrong,
            lambda row: (
                f"{names[rows.server[row]]} {moment(int(rows.micros[row]))}: "
                f"{one[row]:g} {self._whole.label}, {other[row]:g} {self._metric.label}"
            ),
        )

    def verdict(self) -> Verdict:
        """Return what was found."""
        right = f"{self._share:g} of {self._whole.label}"
        return self._faults.verdict(self._metric.label, f"{{count}} rows are not {right}", right)
