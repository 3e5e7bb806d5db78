"""The twin against figures worked by hand from the specification (docs/model.md)."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from tests import twin

ARCHETYPES = ("web", "database", "application", "batch")
DISTRIBUTION = {"web": "0.35", "application": "0.40", "database": "0.15", "batch": "0.10"}
MONDAY = datetime(2024, 5, 13)


@pytest.mark.parametrize("name", ARCHETYPES)
def test_cholesky_squares_to_the_correlations(name: str) -> None:
    """L times its transpose is the matrix, and L is lower triangular."""
    profile = twin.PROFILES[name]
    lower, matrix = twin.cholesky(profile), twin.correlation_matrix(profile)
    for i in range(4):
        for j in range(4):
            product = sum(lower[i][k] * lower[j][k] for k in range(4))
            assert abs(product - matrix[i][j]) <= 1e-15
            assert j <= i or lower[i][j] == 0.0


def test_cholesky_refuses_a_mixed_up_matrix() -> None:
    """The example matrix that mixes two archetypes is not positive definite."""
    mixed = replace(twin.PROFILES["web"], memory_disk_correlation=0.7)
    with pytest.raises(ValueError, match="not positive definite"):
        twin.cholesky(mixed)


@pytest.mark.parametrize(
    ("day", "expected"),
    [(26, 1.0), (27, 1.06), (28, 1.12), (29, 1.18), (30, 1.24), (31, 1.30)],
)
def test_quarter_end_by_date(day: int, expected: float) -> None:
    """March ramps up over its last five days; January never does."""
    assert twin.quarter_end_factor(datetime(2024, 3, day)) == pytest.approx(expected, abs=1e-15)
    assert twin.quarter_end_factor(datetime(2024, 1, day)) == 1.0


def test_quarter_end_in_a_thirty_day_month() -> None:
    """June 26 is the first of June's five days, whatever the hour."""
    assert twin.quarter_end_factor(datetime(2023, 6, 25, 23, 59)) == 1.0
    assert twin.quarter_end_factor(datetime(2023, 6, 26, 23, 59)) == pytest.approx(1.06)
    assert twin.quarter_end_factor(datetime(2023, 9, 30)) == pytest.approx(1.3)


@pytest.mark.parametrize(
    ("month", "day", "expected"),
    [
        (1, 1, 0.5),
        (1, 2, 1.0),
        (7, 3, 1.0),
        (7, 4, 0.7),
        (11, 21, 1.0),
        (11, 22, 0.7),
        (11, 28, 0.7),
        (11, 29, 1.0),
        (12, 23, 1.0),
        (12, 24, 0.7),
        (12, 25, 0.6),
        (12, 31, 0.6),
    ],
)
def test_holiday_by_date(month: int, day: int, expected: float) -> None:
    """Each range at its edges."""
    assert twin.holiday_factor(datetime(2024, month, day)) == expected


def test_business_hours_and_weekend() -> None:
    """9:00 up to 17:59 counts; the weekend factor multiplies."""
    web = twin.PROFILES["web"]
    hours = {(8, 59): 1.0, (9, 0): 1.6, (17, 59): 1.6, (18, 0): 1.0}
    for (hour, minute), expected in hours.items():
        assert twin.time_factor(web, MONDAY.replace(hour=hour, minute=minute)) == expected
    assert twin.time_factor(web, datetime(2024, 5, 17)) == 1.0
    assert twin.time_factor(web, datetime(2024, 5, 18)) == 0.5
    assert twin.time_factor(web, datetime(2024, 5, 19, 12)) == 0.8


def test_year_end_factors_multiply() -> None:
    """Dec 27-31 is both a quarter end and a holiday: 1.3 * 0.6 on the 31st."""
    web = twin.PROFILES["web"]
    tuesday = datetime(2024, 12, 31)
    assert twin.load_factor(web, tuesday) == pytest.approx(0.78)
    assert twin.load_factor(web, tuesday, holiday_effect=False) == pytest.approx(1.3)
    assert twin.load_factor(web, tuesday, quarterly_peaks=False) == 0.6


def test_growth_over_the_span() -> None:
    """A database server's base cpu goes from 35.00 to 35.35."""
    database = twin.PROFILES["database"]
    assert 35.0 * twin.growth(database, twin.trend(0, 1461)) == 35.0
    assert round(35.0 * twin.growth(database, twin.trend(1460, 1461)), 2) == 35.35


def test_trend_by_date() -> None:
    """2023-07-01 is row 546 and 2024-01-01 is row 730."""
    span = twin.days()
    assert len(span) == 1461
    assert span[546] == datetime(2023, 7, 1)
    assert span[730] == datetime(2024, 1, 1)


@pytest.mark.parametrize(
    ("start", "ts", "months"),
    [
        (date(2022, 1, 1), datetime(2022, 1, 1), 0.0),
        (date(2022, 1, 1), datetime(2022, 1, 16, 12), 0.5),
        (date(2022, 1, 1), datetime(2023, 1, 1), 12.0),
        (date(2022, 1, 1), datetime(2024, 2, 15, 12), 25.5),
        (date(2022, 1, 31), datetime(2022, 2, 28), 1.0),
        (date(2022, 1, 31), datetime(2022, 2, 14), 0.5),
        (date(2022, 1, 31), datetime(2022, 3, 30), 1.0 + 30.0 / 31.0),
        (date(2024, 1, 30), datetime(2024, 2, 29), 1.0),
        (date(2022, 11, 15), datetime(2023, 1, 14), 1.0 + 30.0 / 31.0),
    ],
)
def test_elapsed_months(start: date, ts: datetime, months: float) -> None:
    """Whole months, then the fraction of the current one; the 31st clamps."""
    assert twin.elapsed_months(ts, start) == months


def test_monthly_growth_is_a_multiple_of_a_small_power_of_two() -> None:
    """1.01 ** 12 to the nearest 2**-20, and that grid is exact."""
    database = twin.PROFILES["database"]
    value = twin.monthly_growth(database, datetime(2023, 1, 1), date(2022, 1, 1))
    assert value == pytest.approx(1.126825030, abs=2.0**-21)
    assert (value * 2**20).is_integer()
    assert twin.monthly_growth(database, datetime(2022, 1, 1), date(2022, 1, 1)) == 1.0


def test_row_without_noise() -> None:
    """A plain weekday with z = 0 publishes the bases, and 0.6 of the network."""
    web = twin.PROFILES["web"]
    quiet = twin.row(web, twin.cholesky(web), MONDAY, 0.0, (0.0,) * 4, 0.03)
    assert not quiet.spike
    assert quiet.rounded == (45.0, 35.0, 20.0, 150.0, 90.0)


def test_row_with_a_spike() -> None:
    """u below the probability: cpu * 1.8, memory * 1.26, network * 1.44, disk untouched."""
    web = twin.PROFILES["web"]
    spiked = twin.row(web, twin.cholesky(web), MONDAY, 0.0, (0.0,) * 4, 0.0299)
    assert spiked.spike
    assert spiked.rounded == (81.0, 44.1, 20.0, 216.0, 129.6)
    calm = twin.row(web, twin.cholesky(web), MONDAY, 0.0, (0.0,) * 4, 0.0, spikes=False)
    assert not calm.spike


def test_row_clips_but_keeps_the_unclipped() -> None:
    """Far draws end at the bounds; the values before the clip stay visible."""
    web = twin.PROFILES["web"]
    low = twin.row(web, twin.cholesky(web), MONDAY, 0.0, (-20.0,) * 4, 1.0)
    assert low.clipped == (0.0, 0.0, 0.0, 0.0, 0.0)
    assert low.unclipped[0] == 45.0 - 20.0 * 15.0
    high = twin.row(web, twin.cholesky(web), MONDAY, 0.0, (20.0,) * 4, 1.0)
    assert high.clipped == (100.0, 100.0, 100.0, 1000.0, 600.0)


def test_row_noise_uses_the_lower_factor() -> None:
    """A unit first draw moves cpu by its sd and the others by their correlation with it."""
    web = twin.PROFILES["web"]
    moved = twin.row(web, twin.cholesky(web), MONDAY, 0.0, (1.0, 0.0, 0.0, 0.0), 1.0)
    expected = (45.0 + 15.0, 35.0 + 0.5 * 8.0, 20.0 + 0.1 * 5.0, 150.0 + 0.8 * 50.0)
    assert moved.unclipped == pytest.approx(expected, abs=1e-12)


def test_rounding_ties_go_to_even() -> None:
    """The float64 product decides: 2.675 * 100 is a tie, though 2.675 is below one."""
    assert twin.round2(2.675) == 2.68
    assert round(2.675, 2) == 2.67
    assert twin.round2(0.125) == 0.12
    assert twin.round2(0.375) == 0.38
    assert twin.round2(0.285) == 0.28


def test_allocate_default_fleet() -> None:
    """120 servers are 42 web, 48 application, 18 database and 12 batch."""
    expected = {"web": 42, "application": 48, "database": 18, "batch": 12}
    assert twin.allocate(120, DISTRIBUTION) == expected
    assert twin.allocate(120, {k: float(v) for k, v in DISTRIBUTION.items()}) == expected


def test_allocate_small_fleets_and_ties() -> None:
    """Counts add up and are within 1 of exact shares; a tie goes to the first listed."""
    for size in range(200):
        counts = twin.allocate(size, DISTRIBUTION)
        assert sum(counts.values()) == size
        for name, share in DISTRIBUTION.items():
            assert abs(counts[name] - size * float(share)) < 1.0
    assert twin.allocate(1, {"b": 0.5, "a": 0.5}) == {"b": 1, "a": 0}
    assert twin.allocate(10, DISTRIBUTION) == {
        "web": 4,
        "application": 4,
        "database": 1,
        "batch": 1,
    }
    with pytest.raises(ValueError, match="add up"):
        twin.allocate(10, {"a": 0.5, "b": 0.4})


def test_server_ids() -> None:
    """Three digits at least."""
    assert [twin.server_id(i) for i in (0, 42, 1000)] == ["server_000", "server_042", "server_1000"]


def test_prefix_shares() -> None:
    """Alternation passes, blocks fail, and so does an unknown name."""
    halves = {"a": 0.5, "b": 0.5}
    assert twin.prefix_shares_within_one(["a", "b"] * 10, halves)
    assert not twin.prefix_shares_within_one(["a"] * 10 + ["b"] * 10, halves)
    assert not twin.prefix_shares_within_one(["a", "c"], halves)


def test_calendar_columns() -> None:
    """Sunday, 2023-12-31 at noon; and a federal holiday for all of its hours."""
    assert twin.calendar(datetime(2023, 12, 31, 12), twin.federal_holidays(2023)) == {
        "year": 2023,
        "month": 12,
        "quarter": 4,
        "dayofweek": 6,
        "is_weekend": 1,
        "is_eoq": 1,
        "is_holiday": 0,
    }
    labor_day = datetime(2024, 9, 2, 23)
    assert twin.calendar(labor_day, twin.federal_holidays(2024))["is_holiday"] == 1


def test_eighty_quarter_end_days() -> None:
    """Five days in each of the default span's sixteen quarters."""
    assert sum(twin.calendar(ts, set())["is_eoq"] for ts in twin.days()) == 80


def test_federal_holidays_of_the_default_span() -> None:
    """Eleven a year, and four that are observed on another day."""
    dates = set().union(*(twin.federal_holidays(year) for year in range(2022, 2026)))
    assert len(dates) == 48
    in_lieu = {date(2022, 6, 20), date(2022, 12, 26), date(2023, 1, 2), date(2023, 11, 10)}
    assert in_lieu <= dates
    assert date(2021, 12, 31) in twin.federal_holidays(2021)
    assert date(2021, 12, 31) not in twin.federal_holidays(2022)
    assert date(2020, 6, 19) not in twin.federal_holidays(2020)


@pytest.mark.parametrize(
    ("name", "mean", "sd"), [("batch", 40.22, 19.58), ("database", 55.27, 14.98)]
)
def test_disk_moments_over_the_default_span(name: str, mean: float, sd: float) -> None:
    """The two closed-form figures that the specification states."""
    profile = twin.PROFILES[name]
    got = twin.expectation(profile, twin.factor_pairs(profile, twin.days()), "disk")
    assert (round(got.mean, 2), round(got.sd, 2)) == (mean, sd)


def test_moments_of_an_unclipped_normal() -> None:
    """Far from the bounds a row is normal: sd, 3 sd**4, and sd / sqrt(2n) for the sd."""
    plain = replace(twin.PROFILES["web"], base_disk=50.0, disk_variance=2.0, spike_probability=0.0)
    pairs = [(1.0, 1.0)] * 100
    assert twin.moments(plain, pairs, "disk") == pytest.approx((50.0, 2.0, 48.0))
    got = twin.expectation(plain, pairs, "disk", repeat=4)
    assert got.se_mean == pytest.approx(2.0 / 20.0)
    assert got.se_sd == pytest.approx(2.0 / 800.0**0.5)


def test_moments_of_a_half_clipped_normal() -> None:
    """Level 0: the mean is sd / sqrt(2 pi), the second raw moment sd**2 / 2."""
    idle = replace(twin.PROFILES["web"], base_cpu=0.0, cpu_variance=1.0, spike_probability=0.0)
    mean, sd, _ = twin.moments(idle, [(1.0, 1.0)], "cpu")
    assert mean == pytest.approx(0.3989422804014327)
    assert sd * sd + mean * mean == pytest.approx(0.5)


def test_moments_of_a_spike_without_noise() -> None:
    """No noise: a two-point mixture, here 0.1 at 40 * 2 and 0.9 at 40."""
    bare = replace(
        twin.PROFILES["web"],
        base_cpu=40.0,
        cpu_variance=0.0,
        spike_probability=0.1,
        spike_magnitude=2.0,
    )
    mean, sd, _ = twin.moments(bare, [(1.0, 1.0)], "cpu")
    assert (mean, sd) == pytest.approx((44.0, 12.0))


def test_pooling_adds_the_spread_of_the_levels() -> None:
    """Two levels 40 apart add 20**2 to the pooled variance, nothing to the error of the mean."""
    calm = replace(twin.PROFILES["web"], base_cpu=50.0, cpu_variance=1.0, spike_probability=0.0)
    got = twin.expectation(calm, [(0.6, 1.0), (1.4, 1.0)], "cpu")
    assert got.mean == pytest.approx(50.0)
    assert got.sd == pytest.approx(401.0**0.5)
    assert got.se_mean == pytest.approx(0.5**0.5)


def test_unknown_metric_is_refused() -> None:
    """Only the five published columns have moments."""
    with pytest.raises(ValueError, match="unknown metric"):
        twin.moments(twin.PROFILES["web"], [(1.0, 1.0)], "gpu")


def test_days_are_midnights() -> None:
    """Both ends are included, a day apart."""
    span = twin.days(date(2024, 2, 28), date(2024, 3, 1))
    assert span == [datetime(2024, 2, 28) + timedelta(days=i) for i in range(3)]
