"""What can happen to a fleet: a module a kind, and the table of them."""

from functools import cache

from fleetsynth.kinds import (
    agent_outage,
    backlog,
    blackout,
    change,
    clock_skew,
    collector_outage,
    decline,
    decommission,
    dependency,
    deploy,
    disk_creep,
    disk_fill,
    duplicate,
    failover,
    freeze,
    gap,
    job,
    late,
    launch,
    leak,
    life,
    load_test,
    maintenance,
    memory_creep,
    migration,
    missing_value,
    noisy_neighbour,
    out_of_order,
    outage,
    power_off,
    quantised,
    resize,
    retries,
    runaway,
    seasonal_peak,
    steady_growth,
    step_up,
    stuck,
    surge,
    unit_slip,
    unserved,
)
from fleetsynth.kinds.kind import CHANNELS, Event, Faults, Kind, Stories

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
        job.KIND,
        change.KIND,
        gap.KIND,
        agent_outage.KIND,
        collector_outage.KIND,
        missing_value.KIND,
        duplicate.KIND,
        late.KIND,
        out_of_order.KIND,
        clock_skew.KIND,
        stuck.KIND,
        unit_slip.KIND,
        quantised.KIND,
    )
}
"""By name, in the order in which people read them."""

FAULTS = {name: kind for name, kind in KINDS.items() if isinstance(kind.drawn, Faults)}
"""Those that befall the data, and not the fleet."""

STORIES = {name: kind for name, kind in KINDS.items() if isinstance(kind.drawn, Stories)}
"""Those that some services go through by themselves, over months."""

DRAWN = {
    name: kind
    for name, kind in KINDS.items()
    if kind.drawn is not None and name not in STORIES and name not in FAULTS
}
"""The others that come about by themselves."""

TOLD = {name: kind for name, kind in KINDS.items() if kind.is_told}
"""Those that a planner can tell; the others follow."""


def meant(name: str) -> str:
    """Return the kind that lists call so, such as ``leak`` for ``memory leak``; else the name."""
    title = name.replace("_", " ").casefold()
    return next((kind.name for kind in KINDS.values() if kind.title.casefold() == title), name)


def metrics_of(event: Event) -> tuple[str, ...]:
    """Return the stems of the metrics that an event acts on, in the order of its effects."""
    through = KINDS[event.kind].through
    return _metrics((through,) if through else tuple(effect.channel for effect in event.effects))


@cache
def _metrics(channels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple({stem: None for channel in channels for stem in CHANNELS[channel].metrics})
