"""Where the reader draws a line: values on both sides of each of its bounds."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from fleetsynth.errors import InputError
from fleetsynth.formats.dialect import MISSING, Numerals, find_dialect
from fleetsynth.formats.place import Place
from fleetsynth.reader import Dataset, ReadOptions, open_dataset
from fleetsynth.reader.files import find_files
from fleetsynth.reader.series import grid_of, step_of
from fleetsynth.reader.stamps import order_of, stamp
from fleetsynth.reader.times import Times
from fleetsynth.reader.understood import Tally
from fleetsynth.reader.values import numbers

SECOND, HOUR, DAY = 1_000_000, 3_600_000_000, 86_400_000_000
HERE = Place("it.csv")


def micros(values: list[Any], **options: Any) -> list[int]:
    """Times of a column as microseconds."""
    times = Times(ReadOptions(**options), None, lambda: iter(()))
    return [int(value) for value in times.micros(pa.array(values), "time", HERE)]


def utc(*date: int) -> int:
    """A time in whole seconds."""
    return int(datetime(*date, tzinfo=UTC).timestamp())  # type: ignore[misc, arg-type]


def csv(tmp_path: Path, rows: list[str], head: str = "time,host,cpu", **options: Any) -> Dataset:
    """A dataset of one file."""
    (tmp_path / "it.csv").write_text("\n".join([head, *rows]) + "\n")
    return open_dataset(tmp_path / "it.csv", ReadOptions(**options))


def hours(count: int) -> list[str]:
    """Times, hour by hour."""
    return [str(datetime(2026, 1, 1) + timedelta(hours=i)) for i in range(count)]


# Times


@pytest.mark.parametrize("factor", [1, 1000, 1_000_000, 1_000_000_000])
def test_numbers_are_times_from_1990_up_to_2100(factor: int) -> None:
    for seconds in (utc(1990, 1, 1), utc(2099, 12, 31, 23, 59, 59)):
        assert micros([seconds * factor]) == [seconds * SECOND]
    for seconds in (utc(1989, 12, 31, 23, 59, 59), utc(2100, 1, 1)):
        with pytest.raises(InputError, match="between 1990 and 2100"):
            micros([seconds * factor])


def test_the_bounds_hold_for_later_rows_too() -> None:
    times = Times(ReadOptions(), None, lambda: iter(()))
    times.micros(pa.array([utc(2026, 1, 1)]), "time", HERE)
    times.micros(pa.array([utc(2099, 12, 31)]), "time", HERE)
    with pytest.raises(InputError, match="not between 1990 and 2100"):
        times.micros(pa.array([utc(2100, 1, 1)]), "time", HERE)


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("+02:00", 10, 0),
        ("-02:00", 14, 0),
        ("+0530", 6, 30),
        ("-0330", 15, 30),
        ("+09", 3, 0),
        ("Z", 12, 0),
        (" UTC", 12, 0),
    ],
)
def test_an_offset_is_how_far_the_clock_is_ahead(text: str, hour: int, minute: int) -> None:
    expected = utc(2026, 7, 1, hour, minute) * SECOND
    assert micros([f"2026-07-01T12:00:00{text}"]) == [expected]


@pytest.mark.parametrize(
    ("text", "hour"), [("12:00 AM", 0), ("12:59 am", 0), ("01:00 AM", 1), ("12:00 PM", 12),
                       ("01:00 pm", 13), ("11:59 PM", 23)]
)  # fmt: skip
def test_twelve_comes_before_one(text: str, hour: int) -> None:
    assert stamp(f"2026-07-01 {text}").micros // HOUR % 24 == hour


@pytest.mark.parametrize("text", ["00:00 AM", "13:00 PM"])
def test_there_are_twelve_hours_before_noon(text: str) -> None:
    with pytest.raises(ValueError, match="2026"):
        stamp(f"2026-07-01 {text}")


@pytest.mark.parametrize(
    ("text", "order"),
    [("13/12/2026", "dm"), ("12/13/2026", "md"), ("12/12/2026", "?"), ("12/1/2026", "?"),
     ("1/12/2026", "?"), ("13/13/2026", "?"), ("31.01.2026", "dm"), ("2026-01-31", "")],
)  # fmt: skip
def test_only_what_is_above_twelve_tells_day_from_month(text: str, order: str) -> None:
    assert order_of(text) == order


def test_times_with_and_without_a_zone_do_not_mix() -> None:
    times = Times(ReadOptions(), None, lambda: iter(()))
    times.micros(pa.array(["2026-01-01 00:00:00"]), "time", HERE)
    with pytest.raises(InputError, match="some times name a zone"):
        times.micros(pa.array(["2026-01-01 01:00:00Z"]), "time", Place("it.csv", 2))


# Steps


def test_the_step_is_the_commonest_distance_and_not_the_average() -> None:
    times = np.cumsum([0, *[300] * 20, 86_400, *[300] * 20]) * SECOND
    assert step_of(times) == 300
    places, grid, uneven = grid_of(times, "a")
    assert (grid.step, grid.count, uneven) == (300, 20 + 288 + 20 + 1, False)
    assert places.tolist() == [*range(21), *range(308, 329)]


@pytest.mark.parametrize("beside", [5, 6])
def test_a_grid_is_irregular_if_more_than_five_in_a_hundred_are_beside_it(beside: int) -> None:
    times = np.arange(100, dtype=np.int64) * 100 * SECOND
    times[10 : 10 + beside] += 11 * SECOND  # more than a tenth of a step
    assert grid_of(times, "a")[2] == (beside == 6)
    times[10 : 10 + beside] -= 2 * SECOND
    assert not grid_of(times, "a")[2]


def test_months_are_months_only_if_most_steps_are() -> None:
    months = np.array([0, 1, 3, 5, 7, 9]).astype("datetime64[M]").astype("datetime64[us]")
    assert grid_of(months.astype(np.int64), "a")[1].months == 0
    months = np.array([0, 1, 2, 3, 5, 6]).astype("datetime64[M]").astype("datetime64[us]")
    assert grid_of(months.astype(np.int64), "a")[1].months == 1


def test_a_server_needs_two_points(tmp_path: Path) -> None:
    one, two, *_ = hours(2)
    servers = csv(tmp_path, [f"{one},a,1", f"{one},b,1", f"{two},b,2"]).servers()
    assert [server.name for server in servers.in_order()] == ["b"]
    assert servers.left_out == 1


# Points that come twice


def test_of_points_that_come_twice_the_last_counts(tmp_path: Path) -> None:
    rows = [f"{time},a,{i}" for i, time in enumerate(hours(200))]
    rows.insert(51, f"{hours(200)[50]},a,99")
    (server,) = csv(tmp_path, rows).servers().in_order()
    assert server.repeated == 1
    assert server.series["cpu"][49:52].tolist() == [49, 99, 51]


@pytest.mark.parametrize("twice", [2, 3])
def test_one_point_in_a_hundred_may_contradict_another(tmp_path: Path, twice: int) -> None:
    times = hours(200 - twice)
    rows = [f"{time},a,{i % 40}" for i, time in enumerate(times)]
    rows += [f"{time},a,50" for time in times[:twice]]
    servers = csv(tmp_path, rows).servers().in_order()
    if twice == 2:
        assert [server.repeated for server in servers] == [2]
        return
    with pytest.raises(InputError, match="3 of 200 points of cpu twice with different values"):
        list(servers)


@pytest.mark.parametrize("lost", [1, 2])
def test_one_value_in_a_hundred_may_be_infinite(tmp_path: Path, lost: int) -> None:
    rows = [f"{time},a,{'inf' if i < lost else 5}" for i, time in enumerate(hours(100))]
    dataset = csv(tmp_path, rows)
    if lost == 1:
        assert sum(len(rows) for rows in dataset.batches()) == 100
        assert "1 infinite values of cpu left out" in dataset.understood.notes
        return
    with pytest.raises(InputError, match="2 of 100 values of 'cpu' are infinite"):
        list(dataset.batches())


# Numbers


def read(word: str, decimal: str = ".") -> float:
    """A number as it is read."""
    numerals = Numerals(decimal, "," if decimal == "." else ".")
    return float(numbers(pa.array([word]), "cpu", HERE, numerals)[0])


def test_thousands_come_in_groups_of_three() -> None:
    assert read("1,234,567.5") == 1_234_567.5
    assert read("1.234.567,5", ",") == 1_234_567.5
    assert read("-1,234") == -1234
    assert read("1 234,5", ",") == 1234.5
    for wrong in ("1,23", "12,34,567", "1234,567", ",123", "1,2345"):
        with pytest.raises(InputError, match="expected a number"):
            read(wrong)


def test_every_word_for_a_missing_number_is_one() -> None:
    assert {"", "-", "NaN", "N/A", "NA", "null", "NULL", "None", "\\N", "#N/A", "nil"} <= MISSING
    for word in MISSING - {""}:
        assert np.isnan(read(word))
    for word in ("NO", "x", "n", "--1"):
        with pytest.raises(InputError, match="expected a number"):
            read(word)


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [("bytes_per_second", 1e6, 8), ("bps", 1e6, 1), ("kbps", 1e3, 1), ("gbps", 1, 1000),
     ("mbps", 7, 7), ("percent", 7, 7), ("share", 0.07, 7), ("hundredths", 700, 7)],
)  # fmt: skip
def test_units_are_ours_after_reading(unit: str, value: float, expected: float) -> None:
    role = "cpu" if unit in ("percent", "share", "hundredths") else "network"
    table = pa.table({"time": [datetime(2026, 1, 1)], "host": ["a"], "x": [value]})
    dataset = open_dataset(table, ReadOptions(columns={role: f"x:{unit}"}))
    assert np.concatenate([*dataset.batches()])[role].tolist() == pytest.approx([expected])


@pytest.mark.parametrize(
    ("above", "warns"), [(51, "hundredths"), (50, "what unit"), (2, "what unit"), (1, "")]
)
def test_a_unit_looks_wrong_if_half_is_above_a_hundred(above: int, warns: str) -> None:
    tally = Tally(points=100, above=above, highest=9_900)
    assert warns in (tally.unit_warning("cpu", "cpu", "%") or "")
    assert (tally.unit_warning("cpu", "cpu", "%") is None) == (not warns)


# Rows and files


def test_the_statistic_that_is_asked_for_is_the_one_that_is_read(tmp_path: Path) -> None:
    rows = [
        f"{time},a,{statistic},{value}"
        for time in hours(3)
        for statistic, value in (("Average", 10), ("Maximum", 90))
    ]
    for statistic, value in (("Average", 10), ("Maximum", 90)):
        dataset = csv(
            tmp_path, rows, "time,host,stat,cpu", columns={"statistic": f"stat:{statistic}"}
        )
        assert np.concatenate([*dataset.batches()])["cpu"].tolist() == [value] * 3


def test_a_blank_server_is_never_that_of_another_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time,host,cpu\n2026-01-01,x,1\n2026-01-02,,1\n")
    (tmp_path / "b.csv").write_text("time,host,cpu\n2026-01-03,,1\n2026-01-04,y,1\n")
    dataset = open_dataset(tmp_path, ReadOptions(fill_down=True))
    with pytest.raises(InputError, match=r"b\.csv, row 1: 'host' has missing values \(1 of 2"):
        list(dataset.batches())


def test_hidden_files_and_the_servers_beside_the_data_do_not_count(tmp_path: Path) -> None:
    for name in ("a.csv", ".b.csv", "_c.csv", "_d/e.csv", "servers.parquet", "_x=1/f.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("time,host,cpu\n")
    assert find_files(str(tmp_path)).keys == ("_x=1/f.csv", "a.csv")
    for name in ("a.csv", "_x=1/f.csv"):
        (tmp_path / name).unlink()
    assert find_files(str(tmp_path)).keys == ("servers.parquet",)


def test_of_two_widths_that_are_equally_common_the_later_is_the_tables() -> None:
    text = b"made by,somebody\non,Monday\ntime,host,cpu\n2026-01-01,a,1\n"
    dialect = find_dialect(text, "it.csv", ReadOptions(), whole=True)
    assert (dialect.names, dialect.skip, dialect.preamble) == (("time", "host", "cpu"), 3, 2)
