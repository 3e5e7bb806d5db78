"""Data that others made, each with its right answer."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fleetsynth import Facts, FleetsynthError, InputError, UsageError, facts
from fleetsynth.reader import ReadOptions, open_dataset, parse_columns

HOURS = 72
START = datetime(2026, 10, 25)
TIMES = [START + timedelta(hours=hour) for hour in range(HOURS)]
NAMES = ["web-01", "db-01", "app-01"]
CPU = {
    name: [round(base + 10 * ((7 * hour) % 24) / 24, 2) for hour in range(HOURS)]
    for name, base in zip(NAMES, (30, 40, 50), strict=True)
}
MEAN = float(np.mean([*CPU.values()]))
TOLD = "time=time,server=host,cpu=cpu"


def lines(
    row: Callable[[datetime, str, float], str], head: str, names: list[str] | None = None
) -> str:
    body = [row(t, n, v) for n in names or NAMES for t, v in zip(TIMES, CPU[n], strict=True)]
    return "\n".join([head, *body]) + "\n"


def plain(t: datetime, n: str, v: float) -> str:
    return f"{t},{n},{v}"


def measured(path: Path | object, columns: str = "", **options: object) -> Facts:
    return facts(path, options=ReadOptions(columns=parse_columns(columns), **options))  # type: ignore[arg-type]


def right(found: Facts, servers: int = 3) -> Facts:
    assert (found.servers, found.points, found.repeated) == (servers, servers * HOURS, 0)
    assert found.step == 3600
    assert found.values["mean"] == pytest.approx(MEAN, abs=0.006)
    return found


def columns() -> dict[str, list[object]]:
    return {
        "time": [t for _ in NAMES for t in TIMES],
        "host": [n for n in NAMES for _ in TIMES],
        "cpu": [v for n in NAMES for v in CPU[n]],
    }


EXCEL = datetime(1899, 12, 30)

TEXTS: dict[str, tuple[str, str]] = {
    "plain": (lines(plain, "time,host,cpu"), ""),
    "seconds": (
        lines(lambda t, n, v: f"{int(t.replace(tzinfo=UTC).timestamp())},{n},{v}", "time,host,cpu"),
        "",
    ),
    "minutes said": (
        lines(
            lambda t, n, v: f"{int(t.replace(tzinfo=UTC).timestamp()) // 60},{n},{v}",
            "t,host,cpu",
        ),
        "time=t:min",
    ),
    "fractions of seconds": (
        lines(lambda t, n, v: f"{t.replace(tzinfo=UTC).timestamp():.3f},{n},{v}", "time,host,cpu"),
        "time=time:s",
    ),
    "excel": (
        lines(lambda t, n, v: f"{(t - EXCEL) / timedelta(days=1):.6f},{n},{v}", "time,host,cpu"),
        "time=time:excel",
    ),
    "semicolons, decimal commas": (
        lines(lambda t, n, v: f"{t};{n};{v}".replace(".", ","), "time;host;cpu"),
        "",
    ),
    "quoted decimal commas": (
        lines(lambda t, n, v: f'{t},{n},"{v}"'.replace(".", ","), "time,host,cpu"),
        "",
    ),
    "tabs": (lines(lambda t, n, v: f"{t}\t{n}\t{v}", "time\thost\tcpu"), ""),
    "sep line": ("sep=;\n" + lines(lambda t, n, v: f"{t};{n};{v}", "time;host;cpu"), ""),
    "percent signs": (lines(lambda t, n, v: f"{t},{n},{v} %", "time,host,cpu"), ""),
    "american": (
        lines(lambda t, n, v: f"{t:%m/%d/%Y %I:%M %p},{n},{v}", "time,host,cpu"),
        "",
    ),
    "german": (lines(lambda t, n, v: f"{t:%d.%m.%Y %H:%M};{n};{v}", "Time;Host;CPU"), ""),
    "month names": (lines(lambda t, n, v: f"{t:%d-%b-%Y %H:%M:%S},{n},{v}", "time,host,cpu"), ""),
    "named utc": (lines(lambda t, n, v: f"{t} UTC,{n},{v}", "time,host,cpu"), ""),
    "offset": (lines(lambda t, n, v: f"{t.isoformat()}+09:00,{n},{v}", "time,host,cpu"), ""),
    "compact": (lines(lambda t, n, v: f"{t:%Y%m%dT%H%M%S}Z,{n},{v}", "time,host,cpu"), ""),
    "date and time apart": (
        lines(lambda t, n, v: f"{t:%Y-%m-%d},{t:%H:%M},{n},{v}", "date,time,host,cpu"),
        "",
    ),
    "upper case, blank lines": (
        lines(plain, "TIMESTAMP,HOST,CPU").replace("\n", "\r\n").replace("\n", "\n\r\n", 3),
        "",
    ),
    "comma in a name": (lines(plain, 'time,host,"busy, really"'), 'cpu="busy, really"'),
    "hundredths": (
        lines(lambda t, n, v: f"{t},{n},{round(v * 100)}", "time,host,cpu"),
        "cpu=cpu:hundredths",
    ),
    "shares": (
        lines(lambda t, n, v: f"{t},{n},{v / 100:.4f}", "time,host,cpu"),
        "cpu=cpu:share",
    ),
    "preamble": (
        "Title,Export\nRange,\n\n" + lines(lambda t, n, v: f"{t},{n},{v},x", "time,host,cpu,z"),
        "",
    ),
    "header behind a comment": (
        lines(lambda t, n, v: f"{n};3600;{t} UTC;{v}", "# hostname;interval;timestamp;cpu"),
        "",
    ),
    "value alone": (
        lines(lambda t, n, v: f'"{n}";"{t.isoformat()}+00:00";{v}', '"Series";"Time";"Value"'),
        "",
    ),
    "long": (
        lines(
            lambda t, n, v: f"{t},{n},CPUUtilization,Average,{v}\n{t},{n},NetworkIn,Average,9",
            "Timestamp,InstanceId,MetricName,Statistic,Value",
        ),
        "",
    ),
    "statistics": (
        lines(
            lambda t, n, v: (
                f"{t},{n},CPUUtilization,Average,{v}\n{t},{n},CPUUtilization,Max,{v + 9}"
            ),
            "Timestamp,InstanceId,MetricName,Statistic,Value",
        ),
        "statistic=Statistic:Average",
    ),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_text_of_every_kind(tmp_path: Path, kind: str) -> None:
    text, told = TEXTS[kind]
    path = tmp_path / "it.csv"
    path.write_bytes(text.encode())
    found = right(measured(path, told))
    assert found.understood["warnings"] == []


WIDE = [f"{t},{','.join(str(CPU[n][i]) for n in NAMES)}" for i, t in enumerate(TIMES)]


@pytest.mark.parametrize(
    ("head", "told", "guesses"),
    [
        (f"time,{','.join(NAMES)}", "", 1),
        (f"time,{','.join(NAMES)}", "cpu=*", 0),
        (
            "Title,Avg\n\nTimestamp (UTC)," + ",".join(f"{n} (Percentage CPU)" for n in NAMES),
            "",
            0,
        ),
    ],
)
def test_a_column_a_server(tmp_path: Path, head: str, told: str, guesses: int) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("\n".join([head, *WIDE]))
    found = right(measured(path, told))
    assert found.understood["layout"] == "wide"
    assert len(found.understood["guesses"]) == guesses


def test_wide_values_that_can_be_no_percent_are_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_text("time,a,b\n2026-01-01,1,1000\n2026-01-02,1,2\n")
    with pytest.raises(UsageError, match="say what they are"):
        facts(tmp_path / "wide.csv")


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", pytest.param("latin-1", id="latin-1, said")]
)
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "it.csv"
    text = lines(plain, "time,host,cpu").replace("web", "büro")
    path.write_bytes(text.encode(encoding))
    said = {"encoding": encoding} if encoding == "latin-1" else {}
    assert "büro-01" in open_words(path, **said)
    right(measured(path, **said))


def open_words(path: Path, **options: str) -> list[str]:
    dataset = open_dataset(path, ReadOptions(**options))  # type: ignore[arg-type]
    assert sum(len(rows) for rows in dataset.batches()) == 3 * HOURS
    return dataset.converter.words["server"]


def test_a_bad_byte_far_below_is_named(tmp_path: Path) -> None:
    path = tmp_path / "it.csv"
    head, _, body = BASE.partition("\n")
    text = f"{head}\n{body * 60}2026-11-01,w".encode()
    path.write_bytes(text + b"\xe9b,1\n")
    where = f"byte 0xe9 at {len(text):,}, line {3 * HOURS * 60 + 2:,}, .*encoding='latin-1'"
    with pytest.raises(InputError, match=where):
        facts(path)


ARROW: dict[str, Callable[[dict[str, list[object]]], dict[str, pa.Array]]] = {
    "decimals": lambda d: {"cpu": pa.array([Decimal(str(v)) for v in d["cpu"]])},
    "dictionary": lambda d: {"host": pa.array(d["host"]).dictionary_encode()},
    "views": lambda d: {"host": pa.array(d["host"], pa.string_view())},
    "large text": lambda d: {"host": pa.array(d["host"], pa.large_string())},
    "float32": lambda d: {"cpu": pa.array(d["cpu"], pa.float32())},
    "milliseconds": lambda d: {"time": pa.array(d["time"], pa.timestamp("ms", "UTC"))},
    "nanoseconds": lambda d: {"time": pa.array(d["time"], pa.timestamp("ns"))},
    "whole numbers": lambda d: {
        "time": pa.array(d["time"], pa.timestamp("us")).cast(pa.int64()),
    },
    "text": lambda d: {
        "time": pa.array([str(t) for t in d["time"]]),
        "cpu": pa.array([str(v) for v in d["cpu"]]),
    },
    "date and time": lambda d: {
        "date": pa.array([t.date() for t in d["time"]]),  # type: ignore[attr-defined]
        "time": pa.array([t.time() for t in d["time"]]),  # type: ignore[attr-defined]
    },
    "uuids": lambda d: {
        "host": pa.ExtensionArray.from_storage(
            pa.uuid(),
            pa.array([UUID(int=NAMES.index(str(n)) + 1).bytes for n in d["host"]], pa.binary(16)),
        )
    },
    "numbers as ids": lambda d: {
        "host": pa.array([NAMES.index(str(n)) + 7 for n in d["host"]], pa.uint64())
    },
    "dictionaries of all": lambda d: {
        name: pa.array(values).dictionary_encode() for name, values in d.items()
    },
    "runs": lambda _: {
        "host": pa.RunEndEncodedArray.from_arrays([HOURS, 2 * HOURS, 3 * HOURS], NAMES)
    },
    "far network": lambda d: {"net": pa.array([2**64 - 1] * len(d["cpu"]), pa.uint64())},
}


@pytest.mark.parametrize("kind", ARROW)
def test_columns_of_every_type(tmp_path: Path, kind: str) -> None:
    data = columns()
    made = ARROW[kind](data)
    table = pa.table({**{name: pa.array(values) for name, values in data.items()}, **made})
    if kind != "runs":
        pq.write_table(table, tmp_path / "it.parquet")
    told = "network=net" if kind == "far network" else ""
    if kind != "runs":
        right(measured(tmp_path / "it.parquet", told))
    with pa.ipc.new_file(str(tmp_path / "it.arrow"), table.schema) as sink:
        sink.write_table(table)
    right(measured(tmp_path / "it.arrow", told))
    right(measured(table, told))


def test_tables_of_other_libraries() -> None:
    right(measured(pd.DataFrame(columns())))
    right(measured(pd.DataFrame(columns()).set_index("time")))
    right(
        measured(
            pl.DataFrame(columns(), strict=False).with_columns(pl.col("host").cast(pl.Categorical))
        )
    )
    with pytest.raises(UsageError, match="a list is not a dataset"):
        facts([1, 2])


def test_ids_are_text_whatever_they_look_like(tmp_path: Path) -> None:
    text = lines(plain, "time,host,cpu")
    for name, other in zip(NAMES, ("007", "7", "0042"), strict=True):
        text = text.replace(name, other)
    (tmp_path / "it.csv").write_text(text)
    assert open_words(tmp_path / "it.csv") == ["007", "7", "0042"]
    right(measured(tmp_path / "it.csv"))


@pytest.mark.parametrize("word", ["-", "NaN", "N/A", "null", "", "#N/A", "--"])
def test_words_for_missing_numbers(tmp_path: Path, word: str) -> None:
    text = lines(plain, "time,host,cpu").splitlines()
    text[50] = text[50].rpartition(",")[0] + "," + word
    (tmp_path / "it.csv").write_text("\n".join(text))
    found = measured(tmp_path / "it.csv", TOLD)
    assert found.points == 3 * HOURS - 1
    assert "1 values of cpu missing" in found.understood["notes"]


def test_other_words_refuse_or_are_said(tmp_path: Path) -> None:
    text = lines(plain, "time,host,cpu").splitlines()
    text[150] = text[150].rpartition(",")[0] + ",no signal"
    (tmp_path / "it.csv").write_text("\n".join(text))
    with pytest.raises(InputError, match=r"it.csv, row 150: 'cpu' is 'no signal'.*missing=..."):
        facts(tmp_path / "it.csv")
    assert measured(tmp_path / "it.csv", missing=("no signal",)).points == 3 * HOURS - 1


BASE = TEXTS["plain"][0]
REFUSED: dict[str, tuple[str, str, str]] = {
    "blank servers": (
        BASE.replace(",web-01,", ",,").replace(",,", ",web-01,", 1),
        "",
        r"row 2: 'host' has missing values \(71 of 216 rows here\).*fill_down=True",
    ),
    "hive's word": (
        BASE.replace(",db-01,", ",__HIVE_DEFAULT_PARTITION__,"),
        "",
        "row 73: 'host' has missing values",
    ),
    "two columns of one name": (lines(plain, "time,cpu,cpu"), "", "two columns 'cpu', number 2"),
    "a zone, then none": (
        BASE.replace("2026-10-27 00:00:00,db", "2026-10-27T00:00:00Z,db"),
        "",
        "name a zone, such as that of .*row 121, and some do not, such as that of .*row 1:",
    ),
    "day or month": (
        "time,host,cpu\n03/04/2026,a,1\n04/04/2026,a,2\n",
        "",
        r"row 1: 'time' is '03/04/2026': no row tells day from month.*time_format=",
    ),
    "day and month": (
        "time,host,cpu\n13/04/2026,a,1\n04/14/2026,a,2\n",
        "",
        "contradict each other",
    ),
    "excel unsaid": (TEXTS["excel"][0], "", "'time' is 46320.0: .*'time:excel'"),
    "no unit": ("time,host,cpu\n5,a,1\n6,a,2\n", "", "expected dates and times.*Say the unit"),
    "units that change": (
        "time,host,cpu\n1792886400,a,1\n1792886400000,a,2\n",
        "",
        "that one unit puts between 1990 and 2100",
    ),
    "thousands or decimals": (
        "time;host;cpu\n2026-01-01;a;1,234\n2026-01-02;a;2,345\n",
        "",
        "'1,234': is that a decimal comma.*decimal=','",
    ),
    "both decimals": (
        "time;host;cpu\n2026-01-01;a;1,5\n2026-01-02;a;2.5\n",
        "",
        "'2.5' and '1,5': is the decimal sign",
    ),
    "several statistics": (TEXTS["statistics"][0], "", "several statistics .*Statistic:Average"),
    "a missing statistic": (TEXTS["statistics"][0], "statistic=Statistic:Avg", "did you mean"),
    "no such unit": (BASE, "cpu=cpu:hundreds", "no unit 'hundreds'.*hundredths"),
    "a role twice": (BASE, "time=time,timestamp=time", "timestamp is said twice"),
    "a said column of text": (BASE, "memory=host", "row 1: 'host' is 'web-01': expected a number"),
    "a said column without values": (
        lines(lambda t, n, v: f"{t},{n},{v},", "time,host,cpu,mem"),
        "memory=mem",
        "'mem', which is to be the memory, has no value in any of 216 rows",
    ),
    "a row too short": (BASE + "2026-11-01,web-01\n", "", "2 fields, expected 3"),
    "no such date": (BASE.replace("2026-10-26 ", "2026-13-26 "), "", "25: 'time' is '2026-13-26"),
    "infinite values": (
        lines(lambda t, n, v: f"{t},{n},{'inf' if t.hour < 2 else v}", "time,host,cpu"),
        "",
        "18 of 216 values of 'cpu' are infinite",
    ),
    "series in one": (
        lines(lambda t, n, v: f"{t},{n},{v}\n{t},{n},{v + 1}", "time,host,cpu"),
        "",
        r"'web-01' has 72 of 144 points of cpu twice with different values",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_refused(tmp_path: Path, kind: str) -> None:
    text, told, words = REFUSED[kind]
    (tmp_path / "it.csv").write_text(text)
    with pytest.raises(FleetsynthError, match=words) as raised:
        measured(tmp_path / "it.csv", told)
    assert "\n" not in str(raised.value)


def test_blank_servers_filled_down_where_that_is_said(tmp_path: Path) -> None:
    rows = BASE.splitlines()
    seen: set[str] = set()
    for at, row in enumerate(rows[1:], 1):
        time, name, cpu = row.split(",")
        rows[at] = f"{time},{'' if name in seen else name},{cpu}"
        seen.add(name)
    (tmp_path / "it.csv").write_text("\n".join(rows))
    right(measured(tmp_path / "it.csv", fill_down=True))


def test_an_ambiguous_date_is_decided_by_any_row_or_by_the_user(tmp_path: Path) -> None:
    days = [f"{day:02}/02/2026,a,{day}" for day in range(1, 13)]
    (tmp_path / "a.csv").write_text("time,host,cpu\n" + "\n".join(days))
    said = measured(tmp_path / "a.csv", time_format="%m/%d/%Y")
    assert said.understood["steps"] == {"1 month": 1}
    (tmp_path / "b.csv").write_text("time,host,cpu\n13/02/2026,a,13\n")
    found = facts(tmp_path)
    assert (found.points, found.step) == (13, 86400)


def test_each_server_has_its_own_step(tmp_path: Path) -> None:
    rows = ["timestamp,server_id,cpu"]
    rows += [f"{START + timedelta(hours=i)},a-old,20" for i in range(48)]
    rows += [f"{START + timedelta(minutes=5 * i)},b-new,60" for i in range(576)]
    (tmp_path / "it.csv").write_text("\n".join(rows))
    found = facts(tmp_path / "it.csv")
    assert (found.points, found.repeated, found.step) == (624, 0, 300)
    assert found.values["mean"] == pytest.approx((48 * 20 + 576 * 60) / 624)
    assert found.understood["steps"] == {"1 h": 1, "5 min": 1}


def test_irregular_times_are_no_repeats(tmp_path: Path) -> None:
    away = np.cumsum(np.random.default_rng(1).integers(30, 91, 500)).tolist()
    rows = [f"{START + timedelta(seconds=s)},a,{i % 50}" for i, s in enumerate(away)]
    (tmp_path / "it.csv").write_text("timestamp,server_id,cpu\n" + "\n".join(rows))
    found = facts(tmp_path / "it.csv")
    assert (found.points, found.repeated) == (500, 0)
    assert found.values["mean"] == pytest.approx(24.5)
    assert "irregular" in " ".join(found.understood["notes"])


@pytest.mark.parametrize(("months", "words"), [(1, "1 month"), (3, "3 months"), (12, "12 months")])
@pytest.mark.parametrize("last", [False, True])
def test_months(tmp_path: Path, months: int, words: str, last: bool) -> None:
    dates = np.datetime64("2018-01") + np.arange(0, 96 * months, months)
    days = (dates + 1).astype("datetime64[D]") - 1 if last else dates.astype("datetime64[D]")
    rows = [f"{day},{name},{i}" for name in "ab" for i, day in enumerate(days)]
    (tmp_path / "it.csv").write_text("timestamp,server_id,cpu\n" + "\n".join(rows))
    found = facts(tmp_path / "it.csv")
    assert (found.points, found.repeated, found.understood["steps"]) == (192, 0, {words: 2})


def tokyo(zone: str | None) -> pa.Table:
    """Busy from nine to five on weekdays, by the clock of Tokyo."""
    local = pd.date_range("2026-08-03", periods=24 * 56, freq="h")
    busy = (local.hour >= 9) & (local.hour < 17) & (local.day_of_week < 5)
    noise = np.random.default_rng(3).normal(size=len(local))
    stamps = local if zone is None else local.tz_localize("Asia/Tokyo").tz_convert(zone)
    return pa.table(
        {"time": pa.array(stamps), "host": ["a"] * len(local), "cpu": 40 + 30 * busy + noise}
    )


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "+09:00", "UTC"])
def test_hours_are_those_of_the_zone(zone: str) -> None:
    expected = facts(tokyo(None))
    lag = expected.values["residual_lag"]
    assert isinstance(lag, float)
    assert abs(lag) < 0.1
    other = facts(tokyo(zone)).values["residual_lag"]
    assert (other == pytest.approx(lag)) == (zone != "UTC")
    moved = measured(tokyo(zone), timezone="Asia/Tokyo")
    assert moved.values["residual_lag"] == pytest.approx(lag)
    assert moved.understood["zone"] == "Asia/Tokyo"


@pytest.mark.parametrize("year", [-5000, 1, 9999])
def test_years_far_away(year: int) -> None:
    times = np.datetime64(f"{year:05}-01-01" if year < 0 else f"{year:04}-01-01", "us")
    stamps = pa.array((times + np.arange(48) * np.timedelta64(1, "h")).astype(np.int64))
    for kind in (pa.timestamp("us"), pa.timestamp("us", "Europe/Berlin")):
        table = pa.table({"time": stamps.cast(kind), "host": ["a"] * 48, "cpu": [1.0] * 48})
        assert facts(table).points == 48


@pytest.mark.parametrize("kind", [pa.timestamp("s"), pa.timestamp("us")])
def test_times_beyond_all_reach_are_refused(kind: pa.DataType) -> None:
    stamps = pa.array([-(2**63), 2**63 - 1], pa.int64()).cast(kind)
    with pytest.raises(InputError, match=r"row 1: 'time' is .*out of range"):
        facts(pa.table({"time": stamps, "host": ["a", "a"], "cpu": [1.0, 2.0]}))


def test_which_files_count(tmp_path: Path) -> None:
    for name in (
        "region=eu/a.csv",
        "region=us/_b/x.csv",
        "_temporary/0/x.csv",
        "region=us/._a.csv",
        ".hidden/x.csv",
        "region=us/B.CSV",
        "notes.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(lines(plain, "time,host,cpu", ["db-01" if "eu" in name else "web-01"]))
    dataset = open_dataset(tmp_path)
    rows = np.concatenate([*dataset.batches()])
    words = dataset.converter.words
    found = {
        (words["server"][server], words["region"][region])
        for server, region in set(
            zip(rows["server"].tolist(), rows["region"].tolist(), strict=True)
        )
    }
    assert found == {("db-01", "eu"), ("web-01", "us")}
    assert len(rows) == 2 * HOURS
    assert "5 other files of the folder not read" in dataset.understood.notes


@pytest.mark.parametrize("year", ["²", "-1", "x"])
def test_a_folder_that_names_no_year_says_nothing_of_it(tmp_path: Path, year: str) -> None:
    folder = tmp_path / f"year={year}"
    folder.mkdir()
    (folder / "a.csv").write_text("time,host,cpu\n2026-01-01,a,1\n2026-01-02,a,2\n")
    (rows,) = open_dataset(tmp_path).batches()
    assert rows["year"].tolist() == [np.iinfo(np.int64).min] * 2


def test_a_column_that_one_file_lacks_is_missing_there(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(lines(plain, "time,host,cpu", ["web-01"]))
    (tmp_path / "b.csv").write_text(
        lines(lambda t, n, v: f"{t},{n},{v},70", "time,host,cpu,mem", ["db-01"])
    )
    dataset = open_dataset(tmp_path)
    rows = np.concatenate([*dataset.batches(["cpu", "memory"])])
    assert np.isnan(rows["memory"]).tolist() == [True] * HOURS + [False] * HOURS
    assert any("a.csv has no mem" in note for note in dataset.understood.notes)


def test_the_server_in_the_name_of_the_file(tmp_path: Path) -> None:
    for name in NAMES:
        rows = lines(lambda t, _, v: f"{t},{v}", "time,cpu", [name])
        (tmp_path / f"{name}.csv").write_text(rows)
    with pytest.raises(UsageError, match="server_from_name=True"):
        facts(tmp_path)
    right(measured(tmp_path, server_from_name=True))


@pytest.mark.parametrize("factor", [100, 0.01])
def test_units_that_look_wrong_are_said(tmp_path: Path, factor: float) -> None:
    rows = lines(lambda t, n, v: f"{t},{n},{v * factor:.4f}", "time,host,cpu")
    (tmp_path / "it.csv").write_text(rows)
    (warning,) = facts(tmp_path / "it.csv").understood["warnings"]
    assert ("cpu=cpu:hundredths" if factor == 100 else "cpu=cpu:share") in warning


@pytest.mark.parametrize("kind", [pa.struct([("a", pa.string())]), pa.list_(pa.string())])
def test_nested_servers_are_refused(kind: pa.DataType) -> None:
    value = {"a": "x"} if pa.types.is_struct(kind) else ["x"]
    table = pa.table({"time": TIMES, "host": pa.array([value] * HOURS, kind), "cpu": [1.0] * HOURS})
    with pytest.raises(InputError, match=r"'host' is (struct|list): expected text"):
        facts(table)


def test_damaged_arrow_files_are_refused(tmp_path: Path) -> None:
    """Bytes changed at random: an answer or an error, in a process that outlives it."""
    table = pa.table({name: pa.array(values) for name, values in columns().items()})
    path = tmp_path / "it.arrow"
    with pa.ipc.new_file(str(path), table.schema) as sink:
        sink.write_table(table)
    code = """
import random, sys
from pathlib import Path
from fleetsynth import FleetsynthError, facts
path = Path(sys.argv[1])
data = path.read_bytes()
refused = 0
for seed in range(150):
    draw = random.Random(seed)
    bad = bytearray(data)
    for _ in range(draw.randint(1, 12)):
        bad[draw.randrange(len(bad))] = draw.randrange(256)
    path.write_bytes(bad)
    try:
        facts(path)
    except FleetsynthError as error:
        refused += 1
print(refused)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, path], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-1000:]
    assert int(done.stdout) > 20
