"""What every system promises that tables are exported to; each is asked with its own library."""

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest

import fleetsynth as fs
from fleetsynth.errors import ExistsError, UsageError
from fleetsynth.plan import Plan
from fleetsynth.presets import as_plan
from fleetsynth.reader.file_digest import any_leaves
from fleetsynth.sinks import SYSTEMS, find_system
from fleetsynth.sinks.base import DATA_TABLE, Shape, TablesSink, Wanted
from fleetsynth.sinks.shapes import KNOWN
from fleetsynth.tables.digest import root
from fleetsynth.tables.frame import schema
from fleetsynth.tables.of_plan import PLAN_TABLES
from fleetsynth.tables.table import TABLES
from tests.sinks.places import PLACES, Place, as_schema

FREEZE = {"kind": "freeze", "from": "2022-01-30", "to": "2022-01-31"}
SMALL: dict[str, Any] = {
    "preset": "realistic",
    "num_servers": 4,
    "granularity": "hourly",
    "sample_interval": "1h",
    "start_date": "2022-01-29",
    "end_date": "2022-02-02",
    "events": [FREEZE],
}
LONGER = SMALL | {"end_date": "2022-02-04", "growth_start": "2022-01-29"}
OTHER = {"num_servers": 3, "end_date": "2022-01-20"}
EVERY = {DATA_TABLE, "servers", "events", *TABLES}
MORE: dict[str, Any] = {"components": True, "labels": True}
NOTHING: dict[str, Any] = {}


def appends(place: Place) -> bool:
    return find_system(place.to)[0].appends


def digests(place: Place, plan: Plan, tables: Mapping[str, str]) -> None:
    """Check that what is there is what a plan says, all of it."""
    assert place.tables() == set(tables)
    for name, digest in tables.items():
        found = place.read(name)
        if name in PLAN_TABLES:
            table = PLAN_TABLES[name]
            told = pa.Table.from_batches(table.batches(plan), schema=table.schema(plan))
            found = as_schema(found, told.schema)
            assert sorted_rows(found, place.digits) == sorted_rows(told, place.digits)
        else:
            told_schema = schema(plan if name == DATA_TABLE else TABLES[name].plan(plan))
            found = as_schema(found, told_schema)
            assert root(any_leaves(found.to_batches)) == digest


def sorted_rows(table: pa.Table, digits: int) -> list[str]:
    """All rows as text, numbers with so many digits."""

    def written(value: Any) -> str:
        return f"{value:.{digits - 1}g}" if isinstance(value, float) else repr(value)

    return sorted(str([*map(written, row.values())]) for row in table.to_pylist())


@cache
def _expected(scenario: str) -> dict[str, str]:
    with TemporaryDirectory() as folder:
        made = fs.generate(json.loads(scenario), f"{folder}/expected.arrow", **MORE)
    tables = {name: table.digest for name, table in made.tables.items()}
    return {DATA_TABLE: made.digest, "servers": "", **tables}


def expected(scenario: dict[str, Any], *without: str) -> dict[str, str]:
    """The digests of a scenario's tables, by a run into files."""
    told = _expected(json.dumps(scenario))
    return {name: digest for name, digest in told.items() if name not in without}


def test_every_system_has_a_place_in_this_suite() -> None:
    assert len(SYSTEMS) >= 3
    whole = {name for name, system in SYSTEMS.items() if not system.streamed}
    assert {*PLACES, "postgresql"} == whole
    for name, system in SYSTEMS.items():
        assert system.label
        assert (system.extra is None) == (system.package is None), name


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same dataset as a folder with partitions, as a file that says of what, and as text."""
    folder = tmp_path_factory.mktemp("made")
    parted = ["region", "year", "month"]
    fs.generate(SMALL, folder / "fleet", **MORE, partition_by=parted, workers=1)
    for name in ("fleet.parquet", "text.csv.gz"):
        fs.generate(SMALL, folder / name, **MORE)
    return folder


def test_a_scenario_comes_back_table_by_table(place: Place) -> None:
    seen: list[int] = []
    done = fs.export(SMALL, place.to, **MORE, progress=seen.append)
    told = expected(SMALL)
    assert set(told) == EVERY
    digests(place, as_plan(SMALL), told)
    assert done.digest == told[DATA_TABLE]
    assert done.tables[DATA_TABLE] == done.rows == seen[-1] == as_plan(SMALL).rows
    assert set(done.tables) == EVERY


@pytest.mark.parametrize("name", ["fleet", "text.csv.gz"])
def test_a_dataset_comes_back_with_what_lies_beside_it(place: Place, made: Path, name: str) -> None:
    """Of a folder, columns that stand in the names of its folders as well."""
    fs.export(made / name, place.to)
    # text does not say what it was made from, and has no table of servers
    digests(place, as_plan(SMALL), expected(SMALL, *(["servers"] if name != "fleet" else [])))


def test_twice_is_once_from_wherever_it_comes(place: Place, made: Path) -> None:
    for data in (SMALL, SMALL, made / "fleet.parquet"):
        fs.export(data, place.to, **(MORE if data is SMALL else NOTHING))
        digests(place, as_plan(SMALL), expected(SMALL))


def test_another_dataset_is_replaced_only_if_that_is_said(place: Place) -> None:
    fs.export(SMALL, place.to, **MORE)
    with pytest.raises(ExistsError, match="overwrite=True"):
        fs.export(OTHER, place.to)
    digests(place, as_plan(SMALL), expected(SMALL))
    fs.export(OTHER, place.to, overwrite=True)
    digests(place, as_plan(OTHER), expected(OTHER, *TABLES))


def test_a_run_that_ends_half_way_leaves_what_was_there(place: Place) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fs.export(SMALL, place.to, progress=interrupt)
    assert place.tables() == set()
    assert left(place) == []
    fs.export(SMALL, place.to, **MORE)
    before = left(place)
    with pytest.raises(KeyboardInterrupt):
        fs.export(OTHER, place.to, overwrite=True, progress=interrupt)
    digests(place, as_plan(SMALL), expected(SMALL))
    assert left(place) == before


DIES = """
import os, sys
import fleetsynth as fs
scenario, to = eval(sys.argv[1]), sys.argv[2]
fs.export(scenario, to, overwrite=True, progress=lambda _: os._exit(9))
"""


def test_a_process_that_dies_leaves_what_was_there(place: Place) -> None:
    fs.export(SMALL, place.to, **MORE)
    arguments = [sys.executable, "-c", DIES, repr(OTHER), place.to]
    assert subprocess.run(arguments, check=False).returncode == 9
    digests(place, as_plan(SMALL), expected(SMALL))
    fs.export(SMALL, place.to, **MORE)
    digests(place, as_plan(SMALL), expected(SMALL))


def test_appending_adds_what_is_not_there_yet(place: Place) -> None:
    if not appends(place):
        with pytest.raises(UsageError, match=r"append=True is not for .* with overwrite=True"):
            fs.export(SMALL, place.to, append=True)
        return
    fs.export(SMALL | {"growth_start": "2022-01-29"}, place.to, append=True)
    for _ in range(2):
        fs.export(LONGER, place.to, append=True)
        digests(place, as_plan(LONGER), expected(LONGER, *TABLES))
    with pytest.raises(
        ExistsError, match=r"holds another dataset.*append=True to add what it lacks"
    ):
        fs.export(LONGER, place.to)
    with pytest.raises(UsageError, match="nothing can be appended to it"):
        fs.export(LONGER | {"include_calendar": False}, place.to, append=True)
    with pytest.raises(UsageError, match=r"append=True .* overwrite=True"):
        fs.export(LONGER, place.to, append=True, overwrite=True)


def test_tables_of_others_are_not_touched(place: Place) -> None:
    if place.others is None:
        pytest.skip("there can be none")
    place.others("events")
    place.others("mine")
    for option in ("", "overwrite", *(["append"] if appends(place) else [])):
        with pytest.raises(ExistsError, match=r"events .* was not made by fleetsynth"):
            fs.export(SMALL, place.to, overwrite=option == "overwrite", append=option == "append")
    assert place.tables() == {"events", "mine"}
    fs.export(OTHER, place.to)  # it has no events
    assert place.tables() == {"events", "mine", DATA_TABLE, "servers"}


STRANGE = ['A, "B"', "Zürich", "'; DROP TABLE x; --", "NULL", "", "line\nend", "=1+1", "東京 ☂"]
NAMES = ["select", 'We"ird, é', "end", "Group By", "user", "a'b", "東京"]


def strange() -> pa.Table:
    rows = len(STRANGE)
    return pa.table(
        [
            pa.array(STRANGE).dictionary_encode(),
            pa.array([None, *STRANGE[1:]]),
            pa.array([0.01, None, -1.5, 1e15, 0.1, 100.0, 99.99, 0.0]),
            pa.array([None, 1, -(2**31), 2**31 - 1, 5, 6, 7, 8], pa.int32()),
            pa.array([True, None, False, True, True, False, None, True]),
            pa.array([datetime(2022, 1, 1, 2, 3, 4, tzinfo=UTC), None] * (rows // 2)).cast(
                pa.timestamp("us")
            ),
            pa.array([date(2022, 1, 1), None] * (rows // 2)),
        ],
        names=NAMES,
    )


def opened(place: Place, *shapes: Shape) -> TablesSink:
    system, where = find_system(place.to)
    return system.open(Wanted(where, place.to, shapes, dataset="ab12", known=KNOWN))


def test_strange_names_and_text_and_missing_values_come_back(place: Place) -> None:
    table = strange()
    sink = opened(place, Shape(DATA_TABLE, table.schema, comment='It\'s "odd".'))
    for batch in table.to_batches(max_chunksize=3):
        sink.write(DATA_TABLE, batch)
    sink.publish()
    found = as_schema(place.read(DATA_TABLE), table.schema)
    assert found.to_pylist() == table.to_pylist()


def test_tables_come_in_turns_and_may_be_empty(place: Place) -> None:
    table = strange().select(NAMES[:3])
    shapes = [Shape(name, table.schema, comment="x") for name in (DATA_TABLE, "events", "servers")]
    sink = opened(place, *shapes)
    for batch in table.to_batches(max_chunksize=3):
        sink.write("servers", batch)
        sink.write(DATA_TABLE, batch)
    sink.publish()
    assert place.tables() == {DATA_TABLE, "events", "servers"}
    for name, rows in ((DATA_TABLE, len(table)), ("servers", len(table)), ("events", 0)):
        assert place.read(name).num_rows == rows
        assert place.read(name).schema.names == table.schema.names


def test_what_no_system_takes_is_refused(place: Place) -> None:
    table = pa.table({"a": [[1], [2]]})
    with pytest.raises(UsageError, match=r"'a' is list<.*an export takes text"):
        opened(place, Shape(DATA_TABLE, table.schema)).write(DATA_TABLE, table.to_batches()[0])
    assert left(place) == []


def left(place: Place) -> list[str]:
    """All files where a place is; nothing where it is not a file."""
    folder = Path(place.to.partition(":")[2] or place.to).parent
    return sorted(path.name for path in folder.iterdir()) if "://" not in place.to else []
