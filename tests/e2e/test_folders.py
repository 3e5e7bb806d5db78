"""Dataset folders on the command line: `generate` to a folder, `commit`, `verify`, `plan`."""

import json
import re
from pathlib import Path

import pytest

from fleetsynth.folders.shards import INDEX_VARIABLES
from fleetsynth.size import in_bytes
from tests.e2e.command import SMALL, Fleetsynth, Within, contents

FLEET = ("--servers", "20", "--end", "2022-12-31")
"""Twenty servers for a year of days: 7,300 rows, seven parts of 10 kB."""

IN_PARTS = ("--part-size", "42kB", "--workers", "1")
JSON_KEYS = [
    "path",
    "rows",
    "columns",
    "servers",
    "start",
    "end",
    "granularity",
    "seconds",
    "rows_per_second",
    "bytes",
    "digest",
    "scenario_digest",
    "parts",
    "parts_made",
    "already_there",
]
WITHOUT_SCHEDULER = dict.fromkeys(INDEX_VARIABLES, "")


@pytest.fixture
def fleetsynth(within: Within) -> Fleetsynth:
    """The command line in this process: what is tested here is not how a process starts or ends."""
    return within


@pytest.fixture(scope="module")
def digest(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of the same fleet in a single file."""
    fleetsynth = Fleetsynth(tmp_path_factory.mktemp("single"))
    facts = fleetsynth.prints("generate", *FLEET, "-o", "fleet.parquet", "--json")
    return str(json.loads(facts)["digest"])


def manifest(folder: Path) -> dict[str, object]:
    """A folder's manifest."""
    values: dict[str, object] = json.loads((folder / "manifest.json").read_bytes())
    return values


def sizes(folder: Path) -> list[int]:
    """The size of each part."""
    return [path.stat().st_size for path in sorted((folder / "data").rglob("*.parquet"))]


# generate


def test_an_output_with_a_slash_at_its_end_is_a_folder(fleetsynth: Fleetsynth, digest: str) -> None:
    out = fleetsynth.prints("generate", *FLEET, "-o", "new/fleet/", *IN_PARTS)
    folder = fleetsynth.folder / "new" / "fleet"
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "croissant.json",
        "data",
        "manifest.json",
        "scenario.yaml",
        "servers.parquet",
    ]
    lines = {line.split()[0]: line.split(maxsplit=1)[1] for line in out.splitlines()}
    assert list(lines) == ["rows", "servers", "span", "folder", "made", "time", "digest"]
    assert lines["rows"] == "7,300 of 18 columns"
    assert lines["servers"] == "20: 7 web, 8 application, 3 database, 2 batch"
    assert lines["span"] == "2022-01-01 to 2022-12-31, daily"
    size = in_bytes(sum(sizes(folder)))
    assert lines["folder"] == f"new/fleet/ ({len(sizes(folder))} parts, {size})"
    assert lines["made"] == f"{len(sizes(folder))} parts, 7,300 rows"
    assert re.fullmatch(r"\d+\.\d\d s, [\d,]+ rows/s", lines["time"])
    assert lines["digest"] == digest == manifest(folder)["digest"]


def test_json_has_the_documented_keys_and_agrees_with_the_manifest(
    fleetsynth: Fleetsynth, digest: str
) -> None:
    out = fleetsynth.prints("generate", *FLEET, "-o", "fleet/", *IN_PARTS, "--json")
    assert out.count("\n") == 1
    facts = json.loads(out)
    folder = fleetsynth.folder / "fleet"
    assert list(facts) == JSON_KEYS
    assert facts["path"] == "fleet/"
    assert facts["rows"] == manifest(folder)["rows"] == 20 * 365
    assert facts["columns"] == 18
    assert facts["servers"] == 20
    assert (facts["start"], facts["end"]) == ("2022-01-01", "2022-12-31")
    assert facts["granularity"] == "daily"
    assert facts["bytes"] == sum(sizes(folder))
    assert facts["digest"] == manifest(folder)["digest"] == digest
    assert facts["scenario_digest"] == manifest(folder)["scenario_digest"]
    assert facts["parts"] == facts["parts_made"] == len(sizes(folder))
    assert facts["seconds"] > 0
    assert facts["rows_per_second"] > 0


def test_a_quiet_run_prints_nothing(fleetsynth: Fleetsynth) -> None:
    assert fleetsynth.prints("generate", *SMALL, "-o", "fleet/", "--quiet") == ""
    assert fleetsynth.prints("verify", "fleet") == "fleet: ok\n"


def test_a_folder_that_is_there_needs_no_slash(fleetsynth: Fleetsynth) -> None:
    (fleetsynth.folder / "fleet").mkdir()
    fleetsynth.prints("generate", *SMALL, "-o", "fleet", "--quiet")
    assert fleetsynth.prints("verify", "fleet") == "fleet: ok\n"


@pytest.mark.parametrize("keys", [",", "year,,month", ",year"])
def test_partitions_without_a_key(fleetsynth: Fleetsynth, keys: str) -> None:
    ran = fleetsynth("generate", *FLEET, "-o", "fleet/", "--partition-by", keys)
    assert (ran.code, ran.out) == (2, "")
    assert "nothing stands beside a comma; expected year,month" in ran.err
    assert not (fleetsynth.folder / "fleet").exists()


@pytest.mark.parametrize("keys", ["year,month", " server_type , year ", "region,"])
def test_partitions_are_named_by_their_keys(fleetsynth: Fleetsynth, digest: str, keys: str) -> None:
    fleetsynth.prints(
        "generate", *FLEET, "-o", "fleet/", "--partition-by", keys, "--workers", "1", "--quiet"
    )
    names = [key.strip() for key in keys.split(",") if key.strip()]
    folder = fleetsynth.folder / "fleet"
    found = sorted((folder / "data").rglob("*.parquet"))
    assert len(found) > 1
    for path in found:
        nested = path.parent.relative_to(folder / "data").parts
        assert [part.split("=")[0] for part in nested] == names
    assert manifest(folder)["digest"] == digest


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("regoin", "cannot partition by 'regoin' (did you mean 'region'?)"),
        ("month", "partition by year as well as by month: year,month"),
        ("region,region", "a partition key is named twice: region, region"),
    ],
)
def test_partitions_that_cannot_be_are_refused(
    fleetsynth: Fleetsynth, keys: str, message: str
) -> None:
    ran = fleetsynth("generate", *SMALL, "-o", "fleet/", "--partition-by", keys)
    assert (ran.code, ran.out, ran.err) == (2, "", f"error: {message}\n")
    assert contents(fleetsynth.folder) == {}


def test_a_key_whose_column_is_left_out_is_refused(fleetsynth: Fleetsynth) -> None:
    ran = fleetsynth(
        "generate", *SMALL, "-o", "fleet/", "--partition-by", "region", "--no-metadata"
    )
    assert ran.code == 2
    assert ran.err == "error: cannot partition by region: the scenario leaves that column out\n"


@pytest.mark.parametrize(("size", "parts"), [("190kB", 1), ("92 kB", 2), ("1GB", 1), ("2MB", 1)])
def test_the_size_of_parts_can_be_chosen(fleetsynth: Fleetsynth, size: str, parts: int) -> None:
    out = fleetsynth.prints(
        "generate", *FLEET, "-o", "fleet/", "--part-size", size, "--workers", "1", "--json"
    )
    assert json.loads(out)["parts"] == len(sizes(fleetsynth.folder / "fleet")) == parts


@pytest.mark.parametrize("size", ["", "10", "0MB", "-1MB", "1.5MB", "10 XB", "MB", "1e3kB"])
def test_a_size_that_cannot_be_is_refused(fleetsynth: Fleetsynth, size: str) -> None:
    ran = fleetsynth("generate", *SMALL, "-o", "fleet/", "--part-size", size)
    assert (ran.code, ran.out) == (2, "")
    assert f"--part-size {size}: expected a whole number of kB, MB, GB or TB" in ran.err
    assert contents(fleetsynth.folder) == {}


@pytest.mark.slow
def test_any_number_of_workers_makes_the_same(fleetsynth: Fleetsynth, digest: str) -> None:
    command = ("generate", *FLEET, "-o", "fleet/", "--part-size", "65kB", "--json")
    for workers in ((), ("--workers", "2")):
        out = fleetsynth.prints(*command, *workers, "--overwrite")
        assert json.loads(out)["digest"] == digest


@pytest.mark.parametrize("workers", ["0", "-1", "two"])
def test_a_number_of_workers_that_cannot_be_is_refused(
    fleetsynth: Fleetsynth, workers: str
) -> None:
    ran = fleetsynth("generate", *SMALL, "-o", "fleet/", "--workers", workers)
    assert ran.code == 2
    assert "--workers" in ran.err
    assert contents(fleetsynth.folder) == {}


def test_what_is_there_is_replaced_only_when_that_is_asked_for(fleetsynth: Fleetsynth) -> None:
    fleetsynth.prints("generate", *FLEET, "-o", "fleet/", *IN_PARTS, "--quiet")
    before = contents(fleetsynth.folder)
    ran = fleetsynth("generate", *SMALL, "-o", "fleet/")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "error: fleet holds a dataset: choose another name, or --overwrite (end_date was "
        "2022-12-31, now 2022-01-31; num_servers was 20, now 4; part_bytes was 42000, now "
        "256000000)\n"
    )
    assert contents(fleetsynth.folder) == before
    fleetsynth.prints("generate", *SMALL, "-o", "fleet/", "--overwrite", "--quiet")
    assert len(sizes(fleetsynth.folder / "fleet")) == 1
    assert fleetsynth.prints("verify", "fleet") == "fleet: ok\n"


def test_other_files_are_refused_even_with_overwrite(fleetsynth: Fleetsynth) -> None:
    (fleetsynth.folder / "fleet").mkdir()
    (fleetsynth.folder / "fleet" / "mine.txt").write_text("mine")
    before = contents(fleetsynth.folder)
    for more in ((), ("--overwrite",), ("--resume",), ("--shard", "1/2")):
        ran = fleetsynth("generate", *SMALL, "-o", "fleet/", *more)
        assert ran.code == 1
        assert "mine.txt" in ran.err
    assert contents(fleetsynth.folder) == before


# Going on


def test_a_run_is_resumed_and_says_what_it_made(fleetsynth: Fleetsynth, digest: str) -> None:
    fleetsynth.prints("generate", *FLEET, "-o", "fleet/", *IN_PARTS, "--shard", "2/3", "--quiet")
    there = len(sizes(fleetsynth.folder / "fleet"))
    ran = fleetsynth("generate", *FLEET, "-o", "fleet/", *IN_PARTS)
    assert ran.code == 1
    assert ran.err.startswith("error: fleet holds an unfinished run: go on with --resume")
    command = ("generate", *FLEET, "-o", "fleet/", *IN_PARTS, "--resume", "--json")
    facts = json.loads(fleetsynth.prints(*command))
    assert facts["digest"] == digest
    assert facts["parts_made"] == facts["parts"] - there > 0
    again = json.loads(fleetsynth.prints(*command))
    assert (again["digest"], again["parts_made"]) == (digest, 0)


def test_to_resume_something_else_is_refused_with_the_difference_named(
    fleetsynth: Fleetsynth,
) -> None:
    fleetsynth.prints("generate", *FLEET, "-o", "fleet/", *IN_PARTS, "--shard", "1/2", "--quiet")
    before = contents(fleetsynth.folder)
    ran = fleetsynth(
        *("generate", *FLEET, "-o", "fleet/", *IN_PARTS, "--resume"),
        *("--seed", "7", "--partition-by", "year"),
    )
    assert (ran.code, ran.out) == (2, "")
    assert "partition_by was [], now ['year']; seed was 42, now 7" in ran.err
    assert ran.err.count("\n") == 1
    assert contents(fleetsynth.folder) == before


@pytest.mark.parametrize("more", [("--resume",), ("--shard", "1/2")])
def test_to_begin_anew_and_to_go_on_is_a_contradiction(
    fleetsynth: Fleetsynth, more: tuple[str, ...]
) -> None:
    ran = fleetsynth("generate", *SMALL, "-o", "fleet/", "--overwrite", *more)
    assert ran.code == 2
    assert f"--overwrite starts again, {more[0]} goes on" in ran.err
    assert contents(fleetsynth.folder) == {}


# Shards


def test_shards_and_a_commit_make_the_whole(fleetsynth: Fleetsynth, digest: str) -> None:
    command = ("generate", *FLEET, "-o", "fleet/", *IN_PARTS, "--shard")
    first = json.loads(fleetsynth.prints(*command, "2/2", "--json"))
    assert (first["digest"], first["bytes"]) == (None, None)
    assert 0 < first["parts_made"] < first["parts"]

    early = fleetsynth("commit", "fleet")
    assert (early.code, early.out) == (1, "")
    absent = first["parts"] - first["parts_made"]
    assert early.err.startswith(
        f"error: {absent} of {first['parts']} parts are missing at fleet "
        "(data/part-00000.parquet, data/part-00002.parquet, data/part-00004.parquet, ...)"
    )
    assert not (fleetsynth.folder / "fleet" / "manifest.json").exists()

    out = fleetsynth.prints(*command, "1/2")
    assert f"fleet/ ({first['parts']} parts, not committed)" in out
    assert f"made      {absent} parts, " in out
    assert "when it is committed: fleetsynth commit" in out

    assert fleetsynth.prints("commit", "fleet/") == f"{digest}  fleet/: 7,300 rows\n"
    assert fleetsynth.prints("verify", "fleet") == "fleet: ok\n"
    facts = json.loads(fleetsynth.prints("commit", "fleet", "--json"))
    assert facts == {
        "path": "fleet",
        "parts": first["parts"],
        "digest": digest,
        "rows": 7300,
        "scenario_digest": first["scenario_digest"],
    }


def test_the_number_of_a_shard_can_come_from_a_scheduler(
    fleetsynth: Fleetsynth, digest: str
) -> None:
    for index, variable in enumerate(INDEX_VARIABLES):
        env = WITHOUT_SCHEDULER | {variable: str(index)}
        command = ("generate", *FLEET, "-o", "fleet/", *IN_PARTS, "--quiet")
        assert fleetsynth.prints(*command, "--shard", "auto/3", env=env) == ""
    assert fleetsynth.prints("commit", "fleet").startswith(digest)


@pytest.mark.parametrize("shard", ["3/2", "0/2", "two", "auto/2", "1/0"])
def test_a_shard_that_cannot_be_is_refused(fleetsynth: Fleetsynth, shard: str) -> None:
    ran = fleetsynth("generate", *SMALL, "-o", "fleet/", "--shard", shard, env=WITHOUT_SCHEDULER)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: --shard ")
    assert contents(fleetsynth.folder) == {}


def test_there_is_nothing_to_commit_where_nothing_is(fleetsynth: Fleetsynth) -> None:
    ran = fleetsynth("commit", "fleet")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "error: fleet holds no run that could be committed\n"
    assert contents(fleetsynth.folder) == {}


# verify


def test_a_changed_folder_is_found_out(fleetsynth: Fleetsynth) -> None:
    fleetsynth.prints("generate", *FLEET, "-o", "fleet/", *IN_PARTS, "--quiet")
    assert fleetsynth.prints("verify", "fleet", "--regenerate", "2") == "fleet: ok\n"
    first, second, *_ = sorted((fleetsynth.folder / "fleet" / "data").iterdir())
    first.rename(first.with_name("part-first.parquet"))
    second.unlink()
    ran = fleetsynth("verify", "fleet")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.splitlines() == [
        "data/part-00000.parquet: this part is missing; data/part-first.parquet has its content:"
        " was it renamed?",
        "data/part-00001.parquet: this part is missing",
        "data/part-first.parquet: this file is not in the manifest",
    ]
    found = json.loads(fleetsynth("verify", "fleet", "--json").out)
    assert (found["path"], found["ok"], len(found["findings"])) == ("fleet", False, 3)
    assert [f"{each['path']}: {each['message']}" for each in found["findings"]] == (
        ran.out.splitlines()
    )


# Options that only folders have


@pytest.mark.parametrize(
    "option",
    [
        ("--partition-by", "year"),
        ("--part-size", "1MB"),
        ("--resume",),
        ("--shard", "1/2"),
        ("--engine", "spark"),
        ("--master", "local[2]"),
    ],
)
def test_options_of_folders_are_refused_for_a_file(
    fleetsynth: Fleetsynth, option: tuple[str, ...]
) -> None:
    ran = fleetsynth("generate", *SMALL, "-o", "fleet.parquet", *option)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"error: {option[0]} is for folders: end the path with a slash\n"
    assert contents(fleetsynth.folder) == {}


def test_a_spark_master_needs_the_spark_engine(fleetsynth: Fleetsynth) -> None:
    ran = fleetsynth("generate", *SMALL, "-o", "fleet/", "--master", "local[2]")
    assert (ran.code, ran.out) == (2, "")
    assert "--master" in ran.err
    assert "--engine spark" in ran.err
    assert contents(fleetsynth.folder) == {}


def test_a_place_that_is_no_store_is_refused(fleetsynth: Fleetsynth) -> None:
    ran = fleetsynth("generate", *SMALL, "-o", "ftp://host/fleet/")
    assert (ran.code, ran.out) == (2, "")
    assert "use a folder, s3://, gs:// or az://" in ran.err
    assert contents(fleetsynth.folder) == {}


# plan


def test_a_plan_can_be_calibrated(fleetsynth: Fleetsynth) -> None:
    span = ("--servers", "2000", "--granularity", "hourly")
    plain = json.loads(fleetsynth.prints("plan", *SMALL, "--json"))
    assert not {"rows_per_cpu_second", "core_hours"} & set(plain)
    measured = json.loads(fleetsynth.prints("plan", *SMALL, "--calibrate", "--json"))
    assert set(measured) - set(plain) == {"rows_per_cpu_second", "core_hours"}
    assert {key: measured[key] for key in plain} == plain
    for facts in (measured, json.loads(fleetsynth.prints("plan", *span, "--calibrate", "--json"))):
        hours = facts["rows"] / facts["rows_per_cpu_second"] / 3600
        assert facts["core_hours"] == pytest.approx(hours, rel=1e-3)
    assert contents(fleetsynth.folder) == {}


def test_a_calibrated_plan_says_how_long_it_takes_on_many_cores(fleetsynth: Fleetsynth) -> None:
    span = ("--servers", "100000", "--granularity", "1min", "--start", "2024-01-01")
    out = fleetsynth.prints("plan", *span, "--end", "2024-12-31", "--calibrate")
    lines = {line.split()[0]: line.split(maxsplit=1)[1] for line in out.splitlines()}
    rate = re.fullmatch(r"([\d,]+) rows per second and core, measured here", lines["rate"])
    assert rate
    hours = 52_704_000_000 / int(rate[1].replace(",", "")) / 3600
    work = re.fullmatch(r"([\d.]+) core-hours: (.*) cores", lines["work"])
    assert work
    assert float(work[1]) == pytest.approx(hours, rel=0.01)
    cores = [entry.split(" on ")[1] for entry in work[2].split(", ")]
    assert cores == ["1", "2", "16", "64", "256"]
    assert lines["cost"].startswith(f"{work[1]} x price of a core-hour + ")
    assert lines["cost"].endswith(" x price of a GB stored")
