"""``fleetsynth capacity``: what runs out, when, and what would help."""

import json
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from tests.capacity.test_known_series import RAMPS, ramp_table
from tests.capacity.test_table import fleet
from tests.e2e.command import Fleetsynth, contents


@pytest.fixture
def ramps(fleetsynth: Fleetsynth) -> str:
    pc.write_csv(ramp_table(RAMPS), fleetsynth.folder / "ramps.csv")
    return "ramps.csv"


def test_json_is_a_list_of_rows(fleetsynth: Fleetsynth, ramps: str) -> None:
    rows = json.loads(fleetsynth.prints("capacity", ramps, "--json"))
    assert [row["name"] for row in rows] == ["ramp0to70", "ramp30to75", "ramp0to60"]
    assert [row["days_100"] for row in rows] == [
        pytest.approx(days, rel=0.02) for days in (469, 608, 730)
    ]
    assert {row["status"] for row in rows} == {"dated"}


def test_people_get_a_table(fleetsynth: Fleetsynth, ramps: str) -> None:
    out = fleetsynth.prints("capacity", ramps, "--top", "2", "--lead-time", "6w")
    assert "servers   3, data to 2025-12-31" in out
    head, first, *_ = out.splitlines()[3:]
    assert head.split("  ")[0] == "server"
    assert first.split()[:4] == ["ramp0to70", "cpu", "dated", "69"]
    assert "2026-11-" in first
    assert "2026-09-" in first  # to order by: six weeks before
    assert out.splitlines()[-1] == "the first 2 of 3 rows"
    assert "\x1b" not in out
    assert list(contents(fleetsynth.folder)) == [ramps]


def test_services_come_first_where_there_are_some(fleetsynth: Fleetsynth) -> None:
    pq.write_table(fleet(), fleetsynth.folder / "it.parquet")
    out = fleetsynth.prints("capacity", "it.parquet")
    assert out.splitlines()[3].startswith("service ")
    assert "one replica more (4 → 5): lasts until" in out
    by_region = fleetsynth.prints("capacity", "it.parquet", "--by", "region", "--json")
    assert {row["name"] for row in json.loads(by_region)} == {"EU", "US"}
    only = fleetsynth.prints("capacity", "it.parquet", "--by", "server", "--top", "1", "--json")
    assert [row["scope"] for row in json.loads(only)] == ["server"]


@pytest.mark.parametrize("within", [("90d", 0), ("11m", 1), ("2y", 1)])
def test_a_pipeline_fails_in_time(
    fleetsynth: Fleetsynth, ramps: str, within: tuple[str, int]
) -> None:
    """The first of them is full in 314 days."""
    time, code = within
    ran = fleetsynth("capacity", ramps, "--fail-within", time, "--json")
    assert ran.code == code
    assert len(json.loads(ran.out)) == 3
    assert ("ramp0to70 (cpu)" in ran.err) == bool(code)


def days_of(name: str, values: list[float]) -> str:
    """A server's rows, a day each."""
    begin = date(2024, 1, 1)
    return "".join(f"{name},{begin + timedelta(i)},{v}\n" for i, v in enumerate(values))


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ([95.0] * 28, "already above", 1),
        ([90.0, 90.0, 90.0], "already above", 1),  # three days are a breach, and no more
        ([10.0] * 30 + [95.0] * 3 + [10.0] * 20, "already above", 1),
        ([95.0] * 3 + [10.0] * 40, "too short", 0),  # longer ago than 28 days
        ([99.0, 10.0] * 1 + [10.0, 99.0], "too short", 0),  # two of seven days
        ([89.9] * 28, "too short", 0),
    ],
)
def test_what_is_full_is_full_however_short(
    fleetsynth: Fleetsynth, values: list[float], status: str, code: int
) -> None:
    """A breach was seen: it needs no trend. Nothing is said of the time to come."""
    (fleetsynth.folder / "it.csv").write_text("server,time,cpu\n" + days_of("a", values))
    ran = fleetsynth("capacity", "it.csv", "--fail-within", "90d", "--json")
    row = json.loads(ran.out)[0]
    assert (ran.code, row["status"]) == (code, status)
    assert (row["trend_month"], row["date_100"], row["help"]) == (None, None, [])
    assert row["risk_90d"] == (1 if code else None)
    assert row["days_usable"] == (0 if code else None)
    assert ("too short for a trend" in (row["note"] or "")) == bool(code)
    assert ("full within 90 days: a (cpu)" in ran.err) == bool(code)
    assert ("not judged, too short or ended: 1 series" in ran.err) == (not code)


def test_a_short_server_that_is_full_counts_as_above(fleetsynth: Fleetsynth) -> None:
    """In the counts of its service, too, and before those with a date."""
    long = days_of("b", [50 + i / 30 for i in range(600)])
    begin = date(2024, 1, 1) + timedelta(560)
    short = "".join(f"a,{begin + timedelta(i)},97\n" for i in range(40))
    lines = (long + short).splitlines()
    text = "server,time,cpu,service\n" + "".join(f"{line},shop\n" for line in lines)
    (fleetsynth.folder / "it.csv").write_text(text)
    rows = json.loads(fleetsynth("capacity", "it.csv", "--by", "service", "--json").out)
    assert [(r["member"], r["status"], r["above"], r["not_judged"]) for r in rows] == [
        ("a", "already above", 1, 0)
    ]


def test_how_far_dates_reach_is_said_where_a_pipeline_would_fail(fleetsynth: Fleetsynth) -> None:
    """A year of history has dates for a year."""
    pc.write_csv(ramp_table({"a": (0, 40)}, days=370), fleetsynth.folder / "it.csv")
    ran = fleetsynth("capacity", "it.csv", "--fail-within", "2y", "--json")
    assert ran.code == 0
    assert "rising, without a date up to 730 days ahead, for their history is shorter: 1" in ran.err
    assert "without a date" not in fleetsynth("capacity", "it.csv", "--fail-within", "1y").err


@pytest.mark.parametrize("form", [["--json"], [], ["-o", "out.csv"]])
def test_groups_that_the_data_do_not_name(
    fleetsynth: Fleetsynth, ramps: str, form: list[str]
) -> None:
    ran = fleetsynth("capacity", ramps, "--by", "service", *form)
    assert ran.code == 0
    assert "the data name no services: there is nothing to show by service" in ran.err
    assert "data name no" not in fleetsynth("capacity", ramps, "--by", "server").err


def test_a_file_that_is_there_is_refused_before_anything_is_read(fleetsynth: Fleetsynth) -> None:
    (fleetsynth.folder / "it.parquet").write_text("PAR1")
    (fleetsynth.folder / "out.csv").write_text("mine")
    ran = fleetsynth("capacity", "it.parquet", "-o", "out.csv")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "error: out.csv exists: choose another name, or pass --overwrite\n"


def test_usable_capacity_of_all_and_of_one(fleetsynth: Fleetsynth) -> None:
    pq.write_table(fleet(), fleetsynth.folder / "it.parquet")
    said = ("--usable", "85", "--usable", "disk=70", "--threshold", "75,95")
    rows = json.loads(fleetsynth.prints("capacity", "it.parquet", *said, "--json"))
    assert {row["metric"]: row["usable"] for row in rows} == {"cpu": 85, "disk": 70}
    assert {"days_75", "days_80", "days_usable", "days_95", "days_100"} <= rows[0].keys()


def test_several_exports_and_files(fleetsynth: Fleetsynth) -> None:
    table = fleet()
    pc.write_csv(table.drop_columns("disk_p95"), fleetsynth.folder / "cpu.csv")
    pc.write_csv(table.drop_columns("cpu_p95"), fleetsynth.folder / "disk.csv")
    pq.write_table(table, fleetsynth.folder / "both.parquet")
    whole = json.loads(fleetsynth.prints("capacity", "both.parquet", "--json"))
    ran = fleetsynth("capacity", "cpu.csv", "disk.csv", "--json", "-o", "out.csv")
    assert ran.code == 0
    assert json.loads(ran.out) == whole
    assert pc.read_csv(fleetsynth.folder / "out.csv").num_rows == len(whole)
    again = fleetsynth("capacity", "cpu.csv", "-o", "out.csv")
    assert again.code == 1
    assert "out.csv exists: choose another name, or pass --overwrite" in again.err


def test_the_back_test(fleetsynth: Fleetsynth) -> None:
    many = {f"r{i}": (5 + i, 60 + 2 * i) for i in range(16)}
    pq.write_table(ramp_table(many), fleetsynth.folder / "it.parquet")
    out = fleetsynth.prints("capacity", "it.parquet", "--backtest")
    assert "back-test: such dates, made on these data earlier, and what came" in out
    rows = json.loads(fleetsynth.prints("capacity", "it.parquet", "--backtest", "--json"))
    assert [row["horizon_days"] for row in rows] == [91, 182, 364]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing.parquet"], "there is no file or folder nothing.parquet"),
        (["ramps.csv", "--usable", "cpux=80"], "--usable: no metric 'cpux' (did you mean 'cpu'?)"),
        (["ramps.csv", "--usable", "ninety"], "--usable 'ninety': expected percent, such as 90"),
        (["ramps.csv", "--usable", "190"], "--usable cpu=190: expected percent"),
        (["ramps.csv", "--threshold", "0"], "--threshold=0: expected percent"),
        (["ramps.csv", "--horizon", "soon"], "expected days, weeks, months or years"),
        (["ramps.csv", "--link", "0"], "--link 0.0: expected Mbps above 0"),
        (["ramps.csv", "--columns", "cpu=cpu_pkt"], "no column 'cpu_pkt' to be its cpu"),
        (["ramps.csv", "-o", "out.xlsx"], "is not that of a known format"),
        (["ramps.csv", "-o", "out.txt"], "use one of .parquet, .csv, .csv.gz, .csv.zst, .arrow"),
        (["ramps.csv", "--usable", "cpu=80,cpu=70"], "of cpu is said twice, as 80 and as 70"),
        (["ramps.csv", "--usable", "mem=80", "--usable", "memory=80"], "memory is said twice"),
        (["ramps.csv", "--usable", "80,70"], "--usable is said twice, as 80 and as 70"),
        (["ramps.csv", "--usable", "=70"], "expected a metric before =, such as cpu=80"),
        (["ramps.csv", "--usable", "cpu="], "--usable '': expected percent"),
        (["ramps.csv", "--usable", "cpu=80,"], "nothing stands beside a comma"),
        (["ramps.csv", "--usable", ""], "nothing stands beside a comma"),
        (["ramps.csv", "--threshold", ","], "nothing stands beside a comma; expected 70,95"),
        (["ramps.csv", "--threshold", "70,,95"], "nothing stands beside a comma"),
        (["ramps.csv", "--threshold", "nan"], "--threshold 'nan': expected percent"),
        (["ramps.csv", "--fail-within", "99999y"], "'99999y': 100 years at most"),
        (["ramps.csv", "--lead-time", "101y"], "'101y': 100 years at most"),
        (["ramps.csv", "--fail-within", "4y"], "--fail-within 1461: expected days, from 1 to"),
        (
            ["ramps.csv", "--fail-within", "2y", "--horizon", "1y"],
            "from 1 to 365: no date is given beyond, as --horizon says",
        ),
        (["ramps.csv", "--horizon", "5y"], "--horizon 1826: expected days, from 1 to 1,096"),
        (["ramps.csv", "--horizon", "0.2d"], "expected days, weeks, months or years"),
        (["ramps.csv", "--columns", "cpu=cpu_p95,"], "--columns 'cpu=cpu_p95,': nothing stands"),
        (["net.csv"], "network needs --link"),
    ],
)
@pytest.mark.usefixtures("ramps")
def test_bad_requests(fleetsynth: Fleetsynth, arguments: list[str], words: str) -> None:
    table = ramp_table({"a": (0, 9)}, days=60)
    net = pa.table(
        {**{n: table[n] for n in table.column_names[:2]}, "net_in_p95": table["cpu_p95"]}
    )
    pc.write_csv(net, fleetsynth.folder / "net.csv")
    before = contents(fleetsynth.folder)
    ran = fleetsynth("capacity", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert contents(fleetsynth.folder) == before


def test_a_file_that_cannot_be_read(fleetsynth: Fleetsynth) -> None:
    (fleetsynth.folder / "it.parquet").write_text("PAR1")
    ran = fleetsynth("capacity", "it.parquet", "-o", "out.csv")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: cannot read it.parquet: ")
    assert list(contents(fleetsynth.folder)) == ["it.parquet"]


def test_names_of_others_do_no_harm(fleetsynth: Fleetsynth) -> None:
    """A server's name is printed as text, whatever it holds."""
    nasty = ramp_table({"\x1b[31m[bold]red": (0, 60)})
    pq.write_table(nasty, fleetsynth.folder / "it.parquet")
    out = fleetsynth.prints("capacity", "it.parquet", "--fail-within", "1d")
    assert "\x1b" not in out
    assert "[bold]red" in out


def test_ours_without_a_word_of_how_it_was_read(fleetsynth: Fleetsynth) -> None:
    fleetsynth.prints("generate", "--servers", "6", "-o", "it.parquet", "--quiet")
    out = fleetsynth.prints("capacity", "it.parquet")
    assert "read as" not in out
    assert out.splitlines()[0] == "servers   6, data to 2025-12-31"
