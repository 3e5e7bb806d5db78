"""Catalogues of instance types: read, completed, refused with the line."""

from pathlib import Path
from typing import Any

import pytest

import fleetsynth as fs
from fleetsynth.errors import InputError, ScenarioError
from fleetsynth.presets.catalogue import packaged_instances
from fleetsynth.presets.data import scenario_from_data
from fleetsynth.scenario import text
from fleetsynth.scenario.instances import Catalogue, types_of

GOOD = """\
families:
  own:
    source: our own price list
    date: 2026-01-01
    types:
      small: {vcpus: 2, memory: 512 MiB, disk: 50 GB, network: 500 Mbps, price: 30 EUR}
      big: {vcpus: 4, memory: 16 GiB, disk: 0.1 TB, network: 1 Gbps, price: 60.50 EUR}
"""
BAD = {
    "missing unit": ("memory: 16 GiB", "memory: 16", "memory 16 has no unit", 7),
    "unknown unit": ("1 Gbps", "1 Gbs", "no unit 'Gbs' (did you mean 'Gbps'?)", 7),
    "negative price": ("60.50 EUR", "-60.50 EUR", "price -60.50 EUR is negative", 7),
    "another currency": ("60.50 EUR", "60.50 USD", "where other prices are in EUR", 7),
    "no currency": ("60.50 EUR", "60.50", "price 60.5 has no unit", 7),
    "no cores": ("vcpus: 4", "vcpus: 0", "greater than 0", 7),
    "too much": ("0.1 TB", "1000000 TB", "is not above 0 and at most", 7),
    "no source": ("    source: our own price list\n", "", "missing source", 2),
    "unknown key": ("price: 30", "cost: 30", "unknown key 'cost'", 6),
    "twice": ("big: {", "small: {", "duplicate", 7),
    "not YAML": ("families:", "families: [", "", 0),
}


def load(folder: Path, catalogue: str = GOOD, **more: Any) -> fs.Scenario:
    (folder / "types.yaml").write_text(catalogue)
    said = {"instance_types": "types.yaml", "capacity_columns": True, **more}
    (folder / "fleet.yaml").write_text(text.dump(said))
    return fs.load_scenario(folder / "fleet.yaml")


def test_figures_are_read_in_their_units(tmp_path: Path) -> None:
    scenario = load(tmp_path)
    assert scenario.types is not None
    small, big = scenario.types.types
    assert small == ("small", "own", 2.0, 0.5, 50.0, 500.0, 30.0, "EUR")
    assert big == ("big", "own", 4.0, 16.0, 100.0, 1000.0, 60.5, "EUR")
    assert [each.name for each in (scenario.types.resized("big", n) for n in (-2, 0, 1))] == [
        "small",
        "big",
        "big",
    ]
    assert dict(scenario.types.odds_of("web")) == {"small": 0.5, "big": 0.5}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_catalogue_is_refused_with_its_line(tmp_path: Path, what: str) -> None:
    old, new, message, line = BAD[what]
    assert old in GOOD
    with pytest.raises(ScenarioError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    told = str(caught.value)
    assert message in told
    assert f"types.yaml, line {line}" in told or not line


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    events = [
        {"kind": "resize", "at": "2024-01-01", "to_type": "bigg"},
        {"kind": "launch", "at": "2024-01-01"},
    ]
    with pytest.raises(ScenarioError) as caught:
        load(tmp_path, instances={"web": {"smal": 1.0}, "wbe": ["big"]}, events=events[:1])
    told = str(caught.value)
    assert "no instance type 'smal' (did you mean 'small'?), at instances.web.smal" in told
    assert "no archetype 'wbe' (did you mean 'web'?), at instances.wbe" in told
    assert "no instance type 'bigg' (did you mean 'big'?), at events.0.to_type" in told
    for more, message in (
        ({"kind": "launch", "to_type": "big"}, "to_type is what a resize leads to"),
        ({"kind": "resize", "to_type": "big", "for": "2d"}, "at once and for good"),
        ({"kind": "resize", "to_type": "big", "capacity": 2}, "leave out capacity"),
    ):
        with pytest.raises(ScenarioError, match=message):
            load(tmp_path, events=[{"at": "2024-01-01", **more}])


@pytest.mark.parametrize("named", ["none.yaml", "."])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, named: str) -> None:
    with pytest.raises(ScenarioError, match=r"cannot read the catalogue .*, at instance_types"):
        fs.load_scenario({"instance_types": str(tmp_path / named)})


def test_what_stands_in_the_file_stands_in_the_scenario(tmp_path: Path) -> None:
    scenario = load(tmp_path)
    (tmp_path / "types.yaml").unlink()
    again = fs.load_scenario(scenario.to_dict())
    assert again == scenario
    assert fs.resolve(again).digest == fs.resolve(scenario).digest
    with pytest.raises(InputError, match="names a file, instance_types: give its families"):
        scenario_from_data(scenario.to_dict() | {"instance_types": "types.yaml"}, "some data")


@pytest.mark.parametrize("preset", ["classic", "realistic"])
def test_without_being_asked_nothing_is_said_of_types(preset: str) -> None:
    usual = fs.load_scenario({"preset": preset})
    keys = {"instance_types", "instances", "capacity_columns", "absolute"}
    assert not keys & usual.to_dict().keys()
    assert fs.resolve(usual).fleet.types is None
    asked = fs.load_scenario({"preset": preset, "absolute": True})
    assert "instance_types" in asked.to_dict()
    assert set(asked.instances) <= {*asked.archetypes, "default"}


def test_the_packaged_catalogue_says_where_it_is_from() -> None:
    catalogue = Catalogue.model_validate(packaged_instances()["instance_types"])
    assert len(types_of(catalogue)) >= 12
    for family in catalogue.families.values():
        assert "aws.amazon.com" in family.source
        types = list(family.types.values())
        assert [t.vcpus for t in types] == sorted(t.vcpus for t in types)
    (two,) = (t for t in types_of(catalogue) if t.name == "m6i.2xlarge")
    assert (two.vcpus, two.memory_gib, two.price_month) == (8, 32, 280.32)
