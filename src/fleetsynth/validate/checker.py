"""Every check of a dataset, over one pass of its batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa

from fleetsynth.clock import SECOND_MICROS
from fleetsynth.plan import ARRIVAL
from fleetsynth.presets import model_of
from fleetsynth.tables.frame import plain, schema
from fleetsynth.validate.calendar import CalendarCheck
from fleetsynth.validate.design import Design
from fleetsynth.validate.estimate import Estimator, Sums
from fleetsynth.validate.fleet import ServerCheck
from fleetsynth.validate.grid import GridCheck
from fleetsynth.validate.presence import Presence
from fleetsynth.validate.rows import METRIC_COLUMNS, MISSING, Columns
from fleetsynth.validate.values import ValueCheck, couplings
from fleetsynth.validate.verdict import Verdict
from fleetsynth.validate.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from fleetsynth.plan import Plan
    from fleetsynth.validate.rows import Rows

    Files = Iterable[Iterable[pa.RecordBatch]]

_MOST_TICKS = 1 << 24
_MOST_TICKS_PER_ROW = 64
"""A second pass takes a byte a tick; none is made where there are more than both of these."""


class Described(Protocol):
    """What a checker has to know of where batches come from.

    Attributes:
        names: what the dataset calls our columns.
        written: types of the columns of the file in hand, under its own names.
        others: columns that stand for none of ours.
    """

    names: Mapping[str, str]
    written: pa.Schema

    @property
    def others(self) -> list[str]: ...  # noqa: D102 - see above

    def zone(self) -> str:
        """Return whose days count; nothing for UTC."""


class Checker:
    """Takes a dataset file by file and batch by batch; then tells what it found.

    Args:
        plan: what the dataset should be; None if nothing says.
        source: what to know of the columns as they are in the dataset; None for our own batches.
        own: whether the dataset was made from that very plan, so that every value has to agree.
    """

    def __init__(
        self, plan: Plan | None, source: Described | None = None, *, own: bool = False
    ) -> None:
        self.columns = Columns()
        self._source = source
        self._plan = plan
        self._estimator = estimator(plan) if plan else None
        self._design = self._estimator.design if self._estimator else None
        self._sums = Sums(self._design) if self._design else None
        self._windows = Windows.of(plan) if plan and self._design else None
        self._servers = ServerCheck(self.columns, plan, own=own)
        zone = source.zone if source else str
        self._calendar = CalendarCheck(self.columns, plan, self._servers, zone)
        densities = self._design.densities if self._design else [None]
        # Where no law says how values vary, but every value is compared with the scenario's own,
        # what looks odd need not be wrong.
        self._exact = own and None in densities
        self._values: dict[str, ValueCheck] = {}
        self._couplings = couplings(self.columns, self._design) if self._design else []
        self._schema: pa.Schema | None = None
        self._checked: pa.Schema | None = None
        self._changed: dict[str, None] = {}  # a set in order
        # Lives that were drawn from another seed are other lives.
        self._is_gapless = plan is None or plan.is_full or (own and plan.is_gapless)
        step = span = None
        if plan:
            clock = plan.clock
            begin, end = clock.seconds(clock.first, clock.stop)[[0, -1]] * SECOND_MICROS
            step, span = clock.step * SECOND_MICROS, (int(begin), int(end))
        lives = self._servers.lives if self._is_gapless and plan and plan.fleet.lives else None
        self._grid = GridCheck(self.columns, step, span, is_gapless=self._is_gapless, lives=lives)
        self.rows = 0

    @property
    def servers(self) -> int:
        """Servers seen so far."""
        return len(self.columns.servers)

    def contents(self) -> dict[int, int]:
        """Return the content of each server of the plan, by its index there."""
        return self._servers.contents()

    def run(self, files: Files) -> None:
        """Take a dataset; `files` may be gone over twice."""
        for batches in files:
            self._grid.new_file()
            for batch in batches:
                self._update(batch)
        if self._grid.goes_back:
            self._recount(files)

    def _recount(self, files: Files) -> None:
        """Go over the rows again, unless their timestamps are so far apart that it is in vain."""
        if self._grid.ticks().sum() > max(_MOST_TICKS, _MOST_TICKS_PER_ROW * self.rows):
            self._grid.give_up_counting()
            return
        presence = Presence(self._grid, self.columns)
        for batches in files:
            for batch in batches:
                if batch.num_rows:
                    presence.update(self.columns.rows(batch))
        self._grid.recount(presence.duplicates, presence.missing())

    def _update(self, batch: pa.RecordBatch) -> None:
        found = self._source.written if self._source else batch.schema
        if self._schema is None:
            self._schema = found
        if self._checked is None or not found.equals(self._checked):
            for change in _changes(self._schema, found):
                self._changed[change] = None
            self._checked = found
        if not batch.num_rows:
            return
        rows = self.columns.rows(batch)
        self.rows += len(rows)
        self._grid.update(rows)
        rows = rows.together()
        self._servers.update(rows)
        self._calendar.update(rows)
        events = self._windows.demand(rows, self._servers.in_plan()) if self._windows else None
        calm = None if events is None else ~np.isnan(events)
        for column in rows.metrics:
            if METRIC_COLUMNS[column].added:
                continue
            if column not in self._values:
                self._values[column] = ValueCheck(
                    column,
                    self.columns,
                    self._design,
                    exact=self._exact,
                    is_gapless=self._is_gapless,
                )
            self._values[column].update(rows, calm)
        for coupling in self._couplings:
            coupling.update(rows)
        if self._design and self._sums:
            self._score(rows, self._design, self._sums, events)

    def _score(
        self, rows: Rows, design: Design, sums: Sums, events: NDArray[np.float64] | None
    ) -> None:
        """Add the rows that the model can say something of to the sums of scores.

        Args:
            rows: each server's together.
            design: of the plan.
            sums: what to add them to.
            events: what events multiply demand by; NaN where rows are to be left out.
        """
        if not all(metric.column in rows.metrics for metric in design.observed):
            return
        clock = design.plan.clock
        values = np.stack([rows.metrics[metric.column] for metric in design.observed])
        archetype = self._servers.archetypes(rows)
        tick = rows.micros // (clock.step * SECOND_MICROS) - clock.first
        usable = np.isfinite(values).all(axis=0) & (archetype >= 0) & (rows.micros != MISSING)
        usable &= (tick >= 0) & (tick < clock.count)
        if events is not None:
            usable &= ~np.isnan(events)
        if design.has_units:
            usable[usable] = design.is_ordinary(
                archetype[usable], self._servers.units(rows)[usable], tick[usable]
            )
        for code in np.flatnonzero(np.bincount(archetype[usable])).tolist():
            chosen = usable & (archetype == code)
            if chosen.all():
                sums.update(code, tick, values, events)
            else:
                theirs = None if events is None else events[chosen]
                sums.update(code, tick[chosen], values[:, chosen], theirs)

    def verdicts(self) -> Iterator[Verdict]:
        """Return what was found, structure first."""
        yield self._schema_verdict()
        yield from self._grid.verdicts()
        for verdict in self._servers.verdicts():
            if not (self._exact and verdict.name == "copied series"):
                yield verdict
        yield from self._calendar.verdicts()
        for check in self._values.values():
            yield from check.verdicts()
        for coupling in self._couplings:
            if coupling.column in self._values:
                yield coupling.verdict()
        if self._windows:
            yield self._windows.verdict()
        if self._estimator and self._sums:
            yield from self._estimator.verdicts(self._sums)

    def _schema_verdict(self) -> Verdict:
        found = plain(self._schema) if self._schema is not None else pa.schema([])
        wrong = list(self._changed)
        if self._plan:
            right = f"{len(self._plan.columns)} columns, as the scenario says"
            wrong += self._against(self._plan, found)
        else:
            others = len(self._source.others) if self._source else 0
            right = f"{len(found)} known of {len(found) + others} columns"
        if wrong:
            return Verdict("schema", "fail", "; ".join(wrong[:5]), places=tuple(wrong[:5]))
        return Verdict("schema", "ok", right)

    def _against(self, plan: Plan, found: pa.Schema) -> list[str]:
        """Say what is missing, of another type, or not of a plan's dataset."""
        theirs = self._source.names if self._source else {}
        others = self._source.others if self._source else ()
        columns = {theirs.get(f.name, f.name): f.type for f in plain(schema(plan))}
        if plan.is_faulty and ARRIVAL in others:
            # it stands for no role, and of those the source knows names alone
            del columns[ARRIVAL]
            others = [name for name in others if name != ARRIVAL]
        out = []
        for name, kind in columns.items():
            if name not in found.names:
                out.append(f"{name} is missing")
            elif not _alike(found.field(name).type, kind):
                out.append(f"{name} is {found.field(name).type}, not {kind}")
        return out + [
            f"{name} is not a column of the scenario"
            for name in (*found.names, *others)
            if name not in columns
        ]


def _changes(first: pa.Schema, later: pa.Schema) -> list[str]:
    """Say which of the columns that are read a later file lacks, adds, or has otherwise."""
    one, other = plain(first), plain(later)
    out = []
    for name in dict.fromkeys((*one.names, *other.names)):
        if name not in other.names:
            out.append(f"{name} is missing from a later file")
        elif name not in one.names:
            out.append(f"{name} is in a later file only")
        elif not _both(one.field(name).type, other.field(name).type):
            out.append(f"{name} is {one.field(name).type}, later {other.field(name).type}")
    return out


def _both(one: pa.DataType, other: pa.DataType) -> bool:
    """Tell whether two types are read alike: a column without values may be of any."""
    numbers = all(pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in (one, other))
    nothing = pa.types.is_null(one) or pa.types.is_null(other)
    return numbers or nothing or _alike(one, other)


def _alike(found: pa.DataType, kind: pa.DataType) -> bool:
    """Tell whether a type can carry the values of another: units and widths may differ."""
    for test in (
        pa.types.is_timestamp,
        pa.types.is_floating,
        pa.types.is_integer,
    ):
        if test(kind):
            return bool(test(found))
    return bool(pa.types.is_string(found) or pa.types.is_large_string(found)) or found == kind


def estimator(plan: Plan) -> Estimator | None:
    """Return a plan's estimator; plans that differ in their seed alone share one.

    None if its model has no law.
    """
    law = model_of(plan).law
    if law is None:
        return None
    content = plan.scenario.model_dump_json(exclude={"seed", "num_servers"})
    counts = tuple(plan.fleet.counts().values())
    key = f"{content} {[count > 0 for count in counts]}"
    if key not in _ESTIMATORS:
        if len(_ESTIMATORS) >= 4:
            _ESTIMATORS.clear()
        _ESTIMATORS[key] = Estimator(Design(plan, law(plan)))
    return _ESTIMATORS[key]


_ESTIMATORS: dict[str, Estimator] = {}
