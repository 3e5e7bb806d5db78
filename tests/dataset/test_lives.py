"""Fleets that grow and retire, of both presets: rows only while a server lives, counted as made."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import fleetsynth
from fleetsynth import pipeline
from fleetsynth.clock import epoch_day
from fleetsynth.folders.engines.local import LocalEngine
from fleetsynth.folders.folder import Shard, commit
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.job import Job, make_part
from fleetsynth.folders.part_record import PartRecord
from fleetsynth.folders.verify import verify
from fleetsynth.plan import Plan
from fleetsynth.presets import as_plan, simulate
from fleetsynth.preview.samples import samples
from fleetsynth.reader.digests import digest_path
from fleetsynth.size import estimate
from fleetsynth.tables.digest import root
from fleetsynth.tables.plan_digest import PlanDigest
from tests.dataset.folders import manifest_of, parts_in
from tests.e2e.command import Fleetsynth
from tests.support import NullSink, digest_of, plain_table
from tests.unit.test_digest_definition import transcribed

LIVES = {
    "num_servers": 12,
    "assignment": "interleaved",
    "fleet_growth": {"per_month": 1, "steps": [{"date": "2023-03-26", "servers": 4}]},
    "retire": {"mean_years": 0.5},
    "start_date": "2023-01-17",
    "end_date": "2023-04-20",
}
CLASSIC = {"granularity": "3h"} | LIVES
REALISTIC = {
    "preset": "realistic",
    "granularity": "6h",
    "sample_interval": "1h",
    "growth_start": "2023-01-01",
} | (LIVES | {"assignment": "drawn"})
SCENARIOS = {"classic": CLASSIC, "realistic": REALISTIC}
"""Months, a change of clocks, a span that begins within a month; one with an earlier origin."""
PART_BYTES = {"classic": 20_000, "realistic": 24_000}
each_preset = pytest.mark.parametrize("preset", SCENARIOS)


@cache
def plan_of(preset: str) -> Plan:
    return as_plan(SCENARIOS[preset])


@cache
def table_of(preset: str) -> pa.Table:
    return plain_table(plan_of(preset))


@cache
def digest(preset: str) -> str:
    return digest_of(plan_of(preset))


def _folder(path: Path, preset: str, **options: Any) -> Any:
    options = {"part_bytes": PART_BYTES[preset], "workers": 1} | options
    return generate_folder(plan_of(preset).scenario, str(path), **options)


def _without_lives(plan: Plan) -> Plan:
    return replace(plan, fleet=replace(plan.fleet, lives=None))


def _lived(plan: Plan, table: pa.Table) -> pa.Table:
    """The rows of lives, from those of servers that are always there: by their dates alone."""
    begin, end = plan.fleet.days_of_life(0, plan.fleet.size) or ((), ())
    rows = []
    for server, time in zip(
        table["server_id"].to_pylist(), table["timestamp"].to_pylist(), strict=True
    ):
        index, day = int(server.removeprefix("server_")), epoch_day(time.date())
        rows.append(bool(begin[index] <= day < end[index]))
    return table.filter(pa.array(rows))


# Rows


@each_preset
def test_rows_are_those_of_days_of_life_and_no_other(preset: str) -> None:
    # Nothing befalls who is not there, so the whole fleet is looked at with nothing happening.
    quiet = as_plan(SCENARIOS[preset] | {"incidents": {"intensity": 0}})
    whole = plain_table(_without_lives(quiet))
    assert whole.num_rows == quiet.cells
    assert plain_table(quiet).equals(_lived(quiet, whole))


@each_preset
def test_there_are_as_many_rows_as_days_of_life(preset: str) -> None:
    plan = plan_of(preset)
    assert table_of(preset).num_rows == plan.rows
    assert plan.cells / 3 < table_of(preset).num_rows < plan.cells
    first, born, retired = plan.comings_and_goings or (0, 0, 0)
    assert (first, born) == (12, 7) if preset == "classic" else (first >= 10 and born > 5)
    assert retired > 3


@each_preset
@pytest.mark.parametrize("batch_rows", [97, 5_000])
def test_the_digest_does_not_depend_on_the_cut(preset: str, batch_rows: int) -> None:
    plan, sink = plan_of(preset), NullSink()
    outcome = pipeline.run(plan, sink, batch_rows=batch_rows)
    assert (outcome.digest, outcome.rows) == (digest(preset), table_of(preset).num_rows)
    assert outcome.rows == sink.rows == plan.rows
    collected = PlanDigest(plan)
    for window in pipeline.windows(plan, batch_rows):
        collected.update(simulate(plan, window))
    assert root(collected.leaves) == digest(preset)


@each_preset
def test_the_digest_is_the_defined_one(preset: str) -> None:
    assert transcribed(table_of(preset))[0] == digest(preset)


@each_preset
@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_a_file_has_the_rows_and_the_digest(tmp_path: Path, preset: str, ending: str) -> None:
    result = fleetsynth.generate(plan_of(preset), tmp_path / f"lives{ending}", components=True)
    assert (result.digest, result.rows) == (digest(preset), plan_of(preset).rows)
    assert digest_path(result.path) == digest(preset)
    of_table = result.tables["components"]
    assert digest_path(Path(of_table.url)) == of_table.digest
    if ending == ".parquet":
        assert pq.read_table(result.path).equals(table_of(preset))
        assert not any(field.nullable for field in pq.read_schema(result.path))
        parts = pq.read_table(of_table.url)
        for column in (metric.column for metric in plan_of(preset).metrics):
            names = [name for name in parts.column_names if name.startswith(f"{column}_")]
            total = sum(
                np.rint(parts[name].to_numpy() * 100).astype(np.int64)
                for name in names
                if not name.endswith("sample")
            )
            assert np.array_equal(total, np.rint(table_of(preset)[column].to_numpy() * 100))


def test_statistics_are_of_the_rows_that_there_are(tmp_path: Path) -> None:
    found = fleetsynth.generate(CLASSIC, tmp_path / "lives.parquet").statistics
    for name, by_column in found.items():
        rows = table_of("classic").filter(pc.equal(table_of("classic")["server_type"], name))
        for column, moments in by_column.items():
            assert moments.mean == pytest.approx(pc.mean(rows[column]).as_py())


# Larger and longer


@pytest.mark.parametrize(
    "base",
    [
        {"growth": {"span": ["2022-01-01", "2022-12-31"]}},
        {"preset": "realistic", "sample_interval": "1h", "growth_start": "2022-01-01"},
    ],
    ids=["classic", "realistic"],
)
@pytest.mark.parametrize("grows", [False, True], ids=["retire", "retire and grow"])
def test_a_small_short_dataset_is_in_a_large_long_one(base: dict[str, Any], *, grows: bool) -> None:
    """With growth of the same first servers: who is born when depends on how many these are."""
    said = base | {"assignment": "interleaved", "retire": {"mean_years": 1.5}}
    if grows:
        said |= {"fleet_growth": {"per_month": 2}}
    one = as_plan(said | {"num_servers": 64, "end_date": "2022-12-31"})
    size = 64 if grows else 400
    other = as_plan(said | {"num_servers": size, "end_date": "2023-12-31"})
    small = plain_table(one)
    servers = np.arange(one.fleet.size)
    large = plain_table(replace(other, fleet=other.fleet.select(servers)))
    kept = large.filter(
        pc.less(large["timestamp"], pa.scalar(datetime(2023, 1, 1), pa.timestamp("us")))
    )
    if base.get("preset"):  # services of a larger fleet are the same, but for the last
        assert small.drop_columns(["service"]).equals(kept.drop_columns(["service"]))
    else:
        assert small.equals(kept)
    assert large.num_rows > small.num_rows
    for mine, theirs in zip(
        one.fleet.days_of_life(0, len(servers)) or (),
        other.fleet.days_of_life(0, len(servers)) or (),
        strict=True,
    ):
        assert np.array_equal(mine, theirs)


# Folders


@each_preset
def test_a_folder_counts_the_rows_that_its_parts_have(tmp_path: Path, preset: str) -> None:
    result = _folder(tmp_path, preset, workers=2, tables=("components",))
    manifest, rows = manifest_of(tmp_path), [
        pq.read_metadata(path).num_rows for path in parts_in(tmp_path)
    ]  # fmt: skip
    assert [part["rows"] for part in manifest["parts"]] == rows
    assert manifest["rows"] == result.rows == sum(rows) == plan_of(preset).rows
    assert len(rows) > 3
    assert manifest["digest"] == result.digest == digest(preset) == digest_path(tmp_path)
    assert verify(str(tmp_path), regenerate=2).findings == []


@each_preset
@pytest.mark.parametrize("keys", [("year", "month"), ("region", "server_type")])
def test_partitions_have_the_same_rows(tmp_path: Path, preset: str, keys: tuple[str, ...]) -> None:
    result = _folder(tmp_path, preset, partition_by=keys)
    assert (result.digest, result.rows) == (digest(preset), plan_of(preset).rows)
    assert verify(str(tmp_path), regenerate=1).findings == []


@each_preset
def test_shards_and_a_stopped_run_add_up(tmp_path: Path, preset: str) -> None:
    rows = sum(_folder(tmp_path / "s", preset, shard=Shard(n, 3)).rows for n in (1, 2, 3))
    assert commit(str(tmp_path / "s"))["rows"] == rows == plan_of(preset).rows
    assert manifest_of(tmp_path / "s")["digest"] == digest(preset)

    def fails(job: Job, index: int, *_: object) -> PartRecord:
        if index == 2:
            raise fleetsynth.OutputError("no more")
        return make_part(job, index)

    with pytest.raises(fleetsynth.OutputError, match="2 of"):
        _folder(tmp_path / "r", preset, engine=LocalEngine(1, make=fails))
    result = _folder(tmp_path / "r", preset, resume=True)
    assert (result.digest, result.rows_of_whole) == (digest(preset), plan_of(preset).rows)


def test_parts_without_a_living_server_are_empty(tmp_path: Path) -> None:
    late = CLASSIC | {"num_servers": 1, "fleet_growth": {"per_month": 2}, "retire": None}
    result = generate_folder(as_plan(late).scenario, str(tmp_path), part_bytes=20_000, workers=1)
    rows = [pq.read_metadata(path).num_rows for path in parts_in(tmp_path)]
    assert 0 in rows
    assert result.rows == sum(rows)
    assert verify(str(tmp_path), regenerate=1).findings == []
    assert fleetsynth.validate(tmp_path).ok


@each_preset
def test_the_servers_have_their_dates(tmp_path: Path, preset: str) -> None:
    _folder(tmp_path, preset)
    servers = pq.read_table(tmp_path / "servers.parquet").to_pylist()
    assert len(servers) == plan_of(preset).fleet.size
    rows = table_of(preset)
    begin, end = plan_of(preset).clock.start, plan_of(preset).clock.end
    for server in servers:
        there = pc.filter(rows["timestamp"], pc.equal(rows["server_id"], server["server_id"]))
        days = {time.date() for time in there.to_pylist()}
        if days:
            assert min(days) == max(begin, server["commissioned"])
            assert server["retired"] > max(days)
            assert (server["retired"] <= end) == (max(days) < end)
        else:
            assert server["retired"] <= begin
    born = [server["commissioned"] for server in servers[12:]]
    assert born == sorted(born)
    assert born.count(date(2023, 3, 26)) >= 4


def test_servers_that_never_retire_have_no_date_of_it(tmp_path: Path) -> None:
    said = {"num_servers": 3, "end_date": "2022-02-01", "assignment": "interleaved"}
    for keys, names in (
        ({"fleet_growth": {"per_month": 2}}, ["commissioned", "retired"]),
        ({}, []),
    ):
        folder = tmp_path / f"{len(keys)}"
        generate_folder(as_plan(said | keys).scenario, str(folder), workers=1)
        servers = pq.read_table(folder / "servers.parquet")
        assert servers.column_names[5:] == names
        if names:
            assert servers["retired"].null_count == len(servers) == 5
        assert verify(str(folder)).findings == []


def test_other_dates_than_those_of_the_scenario_are_found(tmp_path: Path) -> None:
    _folder(tmp_path, "classic")
    path = tmp_path / "servers.parquet"
    table = pq.read_table(path)
    pq.write_table(
        table.set_column(6, "retired", table["retired"].take([1, *range(1, len(table))])), path
    )
    (finding,) = verify(str(tmp_path)).findings
    assert finding.message.startswith("retired of server_000 is ")


# What reads them


@each_preset
def test_validate_takes_a_planned_end_for_no_gap(tmp_path: Path, preset: str) -> None:
    path = fleetsynth.generate(plan_of(preset), tmp_path / "lives.parquet").path
    found = fleetsynth.validate(path)
    assert found.ok
    said = {verdict.name: verdict.found for verdict in found.verdicts}
    assert said["gaps"] == "no tick is missing"
    assert said["order"] == "by server and time"
    assert said["servers"].endswith("of the scenario, and no other")
    rows = f"{plan_of(preset).rows:,} of {plan_of(preset).rows:,} rows"
    assert (
        said["regeneration"] == f"all {plan_of(preset).fleet.size} servers, {rows}, value by value"
    )


def _born(table: pa.Table) -> int:
    """The first row of the last server."""
    servers: list[str] = table["server_id"].to_pylist()
    return servers.index(servers[-1])


def _without(table: pa.Table, row: int) -> pa.Table:
    return pa.concat_tables([table.slice(0, row), table.slice(row + 1)])


DAMAGE: dict[str, tuple[Callable[[pa.Table], pa.Table], str]] = {
    "a row of a life is gone": (lambda t: _without(t, 5), "gaps"),
    "a life begins late": (lambda t: _without(t, _born(t)), "gaps"),
    "a life ends early": (lambda t: t.slice(0, t.num_rows - 1), "gaps"),
    "a server is gone": (lambda t: t.slice(0, _born(t)), "servers"),
    "a row twice": (lambda t: pa.concat_tables([t.slice(0, 6), t.slice(5)]), "duplicates"),
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGE)
def test_what_is_missing_of_a_life_is_a_fault(tmp_path: Path, what: str) -> None:
    path = fleetsynth.generate(CLASSIC, tmp_path / "lives.parquet").path
    damage, name = DAMAGE[what]
    table = pq.read_table(path)
    pq.write_table(damage(table).replace_schema_metadata(table.schema.metadata), path)
    assert name in {verdict.name for verdict in fleetsynth.validate(path).failed}


def test_rows_beyond_a_life_are_a_fault(tmp_path: Path) -> None:
    path = fleetsynth.generate(CLASSIC, tmp_path / "lives.parquet").path
    said = pq.read_schema(path).metadata
    whole = plain_table(_without_lives(plan_of("classic")))
    pq.write_table(whole.replace_schema_metadata(said), path)
    failed = {verdict.name: verdict.found for verdict in fleetsynth.validate(path).failed}
    assert {"timestamps", "regeneration"} <= failed.keys()
    assert "off the grid" in failed["timestamps"]


def test_a_manifest_that_counts_other_rows_is_found(tmp_path: Path) -> None:
    _folder(tmp_path, "classic")
    manifest = manifest_of(tmp_path)
    manifest["parts"][0]["rows"] += 1
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert any("rows is" in str(each) for each in verify(str(tmp_path)).findings)


@each_preset
def test_facts_and_report_read_them(tmp_path: Path, preset: str) -> None:
    path = fleetsynth.generate(plan_of(preset), tmp_path / "lives.parquet").path
    assert fleetsynth.facts(path).servers == len(pc.unique(table_of(preset)["server_id"]))
    fleetsynth.report(path, tmp_path / "report.html")


def test_capacity_says_that_a_retired_server_has_ended(tmp_path: Path) -> None:
    said = {"num_servers": 30, "start_date": "2022-01-01", "end_date": "2023-06-30"}
    plan = as_plan(said | {"retire": {"mean_years": 2}})
    path = fleetsynth.generate(plan, tmp_path / "lives.parquet").path
    status: dict[str, set[str]] = {}
    for row in fleetsynth.capacity(path).rows(by="server"):
        status.setdefault(row["name"], set()).add(row["status"])
    _, end = plan.fleet.days_of_life(0, 30) or ((), ())
    last = epoch_day(plan.clock.end)
    ended = {f"server_{i:03d}" for i in range(30) if end[i] <= last - 28}
    going = {f"server_{i:03d}" for i in range(30) if end[i] > last}
    assert all(status[name] <= {"ended", "too short"} for name in ended)
    assert sum("ended" in status[name] for name in ended) > 5 < len(going)
    assert not any("ended" in status[name] for name in going)


def test_previews_show_servers_that_live(tmp_path: Path) -> None:
    for preset in SCENARIOS:
        for sample in samples(plan_of(preset)):
            assert np.isfinite(sample.values["cpu_p95"]).any()
    (tmp_path / "lives.yaml").write_text(json.dumps(CLASSIC))
    for options in ((), ("-o", "lives.png")):
        assert Fleetsynth(tmp_path)("preview", "lives.yaml", *options).code == 0


# What the command line says


def test_plan_and_size_count_who_comes_and_goes(tmp_path: Path) -> None:
    size = estimate(CLASSIC)
    assert size.rows == plan_of("classic").rows
    assert (size.born, size.retired) == (plan_of("classic").comings_and_goings or ())[1:]
    (tmp_path / "lives.yaml").write_text(json.dumps(CLASSIC))
    command = Fleetsynth(tmp_path)
    told = json.loads(command("plan", "lives.yaml", "--json").out)
    assert (told["rows"], told["born"], told["retired"]) == (size.rows, size.born, size.retired)
    lines = [" ".join(line.split()) for line in command("plan", "lives.yaml").out.splitlines()]
    assert (
        f"lives 12 on the first day, {size.born} born later, {size.retired} retired by the end"
        in lines
    )
    assert not any("lives" in line for line in command("plan").out.splitlines())
    made = json.loads(command("generate", "lives.yaml", "-o", "lives.parquet", "--json").out)
    assert (made["rows"], made["servers"]) == (size.rows, plan_of("classic").fleet.size)
