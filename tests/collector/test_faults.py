"""Clean rows less collected ones are the faults of the ledger, cell for cell."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from fleetsynth.kinds import FAULTS
from fleetsynth.presets import as_plan, simulate, simulate_clean
from fleetsynth.tables import events
from fleetsynth.window import Window
from tests.collector.fleets import (
    ALL,
    PRESETS,
    WINTER,
    faulty,
    ledger_of,
    only,
    sorted_rows,
    table_of,
)
from tests.collector.twin import Twin, second_of

CASES: list[tuple[str, dict[str, Any]]] = [
    ("classic", {}),
    ("realistic", {}),
    ("classic", {"granularity": "daily"}),
]


def _told(plan: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table_of(plan).to_pylist()
    return rows


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    values = (row[name] for name in row if name.endswith("_p95"))
    return row["server_id"], row["timestamp"], *(-1 if v is None else v for v in values)


@pytest.mark.parametrize(("preset", "more"), CASES)
def test_the_ledger_says_all_that_is_wrong(preset: str, more: dict[str, Any]) -> None:
    said: dict[str, Any] = {"num_servers": 4, "end_date": "2024-02-12"}
    plan = faulty(preset, **said | more)
    ledger = ledger_of(plan)
    first = plan.clock.first * plan.clock.step
    known = {row["kind"] for row in ledger}
    assert known >= FAULTS.keys() if not more else len(known) > 4
    begun = {r["entity"] for r in ledger if r["kind"] == "stuck" and r["begin"] < first}
    told = Twin(_told(plan.clean), ledger)
    servers = [s for s in plan.fleet.server_ids(0, plan.fleet.size) if s not in begun]
    assert servers
    expected = sorted(_key(row) for row, _ in told.rows() if row["server_id"] in servers)
    found = sorted(_key(row) for row in _told(plan) if row["server_id"] in servers)
    assert found == expected
    assert len(found) != len(servers) * plan.clock.count


@pytest.mark.parametrize("kind", FAULTS)
def test_a_kind_alone_changes_nothing_else(kind: str) -> None:
    """Switched on alone it does what it does among others, and its faults are the same."""
    alone, every = faulty("classic", only(kind)), faulty("classic")
    ledger = ledger_of(alone)
    assert len(ledger) > (0 if kind == "collector_outage" else 5)
    assert ledger == [row for row in ledger_of(every) if row["kind"] == kind]
    clean, told = table_of(alone.clean), table_of(alone)
    stamps = [tuple(t[n].to_pylist() for n in ("server_id", "timestamp")) for t in (clean, told)]
    count = told.num_rows - clean.num_rows
    if kind in ("gap", "agent_outage", "collector_outage"):
        assert count < 0
    elif kind == "duplicate":
        assert count > 0
    elif kind in ("late", "out_of_order"):
        assert (count, sorted(zip(*stamps[0]))) == (0, sorted(zip(*stamps[1])))  # noqa: B905
        assert stamps[0] != stamps[1]
    elif kind == "clock_skew":
        assert count == 0
        assert stamps[0] != stamps[1]
    else:
        changed = [m.column for m in alone.metrics if clean[m.column] != told[m.column]]
        assert changed
        assert {name.rpartition("_")[0] for name in changed} <= {r["metrics"] for r in ledger}
        assert stamps[0] == stamps[1]


def test_one_fault_less_is_one_fault_less() -> None:
    plan = faulty("classic")
    ledger = ledger_of(plan)
    gone = [ledger[0]["event_id"], ledger[-1]["event_id"]]
    assert gone[1].startswith("collector_outage-fleet-")
    without = faulty("classic", ALL | {"without": gone})
    assert ledger_of(without) == ledger[1:-1]
    assert table_of(without).num_rows > table_of(plan).num_rows


def test_off_it_says_nothing_and_does_nothing() -> None:
    plan = faulty("classic", {})
    assert not plan.is_faulty
    assert plan.is_full
    assert plan.clean is plan
    assert "collector" not in plan.scenario.to_dict()
    assert plan.digest == as_plan(WINTER | PRESETS["classic"]).digest
    assert plan.digest == as_plan(faulty("classic").scenario.clean).digest
    assert "ingested_at" not in plan.columns
    assert faulty("classic").columns[-1] == "ingested_at"


# Prefixes


@pytest.mark.parametrize("step", ["5min", "1h"])
def test_the_ledger_of_a_small_fleet_is_part_of_that_of_a_large_one(step: str) -> None:
    said: dict[str, Any] = {"assignment": "interleaved", "start_date": "2024-01-01"}
    said |= {"granularity": step, "collector": {"intensity": 1}}
    few = _hashes(as_plan(said | {"num_servers": 64, "end_date": "2024-12-31"}))
    many = _hashes(as_plan(said | {"num_servers": 200, "end_date": "2025-12-31"}))
    assert len(few) > 2_000
    assert len(many) > 5 * len(few)
    assert few <= many


def _hashes(plan: Any) -> set[bytes]:
    """The hashes of a ledger's rows, whose ids all differ."""
    table = pa.Table.from_batches(events.batches(plan))
    assert len(table["event_id"].unique()) == len(table)
    packed = b"".join(events.leaves(batch) for batch in table.to_batches())
    return {packed[at : at + 32] for at in range(0, len(packed), 32)}


def test_an_earlier_end_keeps_the_rows() -> None:
    more: dict[str, Any] = {"num_servers": 3, "growth_start": "2024-01-20"}
    whole, part = (
        faulty("realistic", end_date=end, **more) for end in ("2024-03-05", "2024-02-14")
    )
    rows, some = set(sorted_rows(table_of(whole))), sorted_rows(table_of(part))
    assert set(some) <= rows
    assert len(some) > 0.4 * len(rows)
    later = faulty("realistic", **more | {"start_date": "2024-02-11"})
    assert set(sorted_rows(table_of(later))) <= rows


def test_the_step_moves_no_fault() -> None:
    """A coarser grid misses faults between its ticks; those that it sees are the same."""
    plans = [faulty("classic", granularity=step) for step in ("5min", "15min", "daily")]
    fine, middle, coarse = ({row["event_id"]: row for row in ledger_of(p)} for p in plans)
    for some, more in ((middle, fine), (coarse, middle)):
        assert len(some) < len(more)
        # Stuck for a single row of a coarse grid is not stuck.
        assert [r for name, r in some.items() if more.get(name) != r] == []


def test_a_higher_rate_keeps_the_faults_of_a_lower_one() -> None:
    few, many = (
        {row["event_id"] for row in ledger_of(faulty("classic", ALL | {"intensity": x}))}
        for x in (0.5, 1)
    )
    assert few < many


def test_rates_are_what_they_say() -> None:
    said = {
        "num_servers": 60,
        "assignment": "interleaved",
        "start_date": "2024-01-01",
        "granularity": "5min",
    }
    plan = as_plan(said | {"end_date": "2024-12-31", "collector": {"intensity": 1}})
    ledger = [row for row in ledger_of(plan) if row["kind"] == "gap"]
    days = 60 * 366
    assert abs(len(ledger) / days - 0.9) < 0.025  # four standard errors
    single = [row for row in ledger if row["end"] - row["begin"] == 300]
    assert abs(len(single) / len(ledger) - 0.84) < 0.011
    web = as_plan(
        said | {"num_servers": 20, "end_date": "2024-03-31"}
        | {"collector": {"intensity": 1, "gap": {"archetypes": {"web": 0}}}}
    )  # fmt: skip
    codes = web.fleet.archetype_codes(0, 20)
    with_gaps = {row["entity"] for row in ledger_of(web) if row["kind"] == "gap"}
    assert with_gaps == {
        name
        for name, code in zip(web.fleet.server_ids(0, 20), codes.tolist(), strict=True)
        if web.fleet.archetypes[code] != "web"
    }


# Cuts and seams


@pytest.mark.parametrize("preset", PRESETS)
def test_any_window_has_the_rows_of_the_whole(preset: str) -> None:
    plan = faulty(preset)
    clock = plan.clock
    whole = simulate(plan, Window(0, plan.fleet.size, clock.first, clock.stop))
    every = _rows_in(whole, 0, 0)
    rng = np.random.default_rng(3)
    for _ in range(12):
        first, stop = sorted(rng.choice(plan.fleet.size + 1, 2, replace=False).tolist())
        begin, end = sorted(rng.choice(clock.count + 1, 2, replace=False).tolist())
        cut = simulate(plan, Window(first, stop, clock.first + begin, clock.first + end))
        inside = (every[0] >= first) & (every[0] < stop) & (every[1] >= begin) & (every[1] < end)
        assert (_rows_in(cut, first, begin) == every[:, inside]).all()


def _rows_in(block: Any, first: int, begin: int) -> Any:
    """Rows in an order of their own: server, tick, shift, arrival and values of each."""
    shift = np.zeros(block.rows, np.int64) if block.shift is None else block.shift
    columns = [block.server + first, block.tick + begin, shift, block.arrival, *block.values]
    rows = np.stack([column.astype(np.int64) for column in columns])
    return rows[:, np.lexsort(rows[::-1])]


@pytest.mark.parametrize("kind", ["late", "out_of_order", "duplicate"])
def test_rows_of_a_server_and_month_stand_as_they_arrived(kind: str) -> None:
    rows = table_of(faulty("classic", only(kind))).to_pylist()
    groups: dict[tuple[str, int], list[Any]] = {}
    for row in rows:
        groups.setdefault((row["server_id"], row["timestamp"].month), []).append(row)
    order = [key for key, _ in _runs(rows)]
    assert order == sorted(groups)
    late = 0
    for group in groups.values():
        arrived = [row["ingested_at"] for row in group]
        assert arrived == sorted(arrived)
        late += sum(b["timestamp"] < a["timestamp"] for a, b in itertools.pairwise(group))
    assert late > (5 if kind != "duplicate" else -1)


def _runs(rows: list[dict[str, Any]]) -> list[tuple[tuple[str, int], int]]:
    out: list[tuple[tuple[str, int], int]] = []
    for row in rows:
        key = row["server_id"], row["timestamp"].month
        if not out or out[-1][0] != key:
            out.append((key, 0))
    return out


def test_rows_arrive_after_they_are_over() -> None:
    plan = faulty("classic", only("late"), num_servers=3)
    late = [row for row in ledger_of(plan) if row["kind"] == "late"]
    step = plan.clock.step
    held = 0
    for row in _told(plan):
        second, arrived = second_of(row["timestamp"]), second_of(row["ingested_at"])
        waits = arrived - second - step
        fault = [
            each for each in late
            if each["entity"] == row["server_id"] and each["begin"] <= second < each["end"]
        ]  # fmt: skip
        if not fault:
            assert 1 <= waits <= 40
            continue
        last = max(fault, key=lambda each: each["begin"])
        assert arrived >= last["end"]
        assert waits <= max(40, last["end"] - second - step + (second - last["begin"]) // 10 + 40)
        held += 1
    assert held > 100


def test_stamps_never_leave_their_month() -> None:
    collector = only("clock_skew")
    collector["clock_skew"] = {"per_day": 2.0, "size": [80_000, 86_400]}
    plan = faulty("classic", collector)
    clock = plan.clock
    block = simulate(plan, Window(0, plan.fleet.size, clock.first, clock.stop))
    assert block.shift is not None
    assert block.tick is not None
    seconds = (block.tick + clock.first) * clock.step
    months = [each.astype("datetime64[s]").astype("datetime64[M]") for each in
              (seconds, seconds + block.shift)]  # fmt: skip
    assert (months[0] == months[1]).all()
    assert 0.3 < (block.shift != 0).mean() < 0.99
    clean = simulate_clean(plan, Window(0, 1, clock.first, clock.stop))
    assert clean.shift is None


def test_lives_and_faults_go_together() -> None:
    more: dict[str, Any] = {"retire": {"mean_years": 0.3}, "fleet_growth": {"per_month": 2}}
    more |= {"num_servers": 3, "end_date": "2024-02-20"}
    plan = faulty("classic", **more)
    ledger = ledger_of(plan)
    lives = plan.lives(0, plan.fleet.size)
    assert lives is not None
    names = plan.fleet.server_ids(0, plan.fleet.size)
    begun = plan.clock.first * plan.clock.step
    for row in ledger:
        if row["entity"] != "fleet":
            first, stop = (lives[names.index(row["entity"])] * plan.clock.step).tolist()
            assert row["begin"] < stop
            assert row["end"] > first
    skip = {r["entity"] for r in ledger if r["kind"] == "stuck" and r["begin"] < begun}
    told = Twin(_told(plan.clean), ledger)
    expected = sorted(_key(row) for row, _ in told.rows() if row["server_id"] not in skip)
    found = sorted(_key(row) for row in _told(plan) if row["server_id"] not in skip)
    assert found == expected
