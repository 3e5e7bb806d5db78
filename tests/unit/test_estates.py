"""Estates: what a realistic fleet is like, by name; what a scenario says itself goes first."""

from pathlib import Path

import pytest

from fleetsynth.errors import ScenarioError
from fleetsynth.presets import resolve
from fleetsynth.presets.catalog import estates, packaged_estates
from fleetsynth.presets.load import json_schema, load_scenario

NAMES = ("aws", "batch", "cloud", "enterprise", "mix", "web")
REALISTIC = {"preset": "realistic"}


def test_estates_that_are_packaged() -> None:
    assert estates("realistic") == NAMES
    assert estates("classic") == ()


@pytest.mark.parametrize("name", NAMES)
def test_every_estate_is_a_scenario_with_a_fleet_of_its_own(name: str) -> None:
    scenario = load_scenario(REALISTIC | {"estate": name})
    assert scenario.to_dict()["estate"] == name
    assert sum(scenario.distribution.values()) == pytest.approx(1)
    said = scenario.to_dict()
    assert resolve(load_scenario(said)).digest == resolve(scenario).digest


def test_no_two_estates_are_alike_and_the_mix_is_the_default() -> None:
    digests = {name: resolve(load_scenario(REALISTIC | {"estate": name})).digest for name in NAMES}
    assert len(set(digests.values())) == len(NAMES)
    assert resolve(load_scenario(REALISTIC)).digest == digests["mix"]


def test_what_a_scenario_says_wins_over_its_estate() -> None:
    own = {
        "estate": "aws",
        "num_servers": 7,
        "distribution": {"idle": 0.5, "web": 0.5},
        "archetypes": {"idle": {"steps": 15}},
    }
    scenario = load_scenario(REALISTIC | own).to_dict()
    assert scenario["num_servers"] == 7
    assert scenario["distribution"] == {"idle": 0.5, "web": 0.5}
    aws = load_scenario(REALISTIC | {"estate": "aws"}).to_dict()["archetypes"]["idle"]
    idle = scenario["archetypes"]["idle"]
    assert idle["steps"] != aws["steps"]
    assert idle["noise"] == aws["noise"]
    assert idle["noise"] != load_scenario(REALISTIC).to_dict()["archetypes"]["idle"]["noise"]


def test_archetypes_extend_those_of_the_estate() -> None:
    own = {"estate": "aws", "archetypes": {"worker": {"extends": "batch", "floor": 1}}}
    archetypes = load_scenario(REALISTIC | own).to_dict()["archetypes"]
    assert archetypes["worker"]["spikes"] == archetypes["batch"]["spikes"]
    packaged = load_scenario(REALISTIC).to_dict()["archetypes"]["batch"]
    assert archetypes["worker"]["spikes"] != packaged["spikes"]


def test_an_unknown_estate_names_the_nearest_and_its_line(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text("preset: realistic\nestate: enterprize\n")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    (problem,) = caught.value.problems
    assert problem.path == "estate"
    assert "unknown estate 'enterprize' (did you mean 'enterprise'?)" in problem.message
    assert problem.where == "fleet.yaml, line 2"


def test_an_estate_like_no_other_lists_them() -> None:
    with pytest.raises(ScenarioError, match="aws, batch, cloud, enterprise, mix, web"):
        load_scenario(REALISTIC, overrides={"estate": 5})


def test_the_classic_preset_has_no_estates() -> None:
    with pytest.raises(ScenarioError, match="'estate' is a key of the realistic preset"):
        load_scenario({"estate": "web"})


def test_the_schema_lists_the_estates_that_there_are() -> None:
    described = json_schema("realistic")["properties"]["estate"]
    assert described["default"] == "mix"
    assert described["enum"] == list(NAMES)
    assert "estate" not in json_schema("classic")["properties"]


def test_each_says_what_it_is_and_is_a_scenario_to_start_from(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "realism.md").read_text("utf-8")
    for estate in packaged_estates("realistic"):
        assert len(estate.about) > 20
        assert "Facts and sources" not in estate.about
        assert f"\n| `{estate.name}`" in page.partition("\n## Estates")[2]
        path = tmp_path / f"{estate.name}.yaml"
        path.write_text(estate.text, "utf-8")
        alone = load_scenario(REALISTIC | {"estate": estate.name})
        assert load_scenario(path) == alone
        assert alone.distribution == estate.distribution
    assert packaged_estates("classic") == []
