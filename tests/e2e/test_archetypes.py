"""Archetypes in few words, through the command line."""

import json
from pathlib import Path

import pytest

from fleetsynth import load_scenario
from fleetsynth.presets import PRESETS
from tests.e2e.command import Fleetsynth, Within

MINE = {
    "classic": "extends: database\n    base_cpu: 20\n",
    "realistic": (
        "extends: database\n    demand: {peak_hour: 2, level: {uniform: [0.123456789012345, 7]}}\n"
    ),
}


@pytest.fixture
def fleetsynth(within: Within) -> Fleetsynth:
    """The command line in this process: how it starts and ends is tested elsewhere."""
    return within


def _write(folder: Path, name: str, preset: str, archetypes: str, shares: str) -> str:
    text = f"preset: {preset}\ndistribution: {shares}\narchetypes:\n{archetypes}"
    (folder / name).write_text(text, "utf-8")
    return name


@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_printed_as_yaml_can_be_pasted_and_changes_nothing(
    fleetsynth: Fleetsynth, preset: str
) -> None:
    names = list(load_scenario({"preset": preset}).archetypes)
    before = fleetsynth.prints("config", "show", "--preset", preset, "--json")
    for name in names:
        block = fleetsynth.prints("archetypes", name, "--yaml", "--preset", preset)
        text = f"preset: {preset}\narchetypes:\n{block}"
        (fleetsynth.folder / "pasted.yaml").write_text(text, "utf-8")
        assert fleetsynth.prints("config", "show", "pasted.yaml", "--json") == before
    whole = fleetsynth.prints("archetypes", "--yaml", "--preset", preset)
    assert len(whole.splitlines()) > 10 * len(names)
    (fleetsynth.folder / "all.yaml").write_text(f"preset: {preset}\narchetypes:\n{whole}", "utf-8")
    assert fleetsynth.prints("config", "show", "all.yaml", "--json") == before


@pytest.mark.parametrize("preset", PRESETS)
def test_one_that_extends_and_what_is_printed_of_it_make_the_same_bytes(
    fleetsynth: Fleetsynth, preset: str
) -> None:
    shares = "{web: 0.5, 'my: own': 0.5}"
    short = _write(
        fleetsynth.folder, "short.yaml", preset, f"  'my: own':\n    {MINE[preset]}", shares
    )
    block = fleetsynth.prints("archetypes", "my: own", "--scenario", short, "--yaml")
    assert "extends" not in block
    full = _write(fleetsynth.folder, "full.yaml", preset, block, shares)
    size = ("--servers", "4", "--end", "2022-01-10")
    digests = []
    for path in (short, full):
        out = f"{path}.parquet"
        fleetsynth.prints("generate", path, *size, "-o", out, "--quiet")
        plan = json.loads(fleetsynth.prints("plan", path, *size, "--json"))["scenario_digest"]
        digests.append((fleetsynth.prints("digest", out).split()[0], plan))
        assert "extends" not in fleetsynth.prints("config", "show", path)
    assert digests[0] == digests[1]
    other = fleetsynth.prints(
        "plan", short, *size, "--set", "archetypes.my: own.extends=batch", "--json"
    )
    assert json.loads(other)["scenario_digest"] != digests[0][1]


def test_an_option_can_say_it(fleetsynth: Fleetsynth) -> None:
    shown = fleetsynth.prints("config", "show", "--json", "--set", "archetypes.x.extends=database")
    profiles = json.loads(shown)["archetypes"]
    assert profiles["x"] == profiles["database"] | {"name": "x"}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("archetypes.x.extends=databse", "unknown archetype 'databse' (did you mean 'database'?)"),
        ("archetypes.x.extends=x", "'x' extends itself"),
        ("archetypes.x.base_cpu=3", "without extends: NAME, which takes the figures of another"),
    ],
)
def test_what_is_refused_names_the_option(
    fleetsynth: Fleetsynth, setting: str, message: str
) -> None:
    ran = fleetsynth("generate", "--set", setting, "-o", "x.parquet")
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert f"from --set {setting}" in ran.err
    assert list(fleetsynth.folder.iterdir()) == []


def test_there_is_one_way_to_print(fleetsynth: Fleetsynth) -> None:
    ran = fleetsynth("archetypes", "web", "--yaml", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "error: --json and --yaml are two ways to print: give one of them\n"


def test_closes_in_few_words(fleetsynth: Fleetsynth) -> None:
    text = "preset: realistic\nbusiness_units: [Finance, Shop]\ncloses: {Finance: {quarter: 1.6}}\n"
    (fleetsynth.folder / "mine.yaml").write_text(text)
    closes = json.loads(fleetsynth.prints("config", "show", "mine.yaml", "--json"))["closes"]
    assert closes["Finance"] == closes["default"] | {"quarter": 1.6}


def test_estates_are_listed_and_printed_as_scenarios(fleetsynth: Fleetsynth) -> None:
    listed = fleetsynth.prints("estates")
    told = json.loads(fleetsynth.prints("estates", "--json"))
    assert [line.split()[0] for line in listed.splitlines()[::2]] == list(told)
    assert told["cloud"]["preset"] == "realistic"
    assert told["cloud"]["about"] in listed
    assert fleetsynth.prints("estates", "cloud") == told["cloud"]["text"]
    for words, said in (
        (("clowd",), "unknown estate 'clowd' (did you mean 'cloud'?)"),
        (("--preset", "classic"), "the classic preset has no estates"),
    ):
        ran = fleetsynth("estates", *words)
        assert (ran.code, ran.out) == (2, "")
        assert said in ran.err
