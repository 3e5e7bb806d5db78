"""Scenarios: layers of values, what merges and what replaces, and what counts as the same."""

from datetime import date, datetime
from typing import Any

import pytest

from fleetsynth import load_scenario, resolve
from fleetsynth.errors import ScenarioError, UsageError
from fleetsynth.models.classic.scenario import ClassicScenario
from fleetsynth.presets import PRESETS, as_plan
from fleetsynth.presets.load import default_scenario
from fleetsynth.scenario.holidays import Holidays
from fleetsynth.scenario.text import dump_yaml
from fleetsynth.specification.names import ARCHETYPE_PROFILES, ServerType
from tests.conftest import Written
from tests.support import ARCHETYPES, CACHE, classic, plan_of, scenario_of


def test_the_packaged_scenario_holds_the_defaults_of_the_specification() -> None:
    packaged = default_scenario().model_dump()
    profiles = packaged.pop("archetypes")
    assert packaged.pop("events") == ()
    assert packaged.pop("incidents")["intensity"] == 0
    assert packaged.pop("collector")["intensity"] == 0
    assert packaged.pop("stories")["share"] == 0
    assert list(profiles) == sorted(ARCHETYPES)
    assert packaged == {
        "preset": "classic",
        "num_servers": 120,
        "start_date": date(2022, 1, 1),
        "end_date": date(2025, 12, 31),
        "granularity": "daily",
        "seed": 42,
        "quarterly_peaks": True,
        "holiday_effect": True,
        "spikes": True,
        "distribution": {"web": 0.35, "application": 0.40, "database": 0.15, "batch": 0.10},
        "assignment": "blocks",
        "business_units": dict.fromkeys(["Retail", "Investment", "Wealth", "Corporate"], 0.25),
        "criticalities": {"High": 0.2, "Medium": 0.5, "Low": 0.3},
        "regions": dict.fromkeys(["us-east-1", "us-west-2", "eu-west-1", "ap-southeast-1"], 0.25),
        "growth": {"mode": "span", "span": None},
        "correlation_repair": "refuse",
        "holidays": {"add": (), "remove": ()},
        "closed": {},
        "include_metadata": True,
        "include_calendar": True,
    }
    assert list(packaged["distribution"]) == list(ARCHETYPES)


@pytest.mark.parametrize("content", ["", "  \n", "# nothing\n", "---\n", "{}"])
def test_an_empty_file_is_the_packaged_scenario(content: str, written: Written) -> None:
    assert load_scenario(written(content)) == default_scenario()


def test_a_file_overrides_the_package_and_overrides_the_file(written: Written) -> None:
    path = written("num_servers: 7\nseed: 1\n")
    scenario = load_scenario(path, overrides={"seed": 2})
    assert (scenario.num_servers, scenario.seed, scenario.granularity) == (7, 2, "daily")
    assert load_scenario(str(path)) == load_scenario(path)
    assert load_scenario({"num_servers": 7, "seed": 2}) == scenario


def test_single_fields_of_an_archetype_are_overridden_and_the_rest_kept(written: Written) -> None:
    scenario = load_scenario(
        written("""
        archetypes:
          web:
            base_cpu: 50
            name: Edge
        """)
    )
    packaged = {str(kind): profile for kind, profile in ARCHETYPE_PROFILES.items()}
    expected = packaged["web"].model_copy(update={"base_cpu": 50.0, "name": "Edge"})
    assert scenario.archetypes["web"] == expected
    others = {name: profile for name, profile in scenario.archetypes.items() if name != "web"}
    assert others == {name: profile for name, profile in packaged.items() if name != "web"}


def test_a_new_archetype_is_a_block_and_is_named_after_its_key(written: Written) -> None:
    fields = "\n".join(f"    {key}: {value}" for key, value in CACHE.items() if key != "name")
    scenario = load_scenario(written(f"archetypes:\n  cache:\n{fields}\n"))
    assert scenario.archetypes["cache"].model_dump() == CACHE | {"name": "cache"}
    assert set(scenario.archetypes) == {*ARCHETYPES, "cache"}
    assert list(scenario.distribution) == list(ARCHETYPES)


def test_the_three_common_correlations_need_not_be_written() -> None:
    common = ("cpu_disk_correlation", "memory_network_correlation", "disk_network_correlation")
    few = {key: value for key, value in CACHE.items() if key not in common}
    cache = scenario_of({"archetypes.cache": few}).archetypes["cache"]
    assert [getattr(cache, field) for field in common] == [0.1, 0.2, 0.3]


def test_a_distribution_and_odds_are_replaced_whole() -> None:
    scenario = load_scenario({"distribution": {"batch": 1.0}, "criticalities": {"Low": 1.0}})
    assert scenario.distribution == {"batch": 1.0}
    assert scenario.criticalities == {"Low": 1.0}


def test_growth_merges_key_by_key() -> None:
    scenario = classic(load_scenario({"growth": {"span": [date(2022, 1, 1), "2022-12-31"]}}))
    assert scenario.growth.model_dump() == {
        "mode": "span",
        "span": (date(2022, 1, 1), date(2022, 12, 31)),
    }
    assert classic(load_scenario({"growth": {"mode": "monthly"}})).growth.span is None


def test_groups_of_a_realistic_profile_merge_and_distributions_replace(written: Written) -> None:
    packaged = default_scenario("realistic")
    scenario = load_scenario(
        written("""
        preset: realistic
        archetypes:
          web:
            demand: {level: {uniform: [10, 20]}}
            noise: {size: 0.33}
        locations: {eu-west-1: {country: GB}}
        closes: {Retail: {days: 7}}
        """),
        overrides={"archetypes.web.memory.releases.minutes": 500},
    )
    expected = packaged.to_dict()
    web = expected["archetypes"]["web"]
    assert web["demand"]["level"].keys() >= {"lognormal", "max"}
    web["demand"]["level"] = {"uniform": [10.0, 20.0]}
    web["noise"]["size"] = 0.33
    web["memory"]["releases"]["minutes"] = 500.0
    expected["locations"]["eu-west-1"]["country"] = "GB"
    expected["closes"]["Retail"]["days"] = 7
    assert scenario.to_dict() == expected


def test_overrides_by_dotted_key_reach_single_values() -> None:
    scenario = scenario_of(
        {
            "archetypes.web.base_cpu": 1.0,
            "growth.mode": "monthly",
            "distribution.web": 0.25,
            "distribution.batch": 0.2,
        }
    )
    assert scenario.archetypes["web"].base_cpu == 1.0
    assert scenario.archetypes["web"].base_memory == 35.0
    assert scenario.growth.mode == "monthly"
    assert list(scenario.distribution.items()) == [
        ("web", 0.25),
        ("application", 0.4),
        ("database", 0.15),
        ("batch", 0.2),
    ]


def test_loading_changes_neither_the_callers_values_nor_the_package() -> None:
    source: dict[str, Any] = {"archetypes": {"cache": {**CACHE}}, "growth": {"span": None}}
    del source["archetypes"]["cache"]["name"]
    growth, profile = {"mode": "span"}, {"base_cpu": 3.0}
    before = repr((source, growth, profile))
    load_scenario(source, overrides={"growth": {**growth, "span": None}, "seed": 5})
    with pytest.raises(ScenarioError):
        load_scenario(overrides={"archetypes.other": profile})
    with pytest.raises(ScenarioError):
        load_scenario(overrides={"growth": growth, "growth.span": 3})
    assert repr((source, growth, profile)) == before
    assert load_scenario() == default_scenario()
    assert default_scenario().archetypes["web"].base_cpu == 45.0


def test_one_mapping_can_serve_two_new_archetypes() -> None:
    shared = {key: value for key, value in CACHE.items() if key != "name"}
    for scenario in (
        scenario_of({"archetypes.one": shared, "archetypes.two": shared}),
        load_scenario({"archetypes": {"one": shared, "two": shared}}),
    ):
        assert [scenario.archetypes[key].name for key in ("one", "two")] == ["one", "two"]


def test_words_that_other_yaml_dialects_convert_stay_as_written(written: Written) -> None:
    """In YAML 1.1, no is false and 12:30 is 750."""
    scenario = load_scenario(written("regions: [no, on, 12:30, 1:20:30, ~x]"))
    assert list(scenario.regions) == ["no", "on", "12:30", "1:20:30", "~x"]


def test_dates_may_be_written_as_dates_or_as_text(written: Written) -> None:
    one = load_scenario(written("start_date: 2023-05-01\nend_date: '2023-06-01'"))
    assert (one.start_date, one.end_date) == (date(2023, 5, 1), date(2023, 6, 1))
    assert scenario_of(start_date="2023-05-01").start_date == date(2023, 5, 1)
    with pytest.raises(ScenarioError, match="time of day"):
        scenario_of(start_date=datetime(2023, 5, 1, 0, 0))


def test_equal_odds_add_up_to_one_for_any_number_of_names() -> None:
    for count in (1, 2, 3, 7, 10, 49, 1000):
        regions = scenario_of(regions=[f"region {i}" for i in range(count)]).regions
        assert len(regions) == count
        assert sum(regions.values()) == pytest.approx(1.0, abs=1e-12)
        assert max(regions.values()) - min(regions.values()) < 1e-9


def test_a_scenario_is_frozen() -> None:
    scenario: Any = default_scenario()
    with pytest.raises(UsageError, match="ClassicScenario is read-only: say seed in the scenario"):
        scenario.seed = 3
    with pytest.raises(UsageError, match="read-only"):
        del scenario.seed
    assert scenario.seed == 42


SAME: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a step in words or numbers": ({"granularity": "hourly"}, {"granularity": "1h"}),
    "a step in other units": ({"granularity": "60min"}, {"granularity": "3600s"}),
    "a day": ({"granularity": "daily"}, {"granularity": "24h"}),
    "a list or equal odds": (
        {"regions": ["a", "b"]},
        {"regions": {"a": 0.5, "b": 0.5}},
    ),
    "whole numbers or decimals": (
        {"archetypes.web.base_cpu": 45},
        {"archetypes.web.base_cpu": 45.0},
    ),
    "no growth span or the scenario's own": (
        {"growth.span": None},
        {"growth.span": [date(2022, 1, 1), "2025-12-31"]},
    ),
    "a repair that repairs nothing": ({}, {"correlation_repair": "nearest"}),
    "an archetype that is not used": ({}, {"archetypes.cache": CACHE}),
}


@pytest.mark.parametrize("what", SAME)
def test_the_same_written_differently_has_the_same_digest(what: str) -> None:
    one, other = (scenario_of(overrides) for overrides in SAME[what])
    assert one != other or what.startswith(("a list", "whole"))
    assert resolve(one).digest == resolve(other).digest


def _other(value: object) -> object:
    """Another valid value for a top-level key."""
    if value == {}:
        return {"Retail": {"weekdays": ["Friday"]}}
    if isinstance(value, Holidays):
        return {"remove": ["12-24"]}
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, date):
        return value.replace(day=value.day - 1 or 2)
    if isinstance(value, dict):
        return dict(reversed(value.items()))  # the order decides ties and draws
    return {"daily": "12h", "blocks": "interleaved", "classic": "realistic"}[str(value)]


TOP_LEVEL = [
    key
    for key in ClassicScenario.model_fields
    if key not in {"archetypes", "growth", "correlation_repair", "events", "incidents", "stories"}
]


FIGURES = {
    "vcpus": 2,
    "memory": "8 GiB",
    "disk": "50 GB",
    "network": "1 Gbps",
    "price": "30 EUR",
}
SMALL = {"families": {"own": {"source": "ours", "date": "2024-01-01", "types": {"s": FIGURES}}}}


@pytest.mark.parametrize("key", TOP_LEVEL)
def test_any_changed_key_changes_the_digest(key: str) -> None:
    unsaid: dict[str, Any] = {"fleet_growth": {"per_month": 1}, "retire": {"mean_years": 4}}
    before: dict[str, Any] = {"assignment": "interleaved"} if key in unsaid else {}
    unsaid |= {"instance_types": SMALL, "instances": {"web": {"m6i.large": 1.0}}}
    unsaid |= {"collector": {"intensity": 1}}
    other = unsaid.get(key) or _other(getattr(default_scenario(), key))
    changed = load_scenario(before | {key: other})
    assert resolve(changed).digest != plan_of(before).digest


CARDS = {"kind": "dependency", "name": "cards", "at": "2024-06-01 10:00", "for": "2h"}
HAPPENING: list[dict[str, Any]] = [
    {"incidents.intensity": 1},
    {"incidents": {"intensity": 1, "without": ["noisy_neighbour-server_000-20220104T1206"]}},
    {"incidents": {"intensity": 1, "leak": {"per_quarter": 0.2}}},
    {"events": [{"kind": "launch", "at": "2024-06-01"}]},
    {"events": [{"kind": "launch", "at": "2024-06-01 10:00"}]},
    {"events": [CARDS]},
    {"events": [CARDS], "incidents": {"without": ["cards-server_003"]}},
    {"stories": {"share": 0.1}},
    {"stories": {"share": 0.1, "decline": {"weight": 2}}},
]


def test_whatever_happens_changes_the_digest() -> None:
    digests = [plan_of(said).digest for said in ({}, *HAPPENING)]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize(
    ("preset", "event_id"),
    [("classic", "cards-server_003"), ("realistic", "backlog-cards-web-000")],
)
def test_what_is_taken_away_stands_in_the_resolved_scenario(preset: str, event_id: str) -> None:
    incidents = {"intensity": 0, "without": [event_id]}
    said = {"preset": preset, "events": [CARDS], "incidents": incidents}
    resolved = load_scenario(said).to_dict()
    assert resolved["incidents"] == incidents
    assert as_plan(resolved).digest == as_plan(said).digest


def test_what_does_not_come_by_itself_is_not_missed() -> None:
    said = {"incidents": {"intensity": 0, "without": ["leak-server_007-20240312T0410"]}}
    assert load_scenario(said).incidents.without


def test_rates_of_what_does_not_happen_change_nothing() -> None:
    quiet = {"incidents": {"intensity": 0, "leak": {"per_quarter": 0.2}}}
    assert plan_of(quiet).digest == plan_of().digest
    assert "incidents" not in load_scenario(quiet).to_dict()
    untold = {"stories": {"share": 0, "decline": {"weight": 2}}}
    assert plan_of(untold).digest == plan_of().digest
    assert "stories" not in load_scenario(untold).to_dict()
    resolved = load_scenario({"preset": "realistic", "stories": {"share": 0}}).to_dict()
    assert resolved["stories"] == {"share": 0}


@pytest.mark.parametrize("field", [field for field in CACHE if field != "name"])
@pytest.mark.parametrize("name", ["web", "batch"])
def test_any_changed_field_of_an_archetype_changes_the_digest(name: str, field: str) -> None:
    value = getattr(ARCHETYPE_PROFILES[ServerType(name)], field)
    assert plan_of({f"archetypes.{name}.{field}": value + 0.001}).digest != plan_of().digest


@pytest.mark.parametrize(
    "growth",
    [
        {"mode": "monthly"},
        {"span": ["2022-01-02", "2025-12-31"]},
        {"span": ["2022-01-01", "2026-12-31"]},
    ],
    ids=str,
)
def test_any_changed_growth_changes_the_digest(growth: dict[str, Any]) -> None:
    keys = {f"growth.{key}": value for key, value in growth.items()}
    assert plan_of(keys).digest != plan_of().digest


@pytest.mark.parametrize("preset", PRESETS)
def test_a_dumped_scenario_reads_back_the_same(preset: str, written: Written) -> None:
    text = dump_yaml(default_scenario(preset))
    read = load_scenario(written(text))
    assert read == default_scenario(preset)
    assert repr(read) == repr(default_scenario(preset))
    assert dump_yaml(read) == text
    assert text.startswith(f"preset: {preset}\nnum_servers: 120\n")


def test_a_value_that_occurs_twice_is_written_twice(written: Written) -> None:
    """YAML would otherwise refer from one to the other, which the loader refuses."""
    day = date(2023, 5, 1)
    scenario = load_scenario({"start_date": day, "growth": {"span": [day, day]}})
    text = dump_yaml(scenario)
    assert text.count("2023-05-01") == 3
    assert load_scenario(written(text)) == scenario


def test_packaged_closes_go_with_the_business_units_that_a_scenario_replaces() -> None:
    scenario = load_scenario({"preset": "realistic", "business_units": ["Shop"]})
    assert set(scenario.to_dict()["closes"]) == {"default"}
    assert set(load_scenario({"preset": "realistic"}).to_dict()["closes"]) == {"default", "Retail"}
