"""Statements that create tables: executed by the systems that they are for.

Spark executes its own where it runs: in tests/conformance/test_engines.py.
"""

from pathlib import Path
from shutil import copyfile

import duckdb
import pytest

import fleetsynth as fs
from fleetsynth.errors import UsageError
from fleetsynth.sinks.ddl import DIALECTS
from tests.sinks.postgres import Postgres
from tests.sinks.test_conformance import MORE, SMALL

_COLUMNS = (
    "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns"
    " WHERE table_schema = 'fleet' ORDER BY table_name, ordinal_position"
)


def test_duckdb_has_the_tables_that_an_export_makes(tmp_path: Path) -> None:
    fs.export(SMALL, tmp_path / "a.duckdb", schema="fleet")
    with duckdb.connect(str(tmp_path / "b.duckdb")) as made:
        made.execute(fs.ddl(SMALL, "duckdb", schema="fleet"))
        said = made.execute(_COLUMNS).fetchall()
        keys = made.execute("SELECT constraint_text FROM duckdb_constraints()").fetchall()
    with duckdb.connect(str(tmp_path / "a.duckdb")) as exported:
        assert exported.execute(_COLUMNS).fetchall() == said
        found = exported.execute(
            "SELECT comment FROM duckdb_columns() WHERE column_name = 'cpu_p95'"
        ).fetchall()
    assert found == [("CPU p95, %",)]
    assert ('PRIMARY KEY(server_id, "timestamp")',) in keys
    assert {row[0] for row in said} == {"server_metrics", "servers", "events"}


@pytest.mark.xdist_group("postgres")
def test_postgresql_has_the_tables_that_an_export_makes(postgres: Postgres) -> None:
    one, other = postgres.new(), postgres.new()
    fs.export(SMALL, one, schema="fleet")
    postgres.ask(fs.ddl(SMALL, "postgresql", schema="fleet"), other)
    assert postgres.ask(_COLUMNS, one) == postgres.ask(_COLUMNS, other)
    keys = (
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'p'"
        " AND connamespace = 'fleet'::regnamespace"
        " ORDER BY conname"
    )
    assert postgres.ask(keys, one) == postgres.ask(keys, other)
    assert len(postgres.ask(keys, one)) == 3
    comments = "SELECT objsubid, description FROM pg_description JOIN pg_class c ON c.oid = objoid"
    told = f"{comments} WHERE relname = 'server_metrics' ORDER BY objsubid"
    assert postgres.ask(told, one) == postgres.ask(told, other) != []
    fs.export(SMALL, other, schema="fleet", append=True)
    rows = "SELECT count(*) FROM fleet.server_metrics"
    assert postgres.ask(rows, one) == postgres.ask(rows, other) != [["0"]]


def statements(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return [piece for piece in "\n".join(lines).split(";\n") if piece.strip()]


def test_athena_lies_on_a_folder_with_its_partitions(tmp_path: Path) -> None:
    fs.generate(SMALL, tmp_path / "fleet", partition_by=["region", "year"], workers=1, **MORE)
    said = fs.ddl(tmp_path / "fleet", "athena", location="s3://bucket/fleet")
    data, repair, *_ = said.split(";\n\n")
    body, _, rest = data.partition("\n)\n")
    assert "`region`" not in body
    assert "PARTITIONED BY (`region` string COMMENT" in rest
    assert "`year` int COMMENT" in rest
    assert rest.endswith("STORED AS PARQUET\nLOCATION 's3://bucket/fleet/data/'")
    assert repair == "MSCK REPAIR TABLE `server_metrics`"
    assert "LOCATION 's3://bucket/fleet/tables/components/'" in said
    assert "aws s3 cp s3://bucket/fleet/events.parquet s3://bucket/fleet/athena/events/" in said


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["date"], "`date` date COMMENT 'day of the timestamp, UTC'"),
        (["year", "month", "day"], "`month` int COMMENT '1 to 12', `day` int COMMENT '1 to 31'"),
    ],
)
def test_days_are_partitions_too(tmp_path: Path, keys: list[str], said: str) -> None:
    tiny = SMALL | {"num_servers": 1, "end_date": "2022-01-29"}
    fs.generate(tiny, tmp_path / "fleet", partition_by=keys, workers=1)
    found = fs.ddl(tmp_path / "fleet", "athena")
    assert f"{said})\nSTORED AS" in found
    assert found.count(f"`{keys[-1]}`") == 1


def test_tables_of_a_file_lie_beside_it(tmp_path: Path) -> None:
    fs.generate(SMALL, tmp_path / "fleet.parquet", labels=True)
    lines = fs.ddl(tmp_path / "fleet.parquet", "spark").splitlines()
    places = [line.split("'")[1] for line in lines if line.startswith("LOCATION")]
    assert [str(Path(place).relative_to(tmp_path)) for place in places] == [
        "fleet.parquet",
        "fleet.tables/labels.parquet",
        "fleet.tables/events.parquet",
    ]
    assert all(Path(place).is_file() for place in places)
    assert "-- servers: only dataset folders have a file of this table." in lines
    said = fs.ddl(tmp_path / "fleet.parquet", "athena", location="s3://b/c")
    assert "aws s3 cp s3://b/c/fleet.parquet s3://b/c/athena/server_metrics/\n" in said
    (tmp_path / "theirs").mkdir()
    for name in ("a", "b"):
        copyfile(tmp_path / "fleet.parquet", tmp_path / "theirs" / f"{name}.parquet")
    said = fs.ddl(tmp_path / "theirs", "spark")
    assert f"LOCATION '{tmp_path}/theirs/'" in said


def test_what_cannot_be_said_is_refused(tmp_path: Path) -> None:
    assert list(DIALECTS) == sorted(DIALECTS)
    with pytest.raises(UsageError, match=r"no statements for 'postgres' .*'postgresql'"):
        fs.ddl(SMALL, "postgres")
    with pytest.raises(UsageError, match=r"location=\.\.\. is for"):
        fs.ddl(SMALL, "duckdb", location="s3://a/b")
    fs.generate(SMALL, tmp_path / "fleet", file_format="csv", workers=1)
    with pytest.raises(UsageError, match=r"is of \.csv: statements for athena are for Parquet"):
        fs.ddl(tmp_path / "fleet", "athena")
    assert "s3://BUCKET/PREFIX/data/" in fs.ddl(SMALL, "spark")
