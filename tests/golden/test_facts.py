"""The facts of a small real file, once and for all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fleetsynth import facts

REAL = Path(__file__).parent.parent / "data" / "jumpstarter.parquet"
BOOK = Path(__file__).parent / "facts.json"


def test_facts_of_real_servers() -> None:
    """Every fact is what it was; figures may move in the ninth digit."""
    found = facts(REAL)
    kept = json.loads(BOOK.read_text("utf-8"))
    assert found.values.keys() == kept.keys()
    for name, value in kept.items():
        expected = pytest.approx(value, rel=1e-6, abs=1e-8) if isinstance(value, float) else value
        assert found.values[name] == expected, name
    assert sum(value is not None for value in kept.values()) > 30


def test_a_change_is_noticed() -> None:
    """The columns of the same file the other way round give other facts."""
    found = facts(REAL, {"cpu": "net_in_mbps", "network": "cpu_pct"})
    kept = json.loads(BOOK.read_text("utf-8"))
    changed = [name for name, value in found.values.items() if value != kept[name]]
    assert len(changed) > 20


if __name__ == "__main__":
    BOOK.write_text(json.dumps(facts(REAL).values, indent=1) + "\n", "utf-8")
