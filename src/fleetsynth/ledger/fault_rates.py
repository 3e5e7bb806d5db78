"""How often which faults of the collector come, as a plan's scenario says."""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma, log
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS
from fleetsynth.kinds import FAULTS
from fleetsynth.kinds.kind import Faults
from fleetsynth.ledger.told import stamp_seconds
from fleetsynth.numeric import rounded
from fleetsynth.streams import key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from fleetsynth.kinds.kind import Kind
    from fleetsynth.plan import Plan

    Floats = NDArray[np.float64]

EPOCH_DAYS = 64
EPOCH = EPOCH_DAYS * DAY_SECONDS
_CERTAIN = 1 - 1e-7


class Rates(NamedTuple):
    """Kinds of faults that entities of one sort have, shape (kinds,) each.

    Attributes:
        kinds: theirs.
        words: what tells their draws apart.
        cumulated: of each kind and the code of each archetype, the distribution of how many an
            epoch has.
        single: share that lasts one sample.
        least: shortest of the others, in hours.
        ratio: logarithm of the longest over the shortest.
        size: least and greatest, shape (kinds, 2).
        longest: seconds that one lasts at most.
        without: kind, entity and begin of those that there shall not be.
    """

    kinds: tuple[Kind, ...]
    words: NDArray[np.uint64]
    cumulated: tuple[tuple[Floats, ...], ...]
    single: Floats
    least: Floats
    ratio: Floats
    size: Floats
    longest: int
    without: frozenset[tuple[str, str, int]]


def how(kind: Kind) -> Faults:
    """Return what a kind of fault says of its faults."""
    if not isinstance(kind.drawn, Faults):
        raise TypeError(f"{kind.name} is not a fault of the data")
    return kind.drawn


@lru_cache(maxsize=16)
def rates_of(plan: Plan) -> tuple[Rates, Rates]:
    """Return the kinds of faults of a plan's servers, and those of its whole fleet."""
    is_on = plan.scenario.collector.is_on
    kinds = [kind for kind in FAULTS.values() if is_on]
    return (
        _rates(plan, [kind for kind in kinds if kind.entity == "server"], plan.fleet.archetypes),
        _rates(plan, [kind for kind in kinds if kind.entity == "fleet"], ("",)),
    )


def expected(plan: Plan) -> float:
    """Return how many faults a server has in the span of a plan, at most, expected."""
    said = plan.scenario.collector
    each = (getattr(said, name) for name in FAULTS)
    days = plan.clock.count / plan.clock.ticks_per_day
    per_day: float = sum(of.per_day * max([1.0, *of.archetypes.values()]) for of in each)
    return days * per_day * float(said.intensity)


def _rates(plan: Plan, kinds: list[Kind], archetypes: Sequence[str]) -> Rates:
    said = plan.scenario.collector
    cumulated, used = [], []
    for kind in kinds:
        of = getattr(said, kind.name)
        each = of.per_day * said.intensity * EPOCH_DAYS
        means = [rounded(each * of.archetypes.get(name, 1.0)) for name in archetypes]
        if any(means):
            used.append((kind, of))
            cumulated.append(tuple(map(_cumulated, means)))
    sizes = [(0.0, 0.0) if how(kind).size is None else of.size for kind, of in used]
    return Rates(
        tuple(kind for kind, _ in used),
        np.array([int.from_bytes(key("fault", kind.name)[:8], "little") for kind, _ in used], "u8"),
        tuple(cumulated),
        np.array([of.single for _, of in used]),
        np.array([of.hours[0] for _, of in used]),
        np.array([rounded(log(of.hours[1] / of.hours[0])) for _, of in used]),
        np.array(sizes).reshape(-1, 2),
        int(max((of.hours[1] for _, of in used), default=0) * HOUR_SECONDS) + HOUR_SECONDS,
        frozenset(_read(said.without)),
    )


def _read(ids: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    for each in ids:
        name, _, rest = each.partition("-")
        entity, _, moment = rest.rpartition("-")
        begin = stamp_seconds(moment)
        if begin is not None:
            yield name, entity, begin


@lru_cache(maxsize=256)
def _cumulated(mean: float) -> Floats:
    """Return the distribution function of a Poisson number, from 0 to where it is 1."""
    if mean <= 0:
        return np.ones(1)
    out, total, number = [], 0.0, 0
    while number <= mean or total < _CERTAIN:
        total += exp(number * log(mean) - mean - lgamma(number + 1))
        out.append(rounded(min(total, 1.0)))
        number += 1
    return np.array([*out, 1.0])
