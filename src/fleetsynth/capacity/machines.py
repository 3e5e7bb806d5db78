"""What servers are as machines: cores, GiB and money, and the smallest type that would do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.errors import UsageError
from fleetsynth.ledger import find
from fleetsynth.ledger.each import server_index_of
from fleetsynth.ledger.sources import Span, sources_of
from fleetsynth.reader.origin import own_plan, rows_short_of
from fleetsynth.whom import servers_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fleetsynth.capacity.gather import Gathered
    from fleetsynth.instances import Instances, InstanceType
    from fleetsynth.plan import Plan
    from fleetsynth.reader import Dataset

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

OF = {"cpu": 0, "memory": 1, "disk": 2}
"""Which capacity of a type a metric is a share of."""
UNITS = {"cpu": "vCPU", "memory": "GiB", "disk": "GB"}
_TOGETHER = 4096
_DAY = 86_400


@dataclass(frozen=True)
class Machines:
    """The types of some servers.

    Attributes:
        types: all that there are.
        now: index of each server's type at the end of the data, -1 where it is not known, shape
            (servers,).
        right: of the smallest type that would do by what was used lately, -1 where that is not a
            cheaper one; same shape.
        unknown: names of types in the data that the catalogue does not have.
    """

    types: Instances
    now: Ints
    right: Ints
    unknown: list[str] = field(default_factory=list)

    def sizes(self, metric: str, index: Ints) -> Floats:
        """Return what some types have of a metric's resource, NaN where there is no type."""
        of = np.array([each.capacities[OF[metric]] for each in self.types.types])
        return np.where(index >= 0, of[index], np.nan)

    def prices(self, index: Ints) -> Floats:
        """Return what some types cost a month, NaN where there is no type."""
        of = np.array([each.price_month for each in self.types.types])
        return np.where(index >= 0, of[index], np.nan)

    def larger(self, metric: str, index: int) -> InstanceType | None:
        """Return the next type of a type's family that has more for a metric; None if none has."""
        has = self.types.types[index].capacities[OF[metric]]
        ladder = self.types.ladder(self.types.names[index])
        return next((each for each in ladder if each.capacities[OF[metric]] > has), None)


def machines_of(
    datasets: Sequence[Dataset],
    gathered: Gathered,
    catalogue: Instances | None,
    usable: Mapping[str, float],
) -> Machines | None:
    """Return what servers are, as a catalogue or the data's scenario says; None if nobody does.

    Args:
        datasets: the data.
        gathered: their servers and what was found in them.
        catalogue: types that the user names; the data say which server is of which.
        usable: usable capacity in percent, by metric.

    Raises:
        UsageError: if there is a catalogue, and the data name no types.
    """
    unknown: list[str] = []
    if catalogue is not None:
        types, (now, unknown) = catalogue, _by_label(gathered, catalogue)
    else:
        plans = [plan for each in datasets if (plan := _plan_of(each)) is not None]
        if not plans or plans[0].fleet.types is None:
            return None
        types, now = plans[0].fleet.types, _by_plan(gathered, plans[0])
    used = {metric: gathered.used(metric) for metric in gathered.looked if metric in OF}
    return Machines(types, now, _right(types, now, used, usable), unknown)


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
        end = (gathered.last + 1) * _DAY
        for who in servers_of(plan.fleet, 0, size):
            found = find.of_capacity(sources, who, Span(end - 1, end))
            named = [event.types[1] for event in found if event.types]
            if named:
                of_plan[who.server_index] = types.names.index(named[-1])
    return np.array([-1 if index is None else of_plan[index] for index in at], np.int64)


def _right(
    types: Instances, now: Ints, used: Mapping[str, Floats], usable: Mapping[str, float]
) -> Ints:
    """Return the cheapest type that holds what was used, with its headroom, of each server.

    Nothing is taken away of what is not measured.
    """
    out = np.full(len(now), -1)
    has = np.array([each.capacities for each in types.types])
    price = np.array([each.price_month for each in types.types])
    order = sorted(range(len(price)), key=lambda i: (price[i], *has[i]))
    own = has[now]
    need = own.copy()
    measured = np.zeros(len(now), np.bool_)
    for metric, share in used.items():
        there = ~np.isnan(share)
        need[there, OF[metric]] = (own[:, OF[metric]] * share / usable[metric])[there]
        measured |= there
    for index in order[::-1]:
        fits = (has[index] >= need).all(axis=1) & (price[index] < price[now])
        out[fits & measured & (now >= 0)] = index
    return out


def totals(machines: Machines, confirmed: Ints) -> dict[str, Any]:
    """Return what all servers have and cost, and what could be given back.

    Args:
        machines: what servers are.
        confirmed: index of the smaller type of each server that would do with one, else -1.
    """
    known, smaller = machines.now >= 0, confirmed >= 0
    out: dict[str, Any] = {"servers": int(known.sum())}
    give: dict[str, Any] = {"servers": int(smaller.sum())}
    for metric, name in (("cpu", "vcpus"), ("memory", "memory_gib"), ("disk", "disk_gb")):
        sizes = machines.sizes(metric, machines.now)
        out[name] = round(float(sizes[known].sum()), 2)
        left = sizes - machines.sizes(metric, confirmed)
        give[name] = round(float(left[smaller].sum()), 2)
    prices = machines.prices(machines.now)
    out["price_month"] = round(float(prices[known].sum()), 2)
    give["price_month"] = round(float((prices - machines.prices(confirmed))[smaller].sum()), 2)
    return out | {"currency": machines.types.types[0].currency, "to_give_back": give}


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
