"""The parts of the likelihood against what is known by other means."""

from dataclasses import replace
from math import erf, exp, pi, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray

from fleetsynth.metrics import METRICS
from fleetsynth.models.base import RowLaw
from fleetsynth.models.classic import law as classic_law
from fleetsynth.models.classic.plan import ClassicPlan
from fleetsynth.validate.checker import estimator
from fleetsynth.validate.estimate import normalised
from fleetsynth.validate.likelihood import Density, Places, scores
from fleetsynth.validate.normal import beyond, log_tail, two_sided
from tests.support import plan_of

Floats = NDArray[np.float64]
CALM = plan_of(spikes=False)
SPIKY = plan_of()
SIZE = 4
PLACES = Places.of(SIZE)
LOW = np.array([metric.low for metric in METRICS[:SIZE]])
HIGH = np.array([metric.high for metric in METRICS[:SIZE]])


def law_of(plan: ClassicPlan, number: int) -> RowLaw:
    return classic_law.law(plan).rows[number]


def scores_of(rows: RowLaw, values: Floats, level: Floats) -> Floats:
    """Of signals that their own metrics show whole; spikes leave the third alone."""
    return scores(Density(rows, LOW, HIGH, (0, 1, 3)), values, level)


def log_density(law: RowLaw, x: Floats, mean: Floats) -> float:
    """Of a row inside the bounds, from the textbook."""
    out = 0.0
    for weight, factor in ((1 - law.probability, np.ones(SIZE)), (law.probability, law.factor)):
        scale = law.sd * factor
        e = (x - mean * factor) / scale
        form = e @ np.linalg.inv(law.correlation) @ e
        norm = scale.prod() * sqrt(np.linalg.det(law.correlation) * (2 * pi) ** SIZE)
        out += weight * exp(-0.5 * form) / norm
    return float(np.log(out))


def changed(law: RowLaw, place: int, by: float) -> tuple[RowLaw, Floats]:
    """The law with one parameter moved, and what is added to the mean."""
    sd, correlation, shift = law.sd.copy(), law.correlation.copy(), np.zeros(SIZE)
    p, magnitude, factor = law.probability, law.magnitude, law.factor.copy()
    if place in range(SIZE):
        shift[place] = by
    elif place in range(PLACES.sd.start, PLACES.sd.stop):
        sd[place - PLACES.sd.start] += by
    elif place in range(PLACES.correlation.start, PLACES.correlation.stop):
        i, j = PLACES.pairs[place - PLACES.correlation.start]
        correlation[i, j] += by
        correlation[j, i] += by
    elif place == PLACES.probability:
        p += by
    elif place == PLACES.magnitude:
        factor[[0, 1, 3]] *= (magnitude + by) / magnitude
        magnitude += by
    moved = replace(
        law, sd=sd, correlation=correlation, probability=p, magnitude=magnitude, factor=factor
    )
    return moved, shift


@pytest.mark.parametrize("number", range(4))
def test_scores_are_the_slopes_of_the_log_density(number: int) -> None:
    law = law_of(SPIKY, number)
    mean = np.array([40.0, 45.0, 50.0, 110.0])
    for x in (
        mean + law.sd * [0.5, -0.3, 0.2, 0.4],
        np.minimum(mean * law.factor, [95.0, 95.0, 95.0, 900.0]),
    ):
        found = scores_of(law, x[:, None], mean[:, None])[:, 0]
        for place in range(len(found)):
            step = 1e-5
            values = []
            for by in (step, -step):
                moved, shift = changed(law, place, by)
                values.append(log_density(moved, x, mean + shift))
            slope = (values[0] - values[1]) / (2 * step)
            assert found[place] == pytest.approx(slope, rel=1e-5, abs=1e-7), place


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("level", [1.0, 0.3])
def test_scores_of_clipped_rows_add_up_to_nothing(number: int, level: float) -> None:
    """Their mean is 0 by theory; 128 comparisons at |z| <= 4.5 fail once in 1,100 seeds."""
    law = law_of(SPIKY, number)
    profile = SPIKY.archetypes[number].profile
    base = np.array([getattr(profile, f"base_{s}") for s in ("cpu", "memory", "disk", "network")])
    mean = base * [level, level, 1.0, level]
    rng = np.random.default_rng(7)
    size = 60_000
    z = np.linalg.cholesky(law.correlation) @ rng.standard_normal((SIZE, size))
    x = mean[:, None] + law.sd[:, None] * z
    x = np.where(rng.random(size) < law.probability, x * law.factor[:, None], x)
    x = np.rint(np.clip(x, LOW[:, None], HIGH[:, None]) * 100) / 100
    found = scores_of(law, x, np.broadcast_to(mean[:, None], x.shape))
    z_scores = found.mean(axis=1) / found.std(axis=1) * sqrt(size)
    assert np.abs(z_scores).max() < 4.5
    assert (x <= LOW[:, None]).any()


def test_scores_without_spikes_have_none() -> None:
    law = law_of(CALM, 3)
    found = scores_of(law, np.full((SIZE, 3), 30.0), np.full((SIZE, 3), 31.0))
    assert not found[PLACES.probability :].any()
    assert found[PLACES.mean].all()


def test_the_tail_is_that_of_erf_and_far_out_that_of_mills() -> None:
    near = np.linspace(-5, 5, 101)
    exact = [0.5 * (1 + erf(x / sqrt(2))) for x in near]
    assert np.exp(log_tail(near)) == pytest.approx(np.array(exact), rel=2e-6)
    far = 30.0
    mills = exp(0) / (far + 1 / far)
    expected = -far * far / 2 - 0.5 * np.log(2 * pi) + np.log(mills)
    assert log_tail(np.array([-far]))[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("sign", [(-1, -1), (-1, 1), (-1, -1, -1), (1, -1, 1), (-1, -1, -1, -1)])
def test_moments_beyond_several_bounds_are_those_of_a_sample(sign: tuple[int, ...]) -> None:
    size = len(sign)
    rng = np.random.default_rng(3)
    mixing = rng.normal(size=(size, size))
    cov = mixing @ mixing.T / size + np.eye(size) / 2
    mean, bound = rng.normal(size=size) / 2, rng.normal(size=size) / 3
    x = mean[:, None] + np.linalg.cholesky(cov) @ rng.standard_normal((size, 400_000))
    flip = np.array(sign)[:, None]
    inside = x[:, (flip * x > flip * bound[:, None]).all(axis=0)]
    got = beyond(mean[:, None], cov, bound[:, None], sign)
    assert inside.shape[1] > 1_000
    share = inside.shape[1] / x.shape[1]
    assert np.exp(got.log_probability[0]) == pytest.approx(share, rel=0.15)
    error = inside.std(axis=1) / sqrt(inside.shape[1])
    assert (np.abs(got.mean[:, 0] - inside.mean(axis=1)) < 4.5 * error + 1e-3).all()
    products = inside[:, None] * inside[None]
    error = products.std(axis=2) / sqrt(inside.shape[1])
    assert (np.abs(got.product[:, :, 0] - products.mean(axis=2)) < 4.5 * error + 2e-3).all()


def test_p_values_far_out_keep_their_digits() -> None:
    assert two_sided(0.0) == 1.0
    assert two_sided(10.0) == pytest.approx(1.5239706048321e-23, rel=1e-9)
    assert two_sided(60.0) == 0.0


def test_the_correction_for_skewness_makes_a_gamma_normal() -> None:
    """A sum of 400 exponentials: skewness 0.1, excess 0.015."""
    skewness, kurtosis, n = 2 / sqrt(400), 6 / 400, 400
    sample = np.random.default_rng(5).gamma(n, size=2_000_000)
    z = (sample - n) / sqrt(n)
    raw = (z > 4.0).mean()
    mended = (
        np.mean([normalised(float(x), skewness, kurtosis) > 4.0 for x in z[z > 3.0]])
        * (z > 3.0).mean()
    )
    exact = two_sided(4.0) / 2
    assert raw > 1.8 * exact
    assert mended == pytest.approx(exact, rel=0.5)


def test_seeds_share_an_estimator_and_models_do_not() -> None:
    plans = [plan_of(seed=1), plan_of(seed=2), plan_of({"archetypes.web.base_cpu": 46.0})]
    one, two, other = (estimator(p) for p in plans if isinstance(p, ClassicPlan))
    assert one is two
    assert one is not other
