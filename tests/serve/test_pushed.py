"""The same series in servers that store them, sent by an export: rates are ours."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pytest

import fleetsynth as fs
from fleetsynth.presets import as_plan, simulate
from fleetsynth.series.boots import course
from fleetsynth.sinks import push
from fleetsynth.sinks.batches import cutting
from fleetsynth.sinks.push import Streaming
from fleetsynth.window import Window
from tests.serve.servers import get, needs, prometheus, victoria_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fleetsynth.series.selection import Selection
    from fleetsynth.sinks.batches import Cutting
    from fleetsynth.sinks.streamed import Cut
    from tests.serve.servers import Queries

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]

STEP, DAY, DAYS = 300, 288, 8
PLAN = {
    "preset": "realistic",
    "num_servers": 10,
    "start_date": "2024-01-31",
    "end_date": "2024-02-07",
    "granularity": "5min",
    "distribution": {"batch": 1.0},  # which restart most often
}
SERIES = "node_(cpu|network_receive).*|fleetsynth_cpu_p95"
QUERIES = (
    (0, '100 * (1 - rate(node_cpu_seconds_total{mode="idle"}[WINDOW]))'),
    (0, '100 * sum without(mode) (rate(node_cpu_seconds_total{mode!="idle"}[WINDOW]))'),
    (3, "rate(node_network_receive_bytes_total[WINDOW]) * 8 / 1e6"),
)
NO_SCRAPES = {"global": {"scrape_interval": "1h"}}


def send(to: str, folder: Path) -> None:
    """Export the series, twice, which is once."""
    how = Streaming(series=SERIES, record=str(folder / "record.json"))
    assert not fs.export(PLAN, to, streaming=how).already
    assert fs.export(PLAN, to, streaming=how).already


@contextmanager
def in_victoria_metrics(folder: Path) -> Iterator[Queries]:
    """A VictoriaMetrics that was written to."""
    with victoria_metrics(folder) as queries:
        send(f"prometheus:{queries.url}", folder)
        get(f"{queries.url}/internal/force_flush")  # what was written can be read
        yield queries


@contextmanager
def in_prometheus(folder: Path) -> Iterator[Queries]:
    """A Prometheus that was written to."""
    with prometheus(folder, NO_SCRAPES) as queries:
        send(f"prometheus:{queries.url}", folder)
        yield queries


@contextmanager
def in_blocks(folder: Path) -> Iterator[Queries]:
    """A Prometheus that finds blocks made of text."""
    fs.export(PLAN, folder / "fleet.om", streaming=Streaming(series=SERIES))
    command = [needs("promtool"), "tsdb", "create-blocks-from", "openmetrics"]
    command += ["--max-block-duration=486h", str(folder / "fleet.om"), str(folder / "data")]
    subprocess.run(command, check=True, capture_output=True)
    with prometheus(folder, NO_SCRAPES) as queries:
        yield queries


@pytest.mark.parametrize("server", [in_victoria_metrics, in_prometheus, in_blocks])
def test_rates_of_what_is_stored_give_published_values_back(
    server: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def smaller(everything: Selection, cut: Cut) -> Cutting:
        return cutting(everything, cut._replace(samples=200_000))

    monkeypatch.setattr(push, "cutting", smaller)  # so that there are several requests
    plan = as_plan(PLAN)
    first, stop = plan.clock.first, plan.clock.stop
    boots = sum(len(course(plan, each, first, stop).boots) - 1 for each in range(10))
    assert boots > 3
    values = simulate(plan, Window(0, 10, first, stop)).values / 100
    with server(tmp_path) as queries:  # type: ignore[operator]
        end = (stop - 1) * STEP
        for series in queries.at("fleetsynth_cpu_p95[8d]", end):
            number = int(series["metric"]["server_id"].removeprefix("server_"))
            assert [float(value) for _, value in series["values"]] == values[0, number].tolist()
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


@pytest.mark.parametrize("server", [victoria_metrics, prometheus])
def test_what_is_sent_twice_is_there_once(server: object, tmp_path: Path) -> None:
    """As after a process that was killed when a request was under way."""
    plan = {"num_servers": 2, "end_date": "2022-01-20", "granularity": "hourly"}
    arguments = () if server is victoria_metrics else (NO_SCRAPES,)
    with server(tmp_path, *arguments) as queries:  # type: ignore[operator]
        record = tmp_path / "record.json"
        how = Streaming(series="fleetsynth_.*", record=str(record))
        for _ in range(2):
            fs.export(plan, f"prometheus:{queries.url}", streaming=how)
            said = record.read_text().replace('"done": true', '"done": false')
            record.write_text(said.replace('"batches": 1', '"batches": 0'))
        if server is victoria_metrics:
            get(f"{queries.url}/internal/force_flush")
        found = queries.at("count_over_time(fleetsynth_cpu_p95[30d])", 1642723200)
        assert [float(series["value"][1]) for series in found] == [480.0, 480.0]


def test_what_comes_too_late_for_prometheus_is_explained(tmp_path: Path) -> None:
    later = {"num_servers": 2, "start_date": "2022-03-01", "end_date": "2022-03-02"}
    earlier = {"num_servers": 2, "end_date": "2022-01-02"}
    with prometheus(tmp_path, NO_SCRAPES) as queries:
        how = Streaming(series="fleetsynth_.*", record=str(tmp_path / "later"))
        fs.export(later, f"prometheus:{queries.url}", streaming=how)
        how = Streaming(series="fleetsynth_.*", record=str(tmp_path / "earlier"))
        with pytest.raises(fs.FleetsynthError, match="out_of_order_time_window"):
            fs.export(earlier, f"prometheus:{queries.url}", streaming=how)
