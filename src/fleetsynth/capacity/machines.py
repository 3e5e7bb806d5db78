"""What servers are as machines: what they have in cores and GiB, and their types and prices."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.capacity.rows import SIZES
from fleetsynth.clock import DAY_SECONDS
from fleetsynth.errors import UsageError
from fleetsynth.instances import Instances
from fleetsynth.ledger import find
from fleetsynth.ledger.each import server_index_of
from fleetsynth.ledger.sources import Span, sources_of
from fleetsynth.presets.catalogue import packaged_instances
from fleetsynth.reader.origin import own_plan, rows_short_of
from fleetsynth.whom import servers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fleetsynth.capacity.gather import Gathered
    from fleetsynth.instances import InstanceType
    from fleetsynth.plan import Plan
    from fleetsynth.reader import Dataset

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

OF = {"cpu": 0, "memory": 1, "disk": 2}
"""Which capacity of a type a metric is a share of."""
UNITS = {"cpu": "vCPU", "memory": "GiB", "disk": "GB"}
_TOGETHER = 4096


@dataclass(frozen=True)
class Machines:
    """What some servers have, and their types.

    Attributes:
        types: all that there are; none where nobody says what types servers are of.
        now: index of each server's type at the end of the data, -1 where it is not known, shape
            (servers,).
        has: what each has then of the metrics of `OF`, NaN where it is not known, shape
            (servers, 3).
        unknown: names of types in the data that the catalogue does not have.
    """

    types: Instances
    now: Ints
    has: Floats
    unknown: list[str] = field(default_factory=list)

    def sizes(self, metric: str, index: Ints) -> Floats:
        """Return what some types have of a metric's resource, NaN where there is no type."""
        of = (each.capacities[OF[metric]] for each in self.types.types)
        return np.array([*of, np.nan])[index]

    def prices(self, index: Ints) -> Floats:
        """Return what some types cost a month, NaN where there is no type."""
        return np.array([*(each.price_month for each in self.types.types), np.nan])[index]

    def larger(self, metric: str, row: int) -> InstanceType | None:
        """Return the next type of a server's family that has more for a metric; None if none."""
        ladder = self.types.ladder(self.types.names[self.now[row]])
        has = self.has[row, OF[metric]]
        return next((each for each in ladder if each.capacities[OF[metric]] > has), None)

    def part(self, at: Ints) -> Machines:
        """Return what some of the servers have."""
        return replace(self, now=self.now[at], has=self.has[at])


def machines_of(
    datasets: Sequence[Dataset],
    gathered: Gathered,
    catalogue: Instances | None,
) -> Machines | None:
    """Return what servers are, as a catalogue or the data's scenario says, and what they have.

    What they have is what the data say, or else their types; None if nobody says either.

    Args:
        datasets: the data.
        gathered: their servers and what was found in them.
        catalogue: types that the user names; the data say which server is of which.

    Raises:
        UsageError: if there is a catalogue, and the data name no types.
    """
    unknown: list[str] = []
    if catalogue is not None:
        types, (now, unknown) = catalogue, _by_label(gathered, catalogue)
    else:
        plans = [plan for each in datasets if (plan := _plan_of(each)) is not None]
        types = (plans[0].fleet.types if plans else None) or Instances((), {})
        now = _by_plan(gathered, plans[0]) if types.types else np.full(len(_said(gathered)), -1)
    has = _said(gathered)
    if not types.types and np.isnan(has).all():
        return None
    of_type = np.array([*(each.capacities[: len(OF)] for each in types.types), [np.nan] * len(OF)])
    return Machines(types, now, np.where(np.isnan(has), of_type[now], has), unknown)


def _said(gathered: Gathered) -> Floats:
    """Return what the data say that each server has, NaN for what is none, shape (servers, 3)."""
    has = np.stack([gathered.size(role) for role in SIZES], axis=1)
    return np.where((has > 0) & np.isfinite(has), has, np.nan)


def hints(gathered: Gathered, machines: Machines | None) -> list[str]:
    """Return what could be said of machines, and is not."""
    out = []
    sizes = np.stack([gathered.size(role) for role in SIZES], axis=1)
    bad = (~np.isnan(sizes) & ~((sizes > 0) & np.isfinite(sizes))).any(axis=1)
    if bad.any():
        first = gathered.names[int(gathered.of_servers()[bad][0])]
        out.append(
            f"{', '.join(SIZES)}: expected numbers above 0; others are left out, of "
            f"{bad.sum():,} servers ({first}, …)"
        )
    codes = np.unique(gathered.of_label("instance_type"))
    named = [gathered.words["instance_type"][code] for code in codes.tolist() if code >= 0]
    if named and (machines is None or not machines.types.types):
        packaged = packaged_instances()["instance_types"]["families"].values()
        ours = any(name in family["types"] for name in named for family in packaged)
        more = ", or with packaged, by the packaged list" if ours else ""
        out.append(
            f"the data name instance types ({named[0]}, …): with instance_types=FILE, a "
            f"catalogue{more}, prices and smaller types are named too"
        )
    return out


def _plan_of(dataset: Dataset) -> Plan | None:
    plan = own_plan(dataset)
    return plan if plan is not None and rows_short_of(plan, dataset) is None else None


def _by_label(gathered: Gathered, types: Instances) -> tuple[Ints, list[str]]:
    codes, words = gathered.of_label("instance_type"), gathered.words.get("instance_type", [])
    if not (codes >= 0).any():
        raise UsageError(
            "the data do not say which server is of which type: name the column, such as "
            "instance_type=flavor"
        )
    names = types.names
    index = np.array([*(names.index(word) if word in names else -1 for word in words), -1])
    there = np.unique(codes[codes >= 0])
    return index[codes], [words[code] for code in there.tolist() if words[code] not in names]


def _by_plan(gathered: Gathered, plan: Plan) -> Ints:
    """Return the type that each server is of at the end of the data, by its plan."""
    at = [server_index_of(plan, gathered.names[code]) for code in gathered.of_servers().tolist()]
    types = plan.fleet.types
    if types is None:
        raise AssertionError("no types")
    size = plan.fleet.size
    of_plan = np.concatenate(
        [
            plan.fleet.type_codes(first, min(first + _TOGETHER, size))
            for first in range(0, size, _TOGETHER)
        ]
    )
    sources = sources_of(plan.of_model)
    if sources.owning or sources.sizes:
        end = (gathered.last + 1) * DAY_SECONDS
        for who in servers_of(plan.fleet, 0, size):
            found = find.of_capacity(sources, who, Span(end - 1, end))
            named = [event.types[1] for event in found if event.types]
            if named:
                of_plan[who.server_index] = types.names.index(named[-1])
    return np.array([-1 if index is None else of_plan[index] for index in at], np.int64)


def in_words(of: tuple[InstanceType, InstanceType], metric: str, count: str) -> str:
    """Say what a change of type, or one more server of a type, is and costs."""
    before, after = of
    if before == after:
        return f"{count}, {after.price_month:,.0f} {after.currency} a month more"
    size = f"{after.capacities[OF[metric]]:g} {UNITS[metric]}"
    price = (
        f"{after.price_month:,.0f} {after.currency} a month instead of {before.price_month:,.0f}"
    )
    return f"{before.name} → {after.name}, {size}, {price}"
