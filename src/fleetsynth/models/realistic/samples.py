"""What servers do at every sample: the equations of docs/realism.md, one after the other.

Each part is worked out when it is first asked for, so who wants the CPU alone waits for no disk.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import DAY_SECONDS, epoch_day
from fleetsynth.models.realistic import compose, doings, happened, stocks
from fleetsynth.models.realistic.doings import At, Doings
from fleetsynth.models.realistic.noise import SERIES, at_step, remembering
from fleetsynth.models.realistic.wander import PARTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.ledger.effects import Felt
    from fleetsynth.models.realistic.members import Members
    from fleetsynth.models.realistic.noise import Noise
    from fleetsynth.models.realistic.spans import Shared, Span
    from fleetsynth.models.realistic.wander import Wander

    Floats = NDArray[np.float64]

STEMS = ("cpu", "mem", "disk", "net_in", "net_out")
"""Stems of the metrics that this model makes; the table of metrics may hold others."""

_CPU, _MEMORY, _DISK, _IN, _OUT = range(len(STEMS))
_DRIFTING = 5
"""Series of a server that drift, each with a drift of its own: the same five."""
_DRIFTS = {_IN: 1, _OUT: 2, _MEMORY: 3, _DISK: 4}
"""Which drift is whose; the CPU has the first."""
_WAVERS = 0.04
"""Relative standard deviation of the height of an episode."""


class Samples:
    """What some servers do over a span; arrays are of its shape, (servers, samples)."""

    def __init__(self, members: Members, shared: Shared, span: Span) -> None:
        self._members, self._shared, self._span = members, shared, span
        self._names, self._server, self._loads = members.names, members.figures, members.loads
        self._seed = span.plan.scenario.seed
        self._at = At(len(members.names), span.first, span.stop - span.first, span.step)
        self.shape = self._at.rows, self._at.samples

    @cached_property
    def relative(self) -> Floats:
        """Demand relative to its level, with what events do to it."""
        out: Floats = self._shared.relative[self._members.service]
        if self._shared.happened:
            self._shared.happened.on_demand(self._names, out)
        return out

    @cached_property
    def common(self) -> Floats:
        """The same with the drift that all replicas of a service have in common."""
        return compose.drifted(self.relative, self._together)

    @cached_property
    def base(self) -> Floats:
        """CPU in percent of the server's capacity, with drift, noise, cycles and swings."""
        members, loads = self._members, self._loads
        own = [members.of_service[f"demand.wander.{part}"] * loads.own for part in PARTS]
        drift = self._together + self._span.drift(self._wander, 0, own)
        wave = self._noise * loads.noise[:, None]
        members.cycle.add(wave, self._span.first, self._span.step)
        wave += 1.0
        np.maximum(wave, 0.0, out=wave)
        wave *= compose.drifted(self.relative, drift)
        wave *= loads.level[:, None]
        wave *= self._done.swing
        return wave

    @cached_property
    def spikes(self) -> Floats:
        """CPU points of spikes and the shocks of its service, less what dips leave out."""
        spikes, dips = self._done.spikes, self._done.dips
        return spikes if dips is None else spikes - dips * self.base

    @property
    def runs(self) -> Floats:
        """CPU points of jobs."""
        return self._done.runs

    @cached_property
    def cpu(self) -> Floats:
        """All that, and episodes, whose height wavers a little."""
        out = self.base + self.spikes
        out += self.runs
        if self._done.episodes is not None:
            wavering = np.abs(self._noise)
            wavering *= -_WAVERS
            wavering += 1.0
            wavering *= self._done.episodes
            out += wavering
        return out

    @cached_property
    def noise_in(self) -> Floats:
        """What traffic in is multiplied by, beside demand."""
        return self._carrying(_IN, self._noise_in)

    @cached_property
    def noise_out(self) -> Floats:
        """Same, out."""
        loads = self._loads
        noise = self._noise_in * loads.out_ahead[:, None]
        noise += self._normals.white("net_out") * loads.out_apart[:, None]
        return self._carrying(_OUT, noise)

    @cached_property
    def sent(self) -> Floats:
        """Mean traffics of spikes, jobs and episodes."""
        out = self.spikes * (self._server["network.per_spike"] * self._loads.per_level)[:, None]
        out += self._done.sent
        return out

    @cached_property
    def net_in(self) -> Floats:
        """Traffic in, in Mbps, before the link's limit."""
        out = self._flow * self.noise_in
        out += self._transfers[0] * self._server["network.level"][:, None]
        return out

    @cached_property
    def net_out(self) -> Floats:
        """Same, out."""
        out = self._flow * self.noise_out
        out += self._transfers[1] * self._server["network.level"][:, None]
        out *= self._server["network.out_ratio"][:, None]
        return out

    @cached_property
    def held(self) -> Floats:
        """Memory in percent without activities, and without what follows demand."""
        server = self._server
        drift = server["memory.drift"]
        out = self._drift(_MEMORY, [drift * 0.3, drift * 0.7, drift * 0.7])
        own = remembering(self._normals.normals("memory"), server["memory.noise_memory"])
        out += own * at_step(server["memory.noise"], self._span.step)[:, None]
        span = self._span
        stocks.add_memory(out, self._seed, self._names, server, (span.first, span.step))
        return out

    @cached_property
    def taken(self) -> Floats:
        """Memory points that spikes, jobs and episodes take, less what was released."""
        server = self._server
        out = self._done.taken - doings.releases(self._seed, self._names, server, self._at)
        out += self.spikes * (server["memory.per_spike"] * self._loads.per_level)[:, None]
        compose.within_reach(out, self.held)
        return out

    @cached_property
    def memory(self) -> Floats:
        """Used memory in percent, before its bounds."""
        out = compose.following(self._server, self.common)
        out += self.held
        out += self.taken
        return out

    @cached_property
    def disk(self) -> Floats:
        """Used space in percent, before its bounds."""
        span, size = self._span, self._server["disk.noise"]
        out = self._drift(_DISK, [size * 0.2, size * 0.6, size * 0.8])
        origin = epoch_day(span.plan.growth_clock.start) * (DAY_SECONDS // span.step)
        figures = self._names, self._server
        stocks.add_disk(out, self._seed, *figures, (span.first, span.step), origin)
        return out

    @cached_property
    def shown_cpu(self) -> Floats:
        """CPU with what events do to the server; beyond 100 it is not served."""
        return happened.shown(self._felt, _CPU, self.cpu)

    @cached_property
    def shown_memory(self) -> Floats:
        """Same, of memory."""
        return happened.shown(self._felt, _MEMORY, self.memory)

    @cached_property
    def shown_disk(self) -> Floats:
        """Same, of disk space."""
        return happened.shown(self._felt, _DISK, self.disk)

    @cached_property
    def shown_in(self) -> Floats:
        """Same, of traffic in."""
        return happened.shown(self._felt, _IN, self.net_in)

    @cached_property
    def shown_out(self) -> Floats:
        """Same, of traffic out."""
        return happened.shown(self._felt, _OUT, self.net_out)

    def publish(self, stem: str, out: NDArray[np.int32]) -> None:
        """Write what the collector sees of a metric, times 100, shape (servers, samples)."""
        place = STEMS.index(stem)
        if place == _CPU:
            compose.counted(self._server, self._loads, self.shown_cpu, out)
        elif place in (_MEMORY, _DISK):
            compose.used(self.shown_memory if place == _MEMORY else self.shown_disk, out)
        else:
            flow = self.shown_in if place == _IN else self.shown_out
            compose.carried(self._server, self.shown_cpu, flow, out)
        happened.switch_off(self._felt, place, out)

    @cached_property
    def hundredths(self) -> NDArray[np.int32]:
        """The same of all metrics, in the order of `STEMS`, shape (metrics, servers, samples)."""
        out = np.empty((len(STEMS), *self.shape), dtype=np.int32)
        for stem, values in zip(STEMS, out, strict=True):
            self.publish(stem, values)
        return out

    @cached_property
    def _done(self) -> Doings:
        members = self._members
        shocks = doings.shocks_of(self._shared.shocks, members.service)
        of = self._seed, self._names, self._server
        return Doings(*of, self._loads.sd, members.jobs, shocks, self._at)

    @cached_property
    def _felt(self) -> Felt:
        """What the events of servers and of their services do to them."""
        return self._shared.happened.felt(self._names) if self._shared.happened else {}

    @cached_property
    def _together(self) -> Floats:
        return self._shared.drift[self._members.service] * self._loads.shared[:, None]

    @cached_property
    def _normals(self) -> Noise:
        return self._span.noise("samples", self._names, SERIES)

    @cached_property
    def _wander(self) -> Wander:
        return self._span.wander("drift", self._names, _DRIFTING)

    def _drift(self, place: int, sizes: list[Floats]) -> Floats:
        return self._span.drift(self._wander, _DRIFTS[place], sizes)

    @cached_property
    def _noise(self) -> Floats:
        """Noise of the CPU, of variance 1."""
        z = self._normals.normals("cpu") * self._loads.own[:, None]
        z += self._shared.normals[self._members.service] * self._loads.shared[:, None]
        return remembering(z, self._server["noise.memory"], self._server["noise.skew"])

    @cached_property
    def _noise_in(self) -> Floats:
        out = self._noise * self._loads.ahead[:, None]
        out += self._normals.white("net_in") * self._loads.apart[:, None]
        return out

    @cached_property
    def _pattern(self) -> Floats:
        out = np.zeros(self.shape)
        self._members.traffic_cycle.add(out, self._span.first, self._span.step)
        return out

    def _carrying(self, place: int, noise: Floats) -> Floats:
        """Return what traffic is multiplied by: noise, a pattern and drift."""
        drift = self._server["network.drift"]
        wave = noise * self._loads.traffic[:, None]
        wave += self._pattern
        wave += 1.0
        np.maximum(wave, 0.0, out=wave)
        return compose.drifted(wave, self._drift(place, [drift * 0.3, drift, drift * 0.7]))

    @cached_property
    def _flow(self) -> Floats:
        return compose.flow(self._server, self.common, self.sent)

    @cached_property
    def _transfers(self) -> tuple[Floats, Floats]:
        return doings.transfers(self._seed, self._names, self._server, self._at)
