"""Trends that belong together are drawn towards each other, as far as they are alike."""

from dataclasses import fields

import numpy as np
import pyarrow as pa
import pytest

from fleetsynth import capacity
from fleetsynth.capacity import growth, pool, trend
from fleetsynth.capacity.trend import Line
from fleetsynth.capacity.weekly import week_times

WEEKS = 104
SERIES = 40
TRUE = 0.02
"""Points a day."""


def lines(slope: np.ndarray | float, noise: np.ndarray) -> Line:
    """Fit lines to 50 points, a slope of each, and noise, shape (series, weeks)."""
    return trend.fit(
        50 + np.broadcast_to(np.asarray(slope), len(noise))[:, None] * week_times(WEEKS) + noise
    )


def drawn(line: Line, numbers: np.ndarray) -> Line:
    out = Line(**{each.name: getattr(line, each.name).copy() for each in fields(Line)})
    pool.draw([out], [numbers], pool.alike([out], [numbers]))
    return out


def white(seed: int = 3) -> np.ndarray:
    return 4 * np.random.default_rng(seed).standard_normal((SERIES, WEEKS))


ONE = np.zeros(SERIES, np.int64)


def test_what_grows_alike_shows_it_together() -> None:
    alone = lines(TRUE, white())
    together = drawn(alone, ONE)
    assert np.std(together.slope) < 0.4 * np.std(alone.slope)
    assert np.abs(together.slope - TRUE).mean() < 0.5 * np.abs(alone.slope - TRUE).mean()
    assert (together.of_slope < 0.5 * alone.of_slope).all()
    assert together.clearness == pytest.approx(together.slope / np.sqrt(together.of_slope))


def test_lines_are_turned_about_their_middle() -> None:
    alone = lines(TRUE, white())
    together = drawn(alone, ONE)
    for line in (alone, together):
        line.residuals[:] += line.level[:, None] + line.slope[:, None] * week_times(WEEKS)
    assert together.residuals == pytest.approx(alone.residuals, abs=1e-3)
    assert (together.of_level < alone.of_level).all()
    assert (together.of_level > together.of_slope * 360**2).all()


def test_what_differs_is_hardly_drawn() -> None:
    slopes = np.linspace(-0.1, 0.1, SERIES)
    alone = lines(slopes, white() / 10)
    together = drawn(alone, ONE)
    assert (np.abs(together.slope - alone.slope) < 0.3 * np.sqrt(alone.of_slope)).all()
    assert together.of_slope == pytest.approx(alone.of_slope, rel=0.05)


def test_who_clearly_differs_goes_by_itself() -> None:
    slopes = np.full(SERIES, 0.0)
    slopes[7] = 0.06
    alone = lines(slopes, white())
    together = drawn(alone, ONE)
    assert together.slope[7] == alone.slope[7]
    assert together.of_slope[7] == alone.of_slope[7]
    assert np.abs(together.slope[:7]).max() < np.abs(alone.slope[:7]).max()


def test_noise_that_all_share_is_noise_of_one() -> None:
    """Forty servers under one noise know no more of their trend than one does."""
    r = np.random.default_rng(4)
    shared = 4 * r.standard_normal(WEEKS) + r.standard_normal((SERIES, WEEKS))
    alone = lines(TRUE, shared)
    together = drawn(alone, ONE)
    alike = pool.alike([alone], [ONE])
    assert alike == pytest.approx(16 / 17, abs=0.04)
    assert (together.of_slope > 0.85 * alone.of_slope).all()
    assert pool.alike([lines(TRUE, white())], [ONE]) == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("between", [0.0, 0.5, 1.0, 3.0])
def test_intervals_of_drawn_trends_hold(between: float) -> None:
    """Pools of five, whose trends differ by so many standard errors."""
    r = np.random.default_rng(5)
    error = 4 / np.sqrt(WEEKS) / week_times(WEEKS).std()
    own = between * error * r.standard_normal(400)
    alone = lines(own, 4 * r.standard_normal((400, WEEKS)))
    together = drawn(alone, np.arange(400) // 5)
    inside = np.abs(together.slope - own) <= 1.645 * np.sqrt(together.of_slope)
    assert 0.85 <= inside.mean() <= 0.995
    assert np.abs(together.slope - own).mean() <= 1.02 * np.abs(alone.slope - own).mean()


def test_lines_of_several_parts_are_one_pool() -> None:
    """Whatever blocks servers came in, but that likeness is told within blocks alone; and those
    without a pool stay as they are.
    """
    numbers = np.where(np.arange(SERIES) % 4, np.arange(SERIES) % 2, -1)
    alone = lines(TRUE, white())
    whole = drawn(alone, numbers)
    parts = [alone.rows(np.arange(15)), alone.rows(np.arange(15, SERIES))]
    split = np.split(numbers, [15])
    pool.draw(parts, split, pool.alike(parts, split))
    for each in fields(Line):
        found = np.concatenate([getattr(part, each.name) for part in parts])
        assert found == pytest.approx(getattr(whole, each.name), rel=0.01, abs=0.02)
    assert (whole.slope[::4] == alone.slope[::4]).all()
    assert (whole.slope[1::4] != alone.slope[1::4]).all()


def test_pools_are_services_or_else_archetypes() -> None:
    service = [np.array([0, 0, -1]), np.array([-1, 0, -1])]
    kind = [np.array([2, 2, 2]), np.array([2, 1, -1])]
    first, second = (each.tolist() for each in pool.pools(service, kind))
    assert first[0] == first[1] != first[2]
    assert second[0] == first[2]
    assert second[1] not in first
    assert second[2] == -1
    assert pool.pools([np.full(3, -1)], [np.full(3, -1)])[0].tolist() == [-1] * 3


def test_replicas_under_one_noise_vote_as_one() -> None:
    """Eleven replicas that a shock bent speak against all others no louder than one of them."""
    voted = np.array([-1.0] * 11 + [2.0])
    numbers = np.array([0] * 11 + [1])
    alike = np.array([0.95] * 11 + [0.0])
    shares = pool.shares(numbers, alike, voted != 0)
    assert shares == pytest.approx([1 / (1 + 10 * 0.95)] * 11 + [1.0])
    low, group = np.full(12, 20.0), np.zeros(12, np.int64)
    assert not growth.compounding(voted, low, group).any()
    assert growth.compounding(voted, low, group, 0.5, shares)[-1]
    assert pool.shares(np.full(3, -1), np.zeros(3), np.ones(3, np.bool_)).tolist() == [1.0] * 3


def test_a_service_knows_its_growth_better_than_each_server_alone() -> None:
    """Twelve replicas of one demand, each under noise of its own: 1 point a month."""
    r, days = np.random.default_rng(8), 730
    times = (np.datetime64("2024-12-31") - np.arange(days)[::-1]).astype("datetime64[us]")
    parts = []
    for i in range(12):
        memory = 30 + i + np.arange(days) / 30.44 + 12 * r.standard_normal(days)
        words = {"server_id": [f"s{i:02}"] * days, "service": ["shop"] * days}
        parts.append(pa.table({"timestamp": times, **words, "mem_p95": memory}))
    table = pa.concat_tables(parts)
    off = []
    for each in (table, table.drop_columns("service")):
        trends = [row["trend_month"] for row in capacity(each).rows("server")]
        off.append(np.abs(np.array(trends) - 1).mean())
    assert off[0] < 0.5 * off[1]
