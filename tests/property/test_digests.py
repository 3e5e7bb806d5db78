"""The content digest: blind to format, order and parts; awake to every value."""

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetsynth import api, digest_file, pipeline
from fleetsynth.errors import InputError
from fleetsynth.formats import FORMATS
from fleetsynth.presets import simulate
from fleetsynth.reader.file_digest import file_leaves, leaves
from fleetsynth.tables.digest import root
from fleetsynth.tables.plan_digest import PlanDigest
from fleetsynth.window import Window
from tests.support import NullSink, digest_of, plain_table, plan_of

KEYS = {
    "num_servers": 5,
    "granularity": "hourly",
    "start_date": "2023-12-20",
    "end_date": "2024-03-03",
}
PLAN = plan_of(KEYS)
DIGEST = digest_of(PLAN)
TABLE = plain_table(PLAN)
ROWS = PLAN.cells
LEAVES = leaves(TABLE.to_batches())
JANUARY = 54 * 12
"""January 2024, counted in months from 1970-01."""

Written = Callable[[pa.Table], Path]


@pytest.fixture
def parquet(tmp_path: Path) -> Written:
    def write(table: pa.Table) -> Path:
        path = tmp_path / "changed.parquet"
        pq.write_table(table, path)
        return path

    return write


def _row(server: int, day: int) -> int:
    """The first row of a server's day of January 2024."""
    return server * PLAN.clock.count + (12 + day - 1) * 24


def _with(column: str, row: int, value: object) -> pa.Table:
    values = TABLE[column].to_pylist()
    assert values[row] != value
    values[row] = value
    place = TABLE.column_names.index(column)
    return TABLE.set_column(place, column, pa.array(values, TABLE[column].type))


@given(st.integers(1, ROWS + 10))
def test_the_size_of_batches_does_not_change_the_digest(batch_rows: int) -> None:
    batch_rows = max(batch_rows, 40)  # smaller ones only take longer
    sink = NullSink()
    assert pipeline.run(PLAN, sink, batch_rows=batch_rows).digest == DIGEST
    assert sink.rows == ROWS
    assert sink.batches >= ROWS // batch_rows


@given(st.integers(0, 2**32))
def test_the_order_of_servers_and_the_cuts_in_time_do_not_change_the_digest(shuffle: int) -> None:
    random = Random(shuffle)
    first, stop = PLAN.clock.first, PLAN.clock.stop
    edges = sorted({first, stop, *(random.randint(first, stop) for _ in range(4))})
    todo = {s: list(pairwise(edges)) for s in range(5)}
    made = PlanDigest(PLAN)
    while todo:
        server = random.choice(sorted(todo))
        begin, end = todo[server].pop(0)
        window = Window(server, server + 1, begin, end)
        made.update(simulate(PLAN, window))
        if not todo[server]:
            del todo[server]
    assert root(made.leaves) == DIGEST
    assert made.leaves == LEAVES


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_has_the_digest_of_the_plan(ending: str, tmp_path: Path) -> None:
    result = api.generate(PLAN, tmp_path / f"metrics{ending}")
    assert result.digest == DIGEST
    assert digest_file(result.path) == DIGEST
    assert file_leaves(result.path) == LEAVES


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize(
    "columns", [{"include_metadata": False}, {"include_calendar": False}], ids=str
)
def test_formats_agree_with_columns_left_out(
    ending: str, columns: dict[str, bool], tmp_path: Path
) -> None:
    plan = plan_of(KEYS | columns | {"num_servers": 2})
    result = api.generate(plan, tmp_path / f"metrics{ending}")
    assert digest_file(result.path) == result.digest == digest_of(plan)
    assert result.digest != digest_of(plan_of(KEYS, num_servers=2))


def test_formats_agree_on_names_that_need_quoting(tmp_path: Path) -> None:
    odd = ['a,b "c"', "naïve ünïcode", "NA", "null", "1", "2022-01-01"]
    plan = plan_of(KEYS | {"regions": odd, "business_units": odd}, num_servers=12)
    expected = digest_of(plan)
    for ending in FORMATS:
        path = tmp_path / f"metrics{ending}"
        assert api.generate(plan, path).digest == expected
        assert digest_file(path) == expected


@given(shuffle=st.integers(0, 2**32), group=st.integers(100, ROWS))
def test_shuffled_rows_columns_and_row_groups_have_the_same_digest(
    tmp_path_factory: pytest.TempPathFactory, shuffle: int, group: int
) -> None:
    random = Random(shuffle)
    order = list(range(ROWS))
    random.shuffle(order)
    columns = TABLE.column_names
    random.shuffle(columns)
    path = tmp_path_factory.mktemp("shuffled") / "metrics.parquet"
    pq.write_table(TABLE.take(order).select(columns), path, row_group_size=group)
    assert digest_file(path) == DIGEST


@given(st.integers(1, ROWS))
def test_the_cut_into_batches_does_not_change_the_leaves(size: int) -> None:
    assert leaves(TABLE.to_batches(max_chunksize=max(size, 50))) == LEAVES


@pytest.mark.parametrize("salt", ["0", "1", "4294967295", "random"])
def test_the_digest_is_the_same_in_another_process_with_another_hash_seed(salt: str) -> None:
    code = (
        "from fleetsynth import plan; from tests.support import *;"
        f"print(digest_of(plan_of({KEYS!r})))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": salt},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == DIGEST


CHANGES = {
    "one hundredth": ("cpu_p95", 0.01),
    "a hundredth of the last metric": ("net_out_p95", 0.01),
    "a missing value": ("mem_p95", None),
    "a text": ("region", "eu-west-2"),
    "a missing text": ("criticality", None),
    "a whole number": ("is_holiday", 7),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_single_change_changes_the_digest_and_its_leaf_names_server_and_month(
    what: str, parquet: Written
) -> None:
    column, value = CHANGES[what]
    row = _row(server=3, day=17)
    if isinstance(value, float):
        value = round(TABLE[column][row].as_py() + value, 2)
    path = parquet(_with(column, row, value))
    changed = {key for key, leaf in file_leaves(path).items() if LEAVES[key] != leaf}
    assert changed == {("server_003", JANUARY)}
    assert digest_file(path) != DIGEST


def test_leaves_are_named_by_server_and_month() -> None:
    months = range(JANUARY - 1, JANUARY + 3)
    assert set(LEAVES) == {(f"server_{i:03d}", month) for i in range(5) for month in months}
    assert len(set(LEAVES.values())) == 20
    assert root(LEAVES) == DIGEST


def test_a_moved_timestamp_changes_the_leaf(parquet: Written) -> None:
    row = _row(server=2, day=31) + 23
    later = TABLE["timestamp"][row].as_py().replace(minute=59)
    got = file_leaves(parquet(_with("timestamp", row, later)))
    assert {key for key in got if got[key] != LEAVES[key]} == {("server_002", JANUARY)}


@pytest.mark.parametrize(
    ("one", "other"),
    [("cpu_p95", "mem_p95"), ("business_unit", "region"), ("year", "month")],
)
def test_swapped_columns_change_the_digest(one: str, other: str, parquet: Written) -> None:
    swap = {one: other, other: one}
    renamed = TABLE.rename_columns([swap.get(name, name) for name in TABLE.column_names])
    assert digest_file(parquet(renamed)) != DIGEST


def test_a_dropped_row_changes_its_leaf_and_a_dropped_server_its_leaves(parquet: Written) -> None:
    row = _row(server=1, day=1)
    fewer = pa.concat_tables([TABLE.slice(0, row), TABLE.slice(row + 1)])
    got = file_leaves(parquet(fewer))
    assert {key for key in LEAVES if got[key] != LEAVES[key]} == {("server_001", JANUARY)}
    without = file_leaves(parquet(TABLE.slice(PLAN.clock.count)))
    assert {key[0] for key in LEAVES.keys() - without.keys()} == {"server_000"}


def test_an_added_or_dropped_column_changes_the_digest(parquet: Written) -> None:
    for values in (np.zeros(ROWS), np.zeros(ROWS, dtype=np.int32), ["x"] * ROWS):
        assert digest_file(parquet(TABLE.append_column("more", pa.array(values)))) != DIGEST
    assert digest_file(parquet(TABLE.drop_columns(["region"]))) != DIGEST


def test_texts_cannot_run_into_one_another(parquet: Written) -> None:
    """Runs of a text are counted and length-prefixed."""
    row = _row(server=0, day=2)
    digests = {digest_file(parquet(_with("region", row + i, "x"))) for i in range(3)}
    digests |= {digest_file(parquet(_with("region", row, text))) for text in ("", "xx", "x\0")}
    assert len(digests) == 6


def test_rows_that_come_twice_have_a_digest_whatever_their_order(parquet: Written) -> None:
    for row in (9, ROWS - 1):
        twice = pa.concat_tables([TABLE, TABLE.slice(row, 1)])
        digest = digest_file(parquet(twice))
        assert digest != DIGEST
        assert digest_file(parquet(twice.take(np.arange(ROWS + 1)[::-1]))) == digest
        assert digest_file(parquet(pa.concat_tables([twice, TABLE.slice(row, 1)]))) != digest


BAD: dict[str, tuple[Callable[[], pa.Table], str]] = {
    "thousandths": (lambda: _with("cpu_p95", 5, 1.234), r"cpu_p95 has 1\.234.*hundredths"),
    "not a number": (lambda: _with("cpu_p95", 5, float("nan")), "cpu_p95 has nan"),
    "too large": (lambda: _with("cpu_p95", 5, 3e7), "cpu_p95 has 30000000"),
    "no time": (lambda: _with("timestamp", 5, None), "timestamp has 1 missing"),
    "no server": (lambda: _with("server_id", 5, None), "server_id has missing values"),
    "no time column": (lambda: TABLE.drop_columns(["timestamp"]), "no column 'timestamp'"),
    "no server column": (lambda: TABLE.drop_columns(["server_id"]), "no column 'server_id'"),
    "no rows": (lambda: TABLE.slice(0, 0), "no rows"),
    "lists": (lambda: TABLE.append_column("l", pa.array([[1]] * ROWS)), "expected whole numbers"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_dataset_is_refused(what: str, parquet: Written) -> None:
    make, message = BAD[what]
    with pytest.raises(InputError, match=message):
        digest_file(parquet(make()))


def test_times_finer_than_a_microsecond_are_refused(parquet: Written) -> None:
    stamps = TABLE["timestamp"].cast(pa.timestamp("ns")).cast(pa.int64()).to_pylist()
    stamps[3] += 1
    place = TABLE.column_names.index("timestamp")
    finer = TABLE.set_column(place, "timestamp", pa.array(stamps, pa.timestamp("ns")))
    with pytest.raises(InputError, match="timestamp"):
        digest_file(parquet(finer))
