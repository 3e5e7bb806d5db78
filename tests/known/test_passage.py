"""When a level is reached: each step of the estimate on numbers that can be followed by hand."""

import numpy as np
import pytest

from fleetsynth.report import growth, passage, sawtooth
from fleetsynth.report import outlook as module
from fleetsynth.report.outlook import Outlook, Status, unknown
from fleetsynth.report.passage import Line

NAN = np.nan
T = 1096  # three years of days
DAYS = np.arange(T, dtype=np.float64)


def outlook(daily: np.ndarray) -> Outlook:
    """The outlook of series of one archetype, looked at four at a time."""
    blocks = (daily[first : first + 4] for first in range(0, len(daily), 4))
    return module.outlook(blocks, np.zeros(len(daily), dtype=np.int64))


def of(values: object) -> Outlook:
    return outlook(np.atleast_2d(np.asarray(values, dtype=np.float64)))


def flat(residuals: list[float], *, slope: float = 0.0, clustering: float = 1.0) -> Line:
    """A line at level 50 that nothing is doubted about."""
    return Line(
        np.array([50.0]),
        np.array([slope]),
        np.zeros((3, 1)),
        np.array([residuals]),
        np.array([clustering]),
    )


# The weekly figure and the breach


def test_the_weekly_figure_is_the_greatest_third_highest_of_seven() -> None:
    # The windows that end on days 7 to 13 have third-highest 5, 5, 6, 7, 8, 9 and 9.
    assert passage.weekly(np.array([[1, 2, 3, 4, 5, 6, 7, 5, 8, 9, 9, 10, 1.0]])).tolist() == [[9]]
    # Counted back from the last day: 20 days are two weeks, of days 7-13 and 14-20.
    rising = np.arange(1.0, 21)[None]
    assert passage.weekly(rising).tolist() == [[11, 18]]
    # Of 19 days the first week are 6 to 12; the windows that end on 7 to 12 are whole.
    assert passage.weekly(np.arange(1.0, 20)[None]).tolist() == [[10, 17]]
    assert passage.weekly(np.arange(1.0, 8)[None]).tolist() == [[5]]
    assert passage.weekly(np.ones((2, 6))).shape == (2, 0)


def test_a_window_needs_three_values() -> None:
    two = np.full((1, 13), NAN)
    two[0, [6, 12]] = 5
    assert np.isnan(passage.weekly(two)).all()
    two[0, 9] = 4
    assert passage.weekly(two).tolist() == [[4]]


def test_a_breach_is_three_of_seven_days() -> None:
    def days(*at: int) -> np.ndarray:
        out = np.full((1, 14), 99.99)
        out[0, list(at)] = 100
        return out

    assert passage.breached(days(3, 6, 9), 100).tolist() == [True]
    assert passage.breached(days(3, 6, 10), 100).tolist() == [False]
    assert passage.breached(days(0, 1), 100).tolist() == [False]
    assert passage.breached(days(0, 1, 2), 100).tolist() == [True]
    assert passage.breached(days(11, 12, 13), 100).tolist() == [True]


# The line


def test_a_line_is_found_exactly_and_outliers_do_not_bend_it() -> None:
    t = passage.week_times(40)
    assert t[[0, -2, -1]].tolist() == [-276, -10, -3]
    figures = np.array([30 + 0.1 * t, 30 + 0.1 * t, np.full(40, 7.0)])
    figures[1, 20] += 40
    found = passage.line(figures, {})
    assert found.level == pytest.approx([30, 30, 7], abs=0.01)
    assert found.slope == pytest.approx([0.1, 0.1, 0], abs=1e-4)
    plain = np.polyfit(t, figures[1], 1)
    assert abs(plain[1] - 30) > 0.5  # least squares would be bent


def test_weeks_without_a_figure_do_not_count() -> None:
    t = passage.week_times(40)
    figures = (30 + 0.1 * t)[None].copy()
    figures[0, [0, 7, 8, 39]] = NAN
    found = passage.line(figures, {})
    assert (found.level[0], found.slope[0]) == pytest.approx((30, 0.1))
    assert np.isnan(found.residuals[0]).sum() == 4


def test_the_error_of_a_slope() -> None:
    """Residuals +1, -1, -1, +1, … are at right angles to the line, and hardly like their next."""
    t = passage.week_times(40)
    rest = np.tile([1.0, -1, -1, 1], 10)
    found = passage.line((50 + 0.1 * t + rest)[None], {})
    spread = ((t - t.mean()) ** 2).sum()
    r = (rest[1:] * rest[:-1]).sum() / 40
    r += (1 + 4 * r) / 40
    variance = 40 / 38 * (1 + max(r, 0)) / (1 - max(r, 0)) * 3 / spread
    assert found.slope[0] == pytest.approx(0.1, abs=1e-3)
    assert found.variance[1, 0] == pytest.approx(variance, rel=0.01)
    at_centre = variance * spread / 40
    assert found.variance[0, 0] == pytest.approx(at_centre + variance * t.mean() ** 2, rel=0.01)
    assert found.variance[2, 0] == pytest.approx(-variance * t.mean(), rel=0.01)
    assert found.clearness[0] == pytest.approx(0.1 / np.sqrt(variance), rel=0.02)


def test_likeness_of_neighbours_widens_the_error() -> None:
    slow = np.repeat([1.0, -1.0], 20)[None]
    r = 37 / 40  # 38 alike, one not
    r = min(r + (1 + 4 * r) / 40, 0.95)
    assert passage.long_run(slow) == pytest.approx([(1 + r) / (1 - r)])
    assert passage.long_run(np.tile([1.0, -1.0], 20)[None]) == pytest.approx([1])


def test_likeness_and_the_error_of_a_slope() -> None:
    """Weeks that stay above the line for long tell less of it."""
    t = passage.week_times(80)
    quick, slow = np.tile([1.0, -1, -1, 1], 20), np.tile(np.repeat([1.0, -1, -1, 1], 5), 4)
    found = passage.line(50 + 0.1 * t + np.array([quick, slow]), {})
    r = (slow[1:] * slow[:-1]).sum() / 80
    r += (1 + 4 * r) / 80
    wider = found.variance[1, 1] / found.variance[1, 0]
    least = (quick[1:] * quick[:-1]).sum() / 80
    least += (1 + 4 * least) / 80
    times = (1 + r) / (1 - r) * (1 - max(least, 0)) / (1 + max(least, 0))
    assert times > 4
    assert wider == pytest.approx(times, rel=0.1)


# The chance


def test_the_chance_of_a_breach_adds_up() -> None:
    """One of three residuals reaches the level: one in four each week."""
    chances = passage.chance(flat([-1, 0, 1]), 50.5, 3)
    assert chances[0] == pytest.approx([1 / 4, 7 / 16, 37 / 64])
    half = passage.chance(flat([-1, 0, 1], clustering=0.5), 50.5, 2)
    assert half[0] == pytest.approx([1 - 0.75**0.5, 1 / 4])
    assert passage.chance(flat([-1, 0, 1]), 51, 1)[0] == pytest.approx([1 / 4])  # at it is reached


def test_beyond_the_greatest_residual_the_tail_is_exponential() -> None:
    """The greatest tenth exceeds the next by 2: a gap 2 wider is reached 1 / e as often."""
    residuals = [*range(9), 10.0]
    one, two = (passage.chance(flat(residuals), 60 + more, 1)[0, 0] for more in (2, 4))
    assert one == pytest.approx(np.exp(-1) / 11)
    assert two == pytest.approx(np.exp(-2) / 11)


def test_a_rising_line_comes_nearer_week_by_week() -> None:
    """A point a week from 50 on; the middle of the first week is four days ahead."""
    chances = passage.chance(flat([-0.4, 0.0, 0.4], slope=1 / 7), 53, 3)[0]
    expected = [np.exp(-(3 - 4 / 7 - 0.4) / 0.4) / 4, np.exp(-(3 - 11 / 7 - 0.4) / 0.4) / 4]
    expected.append(np.exp(-(3 - 18 / 7 - 0.4) / 0.4) / 4)  # 0.43 short of the level, 0.4 at most
    left = np.cumprod(1 - np.array(expected))
    assert chances == pytest.approx(1 - left)


def test_doubt_of_the_level_is_looked_at_on_both_sides() -> None:
    """A level known to 10 points either way, and residuals of nothing: half are above already."""
    sure = flat([-1e-9, 0.0, 1e-9])
    doubted = Line(
        sure.level, sure.slope, np.array([[100.0], [0], [0]]), sure.residuals, sure.clustering
    )
    low, mid, high = (passage.chance(doubted, level, 40)[0, -1] for level in (40, 50.5, 60))
    assert low == pytest.approx(1 - 0.16, abs=0.06)
    assert mid == pytest.approx(0.5, abs=0.12)
    assert high == pytest.approx(0.16, abs=0.06)
    slope = Line(
        sure.level, sure.slope, np.array([[0.0], [1.0], [0]]), sure.residuals, sure.clustering
    )
    # A slope known to a point a day either way: 40 weeks on, 10 points are nothing.
    assert passage.chance(slope, 60, 40)[0, -1] == pytest.approx(0.45, abs=0.08)
    assert passage.chance(slope, 60, 1)[0, -1] == pytest.approx(0.01, abs=0.03)


def test_doubt_of_level_and_slope_may_cancel() -> None:
    """Four days ahead variances of 100 and 1 and a covariance of -10 add up to 36."""
    one = flat([-1.0, 0.0, 1.0])
    both, alone = (
        Line(one.level, one.slope, np.array(v)[:, None], one.residuals, one.clustering)
        for v in ([100.0, 1.0, -10.0], [36.0, 0.0, 0.0])
    )
    first = passage.chance(both, 58, 1)[0, 0]
    assert first == pytest.approx(passage.chance(alone, 58, 1)[0, 0])
    assert first > 0.02


def test_days_until_a_chance() -> None:
    chances = np.array([[0.0, 0.2, 0.6], [0.7, 0.8, 0.9], [0.1, 0.2, 0.3]])
    expected = [7 * (2 + 3 / 4), 7 * 5 / 7, np.inf]
    assert passage.days_until(chances, 0.5) == pytest.approx(expected)
    assert passage.days_until(chances, 0.6)[0] == 21  # reached at the very end of the week


# What is said of a series


@pytest.mark.parametrize(
    ("begin", "end", "days"), [(0, 70, 469), (30, 75, 608), (0, 60, 730), (60, 95, 156)]
)
def test_a_straight_ramp_is_dated_when_it_arrives(begin: int, end: int, days: int) -> None:
    rng = np.random.default_rng(end)
    series = np.linspace(begin, end, T) + rng.normal(0, 0.3, T)
    found = of(series)
    assert found.status == [Status.DATED]
    assert found.days[0] == pytest.approx(days, rel=0.02)
    assert found.early[0] < found.days[0] < found.late[0]
    assert found.slope[0] == pytest.approx((end - begin) / (T - 1) * 365.25, rel=0.01)
    holed = series.copy()
    holed[::5], holed[300:420] = NAN, NAN
    assert of(holed).days[0] == pytest.approx(days, rel=0.02)


def test_noise_brings_the_date_forward() -> None:
    """From 75 %, 0.05 a day, the line is at 100 in 505 days; noise of 5 points is there before.

    Of 2,000 futures drawn so, half had breached by day 410, one in twenty by day 358, all but as
    many by day 451.
    """
    rng = np.random.default_rng(1)
    found = outlook(20 + 0.05 * DAYS + rng.normal(0, 5, (40, T)))
    assert found.status == [Status.DATED] * 40
    assert np.median(found.days) == pytest.approx(410, abs=15)
    assert np.median(found.early) == pytest.approx(358, abs=20)
    assert np.median(found.late) == pytest.approx(451, abs=30)


def test_a_ramp_down_falls_and_has_no_date() -> None:
    found = of(90 - 0.05 * DAYS)
    assert (found.status, np.isnan(found.days[0])) == ([Status.FALLING], True)
    assert found.slope[0] == pytest.approx(-0.05 * 365.25)


@pytest.mark.parametrize(
    ("series", "status"),
    [
        (np.full(T, 50.0), Status.CONSTANT),
        (np.full(T, 100.0), Status.CONSTANT_FULL),
        (np.full(T, 99.99), Status.CONSTANT),
        (50 + 0.04 * (-1.0) ** DAYS, Status.CONSTANT),
        (50 + 0.06 * (-1.0) ** DAYS, Status.LEVEL),
        (50 + 5 * (-1.0) ** DAYS, Status.LEVEL),
        (np.full(1, 50.0), Status.SHORT),
        (np.full(181, 50.0), Status.SHORT),
        (np.full(182, 50.0), Status.CONSTANT),
        (np.full(T, NAN), Status.SHORT),
        (np.where(DAYS % 7 == 0, 50.0, NAN), Status.SHORT),  # no three days of seven
    ],
)
def test_what_has_no_trend_is_set_apart(series: np.ndarray, status: Status) -> None:
    found = of(series)
    assert found.status == [status]
    assert np.isnan([found.days[0], found.early[0], found.late[0]]).all()


def _with(series: np.ndarray, at: slice | list[int], value: float) -> np.ndarray:
    out = series.copy()
    out[at] = value
    return out


def test_who_is_full_has_no_date_but_who_was_full_may() -> None:
    ramp = 20 + 0.05 * DAYS
    for last, status in ((T - 1, Status.ABOVE), (T - 28 + 2, Status.ABOVE), (T - 29, Status.DATED)):
        assert of(_with(ramp, [last - 2, last - 1, last], 100)).status == [status], last
    assert of(_with(ramp, [T - 2, T - 1], 100)).status == [Status.DATED]
    assert of(_with(ramp, slice(T - 3, T), 99.99)).status == [Status.DATED]


def test_what_ended_has_no_date() -> None:
    ramp = 20 + 0.05 * DAYS
    assert of(_with(ramp, slice(T - 28, T), NAN)).status == [Status.ENDED]
    assert of(_with(ramp, slice(T - 27, T), NAN)).status == [Status.DATED]


def test_no_date_is_farther_ahead_than_the_data_reach_back_or_than_three_years() -> None:
    half = np.arange(400.0)
    for days, status in ((390, Status.DATED), (410, Status.LATER)):
        slope = 0.1
        found = of(100 - slope * (399 + days) + slope * half)
        assert found.status == [status], days
        assert found.slope[0] == pytest.approx(slope * 365.25, rel=1e-3)
    long = np.arange(3000.0)
    for days, status in ((1080, Status.DATED), (1110, Status.LATER)):
        assert of(100 - 0.02 * (2999 + days) + 0.02 * long).status == [status], days


def test_a_trend_counts_from_two_and_a_half_standard_errors_on() -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 3, T)
    noise -= np.polyval(np.polyfit(DAYS, noise, 1), DAYS)
    for sign, status in ((1, Status.LATER), (-1, Status.FALLING)):
        low, high = 0.0, 0.02
        for _ in range(30):  # find the slope at the very threshold
            slope = (low + high) / 2
            figures = passage.weekly((50 + sign * slope * (DAYS - T / 2) + noise)[None])
            clear = abs(passage.line(figures, {}).clearness[0]) >= 2.5
            low, high = (low, slope) if clear else (slope, high)
        below, above = (
            of(50 + sign * s * (DAYS - T / 2) + noise).status[0] for s in (low * 0.99, high * 1.01)
        )
        assert below == Status.LEVEL
        assert above == status
        assert high * 365 < 2.5  # so that the search was not in vain


def test_series_are_judged_one_by_one() -> None:
    every = np.array([20 + 0.05 * DAYS, np.full(T, 50.0), 90 - 0.05 * DAYS, 30 + 0.05 * DAYS])
    together, alone = outlook(np.tile(every[:3], (150, 1))), outlook(every[:3])
    assert together.status == alone.status * 150
    assert together.days[:3] == pytest.approx(alone.days, nan_ok=True)
    assert together.days[-3:] == pytest.approx(alone.days, nan_ok=True)
    assert outlook(np.zeros((0, 10))).status == []
    assert unknown(2).status == ["not judged"] * 2


# Saw-tooths


def saw(floor: float, slope: float, height: float, days: int) -> np.ndarray:
    """Rises from a floor that moves, and falls back to it, after so many days each time."""
    return floor + slope * DAYS + height * (DAYS % days) / (days - 1)


def test_a_saw_follows_its_floors() -> None:
    (found,) = sawtooth.floors(saw(20, 0.04, 29, 30)[None]).values()
    assert found.slope == pytest.approx(0.04)
    assert found.error < 0.001
    assert found.days == 30
    dated = of(saw(20, 0.04, 29, 30))
    # From day 1347 on the peaks of a cycle reach 100 on three days: 254 days after the last.
    assert dated.status == [Status.DATED]
    assert dated.early[0] < 254 < dated.late[0]
    assert dated.days[0] == pytest.approx(254, abs=30)
    assert dated.slope[0] == pytest.approx(0.04 * 365.25)


@pytest.mark.parametrize("days", [7, 30, 90])
def test_a_saw_on_a_level_floor_never_runs_out(days: int) -> None:
    found = of(saw(40, 0, 50, days))
    assert (found.status, np.isnan(found.days[0])) == ([Status.LEVEL], True)


def test_a_saw_that_grows_to_the_left_of_its_last_reset_is_no_ramp() -> None:
    """Ends high in its tooth: a line through the last weeks would be full next week."""
    series = saw(30, 0, 60, 90)[: 12 * 90 + 88]
    assert of(series).status == [Status.LEVEL]


@pytest.mark.parametrize(
    ("series", "is_saw"),
    [
        (saw(20, 0, 2.9, 30), False),  # too low
        (saw(20, 0, 3.4, 30), True),
        (saw(20, 0, 30, 300), False),  # three resets in three years
        (saw(20, 0, 30, 260), True),  # four
        (20 + 25 * np.sin(DAYS / 20), False),  # falls slowly
        (np.where(DAYS % 2 == 0, 20.0, 40.0), False),  # the same two days apart
    ],
)
def test_what_is_a_saw(series: np.ndarray, is_saw: bool) -> None:
    assert bool(sawtooth.floors(series[None])) is is_saw


def test_a_saw_with_gaps_and_one_too_short() -> None:
    series = saw(20, 0.04, 29, 30)
    series[::11] = NAN
    (found,) = sawtooth.floors(series[None]).values()
    assert found.slope == pytest.approx(0.04, abs=0.002)
    assert sawtooth.floors(series[None, :100]) == {}
    assert sawtooth.floors(np.zeros((1, 1))) == {}


def test_rises_that_resets_do_not_take_back_make_no_saw() -> None:
    """A point up and down each day, 547 rises, and four steps down of 5: 20 of 547."""
    series = 60 + DAYS % 2 - 5 * np.searchsorted([200, 500, 800, 1000], DAYS, "right")
    assert sawtooth.floors(series[None]) == {}
    steps = 60 - 5.0 * np.searchsorted([200, 500, 800, 1000], DAYS, "right")
    assert list(sawtooth.floors((steps + 20 * (DAYS % 250) / 250)[None])) == [0]


# Growth in per cent


def test_what_compounds_is_dated_as_such() -> None:
    rng = np.random.default_rng(2)
    rate = np.log(100 / 60) / 400  # 60 % on the last day, full in 400
    series = 60 * np.exp(rate * (DAYS - T + 1)) + rng.normal(0, 0.3, (6, T))
    found = outlook(series)
    assert found.status == [Status.DATED] * 6
    assert found.days == pytest.approx(400, rel=0.03)
    assert found.slope == pytest.approx(60 * rate * 365.25, rel=0.05)


def test_groups_decide_together_and_apart() -> None:
    rng = np.random.default_rng(2)
    curved = 60 * np.exp(0.001 * (DAYS - T)) + rng.normal(0, 0.3, (4, T))
    straight = 60 + 0.04 * (DAYS - T) + rng.normal(0, 0.3, (4, T))
    figures = passage.weekly(np.concatenate([curved, straight]))
    lines = passage.line(figures, {})
    apart = growth.compounding(figures, lines, np.repeat([0, 1], 4))
    assert apart.tolist() == [True] * 4 + [False] * 4
    minority = np.concatenate([figures[:1], figures[4:]])
    together = growth.compounding(minority, passage.line(minority, {}), np.zeros(5, dtype=np.int64))
    assert not together.any()


def test_what_falls_or_is_near_nothing_does_not_compound() -> None:
    falling = 60 * np.exp(-0.002 * DAYS)
    tiny = 0.3 * np.exp(0.002 * DAYS)
    figures = passage.weekly(np.array([falling, tiny]))
    lines = passage.line(figures, {})
    assert growth.compounding(figures, lines, np.arange(2)).tolist() == [False, False]
