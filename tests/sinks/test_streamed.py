"""What every system promises that samples are streamed to, whatever fails on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3.session
import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from boto3.session import Session

import fleetsynth as fs
from fleetsynth.errors import OutputError, UsageError
from fleetsynth.presets import as_plan
from fleetsynth.series.select import Catalog, Limits
from fleetsynth.sinks import SYSTEMS, push
from fleetsynth.sinks.access import Access, access_of
from fleetsynth.sinks.batches import Cutting, batches, cutting
from fleetsynth.sinks.http import wait_of
from fleetsynth.sinks.push import Pace, Streaming, chosen, deliver
from fleetsynth.sinks.streamed import Cut, Encoded, Unavailable
from tests.e2e.command import Within
from tests.sinks.aws import use_account
from tests.sinks.receivers import RECEIVERS, Faults, How, Receiver, receiving, record, tunnel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.series.selection import Selection

PLAN: dict[str, Any] = {
    "num_servers": 3,
    "granularity": "hourly",
    "start_date": "2022-01-01",
    "end_date": "2022-01-08",
}
OPTIONS = ("--servers", "3", "--granularity", "hourly", "--end", "2022-01-08")
SERIES = "fleetsynth[._].*"
SECRET = "s3cr3t-word"
SYSTEM = pytest.mark.parametrize("name", RECEIVERS)
OURS = pytest.mark.parametrize("name", [name for name, how in RECEIVERS.items() if not how.own])
TODAY = datetime.now(UTC).date()
SAMPLES = 3 * 5 * 24 * 8
RECENT_SAMPLES = 3 * 5 * 24 * 3


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Several batches of a small plan, and no time to lose."""
    monkeypatch.setattr(push, "LEAST_WAIT", 0.005)
    monkeypatch.chdir(tmp_path)
    use_account(monkeypatch, tmp_path, "test", SECRET)
    monkeypatch.setattr(boto3.session, "Session", session)  # it reads for long what AWS can do

    def smaller(everything: Selection, cut: Cut) -> Cutting:
        return cutting(everything, cut._replace(samples=600, each_series=0))

    monkeypatch.setattr(push, "cutting", smaller)


@cache
def session() -> Any:
    """AWS's settings, which are the same in all tests but for where it is."""
    return Session()


def plan_of(how: How) -> dict[str, Any]:
    """The same plan; of a few of the last days for who takes no others."""
    days = {"start_date": str(TODAY - timedelta(4)), "end_date": str(TODAY - timedelta(2))}
    return PLAN | days if how.is_recent else PLAN


def samples_of(name: str) -> int:
    """How many samples a system gets."""
    return RECENT_SAMPLES if RECEIVERS[name].is_recent else SAMPLES


def send(receiver: Receiver, **how: Any) -> Any:
    """Send all series of the plan's columns."""
    to = receiver.how.to(receiver.url)
    os.environ["AWS_ENDPOINT_URL"] = receiver.url  # until the test has ended
    plan = plan_of(receiver.how)
    return fs.export(plan, to, streaming=Streaming(**{"series": SERIES, "record": "r.json"} | how))


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    """What each system has when nothing has failed."""
    return {}


def expected(whole: dict[str, Any], name: str) -> Any:
    """What a system has when nothing has failed."""
    if name not in whole:
        with receiving(RECEIVERS[name]) as receiver:
            done = send(receiver)
            assert done.rows == samples_of(name) == sum(map(len, receiver.contents().values()))
            whole[name] = receiver.contents(), len(receiver.requests)
        Path("r.json").unlink()
    return whole[name]


def test_every_system_has_a_receiver_in_this_suite() -> None:
    streamed = {name for name, system in SYSTEMS.items() if system.streamed}
    no_servers = {"openmetrics"}
    assert {*RECEIVERS, *no_servers} == streamed


@SYSTEM
@pytest.mark.parametrize("fault", Faults.ALL)
def test_each_sample_is_there_once_whichever_request_fails(
    name: str, fault: str, whole: dict[str, Any]
) -> None:
    content, requests = expected(whole, name)
    assert requests > 3
    for number in range(requests):
        with receiving(RECEIVERS[name]) as receiver:
            receiver.faults[number] = fault
            assert send(receiver).rows == samples_of(name)
            assert receiver.contents() == content
            assert len(receiver.requests) == requests + 1
        Path("r.json").unlink()


@SYSTEM
@pytest.mark.parametrize("how", [KeyboardInterrupt, SystemExit])
def test_whoever_goes_on_sends_the_rest(
    name: str, how: type[BaseException], whole: dict[str, Any]
) -> None:
    content, requests = expected(whole, name)
    with receiving(RECEIVERS[name]) as receiver:
        receiver.faults[2] = Faults.BROKEN

        def end(_: float) -> None:
            raise how

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                deliver, "__kwdefaults__", {**(deliver.__kwdefaults__ or {}), "sleep": end}
            )
            with pytest.raises(how) as ended:
                send(receiver)
        (note,) = ended.value.__notes__
        said = record(Path("r.json"))
        assert f"{said['samples']:,} of at most {samples_of(name):,} samples are there" in note
        assert not said["done"]
        done = send(receiver)
        assert (done.rows, done.facts["sent_before"]) == (samples_of(name), said["samples"])
        assert receiver.contents() == content
        assert send(receiver).already
        assert len(receiver.requests) == requests + 1


@SYSTEM
@pytest.mark.parametrize("number", [0, 2])
def test_a_process_that_is_killed_leaves_where_the_next_one_goes_on(
    name: str, number: int, whole: dict[str, Any]
) -> None:
    content, _ = expected(whole, name)
    script = (
        "import sys\nfrom tests.sinks import test_streamed as t\npush = t.push\n"
        "push.cutting = lambda e, c: t.cutting(e, c._replace(samples=600, each_series=0))\n"
        "plan = t.plan_of(t.RECEIVERS[sys.argv[2]])\n"
        "t.fs.export(plan, sys.argv[1], streaming=t.Streaming(series=t.SERIES, record='r.json'))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with receiving(RECEIVERS[name]) as receiver:
        environment["AWS_ENDPOINT_URL"] = receiver.url
        command = [sys.executable, "-c", script, RECEIVERS[name].to(receiver.url), name]
        child = subprocess.Popen(command, env=environment)
        receiver.on_request = lambda at: child.kill() if at == number else None  # stored, unsaid
        assert child.wait(60) == -signal.SIGKILL
        receiver.on_request = lambda _: None
        assert send(receiver).rows == samples_of(name)
        assert receiver.contents() == content


@OURS
def test_a_refusal_is_told_at_once_and_nobodys_secret(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLEETSYNTH_TOKEN", SECRET)
    run = Within(Path.cwd(), capsys)
    with receiving(RECEIVERS[name]) as receiver:
        receiver.faults[0] = Faults.REFUSES
        receiver.says = lambda headers: f"bad request of {headers['Authorization']}"
        to = receiver.how.to(receiver.url)
        done = run("export", *OPTIONS, "--to", to, "--series", SERIES, "--record", "r.json")
        assert done.code == 1
        assert "answers 400" in done.err
        assert "0 of at most" in done.err
        assert f"{receiver.how.scheme} ***" in done.err
        assert len(receiver.requests) == 1
        again = run("export", *OPTIONS, "--to", to, "--series", SERIES, "--record", "r.json")
        assert again.code == 0
        assert receiver.requests[-1]["Authorization"] == f"{receiver.how.scheme} {SECRET}"
        assert (
            SECRET not in done.err + done.out + again.err + again.out + Path("r.json").read_text()
        )


@OURS
def test_credentials_come_from_files_and_never_from_the_destination(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Within(Path.cwd(), capsys)
    Path("word").write_text(SECRET + "\n")
    with receiving(RECEIVERS[name]) as receiver:
        to = receiver.how.to(receiver.url)
        basic = ("--user", "me", "--password-file", "word")
        done = run("export", *OPTIONS, "--to", to, "--series", SERIES, *basic, "-q")
        assert done.code == 0
        assert receiver.requests[0]["Authorization"].startswith("Basic bWU6")
        there = to.replace("http://", f"http://me:{SECRET}@")
        for place in (there, f"{to}/?passwrd={SECRET}&a=b", f"{to}:x/?p={SECRET}"):
            receiver.faults[len(receiver.requests)] = Faults.REFUSES
            done = run("export", *OPTIONS, "--to", place, "--series", SERIES)
            assert done.code in (1, 2)
            assert SECRET not in done.err + done.out
    assert all(SECRET not in path.read_text() for path in Path().glob("*.json"))


@OURS
def test_tls_knows_the_server_and_the_server_knows_us(name: str, certificate: Path) -> None:
    own = Access(ca_file=str(certificate), certificate_file=str(certificate))
    with receiving(RECEIVERS[name], certificate) as receiver:
        assert send(receiver, access=own).rows == SAMPLES
        Path("r.json").unlink()
        with pytest.raises(OutputError, match="certificate verify failed"):
            send(receiver, access=Access())
        with pytest.raises(OutputError, match=r"https://127\.0\.0\.1"):
            send(receiver, access=Access(ca_file=str(certificate)), patience=0)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 with its key, which anybody may trust who has it."""
    folder = tmp_path_factory.mktemp("certificate")
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    made += [
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    made += ["-keyout", str(folder / "key"), "-out", str(folder / "certificate")]
    try:
        subprocess.run(made, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    both = folder / "both.pem"
    both.write_text((folder / "key").read_text() + (folder / "certificate").read_text())
    return both


def test_a_record_is_of_one_stream(whole: dict[str, Any]) -> None:
    with receiving(RECEIVERS["prometheus"]) as receiver:
        send(receiver)
        with pytest.raises(UsageError, match="another scenario, destination or choice"):
            send(receiver, labels={"cluster": "prod"})
        Path("r.json").write_text("{}")
        with pytest.raises(OutputError, match="does not say how far"):
            send(receiver)
        assert not whole or receiver.contents() == whole["prometheus"][0]


def test_two_at_a_time_do_not_go_on_from_one_record(whole: dict[str, Any]) -> None:
    content, requests = expected(whole, "prometheus")
    others: list[str] = []

    def another(number: int) -> None:
        if number < 2:
            with pytest.raises(
                OutputError, match=r"another export goes on from r\.json"
            ) as refused:
                fs.export(PLAN, to, streaming=Streaming(series=SERIES, record="r.json"))
            others.append(str(refused.value))

    with receiving(RECEIVERS["prometheus"]) as receiver:
        to = receiver.how.to(receiver.url)
        receiver.on_request = another
        assert send(receiver).rows == SAMPLES
        assert receiver.contents() == content
        assert len(receiver.requests) == requests
        assert send(receiver).already
    assert len(others) == 2
    assert [path.name for path in Path().iterdir()] == ["r.json"]


def test_remote_write_has_the_values_of_the_series(whole: dict[str, Any]) -> None:
    content, _ = expected(whole, "prometheus")
    plan = as_plan(PLAN)
    selection = chosen(Catalog(plan, {"job": "fleetsynth"}, Limits()), SERIES)
    found = {
        labels: list(zip(ms.tolist(), values.tolist(), strict=True))
        for labels, ms, values in selection.series()
    }
    assert content == found


def test_the_ledger_and_the_labels_go_along() -> None:
    """What their series say is what the tables of the same dataset say."""
    down = {"kind": "blackout", "at": "2022-01-03 02:00", "for": "5h", "servers": ["server_001"]}
    plan = {**PLAN, "preset": "realistic", "sample_interval": "1h", "events": [down], "seed": 3}
    plan["incidents"] = {"surge": {"per_quarter": 20}, "runaway": {"per_quarter": 20}}
    with receiving(RECEIVERS["prometheus"]) as receiver:
        how = Streaming(series="fleetsynth_(event|label)", events=True)
        fs.export(plan, f"prometheus:{receiver.url}", streaming=how, labels=True)
        found = receiver.contents()
    fs.generate(plan, "a.parquet", labels=True)
    table = pq.read_table("a.tables/labels.parquet")
    ledger = pq.read_table("a.tables/events.parquet").to_pylist()
    labels = [column for column in table.column_names if column.endswith("_label")]
    assert labels
    told, ones = 0, 0.0
    for server in range(3):
        name = f"server_{server:03d}"
        rows = table.filter(pc.equal(table["server_id"], name))
        for column in labels:
            metric = column.removesuffix("_label")
            (series,) = (
                [value for _, value in samples]
                for labelled, samples in found.items()
                if {("metric", metric), ("server_id", name)} <= set(labelled)
            )
            assert series == rows[column].to_pylist()
            ones += sum(series)
    blackout = {
        dict(labelled)["server_id"]: [ms // 1000 for ms, value in samples if value]
        for labelled, samples in found.items()
        if ("kind", "blackout") in labelled
    }
    begin = int(datetime(2022, 1, 3, 2, tzinfo=UTC).timestamp())
    assert blackout == {"server_001": [begin + 3600 * hour for hour in range(5)]}
    for labelled in map(dict, found):
        if labelled["__name__"] == "fleetsynth_event":
            entities = (labelled["server_id"], labelled["service"])
            told += 1
            assert any(e["kind"] == labelled["kind"] and e["entity"] in entities for e in ledger)
    assert told > 1
    assert ones > 0


@pytest.mark.parametrize(
    "cut",
    [
        Cut(1_500),
        Cut(20_000),
        Cut(1_500, late_seconds=3_600),
        Cut(20_000, late_seconds=3_600, each_series=20),
        Cut(1_000_000, late_seconds=3_600),
        Cut(1_500, by_server=True),
        Cut(1_000_000, by_server=True),
    ],
)
@pytest.mark.parametrize("series", ["", "fleetsynth_cpu_p95", "node_boot_time_seconds"])
@pytest.mark.parametrize("granularity", ["daily", "5min"])
def test_batches_have_each_sample_once_and_none_is_too_late(
    cut: Cut, series: str, granularity: str
) -> None:
    plan = as_plan({"num_servers": 5, "end_date": "2022-01-03", "granularity": granularity})
    everything = chosen(Catalog(plan, {}, Limits()), series)
    how = cutting(everything, cut)
    made = list(batches(everything, how))
    assert sum(batch.samples for batch in made) == everything.samples
    spans = [batch.selection.span for batch in made]
    if cut.by_server:
        servers = [int(batch.selection.servers[0]) for batch in made]
        assert servers == sorted(servers)
    else:
        assert spans == sorted(spans)
    if cut.late_seconds and len(made) > 1:
        step = min(everything.catalog.step(family) for family, _ in everything.chosen)
        newest = np.maximum.accumulate([end // step * step for _, end in spans])
        for (begin, _), before in zip(spans[1:], newest, strict=False):
            assert -(-begin // step) * step >= before - cut.late_seconds
    seen: dict[Any, list[Any]] = {}
    for batch in made:
        for named, ms, values in batch.series():
            seen.setdefault(named.labels, []).append((ms, values))
    whole = {labels: (ms, values) for labels, ms, values in everything.series()}
    assert seen.keys() == whole.keys()
    for labels, parts in seen.items():
        for at in (0, 1):
            assert np.array_equal(np.concatenate([part[at] for part in parts]), whole[labels][at])


def test_short_spans_are_parts_of_longer_ones_that_are_worked_out_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fleetsynth.sinks.batches._TOGETHER", 40_000)
    plan = as_plan({"num_servers": 5, "end_date": "2022-01-03", "granularity": "5min"})
    everything = chosen(Catalog(plan, {}, Limits()), "")
    made = list(batches(everything, cutting(everything, Cut(1_500, late_seconds=3_600))))
    longer = {id(batch.longer): batch.longer for batch in made if batch.longer}.values()
    assert 3 * len(longer) < len(made)
    together = {whole.span: 0 for whole in (each.whole for each in longer)}
    for each in longer:
        together[each.whole.span] += each.whole.samples
    assert max(together.values()) <= 40_000
    drawn = {id(each): list(each.drawn(each.whole.span)) for each in longer}
    monkeypatch.setattr("fleetsynth.series.selection.own_values", None)  # not asked any more
    count = sum(len(ms) for batch in made if batch.longer for _, ms, _ in batch.series())
    assert count == sum(len(ms) for found in drawn.values() for _, ms, _ in found)


@OURS
def test_a_proxy_passes_requests_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("no_proxy", "NO_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    how = RECEIVERS[name]
    with receiving(how) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("//", f"//me:{SECRET}@"))
        to = how.to("http://metrics.invalid:9")
        record = "r.json"
        done = fs.export(PLAN, to, streaming=Streaming(series=SERIES, record=record))
        assert done.rows == SAMPLES == sum(map(len, proxy.contents().values()))
        for headers in proxy.requests:
            assert headers["Host"] == "metrics.invalid:9"
            assert headers["Proxy-Authorization"].startswith("Basic bWU6")
        assert SECRET not in Path(record).read_text()
        monkeypatch.setenv("no_proxy", "metrics.invalid")
        with pytest.raises(OutputError, match="0 of at most"):
            fs.export(PLAN, to, streaming=Streaming(series=SERIES, patience=0))


def test_tls_goes_through_a_proxy_and_ends_at_the_destination(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    own = Access(ca_file=str(certificate), certificate_file=str(certificate))
    with receiving(RECEIVERS["prometheus"], certificate) as receiver, tunnel() as (port, asked):
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        assert send(receiver, access=own).rows == SAMPLES
        assert asked
        assert set(asked) == {receiver.url.removeprefix("https://")}
        monkeypatch.setenv("https_proxy", f"socks5://{SECRET}:1")
        with pytest.raises(UsageError, match="HTTPS_PROXY: expected") as refused:
            send(receiver, access=own, record="other.json")
        assert SECRET not in str(refused.value)


class Fake:
    """A stream that fails so many times."""

    def __init__(self, *after: float | None) -> None:
        self.left, self.again = list(after), []  # type: ignore[var-annotated]

    def send(self, _: Encoded, *, again: bool) -> None:
        self.again.append(again)
        if self.left:
            raise Unavailable("busy", self.left.pop(0))


def test_waits_grow_and_a_server_is_given_the_time_it_wants() -> None:
    pauses: list[float] = []
    fake = Fake(None, None, None, 17.0, None)
    one = Encoded(1, (b"",))
    deliver(fake, one, again=False, patience=100, sleep=pauses.append)  # type: ignore[arg-type]
    first = push.LEAST_WAIT
    assert pauses == [first, 2 * first, 4 * first, 17.0, 16 * first]
    assert fake.again == [False, True, True, True, True, True]
    told: list[str] = []
    fake = Fake(None, None)
    deliver(fake, one, again=False, patience=9, sleep=pauses.append, tell=told.append)  # type: ignore[arg-type]
    assert told == ["busy; trying again, for 9 s at most"]
    with pytest.raises(
        OutputError, match=r"busy \(tried for 60 s, and is to wait for another 60 s"
    ):
        deliver(Fake(60.0, 60.0), one, again=False, patience=100, sleep=pauses.append)  # type: ignore[arg-type]


def test_patience_counts_the_time_in_which_nobody_answers() -> None:
    fake, clock = Fake(*[None] * 9), iter(range(0, 10_000, 100))
    with pytest.raises(OutputError, match=r"busy \(tried for 300 s\)"):
        deliver(
            fake,  # type: ignore[arg-type]
            Encoded(1, (b"",)),
            again=False,
            patience=300,
            sleep=lambda _: None,
            now=lambda: float(next(clock)),
        )
    assert len(fake.again) == 3


def test_a_wait_is_seconds_or_a_date() -> None:
    now = datetime(2024, 1, 1, 12, tzinfo=UTC)
    assert [wait_of(each, now) for each in (None, "7", "-1", "soon")] == [None, 7.0, 0.0, None]
    assert wait_of("Mon, 01 Jan 2024 12:00:30 GMT", now) == 30.0


def test_no_more_than_so_many_samples_a_second() -> None:
    now, pauses = [0.0], []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += seconds

    pace = Pace(100.0, lambda: now[0], sleep)
    for _ in range(3):
        pace.wait(50)
    now[0] += 10.0  # what was not sent then is not caught up
    pace.wait(50)
    pace.wait(50)
    assert pauses == [0.5, 0.5, 0.5]


def test_what_is_said_of_credentials_goes_together() -> None:
    assert access_of(environment={}) == Access()
    both = {"FLEETSYNTH_TOKEN": "a", "FLEETSYNTH_USER": "b"}
    for said, environment, words in (
        ({}, both, "take away one"),
        ({"password_file": __file__}, {}, "needs user="),
        ({"token_file": "nowhere"}, {}, "No such file"),
        ({"key_file": "a"}, {}, "needs cert_file="),
        ({"token_file": __file__}, {}, "more than one line"),
        ({}, {"FLEETSYNTH_TOKEN": "geh\u20acim"}, "beyond ASCII"),
    ):
        with pytest.raises(UsageError, match=words):
            access_of(**said, environment=environment)
    assert SECRET not in repr(Access(token=SECRET, password=SECRET))


@pytest.mark.parametrize(
    ("to", "how", "words"),
    [
        ("prometheus:ftp://a", {}, "expected a URL such as"),
        ("prometheus:", {}, "names no place"),
        ("prometheus:http://a:b", {}, "expected a URL such as"),
        ("prometheus:http://..:9", {}, "expected a URL such as"),
        ("prometheus:http://a/b c", {}, "neither blanks nor"),
        ("prometheus:http://a/\u00fc", {}, "neither blanks nor"),
        ("prometheus:http://localhost:1", {"series": "cpu"}, "none of the series that there are"),
        ("prometheus:http://localhost:1", {"series": "("}, "regular expression"),
        ("prometheus:http://localhost:1", {"rate": 0}, "samples a second"),
        ("prometheus:http://localhost:1", {"patience": -1}, "expected seconds"),
        ("prometheus:http://localhost:1", {"labels": {"mode": "x"}}, "have this label already"),
        ("prometheus:http://localhost:1", {"labels": {"a": "\udcff"}}, "text in UTF-8"),
        ("prometheus:http://localhost:1", {"series": "\udcff"}, "text in UTF-8"),
        ("x.csv", {}, "is for monitoring systems"),
    ],
)
def test_what_cannot_be_is_said(to: str, how: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        fs.export(PLAN, to, streaming=Streaming(**how))
    assert list(Path().iterdir()) == []


def test_datasets_and_tables_are_not_streamed() -> None:
    fs.generate(PLAN, "a.parquet")
    to = "prometheus:http://localhost:1"
    with pytest.raises(UsageError, match="takes the series of a scenario"):
        fs.export("a.parquet", to)
    with pytest.raises(UsageError, match="components=True is a table"):
        fs.export(PLAN, to, components=True)
    with pytest.raises(UsageError, match="what is sent stays there"):
        fs.export(PLAN, to, overwrite=True)


@pytest.fixture
def slow_receiver() -> Iterator[Receiver]:
    """One that is always busy."""
    with receiving(RECEIVERS["prometheus"]) as receiver:
        receiver.faults = dict.fromkeys(range(1, 1_000_000), Faults.BROKEN)
        yield receiver


def test_control_c_says_how_to_go_on(slow_receiver: Receiver) -> None:
    command = [sys.executable, "-m", "fleetsynth", "export", *OPTIONS, "--rate", "1000"]
    command += ["--to", f"prometheus:{slow_receiver.url}", "--series", SERIES, "--label", "a=b"]
    script = ["bash", "-c", 'trap - INT; exec "$@"', "x", *command]
    child = subprocess.Popen(script, stderr=subprocess.PIPE, text=True)

    def interrupt(_: object) -> str:
        child.send_signal(signal.SIGINT)
        return "busy"

    slow_receiver.says = interrupt
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "samples are there; the same command goes on from there (fleetsynth-push-" in said
    assert "Traceback" not in said
