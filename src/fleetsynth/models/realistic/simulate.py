"""The realistic model: windows to whole tiles of samples, samples to the statistics of a tick.

Equations and their sources: docs/realism.md.
"""

from __future__ import annotations

from math import lcm
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.block import Block
from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS, epoch_day
from fleetsynth.ledger.effects import Ticks
from fleetsynth.models.realistic import activities, compose, demand, doings, stocks
from fleetsynth.models.realistic.aggregate import aggregate
from fleetsynth.models.realistic.compose import Samples
from fleetsynth.models.realistic.doings import At
from fleetsynth.models.realistic.happened import Happened, happened
from fleetsynth.models.realistic.members import Members, members_of
from fleetsynth.models.realistic.noise import SERIES, Noise, at_step, remembering
from fleetsynth.models.realistic.wander import Wander
from fleetsynth.models.resets import Resets
from fleetsynth.streams import Stream
from fleetsynth.window import BLOCK, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fleetsynth.models.realistic.plan import RealisticPlan

    Floats = NDArray[np.float64]

_ROWS = 64
"""Servers whose services are worked out together. No value needs it."""
_SPAN = 1 << 16
"""Samples worked on at a time, about. No value needs it."""
_CELLS = 1 << 17
"""Servers times samples worked on at a time, about. No value needs it."""

_DRIFTING = ("cpu", "net_in", "net_out", "memory", "disk")
"""What drifts of a server."""
_PARTS = ("fast", "middle", "slow")
_WAVERS = 0.04
"""Relative standard deviation of the height of an episode."""


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


def simulate(plan: RealisticPlan, window: Window) -> Block:
    """Return the published values of a window in hundredths: a full rectangle.

    Pure: any way of cutting a dataset into windows gives the same values.
    """
    out = np.empty((len(plan.metrics), *window.shape), dtype=np.int32)
    for rows, ticks, members, span in pieces(plan, window):
        for group, made in grouped(members, shared_of(members, span), span):
            there = slice(rows.start + group.start, rows.start + group.stop)
            out[:, there, ticks] = statistics(made, plan)
    return Block.full(window, out)


def pieces(plan: RealisticPlan, window: Window) -> Iterator[tuple[slice, slice, Members, Span]]:
    """Cut a window into servers and ticks worked on together; yield their places in it, too."""
    per_tick = plan.samples_per_row
    whole = lcm(BLOCK, per_tick)
    step = max(1, _SPAN // whole) * whole // per_tick
    stream = Stream()
    for row in range(window.first_server, window.stop_server, _ROWS):
        members = members_of(plan, row, min(row + _ROWS, window.stop_server))
        rows = slice(row - window.first_server, row - window.first_server + len(members.names))
        for begin in range(window.first_tick // step * step, window.stop_tick, step):
            tick, stop = max(begin, window.first_tick), min(begin + step, window.stop_tick)
            ticks = slice(tick - window.first_tick, stop - window.first_tick)
            yield rows, ticks, members, Span(plan, tick * per_tick, stop * per_tick, stream)


def grouped(members: Members, shared: Shared, span: Span) -> Iterator[tuple[slice, Samples]]:
    """Yield the samples of so many servers at a time as fit the cache, with their places."""
    group = max(1, _CELLS // (span.stop - span.first))
    for place in range(0, len(members.names), group):
        rows = slice(place, min(place + group, len(members.names)))
        yield rows, sample(members.take(rows), shared, span)


def statistics(made: Samples, plan: RealisticPlan) -> NDArray[np.int32]:
    """Return what is published of samples, shape (metrics, servers, ticks)."""
    return aggregate(made.hundredths, plan.samples_per_row, plan.scenario.statistics)


def samples(plan: RealisticPlan, window: Window) -> Samples:
    """Return everything that a window of *samples* is made of; its ticks count samples."""
    members = members_of(plan, window.first_server, window.stop_server)
    span = Span(plan, window.first_tick, window.stop_tick, Stream())
    return sample(members, shared_of(members, span), span)


def shared_of(members: Members, span: Span) -> Shared:
    """Work out what the members' services do."""
    services = members.services
    per_hour = HOUR_SECONDS // span.step
    hours = span.first // per_hour, (span.stop - 1) // per_hour + 2
    hourly = demand.at_hours(services, *hours, span.plan.growth_clock.start)
    sizes = [services.figures[f"demand.wander.{part}"] for part in _PARTS]
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


def sample(members: Members, shared: Shared, span: Span) -> Samples:
    """Work out what servers do at every sample."""
    server, loads, seed = members.figures, members.loads, span.plan.scenario.seed
    at = At(len(members.names), span.first, span.stop - span.first, span.step)
    noise = span.noise("samples", members.names, SERIES)
    wander = span.wander("drift", members.names, len(_DRIFTING))
    relative, events = shared.relative[members.service], shared.happened
    if events:
        events.on_demand(members.names, relative)
    hit = doings.shocks_of(shared.shocks, members.service)
    done = doings.doings(seed, members.names, server, loads.sd, members.jobs, hit, at)

    together = shared.drift[members.service] * loads.shared[:, None]
    common = compose.drifted(relative, together)
    own = [members.of_service[f"demand.wander.{part}"] * loads.own for part in _PARTS]
    z = noise.normals("cpu") * loads.own[:, None]
    z += shared.normals[members.service] * loads.shared[:, None]
    n = remembering(z, server["noise.memory"], server["noise.skew"])
    base = _base(members, compose.drifted(relative, together + span.drift(wander, 0, own)), n, span)
    base *= done.swing
    spikes = done.spikes if done.dips is None else done.spikes - done.dips * base
    cpu = base + spikes
    cpu += done.runs
    cpu += _wavering(done.episodes, n)

    noise_in, noise_out, sent, net_in, net_out = _traffic(
        members, span, common, n, noise, wander, spikes, done.sent
    )
    into, out_of = doings.transfers(seed, members.names, server, at)
    net_in += into * server["network.level"][:, None]
    net_out += out_of * server["network.level"][:, None]
    net_out *= server["network.out_ratio"][:, None]

    held, disk = _held(members, span, wander, noise)
    taken = done.taken - doings.releases(seed, members.names, server, at)
    taken += spikes * (server["memory.per_spike"] * loads.per_level)[:, None]
    compose.within_reach(taken, held)
    memory = compose.following(server, common)
    memory += held
    memory += taken
    series_of = (cpu, memory, disk, net_in, net_out)
    shown = events.on_series(members.names, series_of) if events else series_of
    hundredths = compose.published(server, loads, shown)
    if events:
        events.switch_off(members.names, hundredths)
    return Samples(
        relative=relative,
        common=common,
        base=base,
        spikes=spikes,
        runs=done.runs,
        cpu=cpu,
        noise_in=noise_in,
        noise_out=noise_out,
        sent=sent,
        net_in=net_in,
        net_out=net_out,
        taken=taken,
        held=held,
        memory=memory,
        disk=disk,
        shown_cpu=shown[0],
        shown_memory=shown[1],
        shown_disk=shown[2],
        shown_in=shown[3],
        shown_out=shown[4],
        hundredths=hundredths,
    )


def _base(members: Members, drifting: Floats, n: Floats, span: Span) -> Floats:
    """Return CPU that serves demand, in percent, before swings."""
    wave = n * members.loads.noise[:, None]
    members.cycle.add(wave, span.first, span.step)
    wave += 1.0
    np.maximum(wave, 0.0, out=wave)
    wave *= drifting
    wave *= members.loads.level[:, None]
    return wave


def _wavering(episodes: Floats, n: Floats) -> Floats:
    """Return episodes whose height wavers a little."""
    out = np.abs(n)
    out *= -_WAVERS
    out += 1.0
    out *= episodes
    return out


def _traffic(
    members: Members,
    span: Span,
    common: Floats,
    n: Floats,
    noise: Noise,
    wander: Wander,
    spikes: Floats,
    more: Floats,
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return the noise in and out, what activities send, and mean traffic times the noise."""
    server, loads = members.figures, members.loads
    drift = server["network.drift"]
    sizes = [drift * 0.3, drift, drift * 0.7]
    noise_in = n * loads.ahead[:, None]
    noise_in += noise.white("net_in") * loads.apart[:, None]
    noise_out = noise_in * loads.out_ahead[:, None]
    noise_out += noise.white("net_out") * loads.out_apart[:, None]
    pattern = np.zeros_like(n)
    members.traffic_cycle.add(pattern, span.first, span.step)
    sent = spikes * (server["network.per_spike"] * loads.per_level)[:, None]
    sent += more
    mean = compose.flow(server, common, sent)
    totals = []
    for series, wave in ((1, noise_in), (2, noise_out)):
        wave *= loads.traffic[:, None]
        wave += pattern
        wave += 1.0
        wave = compose.drifted(np.maximum(wave, 0.0, out=wave), span.drift(wander, series, sizes))
        totals.append(wave)
    return totals[0], totals[1], sent, mean * totals[0], mean * totals[1]


def _held(members: Members, span: Span, wander: Wander, noise: Noise) -> tuple[Floats, Floats]:
    """Return memory and disk space: what fills and is set back, with its drift and noise."""
    server = members.figures
    drift = server["memory.drift"]
    memory = span.drift(wander, 3, [drift * 0.3, drift * 0.7, drift * 0.7])
    own = remembering(noise.normals("memory"), server["memory.noise_memory"])
    memory += own * at_step(server["memory.noise"], span.step)[:, None]
    size = server["disk.noise"]
    disk = span.drift(wander, 4, [size * 0.2, size * 0.6, size * 0.8])
    _stocks(members, span, memory, disk)
    return memory, disk


def _stocks(members: Members, span: Span, memory: Floats, disk: Floats) -> None:
    """Add what fills and is set back to the noise of memory and disk space."""
    seed, step = span.plan.scenario.seed, span.step
    origin = epoch_day(span.plan.growth_clock.start) * (DAY_SECONDS // step)
    figures = {name: values.tolist() for name, values in members.figures.items()}
    stock = np.empty(span.stop - span.first)
    for row, name in enumerate(members.names):
        of = {path: values[row] for path, values in figures.items()}
        restarts = Resets(seed, "restart", name, of["memory.restart_days"], step)
        stocks.memory(stock, span.first, restarts, of)
        memory[row] += stock
        cleanups = Resets(seed, "clean-up", name, of["disk.cleanup_days"], step)
        stocks.disk(stock, span.first, cleanups, origin, of)
        disk[row] += stock
        disk[row] += stocks.rotated(seed, name, span.first, span.stop, step, of)
