"""A real Prometheus reads from us, and its answers are what the dataset says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.serve.servers import prometheus, reading, serving

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.serve.conftest import Asked

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]

DAY = 86_400
STEP = 300
CPU, MEM, DISK, NET_IN, NET_OUT = range(5)
ON_THE_GRID, OFF_THE_GRID = 0, 30


def on_grid(series: dict[str, Any], start: int, count: int) -> NDArray[np.float64]:
    """The values of a series at ticks from `start` on; NaN where it has none."""
    out = np.full(count, np.nan)
    for second, value in series["values"]:
        out[round((second - start) / STEP)] = float(value)
    return out


def test_raw_samples_of_a_server_are_those_of_the_dataset(asked: Asked) -> None:
    for metric, column in enumerate(each.column for each in asked.plan.metrics):
        end = int(asked.seconds[-1])
        (found,) = asked.queries.at(f'fleetsynth_{column}{{server_id="server_007"}}[100d]', end)
        expected = asked.values[metric, 7]
        there = ~np.isnan(expected)
        times, values = np.array(found["values"], object).T
        assert np.array_equal(times.astype(np.int64), asked.seconds[there])
        assert np.array_equal(values.astype(float), expected[there])


def test_all_servers_have_what_they_have_and_only_while_they_live(asked: Asked) -> None:
    end = int(asked.seconds[-1])
    found = asked.queries.at("fleetsynth_mem_p95[100d]", end)
    assert np.isnan(asked.values[MEM]).any()
    assert len(found) == (~np.isnan(asked.values[MEM]).all(axis=1)).sum()
    for series in found:
        expected = asked.values[MEM, asked.server(series)]
        times = np.array([second for second, _ in series["values"]])
        assert np.array_equal(times, asked.seconds[~np.isnan(expected)])


@pytest.mark.parametrize("shift", [ON_THE_GRID, OFF_THE_GRID])
def test_rates_give_published_values_back(asked: Asked, shift: int) -> None:
    first = 288 * 45  # before servers come, are switched off and end
    start, count = int(asked.seconds[first]), 288 * 12
    times = (start + shift, start + shift + (count - 1) * STEP, STEP)
    for metric, query in (
        (CPU, '100 * (1 - rate(node_cpu_seconds_total{mode="idle"}[5m]))'),
        (CPU, '100 * sum without(mode) (rate(node_cpu_seconds_total{mode!="idle"}[5m]))'),
        (NET_IN, "rate(node_network_receive_bytes_total[5m]) * 8 / 1e6"),
        (NET_OUT, 'rate(node_network_transmit_bytes_total{device="eth0"}[299s]) * 8 / 1e6'),
    ):
        found = asked.queries.ranged(query, *times)
        seen = 0
        for series in found:
            got = on_grid(series, start + shift, count)
            expected = asked.values[metric, asked.server(series), first : first + count]
            told = ~np.isnan(expected)
            told[1:] &= told[:-1]  # what was born a moment ago has no rate yet
            told[0] = told[1]
            assert not np.isnan(got[told]).any(), query
            assert np.abs(got[told] - expected[told]).max() < 0.005, query
            seen += int(told.sum())
        assert seen > 40_000


def test_gauges_in_bytes_give_published_values_back(asked: Asked) -> None:
    start, count = int(asked.seconds[288 * 50]), 288
    for metric, query in (
        (MEM, "100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)"),
        (DISK, "100 * (1 - node_filesystem_avail_bytes / node_filesystem_size_bytes)"),
    ):
        found = asked.queries.ranged(query, start, start + (count - 1) * STEP, STEP)
        assert len(found) > 10
        for series in found:
            expected = asked.values[metric, asked.server(series), 288 * 50 : 288 * 51]
            got = on_grid(series, start, count)
            assert np.nanmax(np.abs(got - expected)) < 0.005


def test_servers_boot_when_they_were_off_and_say_so(asked: Asked) -> None:
    # 20 February 01:02 to 04:02: ticks at 01:05 to 04:00 are off, and the next one counts anew
    begin, end = 1708391100, 1708401600
    up = asked.queries.ranged('up{server_id="server_003"}', begin - STEP, end + STEP, STEP)
    assert [value for _, value in up[0]["values"]] == ["1", *["0"] * 36, "1"]
    (booted,) = asked.queries.at('node_boot_time_seconds{server_id="server_003"}', end + 60)
    assert float(booted["value"][1]) == end
    (counted,) = asked.queries.at(
        'sum without(mode) (node_cpu_seconds_total{server_id="server_003"})', end + 60
    )
    assert float(counted["value"][1]) == pytest.approx(60)
    (resets,) = asked.queries.at(
        'resets(node_cpu_seconds_total{server_id="server_003",mode="idle"}[10h])', end + STEP
    )
    assert float(resets["value"][1]) >= 1


def test_an_outage_told_of_a_service_shows(asked: Asked) -> None:
    at = 1708578000 + 20 * 60  # 22 February 05:20
    kinds = asked.queries.at("count by (server_type) (up == 0)", at)
    living = asked.queries.at('count(up{server_type="web"})', at)
    off = {each["metric"]["server_type"]: each["value"][1] for each in kinds}
    assert off["web"] == living[0]["value"][1]


def test_aggregates_are_those_of_the_dataset(asked: Asked) -> None:
    start, count = int(asked.seconds[288 * 20]), 288
    metadata = asked.plan.fleet.metadata(0, asked.plan.fleet.size)
    found = asked.queries.ranged(
        "avg by (business_unit) (fleetsynth_cpu_p95)", start, start + (count - 1) * STEP, STEP
    )
    values = asked.values[CPU][:, 288 * 20 : 288 * 21]
    for series in found:
        unit = series["metric"]["business_unit"]
        theirs = values[np.array(metadata["business_unit"]) == unit]
        got = on_grid(series, start, count)
        assert got == pytest.approx(np.nanmean(theirs, axis=0), abs=1e-12)
    assert {each["metric"]["business_unit"] for each in found} <= set(metadata["business_unit"])
    assert found


@pytest.mark.parametrize(
    ("selector", "accepts"),
    [
        ('{server_type="web"}', lambda m: m["server_type"] == "web"),
        ('{server_type!="web"}', lambda m: m["server_type"] != "web"),
        ('{server_id=~"server_00[0-4]"}', lambda m: m["server_id"] < "server_005"),
        ('{instance=~"server_001|server_002"}', lambda m: m["server_id"][7:] in {"001", "002"}),
        ('{region!~"us.*",criticality!=""}', lambda m: not m["region"].startswith("us")),
        ('{service=~"web-.*"}', lambda m: m["service"].startswith("web-")),
        ('{nothing=""}', lambda _: True),
        ('{nothing!=""}', lambda _: False),
        ('{nothing=~".+"}', lambda _: False),
        ('{mode=""}', lambda _: True),
        ('{job="another"}', lambda _: False),
        ('{server_id="server_9"}', lambda _: False),
    ],
)  # fmt: skip
def test_selectors_mean_what_they_mean(asked: Asked, selector: str, accepts: Any) -> None:
    at = int(asked.seconds[288 * 30])
    everyone = [series["metric"] for series in asked.queries.at("fleetsynth_cpu_p95", at)]
    found = [series["metric"] for series in asked.queries.at("fleetsynth_cpu_p95" + selector, at)]
    by_id = [m["server_id"] for m in everyone if accepts(m)]
    assert sorted(m["server_id"] for m in found) == sorted(by_id)
    assert len(everyone) > 10


def test_series_are_listed_without_a_look_at_values(asked: Asked) -> None:
    answer = asked.queries(
        "series",
        **{"match[]": 'node_cpu_seconds_total{server_id="server_001"}'},
        start=int(asked.seconds[0]),
        end=int(asked.seconds[-1]),
    )
    assert len(answer["data"]) == 8


def test_refusals_are_seen_as_warnings_and_in_the_log(tmp_path: Path) -> None:
    scenario = tmp_path / "fleet.yaml"
    scenario.write_text("num_servers: 20\nend_date: 2022-03-31\n")
    with (
        serving(scenario, "--max-samples", "1000", "--max-series", "100") as served,
        prometheus(tmp_path / "p", reading(served.url)) as queries,
    ):
        answer = queries("query", query="fleetsynth_cpu_p95[90d]", time=1648684800)
        assert answer["data"]["result"] == []
        assert "1,800 samples are asked for, and at most 1,000" in answer["warnings"][0]
        answer = queries("query", query="node_cpu_seconds_total", time=1648684800)
        assert "160 series are asked for, and at most 100" in answer["warnings"][0]
        assert "160 series" in served.log.read_text()
        assert re.search(r"refused_total 2\b", served.get("/-/metrics")[1])
        good = queries(
            "query", query='fleetsynth_cpu_p95{server_id="server_003"}[9d]', time=1648684800
        )
        assert len(good["data"]["result"][0]["values"]) == 10
        assert served.stop() == 0
        assert "stopped" in served.log.read_text()


def test_labels_of_a_prometheus_are_ours_if_we_are_told(tmp_path: Path) -> None:
    scenario = tmp_path / "fleet.yaml"
    scenario.write_text("num_servers: 4\nend_date: 2022-01-31\n")
    external = {"external_labels": {"cluster": "prod"}}
    with (
        serving(scenario, "--label", "cluster=prod") as served,
        prometheus(tmp_path / "p", reading(served.url, of_all=external)) as queries,
    ):
        found = queries("query", query="fleetsynth_cpu_p95", time=1643155200)
        assert len(found["data"]["result"]) == 4
        assert json.loads(served.get("/api/v1/label/cluster/values")[1])["data"] == ["prod"]
