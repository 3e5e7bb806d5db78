"""``fleetsynth plan``: what a run would take."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from fleetsynth.formats import FORMATS
from fleetsynth.size import in_bytes
from tests.e2e.command import SMALL, Fleetsynth, Within, contents

HUGE = ("--servers", "100000000", "--granularity", "1s")
HUGE_ROWS = 100_000_000 * 1_461 * 86_400


@pytest.fixture
def fleetsynth(within: Within) -> Fleetsynth:
    """The command line in this process: how it starts and ends is tested elsewhere."""
    return within


def test_json_tells_rows_columns_and_sizes(fleetsynth: Fleetsynth) -> None:
    facts = json.loads(fleetsynth.prints("plan", "--json"))
    assert list(facts) == [
        "rows",
        "columns",
        "servers",
        "servers_are_expected",
        "bytes",
        "memory",
        "tiles",
        "scenario_digest",
        "events",
    ]
    assert facts["rows"] == 175_320
    assert facts["columns"] == 18
    assert facts["servers"] == {"web": 42, "application": 48, "database": 18, "batch": 12}
    assert list(facts["bytes"]) == list(FORMATS)
    assert contents(fleetsynth.folder) == {}


def test_the_text_says_the_same(fleetsynth: Fleetsynth) -> None:
    facts = json.loads(fleetsynth.prints("plan", "--json"))
    out = fleetsynth.prints("plan")
    assert "175,320 of 18 columns" in out
    assert "120: 42 web, 48 application, 18 database, 12 batch" in out
    assert "2022-01-01 to 2025-12-31, daily" in out
    assert "1,461 ticks" in out
    assert facts["scenario_digest"] in out
    assert in_bytes(facts["memory"]) in out
    lines = dict(line.split(maxsplit=1) for line in out.splitlines())
    for ending, size in facts["bytes"].items():
        assert lines[ending] == f"about {in_bytes(size)}"


@pytest.mark.parametrize("assignment", ["blocks", "interleaved", "drawn"])
def test_a_huge_scenario_is_shown_without_trying(fleetsynth: Fleetsynth, assignment: str) -> None:
    options = (*HUGE, "--set", f"assignment={assignment}")
    facts = json.loads(fleetsynth.prints("plan", *options, "--json"))
    assert facts["rows"] == HUGE_ROWS > 10**15
    assert sum(facts["servers"].values()) == 100_000_000
    assert facts["servers_are_expected"] == (assignment == "drawn")
    out = fleetsynth.prints("plan", *options)
    assert f"{HUGE_ROWS:,} of 18 columns" in out
    assert ("100,000,000: about " in out) == (assignment == "drawn")
    assert "EB" in out


def test_a_plan_has_the_digest_of_its_dataset_metadata(
    fleetsynth: Fleetsynth, small: dict[str, Path]
) -> None:
    metadata = pq.read_metadata(small[".parquet"]).metadata
    planned = json.loads(fleetsynth.prints("plan", *SMALL, "--json"))
    assert metadata[b"fleetsynth.scenario_digest"].decode() == planned["scenario_digest"]
