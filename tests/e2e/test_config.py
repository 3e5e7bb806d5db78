"""``fleetsynth config`` and ``fleetsynth archetypes``: scenario files."""

import json
import re
from typing import Any

import pytest

from fleetsynth import resolve
from fleetsynth.models.classic.scenario import ClassicScenario
from fleetsynth.models.realistic.scenario import RealisticScenario
from fleetsynth.presets import PRESETS
from fleetsynth.presets.catalog import packaged
from fleetsynth.presets.load import default_scenario, load_scenario
from fleetsynth.scenario.text import parse_value
from tests.e2e.command import Fleetsynth, Within, contents

PACKAGED = ["web", "application", "database", "batch"]


@pytest.fixture
def fleetsynth(within: Within) -> Fleetsynth:
    """The command line in this process: how it starts and ends is tested elsewhere."""
    return within


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
    (fleetsynth.folder / "fleet").mkdir()
    ran = fleetsynth("plan", "fleet")
    assert ran.err.endswith("Is a directory; that of a dataset is fleet/scenario.yaml\n")


def test_init_writes_a_file_with_every_key_to_start_from(fleetsynth: Fleetsynth) -> None:
    out = fleetsynth.prints("config", "init", "new/mine.yaml")
    assert out == "wrote new/mine.yaml; next: fleetsynth generate new/mine.yaml\n"
    assert list(contents(fleetsynth.folder)) == ["new", "new/mine.yaml"]
    text = (fleetsynth.folder / "new/mine.yaml").read_text()
    for key in ClassicScenario.model_fields.keys() - {"archetypes"}:
        assert f"\n{key}:" in text
    assert text.count("#") > 10
    assert _without_own(
        fleetsynth.prints("config", "show", "new/mine.yaml", "--json")
    ) == json.loads(fleetsynth.prints("config", "show", "--json"))


def _without_own(shown: str) -> dict[str, Any]:
    """A scenario to start from, without the archetypes that it adds, and which have no share."""
    out: dict[str, Any] = json.loads(shown)
    added = out["archetypes"].keys() - default_scenario(out["preset"]).archetypes.keys()
    assert len(added) == 1
    assert not added & out["distribution"].keys()
    for name in added:
        del out["archetypes"][name]
    return out


@pytest.mark.parametrize("preset", PRESETS)
def test_init_writes_archetypes_and_makes_the_data_of_the_preset(
    fleetsynth: Fleetsynth, preset: str
) -> None:
    fleetsynth.prints("config", "init", "--preset", preset, "mine.yaml")
    assert _plan_digest("mine.yaml", fleetsynth) == resolve(default_scenario(preset)).digest
    text = (fleetsynth.folder / "mine.yaml").read_text()
    alternative = re.compile(r"^( +)# ( *[\w-]+:.*\n)", re.MULTILINE)
    assert len(alternative.findall(text)) >= 6
    said = alternative.sub(r"\1\2", text)
    (fleetsynth.folder / "all.yaml").write_text(said)
    wider = load_scenario(fleetsynth.folder / "all.yaml")
    assert len(wider.archetypes) == len(default_scenario(preset).archetypes) + 2
    assert wider.archetypes["web"] != default_scenario(preset).archetypes["web"]


def _plan_digest(path: str, fleetsynth: Fleetsynth) -> str:
    facts: dict[str, str] = json.loads(fleetsynth.prints("plan", path, "--json"))
    return facts["scenario_digest"]


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
    defaults = packaged("classic") | default_scenario().to_dict()
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert schema["properties"].keys() == ClassicScenario.model_fields.keys()
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


# the realistic preset


def test_the_realistic_preset_is_shown_and_reads_back_the_same(fleetsynth: Fleetsynth) -> None:
    options = ("--preset", "realistic", "--statistics", "p50, max", "--sample-interval", "1min")
    shown = fleetsynth.prints("config", "show", *options)
    (fleetsynth.folder / "mine.yaml").write_text(shown)
    assert fleetsynth.prints("config", "show", "mine.yaml") == shown
    facts = json.loads(fleetsynth.prints("config", "show", "mine.yaml", "--json"))
    assert facts == default_scenario("realistic").to_dict() | {
        "statistics": ["p50", "max"],
        "sample_interval": "1min",
    }


def test_a_file_names_its_own_preset_and_an_option_wins(fleetsynth: Fleetsynth) -> None:
    (fleetsynth.folder / "real.yaml").write_text("preset: realistic\nnum_servers: 2\n")
    (fleetsynth.folder / "plain.yaml").write_text("num_servers: 2\n")
    assert fleetsynth.prints("config", "check", "real.yaml", "plain.yaml") == (
        "real.yaml: ok, 2,922 rows of 19 columns\nplain.yaml: ok, 2,922 rows of 18 columns\n"
    )
    shown = fleetsynth.prints("config", "show", "real.yaml", "--preset", "classic")
    assert shown.startswith("preset: classic\nnum_servers: 2\n")
    wide = fleetsynth.prints("plan", "real.yaml", "--statistics", "p50,p95,max,mean")
    assert wide.splitlines()[0].split() == ["rows", "2,922", "of", "34", "columns"]


def test_init_writes_the_realistic_scenario(fleetsynth: Fleetsynth) -> None:
    fleetsynth.prints("config", "init", "--preset", "realistic", "real.yaml")
    text = (fleetsynth.folder / "real.yaml").read_text()
    for key in default_scenario("realistic").to_dict().keys() - {"archetypes"}:
        assert f"\n{key}:" in text
    shown = fleetsynth.prints("config", "show", "real.yaml", "--json")
    assert _without_own(shown) == default_scenario("realistic").to_dict()


def test_schema_of_the_realistic_preset(fleetsynth: Fleetsynth) -> None:
    schema = json.loads(fleetsynth.prints("config", "schema", "--preset", "realistic"))
    assert schema["properties"].keys() == RealisticScenario.model_fields.keys()


@pytest.mark.parametrize("command", ["init", "schema"])
def test_there_is_nothing_of_an_unknown_preset(fleetsynth: Fleetsynth, command: str) -> None:
    ran = fleetsynth("config", command, "--preset", "../classic")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "error: unknown preset '../classic' (did you mean 'classic'?)\n"
    assert contents(fleetsynth.folder) == {}


def _figures(value: object, path: str = "") -> list[str]:
    """The dotted paths of the figures of a dumped profile."""
    kinds = {"value", "uniform", "normal", "lognormal", "choices"}
    if isinstance(value, dict) and not value.keys() & kinds:
        return [name for key, inner in value.items() for name in _figures(inner, f"{path}.{key}")]
    return [path[1:]]


def test_realistic_archetypes_are_listed_with_a_row_per_figure(fleetsynth: Fleetsynth) -> None:
    (fleetsynth.folder / "mine.yaml").write_text(
        "preset: realistic\narchetypes:\n  web:\n    demand:\n"
        "      level: {uniform: [10, 20]}\n      seasonality: 0.7\n"
    )
    scenario = load_scenario(fleetsynth.folder / "mine.yaml")
    header, *lines = fleetsynth.prints("archetypes", "--scenario", "mine.yaml").splitlines()
    assert header.split() == list(scenario.distribution)
    profile = scenario.to_dict()["archetypes"]["web"]
    assert [line.split()[0] for line in lines] == _figures(profile)[1:]
    cells = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines}
    assert cells["demand.level"].startswith("11 to 19 ")
    assert cells["demand.seasonality"].startswith("0.7 ")
    alone = fleetsynth.prints("archetypes", "web", "--scenario", "mine.yaml").splitlines()
    shown = dict(line.split(maxsplit=1) for line in alone[1:])
    assert list(shown) == _figures(profile)
    assert shown["name"] == profile["name"]
    assert shown["demand.level"] == "{uniform: [10, 20]}"
    assert shown["demand.seasonality"] == "0.7"


def test_one_realistic_archetype_is_shown_as_a_scenario_writes_it(fleetsynth: Fleetsynth) -> None:
    profile = default_scenario("realistic").to_dict()["archetypes"]["database"]
    lines = fleetsynth.prints("archetypes", "database", "--preset", "realistic").splitlines()[1:]
    for line in lines:
        path, written = line.split(maxsplit=1)
        value = profile
        for key in path.split("."):
            value = value[key]
        assert parse_value(written, path) == value


def test_realistic_archetypes_as_json(fleetsynth: Fleetsynth) -> None:
    profiles = default_scenario("realistic").to_dict()["archetypes"]
    assert (
        json.loads(fleetsynth.prints("archetypes", "--preset", "realistic", "--json")) == profiles
    )
