"""What OpenTelemetry, InfluxDB and CloudWatch get: their names, our values, their limits."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import boto3
import numpy as np
import pytest
from botocore.stub import Stubber

import fleetsynth as fs
from fleetsynth.errors import OutputError, UsageError
from fleetsynth.presets import as_plan
from fleetsynth.series.boots import course
from fleetsynth.series.conventions import CLOUDWATCH, OPENTELEMETRY, TELEGRAF
from fleetsynth.series.families import PROMETHEUS
from fleetsynth.series.select import Catalog, Limits
from fleetsynth.sinks import cloudwatch as cloudwatch_sink
from fleetsynth.sinks import otlp as otlp_sink
from fleetsynth.sinks.access import Access
from fleetsynth.sinks.batches import batches, cutting
from fleetsynth.sinks.influx import write_url
from fleetsynth.sinks.otlp import Otlp
from fleetsynth.sinks.push import Streaming, chosen
from fleetsynth.sinks.streamed import Encoded, Sending, Unavailable
from fleetsynth.wire import cloudwatch, influx, otlp
from fleetsynth.wire.protobuf import WireError, field, int_field
from tests.serve.servers import get, victoria_metrics
from tests.sinks.aws import use_account

if TYPE_CHECKING:
    from pathlib import Path

    from fleetsynth.series.families import Convention

PLAN: dict[str, Any] = {
    "preset": "realistic",
    "num_servers": 3,
    "start_date": "2024-01-01",
    "end_date": "2024-01-12",
    "granularity": "5min",
    "distribution": {"batch": 1.0},  # which restart most often
}
CLASSIC: dict[str, Any] = {
    "num_servers": 2,
    "granularity": "hourly",
    "start_date": "2022-01-01",
    "end_date": "2022-01-02",
}
ODD = 'a b,c=d "e" \\f ü'
Series = dict[tuple[str, ...], tuple[Any, Any]]


def series_of(convention: Convention, plan: Any, names: str = "") -> Series:
    """Milliseconds and values of all series, by name, server and what tells rows apart."""
    catalog = Catalog(as_plan(plan), {"job": "j"}, Limits(), convention)
    out: Series = {}
    for named, ms, values in chosen(catalog, names).drawn():
        row = named.family.rows[named.row].values()
        out[named.family.name, str(named.place), *row] = ms, values
    return out


@pytest.fixture(scope="module")
def plan() -> Any:
    return as_plan(PLAN)


@pytest.fixture(scope="module")
def prometheus(plan: Any) -> Series:
    return series_of(PROMETHEUS, plan)


DISK = ("/dev/sda1", "xfs", "/")
ETH = "eth0"


def test_opentelemetry_says_what_node_exporter_says(plan: Any, prometheus: Series) -> None:
    found = series_of(OPENTELEMETRY, plan)
    for server in ("0", "1", "2"):
        for mode, theirs in (("idle", "idle"), ("irq", "interrupt"), ("softirq", "softirq")):
            ms, counted = prometheus["node_cpu_seconds_total", server, "0", mode]
            assert np.array_equal(found["system.cpu.time", server, "0", theirs][1], counted)
            share = found["system.cpu.utilization", server, "0", theirs][1]
            grown = np.diff(counted) / (np.diff(ms) / 1000)
            assert np.abs(share[1:] - grown)[grown >= 0].max() < 1e-9
        shares = [v for k, (_, v) in found.items() if k[:2] == ("system.cpu.utilization", server)]
        assert len(shares) == 8
        assert np.abs(sum(shares) - 1).max() < 1e-12
        for way, name in (("receive", "receive"), ("transmit", "transmit")):
            counted = prometheus[f"node_network_{name}_bytes_total", server, ETH][1]
            assert np.array_equal(found["system.network.io", server, ETH, way][1], counted)
        used, free = (found["system.memory.usage", server, each][1] for each in ("used", "free"))
        assert np.array_equal(free, prometheus["node_memory_MemAvailable_bytes", server][1])
        assert np.array_equal(used + free, found["system.memory.limit", server][1])
        parts = found["system.memory.utilization", server, "used"][1]
        assert np.abs(parts - used / (used + free)).max() < 1e-6
        ms, up = found["system.uptime", server]
        assert np.array_equal(ms // 1000 - up, prometheus["node_boot_time_seconds", server][1])


def test_agents_say_what_node_exporter_says(plan: Any, prometheus: Series) -> None:
    telegraf, agent = series_of(TELEGRAF, plan), series_of(CLOUDWATCH, plan)
    root = ("sda1", "xfs", "/")
    for server in ("0", "1", "2"):
        total = prometheus["node_filesystem_size_bytes", server, *DISK][1]
        left = prometheus["node_filesystem_avail_bytes", server, *DISK][1]
        for found, point in ((telegraf, "."), (agent, "_")):
            assert np.array_equal(found[f"disk{point}total", server, *root][1], total)
            assert np.array_equal(found[f"disk{point}free", server, *root][1], left)
            assert np.array_equal(found[f"disk{point}used", server, *root][1], total - left)
            percent = found[f"disk{point}used_percent", server, *root][1]
            assert np.abs(percent - 100 * (1 - left / total)).max() < 1e-4
            idle = found[f"cpu{point}usage_idle", server, "cpu-total"][1]
            ms, counted = prometheus["node_cpu_seconds_total", server, "0", "idle"]
            grown = 100 * np.diff(counted) / (np.diff(ms) / 1000)
            assert np.abs(idle[1:] - grown)[grown >= 0].max() < 1e-6
        active = agent["cpu_usage_active", server, "cpu-total"][1]
        assert np.abs(active + idle - 100).max() < 1e-9
        counted = prometheus["node_network_receive_bytes_total", server, ETH][1]
        lately = agent["net_bytes_recv", server, ETH][1]
        same = np.diff(counted) >= 0
        assert np.array_equal(lately[1:][same], np.diff(counted)[same])
        assert np.array_equal(telegraf["net.bytes_recv", server, ETH][1], counted)


SEMCONV = {
    "system.cpu.time": ("s", "sum", True),
    "system.cpu.utilization": ("1", "gauge", False),
    "system.filesystem.limit": ("By", "sum", False),
    "system.filesystem.usage": ("By", "sum", False),
    "system.filesystem.utilization": ("1", "gauge", False),
    "system.memory.limit": ("By", "sum", False),
    "system.memory.usage": ("By", "sum", False),
    "system.memory.utilization": ("1", "gauge", False),
    "system.network.io": ("By", "sum", True),
    "system.uptime": ("s", "gauge", False),
}
"""Unit, form and whether it only grows, as semantic conventions 1.44 have it."""


def test_otlp_is_what_its_own_library_reads(
    plan: Any, prometheus: Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2

    monkeypatch.setattr(otlp_sink, "_ENOUGH_BYTES", 1 << 20)
    catalog = Catalog(plan, {"job": "j"}, Limits(), OPENTELEMETRY)
    stream = Otlp(Sending("http://localhost:1", "here", catalog, Access()))
    everything = chosen(catalog, "")
    units, samples = {}, 0
    starts: dict[str, dict[int, int]] = {}
    for batch in batches(everything, cutting(everything, stream.cut)):
        encoded = stream.encode(batch)
        assert len(encoded.bodies) > 1
        for body in map(gzip.decompress, encoded.bodies):
            assert len(body) < 3 << 20
            request = metrics_service_pb2.ExportMetricsServiceRequest.FromString(body)
            assert request.SerializeToString() == body
            for each in request.resource_metrics:
                assert each.schema_url == "https://opentelemetry.io/schemas/1.44.0"
                said = {a.key: a.value.string_value for a in each.resource.attributes}
                assert said.keys() >= {"host.name", "host.id", "service.name", "cloud.region"}
                for metric in each.scope_metrics[0].metrics:
                    form = metric.WhichOneof("data") or ""
                    data = getattr(metric, form)
                    samples += len(data.data_points)
                    grows = form == "sum" and data.is_monotonic
                    assert form == "gauge" or data.aggregation_temporality == 2
                    units[metric.name] = metric.unit, form, grows
                    for point in data.data_points if grows else ():
                        if metric.name == "system.cpu.time":
                            types = {a.key: a.value.WhichOneof("value") for a in point.attributes}
                            assert types == {
                                "cpu.logical_number": "int_value",
                                "cpu.mode": "string_value",
                            }
                        start, at = point.start_time_unix_nano, point.time_unix_nano
                        assert 0 < start <= at
                        starts.setdefault(said["host.name"], {})[at // 10**6] = start // 10**9
                    assert grows or not any(p.start_time_unix_nano for p in data.data_points)
    assert samples == everything.samples
    assert {name: said for name, said in units.items() if name in SEMCONV} == SEMCONV
    assert {name for name in units if name not in SEMCONV} == {
        f"fleetsynth.{metric.column}" for metric in plan.metrics
    }
    boots = 0
    for place, name in enumerate(sorted(starts)):
        ms, booted = prometheus["node_boot_time_seconds", str(place)]
        assert starts[name] == dict(zip(ms.tolist(), booted.astype(int).tolist(), strict=True))
        boots += len(course(plan, place, plan.clock.first, plan.clock.stop).boots) - 1
    assert boots > 0


def test_points_that_a_server_has_not_taken_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    partial = field(1, int_field(1, 7) + field(2, b"too old"))
    assert otlp.rejected(b"") == (0, "")
    assert otlp.rejected(field(1, field(2, b"a hint"))) == (0, "a hint")
    assert otlp.rejected(partial) == (7, "too old")
    catalog = Catalog(as_plan(CLASSIC), {}, Limits(), OPENTELEMETRY)
    stream = Otlp(Sending("http://localhost:1", "here", catalog, Access()))
    answer = [b"OK", partial]
    monkeypatch.setattr(stream._http, "post", lambda *_: answer.pop(0))
    stream.send(Encoded(9, (b"",)), again=False)
    with pytest.raises(OutputError, match="has not taken 7 points: too old"):
        stream.send(Encoded(9, (b"",)), again=False)


@pytest.mark.xdist_group("servers")
def test_lines_are_what_a_server_gives_back(tmp_path: Path) -> None:
    how = Streaming(labels={"odd": ODD, "backslash": "a\\b"}, record=str(tmp_path / "r.json"))
    expected = series_of(TELEGRAF, CLASSIC)
    with victoria_metrics(tmp_path / "vm") as queries:
        done = fs.export(CLASSIC, f"influx:{queries.url}/write", streaming=how)
        assert done.rows == sum(len(ms) for ms, _ in expected.values())
        get(f"{queries.url}/internal/force_flush")
        noon = 1641038400
        found = queries.at('{odd!=""}', noon)
        assert len(found) == len(expected)
        for each in found:
            said = each["metric"]
            assert (said["odd"], said["backslash"]) == (ODD, "a\\b")
            assert said["host"] == said["server_id"]
            assert not {"instance", "job"} & said.keys()
            row = [said[tag] for tag in ("cpu", "device", "fstype", "path", "interface")
                   if tag in said]  # fmt: skip
            name = said["__name__"].replace("_", ".", 1)
            ms, values = expected[name, str(int(said["host"][-3:])), *row]
            assert float(each["value"][1]) == values[np.searchsorted(ms, noon * 1000)]


def test_what_lines_cannot_hold_is_refused(tmp_path: Path) -> None:
    for text in ("a\nb", "a\\", "a\\ b", "a\\,b", "a\\=b", "a\\\\b", "a\rb"):
        with pytest.raises(WireError, match="line protocol"):
            influx.escaped(text)
    assert influx.heading("a b", {"k=": "v,w", "none": ""}) == "a\\ b,k\\==v\\,w "
    how = Streaming(labels={"odd": "a\\"}, record=str(tmp_path / "r.json"))
    with pytest.raises(UsageError, match="cannot be sent by the line protocol"):
        fs.export(CLASSIC, "influx:http://localhost:1/write", streaming=how)
    ms = np.arange(3) * 1000
    said = influx.lines("m ", {"a": np.array([1, 2, 3]), "b": np.array([0.5, 1e300, 2.0])}, ms)
    assert said == b"m a=1i,b=0.5 0\nm a=2i,b=1e+300 1\nm a=3i,b=2 2\n"
    assert influx.lines("m ", {"a": np.array([4])}, ms[:1]) == b"m a=4i 0\n"
    pieces = [b"12\n345\n6\n", b"7\n"]
    assert list(influx.bodies(pieces, 5)) == [b"12\n", b"345\n", b"6\n7\n"]
    assert b"".join(influx.bodies(pieces)) == b"".join(pieces)


@pytest.mark.parametrize(
    ("to", "name", "words"),
    [
        ("influx:http://localhost:1/write", "host", "have this label already"),
        ("influx:http://localhost:1/write", "path", "have this label already"),
        ("influx:http://localhost:1/write", "job", "nothing has such a label there"),
    ],
)
def test_labels_do_not_take_the_place_of_a_systems_own(to: str, name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        fs.export(CLASSIC, to, streaming=Streaming(labels={name: "x"}))


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("http://a:8086", "names no bucket"),
        ("http://a:8086/api/v2/write?org=o", "names no bucket"),
        ("http://a/write?db=x&u=me&p=secret", "credentials do not belong"),
        ("http://a/write?precision=ms", "precision=s"),
    ],
)
def test_where_lines_go_is_said_whole(place: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        write_url(place)
    assert "secret" not in str(refused.value)


def test_where_lines_go() -> None:
    url = "http://a:8086/api/v2/write?org=o&bucket=b&precision=s"
    assert write_url("http://a:8086?org=o&bucket=b") == url
    assert write_url(url) == url
    assert write_url("https://a/write?db=x") == "https://a/write?db=x&precision=s"
    assert write_url("https://a/write") == "https://a/write?precision=s"


def recent(first: int, last: int) -> dict[str, Any]:
    """A plan of days, counted from today."""
    today = datetime.now(UTC).date()
    days = {"start_date": first, "end_date": last}
    return {**CLASSIC, **{name: str(today + timedelta(at)) for name, at in days.items()}}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Settings of somebody who has an account, at a place that nobody answers at."""
    monkeypatch.chdir(tmp_path)
    use_account(monkeypatch, tmp_path, "test-access", "s3cr3t-of-aws")


@pytest.mark.xdist_group("object store")
@pytest.mark.usefixtures("aws")
def test_cloudwatch_gives_values_back(object_store: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{object_store}")
    names = "mem_used_percent|fleetsynth_cpu_p95"
    plan = recent(-2, -2)
    done = fs.export(plan, "cloudwatch:Fleet/Test", streaming=Streaming(series=names))
    expected = series_of(CLOUDWATCH, plan, names)
    assert done.rows == sum(len(ms) for ms, _ in expected.values())
    client = boto3.client("cloudwatch")
    try:
        for (name, server), (ms, values) in expected.items():
            answer = client.get_metric_statistics(
                Namespace="Fleet/Test",
                MetricName=name,
                Dimensions=[{"Name": "InstanceId", "Value": f"server_{int(server):03d}"}],
                StartTime=datetime.fromtimestamp(ms[0] / 1000, UTC),
                EndTime=datetime.fromtimestamp(ms[-1] / 1000 + 60, UTC),
                Period=60,
                Statistics=["Average", "SampleCount"],
            )
            found = sorted(answer["Datapoints"], key=lambda each: each["Timestamp"])
            assert {each["Unit"] for each in found} == {"Percent"}
            assert {each["SampleCount"] for each in found} == {1.0}
            assert [each["Average"] for each in found] == values.tolist()
            times = [int(each["Timestamp"].timestamp() * 1000) for each in found]
            assert times == ms.tolist()
    finally:
        client.close()
    again = fs.export(plan, "cloudwatch:Fleet/Test", streaming=Streaming(series=names))
    assert again.already
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")  # elsewhere nothing is there
    how = Streaming(series=names, patience=0)
    with pytest.raises(OutputError, match="0 of at most"):
        fs.export(plan, "cloudwatch:Fleet/Test", streaming=how)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("plan", "to", "words"),
    [
        (recent(-20, -10), "cloudwatch:F", "has samples of .* and CloudWatch takes what is from"),
        (recent(-1, 2), "cloudwatch:F", "ends .* choose other days, by start_date"),
        (recent(-2, -1), "cloudwatch:AWS/EC2", "belong to AWS"),
        (recent(-2, -1), "cloudwatch:ä", "a namespace is up to 255"),
        (recent(-2, -1), "cloudwatch:", "names no place"),
    ],
)
def test_what_aws_would_refuse_is_refused(plan: dict[str, Any], to: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        fs.export(plan, to)


@pytest.mark.usefixtures("aws")
def test_dimensions_have_limits_and_a_region_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="printable ASCII"):
        fs.export(recent(-2, -1), "cloudwatch:F", streaming=Streaming(labels={"a": "ü"}))
    with pytest.raises(WireError, match="31 dimensions"):
        cloudwatch.dimensions({f"d{at}": "v" for at in range(31)})
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(UsageError, match="region comes from"):
        fs.export(recent(-2, -1), "cloudwatch:F")


def test_requests_are_no_larger_than_aws_takes() -> None:
    data = [{"at": at} for at in range(2_500)]
    few = [(600, data[:1_200]), (600, data[1_200:])]
    assert [len(each) for each in cloudwatch.requests(few)] == [1_000, 1_000, 500]
    large = list(cloudwatch.requests([(9_000, data)]))
    assert [each for request in large for each in request] == data
    assert max(map(len, large)) == cloudwatch.MOST_BYTES // 9_000
    assert all(a and b for a, b in pairwise(large))


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("Throttling", 400, Unavailable),
        ("InternalServiceFault", 500, Unavailable),
        ("AccessDenied", 403, OutputError),
    ],
)
def test_what_may_be_tried_again_is_told_from_what_may_not(
    code: str, status: int, error: type[Exception]
) -> None:
    catalog = Catalog(as_plan(recent(-2, -1)), {}, Limits(), CLOUDWATCH)
    stream = cloudwatch_sink.CloudWatch(Sending("F", "here", catalog, Access()))
    with Stubber(stream._client) as stub:
        stub.add_client_error("put_metric_data", code, "of s3cr3t-of-aws", status)
        with pytest.raises(error, match=code) as told:
            stream.send(Encoded(1, (b"[]",)), again=False)
    assert "s3cr3t" not in str(told.value)
    stream.close()
