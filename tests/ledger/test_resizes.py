"""Capacity columns: what servers have and use, and what resizes make of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import fleetsynth as fs
from fleetsynth.kinds.kind import CHANNELS
from fleetsynth.ledger import table
from fleetsynth.metrics import CAPACITY, USED
from fleetsynth.presets import as_plan, simulate
from fleetsynth.window import Window

if TYPE_CHECKING:
    from fleetsynth.instances import InstanceType
    from fleetsynth.plan import Plan

SAID: dict[str, Any] = {
    "seed": 5,
    "num_servers": 64,
    "start_date": "2024-02-20",
    "end_date": "2024-04-10",
    "granularity": "6h",
    "capacity_columns": True,
    "absolute": True,
    "events": [
        {"kind": "resize", "at": "2024-02-01", "share": 0.3, "to_type": "c6i.xlarge"},
        {"kind": "resize", "at": "2024-03-07 10:00", "share": 0.4, "to_type": "r6i.2xlarge"},
        {"kind": "change", "at": "2024-03-15", "share": 0.3, "capacity": "x1.37", "ramp": "3d"},
        {"kind": "resize", "from": "2024-03-20", "to": "2024-03-28", "share": 0.3, "disk_size": 3},
        {"kind": "noisy_neighbour", "at": "2024-03-01", "for": "9d", "share": 0.5},
    ],
}
PRESETS: dict[str, dict[str, Any]] = {
    "classic": {"assignment": "interleaved", "incidents": {"intensity": 1, "resize": {"days": 15}}},
    "realistic": {
        "preset": "realistic",
        "sample_interval": "1h",
        "statistics": ["p95", "mean"],
        "incidents": {"intensity": 1, "resize": {"days": 15, "up": 0.7}},
    },
}
PLANS = {name: as_plan(SAID | said) for name, said in PRESETS.items()}


def window_of(plan: Plan) -> Window:
    return Window(0, plan.fleet.size, plan.clock.first, plan.clock.stop)


WHOLE = {name: simulate(plan, window_of(plan)).values for name, plan in PLANS.items()}


def twin(plan: Plan) -> np.ndarray[Any, Any]:
    """Capacities of every server at every tick, from the rows of the ledger alone."""
    types = {each.name: each for each in plan.fleet.types.types} if plan.fleet.types else {}
    events: dict[str, list[dict[str, Any]]] = {}
    for event in table.events(plan, 0, plan.fleet.size):
        events.setdefault(event.entity, []).append(table.row(event) | {"ramp": event.ramp})
    columns = plan.fleet.metadata(0, plan.fleet.size)
    seconds = plan.clock.seconds(plan.clock.first, plan.clock.stop).tolist()
    out = np.empty((4, plan.fleet.size, len(seconds)))
    for row, server in enumerate(plan.fleet.server_ids(0, plan.fleet.size)):
        service = columns.get("service", columns["server_type"])[row]
        mine = [*events.get(server, []), *events.get(service, [])]
        mine.sort(key=lambda each: (each["begin"], each["event_id"]))
        for tick, second in enumerate(seconds):
            out[:, row, tick] = _at(types, types[columns["instance_type"][row]], mine, second)
    return np.rint(out * 100)


def _at(
    types: dict[str, InstanceType], own: InstanceType, events: list[dict[str, Any]], second: int
) -> list[float]:
    now = [event for event in events if event["begin"] <= second < (event["end"] or 1e18)]
    capacities = list(own.capacities)
    for event in now:
        if " to " in event["effect"]:
            name = event["effect"].partition(" to ")[2].partition(",")[0]
            capacities = list(types[name].capacities)
    for event in now:
        if event["kind"] == "noisy_neighbour" or " to " in event["effect"]:
            continue
        channel = event["effect"].partition(" ")[0]  # each of these does one thing
        places = {"cores": [0], "capacity": [0, 1], "memory_size": [1], "disk_size": [2]}
        for place in places.get(channel, []):
            share = min(1.0, (second - event["begin"]) / event["ramp"]) if event["ramp"] else 1
            capacities[place] *= 1 + share * (event["size"] - 1)
    return capacities


@pytest.mark.parametrize("preset", PLANS)
def test_capacities_are_those_of_the_ledger(preset: str) -> None:
    plan = PLANS[preset]
    own = len(plan.of_model.metrics)
    assert [m.column for m in plan.metrics[own : own + 4]] == [m.column for m in CAPACITY]
    found = WHOLE[preset][own : own + 4]
    assert np.array_equal(found, twin(plan))
    moved = (np.diff(found, axis=2) != 0).any(axis=2).sum(axis=1)
    assert (moved[:3] > 10).all(), moved  # so that this proves something


@pytest.mark.parametrize("preset", PLANS)
def test_what_is_used_is_the_published_share_of_what_there_is(preset: str) -> None:
    plan, values = PLANS[preset], WHOLE[preset]
    places = {metric.column: i for i, metric in enumerate(plan.metrics)}
    chosen = np.random.default_rng(1).integers(values[0].size, size=200)
    compared = 0
    for stem, (used, which) in USED.items():
        for metric in plan.of_model.metrics:
            if metric.stem == stem:
                column = replace(used, statistic=metric.statistic).column
                for cell in chosen.tolist():
                    percent, there, found = (
                        int(values[places[name]].flat[cell])
                        for name in (metric.column, CAPACITY[which].column, column)
                    )
                    assert found == round(Fraction(percent * there, 10_000))  # ties to even
                    compared += 1
    assert compared >= 600


@pytest.mark.parametrize("preset", PLANS)
def test_columns_change_no_value_of_the_model(preset: str) -> None:
    plan = PLANS[preset]
    bare = as_plan(SAID | PRESETS[preset] | {"capacity_columns": False, "absolute": False})
    own = len(bare.metrics)
    assert np.array_equal(simulate(bare, window_of(bare)).values, WHOLE[preset][:own])
    assert bare.metrics == plan.metrics[:own]


@pytest.mark.parametrize("preset", PLANS)
def test_any_cut_gives_the_same_columns(preset: str) -> None:
    plan, first = PLANS[preset], PLANS[preset].clock.first
    for server, stop, tick, end in ((0, 64, 0, 7), (13, 14, 0, 200), (20, 31, 55, 57)):
        cut = simulate(plan, Window(server, stop, first + tick, first + end)).values
        assert np.array_equal(cut, WHOLE[preset][:, server:stop, tick:end])


@pytest.mark.parametrize("preset", PLANS)
def test_a_larger_fleet_and_a_longer_span_change_nobody(preset: str) -> None:
    more = {"num_servers": 200, "end_date": "2024-04-20"}
    if preset == "classic":
        more["growth"] = {"span": ["2024-02-20", "2024-04-10"]}
    plan = as_plan(SAID | PRESETS[preset] | more)
    small = PLANS[preset]
    assert plan.fleet.metadata(0, 64) == small.fleet.metadata(0, 64)
    values = simulate(plan, Window(0, 64, small.clock.first, small.clock.stop)).values
    own = len(small.of_model.metrics)
    assert np.array_equal(values[own : own + 4], WHOLE[preset][own : own + 4])


def test_servers_of_a_service_have_one_type_and_shares_are_held() -> None:
    plan = as_plan({"preset": "realistic", "num_servers": 4000, "capacity_columns": True})
    columns = plan.fleet.metadata(0, 4000)
    of_service: dict[str, set[str]] = {}
    for service, kind in zip(columns["service"], columns["instance_type"], strict=True):
        of_service.setdefault(service, set()).add(kind)
    assert all(len(kinds) == 1 for kinds in of_service.values())
    web = Counter(next(iter(k)) for s, k in of_service.items() if s.startswith("web-"))
    assert set(web) == {"c6i.large", "c6i.xlarge", "c6i.2xlarge"}
    assert abs(web["c6i.2xlarge"] / web.total() - 0.2) < 0.1


def test_a_drawn_resize_is_off_unless_it_is_asked_for_and_takes_whole_services() -> None:
    usual = as_plan({"preset": "realistic", "num_servers": 64})
    assert "resize" not in usual.scenario.to_dict()["incidents"]
    assert not [e for e in table.events(usual, 0, 64) if e.kind == "resize"]
    found = [e for e in table.events(PLANS["realistic"], 0, 64) if e.types and e.end is not None]
    assert len(found) > 30
    services = PLANS["realistic"].fleet.services(0, 64)
    told = {e.entity for e in table.events(PLANS["realistic"], 0, 64) if e.types and not e.end}
    begins: dict[str, set[int]] = {}
    for event in found:
        begins.setdefault(services[int(event.entity[-3:])], set()).add(event.begin)
        assert event.entity not in told  # whom planners give a type, no chance takes elsewhere
    counts = Counter(services[int(event.entity[-3:])] for event in found)
    shared = [name for name in counts if counts[name] > len(begins[name])]
    assert shared


def test_a_resize_is_in_the_ledger_with_both_types() -> None:
    said = {"kind": "resize", "at": "2024-02-21", "servers": "server_000", "to_type": "m6i.8xlarge"}
    plan = as_plan({"num_servers": 1, "start_date": "2024-02-20", "end_date": "2024-02-22"} | {
        "events": [said, said | {"at": "2024-02-22", "to_type": "m6i.4xlarge"}],
        "instances": {"web": ["m6i.large"]}, "distribution": {"web": 1.0},
    })  # fmt: skip
    effects = [table.effect_text(event) for event in table.events(plan, 0, 1)]
    assert effects == [
        "m6i.large to m6i.8xlarge, cores x16, memory_size x16, disk_size x16",
        "m6i.8xlarge to m6i.4xlarge, cores x0.5, memory_size x0.5, disk_size x0.5",
    ]
    assert all(channel in CHANNELS for channel in ("cores", "memory_size", "disk_size"))


def test_utilisation_is_divided_by_what_capacity_is_multiplied_by() -> None:
    base: dict[str, Any] = {
        "num_servers": 4, "start_date": "2024-02-20", "end_date": "2024-02-29", "absolute": True,
        "distribution": {"database": 1.0}, "instances": {"database": ["r6i.large"]},
    }  # fmt: skip
    told = {"kind": "resize", "at": "2024-02-01", "to_type": "m6i.2xlarge"}
    one, other = (as_plan(base | {"events": events}) for events in ([], [told]))
    before, after = (simulate(plan, window_of(plan)).values for plan in (one, other))
    below = (before[:3] < 10_000).all(axis=0)
    for metric, times in enumerate((4, 2, 4)):
        assert np.abs(before[metric] / times - after[metric])[below].max() <= 0.5
    assert np.abs(before[5:8] - after[5:8])[:, below].max() <= 30  # the same work: 0.3 GB at most


def test_columns_stand_only_while_servers_live(tmp_path: Any) -> None:
    said = SAID | PRESETS["realistic"] | {"num_servers": 12, "retire": {"mean_years": 0.2}}
    made = fs.generate(said | {"fleet_growth": {"per_month": 6}}, tmp_path / "lives.parquet")
    assert 0 < made.rows < made.plan.cells
    assert fs.digest_file(tmp_path / "lives.parquet") == made.digest
    assert fs.validate(tmp_path / "lives.parquet").ok
