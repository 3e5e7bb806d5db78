"""The same series in a VictoriaMetrics and in a Prometheus that store them: rates are ours."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fleetsynth.presets import as_plan, simulate
from fleetsynth.series.boots import course
from fleetsynth.series.select import Catalog, Limits
from fleetsynth.window import Window
from fleetsynth.wire import remote_read, snappy
from fleetsynth.wire.remote_read import Matcher, Samples
from tests.serve.servers import get, prometheus, victoria_metrics

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]

STEP, DAY, DAYS = 300, 288, 8
PLAN = {
    "preset": "realistic",
    "num_servers": 10,
    "start_date": "2024-01-01",
    "end_date": "2024-03-31",
    "granularity": "5min",
    "distribution": {"batch": 1.0},  # which restart most often
}
QUERIES = (
    (0, '100 * (1 - rate(node_cpu_seconds_total{mode="idle"}[WINDOW]))'),
    (0, '100 * sum without(mode) (rate(node_cpu_seconds_total{mode!="idle"}[WINDOW]))'),
    (3, "rate(node_network_receive_bytes_total[WINDOW]) * 8 / 1e6"),
)


def write(url: str, catalog: Catalog, first: int, stop: int) -> None:
    """Send counters of some days by remote write, whose messages have the form of answers."""
    names = Matcher("=~", "__name__", "node_(cpu|network_receive).*")
    for day in range(first, stop, DAY):
        begin, end = (day - 1) * STEP, (day + DAY - 1) * STEP
        series = catalog.select([names], begin * 1000 + 1, end * 1000).series()
        body = b"".join(
            remote_read.series(remote_read.labels(labels), Samples(ms).of(values))
            for labels, ms, values in series
        )
        request = urllib.request.Request(
            f"{url}/api/v1/write",
            snappy.block(body),
            {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status == 204


@pytest.mark.parametrize("server", [victoria_metrics, prometheus])
def test_rates_of_what_is_stored_give_published_values_back(server: object, tmp_path: Path) -> None:
    plan = as_plan(PLAN)
    catalog = Catalog(plan, {"job": "fleetsynth"}, Limits())
    first = plan.clock.first + 30 * DAY
    stop = first + DAYS * DAY
    started = (
        victoria_metrics(tmp_path)
        if server is victoria_metrics
        else prometheus(tmp_path, {"global": {"scrape_interval": "1h"}})
    )
    boots = sum(len(course(plan, each, first, stop).boots) - 1 for each in range(10))
    assert boots > 3
    values = simulate(plan, Window(0, 10, first, stop)).values / 100
    with started as queries:
        write(queries.url, catalog, first, stop)
        if server is victoria_metrics:
            get(f"{queries.url}/internal/force_flush")  # what was written can be read
        begin, count = first + 2, DAYS * DAY - 4
        for shift in (0, 30):
            for window in ("5m", "299s"):
                for metric, query in QUERIES:
                    found = queries.ranged(
                        query.replace("WINDOW", window),
                        begin * STEP + shift,
                        (begin + count - 1) * STEP + shift,
                        STEP,
                    )
                    assert len(found) == 10
                    for series in found:
                        number = int(series["metric"]["server_id"].removeprefix("server_"))
                        got = np.array([float(value) for _, value in series["values"]])
                        expected = values[metric, number, begin - first : begin - first + count]
                        assert np.abs(got - expected).max() < 0.005, (query, shift, window)
