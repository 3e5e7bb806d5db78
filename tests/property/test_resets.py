"""Restarts and clean-ups: how often they are, and what a slightly different period moves."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetsynth.models.realistic.simulate import samples
from fleetsynth.models.resets import Epoch, Resets
from fleetsynth.presets import simulate
from fleetsynth.window import Window
from tests.realistic_agreement import MIXED, realistic

STEP = 300
PER_DAY = 86_400 // STEP


def _resets(days: float, name: str = "server_007", seed: int = 3) -> Resets:
    return Resets(seed, "restart", name, days, STEP)


@given(
    days=st.floats(0.1, 1e4),
    first=st.integers(-(10**6), 10**7),
    cut=st.integers(0, 5000),
    seed=st.integers(0, 99),
)
def test_epochs_fill_time_and_do_not_depend_on_the_window(
    days: float, first: int, cut: int, seed: int
) -> None:
    resets = _resets(days, seed=seed)
    whole = list(resets.epochs(first, first + 5000))
    assert whole[0].start <= first
    assert whole[-1].stop >= first + 5000
    assert all(one.stop == two.start for one, two in pairwise(whole))
    assert all(epoch.start < epoch.stop for epoch in whole)
    parts: list[Epoch] = []
    for window in ((first, first + cut), (first + cut, first + 5000)):
        parts += [epoch for epoch in resets.epochs(*window) if epoch not in parts]
    assert parts == whole
    longest = max(epoch.stop - epoch.start for epoch in whole)
    assert longest <= 4 * days * PER_DAY + 1


@pytest.mark.parametrize("days", [0.1, 1.0, 7.3, 31.9, 32.0, 50.0])
def test_there_is_one_in_each_period_on_average(days: float) -> None:
    """Within 4 standard deviations of a mean of 4,000 times from reset to reset."""
    stop = round(4000 * days * PER_DAY)
    epochs = list(_resets(days).epochs(0, stop))
    lengths = np.array([epoch.stop - epoch.start for epoch in epochs[1:-1]]) / PER_DAY / days
    assert abs(lengths.mean() - 1) < 4 * 0.5 / 4000**0.5
    assert 0.35 < lengths.std() < 0.6


@given(days=st.floats(0.1, 300), longer=st.floats(1.0, 20.0), seed=st.integers(0, 99))
def test_a_longer_period_only_takes_resets_away(days: float, longer: float, seed: int) -> None:
    first, stop = 5_000_000, 5_000_000 + round(20 * days * PER_DAY)
    few, many = (
        {
            epoch.slot
            for epoch in _resets(each, seed=seed).epochs(first, stop)
            if epoch.start > first
        }
        for each in (days * longer, days)
    )
    assert few <= many


@pytest.mark.parametrize("figure", ["memory.restart_days", "disk.cleanup_days"])
def test_one_per_cent_moves_about_one_in_a_hundred_rows(figure: str) -> None:
    """Of a year of 80 servers, 0.2 to 2 %; where periods were counted, it was nearly every one."""
    keys = {"num_servers": 80, "end_date": "2022-12-31", "sample_interval": "1h"}
    values = []
    for days in (20.0, 20.2):
        of_all = {f"archetypes.{name}.{figure}": days for name in MIXED}
        plan = realistic(of_all, **keys)
        window = Window(0, 80, plan.clock.first, plan.clock.stop)
        values.append(simulate(plan, window).grid())
    moved = (values[0] != values[1]).any(axis=0).mean()
    assert 0.002 < moved < 0.02


@pytest.mark.parametrize("change", [{"growth_start": "2020-05-05"}, {"start_date": "2021-11-07"}])
def test_no_date_of_the_scenario_moves_a_restart(change: dict[str, str]) -> None:
    keys = {"sample_interval": "1h", "end_date": "2022-03-31"}
    plans = [realistic(keys), realistic(keys, **change)]
    window = Window(0, 14, plans[0].clock.first * 24, plans[0].clock.stop * 24)
    one, other = (samples(plan, window).held for plan in plans)
    assert np.array_equal(one, other)
