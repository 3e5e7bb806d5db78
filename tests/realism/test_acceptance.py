"""The realistic preset is held to facts measured on real fleets; the classic one is not, and fails.

A fixed seed, so that the outcome is not a matter of chance: with other seeds each fact stays well
within its bounds (docs/realism.md has three).
"""

from pathlib import Path

import pytest

import fleetsynth
from fleetsynth.facts.facts_table import known_facts
from fleetsynth.presets import as_plan
from tests.realism.test_level_shifts import shifted_share

QUARTER = {
    "start_date": "2024-01-01",
    "end_date": "2024-03-30",
    "granularity": "5min",
    "include_calendar": False,
    "seed": 1,
}

SHIFTS_LEAST, SHIFTS_MOST = -17, 5
"""By how much the share of servers with level shifts may be off the ledger's: docs/facts.md."""


def measured(preset: str, servers: int, folder: Path) -> fleetsynth.Facts:
    path = folder / f"{preset}.parquet"
    fleetsynth.generate(QUARTER | {"preset": preset, "num_servers": servers}, path)
    return fleetsynth.facts(path)


@pytest.mark.slow
def test_a_realistic_fleet_meets_every_fact_at_once(tmp_path: Path) -> None:
    facts = measured("realistic", 400, tmp_path)
    held = [name for name, fact in known_facts().items() if fact.wanted or fact.only]
    assert len(held) >= 15
    assert [name for name in held if facts.values[name] is None] == []
    assert facts.missed() == []
    by_ledger = shifted_share(as_plan(QUARTER | {"preset": "realistic", "num_servers": 400}))
    by_facts = facts.values["shifted_share"]
    assert isinstance(by_facts, float)
    error = by_facts - by_ledger
    assert SHIFTS_LEAST <= error <= SHIFTS_MOST


@pytest.mark.slow
def test_a_classic_fleet_does_not(tmp_path: Path) -> None:
    missed = measured("classic", 40, tmp_path).missed()
    assert {"residual_lag", "skewed_share", "kurtotic_share", "memory_lag"} <= set(missed)
