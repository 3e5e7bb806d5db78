"""What does not decide a value of the realistic model does not change it."""

import subprocess
import sys
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import fleetsynth
from fleetsynth import pipeline
from fleetsynth.folders.generate import generate_folder
from fleetsynth.formats import FORMATS
from fleetsynth.models.realistic import noise
from fleetsynth.models.realistic import simulate as model
from fleetsynth.models.realistic.plan import RealisticPlan
from fleetsynth.models.realistic.samples import Samples
from fleetsynth.models.realistic.spans import Span
from fleetsynth.presets import simulate
from fleetsynth.streams import Stream
from fleetsynth.window import Window
from tests import realistic_twin as twin
from tests.realistic_agreement import STAGES, realistic
from tests.support import digest_of, ids, whole

SPRING: dict[str, Any] = {"start_date": date(2022, 3, 24), "num_servers": 9}
PLANS = {
    "5min": realistic(SPRING, granularity="5min", end_date=date(2022, 3, 31)),
    "hourly": realistic(
        SPRING, granularity="hourly", sample_interval="1min", end_date=date(2022, 3, 27)
    ),
    "events": realistic(
        SPRING
        | {"incidents.intensity": 8, "stories.share": 0.8}
        | {"archetypes.web.dips": {"rate": 24, "minutes": 200, "noises": 50}}
        | {
            "archetypes.web.network.transfers": {"rate": 24, "minutes": 90, "height": 9, "tail": 16}
        },
        granularity="hourly",
        end_date=date(2022, 4, 5),
    ),
    "daily": realistic(
        SPRING,
        granularity="daily",
        end_date=date(2022, 5, 22),  # longer than what is worked on at a time
        statistics=["p50", "p95", "max", "mean", "min"],
    ),
}
WHOLE = {name: simulate(plan, whole(plan)).values for name, plan in PLANS.items()}


def _span(size: int) -> st.SearchStrategy[tuple[int, int]]:
    ends = st.tuples(st.integers(0, size), st.integers(0, size))
    return ends.map(lambda pair: (min(pair), max(pair))).filter(lambda pair: pair[0] < pair[1])


@st.composite
def _windows(draw: st.DrawFn) -> tuple[str, tuple[int, int], tuple[int, int]]:
    name = draw(st.sampled_from(sorted(PLANS)))
    plan = PLANS[name]
    return name, draw(_span(plan.fleet.size)), draw(_span(plan.clock.count))


@given(_windows())
@settings(max_examples=50)
@example(("5min", (0, 9), (0, 1)))
@example(("5min", (8, 9), (511, 514)))
@example(("hourly", (3, 5), (8, 10)))
@example(("daily", (0, 1), (47, 50)))
def test_any_window_has_the_values_of_the_whole(
    window: tuple[str, tuple[int, int], tuple[int, int]],
) -> None:
    name, (server, stop_server), (tick, stop_tick) = window
    plan, first = PLANS[name], PLANS[name].clock.first
    made = simulate(plan, Window(server, stop_server, first + tick, first + stop_tick)).values
    assert np.array_equal(made, WHOLE[name][:, server:stop_server, tick:stop_tick])


@given(st.tuples(_span(9), _span(8 * 288)))
@settings(max_examples=20)
def test_all_that_samples_are_made_of_is_the_same_in_any_window(
    window: tuple[tuple[int, int], tuple[int, int]],
) -> None:
    (server, stop_server), (tick, stop_tick) = window
    plan = PLANS["5min"]
    first = plan.clock.first
    everything = _samples_of_spring()
    part = model.samples(plan, Window(server, stop_server, first + tick, first + stop_tick))
    for stage in STAGES:
        expected = getattr(everything, stage)[server:stop_server, tick:stop_tick]
        assert np.array_equal(getattr(part, stage), expected), stage
    assert np.array_equal(part.hundredths, WHOLE["5min"][:, server:stop_server, tick:stop_tick])


_KEPT: list[Samples] = []


def _samples_of_spring() -> Samples:
    if not _KEPT:
        _KEPT.append(model.samples(PLANS["5min"], whole(PLANS["5min"])))
    return _KEPT[0]


@pytest.mark.parametrize(
    "sizes", [(1, 1, 1), (4, 512, 3_000), (2, 4_608 * 2, 1 << 18), (1 << 10, 1 << 20, 1 << 14)]
)
def test_how_much_is_worked_on_at_a_time_changes_nothing(
    sizes: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in zip(("_ROWS", "_SPAN", "_CELLS"), sizes, strict=True):
        assert isinstance(getattr(model, name), int)
        monkeypatch.setattr(model, name, size)
    for name, plan in PLANS.items():
        assert np.array_equal(simulate(plan, whole(plan)).values, WHOLE[name])


# Fleets, spans, seeds

OVERLAP: dict[str, Any] = {
    "start_date": date(2022, 12, 20),
    "end_date": date(2022, 12, 23),
    "growth_start": date(2022, 1, 1),
    "granularity": "hourly",
}


@given(more=st.integers(0, 200), earlier=st.integers(0, 400), later=st.integers(0, 400))
@settings(max_examples=15)
@example(more=1, earlier=0, later=0)
def test_a_larger_fleet_and_a_longer_span_leave_the_overlap_unchanged(
    more: int, earlier: int, later: int
) -> None:
    small = realistic(OVERLAP)
    large = realistic(
        OVERLAP,
        num_servers=14 + more,
        start_date=OVERLAP["start_date"] - timedelta(days=earlier),
        end_date=OVERLAP["end_date"] + timedelta(days=later),
    )
    assert ids(large)[:14] == ids(small)
    assert large.fleet.metadata(0, 14) == small.fleet.metadata(0, 14)
    assert np.array_equal(
        simulate(large, whole(small)).values, simulate(small, whole(small)).values
    )


def test_a_service_may_gain_replicas() -> None:
    """Or the test above would say less than it seems to."""
    plans = [realistic(OVERLAP, num_servers=size) for size in (14, 60)]
    replicas = [plan.fleet.services(0, plan.fleet.size) for plan in plans]
    assert any(0 < replicas[0].count(name) < replicas[1].count(name) for name in replicas[0])


def test_an_earlier_start_moves_values_unless_growth_is_pinned() -> None:
    plans = [
        realistic(OVERLAP, growth_start=None, start_date=start)
        for start in (OVERLAP["start_date"], date(2022, 6, 1))
    ]
    one, other = (simulate(plan, whole(plans[0])).values for plan in plans)
    assert (one[:3] != other[:3]).any(axis=(1, 2)).all()


def test_another_seed_changes_everything() -> None:
    one, other = (
        model.samples(plan, whole(plan))
        for plan in (
            PLANS["5min"],
            realistic(SPRING, seed=43, granularity="5min", end_date=date(2022, 3, 31)),
        )
    )
    kinds = np.array(PLANS["5min"].fleet.metadata(0, 9)["server_type"])
    lively = ~np.isin(kinds, ["off"])
    for stage in ("base", "cpu", "net_in", "net_out", "memory", "disk"):
        assert (getattr(one, stage) != getattr(other, stage))[lively].all(), stage
    assert (one.relative != other.relative)[lively].mean() > 0.5
    fleets = [realistic(seed=seed, num_servers=60).fleet.metadata(0, 60) for seed in (42, 43)]
    assert fleets[0].pop("server_type") == fleets[1].pop("server_type")
    assert all(fleets[0][column] != fleets[1][column] for column in fleets[0])


def test_another_sample_interval_draws_other_numbers() -> None:
    """Otherwise the noise of every fifth minute would be that of five minutes."""
    drawn = []
    for interval in ("1min", "5min", "15min", "1h"):
        plan = realistic(SPRING, sample_interval=interval, granularity="1h", num_servers=3)
        begin = plan.clock.first * (3_600 // plan.scenario.sample_seconds)
        span = Span(plan, begin, begin + 512, Stream())
        drawn.append(span.noise("samples", ids(plan), noise.SERIES).normals("cpu"))
    for one, other in combinations(drawn, 2):
        assert (one == other).mean() < 0.01
        assert (one[:, :512:5] == other[:, :103]).mean() < 0.01


# One figure at a time

MIXED_WEEK: dict[str, Any] = {
    "start_date": date(2022, 3, 29),
    "end_date": date(2022, 4, 1),
    "growth_start": date(2021, 1, 1),
    "granularity": "5min",
}
FLOWS = {"net_in", "net_out"}
NOISES = {"noise_in", "noise_out"}


def _changed(overrides: Mapping[str, Any]) -> tuple[dict[str, NDArray[np.bool_]], RealisticPlan]:
    """Which stages change, per server, when some values of the scenario do."""
    plan, other = realistic(MIXED_WEEK), realistic(MIXED_WEEK | dict(overrides))
    one, two = model.samples(plan, whole(plan)), model.samples(other, whole(other))
    return {
        stage: (getattr(one, stage) != getattr(two, stage)).any(axis=1) for stage in STAGES
    }, plan


@pytest.mark.parametrize(
    ("figure", "value", "stages"),
    [
        ("spikes.rate", 0, {"spikes", "cpu", "sent", "taken", "memory"} | FLOWS),
        ("spikes.tail", 1.9, {"spikes", "cpu", "sent", "taken", "memory"} | FLOWS),
        ("demand.shock_rate", 20, {"spikes", "cpu", "sent", "taken", "memory"} | FLOWS),
        ("jobs.height", 7, {"runs", "cpu"}),
        ("jobs.memory", 7, {"taken", "memory"}),
        ("jobs.traffic", 7, {"sent"} | FLOWS),
        ("episodes.rate", 16, {"cpu", "sent", "taken", "memory"} | FLOWS),
        ("swings.rate", 16, {"base", "cpu"}),
        ("cycle.size", 5, {"base", "cpu"}),
        ("noise.size", 0.2, {"base", "cpu"}),
        ("noise.memory", 0.4, {"base", "cpu"} | NOISES | FLOWS),
        ("demand.wander.middle", 0.4, {"common", "base", "cpu", "memory"} | FLOWS),
        ("demand.shared", 0.4, {"common", "base", "cpu", "memory"} | NOISES | FLOWS),
        ("demand.level", 12, {"base", "cpu", "sent", "taken", "memory"} | FLOWS),
        ("spread", 1, {"base", "cpu", "sent", "taken", "memory"} | FLOWS),
        ("demand.growth", 5, {"relative", "common", "base", "cpu", "memory"} | FLOWS),
        ("demand.close", 3, {"relative", "common", "base", "cpu", "memory"} | FLOWS),
        ("demand.day_spread", 0.3, {"relative", "common", "base", "cpu", "memory"} | FLOWS),
        ("network.level", 7, FLOWS),
        ("network.noise", 0.9, NOISES | FLOWS),
        ("network.drift", 0.9, NOISES | FLOWS),
        ("network.cpu_correlation", 0.1, NOISES | FLOWS),
        ("network.transfers.rate", 24, FLOWS),
        ("network.transfers.height", 3, FLOWS),
        ("network.per_spike", 9, {"sent"} | FLOWS),
        ("network.out_correlation", 0.1, {"noise_out", "net_out"}),
        ("network.out_ratio", 5, {"net_out"}),
        ("network.link", 1, set()),
        ("floor", 0.3, set()),
        ("steps", 4, set()),
        ("memory.level", 33, {"held", "memory"}),
        ("memory.restart_days", 1, {"held", "memory"}),
        ("memory.leak", 0.3, {"held", "memory"}),
        ("memory.noise", 3, {"held", "memory"}),
        ("memory.drift", 3, {"held", "memory"}),
        ("memory.releases.rate", 24, {"taken", "memory"}),
        ("memory.per_spike", 3, {"taken", "memory"}),
        ("memory.follows", 2, {"memory"}),
        ("disk.fill", 2, {"disk"}),
        ("disk.cleanup_days", 1, {"disk"}),
        ("disk.trend", 2, {"disk"}),
        ("disk.noise", 3, {"disk"}),
        ("disk.rotation.size", 3, {"disk"}),
    ],
)
def test_a_figure_moves_what_depends_on_it_and_no_other_archetype(
    figure: str, value: Any, stages: set[str]
) -> None:
    changed, plan = _changed({f"archetypes.application.{figure}": value})
    kinds = np.array(plan.fleet.metadata(0, plan.fleet.size)["server_type"])
    assert {stage for stage, moved in changed.items() if moved.any()} == stages
    for stage in stages:
        assert not changed[stage][kinds != "application"].any()
        assert changed[stage][kinds == "application"].any()


def test_a_close_moves_its_own_business_unit_alone() -> None:
    changed, plan = _changed({"closes.Retail.quarter": 2.0, "closes.Retail.fiscal_year_starts": 1})
    metadata = plan.fleet.metadata(0, plan.fleet.size)
    retail = np.array(metadata["business_unit"]) == "Retail"
    assert changed["relative"][retail].any()
    for moved in changed.values():
        assert not moved[~retail].any()
    assert not (changed["runs"] | changed["disk"]).any()


def test_a_links_limit_and_a_counters_floor_are_seen_at_the_end_alone() -> None:
    plan = realistic(MIXED_WEEK)
    other = realistic(MIXED_WEEK | {"archetypes.web.network.link": 20, "archetypes.web.floor": 0.5})
    moved = (simulate(plan, whole(plan)).values != simulate(other, whole(other)).values).any(axis=2)
    web = np.array(plan.fleet.metadata(0, plan.fleet.size)["server_type"]) == "web"
    assert moved[[0, 3, 4]][:, web].all()
    assert not moved[[1, 2]].any()
    assert not moved[:, ~web].any()


# Statistics of coarser ticks

STATISTICS = ["p50", "p95", "max", "mean", "min"]
WEEK = {"start_date": date(2022, 10, 29), "end_date": date(2022, 11, 4)}


def _published(granularity: str, statistics: list[str]) -> NDArray[np.int32]:
    plan = realistic(WEEK, granularity=granularity, statistics=statistics)
    values = simulate(plan, whole(plan)).values
    return values.reshape(5, len(statistics), *values.shape[1:])


def test_daily_statistics_are_those_of_the_5_minute_output() -> None:
    daily = _published("daily", STATISTICS)
    fine = _published("5min", ["p95"])[:, 0].reshape(5, 14, 7, 288)
    ordered = np.sort(fine, axis=3)
    assert np.array_equal(daily[:, 0], ordered[..., 143])
    assert np.array_equal(daily[:, 1], ordered[..., 273])
    assert np.array_equal(daily[:, 2], fine.max(axis=3))
    assert np.array_equal(daily[:, 4], fine.min(axis=3))
    rows = fine.reshape(-1, 288).tolist()
    means = [twin.statistic("mean", row) for row in rows]
    assert daily[:, 3].ravel().tolist() == means


def test_daily_extremes_are_those_of_the_hourly_output() -> None:
    daily, hourly = _published("daily", ["max", "min"]), _published("hourly", ["max", "min"])
    parts = hourly.reshape(5, 2, 14, 7, 24)
    assert np.array_equal(daily[:, 0], parts[:, 0].max(axis=3))
    assert np.array_equal(daily[:, 1], parts[:, 1].min(axis=3))


def test_one_sample_a_tick_is_every_statistic_of_itself() -> None:
    values = _published("5min", STATISTICS)
    assert (values == values[:, :1]).all()


# Processes, workers, folders, formats

SMALL: dict[str, Any] = {
    "start_date": date(2022, 1, 30),
    "end_date": date(2022, 3, 4),
    "num_servers": 10,
}
IN_ANOTHER_PROCESS = """
from datetime import date
from tests.property.test_realistic_determinism import SMALL
from tests.realistic_agreement import realistic
from tests.support import digest_of
print(digest_of(realistic(SMALL)))
"""


@pytest.fixture(scope="module")
def digest() -> str:
    return digest_of(realistic(SMALL))


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_other_processes_agree(digest: str, hash_seed: str) -> None:
    root = Path(__file__).parents[2]
    code = IN_ANOTHER_PROCESS.replace(
        "from tests.property.test_realistic_determinism import SMALL",
        f"import datetime\nSMALL = {SMALL!r}",
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": f"{root}:{root / 'src'}",
            "PATH": "",
        },
    )
    assert ran.stdout.strip() == digest


@pytest.mark.parametrize("rows", [20, 35, 1_000])
def test_batches_of_any_size_give_the_same_digest(digest: str, rows: int) -> None:
    assert digest_of(realistic(SMALL), batch_rows=rows) == digest


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("workers", [1, 2])
def test_workers_and_formats_give_the_same_digest(
    digest: str, ending: str, workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "BATCH_ROWS", 70)
    path = tmp_path / f"a{ending}"
    assert fleetsynth.generate(realistic(SMALL), path, workers=workers).digest == digest
    assert fleetsynth.digest_file(path) == digest


@pytest.mark.parametrize("workers", [1, 2])
def test_folders_in_parts_give_the_same_digest(digest: str, workers: int, tmp_path: Path) -> None:
    scenario = realistic(SMALL).scenario
    result = generate_folder(scenario, str(tmp_path / "fleet"), part_bytes=17_000, workers=workers)
    assert result.parts == result.made == 2
    assert result.digest == digest
