"""When a level is reached: what is said of series that can be followed by hand."""

import numpy as np
import pytest

from fleetsynth.capacity import sawtooth, trend
from fleetsynth.capacity.estimate import Status
from fleetsynth.capacity.weekly import weekly
from tests.capacity.test_estimate import DAYS, NAN, T, of


@pytest.mark.parametrize(
    ("begin", "end", "days"), [(0, 70, 469), (30, 75, 608), (0, 60, 730), (60, 95, 156)]
)
def test_a_straight_ramp_is_dated_when_it_arrives(begin: int, end: int, days: int) -> None:
    rng = np.random.default_rng(end)
    series = np.linspace(begin, end, T) + rng.normal(0, 0.3, T)
    found = of(series)
    assert found.status.tolist() == [Status.DATED]
    assert found.days[0, 0] == pytest.approx(days, rel=0.02)
    assert found.early[0, 0] < found.days[0, 0] < found.late[0, 0]
    holed = series.copy()
    holed[::5], holed[300:420] = NAN, NAN
    assert of(holed).days[0, 0] == pytest.approx(days, rel=0.02)


def test_noise_brings_the_date_forward() -> None:
    """From 75 %, 0.05 a day, the line is at 100 in 505 days; noise of 5 points is there before.

    Of 2,000 futures drawn so, half had breached by day 410, one in twenty by day 358, all but as
    many by day 451.
    """
    rng = np.random.default_rng(1)
    found = of(20 + 0.05 * DAYS + rng.normal(0, 5, (40, T)))
    assert found.status.tolist() == [Status.DATED] * 40
    assert np.median(found.days) == pytest.approx(410, abs=15)
    assert np.median(found.early) == pytest.approx(358, abs=20)
    assert np.median(found.late) == pytest.approx(451, abs=30)


def test_a_ramp_down_falls_and_has_no_date() -> None:
    found = of(90 - 0.05 * DAYS)
    assert (found.status.tolist(), np.isnan(found.days[0, 0])) == ([Status.FALLING], True)


@pytest.mark.parametrize(
    ("series", "status"),
    [
        (np.full(T, 50.0), Status.CONSTANT),
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
    assert np.isnan([found.days[0, 0], found.early[0, 0], found.late[0, 0]]).all()


def _with(series: np.ndarray, at: slice | list[int], value: float) -> np.ndarray:
    out = series.copy()
    out[at] = value
    return out


def test_who_is_full_has_no_date_but_who_was_full_may() -> None:
    ramp = 20 + 0.05 * DAYS
    assert of(np.full(T, 100.0)).status.tolist() == [Status.CONSTANT_FULL]
    # For four days after its third day a breach is still one: three of the last seven.
    for last, status in ((T - 1, Status.ABOVE), (T - 32, Status.ABOVE), (T - 33, Status.DATED)):
        assert of(_with(ramp, [last - 2, last - 1, last], 100)).status == [status], last
    assert of(_with(ramp, [T - 2, T - 1], 100)).status.tolist() == [Status.DATED]
    assert of(_with(ramp, slice(T - 3, T), 99.99)).status.tolist() == [Status.DATED]


def test_what_ended_has_no_date() -> None:
    ramp = 20 + 0.05 * DAYS
    assert of(_with(ramp, slice(T - 28, T), NAN)).status.tolist() == [Status.ENDED]
    assert of(_with(ramp, slice(T - 27, T), NAN)).status.tolist() == [Status.DATED]


def test_no_date_is_farther_ahead_than_the_data_reach_back_or_than_three_years() -> None:
    half = np.arange(400.0)
    for days, status in ((390, Status.DATED), (410, Status.LATER)):
        slope = 0.1
        found = of(100 - slope * (399 + days) + slope * half)
        assert found.status == [status], days
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
            figures = weekly((50 + sign * slope * (DAYS - T / 2) + noise)[None])
            clear = abs(trend.fit(figures.astype(np.float32)).clearness[0]) >= 2.5
            low, high = (low, slope) if clear else (slope, high)
        below, above = (
            of(50 + sign * s * (DAYS - T / 2) + noise).status[0] for s in (low * 0.99, high * 1.01)
        )
        assert below == Status.LEVEL
        assert above == status
        assert high * 365 < 2.5  # so that the search was not in vain


def test_series_are_judged_one_by_one() -> None:
    every = np.array([20 + 0.05 * DAYS, np.full(T, 50.0), 90 - 0.05 * DAYS, 30 + 0.05 * DAYS])
    together, alone = of(np.tile(every[:3], (150, 1))), of(every[:3])
    assert together.status.tolist() == alone.status.tolist() * 150
    assert together.days[0, :3] == pytest.approx(alone.days[0], nan_ok=True)
    assert together.days[0, -3:] == pytest.approx(alone.days[0], nan_ok=True)


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
    assert dated.status.tolist() == [Status.DATED]
    assert dated.early[0, 0] < 254 < dated.late[0, 0]
    assert dated.days[0, 0] == pytest.approx(254, abs=30)


@pytest.mark.parametrize("days", [7, 30, 90])
def test_a_saw_on_a_level_floor_never_runs_out(days: int) -> None:
    found = of(saw(40, 0, 50, days))
    assert (found.status.tolist(), np.isnan(found.days[0, 0])) == ([Status.LEVEL], True)


def test_a_saw_that_grows_to_the_left_of_its_last_reset_is_no_ramp() -> None:
    """Ends high in its tooth: a line through the last weeks would be full next week."""
    series = saw(30, 0, 60, 90)[: 12 * 90 + 88]
    assert of(series).status.tolist() == [Status.LEVEL]


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
    found = of(series)
    assert found.status.tolist() == [Status.DATED] * 6
    assert found.days == pytest.approx(400, rel=0.03)
