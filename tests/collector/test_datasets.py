"""Data that are collected badly in files and folders: digests, parts, runs, verification."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fleetsynth
from fleetsynth import pipeline
from fleetsynth.folders.engines.local import LocalEngine
from fleetsynth.folders.folder import Shard, commit
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.job import make_part
from fleetsynth.folders.verify import verify
from fleetsynth.formats.read import read_batches
from fleetsynth.presets import simulate
from fleetsynth.reader.file_digest import OutOfOrderError, any_leaves, leaves
from fleetsynth.size import estimate
from fleetsynth.tables.digest import root
from fleetsynth.tables.plan_digest import PlanDigest
from tests.collector.fleets import ALL, PRESETS, WINTER, faulty, ledger_of, sorted_rows, table_of
from tests.dataset.folders import manifest_of, parts_in
from tests.support import digest_of
from tests.unit.test_digest_definition import transcribed

if TYPE_CHECKING:
    from pathlib import Path

    from fleetsynth.plan import Plan

PART_BYTES = 100_000


@cache
def plan_of(preset: str = "classic") -> Plan:
    return faulty(preset, num_servers=4)


@cache
def digest(preset: str = "classic") -> str:
    return digest_of(plan_of(preset))


def folder_of(path: Path, preset: str = "classic", **options: Any) -> Any:
    said = {"part_bytes": PART_BYTES, "workers": 1} | options
    return generate_folder(plan_of(preset).scenario, str(path), **said)


def test_the_digest_is_the_defined_one() -> None:
    assert _defined(plan_of()) == digest()


def _defined(plan: Plan) -> str:
    """The digest by its definition; times are whole numbers of microseconds."""
    table = table_of(plan)
    arrivals = table["ingested_at"].cast(pa.int64())
    return str(transcribed(table.set_column(table.num_columns - 1, "ingested_at", arrivals))[0])


@pytest.mark.parametrize("preset", PRESETS)
def test_the_digest_does_not_depend_on_the_cut(preset: str) -> None:
    """Windows end within months, within faults, and within what clocks are wrong by."""
    plan = plan_of(preset)
    for batch_rows in (97, 1_000, 4_416 * 2):
        found = PlanDigest(plan)
        for window in pipeline.windows(plan, batch_rows):
            found.update(simulate(plan, window))
        assert root(found.leaves) == digest(preset)


def test_stamps_that_go_back_over_the_end_of_a_window() -> None:
    skew = {"clock_skew": {"per_day": 2.0, "hours": [3, 30], "size": [60_000, 86_400]}}
    plan = faulty("classic", {"intensity": 1, **skew}, num_servers=2)
    right = _defined(plan)
    assert {digest_of(plan, batch_rows) for batch_rows in (50, 700, 100_000)} == {right}


@pytest.mark.parametrize(
    "ending", [".parquet", ".csv", ".csv.gz", ".arrow", ".jsonl", ".jsonl.zst"]
)
def test_every_format_carries_it(tmp_path: Path, ending: str) -> None:
    result = fleetsynth.generate(plan_of(), tmp_path / f"fleet{ending}")
    assert result.digest == digest()
    assert fleetsynth.digest(result.path) == digest()
    clean = fleetsynth.generate(plan_of(), tmp_path / f"clean{ending}", clean=True)
    assert clean.digest == result.clean_digest == digest_of(plan_of().clean)
    assert (clean.clean_digest, clean.plan.is_faulty) == ("", False)
    ledger = fleetsynth.events(result.path)
    assert len(ledger) == len(ledger_of(plan_of()))
    assert ledger.table["kind"].to_pylist().count("gap") > 100


@pytest.mark.parametrize("partitions", [(), ("date",)])
def test_days_are_appended_to_data_that_are_collected_badly(
    tmp_path: Path, partitions: tuple[str, ...]
) -> None:
    said = {"num_servers": 2, "start_date": "2024-01-28", "end_date": "2024-01-30"}
    folder, collected = f"{tmp_path}/fleet/", {"collector": ALL, "granularity": "30min"}
    fleetsynth.generate(said | collected, folder, partition_by=partitions, workers=1)
    for last in ("2024-01-31", "2024-02-02"):
        made = fleetsynth.append(folder, last, workers=1)
    growth = {"span": ["2024-01-28", "2024-01-30"]}
    one = said | collected | {"end_date": "2024-02-02", "growth": growth}
    wanted = fleetsynth.generate(one, tmp_path / "one.parquet")
    assert (made.digest, made.rows_of_whole) == (wanted.digest, wanted.rows)
    assert fleetsynth.digest(folder) == wanted.digest
    assert fleetsynth.events(folder).rows() == fleetsynth.events(wanted.path).rows()
    assert verify(folder, regenerate=100).findings == []


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_rows_that_are_late_beyond_their_piece_are_digested_too(
    tmp_path: Path, ending: str
) -> None:
    result = fleetsynth.generate(plan_of(), tmp_path / f"fleet{ending}")
    pieces = [
        batch.slice(first, 50)
        for batch in read_batches(result.path)
        for first in range(0, batch.num_rows, 50)
    ]
    with pytest.raises(OutOfOrderError):
        leaves(pieces)
    assert root(any_leaves(lambda: pieces)) == digest()


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".csv.gz", ".jsonl"])
def test_estimates_count_the_column_of_arrivals(tmp_path: Path, ending: str) -> None:
    plan = faulty("classic", {"intensity": 1}, granularity="hourly")
    with_it, without = (
        fleetsynth.generate(each, tmp_path / f"{each.is_faulty}{ending}")
        for each in (plan, plan.clean)
    )
    grown = with_it.bytes / with_it.rows - without.bytes / without.rows
    told = [estimate(each).bytes[ending] for each in (plan, plan.clean)]
    assert (told[0] - told[1]) / plan.cells == pytest.approx(grown, rel=1 / 3)


def test_a_folder_has_the_rows_of_a_file(tmp_path: Path) -> None:
    result = folder_of(tmp_path / "fleet", workers=2)
    manifest = manifest_of(tmp_path / "fleet")
    assert manifest["digest"] == result.digest == digest()
    assert manifest["clean_digest"] == result.clean_digest == digest_of(plan_of().clean)
    assert len(manifest["parts"]) > 3
    assert fleetsynth.digest(tmp_path / "fleet") == digest()
    assert verify(str(tmp_path / "fleet"), regenerate=2).findings == []
    tables = [pq.read_table(path) for path in parts_in(tmp_path / "fleet")]
    rows = sorted(row for table in tables for row in sorted_rows(table))
    assert rows == sorted_rows(table_of(plan_of()))


@pytest.mark.parametrize("keys", [("year", "month"), ("region",)])
def test_partitions_have_the_same_rows(tmp_path: Path, keys: tuple[str, ...]) -> None:
    """Parts end with months, and no stamp leaves its own."""
    result = folder_of(tmp_path, partition_by=keys)
    assert (result.digest, result.clean_digest) == (digest(), digest_of(plan_of().clean))
    assert verify(str(tmp_path), regenerate=1).findings == []


def test_a_stopped_run_goes_on_and_shards_add_up(tmp_path: Path) -> None:
    def fails_late(job: Any, index: int, *_: object) -> Any:
        if index == 2:
            raise fleetsynth.OutputError("no more")
        return make_part(job, index)

    with pytest.raises(fleetsynth.OutputError, match="2 of"):
        folder_of(tmp_path / "stopped", engine=LocalEngine(1, make=fails_late))
    again = folder_of(tmp_path / "stopped", resume=True)
    assert (again.digest, again.clean_digest) == (digest(), digest_of(plan_of().clean))
    for number in (1, 2):
        folder_of(tmp_path / "shards", shard=Shard(number, 2))
    assert commit(str(tmp_path / "shards"))["clean_digest"] == again.clean_digest


def test_verify_finds_another_row_and_another_fault(tmp_path: Path) -> None:
    folder_of(tmp_path)
    path = parts_in(tmp_path)[0]
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)
    ledger = tmp_path / "events.parquet"
    rows = pq.read_table(ledger)
    pq.write_table(rows.slice(1), ledger)
    found = {finding.path: finding.message for finding in verify(str(tmp_path)).findings}
    assert "the part has changed: server_000 in 2024-01" in found["data/part-00000.parquet"]
    assert "events.parquet" in found


def test_further_tables_are_of_the_rows_that_there_are(tmp_path: Path) -> None:
    result = fleetsynth.generate(
        plan_of(), tmp_path / "fleet.parquet", components=True, labels=True
    )
    assert result.digest == digest()
    keys = ["server_id", "timestamp"]
    data, labels, parts = (
        pq.read_table(path, columns=keys)
        for path in (result.path, result.tables["labels"].url, result.tables["components"].url)
    )
    assert labels.equals(data)
    assert parts.num_rows == 4 * plan_of().clock.count
    for name in ("labels", "components"):
        assert fleetsynth.digest(result.tables[name].url) == result.tables[name].digest


def test_two_workers_write_the_same_bytes(tmp_path: Path) -> None:
    for workers in (1, 2):
        fleetsynth.generate(plan_of(), tmp_path / f"{workers}.parquet", workers=workers)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()


BAD = {
    "intensity": ({"intensty": 1}, r"intensity"),
    "a kind": ({"intensity": 1, "gaps": {"per_day": 1}}, r"'gap'.*collector\.gaps"),
    "a key": ({"intensity": 1, "gap": {"perday": 1}}, r"'per_day'.*collector\.gap\.perday"),
    "hours": ({"gap": {"hours": [5, 1]}}, r"hours should be two numbers"),
    "size": ({"clock_skew": {"size": [5, 1e6]}}, r"size should be two numbers"),
    "no size": ({"gap": {"size": [1, 2]}}, r"collector\.gap\.size"),
    "single": ({"gap": {"single": 1.5}}, r"collector\.gap\.single"),
    "archetype": ({"gap": {"archetypes": {"wbe": 1}}}, r"'wbe'.*web.*collector\.gap\.archetypes"),
    "without": ({"intensity": 1, "without": ["gpa-server_001-20240101T0000"]}, r"gap.*without\.0"),
    "no such fault": (
        {"intensity": 1, "without": ["gap-server_001-20240101T0000"]}, r"gap-server_001.*without\.0"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_bad_settings_are_one_clear_error(what: str) -> None:
    said, message = BAD[what]
    with pytest.raises(fleetsynth.ScenarioError, match=message) as error:
        fleetsynth.load_scenario(WINTER | {"collector": said})
    assert len(error.value.problems) == 1


@pytest.mark.parametrize("ending", [".parquet", ".csv", "/"])
def test_validate_knows_the_column_of_arrivals(tmp_path: Path, ending: str) -> None:
    place = f"{tmp_path}/fleet{ending}"
    fleetsynth.generate(plan_of(), place)
    assert _schema_of(place) == ("ok", "19 columns, as the scenario says")


def test_validate_misses_the_column_of_arrivals(tmp_path: Path) -> None:
    place = tmp_path / "fleet.parquet"
    fleetsynth.generate(plan_of(), place)
    pq.write_table(pq.read_table(place).drop_columns("ingested_at"), place)
    assert _schema_of(str(place)) == ("fail", "ingested_at is missing")


def _schema_of(place: str) -> tuple[str, str]:
    found = fleetsynth.validate(place, scenario=plan_of().scenario)
    (schema,) = [verdict for verdict in found.verdicts if verdict.name == "schema"]
    return schema.status, schema.found
