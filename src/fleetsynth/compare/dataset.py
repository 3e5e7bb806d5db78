"""The comparison of two datasets, out of core."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.compare.coarser import averaged, no_means
from fleetsynth.compare.comparison import ALL, Apart, Comparison, Side
from fleetsynth.compare.convolutions import convolved, ridge
from fleetsynth.compare.distances import autocorrelation, cross_correlation, marginal
from fleetsynth.compare.features import coupled, features, measured, pairs
from fleetsynth.compare.forecast import forecasts
from fleetsynth.compare.pictures import typical
from fleetsynth.compare.stretches import (
    METRICS,
    MOST,
    Stretches,
    common_step,
    stretch_days,
)
from fleetsynth.compare.tells import tells
from fleetsynth.compare.trees import Boosted
from fleetsynth.compare.two_sample import floor, told_apart
from fleetsynth.errors import InputError, UsageError, did_you_mean
from fleetsynth.facts.facts_table import known_facts
from fleetsynth.facts.fleet_facts import FleetFacts
from fleetsynth.reader import ReadOptions, ScatteredError, open_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from fleetsynth.compare.distances import Distance
    from fleetsynth.compare.stretches import Stretch
    from fleetsynth.compare.tells import Tell
    from fleetsynth.compare.two_sample import Fit, Floats, Ints
    from fleetsynth.reader.grid import Server

    Drawn = Sequence[Stretch]
    Pair = tuple[Floats, Floats]
    Sides = tuple[Sequence[str], Sequence[str]]

_READ = ("timestamp", "date", "server", "type", "service", *METRICS)
_LEAST = 8


def compare(
    a: Any,
    b: Any,
    columns: Mapping[str, str] | None = None,
    *,
    options: ReadOptions | None = None,
    columns_a: Mapping[str, str] | None = None,
    options_a: ReadOptions | None = None,
    stretches: int = MOST,
    metrics: Iterable[str] = METRICS,
) -> Comparison:
    """Tell how well two datasets can be told apart, and by what.

    Both are read server by server, in constant memory where rows are in order of server; a
    bounded number of stretches, a week each at steps of up to an hour, is drawn by servers' names
    and times, so that the same data give the same answer. Rows in another order go through
    temporary files of about their size first. Of two steps the finer one is brought to the
    coarser by averaging, if it divides it: for that it is read twice.

    Args:
        a: a file or folder, of fleetsynth or of anything else, or a table of Arrow, pandas or
            polars; CPU, memory and disk in percent.
        b: the other one; it may be your own.
        columns: B's columns by role, as `facts` takes them.
        options: how to read B, if more must be said; `columns` is added to its own.
        columns_a: A's columns by role.
        options_a: how to read A.
        stretches: how many stretches are drawn of each at most.
        metrics: which roles are compared, of ``cpu``, ``memory``, ``disk``, ``network`` and
            ``net_out``; of these, what both have.

    Raises:
        UsageError: if a path or column is not there, or more must be said.
        InputError: if a dataset cannot be read, they have no metric in common, their steps cannot
            be brought together, or one has too few whole stretches.
    """
    if stretches < _LEAST:
        raise UsageError(f"stretches={stretches}: expected a whole number from {_LEAST}")
    asked = _metrics(metrics)
    first = _Read(a, _options(options_a, columns_a), stretches)
    second = _Read(b, _options(options, columns), stretches)
    names = f"A ({first.name})", f"B ({second.name})"
    step = _brought_together(first, second, names)
    drawn = first.drawn(step), second.drawn(step)
    common = [role for role in asked if all(_has(side, role) for side in drawn)]
    if not common:
        raise InputError(
            f"{names[0]} and {names[1]} have no metric in common: one of {', '.join(asked)}"
        )
    said = (first if step in first.stretches.words else second).stretches.words[step]
    classifiers: dict[str, dict[str, Apart]] = {}
    found: list[Tell] = []
    distances: dict[str, dict[str, Distance]] = {}
    expected, examples = {}, {}
    tables: list[Pair] = []
    for role in common:
        having = _having(drawn[0], role), _having(drawn[1], role)
        table = measured(having[0], role), measured(having[1], role)
        found += tells(role, features(), table, _servers(having), said)
        classifiers[role] = _of_metric(having, table, role)
        distances[role] = {
            "marginal": marginal(*having, role),
            "autocorrelation": autocorrelation(*having, role),
        }
        expected[role] = forecasts(*having, role)
        examples[role] = typical(having[0], table[0]), typical(having[1], table[1])
        tables.append((_spread(drawn[0], role, table[0]), _spread(drawn[1], role, table[1])))
    for one, two in combinations(common, 2):
        pair = coupled(drawn[0], one, two), coupled(drawn[1], one, two)
        found += tells(f"{one}+{two}", pairs(), pair, _servers(drawn), said)
        tables.append(pair)
    if len(common) > 1:
        a_rows, b_rows = (np.hstack([table[side] for table in tables]) for side in (0, 1))
        classifiers[ALL] = {"features": _apart((a_rows, b_rows), _servers(drawn), _trees)}
        distances[ALL] = {"cross_correlation": cross_correlation(*drawn, common)}
    return Comparison(
        first.side(drawn[0]),
        second.side(drawn[1]),
        step,
        stretch_days(step),
        common,
        classifiers,
        distances,
        expected,
        sorted(found, key=lambda tell: tell.rank),
        examples,
    )


class _Read:
    """A dataset that was read: its stretches and its facts."""

    def __init__(self, data: Any, options: ReadOptions, most: int) -> None:
        self.dataset = open_dataset(data, options)
        self.name = self.dataset.name
        self.roles = [role for role in _READ if role in self.dataset.roles]
        self.averaged: list[str] = []
        self._most = most
        self._read()
        if not self.stretches.servers:
            raise InputError(f"{self.name} has no server with two points or more")

    def bring_to(self, step: int) -> None:
        """Read it again, with the means of points that come at a step which divides this one."""
        finer = sorted(fine for fine in self.stretches.steps if 0 < fine < step)
        self.averaged = [self.stretches.words[fine] for fine in finer if step % fine == 0]
        self._read(step)

    def _read(self, step: int = 0) -> None:
        servers = self.dataset.servers(self.roles)
        try:
            self._take(servers.in_order(), step)
        except ScatteredError:
            self._take(servers.sorted(), step)
        self.dataset.tell(servers)
        self._left_out += servers.left_out

    def _take(self, servers: Iterable[Server], step: int) -> None:
        self.stretches, self._facts, self._left_out = Stretches(self._most), FleetFacts(), 0
        for read in servers:
            server = averaged(read, step) if step else read
            if server is None:
                self._left_out += 1
                continue
            self.stretches.add(server)
            self._facts.add(server)

    def drawn(self, step: int) -> list[Stretch]:
        """Return the stretches that were drawn.

        Raises:
            InputError: if they are too few.
        """
        drawn = self.stretches.kept(step)
        if len(drawn) < _LEAST:
            days, gapped = stretch_days(step), self.stretches.gapped
            gaps = f", beside {gapped:,} with gaps" if gapped else ""
            raise InputError(
                f"{self.name} has {len(drawn):,} whole stretches of {days} days{gaps}: a "
                f"comparison takes {_LEAST} or more"
            )
        return drawn

    def side(self, drawn: list[Stretch]) -> Side:
        """Return what is told of it."""
        values = self._facts.values()
        return Side(
            name=self.name,
            servers=self.stretches.servers,
            stretches=self.stretches.seen,
            used=len(drawn),
            used_servers=len({stretch.server for stretch in drawn}),
            gapped=self.stretches.gapped,
            left_out=self._left_out,
            averaged=self.averaged,
            facts={name: values.get(name) for name in known_facts()},
            understood=self.dataset.understood.to_dict(),
        )


def _brought_together(first: _Read, second: _Read, names: tuple[str, str]) -> int:
    """Bring a dataset with the finer step to the coarser one; return that.

    Raises:
        InputError: if a step does not divide the other, or values are no means.
    """
    steps = [side.stretches.step() for side in (first, second)]
    step = common_step(first.stretches, second.stretches, names)
    if steps[0] == steps[1]:
        return step
    finer, name = (first, names[0]) if steps[0] < step else (second, names[1])
    for side, own, called in zip((first, second), steps, names, strict=True):
        measured = [role for role in METRICS if role in side.roles]
        columns = no_means(side.dataset, measured, own)
        if columns:
            said = [
                each.stretches.words[at] for each, at in zip((first, second), steps, strict=True)
            ]
            raise InputError(
                f"{names[0]} has one point every {said[0]}, {names[1]} every {said[1]}: points of "
                f"{name} would be averaged, and {columns[0]} of {called} is not a mean by its "
                "name; make or export both at one step, or say columns of means"
            )
    finer.bring_to(step)
    return step


def _metrics(said: Iterable[str]) -> list[str]:
    """Return the roles that were asked for, in our order."""
    asked = [said] if isinstance(said, str) else list(said)
    if not asked:
        raise UsageError(f"metrics=[]: expected one or more of {', '.join(METRICS)}")
    for role in asked:
        if role not in METRICS:
            raise UsageError(f"metrics={role!r}: not a metric{did_you_mean(role, METRICS)}")
    return [role for role in METRICS if role in asked]


def _of_metric(having: tuple[Drawn, Drawn], table: Pair, role: str) -> dict[str, Apart]:
    """Return how well each classifier tells one metric's stretches apart."""
    servers = _servers(having)
    shape = [column for column, feature in enumerate(features()) if feature.is_shape]
    series = [np.array([stretch.series[role] for stretch in side]) for side in having]
    waves = convolved(np.concatenate(series))
    split = len(series[0])
    return {
        "features": _apart(table, servers, _trees),
        "shape": _apart((table[0][:, shape], table[1][:, shape]), servers, _trees),
        "convolutions": _apart((waves[:split], waves[split:]), servers, ridge),
    }


def _apart(rows: Pair, servers: Sides, fit: Fit) -> Apart:
    a, b = rows
    return Apart(
        told_apart(rows, servers, fit), floor(a, servers[0], fit), floor(b, servers[1], fit)
    )


def _trees(rows: Floats, labels: Ints, weights: Floats, seed: int) -> Callable[[Floats], Floats]:
    return Boosted(rows, labels, weights, seed).score


def _having(drawn: Drawn, role: str) -> list[Stretch]:
    return [stretch for stretch in drawn if role in stretch.series]


def _servers(sides: tuple[Drawn, Drawn]) -> Sides:
    a, b = ([stretch.server for stretch in side] for side in sides)
    return a, b


def _spread(drawn: Drawn, role: str, table: Floats) -> Floats:
    """Return the features of all stretches; NaN where one lacks the metric."""
    out = np.full((len(drawn), table.shape[1]), np.nan)
    out[[role in stretch.series for stretch in drawn]] = table
    return out


def _has(drawn: Drawn, role: str) -> bool:
    return len(_having(drawn, role)) >= _LEAST


def _options(options: ReadOptions | None, columns: Mapping[str, str] | None) -> ReadOptions:
    said = options or ReadOptions()
    return replace(said, columns={**said.columns, **(columns or {})})
