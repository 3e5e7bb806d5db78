"""Each step of the estimate on numbers that can be followed by hand."""

import numpy as np
import pytest

from fleetsynth.capacity import growth, passage, sawtooth, season, steps, trend
from fleetsynth.capacity.course import courses
from fleetsynth.capacity.estimate import Outlook, outlook
from fleetsynth.capacity.look import look
from fleetsynth.capacity.trend import Line
from fleetsynth.capacity.weekly import first_breach, week_times, weekly

NAN = np.nan
T = 1096
DAYS = np.arange(T, dtype=np.float64)
LAST = 19_000


def flat(residuals: list[float], *, slope: float = 0.0, clustering: float = 1.0) -> Line:
    """A line at level 50 that nothing is doubted about."""
    one, zero = np.array([50.0]), np.zeros(1)
    return Line(
        one, np.array([slope]), zero, zero, zero, np.array([clustering]), zero,
        np.array([residuals], np.float32),
    )  # fmt: skip


def weeks(count: int) -> np.ndarray:
    return np.arange(1.0, count + 1)


def of(values: object, *, horizon: int | None = None, level: float = 100.0) -> Outlook:
    daily = np.atleast_2d(np.asarray(values, dtype=np.float32))
    found = look(daily, LAST)
    (course,) = courses([found], [np.zeros(len(daily), np.int64)])
    return outlook(found, course, np.full((1, len(daily)), level), 0, LAST, horizon)


def test_the_weekly_figure_is_the_greatest_third_highest_of_seven() -> None:
    # The windows that end on days 7 to 13 have third-highest 5, 5, 6, 7, 8, 9 and 9.
    assert weekly(np.array([[1, 2, 3, 4, 5, 6, 7, 5, 8, 9, 9, 10, 1.0]])).tolist() == [[9]]
    # Counted back from the last day: 20 days are two weeks, of days 7-13 and 14-20.
    assert weekly(np.arange(1.0, 21)[None]).tolist() == [[11, 18]]
    assert weekly(np.arange(1.0, 20)[None]).tolist() == [[10, 17]]
    assert weekly(np.ones((2, 6))).shape == (2, 0)


def test_the_weekly_figure_against_windows_one_by_one() -> None:
    r = np.random.default_rng(2)
    daily = r.uniform(0, 100, (30, 100))
    daily[r.random(daily.shape) < 0.3] = NAN
    found = weekly(daily)
    for row, own in zip(daily, found, strict=True):
        for week, figure in enumerate(own):
            end = 100 - 7 * (len(own) - 1 - week)
            best = -np.inf
            for last in range(end - 6, end + 1):
                window = np.sort(row[max(0, last - 7) : last])
                window = window[~np.isnan(window)]
                best = max(best, window[-3] if len(window) > 2 else -np.inf)
            assert figure == pytest.approx(best if np.isfinite(best) else NAN, nan_ok=True)


def test_a_breach_is_the_third_day_of_seven() -> None:
    days = np.full((1, 30), 99.0)
    days[0, [12, 14, 18]] = 100
    assert first_breach(days, 10, 100).tolist() == [9]
    assert first_breach(days, 13, 100).tolist() == [6]  # the day that came before counts
    days[0, 18] = 99
    days[0, 20] = 100
    assert np.isinf(first_breach(days, 10, 100)).all()


def test_a_line_is_found_exactly_and_outliers_do_not_bend_it() -> None:
    t = week_times(40)
    assert t[[0, -2, -1]].tolist() == [-276, -10, -3]
    figures = np.array([30 + 0.1 * t, 30 + 0.1 * t, np.full(40, 7.0)])
    figures[1, 20] += 40
    found = trend.fit(figures)
    assert found.level == pytest.approx([30, 30, 7], abs=0.01)
    assert found.slope == pytest.approx([0.1, 0.1, 0], abs=1e-4)


def test_weeks_without_a_figure_do_not_count() -> None:
    t = week_times(40)
    figures = (30 + 0.1 * t)[None].copy()
    figures[0, [0, 7, 8, 39]] = NAN
    found = trend.fit(figures)
    assert (found.level[0], found.slope[0]) == pytest.approx((30, 0.1))
    assert np.isnan(found.residuals[0]).sum() == 4


def test_a_peak_that_comes_once_says_nothing_of_those_to_come() -> None:
    r = np.random.default_rng(0)
    figures = 50 + r.standard_normal((2, 104))
    figures[0, 60] = 99  # a load test
    figures[1, [10, 30, 50, 70, 90]] = 99  # a habit
    found = trend.fit(figures)
    assert np.isnan(found.residuals[0, 60])
    assert np.nanmax(found.residuals[0]) < 5
    assert np.nanmax(found.residuals[1]) > 40


def test_likeness_of_neighbours_widens_the_error() -> None:
    slow = np.repeat([1.0, -1.0], 20)[None]
    r = 37 / 40  # 38 alike, one not
    r = min(r + (1 + 4 * r) / 40, 0.95)
    assert trend.long_run(slow) == pytest.approx([(1 + r) / (1 - r)])
    assert trend.long_run(np.tile([1.0, -1.0], 20)[None]) == pytest.approx([1])


def test_the_chance_of_a_breach_adds_up() -> None:
    """One of three residuals reaches the level: one in four each week."""
    chances = passage.chance(flat([-1, 0, 1]), 50.99, weeks(3))
    assert chances[0] == pytest.approx([1 / 4, 7 / 16, 37 / 64], rel=0.02)
    half = passage.chance(flat([-1, 0, 1], clustering=0.5), 50.99, weeks(2))
    assert half[0] == pytest.approx([1 - 0.75**0.5, 1 / 4], rel=0.02)


def test_beyond_the_greatest_residual_the_tail_is_exponential() -> None:
    """The greatest tenth exceeds the next by 2: a gap 2 wider is reached 1 / e as often."""
    residuals = [*range(9), 10.0]
    one, two = (passage.chance(flat(residuals), 60 + more, weeks(1))[0, 0] for more in (2, 4))
    assert one == pytest.approx(np.exp(-1) / 11, rel=0.02)
    assert two == pytest.approx(np.exp(-2) / 11, rel=0.02)


def test_weeks_further_ahead_are_looked_at_together() -> None:
    """The hazard of several weeks is that of their middle, so many times."""
    assert passage.ends(3).tolist() == [1, 2, 3]
    assert passage.ends(55).tolist() == [*range(1, 53), 54, 55]
    assert passage.ends(170).tolist()[-5:] == [156, 160, 164, 168, 170]
    line = flat([-1, 0, 1], slope=0.01)
    fine, coarse = (passage.chance(line, 52.0, until) for until in (weeks(40), 4 * weeks(10)))
    assert coarse[0] == pytest.approx(fine[0, 3::4], abs=0.03)


def test_days_until_a_chance() -> None:
    chances = np.array([[0.0, 0.2, 0.6], [0.7, 0.8, 0.9], [0.1, 0.2, 0.3]])
    expected = [7 * (2 + 3 / 4), 7 * 5 / 7, np.inf]
    assert passage.days_until(chances, 0.5, weeks(3)) == pytest.approx(expected)
    assert passage.days_until(chances, 0.5, np.array([1.0, 2, 6]))[0] == pytest.approx(7 * 5)


def test_a_step_cuts_the_history() -> None:
    r = np.random.default_rng(4)
    figures = 60 + r.standard_normal((3, 104))
    figures[0, 50:] -= 30  # halved
    figures[1, 95:] += 20  # nine weeks ago
    begin = steps.last_steps(figures)
    assert begin[0] == pytest.approx(50, abs=1)
    assert begin[1] == pytest.approx(95, abs=1)
    assert begin[2] == 0
    left = steps.cut(figures.astype(np.float32), begin)
    assert np.isnan(left[0, : begin[0]]).all()
    assert left[1] == pytest.approx(80, abs=5)  # too short alone: what came before is moved
    assert left[2] == pytest.approx(figures[2])


def test_an_outage_is_no_step() -> None:
    figures = np.full((2, 104), 50.0) + np.random.default_rng(1).standard_normal((2, 104))
    figures[0, 40:44] = 0
    figures[1, 60:] += np.arange(44) * 0.4  # nor is a ramp
    assert steps.last_steps(figures).tolist() == [0, 0]


def test_a_saw_tooth_goes_by_its_floors() -> None:
    age = DAYS % 20
    daily = np.array([20 + 0.01 * DAYS + 0.5 * age, 20 + 5.0 * (DAYS % 7 < 5)])
    (row,) = sawtooth.floors(daily)
    saw = sawtooth.floors(daily)[row]
    assert row == 0
    assert (saw.slope, saw.days) == pytest.approx((0.01, 20), rel=0.02)
    assert saw.floor == pytest.approx(20 + 0.01 * T, abs=1.5)
    assert saw.height == pytest.approx(9, abs=1.5)


def test_growth_in_per_cent_is_told_from_growth_in_points() -> None:
    r = np.random.default_rng(6)
    t = week_times(156)
    noise = r.standard_normal((2, 20, 156)) * 0.5
    curved = 60 * np.exp(0.0012 * t) + noise[0]
    straight = 60 + 0.04 * t + noise[1]
    figures = np.concatenate([curved, straight]).astype(np.float32)
    line = trend.fit(figures)
    low = trend.quantile(figures, 0.1)
    voted = growth.votes(figures, line, low)
    found = growth.compounding(voted, low, np.repeat([0, 1], 20))
    assert found.tolist() == [True] * 20 + [False] * 20


def test_seasons_are_found_where_they_are() -> None:
    r = np.random.default_rng(7)
    ends = LAST - 7 * np.arange(155, -1, -1)
    wave = 10 * np.cos(2 * np.pi * (ends - 3) / 365.25)
    figures = 50 + r.standard_normal((2, 156))
    figures[0] += wave
    found = season.find(trend.fit(figures), LAST, np.zeros(2, np.bool_))
    assert found.there.tolist() == [True, False]
    ahead = LAST + 7 * np.arange(1, 53)
    rows = np.array([0])
    expected = 10 * np.cos(2 * np.pi * (ahead - 3) / 365.25)
    assert found.at(rows, ahead)[0] == pytest.approx(expected, abs=1.5)


def test_closing_quarters_are_found_with_their_month() -> None:
    """Weeks that hold one of the last three days of January, April, …, or the four after."""
    ends = LAST - 7 * np.arange(155, -1, -1)
    days = ends[:, None] - np.arange(7)
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]").astype(int) % 12 + 1
    next_month = (dates + 3).astype("datetime64[M]").astype(int) % 12 + 1
    closing = ((months != next_month) & (months % 3 == 1)).any(axis=1)
    figures = 50 + np.random.default_rng(8).standard_normal((1, 156)) * 0.5 + 12 * closing
    found = season.find(trend.fit(figures), LAST, np.zeros(1, np.bool_))
    assert found.phase.tolist() == [1]
    assert found.quarter[0] == pytest.approx(12, abs=1)


@pytest.mark.parametrize(
    ("values", "status"),
    [
        (np.full(100, 50.0), "too short"),
        (np.full(T, 100.0), "constant and full"),
        (np.full(T, 40.0), "constant"),
        (np.where(DAYS > T - 10, 100, 50 + DAYS % 3), "already above"),
        (40 + 50 * DAYS / T + DAYS % 3, "dated"),
        (40 + 2 * DAYS / T + DAYS % 3, "rising, not within {years} years"),
        (80 - 30 * DAYS / T + DAYS % 3, "falling"),
        (50 + DAYS % 3, "no trend"),
        (np.where(DAYS < T - 60, 50 + DAYS % 3, NAN), "ended"),
    ],
)
def test_the_first_word_that_fits(values: np.ndarray, status: str) -> None:
    assert of(values).status.tolist() == [status]


def test_peaks_have_a_risk_and_no_date() -> None:
    r = np.random.default_rng(9)
    spiky = 40 + r.standard_normal(T)
    for day in range(20, T - 60, 70):
        spiky[day : day + 3] = 99.5
    found = of(spiky, level=99)
    assert found.status.tolist() == ["peaks only"]
    assert np.isnan(found.days[0, 0])
    assert found.risks[1, 0] > 0.5


def test_no_date_beyond_the_horizon() -> None:
    rising = 40 + 36 * DAYS / T + DAYS % 3 * 0.1
    assert of(rising).days[0, 0] == pytest.approx(24 / 36 * T, rel=0.03)
    near = of(rising, horizon=300)
    assert near.status.tolist() == ["rising, not within {years} years"]
    assert np.isnan(near.days[0, 0])


def test_running_medians_are_those_of_sorting() -> None:
    values = np.random.default_rng(4).standard_normal((5, 40))
    found = steps._running_median(values)
    for week in range(4, 36):
        expected = np.median(values[:, week - 4 : week + 5], axis=1)
        assert np.array_equal(found[:, week], expected)


def test_medians_are_those_of_numpy() -> None:
    for weeks_ in (1, 2, 7, 8):
        values = np.random.default_rng(weeks_).standard_normal((6, weeks_))
        assert np.array_equal(trend.median(values), np.median(values, axis=1))


def test_what_is_left_out_has_no_date() -> None:
    """Only what cannot become as likely as not may be left out where dates alone are asked for."""
    r = np.random.default_rng(9)
    slope, noise = r.uniform(-0.01, 0.05, (2, 300, 1))
    tails = np.where(r.random((300, T)) < 0.02, r.exponential(300, (300, T)), 1)
    daily = 40 + slope * DAYS + 20 * noise * tails * r.standard_normal((300, T))
    found = look(daily.astype(np.float32), LAST)
    (course,) = courses([found], [np.zeros(300, np.int64)])
    until, rows, level = passage.ends(157), np.arange(300), r.uniform(60, 120, 300)
    some, all_ = (course.chance(rows, level, until, likely=likely) for likely in (True, False))
    dates = passage.days_until(all_, 0.5, until)
    assert passage.days_until(some, 0.5, until) == pytest.approx(dates, rel=1e-6)
    left_out = (some == 0).all(axis=1) & (all_ > 0).any(axis=1)
    assert left_out.any()
    assert np.isfinite(dates).any()
