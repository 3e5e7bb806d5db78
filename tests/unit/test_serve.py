"""Requests and replies without a socket: what is refused, what is the same in many threads."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from fleetsynth.errors import UsageError
from fleetsynth.presets import as_plan
from fleetsynth.series.select import Catalog, Limits
from fleetsynth.serve import app as app_module
from fleetsynth.serve import live as live_module
from fleetsynth.serve import read
from fleetsynth.serve.app import App, Reply, Request
from fleetsynth.serve.clockwork import Replay
from fleetsynth.serve.live import Live
from fleetsynth.serve.server import Server
from fleetsynth.serve.start import Options, server_of, shard_of
from fleetsynth.wire import protobuf, remote_read, snappy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.plan import Plan

DAY_MS = 86_400_000
START_MS = 1_704_067_200_000


@pytest.fixture(scope="module")
def plan() -> Plan:
    return as_plan(
        {
            "preset": "realistic",
            "num_servers": 8,
            "start_date": "2024-01-01",
            "end_date": "2024-01-10",
            "granularity": "5min",
        }
    )


def app_of(plan: Plan, most_queries: int = 4) -> App:
    return App(Catalog(plan, {"job": "x"}, Limits()), None, "nobody is shown", most_queries)


def matcher(operator: int, name: str, value: str) -> bytes:
    kind = protobuf.int_field(1, operator)
    return protobuf.field(
        3, kind + protobuf.field(2, name.encode()) + protobuf.field(3, value.encode())
    )


def asking(*matchers: bytes, day: int = 2) -> bytes:
    """Encode a request for a day."""
    times = protobuf.int_field(1, START_MS + day * DAY_MS)
    times += protobuf.int_field(2, START_MS + (day + 1) * DAY_MS - 1)
    return snappy.block(protobuf.field(1, times + b"".join(matchers)))


def post(app: App, body: bytes) -> tuple[int, bytes]:
    reply = app.reply(Request("POST", "/api/v1/read", {}, body))
    content = b"".join(reply.chunks)
    assert len(content) == reply.size
    return reply.status, content


def values(content: bytes) -> dict[bytes, bytes]:
    """Samples of each series in an answer, by its labels."""
    out = {}
    for _, result in protobuf.fields(snappy.decompress(content, 1 << 30)):
        assert isinstance(result, bytes)
        for _, series in protobuf.fields(result):
            assert isinstance(series, bytes)
            parts = [(n, v) for n, v in protobuf.fields(series) if isinstance(v, bytes)]
            labels = b"".join(protobuf.field(n, v) for n, v in parts if n == 1)
            out[labels] = b"".join(protobuf.field(n, v) for n, v in parts if n == 2)
    return out


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "cut off"),
        (b"\x05\x00", "not a block of snappy"),
        (snappy.block(b"\x0a\x7f"), "cut off"),
        (snappy.block(b"\x00" * 5_000_000), "at most"),
    ],
)
def test_what_is_no_request_is_a_bad_one(plan: Plan, body: bytes, said: str) -> None:
    status, content = post(app_of(plan), body)
    assert status == 400
    assert said in content.decode()


def test_a_pattern_that_is_none_is_refused_in_words(plan: Plan) -> None:
    status, content = post(app_of(plan), asking(matcher(2, "__name__", "(")))
    assert status == 422
    assert b"is not a regular expression" in content


def test_methods_and_paths(plan: Plan) -> None:
    app = app_of(plan)
    assert app.reply(Request("GET", "/api/v1/read", {})).status == 405
    assert app.reply(Request("GET", "/api/v1/query", {})).status == 404
    assert app.reply(Request("GET", "/-/ready", {})).status == 503
    app.ready.set()
    assert app.reply(Request("GET", "/-/ready", {})).status == 200
    reply = app.reply(Request("GET", "/metrics", {}))
    assert reply.status == 422
    assert b"nobody is shown" in b"".join(reply.chunks)
    assert app.reply(Request("GET", "http://[here/metrics", {})).status == 400


def listed(app: App, target: str) -> tuple[int, dict[str, Any]]:
    reply = app.reply(Request("GET", target, {}))
    return reply.status, json.loads(b"".join(reply.chunks))


def test_lists_that_are_cut_say_so(plan: Plan) -> None:
    app = app_of(plan)
    for path, name in (("label/server_id/values", "server_000"), ("labels", "__name__")):
        status, answer = listed(app, f"/api/v1/{path}?limit=1")
        assert (status, answer["data"]) == (200, [name])
        assert answer["warnings"][0].startswith("these are the first 1 of ")
        assert "warnings" not in listed(app, f"/api/v1/{path}?limit=0")[1]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("limit=-1", "expected how many"),
        ("limit=all", "expected how many"),
        ("start=2024-01-05", "is not a valid time"),
        ("start=2024-01-05T00:00:00Z&end=2024-01-04T00:00:00Z", "end is before start"),
        ("match[]=up{server_id=~%22server_%5Cd%22}", "write a backslash twice"),
    ],
)
def test_what_lists_cannot_be_asked_is_said(plan: Plan, asked: str, words: str) -> None:
    status, answer = listed(app_of(plan), f"/api/v1/label/region/values?{asked}")
    assert (status, answer["status"]) == (400, "error")
    assert words in answer["error"]


def test_a_dashboard_that_looks_for_a_data_source_finds_one(plan: Plan) -> None:
    app = app_of(plan)
    status, answer = listed(app, "/api/v1/query?query=1%2B1&time=4")
    assert (status, answer["data"]["result"][1]) == (200, "2")
    status, answer = listed(app, "/api/v1/query_range?query=up")
    assert (status, answer["errorType"]) == (404, "not_found")
    assert "does not evaluate PromQL" in answer["error"]


def test_an_answer_counts_as_being_given_until_it_is_sent(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stops the server waits for it."""
    app, go_on = app_of(plan), Event()

    def content() -> Iterator[bytes]:
        yield b"first, "
        go_on.wait(10)
        yield b"last"

    monkeypatch.setattr(app, "reply", lambda _: Reply(200, "text/plain", 11, content()))
    with Server("127.0.0.1", 0, app) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        with socket.create_connection(("127.0.0.1", int(server.server_address[1]))) as asking:
            asking.sendall(b"GET / HTTP/1.1\r\n\r\n")
            until = time.monotonic() + 10
            while not app.own.in_flight and time.monotonic() < until:
                time.sleep(0.001)
            time.sleep(0.05)
            assert app.own.in_flight == 1
            go_on.set()
            while app.own.in_flight and time.monotonic() < until:
                time.sleep(0.001)
            assert asking.recv(1 << 16).endswith(b"first, last")
        server.shutdown()


@pytest.mark.parametrize("host", ["..", "n\u00f6pe..x", "no such host", "::fleet"])
def test_what_is_no_host_is_said(plan: Plan, host: str) -> None:
    with pytest.raises(UsageError, match="cannot listen at"):
        Server(host, 0, app_of(plan))


def test_what_a_server_says_of_itself_is_there_from_the_begin(plan: Plan) -> None:
    text = b"".join(app_of(plan).reply(Request("GET", "/-/metrics", {})).chunks).decode()
    assert "\nfleetsynth_serve_refused_total 0\n" in text
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert names == {line.split()[2] for line in text.splitlines() if line.startswith("# HELP")}


def test_too_many_queries_wait_and_are_refused(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "_WAIT_SECONDS", 0.01)
    app = app_of(plan, most_queries=1)
    name = matcher(0, "__name__", "fleetsynth_cpu_p95")
    with app._turns:
        status, content = post(app, asking(name))
    assert status == 503
    assert b"1 queries are being answered already" in content
    assert post(app, asking(name))[0] == 200


def test_an_answer_that_lies_in_a_file_is_the_same(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asking(matcher(2, "__name__", "fleetsynth_.*"))
    _, in_memory = post(app_of(plan), asked)
    monkeypatch.setattr(read, "_IN_MEMORY", 100)
    assert post(app_of(plan), asked)[1] == in_memory
    assert len(values(in_memory)) == 40


def test_threads_do_not_disturb_each_other(plan: Plan) -> None:
    names = ("fleetsynth_cpu_p95", "node_cpu_seconds_total", "up", "node_boot_time_seconds")
    asked = [asking(matcher(0, "__name__", name), day=day) for name in names for day in range(4)]
    alone = [values(post(app_of(plan), each)[1]) for each in asked]
    app = app_of(plan, most_queries=8)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda each: values(post(app, each)[1]), asked))
    assert together == alone
    assert app.own.in_flight == 0


def test_requests_of_several_queries_have_as_many_results(plan: Plan) -> None:
    one = snappy.decompress(asking(matcher(0, "__name__", "up")), 1 << 20)
    _, content = post(app_of(plan), snappy.block(one + one))
    results = list(protobuf.fields(snappy.decompress(content, 1 << 30)))
    assert len(results) == 2
    assert results[0] == results[1]


def test_queries_of_a_request_have_its_limit_together(plan: Plan) -> None:
    one = snappy.decompress(asking(matcher(0, "__name__", "fleetsynth_cpu_p95")), 1 << 20)
    for limits, words in (
        (Limits(samples=4_000), b"4,608 samples are asked for, and at most 4,000"),
        (Limits(series=15), b"16 series are asked for, and at most 15"),
    ):
        app = App(Catalog(plan, {"job": "x"}, limits))
        assert post(app, snappy.block(one))[0] == 200
        status, content = post(app, snappy.block(one + one))
        assert status == 422
        assert words in content
    none = snappy.decompress(asking(matcher(0, "__name__", "nothing")), 1 << 20)
    app = App(Catalog(plan, {"job": "x"}, Limits()))
    assert post(app, snappy.block(none * 100))[0] == 200
    status, content = post(app, snappy.block(none * 101))
    assert status == 422
    assert b"101 queries in one request, and at most 100" in content


@pytest.mark.parametrize("said", [{}, {"granularity": "hourly", "sample_interval": "5min"}])
def test_shards_are_the_fleet_together(plan: Plan, said: dict[str, str]) -> None:
    whole = as_plan(plan.scenario.to_dict() | said)
    asked = asking(matcher(2, "__name__", "fleetsynth_cpu_.*|node_network.*|node_boot.*"))
    expected = values(post(app_of(whole), asked)[1])
    found: dict[bytes, bytes] = {}
    for shard in ("1/3", "2/3", "3/3"):
        there = values(post(app_of(shard_of(whole, shard)), asked)[1])
        assert not there.keys() & found.keys()
        found |= there
    assert found == expected


def test_a_shard_shows_its_own_servers(plan: Plan) -> None:
    with server_of(plan, Options(port=0, shard="2/2", only="2-5")) as server:
        app = server.app
        app.ready.set()
        content = b"".join(app.reply(Request("GET", "/metrics", {})).chunks).decode()
        assert {f"server_{at:03d}" in content for at in (4, 5)} == {True}
        assert "server_003" not in content
        assert "server_006" not in content
    for shard, only, words in (
        ("3/2", "", "not among 1 to 2"),
        ("1/9", "", "no more than 8 servers"),
        ("1/2", "4", "none of these servers is of this shard"),
    ):
        with pytest.raises(UsageError, match=words):
            server_of(plan, Options(port=0, shard=shard, only=only))


def test_the_next_ticks_are_made_before_a_scrape_needs_them(plan: Plan) -> None:
    catalog = Catalog(plan, {"job": "x"}, Limits(cache_bytes=1))
    live = Live(catalog, np.arange(8), Replay(START_MS, START_MS, 1.0))
    ticks = live_module._TICKS
    live.text(START_MS + DAY_MS, openmetrics=False)
    now = live._tick(START_MS + DAY_MS) // ticks * ticks
    assert sorted(live._spans) == [now, now + ticks]
    made = live._spans[now + ticks].result(10)
    later = live.text((now + ticks) * 300_000, openmetrics=False)
    assert live._spans[now + ticks].result() is made
    assert later.startswith(b"# HELP fleetsynth_cpu_p95")
    live._spans[now + 2 * ticks].result(10)


@pytest.mark.parametrize("granularity", ["daily", "hourly"])
def test_live_values_of_coarser_data_are_those_of_the_tick(granularity: str) -> None:
    said = {"num_servers": 3, "start_date": "2024-01-01", "end_date": "2024-01-10"}
    if granularity == "hourly":
        said |= {"sample_interval": "5min"}
    coarse = as_plan(said | {"preset": "realistic", "granularity": granularity})
    catalog = Catalog(coarse, {"job": "x"}, Limits())
    live = Live(catalog, np.arange(3), Replay(START_MS, START_MS, 1.0))
    begin, end = (second * 1000 for second in catalog.span())
    step = coarse.clock.step * 1000
    for ms in (begin, begin + 1, begin + step, begin + step + 1, end - 1, end):
        lines = live.text(ms, openmetrics=False).decode().splitlines()
        shown = [float(x.split()[1]) for x in lines if x.startswith("fleetsynth_cpu")]
        at = -(-ms // step) * step
        name = remote_read.Matcher("=~", "__name__", "fleetsynth_cpu.*")
        assert shown == [float(found[0]) for _, _, found in catalog.select([name], at, at).series()]


def test_live_values_are_those_of_the_history(plan: Plan) -> None:
    catalog = Catalog(plan, {"job": "x"}, Limits())
    live = Live(catalog, np.arange(8), Replay(START_MS, START_MS, 1.0))
    for ms in (START_MS + 5 * DAY_MS, START_MS + 5 * DAY_MS + 60_000, START_MS + 6 * DAY_MS):
        text = live.text(ms, openmetrics=False).decode()
        shown = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                head, _, value = line.rpartition(" ")
                shown[head] = float(value)
        name = remote_read.Matcher("!~", "__name__", "up|fleetsynth.*")
        for labels, _, found in catalog.select([name], ms, ms).series():
            said = dict(labels)
            of = said.pop("__name__")
            said.pop("job")
            pairs = ",".join(f'{key}="{value}"' for key, value in said.items())
            head = f"{of}{{{pairs}}}"
            assert shown[head] == pytest.approx(found[0], rel=1e-12)
