"""The classic model: composes draws, factors, noise, spikes and limits into published values.

Equations and their sources: docs/model.md.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.block import Block
from fleetsynth.clock import Calendar
from fleetsynth.ledger.effects import Ticks
from fleetsynth.metrics import METRICS
from fleetsynth.models.classic import factors, limits, noise, spikes
from fleetsynth.models.classic.draws import draw, draw_of
from fleetsynth.models.classic.happened import (
    felt_at,
    happened,
    on_level,
    on_signal,
    switch_off,
)
from fleetsynth.models.classic.signals import BASE_FIELDS, PUBLISHED, SD_FIELDS, SIGNALS
from fleetsynth.models.limits import hundredths
from fleetsynth.streams import Stream
from fleetsynth.window import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from fleetsynth.ledger.effects import Felt
    from fleetsynth.models.classic.draws import Draws
    from fleetsynth.models.classic.plan import ClassicArchetype, ClassicPlan
    from fleetsynth.models.classic.scenario import ArchetypeProfile
    from fleetsynth.window import Window

    Floats = NDArray[np.float64]

_FOLLOWS_DEMAND, _GROWS = (
    np.array([getattr(signal, flag) for signal in SIGNALS])[:, None]
    for flag in ("follows_demand", "grows")
)
_CELLS = 64 * BLOCK
"""Servers times ticks worked on at a time: whole tiles that fit the cache. No value needs it."""


class Components(NamedTuple):
    """What a window's values are made of; all but `hundredths` are float64.

    Attributes:
        level: base times factors times growth, shape (signals, servers, ticks).
        noise: correlated noise in the signal's unit, same shape.
        spike: which ticks spike, bool, shape (servers, ticks).
        signal: level plus noise, times the spike, same shape as `level`.
        clipped: within bounds, shape (metrics, servers, ticks).
        hundredths: what is published, times 100, int32, same shape as `clipped`.
    """

    level: Floats
    noise: Floats
    spike: NDArray[np.bool_]
    signal: Floats
    clipped: Floats
    hundredths: NDArray[np.int32]


class Parameters(NamedTuple):
    """What compose needs to know of each server, one row per server.

    Attributes:
        lower: Cholesky factors, shape (servers, signals, signals).
        deviation: standard deviations of the noise, shape (signals, servers).
        spike_probability: chance of a spike per tick, shape (servers,).
        spike_factor: what a spike multiplies by, shape (signals, servers).
    """

    lower: Floats
    deviation: Floats
    spike_probability: Floats
    spike_factor: Floats

    @classmethod
    def of(cls, archetypes: Sequence[ClassicArchetype]) -> Parameters:
        """Collect the parameters of servers of the given archetypes."""
        profiles = [archetype.profile for archetype in archetypes]
        return cls(
            lower=np.array([archetype.lower for archetype in archetypes]),
            deviation=np.array([[getattr(p, name) for p in profiles] for name in SD_FIELDS]),
            spike_probability=np.array([p.spike_probability for p in profiles]),
            spike_factor=np.array([spike_factors(p) for p in profiles]).T.copy(),
        )

    def take(self, codes: NDArray[np.int64]) -> Parameters:
        """Return one row per code."""
        return Parameters(
            self.lower[codes],
            self.deviation[:, codes],
            self.spike_probability[codes],
            self.spike_factor[:, codes],
        )


class Cut(NamedTuple):
    """A piece of a window, with all that its values follow from.

    Attributes:
        rows: its servers, counted from the window's first.
        ticks: its ticks, counted likewise.
        parameters: one row per server.
        level: base times factors times growth, shape (signals, servers, ticks); only to be read.
        draws: its random numbers.
        spiking: the values that spike, by their flat place.
        felt: what events do; None where there are none.
    """

    rows: slice
    ticks: slice
    parameters: Parameters
    level: Floats
    draws: Draws
    spiking: NDArray[np.intp]
    felt: Felt | None

    def act(self, values: Floats, signal: int) -> None:
        """Do to a signal what events do to servers, in place, shape (servers, ticks)."""
        if self.felt:
            on_signal(values, signal, self.felt)

    def switch_off(self, published: NDArray[np.int32], signal: int) -> None:
        """Publish 0 where servers are down, in place, shape (servers, ticks)."""
        if self.felt:
            switch_off(published, signal, self.felt)


def simulate(plan: ClassicPlan, window: Window) -> Block:
    """Return the published values of a window in hundredths: a full rectangle.

    Pure: any way of cutting a dataset into windows gives the same values.
    """
    out = np.empty((len(METRICS), *window.shape), dtype=np.int32)
    for cut in cuts(plan, window):
        scratch = np.empty(cut.draws.u.shape)
        # A signal is published while it is in the cache, before the next one is made.
        for signal, places in enumerate(PUBLISHED):
            values = noisy(cut, signal)
            values.reshape(-1)[cut.spiking] = spiked(cut, signal, values)
            cut.act(values, signal)
            for place in places:
                limits.clip(values, place, out=scratch)
                hundredths(scratch, out=out[place, cut.rows, cut.ticks])
                cut.switch_off(out[place, cut.rows, cut.ticks], signal)
    return Block.full(window, out)


def cuts(plan: ClassicPlan, window: Window) -> Iterator[Cut]:
    """Cut a window into pieces that fit the cache, and draw for each."""
    codes = plan.fleet.archetype_codes(window.first_server, window.stop_server)
    kinds = plan.kinds(window.first_server, window.stop_server)
    servers = plan.fleet.encoded_ids(window.first_server, window.stop_server)
    parameters = Parameters.of(plan.archetypes)
    stream = Stream()
    found = happened(plan, window)
    for begin in range(window.first_tick // _CELLS * _CELLS, window.stop_tick, _CELLS):
        tick, stop = max(begin, window.first_tick), min(begin + _CELLS, window.stop_tick)
        ticks = slice(tick - window.first_tick, stop - window.first_tick)
        group = max(1, _CELLS // (stop - tick))
        for row in range(0, len(codes), group):
            rows = slice(row, row + group)
            draws = draw_of(plan, servers[rows], tick, stop, stream)
            level = _levels(plan, kinds[rows], tick, stop)
            grid = Ticks(tick, stop, plan.clock.step)
            felt = felt_at(found[rows], grid) if found else None
            if felt:
                level = on_level(level, felt)
            of_rows = parameters.take(codes[rows])
            # Flat places: in two dimensions to find and change them takes four times as long.
            spiking = np.flatnonzero(spikes.spikes(draws.u, of_rows.spike_probability))
            yield Cut(rows, ticks, of_rows, level, draws, spiking, felt)


def components(plan: ClassicPlan, window: Window) -> Components:
    """Return a window's values together with everything that they are made of."""
    codes = plan.fleet.archetype_codes(window.first_server, window.stop_server)
    kinds = plan.kinds(window.first_server, window.stop_server)
    levels = _levels(plan, kinds, window.first_tick, window.stop_tick)
    parameters = Parameters.of(plan.archetypes).take(codes)
    return compose(parameters, levels, draw(plan, window, Stream()))


def compose(parameters: Parameters, level: Floats, draws: Draws) -> Components:
    """Add noise to a level, let it spike, clip and round it.

    Args:
        parameters: one row per server.
        level: shape (signals, servers, ticks).
        draws: the randomness, over the same servers and ticks.
    """
    spike = spikes.spikes(draws.u, parameters.spike_probability)
    return finish(parameters, level, correlated(parameters, draws), spike)


def correlated(parameters: Parameters, draws: Draws) -> Floats:
    """Return the correlated noise in the signals' units, shape (signals, servers, ticks)."""
    out = noise.correlate_all(parameters.lower, draws.z)
    out *= parameters.deviation[:, :, None]
    return out


def finish(
    parameters: Parameters, level: Floats, noises: Floats, spike: NDArray[np.bool_]
) -> Components:
    """Add noise to a level, let it spike, clip and round it; arguments as in `Components`."""
    signals = level + noises
    signals *= np.where(spike, parameters.spike_factor[:, :, None], 1.0)
    clipped = limits.clip_all(signals)
    rounded = np.empty(clipped.shape, dtype=np.int32)
    hundredths(clipped.copy(), out=rounded)
    return Components(level, noises, spike, signals, clipped, rounded)


def noisy(cut: Cut, signal: int) -> Floats:
    """Return level and correlated noise of one signal, shape (servers, ticks)."""
    values = noise.correlate(cut.parameters.lower, cut.draws.z, signal)
    values *= cut.parameters.deviation[signal, :, None]
    values += cut.level[signal]
    return values


def spiked(cut: Cut, signal: int, values: Floats) -> Floats:
    """Return what the values of one signal are at `cut.spiking`, shape (spikes,)."""
    server = cut.spiking // values.shape[1]
    out: Floats = values.reshape(-1)[cut.spiking] * cut.parameters.spike_factor[signal][server]
    return out


def growth(plan: ClassicPlan, rate: float, seconds: NDArray[np.int64]) -> Floats:
    """Return the growth multiplier g at the given times, shape (ticks,)."""
    span = plan.growth_clock
    if plan.scenario.growth.mode == "monthly":
        return factors.monthly_growth(seconds, span.start, rate)
    trend = (seconds // span.step - span.first) / span.count
    return factors.span_growth(trend, rate)


def bases(profile: ArchetypeProfile) -> Floats:
    """Return the base of each signal, shape (signals,)."""
    return np.array([getattr(profile, name) for name in BASE_FIELDS])


def spike_factors(profile: ArchetypeProfile) -> list[float]:
    """Return what a spike multiplies each signal by."""
    shares = (signal.spike_share for signal in SIGNALS)
    return [1.0 if share is None else share * profile.spike_magnitude for share in shares]


def level(profile: ArchetypeProfile, f: Floats, g: Floats) -> Floats:
    """Return (base x f) x g per signal, each factor where the signal takes it.

    Shape (signals, ticks).
    """
    return raise_level(bases(profile), f, g)


def raise_level(base: Floats, f: Floats, g: Floats) -> Floats:
    """Return `level`, given `bases`."""
    out: Floats = base[:, None] * np.where(_FOLLOWS_DEMAND, f, 1.0)  # times 1 is exact
    out *= np.where(_GROWS, g, 1.0)
    return out


def _levels(
    plan: ClassicPlan, kinds: NDArray[np.integer], first_tick: int, stop_tick: int
) -> Floats:
    """Levels of servers of some kinds, shape (signals, servers, ticks); only to be read."""
    numbers = kinds.tolist()
    made = {kind: _level(plan, kind, first_tick, stop_tick) for kind in dict.fromkeys(numbers)}
    levels = [made[kind] for kind in numbers]
    if all(level is levels[0] for level in levels):
        return np.broadcast_to(
            levels[0][:, None], (len(SIGNALS), len(kinds), stop_tick - first_tick)
        )
    return np.stack(levels, axis=1)


@lru_cache(maxsize=16)  # a megabyte each; the next servers have the same
def _level(plan: ClassicPlan, kind: int, first_tick: int, stop_tick: int) -> Floats:
    """Level of servers of a kind, shape (signals, ticks)."""
    profile = plan.archetypes[kind % len(plan.archetypes)].profile
    return level(profile, *_factors(plan, kind, first_tick, stop_tick))


def stages(plan: ClassicPlan, kind: int, first_tick: int, stop_tick: int) -> Floats:
    """Base, base x factors, and level of servers of a kind, shape (3, signals, ticks)."""
    f, g = _factors(plan, kind, first_tick, stop_tick)
    profile = plan.archetypes[kind % len(plan.archetypes)].profile
    one = np.ones_like(f)
    return np.stack([level(profile, one, one), level(profile, f, one), level(profile, f, g)])


def _factors(
    plan: ClassicPlan, kind: int, first_tick: int, stop_tick: int
) -> tuple[Floats, Floats]:
    """Factors and growth of servers of a kind, shape (ticks,) each."""
    calendar = _calendar(plan, first_tick, stop_tick)
    way, code = divmod(kind, len(plan.archetypes))
    profile = plan.archetypes[code].profile
    f = factors.demand(calendar, profile, plan.scenario, plan.closings[way])
    return f, growth(plan, profile.monthly_growth_rate, calendar.seconds)


@lru_cache(maxsize=1)
def _calendar(plan: ClassicPlan, first_tick: int, stop_tick: int) -> Calendar:
    return Calendar(plan.clock.seconds(first_tick, stop_tick))
