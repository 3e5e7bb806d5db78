"""How full servers of a service usually are, by their figures alone: where stories start from."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import elapsed_months
from fleetsynth.models.realistic import parameters
from fleetsynth.models.realistic.demand import OF_DAYS, daily_curve
from fleetsynth.numeric import rounded
from fleetsynth.whom import replicas_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fleetsynth.models.realistic.plan import RealisticPlan
    from fleetsynth.whom import Who

    Floats = NDArray[np.float64]
    Draw = Callable[[str], Floats]

_ABOVE = 1.0
"""A busy day's 95th percentile lies so many relative standard deviations above its busy hour."""


@lru_cache(maxsize=1 << 12)
def of(plan: RealisticPlan, who: Who, channel: str, second: int) -> float | None:
    """Return the mean over a service's servers, those included that only a larger fleet has.

    Args:
        plan: whose figures count.
        who: the service.
        channel: of events: ``demand`` for CPU, ``memory`` or ``disk``.
        second: up to which growth and the trend of disks count.

    Returns:
        Percent of capacity; None of any other channel.
    """
    usual = _USUAL.get(channel)
    if usual is None:
        return None
    code = plan.fleet.archetypes.index(who.archetype)
    service = partial(parameters.draw_one, plan, names=[who.service], code=code)
    servers = [each.name for each in replicas_of(plan.fleet, who)]
    server = partial(parameters.draw_one, plan, names=servers, code=code)
    months = elapsed_months(np.array([second]), plan.growth_clock.start)
    total = 0.0
    for value in rounded(usual(service, server, months)).tolist():  # in a fixed order
        total += value
    return total / len(servers)


def _cpu(service: Draw, server: Draw, months: Floats) -> Floats:
    level = service("demand.level") * server("spread")
    curve = daily_curve({path: float(service(path)[0]) for path in OF_DAYS})
    growth = np.power(1.0 + service("demand.growth") / 100, months)
    relative = server("noise.size") + service("demand.wander.middle") + service("demand.day_spread")
    busy: Floats = level * curve.max() * growth * (1.0 + _ABOVE * relative)
    return busy


def _memory(service: Draw, server: Draw, months: Floats) -> Floats:
    del service, months
    leaked: Floats = server("memory.leak") * server("memory.restart_days") / 2
    return leaked + server("memory.level") + server("memory.cache")


def _disk(service: Draw, server: Draw, months: Floats) -> Floats:
    del service
    filled: Floats = server("disk.fill") * server("disk.cleanup_days") / 2
    return filled + server("disk.level") + server("disk.trend") * months


_USUAL: dict[str, Callable[[Draw, Draw, Floats], Floats]] = {
    "demand": _cpu,
    "memory": _memory,
    "disk": _disk,
}
"""By the channel on which a story acts, for each server of the service."""
