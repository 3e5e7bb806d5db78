"""The digest as docs/digest.md defines it, transcribed over plain Python rows."""

from collections import defaultdict
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fleetsynth import digest_file
from fleetsynth.reader.file_digest import file_leaves
from fleetsynth.tables import leaf
from fleetsynth.tables.digest import word_runs
from tests.support import digest_of, plain_table, plan_of

Rows = list[dict[str, Any]]
EPOCH = datetime(1970, 1, 1)


def _hash(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()


def _number(value: int, size: int = 8) -> bytes:
    return value.to_bytes(size, "little", signed=True)


def _text(value: str) -> bytes:
    return _number(len(value.encode())) + value.encode()


def _text_column(values: list[str | None]) -> bytes:
    runs = [(len(list(same)), value) for value, same in groupby(values)]
    return _hash(
        *(_number(n) + (b"\xff" * 8 if value is None else _text(value)) for n, value in runs)
    )


def _hundredths(value: float | None) -> bytes:
    return _number(-(2**31) if value is None else round(value * 100), 4)


def _leaf(server: str, month: str, rows: Rows, kinds: dict[str, type]) -> bytes:
    names = sorted(kinds)
    metrics = [name for name in names if kinds[name] is float]
    rows = sorted(rows, key=lambda row: (row["timestamp"], _beyond_time(row, kinds)))
    who, when = [_text(server)], [_text(month), _text(str(len(rows))), *map(_text, metrics)]
    for name in names:
        values = [row[name] for row in rows]
        if kinds[name] is str and name != "server_id":
            who.append(_text(name) + _text_column(values))
        elif kinds[name] is int:
            when.append(_text(name) + _hash(*map(_number, values)))
    body = [_hundredths(row[name]) for row in rows for name in metrics]
    tail = _hash(b"fleetsynth who\n", *who) + _hash(b"fleetsynth when\n", *when)
    return _hash(b"fleetsynth leaf\n", *body, tail)


def _beyond_time(row: dict[str, Any], kinds: dict[str, type]) -> list[Any]:
    """What rows of one server and time are ordered by."""
    metrics, numbers, texts = (
        [row[name] for name in sorted(kinds) if kinds[name] is kind] for kind in (float, int, str)
    )
    hundredths = [-(2**31) if value is None else round(value * 100) for value in metrics]
    return [hundredths, numbers, [(text is None, (text or "").encode()) for text in texts]]


def transcribed(table: pa.Table) -> tuple[str, dict[tuple[str, str], bytes]]:
    """The digest of a table and its leaves by server and month."""
    groups: dict[tuple[str, str], Rows] = defaultdict(list)
    for row in table.to_pylist():
        at: datetime = row["timestamp"]
        since = at - EPOCH
        row["timestamp"] = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        groups[row["server_id"], f"{at:%Y-%m}"].append(row)
    kinds = {name: _kind(table.schema.field(name).type) for name in table.column_names}
    leaves = {key: _leaf(*key, rows, kinds) for key, rows in groups.items()}
    return _hash(b"fleetsynth root\n", *sorted(leaves.values())).hex(), leaves


def _kind(kind: pa.DataType) -> type:
    if pa.types.is_floating(kind):
        return float
    return str if pa.types.is_string(kind) else int


SCENARIOS: dict[str, dict[str, Any]] = {
    "daily": {"num_servers": 4, "end_date": "2022-04-15"},
    "hourly before 1970": {
        "num_servers": 2,
        "granularity": "hourly",
        "start_date": "1969-12-29",
        "end_date": "1970-01-02",
    },
    "without the rest": {"num_servers": 2, "include_metadata": False, "include_calendar": False},
    "texts beyond ASCII": {
        "num_servers": 6,
        "regions": ["Zürich", "東京"],
        "end_date": "2022-01-05",
    },
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_engines_digest_is_the_defined_one(name: str) -> None:
    plan = plan_of(SCENARIOS[name])
    assert digest_of(plan) == transcribed(plain_table(plan))[0]


def test_a_files_digest_and_leaves_are_the_defined_ones_with_values_missing(tmp_path: Path) -> None:
    table = plain_table(plan_of(SCENARIOS["daily"]))
    for column in ("cpu_p95", "region"):
        values = table[column].to_pylist()
        values[3:200:7] = [None] * len(values[3:200:7])
        place = table.column_names.index(column)
        table = table.set_column(place, column, pa.array(values, table[column].type))
    path = tmp_path / "metrics.parquet"
    pq.write_table(table, path)
    digest, leaves = transcribed(table)
    assert digest_file(path) == digest
    got = {
        (server, f"{1970 + month // 12}-{month % 12 + 1:02d}"): leaf
        for (server, month), leaf in file_leaves(path).items()
    }
    assert got == leaves


@pytest.mark.parametrize("count", [1, 255, 256, 257, 1_000, 256 * 256, 256 * 256 + 7, 90_000])
@pytest.mark.parametrize("number", [0, 2024, -3])
def test_a_number_that_comes_again_is_hashed_as_any_column_is(number: int, count: int) -> None:
    leaf._digest_of_same.cache_clear()
    for rows in (count, count - 1):
        assert leaf._digest_of_same(number, rows) == _hash(_number(number) * rows)


@pytest.mark.parametrize("most", [1, 3, 400])
def test_runs_of_words_are_written_one_after_the_other(most: int) -> None:
    words = ("normal", "job", "ä, b")
    random = np.random.default_rng(most)
    codes = random.integers(0, 3, 300).repeat(random.integers(1, most + 1, 300)).astype(np.int8)
    said = [words[code] for code in codes.tolist()]
    assert _hash(word_runs(codes, words)) == _text_column(list(said))
    assert word_runs(codes[:0], words) == b""
