"""From rows to a value a day: percentiles of samples, long steps, zones, several exports."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fleetsynth import InputError, capacity
from fleetsynth.capacity import rows as module
from fleetsynth.capacity.daily import Block, blocks
from fleetsynth.capacity.rows import Exports, all_blocks
from fleetsynth.reader import ReadOptions, open_dataset

DAY = 86_400


def table(seconds: object, cpu: object, server: str | list[str] = "a", **more: object) -> pa.Table:
    times = np.asarray(seconds, dtype=np.int64) * 1_000_000
    names = [server] * len(times) if isinstance(server, str) else server
    columns = {"timestamp": times.astype("datetime64[us]"), "server_id": names, **more}
    return pa.table({**columns, "cpu_p95": np.asarray(cpu, dtype=np.float64)})


def laid_out(*tables: pa.Table, zone: str | None = None) -> list[Block]:
    options = ReadOptions(timezone=zone)
    exports = Exports([open_dataset(each, options) for each in tables], network=False)
    out: list[Block] = []

    def take(parts: object) -> None:
        out.clear()
        for rows in parts:  # type: ignore[attr-defined]
            names, labels = exports.words["server"], exports.labels
            out.extend(blocks(rows, exports.metrics, labels, names, exports.zone(), -1))

    all_blocks(exports, take)
    return out


def test_a_day_of_samples_is_its_95th_percentile() -> None:
    """Of 24 samples the 23rd, of 288 the 274th: nearest ranks; of one the one."""
    hours = np.arange(48) * 3600
    (block,) = laid_out(table(hours, [*range(24), *range(100, 76, -1)]))
    assert block.values["cpu"].tolist() == [[22, 99]]
    assert block.sampled.tolist() == [True]
    five = np.arange(288) * 300
    (block,) = laid_out(table([*five, 2 * DAY], [*np.arange(288) / 4, 7]))
    assert block.values["cpu"][0].tolist() == pytest.approx([273 / 4, np.nan, 7], nan_ok=True)


def test_days_are_those_of_the_zone() -> None:
    """Two samples at 23 and 24 h UTC are of one day in Berlin, of two in Greenwich."""
    stamps = 19_000 * DAY + np.array([23, 24]) * 3600
    naive = table(stamps, [1, 2])
    aware = naive.set_column(0, "timestamp", naive["timestamp"].cast(pa.timestamp("us", tz="UTC")))
    assert laid_out(aware)[0].values["cpu"].tolist() == [[1, 2]]
    assert laid_out(aware, zone="Europe/Berlin")[0].values["cpu"].tolist() == [[2]]


def test_a_weekly_value_stands_for_its_week() -> None:
    (block,) = laid_out(table(np.arange(4) * 7 * DAY, [1, 2, 3, 4]))
    assert block.values["cpu"][0].tolist() == [1] * 7 + [2] * 7 + [3] * 7 + [4]


def test_a_gap_in_days_stays_a_gap() -> None:
    (block,) = laid_out(table(np.array([0, 1, 2, 3, 8, 9]) * DAY, range(6)))
    assert np.isnan(block.values["cpu"][0, 4:8]).all()


def test_servers_end_where_they_end() -> None:
    days = np.array([0, 1, 2, 1, 2, 3]) * DAY
    (block,) = laid_out(table(days, range(6), ["a"] * 3 + ["b"] * 3))
    assert block.last == 3
    assert block.values["cpu"][0].tolist() == pytest.approx([0, 1, 2, np.nan], nan_ok=True)
    assert block.values["cpu"][1].tolist() == pytest.approx([np.nan, 3, 4, 5], nan_ok=True)


def test_scattered_rows_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 5)
    names = [f"s{i}" for i in range(7) for _ in range(6)]
    ordered = table(np.tile(np.arange(6), 7) * DAY, np.arange(42), names)
    mixed = ordered.take(np.random.default_rng(3).permutation(42))
    for data in (ordered, mixed):
        found = {}
        for block in laid_out(data):
            for row in block.values["cpu"].tolist():
                found[row[0] // 6] = row
        assert found == {i: list(range(6 * i, 6 * i + 6)) for i in range(7)}


def test_several_exports_are_one() -> None:
    """The first has the CPU of January, the second its memory, the third the CPU that follows."""
    days = np.arange(5) * DAY
    cpu, later = table(days, range(5)), table(days + 5 * DAY, range(5, 10))
    memory = table(days, range(20, 25)).rename_columns(["timestamp", "server_id", "mem_p95"])
    (block,) = laid_out(cpu, memory, later)
    assert block.values["cpu"].tolist() == [list(range(10))]
    assert block.values["memory"][0, :5].tolist() == list(range(20, 25))
    assert np.isnan(block.values["memory"][0, 5:]).all()


def test_points_that_contradict_each_other_are_refused() -> None:
    days = np.repeat(np.arange(40), 2) * DAY
    with pytest.raises(InputError, match="different values"):
        capacity(table(days, np.arange(80) % 7))
    same = capacity(table(days, np.repeat(np.arange(40) / 2, 2)))
    assert same.servers == 1


def test_a_server_of_two_ages_is_refused() -> None:
    with pytest.raises(InputError, match="is it one series"):
        capacity(table([0, DAY, 300 * 366 * DAY], [1, 2, 3]))


def test_memory_does_not_hold_all_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are handed on as soon as they are whole, not when all has been read."""
    monkeypatch.setattr(module, "MOST_ROWS", 50)
    names = [f"s{i:03}" for i in range(60) for _ in range(10)]
    rows = table(np.tile(np.arange(10), 60) * DAY, np.zeros(600), names)
    pq.write_table(rows, tmp_path / "a.parquet", row_group_size=100)
    exports = Exports([open_dataset(tmp_path / "a.parquet")], network=False)
    sizes = [len(part) for part in exports.whole_servers()]
    assert sum(sizes) == 600
    assert max(sizes) <= 600


def test_full_days_are_laid_out_as_others_are() -> None:
    """A row a day of every server goes a shorter way; with one row more nothing else may change."""
    r = np.random.default_rng(3)
    days = np.tile(np.arange(40) * DAY, 3)
    names, cpu = np.repeat(["a", "b", "c"], 40).tolist(), r.uniform(0, 100, 120)
    cpu[[5, 50]] = np.nan
    (full,) = laid_out(table(days, cpu, names))
    later = table([*days, 39 * DAY + 1], [*cpu, cpu[-1] - 1], [*names, "c"])
    (other,) = laid_out(later)
    assert np.array_equal(full.values["cpu"], other.values["cpu"], equal_nan=True)
    assert full.values["cpu"].dtype == other.values["cpu"].dtype
    assert (full.sampled.tolist(), other.sampled.tolist()) == ([False] * 3, [False, False, True])
