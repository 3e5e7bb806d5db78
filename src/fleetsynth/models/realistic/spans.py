"""Spans of samples, and what services do over one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fleetsynth.clock import HOUR_SECONDS
from fleetsynth.ledger.effects import Ticks
from fleetsynth.models.realistic import activities, demand, doings
from fleetsynth.models.realistic.happened import Happened, happened
from fleetsynth.models.realistic.noise import Noise
from fleetsynth.models.realistic.wander import PARTS, Wander

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fleetsynth.models.realistic.members import Members
    from fleetsynth.models.realistic.plan import RealisticPlan
    from fleetsynth.streams import Stream

    Floats = NDArray[np.float64]


class Span(NamedTuple):
    """Samples first..stop-1 of a plan, and the generator that draws for them."""

    plan: RealisticPlan
    first: int
    stop: int
    stream: Stream

    @property
    def step(self) -> int:
        """Seconds from sample to sample."""
        return self.plan.scenario.sample_seconds

    def noise(self, purpose: str, names: list[str], series: tuple[str, ...]) -> Noise:
        """Draw the normals of some entities."""
        span = self.first, self.stop
        seed = self.plan.scenario.seed
        return Noise(seed, purpose, names, series, span, self.step, self.stream)

    def wander(self, purpose: str, names: list[str], series: int) -> Wander:
        """Draw the drift of some entities."""
        seconds = self.first * self.step, (self.stop - 1) * self.step
        return Wander(self.plan.scenario.seed, purpose, names, series, seconds, self.stream)

    def drift(self, wander: Wander, series: int, sizes: list[Floats]) -> Floats:
        """Return one drift at every sample, given the sizes of its three parts."""
        return wander.at(wander.on_knots(series, sizes), self.first, self.stop, self.step)


class Shared(NamedTuple):
    """What services do over a span.

    Attributes:
        hourly: demand relative to its level, as `demand.at_hours` returns it.
        relative: the same at every sample, shape (services, samples).
        drift: what their replicas drift together, same shape.
        normals: what their replicas' noise has in common, shape (services, samples + 3).
        shocks: spikes that hit all replicas; `row` is the service.
        happened: what events do to them and their servers; None where there are none.
    """

    hourly: Floats
    relative: Floats
    drift: Floats
    normals: Floats
    shocks: activities.Activities
    happened: Happened | None


def shared_of(members: Members, span: Span) -> Shared:
    """Work out what the members' services do."""
    services = members.services
    per_hour = HOUR_SECONDS // span.step
    hours = span.first // per_hour, (span.stop - 1) // per_hour + 2
    hourly = demand.at_hours(services, *hours, span.plan.growth_clock.start)
    sizes = [services.figures[f"demand.wander.{part}"] for part in PARTS]
    wander = span.wander("service drift", services.names, 1)
    servers = members.first, members.first + len(members.names)
    events = happened(span.plan, *servers, services.names, Ticks(span.first, span.stop, span.step))
    relative = demand.to_samples(hourly[-1], hours[0], span.first, span.stop, per_hour)
    return Shared(
        hourly=hourly,
        relative=events.on_services(relative) if events else relative,
        drift=span.drift(wander, 0, sizes),
        normals=span.noise("service samples", services.names, ("cpu",)).normals("cpu"),
        shocks=doings.shocks(
            span.plan.scenario.seed,
            services.names,
            services.figures["demand.shock_rate"],
            (span.first * span.step, span.stop * span.step),
        ),
        happened=events,
    )
