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
from fleetsynth.models.realistic import bursts, compose, demand, noise, stocks
from fleetsynth.models.realistic.aggregate import aggregate
from fleetsynth.models.realistic.compose import Samples
from fleetsynth.models.realistic.happened import Happened, happened
from fleetsynth.models.realistic.members import Members, members_of
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
_CELLS = 1 << 15
"""Servers times samples worked on at a time, about. No value needs it."""

_SHOCK = (3.0, 1.6, 20.0)
"""Lowest height, index of the tail and greatest height of a service's shocks."""
_GREATEST_TRANSFER = 20.0
"""Greatest height of a transfer, in lowest heights."""


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

    @property
    def tiles(self) -> tuple[int, int]:
        """The first tile that they lie in, and one past the last."""
        return self.first // BLOCK, (self.stop - 1) // BLOCK + 1

    def knots(self, layout: noise.Layout, purpose: str, names: list[str]) -> noise.Knots:
        """Draw the knots of some entities."""
        seed = self.plan.scenario.seed
        return noise.Knots(layout, purpose, seed, self.step, names, *self.tiles, self.stream)

    def bursts(self, purpose: str, names: list[str], *figures: Floats) -> bursts.Bursts:
        """Draw the bursts of some entities."""
        address = self.plan.scenario.seed, purpose, self.step
        return bursts.draw(address, names, *self.tiles, figures, self.stream)

    def cut(self, series: Floats) -> Floats:
        """Cut the samples out of whole tiles."""
        begin = self.first - self.tiles[0] * BLOCK
        return series[:, begin : begin + self.stop - self.first]


class Shared(NamedTuple):
    """What services do over a span.

    Attributes:
        hourly: demand relative to its level, as `demand.at_hours` returns it.
        relative: the same at every sample, shape (services, samples).
        noise: standard normal, same shape.
        shocks: the bursts of each, heights in standard deviations.
        happened: what events do to them and their servers; None where there are none.
    """

    hourly: Floats
    relative: Floats
    noise: Floats
    shocks: bursts.Bursts
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
    normals = np.zeros((len(services.names), span.stop - span.first))
    used = np.flatnonzero(services.figures["demand.shared"] > 0)
    if used.size:
        names = [services.names[at] for at in used]
        knots = span.knots(noise.SERVICE, "service samples", names)
        normals[used] = span.cut(knots.series("demand", services.amplitudes[used]))
    shock = (np.full(len(normals), figure) for figure in _SHOCK)
    servers = members.first, members.first + len(members.names)
    events = happened(span.plan, *servers, services.names, Ticks(span.first, span.stop, span.step))
    relative = demand.to_samples(hourly[-1], hours[0], span.first, span.stop, per_hour)
    return Shared(
        hourly=hourly,
        relative=events.on_services(relative) if events else relative,
        noise=normals,
        shocks=span.bursts("shocks", services.names, services.figures["demand.shock_rate"], *shock),
        happened=events,
    )


def sample(members: Members, shared: Shared, span: Span) -> Samples:
    """Work out what servers do at every sample."""
    server, loads = members.figures, members.loads
    knots = span.knots(noise.SERVER, "samples", members.names)

    def series(name: str) -> Floats:
        return span.cut(knots.series(name, members.amplitudes[name]))

    relative, events = shared.relative[members.service], shared.happened
    if events:
        events.on_demand(members.names, relative)
    mean = relative * loads.level[:, None]
    common = shared.noise[members.service] * loads.shared[:, None]
    own = series("cpu")
    n = common + own
    burst = _bursts(members, shared, span)
    cpu = loads.noise.times(n, mean)
    cpu += burst
    flow = compose.flow(server, loads, relative, burst)
    noise_in = n * loads.ahead[:, None]
    noise_in += series("net_in")
    net_in = loads.traffic.times(noise_in, flow)
    noise_out = noise_in * loads.out_ahead[:, None]
    noise_out += series("net_out")
    net_out = loads.traffic.times(noise_out, flow)
    _transfer(net_in, net_out, members, span)
    memory, disk = series("memory"), series("disk")
    _stocks(members, span, memory, disk)
    held = memory
    memory = (relative - 1.0) * server["memory.follows"][:, None]
    memory += held
    series_of = (cpu, memory, disk, net_in, net_out)
    shown = events.on_series(members.names, series_of) if events else series_of
    hundredths = compose.published(server, loads, shown)
    if events:
        events.switch_off(members.names, hundredths)
    return Samples(
        relative=relative,
        demand=mean,
        shared=common,
        own=own,
        burst=burst,
        cpu=cpu,
        net_in=net_in,
        net_out=net_out,
        noise_in=noise_in,
        noise_out=noise_out,
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


def _bursts(members: Members, shared: Shared, span: Span) -> Floats:
    """Return the servers' bursts and their services' shocks, in percent of CPU."""
    figures, sd = members.figures, members.loads.sd
    out = np.zeros((len(members.names), span.stop - span.first))
    parts = (figures[f"bursts.{part}"] for part in ("rate", "height", "tail", "cap"))
    made = span.bursts("bursts", members.names, *parts)
    bursts.add(out, span.first, made, sd[made.row])
    for row, service in enumerate(members.service.tolist()):
        hit = shared.shocks.of(service)
        bursts.add(out[row : row + 1], span.first, hit, np.full(len(hit.row), sd[row]))
    return out


def _transfer(net_in: Floats, net_out: Floats, members: Members, span: Span) -> None:
    """Add transfers to both directions, to each its share of them; then scale traffic out."""
    figures = members.figures
    lowest = figures["network.burst_height"]
    made = span.bursts(
        "transfers",
        members.names,
        figures["network.burst_rate"],
        lowest,
        figures["network.burst_tail"],
        lowest * _GREATEST_TRANSFER,
    )
    level = figures["network.level"][made.row]
    bursts.add(net_in, span.first, made, level * made.second)
    bursts.add(net_out, span.first, made, level * (1.0 - made.second))
    net_out *= figures["network.out_ratio"][:, None]


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
