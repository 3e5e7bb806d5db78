"""``fleetsynth capacity``: what runs out, when, and what would help."""

import json

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


def test_what_cannot_be_judged_is_said_where_a_pipeline_would_fail(
    fleetsynth: Fleetsynth,
) -> None:
    full = "server,time,cpu\n" + "".join(f"a,2024-01-{day:02d},100\n" for day in range(1, 29))
    (fleetsynth.folder / "it.csv").write_text(full)
    ran = fleetsynth("capacity", "it.csv", "--fail-within", "90d", "--json")
    assert (ran.code, json.loads(ran.out)[0]["status"]) == (0, "too short")
    assert "not judged, too short or ended: 1 series" in ran.err


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
