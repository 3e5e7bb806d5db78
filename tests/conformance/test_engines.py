"""What every engine must do: one digest, the same parts, and the same way to fail and go on.

A new engine joins by a line in `ENGINES`.
"""

import gc
import json
import multiprocessing
import os
import re
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import fleetsynth
from fleetsynth.errors import OutputError
from fleetsynth.folders.begin import begin
from fleetsynth.folders.engines.base import Engine
from fleetsynth.folders.engines.local import LocalEngine
from fleetsynth.folders.engines.spark import SparkEngine
from fleetsynth.folders.generate import generate_folder
from fleetsynth.folders.job import Job, make_part
from fleetsynth.folders.part_record import PartRecord
from fleetsynth.folders.verify import verify
from fleetsynth.presets import as_plan, resolve
from fleetsynth.presets.load import load_scenario
from fleetsynth.result import Result
from fleetsynth.spark import to_spark
from tests.dataset import makers
from tests.dataset.folders import (
    MIXED,
    PART_BYTES,
    PARTITIONS,
    digest_in,
    files_in,
    identities,
    only_whole_parts,
    parts_in,
    records_in,
    told_in,
)
from tests.docs import running
from tests.e2e.command import Fleetsynth
from tests.realistic_agreement import realistic
from tests.sinks.test_conformance import MORE, SMALL
from tests.sinks.test_ddl import statements
from tests.support import digest_of, plain_table

Make = Callable[..., PartRecord]

ROOT = Path(__file__).parents[2]
PLAN = resolve(MIXED)
PARTS = 6
LIVES: list[dict[str, Any]] = [
    {"preset": "lives"},
    {
        "num_servers": 20,
        "assignment": "interleaved",
        "fleet_growth": {"per_month": 3},
        "retire": {"mean_years": 1},
        "end_date": "2022-08-10",
        "capacity_columns": True,
        "absolute": True,
        "events": [{"kind": "resize", "at": "2022-05-01", "share": 0.5, "to_type": "m6i.4xlarge"}],
    },
]
"""Servers that come and go: by a model of their own, and by the keys of any scenario."""
COMPARED = [PARTITIONS[0], PARTITIONS[3]]
KEYS = ("region", "year")
"""By what other fleets are partitioned: that it makes no difference is what `COMPARED` is for."""

ENGINES: dict[str, Callable[[Make, Any], Engine]] = {
    "one process": lambda make, _: LocalEngine(1, make=make),
    "two processes": lambda make, _: LocalEngine(2, make=make),
    "Spark": lambda make, spark: SparkEngine(spark(), make=make),
}
WITH_WORKERS = ["two processes", "Spark"]
"""Engines whose parts are made in processes that can be lost without the run."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("Spark"),  # one session, and not one in every process that tests
    # pyspark 3.5 compares versions the old way, and leaves sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore:distutils Version classes:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


@pytest.fixture(scope="module")
def session() -> Iterator[Callable[[], Any]]:
    """Start Spark when it is first asked for; two workers, three attempts at a task."""
    started: list[Any] = []

    def start() -> Any:
        if not started:
            from pyspark.sql import SparkSession

            settings = {
                "spark.driver.bindAddress": "127.0.0.1",
                "spark.driver.host": "127.0.0.1",
                "spark.driver.memory": "512m",
                "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
                "spark.ui.enabled": "false",
                "spark.ui.showConsoleProgress": "false",
                "spark.sql.shuffle.partitions": "2",
                # Queries of a few rows are not worth a compiler.
                "spark.sql.codegen.wholeStage": "false",
                "spark.sql.codegen.factoryMode": "NO_CODEGEN",
                "spark.python.daemon.module": "tests.conformance.spark_workers",
            }
            builder = SparkSession.builder.master("local[2,3]")
            for name, value in settings.items():
                builder = builder.config(name, value)
            started.append(builder.getOrCreate())
            started[0].sparkContext.setLogLevel("OFF")
        return started[0]

    with pytest.MonkeyPatch.context() as patch:
        # Its workers must be this Python, and find the makers; paths may go beyond ASCII.
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("LC_ALL", "C.UTF-8")
        paths = (ROOT, ROOT / "src", ROOT / "tests" / "models")
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, paths)))
        yield start
        for spark in started:
            _end(spark)


def _end(spark: Any) -> None:
    """Stop a session, its JVM, and all connections to it."""
    from pyspark import SparkContext

    spark.stop()
    gateway: Any = SparkContext._gateway
    SparkContext._gateway = SparkContext._jvm = None
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def engine(request: pytest.FixtureRequest, session: Callable[[], Any]) -> Callable[[Make], Engine]:
    """The engine under test, given what makes a part."""
    return lambda make: ENGINES[request.param](make, session)


@pytest.mark.parametrize(
    ("engine", "file_format"),
    [("two processes", "csv.gz"), ("two processes", "arrow"), ("Spark", "jsonl")],
    indirect=["engine"],
)
def test_parts_of_any_format(
    engine: Callable[[Make], Engine], tmp_path: Path, file_format: str
) -> None:
    folders = [tmp_path / name for name in ("one", "other")]
    for folder, chosen in zip(folders, (LocalEngine(1), engine(make_part)), strict=True):
        generate_folder(
            MIXED,
            str(folder),
            part_bytes=4 * PART_BYTES,
            file_format=file_format,
            engine=chosen,
        )
    assert told_in(folders[0]) == told_in(folders[1])
    assert digest_in(folders[1]) == digest_of(PLAN)
    assert verify(str(folders[1])).findings == []


every_engine = pytest.mark.parametrize("engine", ENGINES, indirect=True)
every_engine_with_workers = pytest.mark.parametrize("engine", WITH_WORKERS, indirect=True)
EngineOf = Callable[[Make], Engine]


@every_engine
def test_the_table_of_events_is_there_whoever_makes_the_parts(
    engine: EngineOf, tmp_path: Path
) -> None:
    told = {"kind": "change", "at": "2022-12-01", "for": "2d", "every": "week", "disk": "+5"}
    eventful = load_scenario({"num_servers": 4, "end_date": "2022-12-31", "events": [told]})
    alone = fleetsynth.generate(eventful, tmp_path / "fleet.parquet")
    made = generate_folder(eventful, str(tmp_path / "fleet"), engine=engine(make_part))
    assert made.tables["events"].digest == alone.tables["events"].digest
    assert made.tables["events"].rows == alone.tables["events"].rows == 20
    assert verify(str(tmp_path / "fleet")).findings == []


@pytest.fixture(scope="module")
def digest() -> str:
    """The digest of the mixed scenario, made without any engine."""
    return digest_of(PLAN)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], dict[str, Any]]:
    """The manifest of the mixed scenario by partitions, as a loop over its parts makes it."""
    manifests = {}
    for keys in COMPARED:
        folder = tmp_path_factory.mktemp("reference") / "fleet"
        run(folder, LocalEngine(1), partition_by=keys)
        manifests[keys] = told_in(folder)
    return manifests


def run(folder: Path, engine: Engine, **options: Any) -> Result:
    """Generate the mixed scenario in six parts, or more if it is partitioned."""
    return generate_folder(MIXED, str(folder), part_bytes=PART_BYTES, engine=engine, **options)


def test_there_are_engines() -> None:
    assert len(ENGINES) >= 3
    assert set(WITH_WORKERS) < set(ENGINES)


# What is made


@every_engine
@pytest.mark.parametrize("keys", COMPARED)
def test_parts_and_digest_are_those_of_every_other_engine(
    tmp_path: Path,
    engine: EngineOf,
    digest: str,
    reference: dict[tuple[str, ...], dict[str, Any]],
    keys: tuple[str, ...],
) -> None:
    result = run(tmp_path / "fleet", engine(make_part), partition_by=keys)
    assert result.digest == digest
    assert (result.made, result.rows) == (result.parts, PLAN.cells)
    assert told_in(tmp_path / "fleet") == reference[keys]
    assert verify(str(tmp_path / "fleet")).findings == []


@every_engine
@pytest.mark.parametrize("indices", [[], [5, 0, 3]])
def test_an_engine_makes_the_parts_that_it_is_asked_for(
    tmp_path: Path, engine: EngineOf, indices: list[int]
) -> None:
    job = begin(Job.of(MIXED, str(tmp_path / "fleet"), part_bytes=PART_BYTES))
    records = list(engine(make_part).run(job, indices))
    assert sorted(record.index for record in records) == sorted(indices)
    assert [path.name for path in parts_in(tmp_path / "fleet")] == [
        f"part-{index:05d}.parquet" for index in sorted(indices)
    ]


@every_engine
def test_to_make_a_part_twice_does_no_harm(tmp_path: Path, engine: EngineOf, digest: str) -> None:
    assert run(tmp_path / "fleet", engine(makers.made_twice)).digest == digest
    assert len(parts_in(tmp_path / "fleet")) == PARTS


@every_engine
def test_a_realistic_fleet_has_one_digest_on_every_engine(tmp_path: Path, engine: EngineOf) -> None:
    plan = realistic(num_servers=10, start_date="2022-12-20", end_date="2023-01-10")
    folder = tmp_path / "fleet"
    result = generate_folder(
        plan.scenario,
        str(folder),
        part_bytes=17_000,
        partition_by=KEYS,
        engine=engine(make_part),
    )
    assert result.parts > 1
    assert result.digest == digest_of(plan)
    assert verify(str(folder), regenerate=1).findings == []


@every_engine
def test_a_further_table_has_one_digest_on_every_engine(
    tmp_path: Path, engine: EngineOf, digest: str
) -> None:
    beside = fleetsynth.generate(PLAN, tmp_path / "fleet.parquet", components=True)
    result = run(tmp_path / "fleet", engine(make_part), partition_by=KEYS, tables=["components"])
    assert result.digest == digest
    assert result.tables["components"].digest == beside.tables["components"].digest
    assert verify(str(tmp_path / "fleet"), regenerate=1).findings == []


@every_engine
@pytest.mark.parametrize(
    ("scenario", "keys", "part_bytes"),
    [(LIVES[0], (), PART_BYTES), (LIVES[1], KEYS, 15 * PART_BYTES)],
    ids=["of the model", "of the scenario"],
)
def test_a_fleet_of_lives_has_one_digest_and_count_on_every_engine(
    tmp_path: Path,
    engine: EngineOf,
    keys: tuple[str, ...],
    part_bytes: int,
    scenario: dict[str, Any],
) -> None:
    plan = as_plan(scenario)
    result = generate_folder(
        plan.scenario,
        str(tmp_path),
        part_bytes=part_bytes,
        partition_by=keys,
        engine=engine(make_part),
    )
    assert result.parts > 1
    assert result.digest == digest_of(plan)
    assert result.rows == result.rows_of_whole == plain_table(plan).num_rows < plan.cells
    assert verify(str(tmp_path), regenerate=1).findings == []


# Failures that pass


@every_engine_with_workers
def test_a_part_whose_worker_is_killed_is_made_again(
    tmp_path: Path, engine: EngineOf, digest: str
) -> None:
    folder = tmp_path / "fleet"
    result = run(folder, engine(makers.killed_once))
    assert (result.digest, result.made) == (digest, PARTS)
    assert makers.attempts(folder, makers.FAULTY) == 2
    assert [name for name in files_in(folder) if name.endswith(".tmp")] == []


@every_engine_with_workers
def test_many_workers_may_be_lost_as_long_as_every_part_succeeds_in_the_end(
    tmp_path: Path, engine: EngineOf, digest: str
) -> None:
    folder = tmp_path / "fleet"
    assert run(folder, engine(makers.killed_once_each)).digest == digest
    assert min(makers.attempts(folder, index) for index in range(PARTS)) == 2


@every_engine_with_workers
def test_a_worker_that_is_killed_after_it_published_does_no_harm(
    tmp_path: Path, engine: EngineOf, digest: str
) -> None:
    assert run(tmp_path / "fleet", engine(makers.killed_when_done)).digest == digest
    assert makers.attempts(tmp_path / "fleet", makers.FAULTY) == 2


@pytest.mark.parametrize("make", [makers.killed_once, makers.killed_when_done])
def test_a_run_that_is_its_own_worker_is_resumed_when_it_was_killed(
    tmp_path: Path, digest: str, make: Make
) -> None:
    # The engine with one process has no worker to lose: the run itself is killed.
    folder = tmp_path / "fleet"
    context = multiprocessing.get_context("spawn")
    child = context.Process(target=run, args=(folder, LocalEngine(1, make=make)))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    only_whole_parts(folder)
    result = run(folder, LocalEngine(1, make=make), resume=True)
    assert result.digest == digest
    assert result.made == PARTS - makers.FAULTY - (make is makers.killed_when_done)


@pytest.mark.parametrize("engine", ["Spark"], indirect=True)
def test_a_task_that_raises_once_is_tried_again(
    tmp_path: Path, engine: EngineOf, digest: str
) -> None:
    folder = tmp_path / "fleet"
    assert run(folder, engine(makers.failing_once)).digest == digest
    assert makers.attempts(folder, makers.FAULTY) == 2


# Failures that last


def settled(folder: Path, engine: Engine) -> int:
    """The number of parts in a folder when no task makes another one.

    Spark does not wait for the tasks under way. When it counts none, what it has given up may
    still run: that is given a second without a new part.
    """
    if isinstance(engine, SparkEngine):
        tracker = engine.session.sparkContext._jsc.sc().statusTracker()
        while any(each.numRunningTasks() for each in tracker.getExecutorInfos()):
            time.sleep(0.05)
    while True:
        before = len(records_in(folder))
        if not isinstance(engine, SparkEngine):
            return before
        time.sleep(1)
        if len(records_in(folder)) == before:
            return before


@pytest.mark.parametrize(
    ("engine", "successor"),
    [
        ("one process", "two processes"),
        ("one process", "Spark"),
        ("two processes", "one process"),
        ("Spark", "one process"),
        ("Spark", "Spark"),
    ],
    indirect=["engine"],
)
def test_a_lasting_failure_is_told_and_another_engine_goes_on(
    tmp_path: Path,
    engine: EngineOf,
    session: Callable[[], Any],
    digest: str,
    successor: str,
) -> None:
    folder = tmp_path / "fleet"
    failing = engine(makers.failing_always)
    with pytest.raises(OutputError) as failure:
        run(folder, failing)
    message = str(failure.value)
    whole = settled(folder, failing)
    assert "there is no room for this part" in message
    told = re.search(rf"\. (\d) of {PARTS} parts are whole; go on with resume=True$", message)
    assert told
    # What Spark's tasks under way still publish is a surplus; other engines have waited.
    assert int(told[1]) <= whole if isinstance(failing, SparkEngine) else int(told[1]) == whole
    assert "\n" not in message
    only_whole_parts(folder)
    before = identities(folder)
    assert before
    assert f"data/part-0000{makers.FAULTY}.parquet" not in before

    result = run(folder, ENGINES[successor](make_part, session), resume=True)
    assert result.digest == digest
    assert result.made == PARTS - len(before)
    assert {path: identities(folder)[path] for path in before} == before
    assert verify(str(folder)).findings == []


@every_engine_with_workers
def test_a_part_that_kills_every_worker_ends_the_run(
    tmp_path: Path, engine: EngineOf, digest: str
) -> None:
    folder = tmp_path / "fleet"
    failing = engine(makers.killed_always)
    with pytest.raises(OutputError) as failure:
        run(folder, failing)
    assert makers.attempts(folder, makers.FAULTY) == 3
    assert str(failure.value).endswith(" parts are whole; go on with resume=True")
    assert "\n" not in str(failure.value)
    settled(folder, failing)
    only_whole_parts(folder)
    before = identities(folder)
    assert f"data/part-0000{makers.FAULTY}.parquet" not in before
    result = run(folder, LocalEngine(1), resume=True)
    assert (result.digest, result.made) == (digest, PARTS - len(before))


@every_engine
def test_an_engine_completes_what_a_shard_began(
    tmp_path: Path, engine: EngineOf, digest: str
) -> None:
    with pytest.raises(OutputError):
        run(tmp_path / "fleet", LocalEngine(1, make=makers.failing_always))
    job = Job.of(MIXED, str(tmp_path / "fleet"), part_bytes=PART_BYTES)
    make_part(begin(job, resume=True), PARTS - 1)
    result = run(tmp_path / "fleet", engine(make_part), resume=True)
    assert (result.digest, result.made) == (digest, PARTS - makers.FAULTY - 1)


# Spark alone


@pytest.mark.parametrize("keys", [PARTITIONS[0], PARTITIONS[-1]])
def test_spark_reads_a_folder_as_it_stands(
    tmp_path: Path, session: Callable[[], Any], keys: tuple[str, ...]
) -> None:
    run(tmp_path / "fleet", LocalEngine(1), partition_by=keys)
    frame = session().read.parquet(str(tmp_path / "fleet" / "data"))
    assert set(frame.columns) == set(PLAN.columns)
    ((rows, total),) = frame.selectExpr("count(*)", "sum(rint(cpu_p95 * 100))").collect()
    expected = plain_table(PLAN)
    assert rows == PLAN.cells
    assert total == sum(round(value * 100) for value in expected["cpu_p95"].to_pylist())
    regions = expected["region"].to_pylist()
    counted = {row["region"]: row["count"] for row in frame.groupBy("region").count().collect()}
    assert counted == {name: regions.count(name) for name in set(regions)}


def test_a_spark_frame_has_the_rows_of_a_table(session: Callable[[], Any]) -> None:
    frame = to_spark(session(), MIXED, part_bytes=PART_BYTES)
    assert frame.rdd.getNumPartitions() == PARTS
    expected = plain_table(PLAN)
    assert frame.columns == expected.schema.names
    rows = [row.asDict() for row in frame.orderBy("server_id", "timestamp").collect()]
    assert rows == expected.to_pylist()


def test_a_spark_frame_of_lives_has_its_rows_and_nulls(session: Callable[[], Any]) -> None:
    frame = to_spark(session(), {"preset": "lives"}, part_bytes=PART_BYTES)
    assert frame.rdd.getNumPartitions() > 1
    expected = plain_table(as_plan({"preset": "lives"}))
    assert frame.columns == expected.column_names
    assert frame.count() == expected.num_rows
    assert frame.filter("cpu_p95 is null").count() == expected["cpu_p95"].null_count > 0


def test_a_spark_frame_needs_no_more_than_what_describes_a_scenario(
    session: Callable[[], Any],
) -> None:
    scenario = {"num_servers": 2, "end_date": "2022-01-03", "include_metadata": False}
    frame = to_spark(session(), scenario)
    assert frame.count() == 6
    assert "region" not in frame.columns


def test_spark_reads_the_tables_that_its_statements_say(
    tmp_path: Path, session: Callable[[], Any]
) -> None:
    spark = session()
    tables = ("server_metrics", "components", "labels", "servers", "events")
    days = ["year", "month", "day"]
    for name, partitions in (("flat", []), ("parted", ["region", *days]), ("dated", ["date"])):
        folder = tmp_path / name
        made = fleetsynth.generate(SMALL, folder, partition_by=partitions, workers=1, **MORE)
        for statement in statements(fleetsynth.ddl(folder, "spark")):
            spark.sql(statement)
        back = spark.table("server_metrics").drop("day", "date")  # no columns of the dataset
        back.write.parquet(str(tmp_path / f"{name}-back"))
        assert fleetsynth.digest(tmp_path / f"{name}-back") == made.digest
        rows = {table: spark.table(table).count() for table in tables}
        told = {t: pq.read_table(folder / f"{t}.parquet").num_rows for t in tables[3:]}
        assert rows == dict.fromkeys(tables[:3], made.rows) | told
        for table in tables:
            spark.sql(f"DROP TABLE {table}")
    parser = spark._jsparkSession.sessionState().sqlParser()
    for statement in statements(fleetsynth.ddl(folder, "athena", schema="a", location="s3://b/c/")):
        parser.parsePlan(statement)  # Hive's own words, which Spark knows
    with pytest.raises(Exception, match=r"(?i)parse"):
        parser.parsePlan("CREATE EXTERNAL TABLE a (`b` string) STORED PARQUET")


def test_the_page_of_the_cookbook(tmp_path: Path, session: Callable[[], Any]) -> None:
    session()
    running.run_page(ROOT / "docs" / "cookbook" / "spark.md", tmp_path)


def test_the_command_line_runs_on_spark(tmp_path: Path, digest: str) -> None:
    fleetsynth = Fleetsynth(tmp_path)
    (tmp_path / "mixed.yaml").write_text(json.dumps(MIXED.to_dict()))
    where = ("-o", "fleet/", "--part-size", "82kB")  # three parts
    spark = ("--engine", "spark", "--master", "local[2]", "--json")
    ran = fleetsynth(
        *("generate", "mixed.yaml", *where, *spark),
        env={
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
            # A short life is not worth a second compiler, nor a page about it.
            "SPARK_SUBMIT_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC "
            "-Dspark.ui.enabled=false -Dspark.sql.codegen.wholeStage=false",
        },
        fresh=True,
    )
    assert ran.code == 0, ran.err
    facts = json.loads(ran.out)
    assert (facts["digest"], facts["parts_made"]) == (digest, 2)
    assert digest_in(tmp_path / "fleet") == digest
