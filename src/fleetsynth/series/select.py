"""What a query means: which series of a plan, and what makes their values."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.errors import UsageError
from fleetsynth.presets import as_plan, model_of, simulate
from fleetsynth.series.counters import Counters
from fleetsynth.series.families import PROMETHEUS, families_of
from fleetsynth.series.index import Index
from fleetsynth.series.matching import accepts
from fleetsynth.series.selection import NAME, Selection
from fleetsynth.series.tiles import Memory, Tiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from fleetsynth.plan import Plan
    from fleetsynth.series.families import Convention, Family
    from fleetsynth.series.values import Moments
    from fleetsynth.wire.remote_read import Matcher

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

SCRAPE_SECONDS = 60
"""How far apart samples are, at most, of what looks as if it had been scraped."""


class RefusedError(UsageError):
    """A query that takes too much."""


class Limits(NamedTuple):
    """What one answer may take.

    Attributes:
        series: most series of an answer.
        samples: most samples of an answer.
        cache_bytes: of values that are remembered from query to query.
    """

    series: int = 200_000
    samples: int = 50_000_000
    cache_bytes: int = 256 << 20


class Catalog:
    """All series of a plan.

    Attributes:
        plan: what is served.
        samples: the same plan with a tick for each sample.
        convention: by which they are called.
        families: of its series, by name.
        index: its servers by their labels.
        limits: what one query may take.
        clean: values of each sample, whether servers live or not.
        counters: of its servers.
        further: values of families that were added, by quantity.
        memory: what is remembered of the values.
    """

    def __init__(
        self,
        plan: Plan,
        constant: Mapping[str, str],
        limits: Limits,
        convention: Convention = PROMETHEUS,
    ) -> None:
        self.plan, self.limits, self.convention = plan, limits, convention
        self.samples = samples_of(plan)
        model = model_of(plan)
        stems = [stem for signal in model.signals for stem in signal.published]
        self.families = families_of(plan, stems, convention)
        self.further: dict[str, Callable[[int, Moments], list[Floats]]] = {}
        self.index = Index(plan, constant)
        self.memory = Memory(limits.cache_bytes)
        self.clean = Tiles(self.samples, model.simulate, self.memory)
        self.counters = Counters(self.samples, self.clean)
        is_same = self.samples is plan and plan.is_gapless
        self.published = self.clean if is_same else Tiles(plan, simulate, self.memory)
        self._parts: dict[str, Catalog] = {}

    def add(self, family: Family, values: Callable[[int, Moments], list[Floats]]) -> None:
        """Add a family that the plan's metrics do not give.

        Args:
            family: the family; its quantity is no other one's.
            values: returns those of a server, given its place, as `own_values` does.
        """
        self.families = tuple(sorted((*self.families, family), key=lambda each: each.name))
        self.further[family.quantity] = values

    def making(self, families: Iterable[Family]) -> Catalog:
        """Return a catalog that makes no more than some families need, with the same values."""
        stems = {stem for family in families for stem in family.stems or [""]}
        if len(stems) > 1 or not stems <= {metric.stem for metric in self.samples.metrics}:
            return self
        if not model_of(self.plan).apart or self.plan.is_faulty:
            return self
        (stem,) = stems
        if stem not in self._parts:
            part = self._parts[stem] = copy(self)
            part.plan, part.samples = self.plan.only(stem), self.samples.only(stem)
            part.clean = self.clean.only(stem)
            part.counters = Counters(part.samples, part.clean)
            is_same = self.published is self.clean
            part.published = part.clean if is_same else self.published.only(stem)
        return self._parts[stem]

    @cached_property
    def scrape_seconds(self) -> int:
        """Seconds between samples of what looks as if it had been scraped."""
        step = self.samples.clock.step  # at each of which a counter has to be seen
        return max(each for each in range(1, SCRAPE_SECONDS + 1) if step % each == 0)

    def step(self, family: Family) -> int:
        """Return how many seconds lie between samples of a family."""
        return self.scrape_seconds if family.is_fine else self.plan.clock.step

    def span(self) -> tuple[int, int]:
        """Return the first second and the last one that have samples."""
        clock = self.plan.clock
        return clock.first * clock.step, (clock.stop - 1) * clock.step

    def select(
        self,
        matchers: Sequence[Matcher],
        start_ms: int,
        end_ms: int,
        *,
        labels_only: bool = False,
    ) -> Selection:
        """Return the series that matchers mean, and their samples in a span, both ends included.

        Args:
            matchers: all of them hold.
            start_ms: the first millisecond since the Unix epoch.
            end_ms: the last one.
            labels_only: whether nobody asks for samples.

        Raises:
            RefusedError: if that would be too much.
            UsageError: for a matcher that is none.
        """
        out = self.find(matchers, start_ms, end_ms)
        self.refuse(out.count, 0 if labels_only else out.samples)
        return out

    def find(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Selection:
        """Return the same without a look at how much it is.

        Raises:
            UsageError: for a matcher that is none.
        """
        families = self._families([m for m in matchers if m.name == NAME])
        others = [m for m in matchers if m.name != NAME]
        of_servers = [m for m in others if m.name in self.index.names]
        rest = [m for m in others if m.name not in self.index.names]
        chosen = [(family, rows) for family in families if (rows := _rows(family, rest))]
        span = -(-start_ms // 1000), end_ms // 1000
        if not chosen or span[0] > span[1]:
            return Selection(self, (), np.empty(0, np.int64), span)
        return Selection(self, tuple(chosen), self.index.servers(of_servers), span)

    def _families(self, matchers: list[Matcher]) -> list[Family]:
        return [f for f in self.families if all(accepts(matcher, f.name) for matcher in matchers)]

    def refuse(self, series: int, samples: int) -> None:
        """Refuse an answer of so many series and samples, if that is too much.

        Raises:
            RefusedError: if it is.
        """
        if series > self.limits.series:
            raise RefusedError(
                f"{series:,} series are asked for, and at most {self.limits.series:,} are"
                " answered: choose fewer servers or names, or start with a higher --max-series"
            )
        if samples > self.limits.samples:
            raise RefusedError(
                f"{samples:,} samples are asked for, and at most {self.limits.samples:,} are"
                " answered: choose fewer servers, less time, or start with a higher --max-samples"
            )


def samples_of(plan: Plan) -> Plan:
    """Return a plan with a tick for each sample, and what the model makes alone.

    Counters count samples, whatever is published.
    """
    if plan.samples_per_row == 1:
        return plan.of_model
    seconds = plan.clock.step // plan.samples_per_row
    said = {"granularity": f"{seconds}s", "statistics": ["mean"]}
    out = as_plan(plan.scenario.to_dict() | said).of_model
    members = plan.fleet.members
    return out if members is None else replace(out, fleet=out.fleet.select(members))


def _rows(family: Family, matchers: list[Matcher]) -> tuple[int, ...]:
    """Return which of a server's series of a family some matchers accept."""
    return tuple(
        place
        for place, labels in enumerate(family.rows)
        if all(accepts(matcher, labels.get(matcher.name, "")) for matcher in matchers)
    )
