"""The laws that noise, bursts and figures of the realistic model follow.

Where a law can be worked out, it is: a series of noise is linear in its knots, so that its response
to each knot alone gives variance and correlation without any error. The other tests compare with
a bound of 4.5 standard errors or one as rare, which a right model exceeds less than once in
100,000 times; seeds are fixed, so that they fail always or never.
"""

from collections.abc import Callable
from hashlib import blake2b
from math import cos, pi, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fleetsynth.models.realistic import bursts, noise, parameters, simulate
from fleetsynth.models.realistic.compose import Squared
from fleetsynth.scenario.distribution import Distribution
from fleetsynth.streams import Stream, address
from fleetsynth.window import BLOCK, Window
from tests.realistic_agreement import realistic

Floats = NDArray[np.float64]

SIGMAS = 4.5
TILES = 100, 102
"""First tile, and one past the last, of which exact laws are worked out."""


# Octaves, exactly


class Impulses(Stream):
    """Instead of normals: 1 at a single knot of each entity, and 0 at all others."""

    def __init__(self, places: dict[bytes, tuple[int, int]]) -> None:
        self._places = places
        self._here: int | None = None

    def at(self, prefix: blake2b, last: Any) -> Any:
        """Remember which of the normals to come is 1."""
        block, place = self._places[prefix.digest()]
        self._here = place if block == last else None
        return self

    def standard_normal(self, out: Floats) -> None:
        """Fill."""
        out[...] = 0.0
        if self._here is not None:
            out.reshape(-1)[self._here] = 1.0


def responses(spacing: int) -> Floats:
    """What each knot alone adds to an octave over some tiles, shape (knots, samples)."""
    first, stop = TILES
    knots = range(first * BLOCK // spacing, stop * BLOCK // spacing + 2)
    per_block = BLOCK // spacing if spacing <= BLOCK else 64
    parts: tuple[Any, ...] = ("made",) if spacing <= BLOCK else ("slow made",)
    after = () if spacing <= BLOCK else (spacing,)
    names = [str(knot) for knot in knots]
    stream = Impulses(
        {
            address(0, *parts, name, 300, *after).digest(): divmod(knot, per_block)
            for knot, name in zip(knots, names, strict=True)
        }
        | {  # other draws of the same entities
            address(0, purpose, name, 300, *more).digest(): (-1, 0)
            for name in names
            for purpose, more in _others(spacing)
        }
    )
    layout: noise.Layout = {"one": (spacing,)}
    made = noise.Knots(layout, "made", 0, 300, names, first, stop, stream)
    return made.series("one", np.ones((len(names), 1)))


def _others(spacing: int) -> list[tuple[str, tuple[int, ...]]]:
    slow = [("slow made", (other,)) for other in (2048, 16384) if other != spacing]
    return slow + ([("made", ())] if spacing > BLOCK else [])


def moments(response: Floats, lag: int) -> tuple[Floats, Floats]:
    """Variance at each sample, and covariance with the sample `lag` later."""
    return (response**2).sum(axis=0), (response[:, :-lag] * response[:, lag:]).sum(axis=0)


@pytest.mark.parametrize("spacing", [spacing for spacing in noise.SPACINGS if spacing < noise.GRID])
def test_fast_octaves_have_variance_1_and_their_correlation_everywhere(spacing: int) -> None:
    variance, covariance = moments(responses(spacing), 1)
    assert len(variance) == 2 * BLOCK
    assert np.abs(variance - 1).max() < 4e-6
    assert np.abs(covariance - cos(pi / 2 / spacing)).max() < 4e-6


@pytest.mark.parametrize("spacing", [spacing for spacing in noise.SPACINGS if spacing > noise.GRID])
def test_slow_octaves_have_variance_1_and_their_correlation_on_the_grid(spacing: int) -> None:
    """Between two points of the grid it is what straight lines leave, in all tiles alike."""
    variance, covariance = moments(responses(spacing), noise.GRID)
    rho = cos(pi / 2 * noise.GRID / spacing)
    assert np.abs(variance[:: noise.GRID] - 1).max() < 4e-6
    assert np.abs(covariance[:: noise.GRID] - rho).max() < 4e-6
    part = np.arange(len(variance)) % noise.GRID / noise.GRID
    expected = (1 - part) ** 2 + part**2 + 2 * part * (1 - part) * rho
    assert np.abs(variance - expected).max() < 4e-6
    assert expected.min() > 0.96
    _, by_one = moments(responses(spacing), 1)
    now, then = part[:-1], part[:-1] + 1 / noise.GRID
    alike = (1 - now) * (1 - then) + now * then + rho * (now * (1 - then) + then * (1 - now))
    assert np.abs(by_one - alike).max() < 4e-6


def test_a_broken_seam_between_tiles_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An octave that closes a tile with the tile's own first knot."""
    add = noise._add_blended

    def broken(out: Floats, knots: Floats, spacing: int) -> None:
        per_tile = BLOCK // spacing
        for tile in range(out.shape[1] // BLOCK):
            own = knots[:, tile * per_tile : (tile + 1) * per_tile]
            closed = np.concatenate([own, own[:, :1]], axis=1)
            add(out[:, tile * BLOCK : (tile + 1) * BLOCK], closed, spacing)

    monkeypatch.setattr(noise, "_add_blended", broken)
    variance, covariance = moments(responses(4), 1)
    assert np.abs(variance - 1).max() < 4e-6
    assert np.flatnonzero(np.abs(covariance - cos(pi / 8)) > 0.1).tolist() == [BLOCK - 1]


# Seams, in the noise of a fleet


def own_noise() -> Floats:
    """The standardised own noise of many independent servers over some tiles."""
    plan = realistic({"archetypes.web.demand.shared": 0}, distribution={"web": 1}, num_servers=250)
    first = 11_000 * BLOCK
    return simulate.samples(plan, Window(0, 250, first, first + 8 * BLOCK)).own


def seam_scores(x: Floats) -> dict[str, float]:
    """How many standard errors borders of tiles differ from elsewhere, by what is compared.

    Elsewhere are the pairs at other borders of the grid.
    """
    last = np.arange(noise.GRID - 1, x.shape[1] - 1, noise.GRID)
    border = last % BLOCK == BLOCK - 1
    before, after = x[:, last], x[:, last + 1]
    compared = {
        "level": after - before,
        "variance before": before**2,
        "variance after": after**2,
        "autocorrelation": before * after,
    }
    scores = {}
    for name, values in compared.items():
        here, there = values[:, border].ravel(), values[:, ~border].ravel()
        # Noise remembers, so that an error is estimated from servers, which are independent.
        differences = values[:, border].mean(axis=1) - values[:, ~border].mean(axis=1)
        error = differences.std(ddof=1) / sqrt(len(differences))
        scores[name] = float((here.mean() - there.mean()) / error)
    return scores


def test_there_is_no_seam_between_tiles() -> None:
    scores = seam_scores(own_noise())
    assert max(abs(score) for score in scores.values()) < SIGMAS, scores


def _lifted(x: Floats) -> None:
    x[:, BLOCK::BLOCK] += 0.2


def _widened(x: Floats) -> None:
    x[:, BLOCK - 1 :: BLOCK] *= 1.25


def _forgetful(x: Floats) -> None:
    for tile in range(1, x.shape[1] // BLOCK, 2):
        x[:, tile * BLOCK : (tile + 1) * BLOCK] *= -1


@pytest.mark.parametrize(
    ("damage", "name"),
    [(_lifted, "level"), (_widened, "variance before"), (_forgetful, "autocorrelation")],
)
def test_a_seam_would_be_noticed(damage: Callable[[Floats], None], name: str) -> None:
    x = own_noise().copy()
    damage(x)
    assert abs(seam_scores(x)[name]) > SIGMAS


# CPU noise


@pytest.mark.parametrize("r", [0.0, 0.01, 0.3, 0.8, 1.2, 1.35])
def test_squared_noise_has_mean_1_and_the_relative_sd_that_was_asked_for(r: float) -> None:
    """By a quadrature that is exact for polynomials."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(8)
    weights = weights / weights.sum()
    values = Squared.of(np.array([r])).times(nodes[None, :], np.ones((1, 8)))[0]
    mean = float((weights * values).sum())
    assert abs(mean - 1) < 2e-6
    assert abs(sqrt(max(float((weights * (values - mean) ** 2).sum()), 0)) - r) < 1e-4
    assert (values >= 0).all()


def test_a_relative_sd_is_capped() -> None:
    one, other = (Squared.of(np.array([r])) for r in (1.35, 9.0))
    assert (one.slope, one.scale) == (other.slope, other.scale)


def test_cpu_has_its_level_and_its_relative_sd_at_borders_of_tiles_and_elsewhere() -> None:
    """Over servers that are alike but for their draws; r = 0.5 x 20^(0.7 - 1)."""
    flat = {"seasonality": 0, "growth": 0, "weekend": 1, "holiday": 1, "close": 0, "shared": 0}
    figures: dict[str, Any] = {f"archetypes.web.demand.{name}": v for name, v in flat.items()}
    figures |= {
        "archetypes.web.demand.level": 20,
        "archetypes.web.demand.shock_rate": 0,
        "archetypes.web.spread": 1,
        "archetypes.web.bursts.rate": 0,
        "archetypes.web.noise.size": 0.5,
        "archetypes.web.noise.exponent": 0.7,
    }
    plan = realistic(figures, distribution={"web": 1}, num_servers=1_500)
    border = 11_000 * BLOCK
    cpu = simulate.samples(plan, Window(0, 1_500, border - 2, border + 2)).cpu
    r = 0.5 * 20**-0.3
    for values in cpu.T:
        assert abs(values.mean() - 20) < SIGMAS * 20 * r / sqrt(1_500)
        kurtosis = ((values - values.mean()) ** 4).mean() / values.var() ** 2
        error = sqrt((kurtosis - 1) / 4 / 1_500)
        assert abs(values.std() / (20 * r) - 1) < SIGMAS * error


# Bursts


@pytest.fixture(scope="module")
def many() -> bursts.Bursts:
    names = [f"server_{i:03d}" for i in range(600)]
    figures = tuple(np.full(600, figure) for figure in (6.0, 3.0, 1.8, 15.0))
    return bursts.draw((3, "bursts", 300), names, 1_000, 1_009, figures, Stream())


def ks(values: Floats) -> float:
    """Distance of values in 0..1 from the uniform, in units where 2.5 is rare."""
    ordered = np.sort(values)
    n = len(ordered)
    steps = np.arange(n + 1) / n
    return float(max(np.abs(ordered - steps[1:]).max(), np.abs(ordered - steps[:-1]).max())) * sqrt(
        n
    )


def test_bursts_come_at_their_rate(many: bursts.Bursts) -> None:
    """43 candidates a tile of 512 / 288 days, 6 bursts a day expected; ten tiles are drawn."""
    n, p = 600 * 10 * 43, 6 * (512 / 288) / 43
    assert abs(len(many.row) - n * p) < SIGMAS * sqrt(n * p * (1 - p))
    per_server = np.bincount(many.row, minlength=600)
    chi2 = ((per_server - 430 * p) ** 2).sum() / (430 * p * (1 - p))
    assert abs(chi2 - 600) < SIGMAS * sqrt(1_200)


def test_bursts_last_one_to_four_samples(many: bursts.Bursts) -> None:
    counts = np.bincount(many.length, minlength=5)
    expected = np.array([0.4, 0.3, 0.18, 0.12]) * len(many.length)
    assert counts[0] == 0
    assert len(counts) == 5
    assert ((counts[1:] - expected) ** 2 / expected).sum() < 28  # 3 degrees of freedom


def test_bursts_begin_anywhere_in_a_tile(many: bursts.Bursts) -> None:
    assert ks((many.start % BLOCK + 0.5) / BLOCK) < 2.5
    assert set(np.unique(many.start // BLOCK)) == set(range(999, 1_009))


def test_heights_of_bursts_are_pareto_up_to_their_cap(many: bursts.Bursts) -> None:
    capped = many.height == 15.0
    p = (15 / 3) ** -1.8
    n = len(many.height)
    assert abs(capped.sum() - n * p) < SIGMAS * sqrt(n * p * (1 - p))
    assert many.height.min() >= 3.0
    assert many.height.max() == 15.0
    below = 1 - np.power(many.height[~capped] / 3, -1.8)
    assert ks(below / (1 - p)) < 2.5


def test_the_parts_of_a_burst_tell_nothing_of_each_other(many: bursts.Bursts) -> None:
    n = len(many.row)
    parts = [many.start % BLOCK, many.length, np.log(many.height), many.second]
    table = np.asarray(np.corrcoef(np.array(parts, dtype=np.float64)))
    assert np.abs(table[~np.eye(4, dtype=bool)]).max() < SIGMAS / sqrt(n)


def test_a_burst_goes_on_in_the_next_tile(many: bursts.Bursts) -> None:
    """The samples of both sides of a border add up to all that those bursts add."""
    one = bursts.Bursts(*(np.array([v]) for v in (0, 2 * BLOCK - 2, 4, 10.0, 0.5)))
    sides = []
    for first in (BLOCK, 2 * BLOCK):
        out = np.zeros((1, BLOCK))
        bursts.add(out, first, one, np.array([2.0]))
        sides.append(out[0])
    assert sides[0][-3:].tolist() == [0.0, 20.0, 17.0]
    assert sides[1][:3].tolist() == [14.0, 10.0, 0.0]
    assert ((many.start % BLOCK) + many.length > BLOCK).any()


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
            "archetypes.web.bursts.rate": {"uniform": [0, 24]},
            "archetypes.web.memory.level": {"uniform": [0, 100]},
            "archetypes.web.memory.leak": {"zero": 0.6, "uniform": [0, 1]},
        },
        distribution={"web": 1},
    )
    n = 3_000
    names = [f"server_{i:03d}" for i in range(n)]
    drawn = parameters.draw(plan, names, [0] * n, of_services=False)
    rate, level, leak = (drawn[p] for p in ("bursts.rate", "memory.level", "memory.leak"))
    assert ks(rate / 24) < 2.5
    assert ks(level / 100) < 2.5
    assert ks(leak[leak > 0]) < 2.5
    assert abs((leak == 0).sum() - 0.6 * n) < SIGMAS * sqrt(0.24 * n)
    table = np.asarray(np.corrcoef([rate, level, leak]))
    assert np.abs(table[np.triu_indices(3, 1)]).max() < SIGMAS / sqrt(n)
