"""Servers that are born, die and skip ticks: rows missing, repeated, late, without values.

The model is `tests/models/lives_model`; `tests/conformance/test_engines.py` has it on every engine.
"""

import json
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fleetsynth
from fleetsynth import pipeline
from fleetsynth.block import NULL_HUNDREDTHS, Block
from fleetsynth.folders.engines.local import LocalEngine
from fleetsynth.folders.folder import Shard, commit
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.job import Job, make_part
from fleetsynth.folders.part_record import PartRecord
from fleetsynth.folders.verify import verify
from fleetsynth.formats import FORMATS
from fleetsynth.presets import as_plan, simulate
from fleetsynth.presets.load import load_scenario
from fleetsynth.preview.samples import samples
from fleetsynth.reader.claims import ALWAYS, PER_ROW
from fleetsynth.reader.digests import digest_path
from fleetsynth.reader.file_digest import digest_file, file_leaves
from fleetsynth.size import estimate
from fleetsynth.tables.digest import root
from fleetsynth.tables.plan_digest import PlanDigest
from fleetsynth.tables.statistics import Statistics
from fleetsynth.window import Window
from tests.dataset.folders import manifest_of, parts_in
from tests.e2e.command import Fleetsynth
from tests.support import NullSink, digest_of, plain_table, whole
from tests.unit.test_digest_definition import transcribed

LIVES = load_scenario({"preset": "lives"})
PLAN = as_plan(LIVES)
TABLE = plain_table(PLAN)
DIGEST = digest_of(PLAN)
PART_BYTES = 10_000
METRICS = [metric.column for metric in PLAN.metrics]
KEYS = TABLE.select(["server_id", "timestamp"])


def _folder(path: Path, **options: Any) -> Path:
    generate_folder(LIVES, str(path), part_bytes=PART_BYTES, workers=1, **options)
    return path


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 48 parts, many of them without a row; only to be read."""
    return _folder(tmp_path_factory.mktemp("lives") / "fleet")


def test_the_model_has_all_that_these_tests_are_about() -> None:
    assert 1_000 < TABLE.num_rows < PLAN.cells / 2
    assert 0 < TABLE.num_rows - KEYS.group_by(KEYS.column_names).aggregate([]).num_rows < 100
    assert all(0 < TABLE[name].null_count < 100 for name in METRICS)
    assert KEYS.sort_by([("server_id", "ascending"), ("timestamp", "ascending")]) != KEYS
    months = {(server, month) for server, month in _digest(1_000).leaves}
    assert len(months) < 12 * 4


# Blocks


def test_rows_of_a_block_lie_in_its_window() -> None:
    window, values = Window(3, 5, 10, 14), np.zeros((5, 2), np.int32)
    good = Block(window, values, np.array([0, 1]), np.array([3, 0]))
    assert (good.rows, good.is_full, good.has_nulls) == (2, False, False)
    for server, tick in (([0, 2], [0, 0]), ([0, 1], [0, 4]), ([0, 1], [-1, 0]), ([0], [0])):
        with pytest.raises(ValueError, match=r"window|row"):
            Block(window, values, np.array(server), np.array(tick))
    with pytest.raises(ValueError, match="full rectangle"):
        Block(window, values)


def test_a_full_block_is_the_same_row_by_row() -> None:
    window = Window(0, 3, 100, 140)
    values = np.arange(5 * 120, dtype=np.int32).reshape(5, 3, 40)
    values[2, 1, 7] = NULL_HUNDREDTHS
    full = Block.full(window, values)
    server, tick, listed = full.listed()
    rows = Block(window, listed, server, tick)
    assert (full.rows, rows.rows) == (120, 120)
    assert full.has_nulls
    assert rows.has_nulls
    assert np.array_equal(full.grid(), rows.grid(), equal_nan=True)
    assert np.isnan(full.grid()[2, 1, 7])
    for collect in (PlanDigest, Statistics):
        one, other = collect(PLAN), collect(PLAN)
        moved = window._replace(first_tick=PLAN.clock.first, stop_tick=PLAN.clock.first + 40)
        one.update(Block.full(moved, values))
        other.update(Block(moved, listed, server, tick))
        if isinstance(one, Statistics) and isinstance(other, Statistics):
            assert one.moments() == other.moments()


# Digests


def _digest(batch_rows: int) -> PlanDigest:
    digest = PlanDigest(PLAN)
    for window in pipeline.windows(PLAN, batch_rows):
        digest.update(simulate(PLAN, window))
    return digest


@pytest.mark.parametrize("batch_rows", [7, 100, 353, 5_000])
def test_the_digest_does_not_depend_on_the_cut(batch_rows: int) -> None:
    assert root(_digest(batch_rows).leaves) == DIGEST
    sink = NullSink()
    outcome = pipeline.run(PLAN, sink, batch_rows=batch_rows)
    assert outcome.digest == DIGEST
    assert outcome.rows == sink.rows == TABLE.num_rows


def test_the_order_of_windows_of_different_servers_does_not_matter() -> None:
    random, digest = Random(5), PlanDigest(PLAN)
    first, stop = PLAN.clock.first, PLAN.clock.stop
    edges = sorted({first, stop, *(random.randint(first, stop) for _ in range(6))})
    todo = {server: list(pairwise(edges)) for server in range(PLAN.fleet.size)}
    while todo:
        server = random.choice(sorted(todo))
        digest.update(simulate(PLAN, Window(server, server + 1, *todo[server].pop(0))))
        if not todo[server]:
            del todo[server]
    assert root(digest.leaves) == DIGEST


def test_the_digest_is_the_defined_one() -> None:
    assert transcribed(TABLE)[0] == DIGEST


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_has_the_digest_of_the_plan(tmp_path: Path, ending: str) -> None:
    result = fleetsynth.generate(LIVES, tmp_path / f"lives{ending}")
    assert (result.digest, result.rows) == (DIGEST, TABLE.num_rows)
    assert file_leaves(result.path) == _digest(1_000).leaves
    assert fleetsynth.validate(result.path).rows == TABLE.num_rows


@pytest.mark.parametrize("group", [13, 100_000])
def test_files_have_it_whatever_the_order_of_their_rows(tmp_path: Path, group: int) -> None:
    path = tmp_path / "lives.parquet"
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(TABLE.num_rows)
        pq.write_table(TABLE.take(order), path, row_group_size=group)
        assert digest_file(path) == DIGEST


def test_repeated_rows_are_told_apart_by_every_column(tmp_path: Path) -> None:
    """Metrics first, then numbers, then texts; however they are cut into row groups."""
    path, size = tmp_path / "twice.parquet", 24
    random = Random(3)
    table = TABLE.take([0] * size)
    for name in ("cpu_p95", "quarter", "region", "net_in_p95"):
        kinds: dict[str, list[object]] = {
            "cpu_p95": [None, -1.0, 0.0, 2.5],
            "quarter": [3, 4],
            "region": [None, "", "b"],
        }
        values = [random.choice(kinds.get(name, [None, 1.0])) for _ in range(size)]
        at = table.column_names.index(name)
        table = table.set_column(at, name, pa.array(values, table[name].type))
    expected = transcribed(table)[0]
    for group in (1, 2, 5, size):
        pq.write_table(table.take(np.random.default_rng(group).permutation(size)), path,
                       row_group_size=group)  # fmt: skip
        assert digest_file(path) == expected
    pq.write_table(table.slice(1), path)
    assert digest_file(path) != expected


# Files and figures


def test_values_that_are_not_there_are_nulls_with_a_schema_that_says_so(tmp_path: Path) -> None:
    path = fleetsynth.generate(LIVES, tmp_path / "lives.parquet").path
    found = pq.read_schema(path)
    assert [field.name for field in found if field.nullable] == METRICS
    assert pq.read_table(path).equals(TABLE.cast(found))
    full = fleetsynth.generate({"num_servers": 1}, tmp_path / "full.parquet").path
    assert not any(field.nullable for field in pq.read_schema(full))


def test_numbers_beside_missing_ones_have_two_decimals_in_csv(tmp_path: Path) -> None:
    path = fleetsynth.generate(LIVES, tmp_path / "lives.csv").path
    cells = [line.split(",")[2] for line in path.read_text().splitlines()[1:]]
    assert cells.count("") == TABLE["cpu_p95"].null_count
    assert {len(cell) for cell in cells if cell} == {5}


def test_statistics_are_of_the_values_that_are_there(tmp_path: Path) -> None:
    found = fleetsynth.generate(LIVES, tmp_path / "lives.parquet").statistics
    frame = TABLE.to_pandas()
    for name, by_column in found.items():
        for column, moments in by_column.items():
            values = frame.loc[frame["server_type"] == name, column]
            assert moments.mean == pytest.approx(values.mean())
            assert moments.sd == pytest.approx(values.std(ddof=0))


def test_a_column_without_a_value_has_no_mean() -> None:
    statistics = Statistics(PLAN)
    window = whole(PLAN)._replace(stop_server=1)
    values = np.full((5, 1, PLAN.clock.count), 100, np.int32)
    values[1] = NULL_HUNDREDTHS
    statistics.update(Block.full(window, values))
    (moments,) = statistics.moments().values()
    assert moments["cpu_p95"].mean == 1.0
    assert np.isnan(moments["mem_p95"].mean)


def test_what_there_can_be_bounds_sizes() -> None:
    assert estimate(PLAN).rows == PLAN.cells > TABLE.num_rows


def test_progress_ends_with_all_cells(tmp_path: Path) -> None:
    seen: list[int] = []
    fleetsynth.generate(LIVES, tmp_path / "lives.parquet", progress=seen.append)
    assert seen[-1] == PLAN.cells
    _folder(tmp_path / "fleet", progress=seen.append)
    assert seen[-1] == PLAN.cells


# Folders


def test_a_folder_counts_the_rows_that_its_parts_have(fleet: Path) -> None:
    manifest = manifest_of(fleet)
    rows = [pq.read_metadata(path).num_rows for path in parts_in(fleet)]
    assert [part["rows"] for part in manifest["parts"]] == rows
    assert manifest["rows"] == sum(rows) == TABLE.num_rows
    assert manifest["digest"] == DIGEST
    assert rows.count(0) > 10
    empty = pq.read_table(parts_in(fleet)[rows.index(0)])
    assert empty.column_names == TABLE.column_names
    assert digest_path(fleet) == DIGEST
    assert verify(str(fleet), regenerate=len(rows)).findings == []


@pytest.mark.parametrize("keys", [("year", "month"), ("region", "server_type")])
def test_partitions_have_the_same_rows(tmp_path: Path, keys: tuple[str, ...]) -> None:
    result = generate_folder(
        LIVES, str(tmp_path), part_bytes=PART_BYTES, partition_by=keys, workers=2
    )
    assert result.digest == DIGEST
    assert result.rows == result.rows_of_whole == TABLE.num_rows
    assert verify(str(tmp_path), regenerate=3).findings == []


def test_a_stopped_run_goes_on(tmp_path: Path) -> None:
    def fails_late(job: Job, index: int, *_: object) -> PartRecord:
        if index == 20:
            raise fleetsynth.OutputError("no more")
        return make_part(job, index)

    with pytest.raises(fleetsynth.OutputError, match="20 of 48 parts are whole"):
        _folder(tmp_path, engine=LocalEngine(1, make=fails_late))
    seen: list[int] = []
    result = generate_folder(
        LIVES, str(tmp_path), part_bytes=PART_BYTES, workers=1, resume=True, progress=seen.append
    )
    assert (result.made, result.digest) == (28, DIGEST)
    assert 0 < result.rows < TABLE.num_rows
    assert seen[-1] == PLAN.cells
    assert verify(str(tmp_path)).findings == []


def test_shards_add_up(tmp_path: Path) -> None:
    rows = 0
    for number in (1, 2, 3):
        result = generate_folder(
            LIVES, str(tmp_path), part_bytes=PART_BYTES, workers=1, shard=Shard(number, 3)
        )
        assert result.to_dict()["rows"] is None  # nobody knows before all parts are made
        rows += result.rows
    assert commit(str(tmp_path))["rows"] == rows == TABLE.num_rows
    assert manifest_of(tmp_path)["digest"] == DIGEST


def test_servers_that_are_not_born_make_a_folder_without_rows(tmp_path: Path) -> None:
    before = load_scenario(
        {"preset": "lives", "start_date": "2020-01-01", "end_date": "2020-02-01"}
    )
    result = generate_folder(before, str(tmp_path), part_bytes=PART_BYTES, workers=1)
    assert (result.rows, result.rows_of_whole, result.digest) == (0, 0, root({}))
    assert verify(str(tmp_path), regenerate=2).findings == []
    with pytest.raises(fleetsynth.InputError, match="has no rows"):
        digest_path(tmp_path)


DAMAGE = {
    "a row less": lambda table: table.slice(1),
    "a row twice": lambda table: pa.concat_tables([table, table.slice(3, 1)]),
    "a value for none": lambda table: table.set_column(
        2, "cpu_p95", table["cpu_p95"].fill_null(0.0)
    ),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_rows_that_are_not_the_recorded_ones_are_found(tmp_path: Path, what: str) -> None:
    folder = _folder(tmp_path / "fleet")
    path = next(
        path for path in parts_in(folder)
        if (metadata := pq.read_table(path)).num_rows > 9 and metadata["cpu_p95"].null_count
    )  # fmt: skip
    pq.write_table(DAMAGE[what](pq.read_table(path)), path)
    (finding,) = verify(str(folder)).findings
    assert "the part has changed: server_" in finding.message


def test_a_manifest_that_counts_other_rows_is_found(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "fleet")
    manifest = manifest_of(folder)
    manifest["rows"] += 1
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert any(
        f"rows is {TABLE.num_rows + 1}" in str(each) for each in verify(str(folder)).findings
    )


# What reads them


def test_validate_takes_them_as_facts(fleet: Path) -> None:
    found = fleetsynth.validate(fleet)
    assert found.ok
    said = {verdict.name: verdict.found for verdict in found.verdicts}
    repeated = TABLE.num_rows - KEYS.group_by(KEYS.column_names).aggregate([]).num_rows
    absent = PLAN.cells - TABLE.num_rows + repeated
    allowed = "as the scenario allows"
    assert said["gaps"] == f"{absent:,} ticks are missing, {allowed}"
    assert said["duplicates"].startswith(f"{repeated} rows repeat the server and timestamp")
    assert said["duplicates"].endswith(allowed)
    assert said["order"].endswith(f"not in order of server and time, {allowed}")
    assert said["missing values"].endswith(f"are missing, {allowed}")
    assert said["regeneration"] == f"all 12 servers, {TABLE.num_rows:,} rows, value by value"


@pytest.mark.parametrize("what", DAMAGE)
def test_validate_finds_rows_that_the_scenario_does_not_make(tmp_path: Path, what: str) -> None:
    path = fleetsynth.generate(LIVES, tmp_path / "lives.parquet").path
    table = pq.read_table(path)
    pq.write_table(DAMAGE[what](table).replace_schema_metadata(table.schema.metadata), path)
    assert [verdict.name for verdict in fleetsynth.validate(path).failed] == ["regeneration"]


def test_without_such_a_scenario_they_are_faults(tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "foreign.parquet")
    failed = {verdict.name for verdict in fleetsynth.validate(tmp_path / "foreign.parquet").failed}
    assert {"order", "duplicates", "gaps", "missing values"} <= failed


def test_a_plan_of_far_more_cells_than_rows_is_no_claim_of_theirs(tmp_path: Path) -> None:
    few = {"preset": "lives", "num_servers": 1_500, "granularity": "hourly"}
    few |= {"start_date": "2022-10-15", "end_date": "2022-10-25"}
    result = fleetsynth.generate(few, tmp_path / "few.parquet")
    assert PER_ROW * result.rows < result.plan.cells > ALWAYS
    assert fleetsynth.validate(result.path).ok


def test_facts_and_report_read_them(fleet: Path, tmp_path: Path) -> None:
    assert fleetsynth.facts(fleet).servers == 12
    fleetsynth.report(fleet, tmp_path / "report.html")
    assert f'"rows": {TABLE.num_rows}' in (tmp_path / "report.html").read_text().replace(
        '"rows":', '"rows": '
    )


def test_previews_show_what_is_there(tmp_path: Path) -> None:
    for sample in samples(PLAN):
        values = sample.values["cpu_p95"]
        assert 0 < np.isnan(values).sum() < len(values)
    fleetsynth_ = Fleetsynth(tmp_path)
    for options in ((), ("-o", "lives.png")):
        assert fleetsynth_("preview", "--preset", "lives", *options).code == 0


def test_the_command_line_says_how_many_rows_there_are(tmp_path: Path) -> None:
    command = Fleetsynth(tmp_path)
    ran = command("generate", "--preset", "lives", "-o", "fleet/", "--part-size", "10kB", "--json")
    assert json.loads(ran.out)["rows"] == TABLE.num_rows
    assert command("plan", "--preset", "lives").out.splitlines()[0].split(maxsplit=1)[1].startswith(
        f"up to {PLAN.cells:,} of 18 columns"
    )  # fmt: skip
