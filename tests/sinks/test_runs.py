"""Exports as they are run: out of an object store, and interrupted from a terminal."""

import signal
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import fleetsynth as fs
from fleetsynth.errors import FleetsynthError
from fleetsynth.presets import as_plan
from tests.dataset.object_store import BUCKET, SECRET, empty, environment, gate, put
from tests.e2e.command import INTERRUPTIBLE, Fleetsynth, as_told_by_a_shell
from tests.sinks.places import PLACES, Place, postgresql
from tests.sinks.test_conformance import MORE, SMALL, digests, expected, left

SAYS_WHEN = """
from pathlib import Path
from fleetsynth.sinks.export import _Rows
write = _Rows.write
def written(self, batch):
    write(self, batch)
    Path("written").touch()
_Rows.write = written
"""
"""Python for the process of the command line: a file says that rows have been written."""

ENDLESS = ("--servers", "2000", "--granularity", "hourly")


@pytest.mark.xdist_group("object store")
def test_a_folder_in_an_object_store_comes_back_table_by_table(
    object_store: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(object_store).items():
        monkeypatch.setenv(name, value)
    empty(object_store)
    parted = ["region", "year", "month"]
    fs.generate(SMALL, tmp_path / "fleet", **MORE, partition_by=parted, workers=1)
    files = [path for path in (tmp_path / "fleet").rglob("*") if path.is_file()]
    put(object_store, {f"a/{p.relative_to(tmp_path / 'fleet')}": p.read_bytes() for p in files})
    (tmp_path / "there").mkdir()
    place = PLACES["sqlite"](tmp_path / "there")
    url = f"s3://{BUCKET}/a/"
    with gate(object_store, lambda _, target: "eu-west" not in target) as closed:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed.port}")
        with pytest.raises(FleetsynthError) as refused:
            fs.export(url, place.to)
        assert any("eu-west" in target for _, target in closed.seen)
    assert SECRET not in str(refused.value)
    assert left(place) == []
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{object_store}")
    fs.export(url, place.to)
    digests(place, as_plan(SMALL), expected(SMALL))


@pytest.mark.parametrize("stopped", [KeyboardInterrupt, SystemExit])
def test_what_stops_a_run_while_duckdb_reads_is_no_fault_of_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: type[BaseException]
) -> None:
    def table(_: object) -> None:
        raise stopped

    (tmp_path / "there").mkdir()
    place = PLACES["duckdb"](tmp_path / "there")
    monkeypatch.setattr("fleetsynth.sinks.duckdb.pa", SimpleNamespace(table=table))
    with pytest.raises(stopped):
        fs.export(SMALL, place.to)
    assert left(place) == []


@pytest.fixture(
    params=["duckdb", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgres"))]
)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A database with nothing in it."""
    if request.param == "postgresql":
        return postgresql(request.getfixturevalue("postgres"))
    (tmp_path / "there").mkdir()
    return PLACES[request.param](tmp_path / "there")


@pytest.mark.parametrize("delay", [0.0, 0.2])
def test_an_interrupted_export_leaves_the_old_tables(
    database: Place, tmp_path: Path, delay: float
) -> None:
    fs.export(SMALL, database.to, **MORE)
    run = Fleetsynth(tmp_path).start(
        *("export", *ENDLESS, "--to", database.to, "--overwrite"),
        before=INTERRUPTIBLE,
        inside=SAYS_WHEN,
    )
    with run as child:
        try:
            while not (tmp_path / "written").exists():
                assert child.poll() is None, "the run ended before it could be stopped"
                time.sleep(0.01)
            time.sleep(delay)  # into a statement, or between two
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=60)
        finally:
            child.kill()
    assert (as_told_by_a_shell(child.returncode), out) == (130, b""), err
    assert err.strip() == b"error: interrupted"
    digests(database, as_plan(SMALL), expected(SMALL))
