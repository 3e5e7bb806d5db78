"""``fleetsynth generate``: files, summaries, and which value wins."""

import json
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from fleetsynth import digest_file
from fleetsynth.formats import FORMATS
from fleetsynth.formats.read import read_batches
from fleetsynth.metrics import METRICS
from fleetsynth.presets import as_plan
from fleetsynth.presets.load import default_scenario
from fleetsynth.size import in_bytes
from fleetsynth.tables.frame import plain
from tests.e2e.command import SMALL, SMALL_SCENARIO, Fleetsynth, Within, contents

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
]


@pytest.fixture
def fleetsynth(within: Within) -> Fleetsynth:
    """The command line in this process: how it starts and ends is tested elsewhere."""
    return within


def test_there_are_formats() -> None:
    assert len(FORMATS) >= 5


@pytest.mark.parametrize("ending", FORMATS)
def test_a_quiet_run_writes_its_file_and_nothing_else(fleetsynth: Fleetsynth, ending: str) -> None:
    assert fleetsynth.prints("generate", *SMALL, "-o", f"fleet{ending}", "--quiet") == ""
    assert list(contents(fleetsynth.folder)) == [f"fleet{ending}"]
    rows = pa.Table.from_batches(read_batches(fleetsynth.folder / f"fleet{ending}"))
    assert rows.num_rows == 4 * 31
    assert rows.schema.names == list(as_plan(SMALL_SCENARIO).columns)


@pytest.mark.parametrize("ending", FORMATS)
def test_json_has_the_documented_keys_and_agrees_with_the_file(
    fleetsynth: Fleetsynth, ending: str
) -> None:
    out = fleetsynth.prints("generate", *SMALL, "-o", f"fleet{ending}", "--json")
    facts = json.loads(out)
    assert list(facts) == JSON_KEYS
    assert out.count("\n") == 1
    path = fleetsynth.folder / facts["path"]
    rows = pa.Table.from_batches(read_batches(path))
    times = rows["timestamp"].to_pylist()
    assert facts["path"] == f"fleet{ending}"
    assert facts["rows"] == rows.num_rows
    assert facts["columns"] == rows.num_columns
    assert facts["servers"] == len(rows["server_id"].unique())
    assert facts["start"] == min(times).date().isoformat()
    assert facts["end"] == max(times).date().isoformat()
    assert facts["granularity"] == "daily"
    assert facts["bytes"] == path.stat().st_size
    assert facts["seconds"] > 0
    assert facts["rows_per_second"] > 0
    assert facts["digest"] == digest_file(path)
    assert facts["scenario_digest"] == as_plan(SMALL_SCENARIO).digest


def test_the_summary_agrees_with_the_file(fleetsynth: Fleetsynth) -> None:
    out = fleetsynth.prints("generate", *SMALL, "-o", "fleet.csv")
    path = fleetsynth.folder / "fleet.csv"
    assert "124 of 18 columns" in out
    assert "2022-01-01 to 2022-01-31, daily" in out
    assert f"fleet.csv ({in_bytes(path.stat().st_size)})" in out
    assert re.search(r"\d\.\d\d s, [\d,]+ rows/s\n", out)
    assert fleetsynth.prints("digest", "fleet.csv").split()[0] in out

    frame = pd.read_csv(path)
    lines = {line.split()[0]: line for line in out.splitlines() if line}
    for archetype, count in {"web": 1, "application": 2, "database": 1}.items():
        rows = frame[frame["server_type"] == archetype]
        moments = [
            f"{rows[metric.column].mean():.1f} ±{rows[metric.column].std(ddof=0):.1f}"
            for metric in METRICS
        ]
        assert lines[archetype].split() == [archetype, str(count), *" ".join(moments).split()]
    assert lines["batch"].split() == ["batch", "0"]


def test_a_summary_is_never_cut_short(fleetsynth: Fleetsynth) -> None:
    profile = default_scenario().archetypes["web"].model_dump()
    names = [f"a-rather-long-name-for-servers-of-kind-{i}" for i in range(9)]
    scenario = {
        "archetypes": dict.fromkeys(names, profile),
        "distribution": dict.fromkeys(names, 0.1) | {names[0]: 0.2},
        "num_servers": 90,
        "end_date": "2022-01-02",
    }
    (fleetsynth.folder / "long.yaml").write_text(json.dumps(scenario))
    summary = fleetsynth.prints("generate", "long.yaml", "-o", "fleet.csv")
    listing = fleetsynth.prints("archetypes", "--scenario", "long.yaml")
    for out in (summary, listing):
        assert "…" not in out
        assert all(name in out for name in names)
    assert all(line.count("±") == len(METRICS) for line in summary.splitlines() if "kind-" in line)


def test_without_output_the_file_has_its_default_path(fleetsynth: Fleetsynth) -> None:
    facts = json.loads(fleetsynth.prints("generate", *SMALL, "--json"))
    assert facts["path"] == "data/synthetic/server_metrics.parquet"
    assert list(contents(fleetsynth.folder)) == [
        "data",
        "data/synthetic",
        "data/synthetic/server_metrics.parquet",
    ]


@pytest.mark.parametrize(
    ("option", "left_out"),
    [
        ("--no-metadata", ["server_type", "business_unit", "criticality", "region"]),
        (
            "--no-calendar",
            ["year", "month", "quarter", "dayofweek", "is_weekend", "is_eoq", "is_holiday"],
        ),
    ],
)
def test_columns_can_be_left_out(
    fleetsynth: Fleetsynth, small: dict[str, Path], option: str, left_out: list[str]
) -> None:
    fleetsynth.prints("generate", *SMALL, option, "-o", "less.parquet", "--quiet")
    full, less = (
        plain(pa.Table.from_batches(read_batches(path)))
        for path in (small[".parquet"], fleetsynth.folder / "less.parquet")
    )
    assert less.equals(full.drop_columns(left_out))


@pytest.mark.parametrize(
    ("options", "key", "value"),
    [
        (["--servers", "7"], "num_servers", 7),
        (["--start", "2022-02-03"], "start_date", "2022-02-03"),
        (["--end", "2026-03-31"], "end_date", "2026-03-31"),
        (["--granularity", "15min"], "granularity", "15min"),
        (["--seed", "-12345678901234567890"], "seed", -12345678901234567890),
        (["--no-metadata"], "include_metadata", False),
        (["--no-calendar"], "include_calendar", False),
        (["--set", "spikes=false"], "spikes", False),
        (["--set", "regions=[north, south]"], "regions", {"north": 0.5, "south": 0.5}),
    ],
)
def test_an_option_changes_its_key_alone(
    fleetsynth: Fleetsynth, options: list[str], key: str, value: object
) -> None:
    before = default_scenario().to_dict()
    after = json.loads(fleetsynth.prints("config", "show", "--json", *options))
    assert before[key] != value
    assert after == before | {key: value}


@pytest.mark.parametrize(
    ("options", "servers"),
    [
        ([], 3),
        (["--set", "num_servers=4"], 4),
        (["--set", "num_servers=4", "--set", "num_servers=5"], 5),
        (["--set", "num_servers=4", "--servers", "6"], 6),
        (["--servers", "6", "--set", "num_servers=4"], 6),
    ],
)
def test_a_file_loses_to_set_and_set_to_an_option_of_its_own(
    fleetsynth: Fleetsynth, options: list[str], servers: int
) -> None:
    (fleetsynth.folder / "three.yaml").write_text("num_servers: 3\nend_date: 2022-01-02\n")
    shown = json.loads(fleetsynth.prints("config", "show", "three.yaml", *options, "--json"))
    assert (shown["num_servers"], shown["end_date"]) == (servers, "2022-01-02")


def test_set_reaches_into_mappings(fleetsynth: Fleetsynth) -> None:
    settings = ("--set", "growth.mode=monthly", "--set", "archetypes.web.base_cpu=60")
    after = json.loads(fleetsynth.prints("config", "show", "--json", *settings))
    expected = default_scenario().to_dict()
    expected["growth"]["mode"] = "monthly"
    expected["archetypes"]["web"]["base_cpu"] = 60.0
    assert after == expected


def test_a_new_archetype_is_a_block_of_yaml(fleetsynth: Fleetsynth) -> None:
    profile = default_scenario().archetypes["batch"].model_dump()
    (fleetsynth.folder / "cache.yaml").write_text(
        json.dumps({"archetypes": {"cache": profile}, "distribution": {"cache": 1.0}})
    )
    out = fleetsynth.prints("generate", "cache.yaml", *SMALL, "-o", "fleet.parquet")
    frame = pd.read_parquet(fleetsynth.folder / "fleet.parquet")
    assert set(frame["server_type"]) == {"cache"}
    assert re.search(r"^cache +4 ", out, re.MULTILINE)


def test_missing_folders_are_made(fleetsynth: Fleetsynth) -> None:
    fleetsynth.prints("generate", *SMALL, "-o", "new/and/deep/fleet.csv", "--quiet")
    assert list(contents(fleetsynth.folder)) == [
        "new",
        "new/and",
        "new/and/deep",
        "new/and/deep/fleet.csv",
    ]


def test_overwrite_replaces(fleetsynth: Fleetsynth, small: dict[str, Path]) -> None:
    (fleetsynth.folder / "fleet.csv").write_text("old")
    fleetsynth.prints("generate", *SMALL, "-o", "fleet.csv", "--overwrite", "--quiet")
    assert contents(fleetsynth.folder) == {"fleet.csv": small[".csv"].read_bytes()}


def test_a_run_says_the_same_whatever_the_hash_seed(fleetsynth: Fleetsynth) -> None:
    for seed in ("1", "2"):
        name = f"{seed}.csv"
        salted = {"PYTHONHASHSEED": seed}
        fleetsynth.prints("generate", *SMALL, "-o", name, "--quiet", env=salted, fresh=True)
    one, two = contents(fleetsynth.folder).values()
    assert one == two
