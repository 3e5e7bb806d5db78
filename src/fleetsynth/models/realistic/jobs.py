"""Jobs: activities that come back by a schedule; a run is found by its number alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS
from fleetsynth.models.base import Recurring
from fleetsynth.models.realistic import parameters
from fleetsynth.models.realistic.activities import Activities, normals
from fleetsynth.numeric import rounded
from fleetsynth.streams import address, encode, mixed, mixed_uniforms, words_after

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fleetsynth.models.realistic.plan import RealisticPlan

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Words = NDArray[np.uint64]

_LONGEST = 0.7
"""Share of its period that a run takes at most."""
_MOST_SECONDS = 2 * DAY_SECONDS
_LATE, _DRIFTS = 150.0, 0.015
"""Standard deviations of when a run of a jittered job begins, in seconds, and of how much the
period of a drifting one differs from what it says."""
_RUN_LENGTH, _LEAST_HEIGHT = 0.15, 0.1
"""Standard deviation of the logarithm of a run's length; the least share of a job's height."""
_SKIP, _CHANCE = 0, 1
"""Places of uniforms: of runs, and of jobs."""


class Jobs(NamedTuple):
    """The jobs of some servers; shape (jobs,) each.

    Attributes:
        row: the server's place.
        word: keys its runs.
        figures: of the jobs, by their name without ``jobs.``.
        period: seconds from run to run.
        phase: second of run 0, counted from the Unix epoch.
    """

    row: Ints
    word: Words
    figures: dict[str, Floats]
    period: Floats
    phase: Floats

    def of_rows(self, rows: slice) -> Jobs:
        """Return those of some servers."""
        some = self.take(np.flatnonzero((self.row >= rows.start) & (self.row < rows.stop)))
        return some._replace(row=some.row - rows.start)

    def take(self, jobs: Ints) -> Jobs:
        """Return some of them."""
        figures = {name: values[jobs] for name, values in self.figures.items()}
        return Jobs(self.row[jobs], self.word[jobs], figures, self.period[jobs], self.phase[jobs])


class Runs(NamedTuple):
    """Runs of jobs.

    Attributes:
        made: when, shape (runs,).
        job: the place of each one's job.
        share: how high it is, 1 for what is usual.
    """

    made: Activities
    job: Ints
    share: Floats


def jobs_of(
    plan: RealisticPlan, names: Sequence[str], codes: Sequence[int], counts: Floats
) -> Jobs:
    """Draw the jobs of servers, given how many each has."""
    rows = np.repeat(np.arange(len(names)), counts.astype(np.int64))
    ids = [
        f"{names[row]}/{number}"
        for row, count in enumerate(counts.astype(np.int64).tolist())
        for number in range(count)
    ]
    drawn = parameters.draw(plan, ids, [codes[row] for row in rows.tolist()], of="job")
    paths = parameters.paths(plan, "job")
    figures = {path.removeprefix(parameters.OF_JOBS): drawn[path] for path in paths}
    words = words_after(address(plan.scenario.seed, "job"), map(encode, ids))
    if not ids:
        return Jobs(rows, words, {}, np.zeros(0), np.zeros(0))
    period = figures["period"] * 60
    drifts = mixed_uniforms(words, _CHANCE) < figures["drift"]
    drifts &= period < DAY_SECONDS / 4
    period = np.where(drifts, rounded(period * (1 + _DRIFTS * normals(words, 1))), period)
    phase = np.floor(mixed_uniforms(words, 0) * period)
    return Jobs(rows, words, figures, period, phase)


def runs_of(jobs: Jobs, span: tuple[int, int]) -> Runs:
    """Return the runs of some jobs that go on at some second of a span, by job and number."""
    begin, end = span
    first = np.floor((begin - _MOST_SECONDS - jobs.phase) / jobs.period).astype(np.int64)
    stop = np.floor((end + HOUR_SECONDS - jobs.phase) / jobs.period).astype(np.int64) + 1
    counts = stop - first
    job = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(len(job)) - np.repeat(np.cumsum(counts) - counts - first, counts)
    word = mixed(jobs.word[job], number)
    of = {name: values[job] for name, values in jobs.figures.items()}
    period = jobs.period[job]
    made = Activities(jobs.row[job], number, number, word)
    start = jobs.phase[job] + number * period
    start += np.where(of["jitter"] > 0, _LATE * of["jitter"] * rounded(made.normals(0)), 0.0)
    start = np.floor(start).astype(np.int64)
    long = np.where(period >= DAY_SECONDS / 4, of["minutes_daily"], of["minutes"]) * 60
    length = rounded(long * np.exp(_RUN_LENGTH * made.normals(1)))
    length = np.minimum(length, period * _LONGEST)
    made = made._replace(start=start).lasting(length, 1, _MOST_SECONDS)
    share = np.maximum(rounded(1 + of["spread"] * made.normals(2)), _LEAST_HEIGHT)
    runs = made.uniforms(_SKIP) >= of["skipped"]
    weekday = (made.start // DAY_SECONDS + 3) % 7  # the epoch was a Thursday
    runs &= (of["weekdays"] == 0) | (weekday < 5)
    runs &= (made.start < end) & (made.start + made.length > begin)
    return Runs(made.take(runs), job[runs], share[runs])


def recurring(plan: RealisticPlan, first: int, stop: int) -> Recurring:
    """Return the jobs of servers first..stop-1 as their schedules say."""
    names, codes = plan.fleet.server_ids(first, stop), plan.fleet.archetype_codes(first, stop)
    counts = parameters.draw(plan, names, codes.tolist(), of="server")["jobs.count"]
    jobs = jobs_of(plan, names, codes.tolist(), counts)
    number = np.arange(len(jobs.row)) - np.searchsorted(jobs.row, jobs.row)

    def runs(which: Ints, begin: int, end: int) -> tuple[Ints, Ints, Ints]:
        if not len(which):
            return which, which, which
        found = runs_of(jobs.take(which), (begin, end))
        return which[found.job], found.made.start, found.made.start + found.made.length

    of = [{name: float(v[job]) for name, v in jobs.figures.items()} for job in range(len(number))]
    return Recurring(
        server=jobs.row,
        name=[f"job-{names[row]}-{n}" for row, n in zip(jobs.row, number, strict=True)],
        begin=jobs.phase.astype(np.int64),
        period=jobs.period,
        size=jobs.figures["height"] if of else np.zeros(0),
        stems=[_stems(figures) for figures in of],
        effect=[_said(figures, period) for figures, period in zip(of, jobs.period, strict=True)],
        runs=runs,
    )


def _stems(figures: Mapping[str, float]) -> tuple[str, ...]:
    memory = ("mem",) if figures["memory"] else ()
    return ("cpu", *memory, *(("net_in", "net_out") if figures["traffic"] else ()))


def _said(figures: Mapping[str, float], period: float) -> str:
    """Write what a job does: ``cpu +2.4, memory +0.6 for 7 min every 1440 min``."""
    memory = f", memory +{figures['memory']:.2g}" if figures["memory"] else ""
    traffic = f", network +{figures['traffic']:.2g}x" if figures["traffic"] else ""
    minutes = figures["minutes_daily" if period >= DAY_SECONDS / 4 else "minutes"]
    days = ", Monday to Friday" if figures["weekdays"] else ""
    skipped = f", {figures['skipped']:.0%} left out" if figures["skipped"] else ""
    often = f"for {minutes:.2g} min every {period / 60:.4f}".rstrip("0").rstrip(".")
    return f"cpu +{figures['height']:.2g}{memory}{traffic} {often} min{days}{skipped}"
