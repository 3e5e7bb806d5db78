"""The small functions that a value is composed of, at their edges."""

from datetime import datetime

import numpy as np
import pytest

from fleetsynth.metrics import METRICS
from fleetsynth.models import limits
from fleetsynth.models.classic import factors, spikes
from fleetsynth.models.classic.draws import Draws
from fleetsynth.models.classic.signals import SIGNALS
from fleetsynth.models.classic.simulate import Parameters, compose, level
from tests import twin
from tests.support import differing, plan_of

WEB = plan_of().archetypes[0]


def _one(z: tuple[float, ...], u: float, f: float = 1.0, g: float = 1.0) -> dict[str, float]:
    """Published values of one web server at one tick."""
    levels = level(WEB.profile, np.array([f]), np.array([g]))[:, None]
    draws = Draws(np.array(z).reshape(4, 1, 1), np.array([[u]]))
    made = compose(Parameters.of([WEB]), levels, draws)
    values = made.hundredths[:, 0, 0] / 100
    return {metric.column: float(v) for metric, v in zip(METRICS, values, strict=True)}


def test_a_uniform_equal_to_the_probability_does_not_spike() -> None:
    p = np.array([0.03, 0.0, 1.0])
    u = np.array([[0.03, np.nextafter(0.03, 0)], [0.0, 0.5], [0.0, np.nextafter(1.0, 0)]])
    assert spikes.spikes(u, p).tolist() == [[False, True], [False, False], [True, True]]


def test_a_tick_without_noise_publishes_the_bases() -> None:
    assert list(_one((0.0,) * 4, 0.03).values()) == [45.0, 35.0, 20.0, 150.0, 90.0]


def test_a_spike_lifts_cpu_memory_and_network_but_not_disk() -> None:
    assert list(_one((0.0,) * 4, 0.0).values()) == [81.0, 44.1, 20.0, 216.0, 129.6]


def test_factors_act_on_demand_and_growth_on_all_but_network() -> None:
    lifted = _one((0.0,) * 4, 1.0, f=1.5, g=1.1)
    assert list(lifted.values()) == [74.25, 57.75, 22.0, 225.0, 135.0]


@pytest.mark.parametrize(
    ("z", "expected"),
    [(-20.0, [0.0, 0.0, 0.0, 0.0, 0.0]), (20.0, [100.0, 100.0, 100.0, 1000.0, 600.0])],
)
def test_far_draws_end_at_the_bounds(z: float, expected: list[float]) -> None:
    assert list(_one((z,) * 4, 1.0).values()) == expected


def test_a_spike_is_applied_to_what_noise_left_before_clipping() -> None:
    """99 is within bounds, and 1.8 times that is not."""
    assert _one((-55.0 / 15, 0, 0, 0), 0.0)["cpu_p95"] == 0.0
    assert _one((54.0 / 15, 0, 0, 0), 1.0)["cpu_p95"] == 99.0
    assert _one((54.0 / 15, 0, 0, 0), 0.0)["cpu_p95"] == 100.0


def test_rounding_is_the_twins_on_values_around_ties() -> None:
    values = np.arange(0, 100_000) / 1_000
    values = np.concatenate([values, np.nextafter(values, np.inf), np.nextafter(values, 0)])
    expected = np.array([twin.round2(x) for x in values.tolist()])
    hundredths = np.empty(values.shape, dtype=np.int32)
    limits.hundredths(values, out=hundredths)
    assert differing(hundredths / 100, expected) == 0


def test_profile_fields_and_signals_name_each_other() -> None:
    assert [signal.name for signal in SIGNALS] == ["cpu", "memory", "disk", "network"]
    assert [signal.spike_share for signal in SIGNALS] == [1.0, 0.7, None, 0.8]


def test_monthly_growth_is_rounded_to_a_small_power_of_two() -> None:
    start = datetime(2022, 1, 31)
    days = np.arange(1_500)
    seconds = (days * 86_400 + (start - datetime(1970, 1, 1)).days * 86_400).astype(np.int64)
    g = factors.monthly_growth(seconds, start.date(), 0.8)
    assert g[0] == 1.0
    assert (np.diff(g) > 0).all()
    assert np.array_equal(g * 2.0**20, np.rint(g * 2.0**20))
