"""The realistic model: windows to whole tiles of samples, samples to the statistics of a tick.

Equations and their sources: docs/realism.md.
"""

from __future__ import annotations

from math import lcm
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.signal.realistic import bursts, compose, demand, noise, parameters, stocks
from fleetsynth.signal.realistic.aggregate import aggregate
from fleetsynth.signal.realistic.compose import Loads, Samples
from fleetsynth.signal.window import BLOCK, Window
from fleetsynth.streams import Stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.plan import RealisticPlan
    from fleetsynth.signal.realistic.parameters import Figures

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_ROWS = 64
"""Servers whose services are worked out together. No value needs it."""
_SPAN = 1 << 14
"""Samples worked on at a time, about. No value needs it."""
_CELLS = 1 << 15
"""Servers times samples worked on at a time, about. No value needs it."""

_NORMAL_PURPOSES = ("samples", "service samples")


class Members(NamedTuple):
    """Some servers and their services.

    Attributes:
        names: of the servers.
        figures: of the servers, shape (servers,) each.
        loads: constants of the servers.
        service: each one's place among the services.
        services: the services.
        service_names: theirs.
    """

    names: list[str]
    figures: Figures
    loads: Loads
    service: Ints
    services: demand.Services
    service_names: list[str]

    def take(self, rows: slice) -> Members:
        """Return some of the servers, with all services."""
        return self._replace(
            names=self.names[rows],
            figures={name: values[rows] for name, values in self.figures.items()},
            loads=self.loads.take(rows),
            service=self.service[rows],
        )


class Shared(NamedTuple):
    """What services do over some tiles, shape (services, samples) each.

    Attributes:
        relative: demand relative to its level.
        noise: standard normal.
        shocks: the bursts of each, heights in standard deviations.
    """

    relative: Floats
    noise: Floats
    shocks: bursts.Bursts


def simulate(plan: RealisticPlan, window: Window) -> NDArray[np.int32]:
    """Return the published values of a window in hundredths, shape (metrics, servers, ticks).

    Pure: any way of cutting a dataset into windows gives the same values.
    """
    per_tick = samples_per_tick(plan)
    out = np.empty((len(plan.metrics), *window.shape), dtype=np.int32)
    statistics = plan.scenario.statistics
    whole = lcm(BLOCK, per_tick)
    step = max(1, _SPAN // whole) * whole // per_tick
    stream = Stream()
    for row in range(window.first_server, window.stop_server, _ROWS):
        members = members_of(plan, row, min(row + _ROWS, window.stop_server))
        for begin in range(window.first_tick // step * step, window.stop_tick, step):
            tick, stop = max(begin, window.first_tick), min(begin + step, window.stop_tick)
            span = tick * per_tick, stop * per_tick
            shared = shared_of(plan, members, *span, stream)
            group = max(1, _CELLS // (span[1] - span[0]))
            for place in range(0, len(members.names), group):
                some = members.take(slice(place, place + group))
                made = sample(plan, some, shared, *span, stream)
                first = row - window.first_server + place
                rows = slice(first, first + len(some.names))
                ticks = slice(tick - window.first_tick, stop - window.first_tick)
                out[:, rows, ticks] = aggregate(made.hundredths, per_tick, statistics)
    return out


def samples(plan: RealisticPlan, window: Window) -> Samples:
    """Return everything that a window of *samples* is made of; its ticks count samples."""
    stream = Stream()
    span = window.first_tick, window.stop_tick
    members = members_of(plan, window.first_server, window.stop_server)
    return sample(plan, members, shared_of(plan, members, *span, stream), *span, stream)


def samples_per_tick(plan: RealisticPlan) -> int:
    """Samples behind each published tick."""
    return plan.clock.step // plan.scenario.sample_seconds


def members_of(plan: RealisticPlan, first: int, stop: int) -> Members:
    """Look up servers first..stop-1 and their services."""
    fleet, scenario = plan.fleet, plan.scenario
    names, codes = fleet.server_ids(first, stop), fleet.archetype_codes(first, stop).tolist()
    services, begins, service = np.unique(
        fleet.services(first, stop), return_index=True, return_inverse=True
    )
    service_names = services.tolist()
    figures = parameters.draw(plan, names, codes, of_services=False)
    of_services = parameters.draw(
        plan, service_names, [codes[at] for at in begins], of_services=True
    )
    metadata = fleet.metadata(first, stop)
    units = [metadata["business_unit"][at] for at in begins]
    default = scenario.closes.get("default")
    closes = [scenario.closes.get(unit, default) for unit in units]
    return Members(
        names=names,
        figures=figures,
        loads=Loads.of(figures, {name: values[service] for name, values in of_services.items()}),
        service=service,
        services=demand.Services(
            of_services,
            [scenario.locations[metadata["region"][at]] for at in begins],
            [close for close in closes if close is not None],
        ),
        service_names=service_names,
    )


def shared_of(
    plan: RealisticPlan, members: Members, first: int, stop: int, stream: Stream
) -> Shared:
    """Work out what the members' services do at samples first..stop-1."""
    step, seed = plan.scenario.sample_seconds, plan.scenario.seed
    per_hour = demand.HOUR // step
    hours = first // per_hour, (stop - 1) // per_hour + 2
    hourly = demand.at_hours(members.services, *hours, plan.growth_clock.start)
    tiles = _tiles(first, stop)
    figures = members.services.figures
    normals = np.zeros((len(members.service_names), stop - first))
    used = np.flatnonzero(figures["demand.shared"] > 0)
    if used.size:
        names = [members.service_names[at] for at in used]
        knots = noise.Knots(noise.SERVICE, "service samples", seed, step, names, *tiles, stream)
        spectrum = (figures[f"demand.noise.{part}"][used] for part in _SPECTRUM)
        amplitude = noise.amplitudes(noise.SPACINGS, step, *spectrum)
        series = knots.series("demand", noise.SPACINGS, amplitude)
        normals[used] = _cut(series, tiles, first, stop)
    ones = np.ones(len(normals))
    shock = figures["demand.shock_rate"], ones * _SHOCK[0], ones * _SHOCK[1], ones * _SHOCK[2]
    return Shared(
        relative=demand.to_samples(hourly, hours[0], first, stop, per_hour),
        noise=normals,
        shocks=bursts.draw((seed, "shocks", step), members.service_names, *tiles, shock, stream),
    )


def sample(
    plan: RealisticPlan, members: Members, shared: Shared, first: int, stop: int, stream: Stream
) -> Samples:
    """Work out what servers do at samples first..stop-1."""
    step, seed = plan.scenario.sample_seconds, plan.scenario.seed
    server, loads, names = members.figures, members.loads, members.names
    tiles = _tiles(first, stop)
    knots = noise.Knots(noise.SERVER, "samples", seed, step, names, *tiles, stream)

    def series(name: str, group: str, weight: Floats) -> Floats:
        spacings = noise.SERVER[name]
        spectrum = (server[f"{group}.{part}"] for part in _SPECTRUM)
        amplitude = noise.amplitudes(spacings, step, *spectrum) * weight[:, None]
        return _cut(knots.series(name, spacings, amplitude), tiles, first, stop)

    relative = shared.relative[members.service]
    mean = relative * loads.level[:, None]
    common = shared.noise[members.service] * loads.shared[:, None]
    own = series("cpu", "noise.spectrum", loads.own)
    n = common + own
    cpu = loads.noise.times(n, mean)
    burst = np.zeros_like(cpu)
    figures = (
        server["bursts.rate"],
        server["bursts.height"],
        server["bursts.tail"],
        server["bursts.cap"],
    )
    made = bursts.draw((seed, "bursts", step), names, *tiles, figures, stream)
    bursts.add(burst, first, made, loads.sd[made.row])
    for row, service in enumerate(members.service.tolist()):
        hit = shared.shocks.row == service
        if hit.any():
            some = bursts.Bursts(*(values[hit] for values in shared.shocks))
            alone = some._replace(row=np.zeros_like(some.row))
            bursts.add(burst[row : row + 1], first, alone, np.full(len(alone.row), loads.sd[row]))
    cpu += burst
    memory = series("memory", "memory.spectrum", server["memory.noise"])
    memory += (relative - 1.0) * server["memory.follows"][:, None]
    n *= loads.ahead[:, None]
    n += series("net_in", "network.spectrum", loads.apart)
    flow = compose.flow(server, loads, relative, burst)
    net_in = loads.traffic.times(n, flow)
    n *= loads.out_ahead[:, None]
    n += _cut(knots.series("net_out", (1,), loads.out_apart[:, None]), tiles, first, stop)
    net_out = loads.traffic.times(n, flow)
    _transfer(
        net_in,
        net_out,
        server,
        bursts_of=(seed, step),
        names=names,
        span=(first, tiles),
        stream=stream,
    )
    net_out *= server["network.out_ratio"][:, None]
    disk = series("disk", "disk.spectrum", server["disk.noise"])
    _stocks(plan, members, first, memory, disk)
    return Samples(
        demand=mean,
        shared=common,
        own=own,
        burst=burst,
        cpu=cpu,
        net_in=net_in,
        net_out=net_out,
        memory=memory,
        disk=disk,
        hundredths=compose.published(server, loads, (cpu, memory, disk, net_in, net_out)),
    )


_SPECTRUM = ("fast", "slow", "slow_share")
_SHOCK = (3.0, 1.6, 20.0)
"""Lowest height, tail and greatest height of a service's shocks."""


def _transfer(
    net_in: Floats,
    net_out: Floats,
    server: Figures,
    *,
    bursts_of: tuple[int, int],
    names: list[str],
    span: tuple[int, tuple[int, int]],
    stream: Stream,
) -> None:
    """Add transfers to both directions, in a share of their own each."""
    seed, step = bursts_of
    first, tiles = span
    height = server["network.burst_height"]
    figures = (
        server["network.burst_rate"],
        height,
        server["network.burst_tail"],
        height * _GREATEST_TRANSFER,
    )
    made = bursts.draw((seed, "transfers", step), names, *tiles, figures, stream)
    level = server["network.level"][made.row]
    bursts.add(net_in, first, made, level * made.second)
    bursts.add(net_out, first, made, level * (1.0 - made.second))


_GREATEST_TRANSFER = 20.0
"""Greatest height of a transfer, in lowest heights."""


def _stocks(
    plan: RealisticPlan, members: Members, first: int, memory: Floats, disk: Floats
) -> None:
    """Add what fills and is set back to the noise of memory and disk space."""
    step, seed = plan.scenario.sample_seconds, plan.scenario.seed
    begun = plan.growth_clock.start
    server = {name: values.tolist() for name, values in members.figures.items()}
    origin = int(np.datetime64(begun, "D").astype(np.int64)) * (86_400 // step)
    level = np.empty(memory.shape[1])
    for row, name in enumerate(members.names):
        resets = stocks.Resets(seed, "restart", name, server["memory.restart_days"][row], step)
        figures = tuple(server[f"memory.{part}"][row] for part in _MEMORY)
        stocks.memory(level, first, resets, figures)
        memory[row] += level
        resets = stocks.Resets(seed, "clean-up", name, server["disk.cleanup_days"][row], step)
        figures = tuple(server[f"disk.{part}"][row] for part in _DISK)
        stocks.disk(level, first, resets, origin, figures)
        disk[row] += level


_MEMORY = ("level", "cache", "warmup", "leak", "jump")
_DISK = ("level", "fill", "trend")


def _tiles(first: int, stop: int) -> tuple[int, int]:
    return first // BLOCK, (stop - 1) // BLOCK + 1


def _cut(series: Floats, tiles: tuple[int, int], first: int, stop: int) -> Floats:
    begin = first - tiles[0] * BLOCK
    return series[:, begin : begin + stop - first]
