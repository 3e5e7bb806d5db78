"""What is particular to a system, and what the command line says."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

import fleetsynth as fs
from fleetsynth.errors import OutputError, UsageError
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
