"""``/metrics`` as a scraper sees it."""

from __future__ import annotations

import gzip
import json
import re
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from fleetsynth.presets import as_plan, simulate
from fleetsynth.window import Window
from tests.serve.servers import Served, prometheus, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fleetsynth.plan import Plan

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]

SCENARIO = """\
preset: realistic
num_servers: 12
start_date: 2024-01-01
end_date: 2024-01-31
granularity: 5min
"""
OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
SAMPLE = re.compile(r"(\w+)\{([^}]*)\} (\S+)")


def samples(text: str) -> dict[tuple[str, str], float]:
    """Values by name and labels."""
    return {(m[1], m[2]): float(m[3]) for m in map(SAMPLE.fullmatch, text.splitlines()) if m}


def of_server(text: str, name: str, server: str) -> list[float]:
    """Values of a server's series of some name."""
    found = samples(text)
    return [value for (n, labels), value in found.items() if n == name and server in labels]


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("live") / "fleet.yaml"
    path.write_text(SCENARIO)
    return path


@pytest.fixture(scope="module")
def plan(scenario: Path) -> Plan:
    return as_plan(scenario)


@pytest.fixture(scope="module")
def still(scenario: Path) -> Iterator[Served]:
    """The fleet at a moment, as good as standing still."""
    at = ("--at", "2024-01-10T09:02:00", "--speed", "0.0001", "--only", "1-5,8")
    with serving(scenario, *at) as served:
        yield served


def test_text_is_what_was_asked_for(still: Served) -> None:
    status, plain = still.get("/metrics")
    assert status == 200
    assert "# TYPE node_cpu_seconds_total counter" in plain
    assert "# EOF" not in plain
    _, openmetrics = still.get("/metrics", Accept=OPENMETRICS)
    assert "# TYPE node_cpu_seconds counter" in openmetrics
    assert openmetrics.endswith("# EOF\n")
    assert samples(plain).keys() == samples(openmetrics).keys()
    request = urllib.request.Request(still.url + "/metrics", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert samples(gzip.decompress(answer.read()).decode()).keys() == samples(plain).keys()


def test_only_what_was_chosen_is_shown(still: Served) -> None:
    found = set(re.findall(r'instance="(server_\d+)"', still.get("/metrics")[1]))
    assert found == {f"server_00{number}" for number in (1, 2, 3, 4, 5, 8)}


def test_values_are_those_of_the_tick(still: Served, plan: Plan) -> None:
    text = still.get("/metrics")[1]
    tick = 1704877500 // 300  # 09:05, which covers the time since 09:00
    block = simulate(plan, Window(0, 12, tick, tick + 1))
    values = block.values[:, :, 0] / 100
    for number in (1, 5, 8):
        name = f"server_{number:03d}"
        assert of_server(text, "fleetsynth_cpu_p95", name) == [values[0, number]]
        (left,) = of_server(text, "node_memory_MemAvailable_bytes", name)
        (size,) = of_server(text, "node_memory_MemTotal_bytes", name)
        assert 100 * (1 - left / size) == pytest.approx(values[1, number], abs=0.005)


def test_lists_fill_the_variables_of_a_dashboard(still: Served) -> None:
    def data(path: str) -> list[str]:
        status, text = still.get(path)
        assert status == 200, text
        out: list[str] = json.loads(text)["data"]
        return out

    assert {"__name__", "instance", "mode", "region"} <= set(data("/api/v1/labels"))
    assert data("/api/v1/label/server_id/values") == [f"server_{i:03d}" for i in range(12)]
    chosen = data('/api/v1/label/mode/values?match[]=node_cpu_seconds_total{mode!~"i.*"}')
    assert chosen == ["nice", "softirq", "steal", "system", "user"]
    assert data("/api/v1/label/nothing/values") == []
    assert len(data('/api/v1/series?match[]=up{server_id=~"server_00[12]"}')) == 2
    status, text = still.get("/api/v1/metadata?metric=node_cpu_seconds_total")
    assert json.loads(text)["data"]["node_cpu_seconds_total"][0]["type"] == "counter"
    for bad in ("/api/v1/series", "/api/v1/labels?match[]={a~b}", "/api/v1/labels?start=soon"):
        status, text = still.get(bad)
        assert (status, json.loads(text)["status"]) == (400, "error")
    assert still.get("/api/v1/query?query=up")[0] == 404
    assert still.get("/nothing")[0] == 404
    assert still.get("/-/healthy")[0] == still.get("/-/ready")[0] == 200


@pytest.mark.parametrize("speed", [1, 60])
def test_a_scraper_sees_rates_of_the_scenario(
    scenario: Path, plan: Plan, speed: int, tmp_path: Path
) -> None:
    config: dict[str, Any] = {
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "fleetsynth", "honor_labels": True}],
    }
    with serving(scenario, "--at", "2024-01-10T09:00:30", "--speed", str(speed)) as served:
        target = served.url.removeprefix("http://")
        served.get("/metrics")
        config["scrape_configs"][0]["static_configs"] = [{"targets": [target]}]
        with prometheus(tmp_path, config) as queries:
            until = time.monotonic() + 60
            while True:
                assert time.monotonic() < until
                time.sleep(1)
                counted = queries.at("min(count_over_time(fleetsynth_cpu_p95[1m]))", time.time())
                if counted and float(counted[0]["value"][1]) >= 6:
                    break
            now = time.time()
            rates = queries.at(
                '100 * (1 - rate(node_cpu_seconds_total{mode="idle"}[5s] offset 1s))', now
            )
            up = queries.at('up{job="fleetsynth"}', now)
            modes = queries.at("sum without(mode) (rate(node_cpu_seconds_total[5s]))", now)
    assert [each["value"][1] for each in up] == ["1"]
    assert len(rates) == 12
    tick = 1704877500 // 300
    near = simulate(plan, Window(0, 12, tick - 1, tick + 1 + 90 * speed // 300)).values[0] / 100
    for each in rates:
        values = near[int(each["metric"]["instance"].removeprefix("server_"))]
        # A scrape is stamped when it begins, and answered some milliseconds later.
        assert values.min() - 2 <= float(each["value"][1]) <= values.max() + 2
    for each in modes:  # as many seconds a second as a CPU has, however fast time goes
        assert float(each["value"][1]) == pytest.approx(1, abs=0.05)


def test_what_is_over_says_so(scenario: Path) -> None:
    with serving(scenario, "--at", "2024-01-31T23:54:59", "--speed", "100000") as served:
        time.sleep(0.1)
        status, text = served.get("/metrics")
        assert status == 503
        assert "which is over: it goes from 2024-01-01 00:00:00 to 2024-01-31 23:55:00" in text
        assert "is over" in served.log.read_text()
