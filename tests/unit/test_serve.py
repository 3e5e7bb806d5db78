"""Requests and replies without a socket: what is refused, what is the same in many threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fleetsynth.presets import as_plan
from fleetsynth.series.select import Catalog, Limits
from fleetsynth.serve import app as app_module
from fleetsynth.serve import read
from fleetsynth.serve.app import App, Request
from fleetsynth.serve.clockwork import Replay
from fleetsynth.serve.live import Live
from fleetsynth.wire import protobuf, remote_read, snappy

if TYPE_CHECKING:
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
