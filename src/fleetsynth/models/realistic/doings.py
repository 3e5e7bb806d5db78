"""What servers do over a span beside serving demand: spikes, dips, jobs, episodes, transfers.

Every metric reads the same activities, each by a size of its own.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS
from fleetsynth.models.realistic.activities import (
    Activities,
    Cells,
    Placed,
    at_random,
    lognormal,
    placed,
    together,
)
from fleetsynth.models.realistic.jobs import Jobs, Runs, runs_of
from fleetsynth.models.realistic.wander import CELL
from fleetsynth.numeric import rounded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DENSE, OFTEN = Cells(CELL, 96), Cells(CELL, 48)
SELDOM = Cells(28 * DAY_SECONDS, 64)
"""Cells of what happens up to 48 and up to 24 times a day, and up to 16 times a week."""

_PER_DAY = CELL / DAY_SECONDS
_PER_WEEK = 4.0
_MINUTE = 60
_SPIKE, _DIP, _TRANSFER = (1, 4 * HOUR_SECONDS), (1, 8 * HOUR_SECONDS), (60, 36 * HOUR_SECONDS)
_EPISODE, _SWING = (600, 20 * DAY_SECONDS), (HOUR_SECONDS, 5 * DAY_SECONDS)
_RELEASE = (300, 36 * HOUR_SECONDS)
"""Shortest and longest of each, in seconds."""
_SHOCK_SECONDS, _SHOCK_HEIGHT, _SHOCK_TAIL = 240.0, 1.5, 0.8
"""Median length of a shock; its height in usual spikes, and the sd of its logarithm."""
_HIGHEST = 95.0
"""CPU points of a spike or a run at most."""
_DEEPEST = 0.8
"""Share of what demand takes that dips leave out at most."""
_OFFICE = (9 * HOUR_SECONDS, 9 * HOUR_SECONDS)
"""Second of the day at which offices open, and for how long."""


class At(NamedTuple):
    """Samples first..first+samples-1 of `step` seconds, for so many rows."""

    rows: int
    first: int
    samples: int
    step: int

    @property
    def seconds(self) -> tuple[int, int]:
        """First second, and one past the last."""
        return self.first * self.step, (self.first + self.samples) * self.step

    def placed(self, made: Activities) -> Placed:
        """Lay activities over the samples."""
        return placed(made, (self.rows, self.samples), self.first, self.step)

    def averages(self, made: Activities, height: Floats) -> Floats:
        """Return the sum of activities at every sample."""
        return self.placed(made).averages(height)


class Doings:
    """What servers do at every sample; shape (servers, samples) each.

    Args:
        seed: of the scenario.
        names: of the servers.
        figures: of the servers.
        sd: of a sample's noise, in CPU points, shape (servers,).
        jobs: of the servers.
        shocks: of their services; `row` is the place of the server.
        at: the samples.
    """

    def __init__(
        self,
        seed: int,
        names: Sequence[str],
        figures: Mapping[str, Floats],
        sd: Floats,
        jobs: Jobs,
        shocks: Activities,
        at: At,
    ) -> None:
        self._of = _Drawn(seed, names, figures, at)
        self._sd, self._jobs, self._shocks = sd, jobs, shocks

    @cached_property
    def swing(self) -> Floats:
        """What multiplies CPU demand."""
        return _swings(self._of)

    @cached_property
    def spikes(self) -> Floats:
        """CPU points of spikes and the shocks of the service."""
        return _spikes(self._of, self._sd, self._shocks)

    @cached_property
    def dips(self) -> Floats | None:
        """Share of what demand takes that dips leave out; None for nothing."""
        return _dips(self._of)

    @cached_property
    def runs(self) -> Floats:
        """CPU points of jobs."""
        return self._of_runs("height")

    @cached_property
    def episodes(self) -> Floats | None:
        """CPU points of episodes before they waver; None for nothing."""
        return self._of_episodes("height")

    @cached_property
    def taken(self) -> Floats:
        """Memory points that jobs and episodes take."""
        return self._of_both("memory")

    @cached_property
    def sent(self) -> Floats:
        """Mean traffics of jobs and episodes."""
        return self._of_both("traffic")

    @cached_property
    def _runs(self) -> tuple[Runs, Placed] | None:
        if not len(self._jobs.row):
            return None
        runs = runs_of(self._jobs, self._of.at.seconds)
        return runs, self._of.at.placed(runs.made)

    def _of_runs(self, size: str) -> Floats:
        at, sizes = self._of.at, self._jobs.figures.get(size)
        if self._runs is None or sizes is None or not sizes.any():
            return np.zeros((at.rows, at.samples))
        runs, where = self._runs
        return where.averages(rounded(sizes[runs.job] * runs.share))

    @cached_property
    def _cover(self) -> Floats | None:
        return _episodes(self._of)

    def _of_episodes(self, size: str) -> Floats | None:
        if self._cover is None:
            return None
        out: Floats = self._cover * self._of.figures[f"episodes.{size}"][:, None]
        return out

    def _of_both(self, size: str) -> Floats:
        runs, episodes = self._of_runs(size), self._of_episodes(size)
        return runs if episodes is None else runs + episodes


class _Drawn(NamedTuple):
    """Draws activities of servers by their figures."""

    seed: int
    names: Sequence[str]
    figures: Mapping[str, Floats]
    at: At
    group: str = ""

    def often(self, purpose: str, bounds: tuple[int, int], spread: float) -> Activities:
        """Draw activities with a rate a day and a median length in minutes."""
        rate = self.figures[f"{self.group}{purpose}.rate"] * _PER_DAY
        grid = DENSE if purpose == "spikes" else OFTEN
        return self._drawn(purpose, grid, rate, "minutes", bounds, spread)

    def seldom(self, purpose: str, bounds: tuple[int, int], spread: float) -> Activities:
        """Draw activities with a rate a week and a median length in hours."""
        rate = self.figures[f"{self.group}{purpose}.rate"] * _PER_WEEK
        return self._drawn(purpose, SELDOM, rate, "hours", bounds, spread)

    def _drawn(
        self,
        purpose: str,
        grid: Cells,
        rate: Floats,
        unit: str,
        bounds: tuple[int, int],
        spread: float,
    ) -> Activities:
        made = at_random(self.seed, purpose, self.names, self.at.seconds, grid, rate)
        if not len(made.row):
            return made
        seconds = _MINUTE if unit == "minutes" else HOUR_SECONDS
        median = self.of(f"{purpose}.{unit}", made) * seconds
        return made.lasting(lognormal(median, spread, made.normals(0)), *bounds)

    def of(self, path: str, made: Activities) -> Floats:
        """Return a figure of each activity's server."""
        out: Floats = self.figures[f"{self.group}{path}"][made.row]
        return out


def _spikes(of: _Drawn, sd: Floats, shocks: Activities) -> Floats:
    """Return CPU points of spikes and shocks."""
    usual = of.figures["spikes.height"] + of.figures["spikes.noises"] * sd
    spikes = of.often("spikes", _SPIKE, 0.9)
    height = lognormal(usual[spikes.row], of.of("spikes.tail", spikes), spikes.normals(1))
    shock = lognormal(_SHOCK_HEIGHT * usual[shocks.row], _SHOCK_TAIL, shocks.normals(1))
    heights = (np.minimum(height, _HIGHEST), np.minimum(shock, _HIGHEST))
    return of.at.averages(together(spikes, shocks), np.concatenate(heights))


def _dips(of: _Drawn) -> Floats | None:
    """Return the share of what demand takes that dips leave out."""
    made = of.often("dips", _DIP, 0.7)
    if not len(made.row):
        return None
    depth = lognormal(of.of("dips.noises", made) * of.of("noise.size", made), 0.5, made.normals(1))
    out = of.at.averages(made, np.minimum(depth, _DEEPEST))
    return np.minimum(out, _DEEPEST, out=out)


def _episodes(of: _Drawn) -> Floats | None:
    """Return which part of each sample episodes cover, and how much of it; None for nothing."""
    made = of.seldom("episodes", _EPISODE, 1.0)
    if not len(made.row):
        return None
    begin, long = _OFFICE
    day = made.start // DAY_SECONDS * DAY_SECONDS + begin
    office = day + (made.uniforms(0) * long).astype(np.int64)
    made = made._replace(start=np.where(of.of("episodes.office", made) > 0, office, made.start))
    part = np.where(made.uniforms(1) < 0.5, 1.0, 1.0 - 0.5 * made.uniforms(2))
    return np.minimum(of.at.averages(made, rounded(part)), 1.0)


def _swings(of: _Drawn) -> Floats:
    """Return what multiplies CPU demand."""
    made = of.seldom("swings", _SWING, 1.0)
    factor = lognormal(np.ones(len(made.row)), of.of("swings.size", made), made.normals(1))
    out = of.at.averages(made, factor - 1.0)
    out += 1.0
    return np.maximum(out, 0.05, out=out)


def releases(seed: int, names: Sequence[str], figures: Mapping[str, Floats], at: At) -> Floats:
    """Return memory points given back and not yet taken again, at the begin of every sample.

    A release is taken again by a straight line.
    """
    of = _Drawn(seed, names, figures, at, "memory.")
    made = of.often("releases", _RELEASE, 0.8)
    size = lognormal(of.of("releases.size", made), 0.5, made.normals(1))
    low = np.maximum(-(-made.start // at.step), at.first)
    high = np.minimum((made.start + made.length) // at.step, at.first + at.samples)
    counts = np.maximum(high - low, 0)
    which = np.repeat(np.arange(len(counts)), counts)
    sample = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts - low, counts)
    left = 1.0 - (sample * at.step - made.start[which]) / made.length[which]
    out = np.zeros(at.rows * at.samples)
    place = made.row[which] * at.samples + sample - at.first
    np.add.at(out, place, rounded(size[which] * left))
    return out.reshape(at.rows, at.samples)


def transfers(
    seed: int, names: Sequence[str], figures: Mapping[str, Floats], at: At
) -> tuple[Floats, Floats]:
    """Return traffic in and out of transfers, in mean traffics of the server."""
    of = _Drawn(seed, names, figures, at, "network.")
    made = of.often("transfers", _TRANSFER, 0.9)
    tail = of.of("transfers.tail", made)
    height = lognormal(of.of("transfers.height", made), tail, made.normals(1))
    coming = made.uniforms(0)
    where = at.placed(made)
    into = where.averages(rounded(height * coming))
    return into, where.averages(rounded(height * (1.0 - coming)))


def shocks(seed: int, services: Sequence[str], rate: Floats, span: tuple[int, int]) -> Activities:
    """Draw spikes that hit all replicas of a service; `row` is the service."""
    made = at_random(seed, "shocks", services, span, OFTEN, rate * _PER_DAY)
    median = np.full(len(made.row), _SHOCK_SECONDS)
    return made.lasting(lognormal(median, 0.9, made.normals(0)), *_SPIKE)


def shocks_of(made: Activities, service: NDArray[np.int64]) -> Activities:
    """Return the shocks of servers, given each one's service; `row` is the server."""
    server, which = np.nonzero(service[:, None] == made.row)
    return made.take(which)._replace(row=server)
