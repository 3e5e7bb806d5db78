"""One server of the classic model, as the specification's own loop asks for it."""

from __future__ import annotations

from datetime import datetime
from functools import cache, cached_property, lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS, Calendar
from fleetsynth.errors import UsageError, did_you_mean
from fleetsynth.metrics import METRICS
from fleetsynth.models.classic import factors, spikes
from fleetsynth.models.classic.draws import Draws, Tiles
from fleetsynth.models.classic.plan import factored
from fleetsynth.models.classic.scenario import ClassicScenario
from fleetsynth.models.classic.signals import SIGNALS
from fleetsynth.models.classic.simulate import (
    Parameters,
    bases,
    correlated,
    finish,
    raise_level,
)
from fleetsynth.presets.load import load_scenario
from fleetsynth.streams import encode, key, stream_of_thread
from fleetsynth.timestamps import like, to_seconds
from fleetsynth.window import BLOCK

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from fleetsynth.scenario import Scenario
    from fleetsynth.timestamps import Floats, Times

_COLUMNS = [metric.column for metric in METRICS]
_FIXED = ("archetype_type", "server_id", "profile", "seed")


@cache
def _packaged() -> Scenario:
    return load_scenario()


def _classic(scenario: Scenario) -> ClassicScenario:
    if not isinstance(scenario, ClassicScenario):
        raise UsageError(f"the {scenario.preset} preset has no such profiles: this is for classic")
    return scenario


class ServerArchetype:
    """One server: its profile, its factors and its correlated metrics.

    Attributes:
        archetype_type: name of the archetype.
        server_id: name of the server; its draws follow from it.
        profile: the figures of the archetype.
        seed: a number of 32 bits that follows from the scenario's seed and the server's id.

    Args:
        archetype_type: a `fleetsynth.ServerType` or the name of an archetype in the scenario.
        server_id: name of the server.
        scenario: where profile, seed, spikes and step come from; None for the packaged one, with
            the step that each timestamp shows (see `generate_correlated_metrics`).

    Raises:
        UsageError: for an archetype that the scenario does not have.
    """

    def __init__(
        self,
        archetype_type: str,
        server_id: str,
        *,
        scenario: Scenario | None = None,
    ) -> None:
        self._step = scenario.step_seconds if scenario else None
        self._scenario = _classic(scenario or _packaged())
        name = str(archetype_type)
        if name not in self._scenario.archetypes:
            hint = did_you_mean(name, self._scenario.archetypes)
            raise UsageError(f"unknown archetype {name!r}{hint}")
        self.archetype_type = name
        self.server_id = server_id
        self.profile = self._scenario.archetypes[name]
        self.seed = int.from_bytes(key(self._scenario.seed, "rng", server_id)[:4], "little")
        self._bases = bases(self.profile)
        self._parameters = Parameters.of([factored(name, self.profile)])

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse to change what has gone into the server's draws already."""
        if name in _FIXED and name in self.__dict__:
            raise UsageError(f"{name} is read-only: ask get_archetype for another server")
        super().__setattr__(name, value)

    @cached_property
    def rng(self) -> np.random.RandomState:
        """A RandomState on `seed`, for users; the engine never draws from it."""
        return np.random.RandomState(self.seed)

    def get_time_factor(self, timestamp: Times) -> Any:
        """Return business hours times weekend, for one timestamp or an array."""
        return like(timestamp, factors.time_of_week(Calendar(to_seconds(timestamp)), self.profile))

    def generate_correlated_metrics(
        self, timestamp: Times, time_factor: ArrayLike = 1.0, trend_factor: ArrayLike = 0.0
    ) -> dict[str, Any]:
        """Return the published metrics by column, for one timestamp or an array.

        A pure function: the same server and timestamp give the same answer, however often and
        in whatever order it is asked. The draws are those of a dataset at the scenario's step.
        Without a scenario they are those of a daily dataset at midnight, of an hourly one at
        other full hours, of one at 1min or 1s otherwise.

        Args:
            timestamp: one time or an array, in whole seconds.
            time_factor: the product f of the time factors, one or one per timestamp.
            trend_factor: how far span growth has come, 0 to 1; the profile's rate multiplies it.

        Raises:
            ValueError: for a timestamp that is not on the scenario's grid, or that has a zone.
        """
        seconds = to_seconds(timestamp, whole=True)
        f = _per_timestamp(time_factor, len(seconds))
        trend = _per_timestamp(trend_factor, len(seconds))
        g = factors.span_growth(trend, self.profile.monthly_growth_rate)
        noise, spike = self._noise(seconds)
        levels = raise_level(self._bases, f, g)
        made = finish(self._parameters, levels[:, None], noise[:, None], spike[None])
        published = made.hundredths[:, 0] / 100
        if isinstance(timestamp, datetime) or not np.ndim(timestamp):
            return dict(zip(_COLUMNS, published[:, 0].tolist(), strict=True))
        return dict(zip(_COLUMNS, published, strict=True))

    def _noise(self, seconds: NDArray[np.int64]) -> tuple[Floats, NDArray[np.bool_]]:
        """Look up noise, shape (signals, ticks), and spikes, shape (ticks,)."""
        if len(seconds) == 1:  # a call per timestamp is how the specification's own loop goes
            step = self._step_of(int(seconds[0]))
            block, offset = divmod(int(seconds[0]) // step, BLOCK)
            noise, spike = _tile(self, step, block)
            return noise[:, offset : offset + 1], spike[offset : offset + 1]
        steps = self._steps(seconds)
        blocks, offsets = np.divmod(seconds // steps, BLOCK)
        noise, spike = np.empty((len(SIGNALS), len(seconds))), np.empty(len(seconds), np.bool_)
        for step, block in set(zip(steps.tolist(), blocks.tolist(), strict=True)):
            here = (steps == step) & (blocks == block)
            theirs, spiking = _tile(self, step, block)
            noise[:, here], spike[here] = theirs[:, offsets[here]], spiking[offsets[here]]
        return noise, spike

    def _steps(self, seconds: NDArray[np.int64]) -> NDArray[np.int64]:
        """Step of the grid that each timestamp's draws belong to."""
        of_day, index = np.unique(seconds % DAY_SECONDS, return_inverse=True)
        return np.array([self._step_of(at) for at in of_day.tolist()], np.int64)[index]

    def _step_of(self, seconds: int) -> int:
        if self._step is None:
            return next(step for step in (DAY_SECONDS, HOUR_SECONDS, 60, 1) if seconds % step == 0)
        if seconds % self._step:
            raise ValueError(f"a timestamp is not on the grid of {self._scenario.granularity}")
        return self._step


@lru_cache(maxsize=256)  # 17 kB each: a server walked in time order, or the default fleet by date
def _tile(server: ServerArchetype, step: int, block: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the noise of a server in a block, shape (signals, 512), and its spikes."""
    scenario, parameters = server._scenario, server._parameters
    tiles = Tiles(scenario.seed, step, stream_of_thread(), spikes=scenario.spikes)
    z, u = tiles.tile(encode(server.server_id), block)
    draws = Draws(z[:, None], u[None])
    spike = spikes.spikes(draws.u, parameters.spike_probability)
    return correlated(parameters, draws)[:, 0], spike[0]


def _per_timestamp(values: Any, count: int) -> Floats:
    """Return finite figures, one per timestamp, given as many or one for all."""
    if isinstance(values, float) and isfinite(values):
        return np.full(count, values)
    given = np.asarray(values, dtype=np.float64)
    if not np.isfinite(given).all():
        raise ValueError("time_factor and trend_factor have to be finite")
    return np.full(count, given) if given.ndim == 0 else np.broadcast_to(given, (count,))
