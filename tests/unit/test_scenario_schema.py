"""The JSON Schema for editors: it takes what the loader takes, and refuses what it can."""

import json
from typing import Any

import pytest

from fleetsynth import load_scenario
from fleetsynth.errors import ScenarioError, UsageError
from fleetsynth.models.classic.scenario import ArchetypeProfile, ClassicScenario, Growth
from fleetsynth.presets import PRESETS
from fleetsynth.presets.catalog import packaged
from fleetsynth.presets.load import default_scenario, json_schema
from fleetsynth.scenario.model import FleetGrowth, GrowthStep, Retire
from tests.schema_check import errors
from tests.support import CACHE

SCHEMA = json_schema()

GOOD: dict[str, dict[str, Any]] = {
    "nothing": {},
    "one key": {"num_servers": 3},
    "a field of an archetype": {"archetypes": {"web": {"base_cpu": 3}}},
    "a new archetype": {"archetypes": {"cache": CACHE}},
    "one that extends another": {"archetypes": {"cache": {"extends": "web", "base_cpu": 3}}},
    "odds as a list": {"regions": ["a", "b"]},
    "odds as shares": {"regions": {"a": 0.5, "b": 0.5}},
    "a span": {"growth": {"span": ["2022-01-01", "2022-12-31"]}},
    "no span": {"growth": {"span": None, "mode": "monthly"}},
}
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown key": ({"sede": 3}, "sede: unknown"),
    "an unknown key of growth": ({"growth": {"moode": "span"}}, "growth.moode: unknown"),
    "an unknown field": ({"archetypes": {"web": {"x": 1}}}, "archetypes.web.x: unknown"),
    "a number to extend": ({"archetypes": {"x": {"extends": 3}}}, "archetypes.x.extends: type"),
    "no servers": ({"num_servers": 0}, "num_servers: minimum"),
    "a fraction of a server": ({"num_servers": 1.5}, "num_servers: type"),
    "text for true": ({"spikes": "yes"}, "spikes: type"),
    "another mode": ({"growth": {"mode": "yearly"}}, "growth.mode: enum"),
    "another arrangement": ({"assignment": "random"}, "assignment: enum"),
    "half a span": ({"growth": {"span": ["2022-01-01"]}}, "growth.span: anyOf"),
    "a negative variance": (
        {"archetypes": {"web": {"cpu_variance": -1}}},
        "archetypes.web.cpu_variance: minimum",
    ),
    "a probability above 1": (
        {"archetypes": {"web": {"spike_probability": 1.1}}},
        "archetypes.web.spike_probability: maximum",
    ),
    "growth to nothing": (
        {"archetypes": {"web": {"monthly_growth_rate": -100}}},
        "archetypes.web.monthly_growth_rate: exclusiveMinimum",
    ),
    "no shares": ({"distribution": {}}, "distribution: minProperties"),
    "a share above 1": ({"distribution": {"web": 2}}, "distribution.web: maximum"),
    "a nameless archetype": (
        {"distribution": {"": 1.0}},
        "distribution (name): minLength",
    ),
    "a number for a name": ({"regions": ["a", 1]}, "regions: anyOf"),
}


def _schema_errors(values: Any) -> list[str]:
    return list(errors(values, SCHEMA, SCHEMA))


@pytest.mark.parametrize("preset", PRESETS)
def test_the_packaged_scenario_is_valid(preset: str) -> None:
    schema = json_schema(preset)
    assert list(errors(default_scenario(preset).to_dict(), schema, schema)) == []


def _realistic_errors(values: dict[str, Any]) -> list[str]:
    schema = json_schema("realistic")
    return list(errors({"preset": "realistic", **values}, schema, schema))


@pytest.mark.parametrize(
    "level",
    [3, 0.5, {"value": 3}, {"normal": [3, 1], "min": 0}, {"zero": 0.1, "lognormal": [3, 1]}],
    ids=str,
)
def test_figures_of_realistic_profiles_that_the_loader_takes_are_valid(level: Any) -> None:
    values = {"archetypes": {"web": {"demand": {"level": level}}}}
    load_scenario({"preset": "realistic", **values})
    assert _realistic_errors(values) == []


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"spikes": True}, "spikes: unknown"),
        ({"statistics": ["p100"]}, "statistics[0]: pattern"),
        ({"statistics": []}, "statistics: minItems"),
        ({"locations": {"a": {"country": "ireland"}}}, "locations.a.country: pattern"),
        ({"closes": {"default": {"days": 40}}}, "closes.default.days: maximum"),
        (
            {"archetypes": {"web": {"demand": {"level": -1}}}},
            "archetypes.web.demand.level: anyOf",
        ),
        (
            {"archetypes": {"web": {"demand": {"shared": 1.1}}}},
            "archetypes.web.demand.shared: anyOf",
        ),
        (
            {"archetypes": {"web": {"demand": {"level": {"lognorml": [1, 2]}}}}},
            "archetypes.web.demand.level: anyOf",
        ),
        ({"archetypes": {"web": {"demand": {"levl": 1}}}}, "archetypes.web.demand.levl: unknown"),
    ],
    ids=str,
)
def test_what_the_realistic_loader_refuses_is_invalid(values: dict[str, Any], error: str) -> None:
    assert error in _realistic_errors(values)
    with pytest.raises(ScenarioError):
        load_scenario({"preset": "realistic", **values})


def test_there_is_no_schema_of_an_unknown_preset() -> None:
    with pytest.raises(UsageError, match=r"unknown preset 'realstic' \(did you mean 'realistic'"):
        json_schema("realstic")


@pytest.mark.parametrize("what", GOOD)
def test_what_the_loader_takes_is_valid(what: str) -> None:
    load_scenario(GOOD[what])
    assert _schema_errors(GOOD[what]) == []


@pytest.mark.parametrize("what", BAD)
def test_what_the_loader_refuses_is_invalid(what: str) -> None:
    values, error = BAD[what]
    assert error in _schema_errors(values)
    with pytest.raises(ScenarioError):
        load_scenario(values)


def test_every_key_is_described_none_required_and_defaults_are_the_packaged_ones() -> None:
    kinds: dict[str, Any] = {
        "Scenario": ClassicScenario,
        "Growth": Growth,
        "FleetGrowth": FleetGrowth,
        "GrowthStep": GrowthStep,
        "Retire": Retire,
        "ArchetypeProfile": ArchetypeProfile,
    }
    for name, model in kinds.items():
        schema = SCHEMA if name == "Scenario" else SCHEMA["$defs"][name]
        written_only = ["extends"] if name == "ArchetypeProfile" else []
        assert list(schema["properties"]) == [*model.model_fields, *written_only]
        assert schema["additionalProperties"] is False
        assert "required" not in schema
        for key, field in schema["properties"].items():
            assert field.get("description"), key
    defaults = packaged("classic") | default_scenario().to_dict()
    del defaults["archetypes"]
    assert defaults["events"] == []
    shown = {key: field.get("default") for key, field in SCHEMA["properties"].items()}
    del shown["archetypes"]
    assert shown == defaults | {"fleet_growth": None, "retire": None}


def test_the_schema_is_json_and_says_which_dialect() -> None:
    assert json.loads(json.dumps(SCHEMA, allow_nan=False)) == SCHEMA
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_each_call_returns_a_schema_of_its_own() -> None:
    json_schema()["properties"].clear()
    assert json_schema() == SCHEMA
