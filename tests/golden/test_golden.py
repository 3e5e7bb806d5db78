"""Golden digests: the same scenario gives the same data in every release, on every machine.

They need nothing but the package's core and pytest, so that they also run against the oldest
supported libraries. If one fails, see `tests.golden.regenerate` on when new ones are legitimate.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fleetsynth.block import Block
from fleetsynth.plan import Plan
from fleetsynth.presets import simulate
from fleetsynth.streams import fingerprint
from fleetsynth.tables import table
from fleetsynth.window import Window
from tests.golden import book, regenerate
from tests.support import digest_of, plan_of

BOOK = book.read()
CASES = BOOK["cases"]
REALISTIC = [name for name in CASES if CASES[name]["scenario"].get("preset") == "realistic"]
SMALL = [name for name in CASES if name != "default" and name not in REALISTIC]
Values = np.ndarray[Any, np.dtype[np.int32]]


def test_the_first_normals_are_those_of_every_supported_numpy() -> None:
    assert fingerprint() == BOOK["normals_fingerprint"]


@pytest.mark.parametrize("name", CASES)
def test_digests_are_those_of_the_book(name: str) -> None:
    case = CASES[name]
    assert book.work_out(case["scenario"]) == case


def test_the_default_dataset_is_in_the_book_whole() -> None:
    assert CASES["default"]["scenario"] == {}
    assert plan_of().cells == 175_320
    assert len(SMALL) >= 12
    assert len(REALISTIC) >= 4


def test_all_digests_of_the_book_differ() -> None:
    for key in ("digest", "scenario_digest"):
        assert len({str(case[key]) for case in CASES.values()}) == len(CASES)


def test_regenerating_an_unchanged_book_writes_the_same_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = book.PATH.read_bytes()
    few: book.Book = {
        "normals_fingerprint": BOOK["normals_fingerprint"],
        "cases": {"seed 7": CASES["seed 7"]},
    }
    monkeypatch.setattr(book, "PATH", tmp_path / "golden.json")
    book.PATH.write_text(book.render(BOOK), "utf-8")
    assert book.PATH.read_bytes() == before
    monkeypatch.setattr(book, "read", lambda: few)
    regenerate.main()
    assert capsys.readouterr().out == "nothing moved\n"
    assert book.PATH.read_text("utf-8") == book.render(few)


# What follows proves that a golden digest notices a change.


@pytest.mark.parametrize("name", SMALL)
def test_a_base_that_is_a_hundredth_higher_moves_the_digest(name: str) -> None:
    case = CASES[name]
    plan = plan_of(case["scenario"])
    kind = plan.archetypes[0]
    raised = {f"archetypes.{kind.name}.base_cpu": kind.profile.base_cpu + 0.01}
    _assert_moved(case, case["scenario"] | raised)


@pytest.mark.parametrize("name", REALISTIC)
def test_a_level_that_is_a_little_higher_moves_the_digest(name: str) -> None:
    case = CASES[name]
    raised = {"archetypes.web.demand.level": {"lognormal": [30.1, 0.3], "max": 60}}
    _assert_moved(case, case["scenario"] | raised)


@pytest.mark.parametrize("name", [*SMALL, *REALISTIC])
def test_the_next_seed_moves_the_digest(name: str) -> None:
    case = CASES[name]
    seed = book.plan_of(case["scenario"]).scenario.seed + 1
    _assert_moved(case, case["scenario"] | {"seed": seed})


@pytest.mark.parametrize(
    "change",
    [
        {"num_servers": 13},
        {"start_date": "2022-01-02"},
        {"end_date": "2025-12-30"},
        {"granularity": "12h"},
        {"quarterly_peaks": False},
        {"holiday_effect": False},
        {"spikes": False},
        {"assignment": "interleaved"},
        {"growth.mode": "monthly"},
        {"growth.span": ["2022-01-01", "2026-12-31"]},
        {"regions": ["us-east-1", "us-west-2", "eu-west-1", "ap-southeast-2"]},
        {"include_metadata": False},
        {"include_calendar": False},
        {"archetypes.batch.cpu_network_correlation": 0.3001},
        {"archetypes.batch.spike_magnitude": 2.501},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_part_of_a_scenario_moves_the_digest(change: dict[str, Any]) -> None:
    case = CASES["seed 7"]
    _assert_moved(case, case["scenario"] | change)


@pytest.mark.parametrize(
    "change",
    [
        {"num_servers": 15},
        {"start_date": "2022-01-02"},
        {"end_date": "2022-04-29"},
        {"granularity": "12h"},
        {"sample_interval": "30min"},
        {"statistics": ["p94"]},
        {"growth_start": "2021-12-31"},
        {"assignment": "blocks"},
        {"regions": ["us-east-1", "us-west-2", "eu-west-1", "ap-southeast-2"]},
        {"locations.us-east-1.zone": "America/Chicago"},
        {"locations.us-east-1.country": "CA"},
        {"closes.default.quarter": 1.31},
        {"include_metadata": False},
        {"include_calendar": False},
        {"archetypes.web.replicas": [1, 1]},
        {"archetypes.web.demand.weekend": 0.5},
        {"archetypes.idle.floor": 0.2},
        {"archetypes.batch.spikes.tail": 1.31},
        {"archetypes.batch.network.per_spike": 4},
        {"archetypes.database.memory.restart_days": 59},
        {"archetypes.off.disk.fill": 0.01},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_part_of_a_realistic_scenario_moves_the_digest(change: dict[str, Any]) -> None:
    case = CASES["realistic, daily of hours"]
    _assert_moved(case, case["scenario"] | change)


def _assert_moved(case: book.Case, scenario: dict[str, Any]) -> None:
    got = book.work_out(scenario)
    assert got["digest"] != case["digest"]
    assert got["scenario_digest"] != case["scenario_digest"]


def _flip(values: Values) -> None:
    values[3, -1, -1] ^= 1


def _swap_two_ticks(values: Values) -> None:
    values[:, 0, [0, 1]] = values[:, 0, [1, 0]]


def _swap_two_metrics(values: Values) -> None:
    values[[0, 1]] = values[[1, 0]]


@pytest.mark.parametrize("damage", [_flip, _swap_two_ticks, _swap_two_metrics])
def test_damaged_values_move_the_digest(
    damage: Callable[[Values], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(plan: Plan, window: Window) -> Block:
        block = simulate(plan, window)
        damage(block.values)
        return block

    case = CASES["seed 7"]
    plan = plan_of(case["scenario"])
    assert digest_of(plan) == case["digest"]
    monkeypatch.setattr(table, "simulate_clean", damaged)
    assert digest_of(plan) != case["digest"]
