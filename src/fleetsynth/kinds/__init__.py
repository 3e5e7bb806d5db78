"""What can happen to a fleet: a module a kind, and the table of them."""

from functools import cache

from fleetsynth.kinds import (
    backlog,
    blackout,
    change,
    decline,
    decommission,
    dependency,
    deploy,
    disk_creep,
    disk_fill,
    failover,
    freeze,
    launch,
    leak,
    life,
    load_test,
    maintenance,
    memory_creep,
    migration,
    noisy_neighbour,
    outage,
    power_off,
    resize,
    retries,
    runaway,
    seasonal_peak,
    steady_growth,
    step_up,
    surge,
    unserved,
)
from fleetsynth.kinds.kind import CHANNELS, Event, Kind, Stories

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        deploy.KIND,
        surge.KIND,
        dependency.KIND,
        backlog.KIND,
        outage.KIND,
        failover.KIND,
        retries.KIND,
        unserved.KIND,
        runaway.KIND,
        noisy_neighbour.KIND,
        leak.KIND,
        disk_fill.KIND,
        maintenance.KIND,
        power_off.KIND,
        steady_growth.KIND,
        step_up.KIND,
        seasonal_peak.KIND,
        memory_creep.KIND,
        disk_creep.KIND,
        decline.KIND,
        migration.KIND,
        launch.KIND,
        load_test.KIND,
        blackout.KIND,
        freeze.KIND,
        resize.KIND,
        decommission.KIND,
        life.KIND,
        change.KIND,
    )
}
"""By name, in the order in which people read them."""

STORIES = {name: kind for name, kind in KINDS.items() if isinstance(kind.drawn, Stories)}
"""Those that some services go through by themselves, over months."""

DRAWN = {n: kind for n, kind in KINDS.items() if kind.drawn is not None and n not in STORIES}
"""The others that come about by themselves."""

TOLD = {name: kind for name, kind in KINDS.items() if kind.is_told}
"""Those that a planner can tell; the others follow."""


def metrics_of(event: Event) -> tuple[str, ...]:
    """Return the stems of the metrics that an event acts on, in the order of its effects."""
    through = KINDS[event.kind].through
    return _metrics((through,) if through else tuple(effect.channel for effect in event.effects))


@cache
def _metrics(channels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple({stem: None for channel in channels for stem in CHANNELS[channel].metrics})
