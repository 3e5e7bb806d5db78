"""Months beside each other, with what grows taken out."""

import numpy as np
import pytest

from fleetsynth.report.detrend import way, without_growth

YEARS = np.arange(3 * 365)


def by_month(values: np.ndarray, begin: str = "2022-07-01") -> np.ndarray:
    days = np.datetime64(begin) + np.arange(len(values))
    month = days.astype("datetime64[M]").astype(int) % 12
    return np.array([np.nanmean(values[month == m]) for m in np.unique(month)])


@pytest.mark.parametrize(
    "growth",
    [20 + YEARS * 0.05, 20 * 1.02 ** (YEARS / 30.4), 60 - YEARS * 0.03],
    ids=["straight", "compounding", "falling"],
)
def test_growth_leaves_no_trace_in_months(growth: np.ndarray) -> None:
    """The months of two and a half years, which some of them have thrice."""
    values = growth[:900]
    assert np.ptp(by_month(values)) > 2
    assert np.ptp(by_month(without_growth(values))) < 0.2 * np.ptp(by_month(values))
    assert without_growth(values).mean() == pytest.approx(values.mean())


def test_seasons_stay_and_growth_goes() -> None:
    season = 8 * np.sin(2 * np.pi * YEARS / 365.25) + 3 * (YEARS % 7 < 5)
    found = without_growth(20 + YEARS * 0.03 + season)
    assert found - found.mean() == pytest.approx(season - season.mean(), abs=1.5)
    assert np.abs(by_month(found) - by_month(season) - (found - season).mean()).max() < 0.7


def test_less_than_a_year_loses_a_line() -> None:
    assert [way(days) for days in (55, 56, 419, 420)] == [None, "line", "line", "year"]
    assert np.ptp(without_growth(20 + 0.1 * np.arange(200.0))) < 1e-9
    few = np.arange(20.0)
    assert (without_growth(few) == few).all()


def test_what_is_missing_stays_missing() -> None:
    values = np.stack([20 + YEARS * 0.03, np.full(len(YEARS), np.nan), 20 + YEARS * 0.03])
    values[0, 100:500] = np.nan  # a year of which too little is known: a line
    values[2, ::3] = np.nan
    found = without_growth(values)
    assert (np.isnan(found) == np.isnan(values)).all()
    for row in (0, 2):
        assert np.nanmax(found[row]) == pytest.approx(np.nanmean(values[row]), 1e-2)
