"""The words of the command line: hints at what was meant, and what is said first."""

import json
from pathlib import Path

import pytest

from tests.e2e.command import SMALL, Fleetsynth, Within, contents

MISSING = "error: there is no file or folder nofile\n"


@pytest.fixture
def fleetsynth(within: Within) -> Fleetsynth:
    """The command line in this process: how it starts and ends is tested elsewhere."""
    return within


@pytest.mark.parametrize(
    "command",
    [
        ("report", "nofile"),
        ("report", "nofile", "--columns", "bad"),
        ("report", "nofile", "-o", "there.html"),
        ("report", "nofile", "--scenario", "none.yaml"),
        ("facts", "nofile", "--columns", "bad"),
        ("capacity", "nofile", "--columns", "bad"),
        ("capacity", "there.csv", "nofile"),
        ("validate", "nofile", "--columns", "bad"),
        ("validate", "nofile", "--scenario", "a.yaml", "--preset", "classic"),
        ("digest", "nofile"),
        ("digest", "there.csv", "nofile"),
        ("verify", "nofile"),
    ],
)
def test_a_dataset_that_is_not_there_is_said_first(
    command: tuple[str, ...], fleetsynth: Fleetsynth
) -> None:
    for name in ("there.html", "there.csv"):
        (fleetsynth.folder / name).write_text("no dataset")
    ran = fleetsynth(*command)
    assert (ran.code, ran.out, ran.err) == (2, "", MISSING)


@pytest.mark.parametrize("command", ["generate", "plan", "preview", "config show"])
def test_a_scenario_that_is_not_there_is_said_first(command: str, fleetsynth: Fleetsynth) -> None:
    ran = fleetsynth(*command.split(), "none.yaml", "--set", "bad", "--statistics", "p50")
    assert ran.code == 2
    assert ran.err == "error: cannot read the scenario none.yaml: No such file or directory\n"


@pytest.mark.parametrize("preset", ["classic", "realistic"])
def test_a_preset_in_the_place_of_a_file_is_told_its_option(
    preset: str, fleetsynth: Fleetsynth
) -> None:
    ran = fleetsynth("generate", preset)
    assert ran.code == 2
    assert ran.err.endswith(f"No such file or directory; the packaged one is --preset {preset}\n")


@pytest.mark.parametrize("option", ["--output-format", "--to", "-f"])
def test_who_looks_for_a_format_is_told_of_the_ending(option: str, fleetsynth: Fleetsynth) -> None:
    ran = fleetsynth("generate", option, "csv")
    assert ran.code == 2
    assert f"No such option: {option}. The ending of the output chooses the format" in ran.err
    assert "-o fleet.csv" in ran.err


@pytest.mark.parametrize("command", ["report", "plan"])
def test_other_commands_have_no_format_to_tell_of(command: str, fleetsynth: Fleetsynth) -> None:
    ran = fleetsynth(command, "--format", "csv")
    assert ran.code == 2
    assert "ending" not in ran.err


@pytest.mark.parametrize(
    ("output", "hint"),
    [
        (
            "bank.XLSX",
            "open .csv, up to 1,048,576 rows of it, and fleetsynth export SCENARIO --to PATH makes "
            "a workbook of a dataset",
        ),
        ("bank.db", "; datasets are put into databases by fleetsynth export SCENARIO --to PATH"),
        ("bank.parqet", " (did you mean '.parquet'?)"),
        ("bank.yaml", "; data of a scenario are made by fleetsynth generate SCENARIO -o PATH"),
        ("bank.feather", "; .arrow is Feather version 2"),
        ("bank", ".jsonl or .jsonl.zst, or end it with a slash for a folder of parts"),
    ],
)
def test_an_ending_that_is_none_of_ours_gets_a_hint(
    output: str, hint: str, fleetsynth: Fleetsynth
) -> None:
    ran = fleetsynth("generate", *SMALL, "-o", output)
    assert ran.code == 2
    assert ran.err.endswith(f"{hint}\n")
    assert contents(fleetsynth.folder) == {}


@pytest.mark.parametrize("ending", ["CSV", "csv.GZ", "Csv.Zst", "PARQUET", "ARROW"])
def test_endings_in_capitals_are_the_same_formats(
    ending: str, small: dict[str, Path], fleetsynth: Fleetsynth
) -> None:
    fleetsynth.prints("generate", *SMALL, "-o", f"fleet.{ending}", "--quiet")
    made = (fleetsynth.folder / f"fleet.{ending}").read_bytes()
    assert made[:4] == small[f".{ending.lower()}"].read_bytes()[:4]
    printed = fleetsynth.prints("digest", f"fleet.{ending}", "--json")
    plain = fleetsynth.prints("digest", small[".csv"], "--json")
    assert json.loads(printed)["digest"] == json.loads(plain)["digest"]


@pytest.mark.parametrize("size", ["300KB", "300kb", "300 kB", "1 MB", "2gb", "1TB"])
def test_sizes_are_read_as_people_write_them(size: str, fleetsynth: Fleetsynth) -> None:
    made = json.loads(
        fleetsynth.prints("generate", *SMALL, "-o", "fleet/", "--part-size", size, "--json")
    )
    assert made["parts"] == 1


@pytest.mark.parametrize("size", ["300", "0MB", "-3MB", "1.5GB", "3 furlongs", "3MiB", ""])
def test_other_sizes_are_refused_with_an_example(size: str, fleetsynth: Fleetsynth) -> None:
    ran = fleetsynth("generate", *SMALL, "-o", "fleet/", "--part-size", size)
    assert ran.code == 2
    assert "expected a whole number of kB, MB, GB or TB, like 256MB" in ran.err


def test_a_slip_in_the_name_of_an_archetype_asks_for_the_right_one(
    fleetsynth: Fleetsynth,
) -> None:
    ran = fleetsynth("generate", "--set", "archetypes.wbe.base_cpu=50", "-o", "a.csv")
    assert ran.code == 2
    assert "no packaged 'wbe' (did you mean 'web'?)" in ran.err
    ran = fleetsynth("plan", "--preset", "realistic", "--set", "locations.eu-wset-1.country=IE")
    assert "(did you mean 'eu-west-1'?)" in ran.err


@pytest.mark.parametrize("key", ["distribution", "regions", "criticalities"])
def test_a_percentage_is_told_that_shares_are_fractions(key: str, fleetsynth: Fleetsynth) -> None:
    ran = fleetsynth("plan", "--set", f"{key}={{web: 50}}")
    assert ran.code == 2
    assert "shares are fractions that add up to 1, such as 0.25, not 50" in ran.err


def test_a_plan_says_when_draws_outweigh_rows(fleetsynth: Fleetsynth) -> None:
    day = ("--start", "2023-04-08", "--end", "2023-04-08")
    out = fleetsynth.prints("plan", "--servers", "1000000", *day)
    assert "1,000,000 tiles of 512 ticks, for 1 row each" in out
    assert "about 50.0 s of one core" in out
    facts = json.loads(fleetsynth.prints("plan", "--servers", "1000000", *day, "--json"))
    assert facts["tiles"] == facts["rows"] == 1_000_000
    over = ("--start", "2023-04-08", "--end", "2023-04-09")  # the end of a tile and the next
    facts = json.loads(fleetsynth.prints("plan", "--servers", "1000", *over, "--json"))
    assert facts["tiles"] == facts["rows"] == 2_000
    for more in ((), (*day, "--preset", "realistic")):
        assert "tiles" not in fleetsynth.prints("plan", *more)


def test_nought_is_something_that_was_said(fleetsynth: Fleetsynth) -> None:
    """No patience is none, and not that of ten minutes; a rate of nothing is refused."""
    to = ("export", *SMALL, "--to", "prometheus:http://127.0.0.1:1")
    ran = fleetsynth(*to, "--rate", "0")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: --rate 0: expected")
    ran = fleetsynth(*to, "--patience", "0")
    assert ran.code == 1
    assert "(tried for 0 s)" in ran.err


@pytest.mark.parametrize("name", ["it.pdf", "it.xlsx", "it.png"])
def test_a_page_is_not_called_something_else(name: str, fleetsynth: Fleetsynth) -> None:
    (fleetsynth.folder / "a.csv").write_text("time,host,cpu\n2024-01-01,a,1\n")
    said = f"error: {name} would be a page of HTML: name it it.html"
    for command in (("report", "a.csv", "-o", name), ("compare", "a.csv", "a.csv", "--html", name)):
        ran = fleetsynth(*command)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith(said)
    assert list(contents(fleetsynth.folder)) == ["a.csv"]
