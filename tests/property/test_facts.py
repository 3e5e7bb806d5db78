"""Facts depend on the data alone: not on batches, order, layout or format."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetsynth import Facts, facts
from fleetsynth.reader import ScatteredError, open_dataset
from fleetsynth.reader.grid import Server
from fleetsynth.reader.series import Servers

TICKS = 48 * 9
FREE_OF_SCALE = (
    "residual_lag",
    "hour_r2",
    "skewness",
    "kurtosis",
    "beyond",
    "cross_r",
    "daily_p95",
)
FEW = settings(max_examples=12)


@cache
def table(seed: int = 0, servers: int = 5) -> pa.Table:
    """A fleet in order of server, half-hourly, with services, types, gaps and missing values."""
    draw = np.random.default_rng(seed)
    names, times, cpu, memory = [], [], [], []
    for server in range(servers):
        kept = np.flatnonzero(draw.random(TICKS) > 0.1)
        names += [f"server {server}"] * len(kept)
        times += [1_704_067_200_000_000 + 1_800_000_000 * int(tick) for tick in kept]
        cpu += np.round(20 + 5 * draw.standard_t(3, len(kept)), 2).clip(0).tolist()
        memory += [
            None if hole else value
            for value, hole in zip(
                (50 + np.cumsum(draw.normal(size=len(kept)))).tolist(),
                draw.random(len(kept)) < 0.1,
                strict=True,
            )
        ]
    return pa.table(
        {
            "timestamp": pa.array(times, pa.timestamp("us")),
            "server_id": pa.array(names).dictionary_encode(),
            "cpu_p95": pa.array(cpu, pa.float64()),
            "mem_p95": pa.array(memory, pa.float64()),
            "server_type": pa.array(["web" if name < "server 2" else "idle" for name in names]),
            "service": pa.array([f"service {name[-1] in '01'}" for name in names]),
        }
    )


def measured(data: pa.Table, name: str = "fleet.parquet", **columns: str) -> Facts:
    """Facts of a table by way of a file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        if name.endswith(".csv"):
            from pyarrow import csv

            csv.write_csv(data, path)
        else:
            pq.write_table(data, path, row_group_size=100)
        return facts(path, columns)


def same(one: Facts, two: Facts) -> None:
    """Equal but for the order of sums and the names of columns."""
    assert (one.servers, one.points, one.step) == (two.servers, two.points, two.step)
    assert one.undefined == two.undefined
    for name, value in one.values.items():
        other = two.values[name]
        if isinstance(value, float):
            assert isinstance(other, float), name
            np.testing.assert_allclose(other, value, rtol=1e-6, atol=1e-9, err_msg=name)
        else:
            assert value == other, name


def alike(one: Server, two: Server) -> None:
    """Equal, bit for bit."""
    assert (one.name, one.grid, one.kind, one.service) == (
        two.name,
        two.grid,
        two.kind,
        two.service,
    )
    assert one.series.keys() == two.series.keys()
    for role, values in one.series.items():
        np.testing.assert_array_equal(values, two.series[role])


def servers_of(data: pa.Table, rows: int, buckets: int = 9) -> Servers:
    """The servers of a table that is read in batches of some rows."""
    cut = pa.Table.from_batches(data.combine_chunks().to_batches(max_chunksize=rows))
    servers = open_dataset(cut).servers(("cpu", "memory", "type", "service"))
    servers._buckets = buckets
    return servers


@given(rows=st.integers(3, 3000))
@FEW
def test_batches_do_not_matter(rows: int) -> None:
    data = table()
    whole = list(servers_of(data, len(data)).in_order())
    cut = list(servers_of(data, rows).in_order())
    assert len(whole) == len(cut) == 5
    for one, two in zip(whole, cut, strict=True):
        alike(one, two)


@given(seed=st.integers(0, 99), rows=st.integers(50, 3000), buckets=st.integers(1, 9))
@FEW
def test_the_order_of_rows_does_not_matter(seed: int, rows: int, buckets: int) -> None:
    data = table()
    shuffled = data.take(pa.array(np.random.default_rng(seed).permutation(len(data))))
    servers = servers_of(shuffled, rows, buckets)
    try:
        list(servers.in_order())
    except ScatteredError:
        pass
    else:
        raise AssertionError("rows out of order went unnoticed")
    sorted_ = sorted(servers.sorted(), key=lambda server: server.name)
    for one, two in zip(servers_of(data, 500).in_order(), sorted_, strict=True):
        alike(one, two)


@given(seed=st.integers(0, 3))
@settings(max_examples=3)
def test_facts_of_a_shuffled_file(seed: int) -> None:
    data = table(seed)
    order = np.random.default_rng(seed).permutation(len(data))
    same(measured(data), measured(data.take(pa.array(order))))


def test_long_and_wide_are_the_same() -> None:
    data = table()
    keys = ["timestamp", "server_id", "server_type", "service"]
    parts = [
        data.select([*keys, column])
        .rename_columns([*keys, "value"])
        .append_column("metric", pa.array([metric] * len(data)))
        for column, metric in (("cpu_p95", "cpu_pct"), ("mem_p95", "used"))
    ]
    long = pa.concat_tables(parts).combine_chunks()
    same(measured(data), measured(long, memory="used"))


def test_formats_are_the_same() -> None:
    data = table()
    plain = data.set_column(1, "server_id", data["server_id"].cast(pa.string()))
    same(measured(data), measured(plain, "fleet.csv"))


@given(scale=st.floats(0.5, 4), shift=st.integers(0, 200))
@FEW
def test_shapes_do_not_depend_on_scale_or_whole_weeks(scale: float, shift: int) -> None:
    data = table()
    cpu = pa.array(data["cpu_p95"].to_numpy() * scale)
    later = data["timestamp"].to_numpy() + np.timedelta64(7 * shift, "D")
    changed = data.set_column(2, "cpu_p95", cpu).set_column(0, "timestamp", pa.array(later))
    one, two = measured(data).values, measured(changed).values
    for name in FREE_OF_SCALE:
        before, after = one[name], two[name]
        assert isinstance(before, float)
        assert isinstance(after, float)
        np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6, err_msg=name)
