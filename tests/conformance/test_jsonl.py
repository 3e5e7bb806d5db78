"""JSON Lines: what is written, what is read of others, and how damage is told."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import fleetsynth
from fleetsynth.errors import InputError, UsageError
from fleetsynth.formats import open_sink
from fleetsynth.formats.jsonl import render
from fleetsynth.formats.read import read_batches
from fleetsynth.reader import ReadOptions
from tests.conformance.support import read
from tests.conformance.test_csv_of_any_table import COLUMNS as ANY

NOON = dt.datetime(2024, 2, 29, 12)
ROW = b'{"timestamp":"2024-01-01 00:00:00","server_id":"a","cpu_p95":1.50}\n'


def lines(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    return [json.loads(line) for line in render(batch).splitlines()]


def test_a_row_is_an_object_with_two_decimals_and_iso_times(tmp_path: Path) -> None:
    scenario = {"num_servers": 1, "end_date": "2022-01-01", "include_metadata": False}
    path = fleetsynth.generate(scenario, tmp_path / "a.jsonl").path
    assert path.read_text("utf-8") == (
        '{"timestamp":"2022-01-01 00:00:00","server_id":"server_000","cpu_p95":0.00,'
        '"mem_p95":7.48,"disk_p95":25.64,"net_in_p95":0.00,"net_out_p95":0.00,"year":2022,'
        '"month":1,"quarter":1,"dayofweek":5,"is_weekend":1,"is_eoq":0,"is_holiday":1}\n'
    )


def test_missing_values_are_null_and_come_back(tmp_path: Path) -> None:
    values = {
        "timestamp": pa.array([NOON, None, NOON], pa.timestamp("us")),
        "server_id": pa.array(["a", None, "b"]).dictionary_encode(),
        "cpu_p95": pa.array([None, 99.5, 0.0]),
        "year": pa.array([2024, None, 2024], pa.int32()),
        "is_eoq": pa.nulls(3, pa.int32()),
    }
    table = pa.table(values)
    expected = (
        b'{"timestamp":"2024-02-29 12:00:00","server_id":"a","cpu_p95":null,'
        b'"year":2024,"is_eoq":null}\n'
        b'{"timestamp":null,"server_id":null,"cpu_p95":99.50,"year":null,"is_eoq":null}\n'
    )
    for part in (table, pa.concat_tables([table, table]).slice(3)):
        batch = part.combine_chunks().to_batches()[0]
        assert render(batch.slice(0, 2)) == expected
    sink = open_sink(tmp_path / "a.jsonl", table.schema, {}, overwrite=False)
    for batch in table.to_batches():
        sink.write(batch)
    sink.commit()
    assert read(tmp_path / "a.jsonl").to_pydict() == table.to_pydict()


@pytest.mark.parametrize("name", sorted(ANY.keys() - {"floats without end"}))
def test_a_column_of_any_type_is_json(name: str) -> None:
    kind, values, _ = ANY[name]
    found = [row["x"] for row in lines(pa.record_batch({"x": pa.array(values, kind)}))]
    for one, other in zip(found, values, strict=True):
        assert one == (str(other) if isinstance(other, dt.date) else other)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_json_has_not_are_refused(value: float) -> None:
    with pytest.raises(UsageError, match="JSON cannot hold the number"):
        render(pa.record_batch({"x": pa.array([1.0, value])}))


def test_names_and_text_are_escaped(tmp_path: Path) -> None:
    text = ['"', "\\", "a\nb", "\0", "{[}]", "ü ☂", "\u2028", ""]
    table = pa.table({'a"\n': text, "b": text})
    sink = open_sink(tmp_path / "a.jsonl", table.schema, {}, overwrite=False)
    for batch in table.to_batches():
        sink.write(batch)
    sink.commit()
    assert read(tmp_path / "a.jsonl").to_pydict() == table.to_pydict()


DAMAGED = {
    "objects without fields": (b"{}\n{}\n", "its rows have no fields"),
    "null": (ROW + b"null\n", "line 2: 'null' is not an object"),
    "null alone": (b"null\n", "line 1: 'null' is not an object"),
    "a number": (b"\n5\n", "line 2: '5' is not an object"),
    "an array": (b"[" + ROW[:-1] + b"]\n", "line 1: .* is not an object"),
    "two objects on a line": (ROW[:-1] + ROW, "line 1: not JSON: Extra data"),
    "an object on two lines": (ROW.replace(b",", b",\n"), "line 1: not JSON"),
    "cut short": (ROW + ROW[:30], "line 2: not JSON"),
    "cut in a word": (ROW + ROW[:-3], "line 2: not JSON"),
    "not JSON": (ROW * 2 + b"{'a':1}\n" + ROW, "line 3: not JSON"),
    "a comma too many": (ROW[:-2] + b",}\n", "line 1: not JSON"),
    "a brace too many": (ROW[:-1] + b"}\n", "line 1: not JSON"),
    "not UTF-8": (ROW + b'{"server_id":"\xff"}\n', "not UTF-8: byte 0xff in line 2"),
    "half a pair": (ROW.replace(b'"a"', b'"\\ud800"'), "line 1: .*surrogate"),
    "a field twice": (ROW[:-2] + b',"cpu_p95":2.00}\n', "line 1: .*twice"),
    "text for a number": (ROW + ROW.replace(b"1.50", b'"1.50"'), "line [12]: .*(number|string) to"),
    "a number for text": (ROW + ROW.replace(b'"a"', b"7"), "line [12]: .*(number|string) to"),
    "no time": (ROW + ROW.replace(b"00:00:00", b"25:00:00"), "25:00:00"),
    "a number beyond all": (ROW.replace(b"1.50", b"1e999"), "line 1: .*too big"),
    "an object in an object": (ROW.replace(b"1.50", b'{"x":1}'), "line 1: .*number to object"),
    "nested without end": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
    "nested deeply": (b'{"a":' * 20 + b"1" + b"}" * 20, "nested too deeply"),
    "arrays without end": (b'{"a":' + b"[" * 100_000, "nested too deeply|not JSON"),
    "a new field late": (ROW * 9_000 + b'{"server_id":"a","late":1}\n', "the field 'late'"),
    "zeros": (bytes(2_000), "not JSON|is not an object"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_told_by_its_line(tmp_path: Path, name: str) -> None:
    data, said = DAMAGED[name]
    path = tmp_path / "a.jsonl"
    path.write_bytes(data)
    with pytest.raises(InputError, match=said) as caught:
        fleetsynth.digest_file(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_nothing_is_no_rows_and_no_damage(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(data)
    assert list(read_batches(path)) == []
    with pytest.raises(InputError, match=f"{path} has no rows"):
        fleetsynth.digest_file(path)
    with pytest.raises(InputError, match=f"{path} holds no data"):
        fleetsynth.facts(path)


def test_a_line_without_end_takes_no_memory(tmp_path: Path) -> None:
    with pa.CompressedOutputStream(str(tmp_path / "a.jsonl.zst"), "zstd") as out:
        for _ in range(60):
            out.write(bytes(1 << 22))
    with pytest.raises(InputError, match="line 1 is longer than 16,777,216 bytes"):
        fleetsynth.digest_file(tmp_path / "a.jsonl.zst")


def hours(path: Path, **fields: str) -> Path:
    """A foreign file of one server for two days; a field's text is JSON, with {t} and {i}."""
    times = [dt.datetime(2025, 1, 1) + dt.timedelta(hours=i) for i in range(48)]
    with path.open("w") as out:
        for i, time in enumerate(times):
            some = {"host": '"web-01"', "cpu": "{i}.5", "mem": "40", **fields}
            row = [f'"{name}": {text.format(t=time, i=i)}' for name, text in some.items()]
            out.write("{" + ", ".join(row) + "}\n")
    return path


TIMES = {
    "plain": '"{t:%Y-%m-%d %H:%M:%S}"',
    "with T and Z": '"{t:%Y-%m-%dT%H:%M:%SZ}"',
    "with an offset": '"{t:%Y-%m-%dT%H:%M:%S+00:00}"',
    "as others write them": '"{t:%d %b %Y %H:%M}"',
}


@pytest.mark.parametrize("name", TIMES)
def test_foreign_rows_are_understood(tmp_path: Path, name: str) -> None:
    found = fleetsynth.facts(hours(tmp_path / "a.jsonl", time=TIMES[name]))
    assert found.servers == 1
    assert found.understood["columns"] == {
        "timestamp": "time", "server": "host", "cpu": "cpu", "memory": "mem"
    }  # fmt: skip


def test_fields_in_any_order_with_gaps_and_more_beside_them(tmp_path: Path) -> None:
    path = hours(tmp_path / "a.jsonl", time=TIMES["plain"], tags='{{"a":[1,2]}}', note="null")
    rows = path.read_text().splitlines()
    rows[7] = json.dumps(dict(reversed(json.loads(rows[7]).items())))
    rows[9] = rows[9].replace('"mem": 40', '"mem": null')
    rows[11] = rows[11].replace('"mem": 40, ', "")
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n\r\n".join(rows).encode())
    assert fleetsynth.facts(path).servers == 1
    column = pa.Table.from_batches(read_batches(path, {"mem": None}))["mem"]
    assert (column.null_count, column.type) == (2, pa.int64())


def test_times_that_are_no_dates_after_all_are_text(tmp_path: Path) -> None:
    path = hours(tmp_path / "a.jsonl", time=TIMES["plain"], note='"2025-01-01"')
    path.write_text(path.read_text() * 60 + path.read_text().replace('"2025-01-01"', '"later"'))
    kinds = {batch["note"].type for batch in read_batches(path, {"note": None})}
    assert kinds <= {pa.string(), pa.timestamp("us")}
    assert ReadOptions().time_format is None


def test_a_number_without_end_is_told_in_words_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(ROW + ROW.replace(b"1.50", b"9" * 5000))
    with pytest.raises(InputError, match=r"line 2: .*5000 digits$"):
        fleetsynth.digest(path)
