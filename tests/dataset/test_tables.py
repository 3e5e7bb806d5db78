"""Several tables of one run: beside a file and in folders, digested apart, whole or not at all."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

import fleetsynth
from fleetsynth import UsageError, single_file
from fleetsynth.errors import ExistsError, InputError, OutputError
from fleetsynth.files import AtomicFile
from fleetsynth.folders.engines.local import LocalEngine
from fleetsynth.folders.folder import Shard, commit
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.verify import verify
from fleetsynth.formats import open_sink
from fleetsynth.formats.base import Sink
from fleetsynth.ledger.table import has_events
from fleetsynth.models.parts import Components, Part, Parts
from fleetsynth.plan import Plan
from fleetsynth.presets import model, resolve
from fleetsynth.presets.load import load_scenario
from fleetsynth.reader.file_digest import digest_file
from fleetsynth.scenario import Scenario
from fleetsynth.stores.names import CARD
from fleetsynth.tables import table as tables_of
from fleetsynth.window import Window
from tests.dataset import makers
from tests.dataset.folders import (
    MIXED,
    PART_BYTES,
    PARTITIONS,
    digest_in,
    files_in,
    manifest_of,
    parts_in,
    told_in,
)
from tests.dataset.test_verify import changed, edit, found, write
from tests.e2e.command import Fleetsynth

REALISTIC = load_scenario(
    overrides={
        "preset": "realistic",
        "num_servers": 7,
        "start_date": "2022-11-20",
        "end_date": "2023-01-10",
        "sample_interval": "15min",
        "statistics": ["p95", "mean"],
    }
)
SCENARIOS = {"classic": MIXED, "realistic": REALISTIC}
COMPONENTS = "tables/components"


@pytest.fixture
def fleetsynth_(tmp_path: Path) -> Fleetsynth:
    """The command line, run in an empty folder."""
    return Fleetsynth(tmp_path)


@pytest.fixture(scope="module", params=SCENARIOS)
def scenario(request: pytest.FixtureRequest) -> Scenario:
    """One of each packaged preset."""
    return SCENARIOS[request.param]


@pytest.fixture(scope="module")
def digests(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The digests of the data and of their components, in files."""
    path = tmp_path_factory.mktemp("single") / "fleet.parquet"
    made = fleetsynth.generate(scenario, path, components=True)
    tables = ["components", "events"] if has_events(made.plan) else ["components"]
    beside = [f"fleet.tables/{name}.parquet" for name in tables]
    assert sorted(files_in(path.parent)) == ["fleet.parquet", *beside]
    return {"data": made.digest, "components": made.tables["components"].digest}


def make(scenario: Scenario, folder: Path, **options: Any) -> dict[str, str]:
    """Generate a folder with components; return its digests, as the manifest tells them."""
    settings = {"part_bytes": PART_BYTES, "tables": ["components"], **options}
    if "engine" not in settings:
        settings["workers"] = 1
    made = generate_folder(scenario, str(folder), **settings)
    if not made.committed:
        return {}
    manifest = manifest_of(folder)
    assert made.tables["components"].digest == manifest["tables"]["components"]["digest"]
    return {"data": made.digest, "components": manifest["tables"]["components"]["digest"]}


def hundredths(table: pa.Table, name: str) -> NDArray[np.int64]:
    """A column in whole hundredths."""
    found: NDArray[np.int64] = np.rint(table[name].to_numpy() * 100).astype(np.int64)
    return found


# What is made


@pytest.mark.parametrize("keys", PARTITIONS)
def test_each_table_has_the_digest_that_it_has_in_a_file(
    scenario: Scenario, digests: dict[str, str], tmp_path: Path, keys: tuple[str, ...]
) -> None:
    folder = tmp_path / "fleet"
    assert make(scenario, folder, partition_by=keys) == digests
    assert digest_in(folder) == digests["data"]
    assert fleetsynth.digest(folder) == digests["data"]
    assert fleetsynth.digest(folder / COMPONENTS) == digests["components"]
    assert len(parts_in(folder)) > 1
    assert verify(str(folder), regenerate=2).findings == []
    beside = {path.relative_to(folder / "data") for path in parts_in(folder)}
    there = {p.relative_to(folder / COMPONENTS) for p in (folder / COMPONENTS).rglob("*.parquet")}
    assert there == beside


def test_parts_add_up_to_the_data_as_they_are_read(scenario: Scenario, tmp_path: Path) -> None:
    plan, folder = resolve(scenario), tmp_path / "fleet"
    make(scenario, folder)
    components = model(scenario.preset).components
    assert components is not None
    order = [("server_id", "ascending"), ("timestamp", "ascending")]
    data, parts = (
        ds.dataset(folder / where).to_table().sort_by(order) for where in ("data", COMPONENTS)
    )
    assert parts.select(["server_id", "timestamp"]) == data.select(["server_id", "timestamp"])
    for metric, names in zip(plan.metrics, components.names(plan), strict=True):
        total = sum(hundredths(parts, f"{metric.column}_{name}") for name in names)
        assert np.array_equal(total, hundredths(data, metric.column))
    samples = {name for name in parts.schema.names if name.endswith("_sample")}
    assert samples == {
        f"{m.column}_sample"
        for m in plan.metrics
        if scenario.preset == "realistic" and m.statistic == "p95"
    }
    for name in samples:
        assert parts.schema.field(name).type == pa.int32()
        assert 0 <= min(parts[name].to_pylist()) < max(parts[name].to_pylist()) < 96


@pytest.mark.parametrize("ending", [".csv", ".jsonl.zst", ".arrow"])
def test_a_table_is_of_the_format_of_its_data(
    scenario: Scenario, digests: dict[str, str], tmp_path: Path, ending: str
) -> None:
    made = fleetsynth.generate(scenario, tmp_path / f"fleet{ending}", components=True)
    path = tmp_path / "fleet.tables" / f"components{ending}"
    assert made.tables["components"].url == str(path)
    assert made.tables["components"].bytes == path.stat().st_size
    assert digest_file(path) == digests["components"]
    make(scenario, tmp_path / "parts", file_format=ending)
    assert fleetsynth.digest(tmp_path / "parts" / COMPONENTS) == digests["components"]


def test_a_run_into_files_that_fails_leaves_no_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several tables lie beside the data, and the first of them has made their folder."""

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    fleet: dict[str, Any] = {"preset": "realistic", "num_servers": 2, "end_date": "2022-01-20"}
    every: dict[str, Any] = {"components": True, "labels": True}
    with pytest.raises(KeyboardInterrupt):
        fleetsynth.generate(fleet, tmp_path / "new" / "a.parquet", **every, progress=interrupt)
    assert list(tmp_path.iterdir()) == []

    def refuse(path: Path, *arguments: Any, **options: Any) -> Sink:
        if path.name == "a.parquet":
            raise OutputError("no room")
        return open_sink(path, *arguments, **options)

    monkeypatch.setattr(single_file, "open_sink", refuse)
    with pytest.raises(OutputError, match="no room"):
        fleetsynth.generate(fleet, tmp_path / "a.parquet", **every)
    assert list(tmp_path.iterdir()) == []


def test_the_data_are_the_same_with_and_without(scenario: Scenario, tmp_path: Path) -> None:
    for name, tables in (("with", ["components"]), ("without", [])):
        make(scenario, tmp_path / name, tables=["components"]) if tables else generate_folder(
            scenario, str(tmp_path / name), part_bytes=PART_BYTES, workers=1
        )
    with_them, without = (told_in(tmp_path / name) for name in ("with", "without"))
    happening = has_events(resolve(scenario))
    formats = (4, 4) if happening else (3, 2)
    assert (with_them.pop("format"), without.pop("format")) == formats
    del with_them["tables"]
    for name in CARD:  # it tells of all tables
        assert with_them["files"].pop(name) != without["files"].pop(name)
    for part in with_them["parts"]:
        del part["tables"]
    assert with_them == without
    assert not (tmp_path / "without" / "tables").exists()


# Rows that fill no rectangle


def test_components_of_rows_that_need_not_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing, repeated and late rows have parts, and places, of their own."""
    lives = model("lives")

    def parts(plan: Plan, window: Window) -> Parts:
        block = lives.simulate(plan, window)
        halves = block.values // 2
        return Parts(
            block,
            tuple(
                {"half": Part(h), "rest": Part(v - h)}
                for h, v in zip(halves, block.values, strict=True)
            ),
            (halves[0] % 7, *[None] * (len(halves) - 1)),
        )

    telling = replace(
        lives,
        components=Components(
            names=lambda plan: (("half", "rest"),) * len(plan.metrics),
            placed=lambda plan: (True, *[False] * (len(plan.metrics) - 1)),
            make=parts,
        ),
    )
    monkeypatch.setattr(tables_of, "model_of", lambda _: telling)
    of_lives = load_scenario({"preset": "lives", "num_servers": 20})
    path = tmp_path / "fleet.parquet"
    made = fleetsynth.generate(of_lives, path, components=True)
    rows = pq.read_table(tmp_path / "fleet.tables" / "components.parquet")
    assert rows.num_rows == made.rows < made.plan.cells
    assert digest_file(tmp_path / "fleet.tables" / "components.parquet") == (
        made.tables["components"].digest
    )
    folder = make(of_lives, tmp_path / "fleet", partition_by=["year", "month"])
    assert folder == {"data": made.digest, "components": made.tables["components"].digest}
    assert verify(str(tmp_path / "fleet"), regenerate=3).findings == []


# However it is made


def test_several_processes_make_the_same(
    scenario: Scenario, digests: dict[str, str], tmp_path: Path
) -> None:
    assert make(scenario, tmp_path / "fleet", engine=LocalEngine(2)) == digests


def test_a_run_that_failed_goes_on(
    scenario: Scenario, digests: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "fleet"
    with pytest.raises(OutputError, match="go on with resume=True"):
        make(scenario, folder, engine=LocalEngine(1, make=makers.failing_always), part_bytes=4_000)
    whole = len(parts_in(folder))
    assert whole > 0
    assert len(list((folder / COMPONENTS).glob("*.parquet"))) == whole
    (folder / COMPONENTS / "part-00000.parquet").write_bytes(b"damaged")
    made = generate_folder(
        scenario, str(folder), tables=["components"], part_bytes=4_000, workers=1, resume=True
    )
    assert made.made == made.parts - whole + 1
    assert {"data": made.digest, "components": made.tables["components"].digest} == digests
    assert verify(str(folder)).findings == []


def test_shards_make_one_dataset(
    scenario: Scenario, digests: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "fleet"
    for number in (1, 2):
        assert make(scenario, folder, shard=Shard(number, 2)) == {}
    manifest = commit(str(folder))
    assert manifest["tables"]["components"]["digest"] == digests["components"]
    assert verify(str(folder)).findings == []


def test_a_run_with_other_tables_is_another_run(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    make(MIXED, folder, shard=Shard(1, 2))
    with pytest.raises(UsageError, match=r"tables was \['components'\], now \[\]"):
        generate_folder(MIXED, str(folder), part_bytes=PART_BYTES, workers=1, resume=True)
    make(MIXED, folder, resume=True)
    before = files_in(folder)
    with pytest.raises(ExistsError, match=r"tables was \['components'\], now \[\]"):
        generate_folder(MIXED, str(folder), part_bytes=PART_BYTES, workers=1)
    assert files_in(folder) == before
    assert make(MIXED, folder)["data"] == digest_in(folder)  # already there, unchanged
    generate_folder(MIXED, str(folder), part_bytes=PART_BYTES, workers=1, overwrite=True)
    assert not (folder / "tables").exists()
    with pytest.raises(ExistsError, match=r"tables was \[\], now \['components'\]"):
        make(MIXED, folder)


# What is found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with components, to do with as one likes."""
    make(MIXED, tmp_path / "fleet")
    return tmp_path / "fleet"


NAME = f"{COMPONENTS}/part-00002.parquet"


def test_a_changed_part_of_a_value_is_named_by_server_and_month(folder: Path) -> None:
    rows = pq.read_table(folder / NAME)
    value = rows["mem_p95_noise"][200].as_py()
    write(folder / NAME, changed(rows, "mem_p95_noise", 200, round(value + 0.01, 2)))
    server, month = rows["server_id"][200].as_py(), rows["timestamp"][200].as_py()
    (path, message), *more = found(folder)
    assert (path, more) == (NAME, [])
    assert message == f"the part has changed: {server} in {month:%Y-%m}"
    write(folder / NAME, rows.slice(0, 100))
    ((path, message),) = found(folder)
    assert path == NAME
    assert message.startswith("the part has changed: ")


def test_files_of_a_table_are_missed_and_strangers_are_found(folder: Path) -> None:
    (folder / NAME).rename(folder / COMPONENTS / "part-00009.parquet")
    stranger = f"{COMPONENTS}/part-00009.parquet"
    hint = f"this part is missing; {stranger} has its content: was it renamed?"
    assert sorted(found(folder)) == [(NAME, hint), (stranger, "this file is not in the manifest")]
    (folder / stranger).rename(folder / NAME)
    pq.write_table(pq.read_table(folder / NAME), folder / NAME, compression="none")
    assert found(folder) == [(NAME, "the file was written again, with the same values")]


def test_what_the_manifest_says_of_tables_is_compared(folder: Path) -> None:
    path = folder / "manifest.json"
    right = path.read_bytes()

    def damaged(change: Callable[[dict[str, Any]], Any]) -> str:
        path.write_bytes(right)
        edit(path, change)
        try:
            return "\n".join(f"{name}: {message}" for name, message in found(folder))
        except InputError as error:
            return str(error)

    def of_table(values: dict[str, Any]) -> Any:
        return values["tables"]["components"]

    assert "the digest of components" in damaged(lambda v: of_table(v).update(digest="0" * 64))
    assert "schema" in damaged(lambda v: of_table(v)["schema"].pop())
    assert "extra" in damaged(lambda v: of_table(v).update(extra=1))
    assert "components" in damaged(lambda v: v["tables"].pop("components"))
    assert "tables is not a list" in damaged(lambda v: v["tables"].update(others={}))
    assert "says nothing of components" in damaged(lambda v: v["parts"][0].pop("tables"))
    assert "format is 2" in damaged(lambda v: v.update(format=2))
    sizes = damaged(lambda v: v["parts"][1]["tables"]["components"].update(size=1))
    assert sizes.startswith(f"{COMPONENTS}/part-00001.parquet: size is 1: expected ")
    outside = {"components": {"path": "../../etc/passwd"}}
    assert "tables that are not files beside it" in damaged(
        lambda v: v["parts"][0].update(tables=outside)
    )
    with pytest.raises(InputError, match="not files beside it"):
        fleetsynth.digest(folder / COMPONENTS)


def test_somebodys_tables_are_none_of_our_business(tmp_path: Path) -> None:
    """In a folder without further tables, as in all that older versions made."""
    generate_folder(MIXED, str(tmp_path / "fleet"), part_bytes=PART_BYTES, workers=1)
    mine = tmp_path / "fleet" / COMPONENTS / "part-00000.parquet"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    result = verify(str(tmp_path / "fleet"))
    assert result.findings == []
    assert result.notes == ["tables/ does not belong to the dataset: it was not checked"]
    generate_folder(
        MIXED, str(tmp_path / "fleet"), part_bytes=PART_BYTES, workers=1, overwrite=True
    )
    assert mine.read_bytes() == b"mine"


# Files beside a file


def written(path: Path, **options: Any) -> Any:
    """Generate a few rows."""
    small = {"num_servers": 2, "end_date": "2022-01-05"}
    return fleetsynth.generate(small | options.pop("say", {}), path, **options)


def test_a_file_that_is_there_is_left_alone_whichever_it_is(tmp_path: Path) -> None:
    path, table = tmp_path / "fleet.csv", tmp_path / "fleet.tables" / "components.csv"
    written(path, components=True)
    before = path.read_bytes(), table.read_bytes()
    for components in (True, False):
        with pytest.raises(ExistsError, match="exists: choose another name"):
            written(path, components=components, say={"seed": 5})
    assert (path.read_bytes(), table.read_bytes()) == before
    path.unlink()
    with pytest.raises(ExistsError, match=f"{table} exists: choose another name"):
        written(path, components=True)
    with pytest.raises(ExistsError, match="would be taken for a table of"):
        written(path)
    assert files_in(tmp_path) == ["fleet.tables/components.csv"]
    written(path, components=True, overwrite=True)
    assert (path.read_bytes(), table.read_bytes()) == before


def test_no_table_outlives_the_data_that_it_was_made_with(tmp_path: Path) -> None:
    path = tmp_path / "fleet.parquet"
    first = written(path, components=True)
    again = written(path, components=True, overwrite=True, say={"seed": 5})
    assert digest_file(tmp_path / "fleet.tables" / "components.parquet") == (
        again.tables["components"].digest
    )
    assert again.tables["components"].digest != first.tables["components"].digest
    mine = tmp_path / "fleet.tables" / "mine.txt"
    mine.write_text("mine")
    other = written(tmp_path / "fleet.csv", components=True)
    written(path, overwrite=True)
    assert files_in(tmp_path) == [
        "fleet.csv",
        "fleet.parquet",
        "fleet.tables/components.csv",
        "fleet.tables/mine.txt",
    ]
    assert other.tables["components"].digest == digest_file(
        tmp_path / "fleet.tables" / "components.csv"
    )


@pytest.mark.parametrize("place", [1, 2])
def test_of_two_files_neither_appears_if_one_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    real, calls = AtomicFile.commit, iter(range(1, 9))

    def full(self: AtomicFile, *stale: Any) -> int:
        if next(calls) == place:
            raise OutputError("no room for it")
        return real(self, *stale)

    monkeypatch.setattr(AtomicFile, "commit", full)
    with pytest.raises(OutputError, match="no room"):
        written(tmp_path / "new" / "fleet.parquet", components=True)
    assert files_in(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_data_that_replaced_others_stay_if_their_table_cannot_appear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "fleet.parquet"
    old, digest = written(path).digest, written(tmp_path / "new.parquet", say={"seed": 7}).digest
    real, calls = AtomicFile.commit, iter(range(1, 9))

    def fails_later(self: AtomicFile, *stale: Any) -> int:
        if next(calls) == 2:
            raise OutputError("no room for it")
        return real(self, *stale)

    monkeypatch.setattr(AtomicFile, "commit", fails_later)
    with pytest.raises(OutputError, match="no room"):
        written(path, say={"seed": 7}, components=True, overwrite=True)
    assert files_in(tmp_path) == ["fleet.parquet", "new.parquet"]
    assert digest_file(path) == digest != old


# What is refused


def test_a_model_that_does_not_tell_says_so(tmp_path: Path, fleetsynth_: Fleetsynth) -> None:
    for path in (f"{tmp_path}/fleet.parquet", f"{tmp_path}/fleet/"):
        with pytest.raises(UsageError, match="'sine' does not say what its values are made of"):
            fleetsynth.generate({"preset": "sine"}, path, components=True)
    assert files_in(tmp_path) == []
    ran = fleetsynth_("generate", "--preset", "sine", "--components", "-o", "x.csv")
    assert (ran.code, ran.out) == (2, "")
    assert "--components has nothing to write" in ran.err


def test_standard_output_takes_one_table(fleetsynth_: Fleetsynth) -> None:
    ran = fleetsynth_("generate", "--components", "-o", "-", "--format", "csv")
    assert (ran.code, ran.out) == (2, "")
    assert "--components is a second file" in ran.err


# The command line


def test_the_command_says_what_it_wrote(tmp_path: Path, fleetsynth_: Fleetsynth) -> None:
    small = ("generate", "--servers", "2", "--end", "2022-01-05", "--components", "--json")
    for output, table in (
        ("fleet.csv", "fleet.tables/components.csv"),
        ("fleet/", "fleet/tables/components"),
    ):
        ran = fleetsynth_(*small, "-o", output)
        assert ran.code == 0, ran.err
        said = json.loads(ran.out)["tables"]["components"]
        assert said["path"] == table
        assert said["digest"] == fleetsynth_("digest", table).out.split()[0]
        assert said["bytes"] == sum(
            p.stat().st_size
            for p in [tmp_path / table, *(tmp_path / table).rglob("*")]
            if p.is_file()
        )


def test_a_file_called_as_the_folder_of_tables_is_somebodys(tmp_path: Path) -> None:
    small = {"num_servers": 1, "end_date": "2022-01-01"}
    (tmp_path / "a.tables").write_text("mine")
    for overwrite in (False, True):
        fleetsynth.generate(small, tmp_path / "a.csv", overwrite=overwrite)
        with pytest.raises(OutputError, match=r"cannot write .*components\.csv: Not a directory"):
            fleetsynth.generate(small, tmp_path / "a.csv", overwrite=True, components=True)
    assert (tmp_path / "a.tables").read_text() == "mine"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.csv", "a.tables"]
