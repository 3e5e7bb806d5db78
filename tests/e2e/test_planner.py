"""The planner's scenario, by its name, from any folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bench import planner
from fleetsynth.errors import UsageError
from fleetsynth.kinds import STORIES
from fleetsynth.ledger import table
from fleetsynth.presets import as_plan
from fleetsynth.presets.load import load_scenario

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.command import Within


def test_it_has_a_name_wherever_a_scenario_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert as_plan("planner").digest == as_plan(load_scenario("planner")).digest
    with pytest.raises(UsageError, match="did you mean 'planner'"):
        load_scenario("planer")
    (tmp_path / "planner").write_text("num_servers: 3\n")  # what is there goes first
    assert load_scenario("planner").num_servers == 3
    assert load_scenario("./planner").num_servers == 3


def test_config_init_writes_it_to_start_from(within: Within) -> None:
    assert within("config", "init", "mine.yaml", "--scenario", "planner").code == 0
    assert as_plan(within.folder / "mine.yaml").digest == as_plan("planner").digest
    wrong = within("config", "init", "other.yaml", "--scenario", "planer")
    assert wrong.code == 2
    assert "did you mean 'planner'" in wrong.err
    both = within("config", "init", "other.yaml", "--scenario", "planner", "--preset", "classic")
    assert both.code == 2
    assert "leave one out" in both.err


def test_services_have_stories_and_servers_fill_up() -> None:
    """The ranges of the table in docs/capacity.md, wider: a small fleet over two years."""
    fleet = planner.Fleet.of(num_servers=100, sample_interval="15min", end_date="2023-12-31")
    plan = as_plan("planner")
    assert 0.3 <= planner.share_with_story(plan) <= 0.6
    told = {event.kind for event in table.events(plan, 0, plan.fleet.size) if event.course}
    assert told == set(STORIES)
    looks = planner.looks(fleet.values.shape[2])
    found = [planner.first_breaches(fleet.values, first).any(axis=0).mean() for first in looks]
    assert 0.03 <= np.mean(found) <= 0.2
    assert planner.slack(fleet.values) > 0.3
    errors = planner.errors(fleet.values)
    assert errors["seasons"] < errors["trend"]
