"""`fleetsynth validate` through the real command line."""

import json
import re
from pathlib import Path

import pytest

from fleetsynth import generate
from tests.e2e.command import Fleetsynth

SMALL = {"num_servers": 24, "end_date": "2022-06-30"}


@pytest.fixture
def fleetsynth(tmp_path: Path) -> Fleetsynth:
    """The command line, run in an empty folder."""
    return Fleetsynth(tmp_path)


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return generate(SMALL, tmp_path / "fleet.parquet").path


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """A scenario that the clean dataset does not follow."""
    path = tmp_path / "wrong.yaml"
    text = "num_servers: 24\nend_date: 2022-06-30\narchetypes: {web: {base_cpu: 50}}\n"
    path.write_text(text, "utf-8")
    return path


def test_a_clean_dataset_is_ok(fleetsynth: Fleetsynth, clean: Path) -> None:
    out = fleetsynth.prints("validate", clean)
    assert out.splitlines()[-1].startswith(f"{clean}: ok (4,344 rows, 24 servers; ")
    assert re.search(r"^web base_cpu +ok +45 +4\d\.\d+ +4\d", out, re.MULTILINE)
    assert "\x1b" not in out
    short, long = (
        len(out.splitlines()),
        len(fleetsynth.prints("validate", clean, "-a").splitlines()),
    )
    assert long > short + 20


def test_what_fails_is_named_and_exits_with_1(
    fleetsynth: Fleetsynth, clean: Path, wrong: Path
) -> None:
    done = fleetsynth("validate", clean, "--scenario", wrong)
    assert (done.code, done.err) == (1, "")
    assert re.search(r"^web base_cpu +fail +50 +4\d", done.out, re.MULTILINE)
    assert "of the checks failed" in done.out.splitlines()[-1]


def test_everything_is_compared_on_demand(fleetsynth: Fleetsynth, clean: Path) -> None:
    found = json.loads(fleetsynth.prints("validate", clean, "--full", "--json"))
    (verdict,) = (v for v in found["verdicts"] if v["name"] == "regeneration")
    assert verdict["found"] == "all 24 servers, 4,344 of 4,344 rows, value by value"


def test_json_is_one_object(fleetsynth: Fleetsynth, clean: Path, wrong: Path) -> None:
    good = json.loads(fleetsynth.prints("validate", clean, "--json"))
    assert good["ok"] is True
    assert good["rows"] == 4344
    assert sum(good["counts"].values()) == len(good["verdicts"])
    done = fleetsynth("validate", clean, "--scenario", wrong, "--json")
    assert done.code == 1
    bad = [v for v in json.loads(done.out)["verdicts"] if v["status"] == "fail"]
    (base,) = (v for v in bad if v["subject"] == "web base_cpu")
    assert base["expected"] == 50
    assert base["low"] < base["estimate"] < base["high"] < 50
    assert base["p_value"] < base["level"] < 1e-3
    assert base["detectable"] > 0


def test_columns_and_preset(fleetsynth: Fleetsynth, clean: Path, tmp_path: Path) -> None:
    import pandas as pd

    renamed = tmp_path / "theirs.csv"
    pd.read_parquet(clean).rename(columns={"timestamp": "ts"}).to_csv(renamed, index=False)
    out = fleetsynth.prints("validate", renamed, "--columns", "timestamp=ts")
    assert "no scenario to compare the values with" in out
    done = fleetsynth("validate", renamed, "--columns", "timestamp=ts", "--preset", "classic")
    assert done.code == 1
    assert "96 are missing" in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.parquet"], "there is no file or folder nothing.parquet"),
        (["fleet.parquet", "--columns", "timestamp"], "expected ROLE=COLUMN"),
        (["fleet.parquet", "--columns", "cpy=x"], "there is no role 'cpy'"),
        (["fleet.parquet", "--columns", "cpu_p95=x"], "no column 'x' to be its cpu_p95"),
        (["fleet.parquet", "--preset", "clasic"], "did you mean 'classic'"),
        (["fleet.parquet", "--preset", "classic", "--scenario", "a.yaml"], "choose one"),
    ],
)
def test_bad_usage_exits_with_2(
    fleetsynth: Fleetsynth, clean: Path, arguments: list[str], message: str
) -> None:
    assert clean.exists()
    done = fleetsynth("validate", *arguments)
    assert done.code == 2
    assert message in done.err
    assert done.out == ""


def test_a_broken_file_exits_with_1(fleetsynth: Fleetsynth, clean: Path) -> None:
    clean.write_bytes(clean.read_bytes()[:5000])
    done = fleetsynth("validate", clean)
    assert done.code == 1
    assert "cannot read" in done.err
