"""The engine against the twin, bit for bit, at every stage from level to published value.

Agreement of published values alone would prove little: a changed order of operations moves
thousands of unrounded values and hardly a rounded one. The last tests show that these
comparisons do notice such a change.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest

from fleetsynth import load_scenario, resolve
from fleetsynth.clock import Calendar
from fleetsynth.models.classic import factors
from fleetsynth.models.classic.plan import ClassicPlan
from fleetsynth.models.classic.simulate import Components, components, growth
from tests import twin
from tests.agreement import Twinned, disagreements, growths_of, run_twin, times_of, trends_of
from tests.conftest import Written
from tests.support import CACHE, bits, classic, differing, plan_of, whole

pytestmark = pytest.mark.slow

HOURLY = {
    "num_servers": 10,
    "granularity": "hourly",
    "start_date": date(2024, 11, 20),
    "end_date": date(2025, 1, 5),
}
SMALL = {"num_servers": 7, "start_date": date(2024, 2, 1), "end_date": date(2025, 1, 31)}
TIES = SMALL | {
    "distribution": {"web": 1.0},
    "archetypes.web.base_cpu": 0.125,
    "archetypes.web.base_memory": 2.675,  # below a tie, but its product with 100 is one
    "archetypes.web.base_disk": 0.375,
    "archetypes.web.base_network": 1.115,
    "archetypes.web.weekend_factor": 1.0,
    "archetypes.web.monthly_growth_rate": 0.0,
    **{f"archetypes.web.{name}_variance": 0.0 for name in ("cpu", "memory", "disk", "network")},
}

SCENARIOS: Mapping[str, Mapping[str, Any]] = {
    "hourly over holidays, weekends and a quarter end": HOURLY,
    "15min": HOURLY | {"granularity": "15min", "start_date": date(2024, 12, 22)},
    "before 1970": HOURLY | {"start_date": date(1969, 12, 20), "end_date": date(1970, 1, 3)},
    "growth per month from the 31st": SMALL
    | {"growth.mode": "monthly", "start_date": date(2022, 1, 31)},
    "growth per month from before the data, hourly": HOURLY
    | {"growth.mode": "monthly", "growth.span": [date(2021, 8, 30), date(2021, 8, 30)]},
    "trend below 0": SMALL | {"growth.span": [date(2024, 6, 1), date(2025, 1, 31)]},
    "trend past 1": SMALL | {"growth.span": [date(2022, 1, 1), date(2024, 5, 31)]},
    "no quarterly peaks": SMALL | {"quarterly_peaks": False},
    "no holiday effect": SMALL | {"holiday_effect": False},
    "no spikes": SMALL | {"spikes": False},
    "another seed": SMALL | {"seed": -7},
    "one archetype": SMALL | {"distribution": {"batch": 1.0}},
    "values that end in half a hundredth": TIES,
}


def _components(plan: ClassicPlan) -> Components:
    return components(plan, whole(plan))


def _profiles(overrides: Mapping[str, Any]) -> dict[str, twin.Profile]:
    """The twin's profiles with the overrides of a scenario."""
    changed = dict(twin.PROFILES)
    for key, value in overrides.items():
        if key.startswith("archetypes."):
            _, name, field = key.split(".")
            changed[name] = replace(changed[name], **{field: value})
    return changed


@pytest.fixture(scope="module")
def hourly() -> tuple[ClassicPlan, Components]:
    plan = plan_of(HOURLY)
    return plan, _components(plan)


def test_twin_agrees_on_every_value_of_the_default_dataset(
    default_plan: ClassicPlan, default_components: Components
) -> None:
    by_twin = run_twin(default_plan, twin.PROFILES)
    assert by_twin.published.shape == (5, 120, 1461)
    assert disagreements(default_components, by_twin) == {}


@pytest.mark.parametrize("name", SCENARIOS)
def test_twin_agrees_on_every_value_of(name: str) -> None:
    plan = plan_of(SCENARIOS[name])
    assert disagreements(_components(plan), run_twin(plan, _profiles(SCENARIOS[name]))) == {}


def test_twin_agrees_on_a_new_archetype_and_on_changed_fields(written: Written) -> None:
    fields = "\n".join(f"    {key}: {value}" for key, value in CACHE.items())
    text = f"""
num_servers: 12
start_date: 2023-02-01
end_date: 2024-03-31
distribution: {{cache: 0.5, web: 0.5}}
archetypes:
  web: {{base_cpu: 44.4, cpu_disk_correlation: 0.2}}
  cache:
{fields}
"""
    plan = resolve(classic(load_scenario(written(text))))
    assert isinstance(plan, ClassicPlan)
    web = replace(twin.PROFILES["web"], base_cpu=44.4, cpu_disk_correlation=0.2)
    profiles = {"cache": twin.Profile(**CACHE), "web": web}  # type: ignore[arg-type]
    assert disagreements(_components(plan), run_twin(plan, profiles)) == {}


def test_twin_agrees_on_repaired_correlations() -> None:
    changes = {"archetypes.web.memory_disk_correlation": 0.7, "correlation_repair": "nearest"}
    plan = plan_of(SMALL | changes)
    web = plan.archetypes[0]
    assert web.name == "web"
    assert web.correlations != web.profile.correlations
    repaired: dict[str, Any] = dict(web.correlations)
    profiles = twin.PROFILES | {"web": replace(twin.PROFILES["web"], **repaired)}
    assert disagreements(_components(plan), run_twin(plan, profiles)) == {}


@pytest.mark.parametrize("name", [*SCENARIOS, "default"])
def test_factors_and_growth_of_each_archetype_are_the_twins(name: str) -> None:
    plan = plan_of(SCENARIOS.get(name, {}))
    scenario, times = plan.scenario, times_of(plan.scenario)
    seconds = plan.clock.seconds(plan.clock.first, plan.clock.stop)
    on = {
        "quarterly_peaks": scenario.quarterly_peaks,
        "holiday_effect": scenario.holiday_effect,
    }
    for archetype in plan.archetypes:
        profile = _profiles(SCENARIOS.get(name, {}))[archetype.name]
        f = factors.demand(Calendar(seconds), archetype.profile, scenario)
        assert differing(f, np.array([twin.load_factor(profile, ts, **on) for ts in times])) == 0
        g = growth(plan, archetype.profile.monthly_growth_rate, seconds)
        expected = growths_of(scenario, profile, times)
        if expected is None:
            expected = [twin.growth(profile, trend) for trend in trends_of(scenario, times)]
        assert differing(g, np.array(expected)) == 0


def test_another_grouping_of_base_times_factors_moves_thousands_of_unrounded_values(
    default_plan: ClassicPlan, default_components: Components
) -> None:
    """base * (f * g) instead of (base * f) * g: few published values show it."""
    made = default_components
    times = times_of(default_plan.scenario)
    moved = published = 0
    first = 0
    for name, count in default_plan.fleet.counts().items():
        profile, rows = twin.PROFILES[name], slice(first, first + count)
        f = np.array([twin.load_factor(profile, ts) for ts in times])
        g = np.array([twin.growth(profile, twin.trend(i, len(times))) for i in range(len(times))])
        cpu = profile.base_cpu * (f * g) + made.noise[0, rows]
        cpu = np.where(made.spike[rows], cpu * profile.spike_magnitude, cpu)
        moved += differing(cpu, made.signal[0, rows])
        rounded = np.rint(np.clip(cpu, 0, 100) * 100)
        published += int(np.count_nonzero(rounded != made.hundredths[0, rows]))
        first += count
    assert moved > 10_000
    assert published < 10


def _from_the_right(lower: Sequence[Sequence[float]], z: Sequence[float]) -> list[float]:
    out = []
    for i in range(len(lower)):
        total = lower[i][i] * z[i]
        for j in reversed(range(i)):
            total = total + lower[i][j] * z[j]
        out.append(total)
    return out


def _holiday_first(profile: twin.Profile, ts: datetime, **_: bool) -> float:
    return twin.time_factor(profile, ts) * (twin.quarter_end_factor(ts) * twin.holiday_factor(ts))


def _by_lapack(profile: twin.Profile) -> list[list[float]]:
    lower: list[list[float]] = np.linalg.cholesky(twin.correlation_matrix(profile)).tolist()
    lower[1][1] = float(np.nextafter(lower[1][1], 1.0))  # an ulp is what kernels differ by
    return lower


CHANGES: list[tuple[str, Callable[..., Any], str, int]] = [
    ("growth", lambda p, trend: 1.0 + trend * (p.monthly_growth_rate / 100.0), "level", 5),
    ("load_factor", _holiday_first, "level", 100),
    ("correlate", _from_the_right, "noise", 5_000),
    ("cholesky", _by_lapack, "noise", 2_000),
    ("clip", lambda x, high: min(max(0.01, x), high), "clipped", 100),
    ("business_factor", lambda p, ts: p.business_hours_factor if 9 <= ts.hour < 17 else 1.0,
     "level", 1_000),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "change", "stage", "at_least"), CHANGES, ids=[name for name, *_ in CHANGES]
)
def test_the_comparison_notices_a_changed(
    name: str,
    change: Callable[..., Any],
    stage: str,
    at_least: int,
    hourly: tuple[ClassicPlan, Components],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan, made = hourly
    monkeypatch.setattr(twin, name, change)
    assert disagreements(made, run_twin(plan, twin.PROFILES))[stage] >= at_least


def test_ties_are_decided_by_the_product_with_100_and_go_to_even(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = plan_of(TIES | {"spikes": False, "quarterly_peaks": False, "holiday_effect": False})
    made = _components(plan)
    published = (made.hundredths / 100)[:, 0, 0].tolist()
    assert published == [0.12, 2.68, 0.38, 1.12, 0.67]
    monkeypatch.setattr(twin, "round2", lambda x: round(x, 2))
    counts = disagreements(made, run_twin(plan, _profiles(TIES)))
    assert counts == {"published": 2 * made.spike.size}  # 2.675 and 1.115


def test_the_comparison_notices_a_single_bit(hourly: tuple[ClassicPlan, Components]) -> None:
    plan, made = hourly
    by_twin = run_twin(plan, twin.PROFILES)
    noise = by_twin.noise.copy()
    noise[3, 9, 1000] = np.nextafter(noise[3, 9, 1000], np.inf)
    assert disagreements(made, by_twin._replace(noise=noise)) == {"noise": 1}


def test_bits_tell_neighbours_apart_and_zeros_alike() -> None:
    assert bits(np.array([0.0]))[0] == bits(np.array([-0.0]))[0]
    assert bits(np.array([1.0]))[0] != bits(np.array([np.nextafter(1.0, 2.0)]))[0]
    assert Twinned._fields[:5] == ("level", "noise", "signal", "clipped", "published")
