"""Facts from sample to sample: on series of which one thing is known, and no other."""

import numpy as np
import pytest
from numpy.typing import NDArray

from fleetsynth.facts import quiet

Floats = NDArray[np.float64]
WEEKS = 4
COUNT = WEEKS * quiet.WEEK


def white(seed: int = 1) -> Floats:
    return 20 + np.random.default_rng(seed).normal(0, 1, COUNT)


def remembering(rho: float) -> Floats:
    z = np.random.default_rng(2).normal(0, 1, COUNT)
    out = z.copy()
    for at in range(1, COUNT):
        out[at] = rho * out[at - 1] + np.sqrt(1 - rho * rho) * z[at]
    return 20 + out


def test_white_noise_is_white_and_nothing_else() -> None:
    found = quiet.quiet(white())
    assert abs(found["quiet_lag"]) < 0.06
    assert found["quiet_mad"] == pytest.approx(0.6745 / 20, rel=0.05)
    assert found["periodic"] == 0
    assert found["episodes"] == 0
    assert found["frequent"] < 1
    assert abs(found["skew_of_differences"]) < 0.1
    assert found["week_over_day"] == pytest.approx(1, abs=0.02)


def test_memory_moves_the_quiet_lag() -> None:
    lags = [quiet.quiet(remembering(rho))["quiet_lag"] for rho in (-0.3, 0.2, 0.6)]
    assert lags == pytest.approx([-0.26, 0.13, 0.44], abs=0.08)
    assert lags == sorted(lags)


@pytest.mark.parametrize(("length", "second", "share"), [(1, 0.0, 100.0), (3, 1.0, 0.0)])
def test_spikes_have_their_length(length: int, second: float, share: float) -> None:
    x = np.round(white(), 6)
    for at in np.random.default_rng(3).choice(COUNT // 40, 60, replace=False) * 40 + 7:
        x[at : at + length] += 60
    found = quiet.quiet(x)
    assert found["second_sample"] == pytest.approx(second, abs=0.06)
    assert found["one_sample"] == pytest.approx(share, abs=8)
    assert found["periodic"] == 0


@pytest.mark.parametrize("period", quiet.PERIODS)
def test_a_job_is_found_by_its_period(period: int) -> None:
    x = white()
    x[5::period] += 30
    assert quiet.quiet(x)["periodic"] == 100
    x[7::20] += 0.0  # and not where nothing is added
    assert quiet.quiet(white(5))["periodic"] == 0


def test_an_episode_is_half_an_hour_or_more() -> None:
    x = white()
    x[300:306] += 40
    x[quiet.WEEK + 300 : quiet.WEEK + 305] += 40
    assert quiet.quiet(x)["episodes"] == 100 / WEEKS


def test_counters_repeat_and_days_return() -> None:
    coarse = quiet.quiet(np.round(white()))
    assert coarse["frequent"] > 90
    day = np.tile(np.random.default_rng(4).normal(20, 3, quiet.DAY), COUNT // quiet.DAY)
    own = np.repeat(np.arange(COUNT // quiet.DAY) % 7 / 3, quiet.DAY)
    assert quiet.quiet(day + white() / 9)["week_over_day"] == pytest.approx(1, abs=0.05)
    assert quiet.quiet(day + own + white() / 9)["week_over_day"] < 0.8


def test_the_level_is_a_median_over_three_hours() -> None:
    x = white()
    level = quiet.level(x)
    for hour in (1, 77, 600):
        middle = (level[hour * 12 + 5] + level[hour * 12 + 6]) / 2
        assert middle == pytest.approx(np.median(x[hour * 12 - 12 : hour * 12 + 24]), abs=0.02)


def test_turns_and_repeats() -> None:
    x = np.array([1.0, 2, 1, 2, 2, 3, np.nan, 1])
    assert quiet.repeats(x) == pytest.approx(100 / 6)
    assert quiet.turns(x) == pytest.approx(3 / 4)
    assert quiet.quiet(white()[:2000]) == {}


def test_what_is_missing_is_joined() -> None:
    x = white()
    x[100:110] = np.nan
    assert quiet.quiet(x)["quiet_lag"] == pytest.approx(quiet.quiet(white())["quiet_lag"], abs=0.02)
