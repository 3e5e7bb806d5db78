"""The laws that noise, drift, activities and figures of the realistic model follow.

What is compared with an expectation has a bound of 4.5 standard errors or one as rare, which a
right model exceeds less than once in 100,000 times; seeds are fixed, so that they fail always or
never.
"""

from collections.abc import Callable
from math import sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fleetsynth.models.realistic import activities, doings, jobs, parameters, simulate
from fleetsynth.models.realistic.activities import Activities, averages
from fleetsynth.models.realistic.cycles import cycles_of
from fleetsynth.models.realistic.doings import At
from fleetsynth.models.realistic.members import members_of
from fleetsynth.models.realistic.noise import Noise, at_step, remembering
from fleetsynth.models.realistic.wander import Wander
from fleetsynth.scenario.distribution import Distribution
from fleetsynth.streams import Stream
from fleetsynth.window import BLOCK, Window
from tests.realistic_agreement import realistic

Floats = NDArray[np.float64]

SIGMAS = 4.5
STEPS = (20, 60, 300, 400, 900, 3_600)


# Activities: the same at any sample interval


def some(*, seed: int, count: int, span: int, longest: int) -> tuple[Activities, Floats]:
    """Activities of three servers from second 0 on, and their heights."""
    random = np.random.default_rng(seed)
    made = Activities(
        random.integers(0, 3, count),
        random.integers(-longest, span, count),
        random.integers(1, longest, count),
        random.integers(0, 2**63, count).astype(np.uint64),
    )
    return made, random.normal(0, 20, count) * 10.0 ** random.choice([0, 0, 0, 40], count)


@given(st.integers(0, 10**6), st.sampled_from([(60, 300), (300, 3_600), (20, 900), (400, 3_600)]))
@settings(max_examples=25)
def test_a_finer_interval_only_looks_more_closely(seed: int, steps: tuple[int, int]) -> None:
    """Means of fine samples are the coarse ones, but for the rounding of each sample's parts."""
    made, height = some(seed=seed, count=40, span=36_000, longest=9_000)
    fine, coarse = (averages(made, height, (3, 36_000 // step), 0, step) for step in steps)
    means = fine.reshape(3, -1, steps[1] // steps[0]).mean(axis=2)
    assert np.abs(means - coarse).max() <= 40 * 2.0**-20


def test_every_fifth_minute_is_a_coarse_one_to_the_last_bit() -> None:
    """Where no activity begins or ends within a minute, nothing is rounded."""
    made, height = some(seed=3, count=300, span=36_000, longest=9_000)
    height = np.rint(np.clip(height, -100, 100)) * 5  # fifths of it are whole
    whole = made._replace(start=made.start // 60 * 60, length=made.length // 60 * 60 + 60)
    fine, coarse = (averages(whole, height, (3, 36_000 // step), 0, step) for step in (60, 300))
    assert np.array_equal(fine.reshape(3, -1, 5).sum(axis=2) / 5, coarse)


@given(st.integers(0, 10**6), st.integers(0, 119), st.integers(1, 40), st.sampled_from(STEPS))
@settings(max_examples=40)
def test_any_window_and_any_order_say_the_same(
    seed: int, first: int, count: int, step: int
) -> None:
    made, height = some(seed=seed, count=60, span=160 * step, longest=30 * step)
    everything = averages(made, height, (3, 160), 0, step)
    order = np.random.default_rng(seed).permutation(60)
    part = averages(made.take(order), height[order], (3, count), first, step)
    assert np.array_equal(part, everything[:, first : first + count])


def test_an_activity_is_its_average() -> None:
    """Four minutes from the third on, at ten: 3 of 5 minutes of one sample, 1 of the next."""
    one = Activities(np.array([0]), np.array([120]), np.array([240]), np.zeros(1, np.uint64))
    assert averages(one, np.array([10.0]), (1, 3), 0, 300).tolist() == [[6.0, 2.0, 0.0]]
    assert averages(one, np.array([10.0]), (1, 2), -1, 300).tolist() == [[0.0, 6.0]]


# How often, when, for how long


@pytest.fixture(scope="module")
def many() -> Activities:
    span = 1_000 * doings.OFTEN.seconds, 1_009 * doings.OFTEN.seconds
    names = [f"server_{i:03d}" for i in range(600)]
    return activities.at_random(3, "dips", names, span, doings.OFTEN, np.full(600, 10.0))


def ks(values: Floats) -> float:
    """Distance of values in 0..1 from the uniform, in units where 2.5 is rare."""
    ordered = np.sort(values)
    n = len(ordered)
    steps = np.arange(n + 1) / n
    return float(max(np.abs(ordered - steps[1:]).max(), np.abs(ordered - steps[:-1]).max())) * sqrt(
        n
    )


def test_activities_come_at_their_rate(many: Activities) -> None:
    """48 candidates a cell, of which 10 happen; ten cells are drawn, the one before included."""
    n, p = 600 * 10 * 48, 10 / 48
    assert abs(len(many.row) - n * p) < SIGMAS * sqrt(n * p * (1 - p))
    per_server = np.bincount(many.row, minlength=600)
    chi2 = ((per_server - 480 * p) ** 2).sum() / (480 * p * (1 - p))
    assert abs(chi2 - 600) < SIGMAS * sqrt(1_200)


def test_activities_begin_at_any_second(many: Activities) -> None:
    cell = doings.OFTEN.seconds
    assert ks(((many.start % cell + 0.5) / cell).astype(np.float64)) < 2.5
    assert set(np.unique(many.start // cell)) == set(range(999, 1_009))


def test_what_an_activity_draws_tells_nothing_of_the_rest(many: Activities) -> None:
    n = len(many.row)
    drawn = [many.start % doings.OFTEN.seconds, many.normals(0), many.normals(1), many.uniforms(0)]
    assert ks(np.array([NormalDist().cdf(z) for z in drawn[1].tolist()])) < 2.5
    assert ks(many.uniforms(0)) < 2.5
    table = np.asarray(np.corrcoef(np.array(drawn, dtype=np.float64)))
    assert np.abs(table[~np.eye(4, dtype=bool)]).max() < SIGMAS / sqrt(n)


def test_a_higher_rate_only_adds_some() -> None:
    names, span = ["one", "two"], (0, 40 * doings.OFTEN.seconds)
    few, more = (
        activities.at_random(3, "dips", names, span, doings.OFTEN, np.full(2, rate))
        for rate in (4.0, 5.0)
    )
    assert set(few.word.tolist()) < set(more.word.tolist())


# Jobs


def test_runs_are_found_by_their_number() -> None:
    """From a window alone, before 1970 too, those of all jobs that touch it."""
    plan = realistic(num_servers=40, distribution={"application": 1})
    of = members_of(plan, 0, 40).jobs
    for begin in (-(10**9), 0, 1_700_000_123):
        long = jobs.runs_of(of, (begin, begin + 30 * 86_400))
        assert len(long.job) > 1_000
        for first, stop in ((begin + 86_400, begin + 90_000), (begin + 999_999, begin + 1_000_000)):
            part = jobs.runs_of(of, (first, stop))
            here = (long.made.start < stop) & (long.made.start + long.made.length > first)
            assert sorted(part.made.word.tolist()) == sorted(long.made.word[here].tolist())


def test_jobs_keep_their_period() -> None:
    figures = {"period": 60, "jitter": 0, "skipped": 0, "weekdays": 0, "drift": 0}
    every = {f"archetypes.application.jobs.{name}": value for name, value in figures.items()}
    plan = realistic(every, num_servers=20, distribution={"application": 1})
    of = members_of(plan, 0, 20).jobs
    runs = jobs.runs_of(of, (0, 7 * 86_400))
    assert len(np.unique(runs.job)) == len(of.row) > 20
    for job in range(len(of.row)):
        starts = np.sort(runs.made.start[runs.job == job])
        assert (np.diff(starts) == 3_600).all()
        assert len(starts) >= 168


def test_runs_are_left_out_and_late_as_often_as_figures_say() -> None:
    figures = {"period": 60, "jitter": 1, "skipped": 0.2, "weekdays": 1, "drift": 0, "count": 1}
    every = {f"archetypes.application.jobs.{name}": value for name, value in figures.items()}
    plan = realistic(every, num_servers=100, distribution={"application": 1})
    of = members_of(plan, 0, 100).jobs
    weeks = 10
    made = jobs.runs_of(of, (0, weeks * 7 * 86_400)).made
    assert ((made.start // 86_400 + 3) % 7 < 5).all()
    n = 100 * weeks * 5 * 24
    assert abs(len(made.row) - 0.8 * n) < SIGMAS * sqrt(0.16 * n) + 200  # and those at the ends
    late = (made.start - of.phase[made.row] + 1_800) % 3_600 - 1_800
    assert abs(late.mean()) < SIGMAS * 150 / sqrt(len(late)) + 1
    assert abs(late.std() / 150 - 1) < SIGMAS / sqrt(2 * len(late))


# Noise, drift, cycles


def test_noise_has_its_variance_and_its_memory_across_tiles() -> None:
    names = [f"server_{i:03d}" for i in range(400)]
    span = 11_000 * BLOCK - 300, 11_000 * BLOCK + 300
    noise = Noise(3, "samples", names, ("cpu",), span, 300, Stream())
    for memory in (-0.4, 0.0, 0.5):
        x = remembering(noise.normals("cpu"), np.full(400, memory), np.full(400, 0.9))
        assert abs(x.mean()) < SIGMAS * 2 / sqrt(x.size)
        assert abs(x.var() - 1) < 0.03
        power = memory ** np.arange(4)
        lag1 = (power[:-1] * power[1:]).sum() / (power**2).sum()
        for pairs in (slice(None), slice(298, 301)):  # everywhere, and at the border of tiles
            now, then = x[:, :-1][:, pairs], x[:, 1:][:, pairs]
            error = 1.5 / sqrt(now.size)
            assert abs((now * then).mean() - lag1) < SIGMAS * error
        assert (x**3).mean() > 0.2


def test_noise_is_as_large_whatever_the_interval() -> None:
    size = np.array([0.05])
    assert at_step(size, 300) == pytest.approx(size, abs=1e-6)
    assert at_step(size, 60) == pytest.approx(size * sqrt(5), abs=1e-6)
    assert at_step(size, 3_600) == pytest.approx(size / sqrt(12), abs=1e-6)


def test_drift_is_the_same_at_any_interval() -> None:
    """A coarse sample is a fine one, at the same second, to the last bits."""
    span, sizes = (10**9 // 3_600 * 3_600, 10**9 // 3_600 * 3_600 + 5 * 86_400), [np.ones(3)] * 3
    wander = Wander(3, "drift", ["a", "b", "c"], 2, span, Stream())
    knots = wander.on_knots(1, sizes)
    for step in STEPS:
        coarse = wander.at(knots, span[0] // step + 1, span[1] // step, step)
        fine = wander.at(knots, (span[0] // step + 1) * step, span[1] // step * step, 1)
        assert np.abs(fine[:, ::step] - coarse).max() < 1e-9


def test_cycles_have_mean_0_and_repeat() -> None:
    names = [f"server_{i:03d}" for i in range(50)]
    lengths: Floats = (np.arange(50) % 12 + 1).astype(np.float64)
    cycles = cycles_of(3, "cycle", names, lengths, np.full(50, 2.0))
    out = np.zeros((50, 27_720))
    cycles.add(out, 5, 300)
    assert np.abs(out.mean(axis=1)).max() < 1e-12
    for row, length in enumerate(lengths.astype(int)):
        assert np.array_equal(out[row, :-length], out[row, length:])
    hourly = np.zeros((50, 2_310))
    cycles.add(hourly, 0, 3_600)
    from_midnight = np.zeros((50, 27_720))
    cycles.add(from_midnight, 0, 300)
    assert np.allclose(from_midnight.reshape(50, -1, 12).mean(axis=2), hourly)


def test_cpu_has_its_level_and_its_relative_sd_at_borders_of_tiles_and_elsewhere() -> None:
    """Over servers that are alike but for their draws."""
    nothing = {
        "demand": ("seasonality", "growth", "close", "shared", "day_spread", "shock_rate"),
        "demand.wander": ("fast", "middle", "slow"),
        "spikes": ("rate",),
        "dips": ("rate",),
        "jobs": ("count",),
        "episodes": ("rate",),
        "swings": ("rate",),
        "cycle": ("size",),
    }
    figures: dict[str, Any] = {
        f"archetypes.web.{group}.{name}": 0 for group, names in nothing.items() for name in names
    }
    figures |= {f"archetypes.web.demand.{name}": 1 for name in ("weekend", "holiday")}
    figures |= {
        "archetypes.web.demand.level": 20,
        "archetypes.web.spread": 1,
        "archetypes.web.noise": {"size": 0.2, "memory": 0.5, "skew": 0.5},
    }
    plan = realistic(figures, distribution={"web": 1}, num_servers=1_500)
    border = 11_000 * BLOCK
    cpu = simulate.samples(plan, Window(0, 1_500, border - 2, border + 2)).cpu
    for values in cpu.T:
        assert abs(values.mean() - 20) < SIGMAS * 20 * 0.2 / sqrt(1_500)
        kurtosis = ((values - values.mean()) ** 4).mean() / values.var() ** 2
        error = sqrt((kurtosis - 1) / 4 / 1_500)
        assert abs(values.std() / (20 * 0.2) - 1) < SIGMAS * error


def test_releases_are_taken_again_by_a_straight_line() -> None:
    of = {"memory.releases.rate": 2.0, "memory.releases.size": 5.0, "memory.releases.minutes": 300}
    figures = {name: np.full(1, value, dtype=np.float64) for name, value in of.items()}
    out = doings.releases(3, ["one"], figures, At(1, 5_000_000, 4_000, 300))[0]
    assert out.min() == 0.0
    falls = np.diff(out)
    assert (falls > 0).sum() < 60  # what is released at once
    assert np.median(falls[falls < 0]) < 0


# Figures


@pytest.mark.parametrize(
    ("written", "cdf"),
    [
        ({"uniform": [-1, 3]}, lambda x: (x + 1) / 4),
        ({"normal": [13, 4]}, NormalDist(13, 4).cdf),
        ({"lognormal": [5, 0.6]}, lambda x: NormalDist(np.log(5), 0.6).cdf(np.log(x))),
    ],
)
def test_figures_are_distributed_as_written(
    written: dict[str, Any], cdf: Callable[[float], float]
) -> None:
    distribution = Distribution.model_validate(written)
    for u in (1e-9, 0.001, 0.2, 0.5, 0.77, 0.999, 1 - 1e-9):
        assert cdf(distribution.quantile(u)) == pytest.approx(u, abs=2e-6)
    inner = Distribution.model_validate(written | {"zero": 0.25})
    assert inner.quantile(np.nextafter(0.25, 0)) == 0
    assert inner.quantile(0.25 + 0.75 * 0.3) == pytest.approx(distribution.quantile(0.3), abs=1e-6)


def test_figures_of_a_fleet_are_independent_draws_from_their_distributions() -> None:
    plan = realistic(
        {
            "archetypes.web.spikes.rate": {"uniform": [0, 24]},
            "archetypes.web.memory.level": {"uniform": [0, 100]},
            "archetypes.web.memory.leak": {"zero": 0.6, "uniform": [0, 1]},
        },
        distribution={"web": 1},
    )
    n = 3_000
    names = [f"server_{i:03d}" for i in range(n)]
    drawn = parameters.draw(plan, names, [0] * n, of="server")
    rate, level, leak = (drawn[p] for p in ("spikes.rate", "memory.level", "memory.leak"))
    assert ks(rate / 24) < 2.5
    assert ks(level / 100) < 2.5
    assert ks(leak[leak > 0]) < 2.5
    assert abs((leak == 0).sum() - 0.6 * n) < SIGMAS * sqrt(0.24 * n)
    table = np.asarray(np.corrcoef([rate, level, leak]))
    assert np.abs(table[np.triu_indices(3, 1)]).max() < SIGMAS / sqrt(n)
