"""What is not done twice: counted, for a clock would say something else on every machine."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

import fleetsynth
from fleetsynth import pipeline, streams
from fleetsynth.specification.server import _tile
from fleetsynth.streams import Stream
from fleetsynth.window import BLOCK
from tests.support import NullSink, plan_of

BEGIN = datetime(2022, 1, 1)
Draws = list[tuple[int, int]]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many words were skipped at each address that a stream was moved to."""
    moved: list[int] = []
    after = Stream.after

    def counted(self: Stream, prefix: Any, parts: bytes, skipped: int = 0) -> np.random.Generator:
        moved.append(skipped)
        return after(self, prefix, parts, skipped)

    monkeypatch.setattr(Stream, "after", counted)
    _tile.cache_clear()
    return moved


def _walk(server: fleetsynth.ServerArchetype, days: int) -> list[dict[str, Any]]:
    stamps = (BEGIN + timedelta(days=day) for day in range(days))
    return [server.generate_correlated_metrics(stamp) for stamp in stamps]


def test_a_server_walked_in_time_order_draws_each_tile_once(drawn: list[int]) -> None:
    server = fleetsynth.get_archetype("web", "server_001")
    _walk(server, 1_461)
    first, last = 18_993 // BLOCK, (18_993 + 1_460) // BLOCK
    assert len(drawn) == 2 * (last - first + 1)  # noise and spikes


def test_servers_side_by_side_draw_each_tile_once(drawn: list[int]) -> None:
    servers = [fleetsynth.get_archetype("web", f"server_{i:03d}") for i in range(120)]
    for day in range(3):
        for server in servers:
            server.generate_correlated_metrics(BEGIN + timedelta(days=day))
    assert len(drawn) == 2 * len(servers)


def test_threads_and_order_change_nothing() -> None:
    servers = [fleetsynth.get_archetype(kind, "server_007") for kind in ("web", "batch")]
    expected = [_walk(server, 700) for server in servers]
    _tile.cache_clear()
    jobs = [(which, day) for day in range(699, -1, -1) for which in (0, 1)]

    def ask(job: tuple[int, int]) -> dict[str, Any]:
        return servers[job[0]].generate_correlated_metrics(BEGIN + timedelta(days=job[1]))

    with ThreadPoolExecutor(8) as pool:
        for (which, day), found in zip(jobs, pool.map(ask, jobs), strict=True):
            assert found == expected[which][day]


def test_what_is_remembered_cannot_be_changed_from_outside() -> None:
    server = fleetsynth.get_archetype("web", "server_003")
    stamps = [BEGIN + timedelta(days=day) for day in range(5)]
    before = server.generate_correlated_metrics(stamps)
    kept = {column: values.copy() for column, values in before.items()}
    for values in before.values():
        values[:] = -1
    again = server.generate_correlated_metrics(stamps)
    assert all((again[column] == kept[column]).all() for column in kept)


def test_one_day_of_a_fleet_draws_each_thing_once(
    drawn: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    units, encoded = [], []
    before = streams.encode

    def draw(prefix: Any, lasts: Any) -> Any:
        lasts = list(lasts)
        units.append(len(lasts))
        return streams.uniforms_after(prefix, lasts)

    def encode(part: Any) -> bytes:
        encoded.append(part)
        return before(part)

    monkeypatch.setattr("fleetsynth.fleet.uniforms_after", draw)
    monkeypatch.setattr("fleetsynth.fleet.encode", encode)
    plan = plan_of(num_servers=50, start_date="2023-04-08", end_date="2023-04-08")
    assert (plan.clock.first + 1) % BLOCK == 0  # the last tick of a tile
    pipeline.run(plan, NullSink())
    assert units == [50, 50, 50]  # business unit, criticality, region
    assert len(encoded) == 50
    assert len(drawn) == 100
    assert drawn.count(BLOCK // 4 - 1) == 50  # no uniform but the last four


def test_uniforms_can_be_drawn_from_any_four_on() -> None:
    prefix = streams.address(3, "spikes")
    parts = streams.encode("server_1") + streams.encode(7)
    whole = Stream().after(prefix, parts).random(BLOCK)
    stream = Stream()
    for skipped in (127, 0, 1, 63, 0):
        rest = stream.after(prefix, parts, skipped).random(BLOCK - 4 * skipped)
        assert rest.tolist() == whole[4 * skipped :].tolist()


def test_many_uniforms_are_those_of_each_address() -> None:
    names = [f"server_{i}" for i in range(100)]
    prefix = streams.address(42, "region")
    found = streams.uniforms_after(prefix, map(streams.encode, names))
    assert found.tolist() == [streams.uniform(42, "region", name) for name in names]


def test_every_tick_of_a_tile_is_the_same_alone() -> None:
    day = {"start_date": "2023-04-08", "end_date": "2023-04-09"}  # the end of a tile and the next
    whole = fleetsynth.to_pandas({"num_servers": 9} | day)
    for date in ("2023-04-08", "2023-04-09"):
        growth = {"growth": {"span": list(day.values())}}
        alone = fleetsynth.to_pandas(
            {"num_servers": 9, "start_date": date, "end_date": date} | growth
        )
        there = whole[whole["timestamp"] == date].reset_index(drop=True)
        assert alone.equals(there)
