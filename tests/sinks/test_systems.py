"""What is particular to a system, and what the command line says."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

import fleetsynth as fs
from fleetsynth.errors import ExistsError, OutputError, UsageError
from fleetsynth.presets import as_plan
from fleetsynth.series.select import Catalog, Limits
from fleetsynth.sinks import SYSTEMS, excel, find_system
from fleetsynth.sinks.access import Access
from fleetsynth.sinks.base import DATA_TABLE, Shape, Wanted
from fleetsynth.sinks.streamed import Sending
from tests.e2e.command import Within
from tests.sinks.places import PLACES
from tests.sinks.postgres import Postgres

TINY = {"num_servers": 3, "end_date": "2022-01-20"}
OPTIONS = ("--servers", "3", "--end", "2022-01-20")
IN_POSTGRES = pytest.mark.xdist_group("postgres")


@pytest.mark.parametrize(
    ("to", "label", "place"),
    [
        ("postgresql://me@host/db?sslmode=require", "PostgreSQL", None),
        ("postgres://host", "PostgreSQL", None),
        ("postgresql:", "PostgreSQL", ""),
        ("duckdb:a b/c", "DuckDB", "a b/c"),
        ("A.DUCKDB", "DuckDB", "A.DUCKDB"),
        ("a.sqlite3", "SQLite", "a.sqlite3"),
        ("delta:lake/", "Delta", "lake/"),
        ("iceberg:/lake", "Iceberg", "/lake"),
        ("fleet.xlsx", "Excel", "fleet.xlsx"),
        ("fleet.csv.gz", "files", "fleet.csv.gz"),
        ("-", "files", "-"),
    ],
)
def test_a_destination_names_its_system(to: str, label: str, place: str | None) -> None:
    system, found = find_system(to)
    assert (system.label, found) == (label, to if place is None else place)


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("", "the destination is empty: expected postgresql://"),
        ("fleet.txt", "names no system to export to: expected postgresql://"),
        ("mysql://host/db", "names no system"),
        ("delta:", "delta: names no place: expected such as delta:FOLDER"),
        ("s3://bucket/prefix", r"is written there by generate\(scenario, path\)"),
    ],
)
def test_what_names_none_is_told_what_would(to: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        fs.export(TINY, to)


def test_arguments_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"schema=\.\.\. is not for SQLite"):
        fs.export(TINY, tmp_path / "a.sqlite", schema="x")
    with pytest.raises(UsageError, match=r"file_format=\.\.\. is for standard output"):
        fs.export(TINY, tmp_path / "a.sqlite", file_format="csv")
    with pytest.raises(UsageError, match="components=True is a second table, and standard"):
        fs.export(TINY, "-", file_format="csv", components=True, labels=True)
    with pytest.raises(UsageError, match="labels=True is a second table, and standard"):
        fs.export(TINY, "-", file_format="csv", labels=True)
    fs.generate(TINY, tmp_path / "a.parquet")
    with pytest.raises(UsageError, match="components=True is for scenarios"):
        fs.export(tmp_path / "a.parquet", tmp_path / "a.sqlite", components=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet"]


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = Catalog(as_plan(TINY), {}, Limits())
    for system in SYSTEMS.values():
        if system.package is not None:
            monkeypatch.setitem(__import__("sys").modules, system.package, None)
            missing = rf"pip install 'fleetsynth\[{system.extra}\]'"
            if system.streamed:
                with pytest.raises(UsageError, match=missing):
                    system.open_stream(Sending("x", "x", catalog, Access()))
            else:
                with pytest.raises(UsageError, match=missing):
                    system.open(Wanted("x", "x", ()))


@IN_POSTGRES
def test_postgresql_says_what_it_cannot_and_leaves_what_was_there(postgres: Postgres) -> None:
    to = postgres.new()
    fs.export(TINY, to)
    postgres.ask("CREATE VIEW mine AS SELECT * FROM server_metrics", to)
    with pytest.raises(OutputError, match=r"other objects depend on it \(view mine depends"):
        fs.export(TINY, to)
    fs.export(TINY, to, append=True)
    assert postgres.ask("SELECT count(*) FROM mine", to) == [["60"]]
    table = pa.table({"a": ["b\0c"]})
    shape = Shape(DATA_TABLE, table.schema)
    sink = SYSTEMS["postgresql"].open(Wanted(to, to, (shape,), schema="other"))
    with pytest.raises(UsageError, match="'a' has text with NUL characters"):
        sink.write(DATA_TABLE, table.to_batches()[0])
    with pytest.raises(OutputError, match=r"another export into .* is under way"):
        SYSTEMS["postgresql"].open(Wanted(to, to, (shape,), schema="other"))
    sink.abort()
    with pytest.raises(UsageError, match="at most 63 bytes"):
        fs.export(TINY, to, schema="x" * 64)
    assert postgres.ask("SELECT nspname FROM pg_namespace WHERE nspname = 'other'", to) == []


def duckdb_with(path: Path, *statements: str) -> None:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def sqlite_with(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize(
    ("ending", "run", "theirs", "schema"),
    [
        ("duckdb", duckdb_with, "CREATE VIEW server_metrics AS SELECT 1 a", None),
        ("duckdb", duckdb_with, "CREATE TABLE Server_Metrics (a INT)", None),
        (
            "duckdb",
            duckdb_with,
            "CREATE SCHEMA Berlin; CREATE TABLE Berlin.servers (a INT)",
            "BERLIN",
        ),
        ("duckdb", duckdb_with, "CREATE TABLE servers (a INT)", "MAIN"),
        ("sqlite", sqlite_with, "CREATE TABLE Server_Metrics (a)", None),
        ("sqlite", sqlite_with, "CREATE TABLE fleetsynth_tables (a)", None),
    ],
)
def test_whatever_has_a_name_there_is_found_before_rows_are_written(
    tmp_path: Path, ending: str, run: Callable[..., None], theirs: str, schema: str | None
) -> None:
    to = tmp_path / f"fleet.{ending}"
    run(to, *theirs.split("; "))
    with pytest.raises(ExistsError, match="was not made by fleetsynth, and is not touched"):
        fs.export(TINY, to, schema=schema, overwrite=True)


def test_schemas_and_tables_of_duckdb_are_the_same_in_capitals(tmp_path: Path) -> None:
    to = tmp_path / "fleet.duckdb"
    for schema in ("Fleet", "fleet", "FLEET"):
        fs.export(TINY, to, schema=schema)
    with pytest.raises(ExistsError, match="holds another dataset"):
        fs.export(TINY | {"seed": 2}, to, schema="fleet")


@IN_POSTGRES
@pytest.mark.parametrize(
    "theirs",
    [
        "CREATE SEQUENCE server_metrics",
        "CREATE TYPE servers AS ENUM ('a')",
        "CREATE TABLE x (a int); CREATE INDEX server_metrics ON x (a)",
    ],
)
def test_postgresql_has_one_name_for_one_thing(postgres: Postgres, theirs: str) -> None:
    to = postgres.new()
    postgres.ask(theirs, to)
    with pytest.raises(ExistsError, match="was not made by fleetsynth, and is not touched"):
        fs.export(TINY, to)


@IN_POSTGRES
def test_a_table_of_ours_that_was_renamed_keeps_its_key_and_its_name(postgres: Postgres) -> None:
    to = postgres.new()
    fs.export(TINY, to)
    postgres.ask("ALTER TABLE servers RENAME TO servers_before", to)
    for _ in range(2):
        fs.export(TINY, to)
    keys = (
        "SELECT conrelid::regclass FROM pg_constraint"
        " WHERE contype = 'p' AND connamespace = 'public'::regnamespace"
    )
    found = {name for (name,) in postgres.ask(keys, to)}
    assert found == {"server_metrics", "servers", "servers_before"}


WITHOUT_KEY = (
    "CREATE TABLE aside AS SELECT * FROM servers",
    "DROP TABLE servers",
    "ALTER TABLE aside RENAME TO servers",
)


@pytest.mark.parametrize(
    ("ending", "run", "more"),
    [
        (
            "duckdb",
            duckdb_with,
            ("COMMENT ON TABLE servers IS 'Made by fleetsynth 1, dataset a1.'",),
        ),
        ("sqlite", sqlite_with, ()),
    ],
)
def test_nothing_is_appended_where_rows_would_come_again(
    tmp_path: Path, ending: str, run: Callable[..., None], more: tuple[str, ...]
) -> None:
    to = tmp_path / f"fleet.{ending}"
    fs.export(TINY, to)
    run(to, *WITHOUT_KEY, *more)
    with pytest.raises(UsageError, match=r"servers in .* has not the primary key \(server_id\)"):
        fs.export(TINY, to, append=True)


@IN_POSTGRES
def test_nothing_is_appended_to_a_table_of_postgresql_without_its_key(postgres: Postgres) -> None:
    to = postgres.new()
    fs.export(TINY, to)
    postgres.ask("ALTER TABLE server_metrics DROP CONSTRAINT server_metrics_pkey", to)
    said = r"has not the primary key \(server_id, timestamp\)"
    with pytest.raises(UsageError, match=said):
        fs.export(TINY, to, append=True)
    assert postgres.ask("SELECT count(*) FROM server_metrics", to) == [["60"]]


@pytest.mark.parametrize(
    "place",
    [
        "postgresql:host=/tmp password=s3cr3t",
        "postgresql://me:a@s3cr3t@localhost/x",
        "postgresql://me:s3cr3t/a@localhost/x",
        "postgresql://me:s3cr3t?a@localhost/x",
        "postgresql://me:a@localhost:s3cr3t/x",
    ],
)
def test_what_libpq_would_misread_and_tell_is_refused(place: str) -> None:
    with pytest.raises(UsageError, match="expected such as postgresql://HOST") as error:
        fs.export(TINY, place)
    assert "s3cr3t" not in str(error.value)


@IN_POSTGRES
def test_no_password_is_shown(
    postgres: Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Within(tmp_path, capsys)
    there = postgres.url().replace("fleet@", "fleet:s3cr3t-word@")
    for to in (there, there.replace("/postgres?", "/nowhere?"), "postgresql://a:s3cr3t-word@[::"):
        for form in ([], ["--json"]):
            done = run("export", *OPTIONS, "--to", to, *form)
            assert "s3cr3t" not in done.out + done.err
    misspelt = run("export", *OPTIONS, "--to", f"{postgres.url()}&passwrd=s3cr3t-word")
    assert misspelt.code == 1
    assert "passwrd=***" in misspelt.err
    assert "s3cr3t" not in misspelt.err
    other = f"{postgres.url('nowhere')}&password=s3cr3t-word"
    done = run("export", *OPTIONS, "--to", other)
    assert done.code == 1
    assert "s3cr3t" not in done.err
    assert 'database "nowhere" does not exist' in done.err
    comments = postgres.ask("SELECT string_agg(description, '') FROM pg_description")
    assert "s3cr3t" not in comments[0][0]


def test_a_part_of_a_dataset_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    fs.generate(TINY, tmp_path / "whole.parquet")
    pq.write_table(pq.read_table(tmp_path / "whole.parquet").slice(0, 4), tmp_path / "part.parquet")
    to = f"delta:{tmp_path}/lake"
    fs.export(tmp_path / "part.parquet", to)
    with pytest.raises(ExistsError, match="holds another dataset"):
        fs.export(tmp_path / "whole.parquet", to)
    done = fs.export(tmp_path / "whole.parquet", to, overwrite=True)
    assert (done.already, done.rows) == (False, 60)
    assert fs.export(TINY, to).already


def test_delta_and_iceberg_do_not_write_what_is_there(tmp_path: Path) -> None:
    for name in ("delta", "iceberg"):
        (tmp_path / name).mkdir()
        place = PLACES[name](tmp_path / name)
        first = fs.export(TINY, place.to)
        files = sorted((tmp_path / name).rglob("*.parquet"))
        again = fs.export(TINY, place.to)
        assert (first.already, again.already) == (False, True)
        assert sorted((tmp_path / name).rglob("*.parquet")) == files
        fs.export(TINY | {"seed": 2}, place.to, overwrite=True)
        assert not fs.export(TINY, place.to, overwrite=True).already
    table = DeltaTable(tmp_path / "delta" / "lake" / DATA_TABLE)
    assert table.version() == 2
    assert table.transaction_version(f"fleetsynth-{fs.resolve(fs.load_scenario(TINY)).digest}") == 2


def test_excel_refuses_what_no_sheet_holds_and_names_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match=r"5,785,560 rows.*1,048,575.*export to .*fleet\.csv"):
        fs.export({"num_servers": 165, "granularity": "hourly"}, tmp_path / "fleet.xlsx")
    monkeypatch.setattr(excel, "MOST_ROWS", 61)
    fs.export(TINY, tmp_path / "fleet.xlsx")
    (tmp_path / "mine.xlsx").write_bytes(b"")
    with pytest.raises(OutputError, match="was not made by fleetsynth"):
        fs.export(TINY, tmp_path / "mine.xlsx", overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fleet.xlsx", "mine.xlsx"]


def test_the_command_line_tells_what_it_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Within(tmp_path, capsys)
    assert run("generate", *OPTIONS, "-o", "fleet/", "-q").code == 0
    told = json.loads(run("export", "fleet/", "--to", "fleet.duckdb", "--json").out)
    assert told["tables"] == {"server_metrics": 60, "servers": 3}
    assert told["digest"] == run("digest", "fleet/").out.split()[0]
    assert (told["to"], told["system"]) == ("fleet.duckdb", "DuckDB")
    assert "wrote fleet.duckdb" in run("export", *OPTIONS, "--to", "fleet.duckdb").out
    other = run("export", "--servers", "2", "--to", "fleet.duckdb")
    assert (other.code, "--overwrite" in other.err) == (1, True)
    assert run("export", "fleet/", "--servers", "2", "--to", "fleet.duckdb").code == 2
    assert run("export", "nothing/", "--to", "fleet.duckdb").code == 2
    (tmp_path / "broken.sqlite").write_text("no database")
    broken = run("export", *OPTIONS, "--to", "broken.sqlite")
    assert (broken.code, "is not a database" in broken.err) == (1, True)
    assert (tmp_path / "broken.sqlite").read_text() == "no database"
