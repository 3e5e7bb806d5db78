"""When servers boot: by themselves, after they were off, and when they are commissioned."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from fleetsynth.clock import FIRST_SECOND
from fleetsynth.ledger import find
from fleetsynth.ledger.sources import Span, sources_of
from fleetsynth.models.resets import Resets
from fleetsynth.presets import model_of
from fleetsynth.whom import servers_of

if TYPE_CHECKING:
    from fleetsynth.plan import Plan
    from fleetsynth.whom import Who

_RESTART_DAYS = 30.0
"""How often servers restart, on average, where the model knows nothing of it."""
_KEPT = 1 << 14
"""Servers that are looked up once."""
_COURSES = 1 << 10
"""Answers that are remembered: several series of a server ask for the same ticks."""


class Boot(NamedTuple):
    """A start of a server.

    Attributes:
        tick: the first whose value is counted. That covers the time since the tick before, which is
            when the server booted; the first tick of a life covers nothing.
        second: when that was, since the Unix epoch.
        is_birth: whether it is the first of a life.
    """

    tick: int
    second: int
    is_birth: bool = False


class Course(NamedTuple):
    """When a server boots and when it is switched off.

    Attributes:
        boots: the last one that is no later than the first tick asked for, and later ones.
        off: first tick and one past the last of each time that it is switched off.
    """

    boots: tuple[Boot, ...]
    off: tuple[tuple[int, int], ...]


@lru_cache(maxsize=_COURSES)
def course(plan: Plan, server: int, first: int, stop: int) -> Course:
    """Return when a server boots and is off, as ticks first..stop-1 show it.

    Args:
        plan: its ticks are samples.
        server: its place in the plan.
        first: a tick of its life.
        stop: one past the last.
    """
    resets, birth = _resets(plan, server), _birth(plan, server)
    begin = first
    while True:
        starts = [epoch.start for epoch in resets.epochs(begin, stop)]
        begin = starts[0]
        off = _off(plan, server, begin, stop)
        ticks = {start for start in starts if not any(a <= start < b for a, b in off)}
        ticks |= {end for _, end in off}
        boots = [Boot(t, (t - 1) * plan.clock.step) for t in sorted(ticks) if birth < t < stop]
        if begin <= birth:
            boots.insert(0, Boot(birth, birth * plan.clock.step, is_birth=True))
        earlier = sum(boot.tick <= first for boot in boots)
        if earlier:
            return Course(tuple(boots[earlier - 1 :]), off)
        begin -= 1


@lru_cache(maxsize=_KEPT)
def _resets(plan: Plan, server: int) -> Resets:
    restarts = model_of(plan).restarts
    if restarts is not None:
        return restarts(plan, server)
    (name,) = plan.fleet.server_ids(server, server + 1)
    return Resets(plan.scenario.seed, "restart", name, _RESTART_DAYS, plan.clock.step)


def _birth(plan: Plan, server: int) -> int:
    """Return the first tick of a server's life; that of the first day there is, if it has none."""
    days = plan.fleet.days_of_life(server, server + 1)
    if days is None:
        return FIRST_SECOND // plan.clock.step
    return int(days[0][0]) * plan.clock.ticks_per_day


def _off(plan: Plan, server: int, first: int, stop: int) -> tuple[tuple[int, int], ...]:
    """Return when a server is off, in ticks; what has no end ends far away."""
    if not sources_of(plan).any:
        return ()
    step = plan.clock.step
    who = _who(plan, server)
    span = Span((first - 1) * step, stop * step)
    downs = find.downs(plan, who, span)
    return tuple((-(-begin // step), -(-end // step)) for begin, end in downs)


@lru_cache(maxsize=_KEPT)
def _who(plan: Plan, server: int) -> Who:
    (who,) = servers_of(plan.fleet, server, server + 1)
    return who
