"""``fleetsynth config`` and ``fleetsynth archetypes``: scenario files."""

import json

import pytest

from fleetsynth.scenario import ClassicScenario, default_scenario, load_scenario
from tests.e2e.command import Fleetsynth, contents

PACKAGED = ["web", "application", "database", "batch"]


def test_show_prints_a_scenario_that_reads_back_the_same(fleetsynth: Fleetsynth) -> None:
    options = ("--servers", "7", "--set", "business_units=['A, \"B\"', Zürich]", "--no-calendar")
    shown = fleetsynth.prints("config", "show", *options)
    (fleetsynth.folder / "mine.yaml").write_text(shown)
    assert fleetsynth.prints("config", "show", "mine.yaml") == shown
    assert list(load_scenario(fleetsynth.folder / "mine.yaml").business_units) == [
        'A, "B"',
        "Zürich",
    ]
    assert fleetsynth.prints("plan", "mine.yaml") == fleetsynth.prints("plan", *options)


def test_show_prints_json_of_the_same(fleetsynth: Fleetsynth) -> None:
    facts = json.loads(fleetsynth.prints("config", "show", "--json"))
    assert facts == default_scenario().to_dict()


def test_check_says_how_many_rows(fleetsynth: Fleetsynth) -> None:
    for name in ("one.yaml", "two.yaml"):
        (fleetsynth.folder / name).write_text("num_servers: 2\n")
    assert fleetsynth.prints("config", "check", "one.yaml", "two.yaml") == (
        "one.yaml: ok, 2,922 rows of 18 columns\ntwo.yaml: ok, 2,922 rows of 18 columns\n"
    )


def test_check_goes_on_after_a_bad_file_and_shows_every_problem(fleetsynth: Fleetsynth) -> None:
    bad = "num_servers: 0\nsed: 1\nend_date: 2021-01-01\ngrowth: {mode: yearly}\n"
    (fleetsynth.folder / "bad.yaml").write_text(bad)
    (fleetsynth.folder / "good.yaml").write_text("num_servers: 2\n")
    ran = fleetsynth("config", "check", "bad.yaml", "nowhere.yaml", "good.yaml")
    assert ran.code == 2
    assert ran.out == "good.yaml: ok, 2,922 rows of 18 columns\n"
    assert "bad.yaml: the scenario has 4 problems:" in ran.err
    for line, key in enumerate(("num_servers", "sed", "end_date", "growth.mode"), start=1):
        assert f", at {key}, bad.yaml, line {line}\n" in ran.err
    assert "nowhere.yaml: cannot read the scenario nowhere.yaml: No such file" in ran.err


def test_init_writes_a_file_with_every_key_to_start_from(fleetsynth: Fleetsynth) -> None:
    out = fleetsynth.prints("config", "init", "new/mine.yaml")
    assert out == "wrote new/mine.yaml; next: fleetsynth generate new/mine.yaml\n"
    assert list(contents(fleetsynth.folder)) == ["new", "new/mine.yaml"]
    text = (fleetsynth.folder / "new/mine.yaml").read_text()
    for key in ClassicScenario.model_fields.keys() - {"archetypes"}:
        assert f"\n{key}:" in text
    assert text.count("#") > 10
    assert fleetsynth.prints("config", "show", "new/mine.yaml") == fleetsynth.prints(
        "config", "show"
    )


def test_init_has_a_default_name(fleetsynth: Fleetsynth) -> None:
    assert fleetsynth.prints("config", "init").startswith("wrote scenario.yaml;")
    assert list(contents(fleetsynth.folder)) == ["scenario.yaml"]


@pytest.mark.parametrize("command", [("init", "mine"), ("schema", "-o", "mine")])
def test_an_existing_file_is_kept_unless_told_otherwise(
    fleetsynth: Fleetsynth, command: tuple[str, ...]
) -> None:
    (fleetsynth.folder / "mine").write_text("mine")
    ran = fleetsynth("config", *command)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "error: mine exists: choose another name, or pass --overwrite\n"
    assert contents(fleetsynth.folder) == {"mine": b"mine"}
    fleetsynth.prints("config", *command, "--overwrite")
    assert contents(fleetsynth.folder)["mine"] != b"mine"


def test_schema_describes_every_key_with_its_default(fleetsynth: Fleetsynth) -> None:
    schema = json.loads(fleetsynth.prints("config", "schema"))
    defaults = default_scenario().to_dict()
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert schema["properties"].keys() == defaults.keys()
    for key, field in schema["properties"].items():
        assert field["description"]
        assert key == "archetypes" or field["default"] == defaults[key]
    fleetsynth.prints("config", "schema", "-o", "schema.json")
    assert json.loads((fleetsynth.folder / "schema.json").read_text()) == schema


def test_archetypes_are_listed_side_by_side(fleetsynth: Fleetsynth) -> None:
    header, *lines = fleetsynth.prints("archetypes").splitlines()
    assert header.split() == PACKAGED
    table = {line.split()[0]: line.split()[1:] for line in lines}
    assert table["base_cpu"] == ["45.0", "50.0", "35.0", "30.0"]
    assert table["cpu_disk_correlation"] == ["0.1"] * 4


@pytest.mark.parametrize("name", PACKAGED)
def test_one_archetype_is_shown_with_its_full_name(fleetsynth: Fleetsynth, name: str) -> None:
    profile = default_scenario().archetypes[name].model_dump()
    header, *lines = fleetsynth.prints("archetypes", name).splitlines()
    assert header.split() == [name]
    shown = dict(line.split(maxsplit=1) for line in lines)
    assert shown == {key: str(value) for key, value in profile.items()}


def test_archetypes_as_json(fleetsynth: Fleetsynth) -> None:
    profiles = {k: v.model_dump() for k, v in default_scenario().archetypes.items()}
    assert json.loads(fleetsynth.prints("archetypes", "--json")) == profiles
    assert json.loads(fleetsynth.prints("archetypes", "web", "--json")) == {"web": profiles["web"]}


def test_archetypes_of_a_scenario_with_any_name(fleetsynth: Fleetsynth) -> None:
    profile = default_scenario().archetypes["web"].model_dump() | {"name": "[/bold] Zürich"}
    scenario = {"archetypes": {"[/bold]": profile, "web": {"base_cpu": 61}}}
    (fleetsynth.folder / "mine.yaml").write_text(json.dumps(scenario))
    header, first, *_ = fleetsynth.prints("archetypes", "--scenario", "mine.yaml").splitlines()
    assert header.split() == [*PACKAGED, "[/bold]"]
    assert first.split() == ["base_cpu", "61.0", "50.0", "35.0", "30.0", "45.0"]
    alone = fleetsynth.prints("archetypes", "[/bold]", "--scenario", "mine.yaml")
    assert "[/bold] Zürich" in alone


def test_an_unknown_archetype_has_a_suggestion(fleetsynth: Fleetsynth) -> None:
    ran = fleetsynth("archetypes", "databse")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "error: unknown archetype 'databse' (did you mean 'database'?)\n"
