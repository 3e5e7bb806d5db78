"""Counters against a scalar twin that adds up minute by minute from the boot on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from fleetsynth.ledger.table import of_one
from fleetsynth.presets import as_plan, model_of
from fleetsynth.series.boots import course
from fleetsynth.series.counters import FULL, Counters, by_mode
from fleetsynth.series.families import MODES
from fleetsynth.series.select import Catalog, Limits, samples_of
from fleetsynth.series.tiles import Memory, Tiles
from fleetsynth.series.values import LINK_BYTES, Moments, own_values
from fleetsynth.window import Window

if TYPE_CHECKING:
    from fleetsynth.plan import Plan

DAY = 288
FLEET = {
    "preset": "realistic",
    "num_servers": 12,
    "start_date": "2024-01-01",
    "end_date": "2024-03-31",
    "granularity": "5min",
    "incidents": {"intensity": 20},
    "fleet_growth": {"steps": [{"date": "2024-02-05", "servers": 3}]},
    "retire": {"mean_years": 0.5},
}


def plan_of(**more: Any) -> Plan:
    return as_plan({**FLEET, **more})


def counters_of(plan: Plan) -> Counters:
    return Counters(plan, Tiles(plan, model_of(plan).simulate, Memory(1 << 26)))


def life(plan: Plan, server: int) -> tuple[int, int]:
    lives = plan.lives(server, server + 1)
    assert lives is not None
    begin, end = lives[0].tolist()
    return begin, end


def down_ticks(plan: Plan, server: int) -> list[tuple[int, int]]:
    """First tick that is off and first one that is not, of each event that does so."""
    step = plan.clock.step
    out = [
        (-(-event.begin // step), -(-event.end // step))
        for event in of_one(plan, server)
        if event.has("down") and event.end is not None
    ]
    return sorted(out)


def test_a_server_boots_after_each_time_it_was_off_and_never_meanwhile() -> None:
    plan = plan_of()
    seen = 0
    for server in range(plan.fleet.size):
        first, stop = life(plan, server)
        if stop - first < 2:
            continue
        found = course(plan, server, first, stop)
        ticks = [boot.tick for boot in found.boots]
        assert ticks == sorted(set(ticks))
        assert ticks[0] <= first < [*ticks, stop][1]
        for begin, end in down_ticks(plan, server):
            if first < end < stop and not any(a < end < b for a, b in down_ticks(plan, server)):
                assert end in ticks
                seen += 1
            booted = (boot.tick for boot in found.boots if not boot.is_birth)
            assert not any(begin < tick < end for tick in booted)
    assert seen > 20


@pytest.mark.parametrize("server", [0, 5, 13])
def test_any_piece_is_found_without_its_predecessors(server: int) -> None:
    plan = plan_of()
    first, stop = life(plan, server)
    whole = counters_of(plan).of(server, first, stop)
    for begin in range(first + 7, stop - 40, (stop - first) // 5):
        piece = counters_of(plan).of(server, begin, begin + 33)  # which remembers nothing
        at = slice(begin - first, begin - first + 33)
        assert np.array_equal(piece.rate, whole.rate[:, at])
        assert np.array_equal(piece.before, whole.before[:, at])
        assert np.array_equal(piece.booted, whole.booted[at])
    kept = counters_of(plan)
    for begin in range(first, min(stop, first + 3000) - 50, 50):  # which remembers the last piece
        piece = kept.of(server, begin, begin + 50)
        assert np.array_equal(piece.before, whole.before[:, begin - first : begin - first + 50])


def twin(plan: Plan, server: int, first: int, stop: int) -> dict[int, tuple[dict[str, int], int]]:
    """CPU time by mode in 1/10,000 s, and bytes received, at each minute, in plain integers."""
    counters = counters_of(plan)
    shares = counters.shares(server)
    boots = {b.tick: b for b in course(plan, server, first, stop).boots}
    begin = min(boots)
    block = model_of(plan).simulate(plan, Window(server, server + 1, begin, stop))
    cpu, net = block.values[0, 0].tolist(), block.values[3, 0].tolist()
    out, time, traffic = {}, dict.fromkeys(MODES, 0), 0
    step = plan.clock.step
    for tick in range(begin, stop):
        if tick in boots:
            time, traffic = dict.fromkeys(MODES, 0), 0
        rates = {mode: cpu[tick - begin] * shares.get(mode, 0) // 1000 for mode in MODES}
        rates["idle"] = 10_000 - cpu[tick - begin]
        rates["user"] = cpu[tick - begin] - sum(
            rates[mode] for mode in MODES if mode not in {"idle", "user"}
        )
        if tick in boots and boots[tick].is_birth:
            rates, net[tick - begin] = dict.fromkeys(MODES, 0), 0
        for second in range((tick - 1) * step + 60, tick * step + 60, 60):
            time = {mode: time[mode] + 60 * rates[mode] for mode in MODES}
            traffic += 60 * net[tick - begin]
            out[second] = time, traffic * 1250
    return out


@pytest.mark.parametrize("server", [1, 13])
def test_counters_are_those_of_the_twin(server: int) -> None:
    plan = plan_of()
    catalog = Catalog(plan, {}, Limits())
    first, stop = life(plan, server)
    a = first if server == 13 else first + 40 * DAY
    expected = twin(plan, server, a, a + 2 * DAY)
    when = Moments.of(a * 300, (a + 2 * DAY - 1) * 300, 60)
    families = {family.name: family for family in catalog.families}
    cpu = own_values(catalog, families["node_cpu_seconds_total"], server, when)
    (net,) = own_values(catalog, families["node_network_receive_bytes_total"], server, when)
    for at, second in enumerate(when.seconds.tolist()):
        time, traffic = expected[second]
        assert [round(row[at] * FULL) for row in cpu] == [time[mode] for mode in MODES]
        assert net[at] == traffic
    assert stop > a + 2 * DAY
    assert LINK_BYTES == 1250


def test_modes_add_up() -> None:
    busy = np.arange(FULL + 1)
    shares = {"iowait": 59, "irq": 0, "nice": 3, "softirq": 19, "steal": 9, "system": 349}
    parts = by_mode(busy, shares)
    assert np.array_equal(sum(parts), np.full(FULL + 1, FULL))
    assert np.array_equal(FULL - parts[MODES.index("idle")], busy)
    assert min(part.min() for part in parts) == 0


def test_hourly_data_count_their_samples() -> None:
    hourly = plan_of(granularity="hourly", statistics=["p95", "max"])
    fine = samples_of(hourly)
    assert fine.clock.step == 300
    ours = counters_of(fine).of(2, fine.clock.first + 100, fine.clock.first + 200)
    same = plan_of()
    theirs = counters_of(same).of(2, same.clock.first + 100, same.clock.first + 200)
    assert np.array_equal(ours.before, theirs.before)


def test_models_without_restarts_boot_about_once_a_month() -> None:
    plan = as_plan({"num_servers": 30, "granularity": "hourly", "end_date": "2022-12-31"})
    boots = [
        len(course(plan, server, plan.clock.first, plan.clock.stop).boots)
        for server in range(plan.fleet.size)
    ]
    assert 9 < np.mean(boots) < 16


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"granularity": "hourly"},
        {"granularity": "90s", "end_date": "2022-01-12"},
        {"granularity": "30s", "end_date": "2022-01-12"},
        {"preset": "realistic", "granularity": "daily", "statistics": ["p50", "max"]},
        {"start_date": "1950-01-01", "end_date": "1950-02-01"},
        {"start_date": "0001-01-01", "end_date": "0001-02-01"},
        {"start_date": "9999-12-01", "end_date": "9999-12-31"},
    ],
    ids=str,
)
def test_counters_go_from_tick_to_tick_by_the_value_at_any_step(said: dict[str, Any]) -> None:
    catalog = Catalog(as_plan({"num_servers": 3, **said}), {}, Limits())
    step, (begin, _) = catalog.samples.clock.step, catalog.span()
    first = begin // step + 3
    when = Moments.of(first * step, (first + 4) * step, catalog.scrape_seconds)
    families = {family.name: family for family in catalog.families}
    idle = own_values(catalog, families["node_cpu_seconds_total"], 1, when)[0]
    (net,) = own_values(catalog, families["node_network_receive_bytes_total"], 1, when)
    values = catalog.clean.values(np.array([1]), first + 1, first + 5)[:, 0] / 100
    on_ticks = when.seconds % step == 0
    assert on_ticks.sum() == 5
    grown = np.diff(idle[on_ticks]) / step
    assert 100 * (1 - grown) == pytest.approx(values[0], abs=1e-6)
    assert np.diff(net[on_ticks]) / step * 8 / 1e6 == pytest.approx(values[3], abs=1e-6)
