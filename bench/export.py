"""Exports, beside the best way into PostgreSQL: ``python -m bench.export``."""

from __future__ import annotations

import atexit
import shutil
from contextlib import ExitStack
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from adbc_driver_postgresql import dbapi

from bench.command import command
from bench.comparison import Benchmark, Goal
from bench.isolated import isolated
from bench.timing import measure, timed
from fleetsynth import api
from fleetsynth.formats.read import read_batches
from fleetsynth.presets import as_plan
from fleetsynth.sinks.export import export
from fleetsynth.sinks.shapes import shape_of
from fleetsynth.sinks.sql import create_table, key
from fleetsynth.sinks.types import arrow_schema, handed
from fleetsynth.tables.frame import schema
from tests.sinks.postgres import running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.timing import Side, Spent
    from tests.sinks.postgres import Postgres

FLEET: dict[str, Any] = {"granularity": "hourly", "num_servers": 40, "end_date": "2022-12-31"}
"""350,000 rows."""
LARGE = FLEET | {"num_servers": 400}
"""3.5 million."""
SHEET = FLEET | {"num_servers": 4}
"""A workbook is slow to write."""


@cache
def _server() -> Postgres:
    """Return a server of PostgreSQL that runs until we end."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(running())


def postgresql(folder: Path) -> Benchmark:
    """Export a file to PostgreSQL, and copy the same batches there that lie ready in memory."""
    path = _dataset(folder, FLEET)
    plan = as_plan(FLEET)
    shape = shape_of("data", schema(plan), plan)
    typed = arrow_schema(shape.schema)
    batches = [handed(batch, typed) for batch in read_batches(path)]

    def best(to: str) -> None:
        reader = pa.RecordBatchReader.from_batches(batches[0].schema, batches)
        with dbapi.connect(to) as connection, connection.cursor() as cursor:
            cursor.execute(create_table(shape, "postgresql", "best", keyed=False))
            cursor.adbc_ingest("best", reader, mode="append")
            cursor.execute(f"ALTER TABLE best ADD PRIMARY KEY {key(shape)}")
            connection.commit()

    return Benchmark(
        rows=plan.cells,
        sides={
            "export": _anew(lambda to: export(path, to)),
            "batches": _anew(best),
            "reading": timed(lambda: sum(batch.num_rows for batch in read_batches(path))),
        },
        goals=[Goal("export", ("batches",), "wall", 1.1, at_most=True)],
        remark="export reads a Parquet file, batches are in memory and are copied in binary by "
        "ADBC, all by one call. Both make the same table with the same key in one transaction; "
        "export makes the table of servers, comments and names as well.",
    )


def _anew(action: Callable[[str], object]) -> Side:
    """Make a side of what fills an empty database, which is neither made nor removed on time."""

    def side() -> Spent:
        to = _server().new()
        try:
            return measure(partial(action, to))
        finally:
            _server().ask(f"DROP DATABASE {to.split('/')[3].partition('?')[0]}")

    return side


def systems(folder: Path) -> Benchmark:
    """Export a file to every system."""
    path, rows = _dataset(folder, FLEET), as_plan(FLEET).cells
    few = _dataset(folder / "few", SHEET)
    times = rows / as_plan(SHEET).cells
    places = {
        "duckdb": "fleet.duckdb",
        "sqlite": "fleet.sqlite",
        "delta": "delta:{}",
        "iceberg": "iceberg:{}",
        "excel": "fleet.xlsx",
        "parquet": "fleet.parquet",
        "csv": "fleet.csv",
    }

    def into(data: Path, to: str) -> Side:
        def side() -> Spent:
            there = folder / "there"
            there.mkdir()
            to_ = to.format(there) if "{}" in to else str(there / to)
            try:
                return measure(partial(export, data, to_))
            finally:
                shutil.rmtree(there)

        return side

    sides = {name: into(path, to) for name, to in places.items()}
    sides["excel"] = _scaled(into(few, places["excel"]), times)
    return Benchmark(
        rows=rows,
        sides={"postgresql": _anew(lambda to: export(path, to)), **sides},
        goals=[],
        remark="from a Parquet file on local disk, keys and all; Excel of a tenth of the rows, "
        "its seconds scaled.",
        warm_up=False,
    )


def _scaled(side: Side, times: float) -> Side:
    return lambda: side() * times


def memory(folder: Path) -> Benchmark:
    """Export a file of ten times as many rows: memory does not grow."""
    sides: dict[str, Side] = {}
    goals = []
    files = {"0.35 M": _dataset(folder, FLEET), "3.5 M": _dataset(folder / "large", LARGE)}
    for system in ("postgresql", "duckdb"):
        few, many = (f"{system}, {size}" for size in files)
        for name, path in zip((few, many), files.values(), strict=True):
            to = (
                _server().new()
                if system == "postgresql"
                else str(folder / f"{path.parent.name}.duckdb")
            )
            sides[name] = isolated(partial(export, path, to, overwrite=True))
        goals.append(Goal(many, (few,), "peak", 1.2, at_most=True))
    return Benchmark(
        rows=as_plan(LARGE).cells,
        sides=sides,
        goals=goals,
        remark="each run in a process of its own; the largest resident set counts Python and "
        "libraries, too. Rates are of the larger file.",
        warm_up=False,
    )


def _dataset(folder: Path, scenario: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "from.parquet"
    api.generate(scenario, path, overwrite=True)
    return path


main = command(
    {"postgresql": postgresql, "systems": systems, "memory": memory},
    repeat=3,
    text="Measure exports.",
)

if __name__ == "__main__":
    main()
