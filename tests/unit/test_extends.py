"""Archetypes that extend others, and closes that say only in what they differ."""

from typing import Any

import pytest

from fleetsynth import load_scenario, resolve
from fleetsynth.errors import Problem, ScenarioError
from fleetsynth.presets import PRESETS
from fleetsynth.presets.catalog import packaged
from fleetsynth.presets.load import default_scenario
from tests.conftest import Written
from tests.schema_check import errors as schema_errors
from tests.unit.bad_scenarios import Bad

FIGURE: dict[str, dict[str, Any]] = {
    "classic": {"base_cpu": 7.5},
    "realistic": {"demand": {"level": {"uniform": [3, 5]}}},
}
"""One figure of a profile of each preset."""


def _profile(values: dict[str, Any], name: str) -> dict[str, Any]:
    profile: dict[str, Any] = load_scenario(values).to_dict()["archetypes"][name]
    return profile


def _problems(source: Any, **options: Any) -> tuple[Problem, ...]:
    with pytest.raises(ScenarioError) as refused:
        load_scenario(source, **options)
    return refused.value.problems


# What is taken


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", ["web", "database"])
def test_all_figures_are_taken_and_the_name_is_its_own(preset: str, name: str) -> None:
    values = {"preset": preset, "archetypes": {"mine": {"extends": name}}}
    base = default_scenario(preset).to_dict()["archetypes"][name]
    assert _profile(values, "mine") == base | {"name": "mine"}
    assert load_scenario(values).archetypes[name] == default_scenario(preset).archetypes[name]


@pytest.mark.parametrize("preset", PRESETS)
def test_one_by_extends_and_one_in_full_are_the_same_scenario(preset: str) -> None:
    half = {"preset": preset, "distribution": {"mine": 0.5, "web": 0.5}}
    short = load_scenario(
        {**half, "archetypes": {"mine": {"extends": "database", **FIGURE[preset]}}}
    )
    full = short.to_dict()["archetypes"]["mine"]
    assert "extends" not in repr(short.to_dict())
    long = load_scenario({**half, "archetypes": {"mine": full}})
    assert short == long
    assert resolve(short).digest == resolve(long).digest
    plain = load_scenario({**half, "archetypes": {"mine": {"extends": "database"}}})
    assert resolve(short).digest != resolve(plain).digest


def test_groups_merge_and_distributions_are_replaced() -> None:
    base = default_scenario("realistic").to_dict()["archetypes"]["database"]
    own = {
        "extends": "database",
        "replicas": [1, 1],
        "demand": {"level": {"uniform": [3, 5]}, "wander": {"fast": 0.3}},
    }
    expected = base | {"name": "mine", "replicas": [1, 1]}
    expected["demand"] = base["demand"] | {
        "level": {"uniform": [3.0, 5.0]},
        "wander": base["demand"]["wander"] | {"fast": 0.3},
    }
    assert _profile({"preset": "realistic", "archetypes": {"mine": own}}, "mine") == expected


def test_what_the_file_changes_in_the_other_is_taken_through_chains_in_any_order() -> None:
    archetypes = {
        "c": {"extends": "b", "base_disk": 3},
        "b": {"extends": "a", "base_memory": 2, "name": "B"},
        "a": {"extends": "web", "base_cpu": 1},
        "web": {"base_network": 4, "cpu_disk_correlation": 0.15},
    }
    expected = default_scenario().to_dict()["archetypes"]["web"] | {
        "name": "c",
        "base_cpu": 1.0,
        "base_memory": 2.0,
        "base_disk": 3.0,
        "base_network": 4.0,
        "cpu_disk_correlation": 0.15,
    }
    for order in (archetypes, dict(reversed(archetypes.items()))):
        assert _profile({"archetypes": order}, "c") == expected


def test_a_packaged_archetype_that_extends_another_keeps_its_name_alone() -> None:
    profiles = default_scenario().to_dict()["archetypes"]
    said = {"archetypes": {"web": {"extends": "database", "base_cpu": 9}}}
    expected = profiles["database"] | {"name": profiles["web"]["name"], "base_cpu": 9.0}
    assert _profile(said, "web") == expected


def test_a_chain_may_be_long() -> None:
    chain = {f"a{i}": {"extends": f"a{i + 1}"} for i in range(3_000)} | {
        "a3000": {"extends": "web"}
    }
    assert _profile({"archetypes": chain}, "a0")["base_cpu"] == 45.0


def test_options_say_it_as_files_do(written: Written) -> None:
    path = written("archetypes: {mine: {extends: web, base_cpu: 3}}")
    overrides: dict[str, Any] = {"archetypes.mine.extends": "batch", "archetypes.mine.base_disk": 4}
    by_options = load_scenario(path, overrides=overrides)
    said = {"extends": "batch", "base_cpu": 3, "base_disk": 4}
    assert by_options == load_scenario({"archetypes": {"mine": said}})
    assert load_scenario(overrides={"archetypes.mine": said}) == by_options
    assert (
        load_scenario(overrides={"archetypes.new.extends": "web"}).archetypes["new"].name == "new"
    )


def test_neither_the_callers_values_nor_the_package_are_changed() -> None:
    said = {"archetypes": {"mine": {"extends": "web", "base_cpu": 3}, "web": {"base_disk": 1}}}
    before = repr(said), repr(packaged("classic"))
    load_scenario(said)
    assert (repr(said), repr(packaged("classic"))) == before


# What is refused


def _bad(archetypes: str, path: str, line: int, message: str) -> Bad:
    return Bad(f"archetypes:\n{archetypes}", path, line, message)


BAD = {
    "unknown name": _bad(
        "  mine:\n    base_cpu: 3\n    extends: databse",
        "archetypes.mine.extends",
        4,
        r"unknown archetype 'databse' \(did you mean 'database'\?\)$",
    ),
    "unknown name near one of the file": _bad(
        "  cache-one: {extends: web}\n  mine: {extends: cache-on}",
        "archetypes.mine.extends",
        3,
        r"\(did you mean 'cache-one'\?\)$",
    ),
    "unknown name near none": _bad(
        "  mine: {extends: zzz}",
        "archetypes.mine.extends",
        2,
        r"unknown archetype 'zzz' \(known: application, batch, database, web\)$",
    ),
    "itself": _bad(
        "  mine:\n    extends: mine", "archetypes.mine.extends", 3, "'mine' extends itself"
    ),
    "a packaged one itself": _bad(
        "  web: {extends: web}",
        "archetypes.web.extends",
        2,
        "'web' extends itself; .*leave extends out",
    ),
    "a circle": _bad(
        "  z: {extends: a}\n  a: {extends: b}\n  b: {extends: c}\n  c: {extends: a}",
        "archetypes.a.extends",
        3,
        "^these extend each other in a circle: a -> b -> c -> a$",
    ),
    "a number": _bad(
        "  mine: {extends: 3}", "archetypes.mine.extends", 2, "the name of an archetype, not 3$"
    ),
    "a list": _bad("  mine: {extends: [web]}", "archetypes.mine.extends", 2, r"not \['web'\]$"),
    "nothing": _bad("  mine: {extends: }", "archetypes.mine.extends", 2, "not None$"),
    "a figure that is wrong": _bad(
        "  mine: {extends: web, base_cpu: -3}", "archetypes.mine.base_cpu", 2, "to 0, not -3$"
    ),
    "a figure of the other that is wrong": _bad(
        "  mine: {extends: web}\n  web: {base_cpu: -3}", "archetypes.web.base_cpu", 3, "not -3$"
    ),
    "another that is incomplete": _bad(
        "  mine: {extends: zzz, base_disk: 1}\n  zzz: {base_cpu: 3}",
        "archetypes.zzz",
        3,
        "^without extends: NAME, .* missing base_memory",
    ),
    "another that is none": _bad("  mine: {extends: zzz}\n  zzz: 3", "archetypes.zzz", 3, "not 3$"),
    "correlations of the other": _bad(
        "  mine: {extends: web}\n  web: {cpu_disk_correlation: -0.99}",
        "archetypes.web",
        3,
        "not positive definite",
    ),
    "one that would be complete with it": _bad(
        "  cache: {base_cpu: 3}", "archetypes.cache", 2, "it has no extends: NAME"
    ),
    "in a group": Bad(
        "preset: realistic\narchetypes:\n  web:\n    demand: {extends: web}",
        "archetypes.web.demand.extends",
        4,
        "unknown key 'extends'",
    ),
    "a growth of the other": Bad(
        "preset: realistic\ndistribution: {mine: 0.5, web: 0.5}\narchetypes:\n"
        "  mine: {extends: web}\n  web: {demand: {growth: 900}}",
        "archetypes.web.demand.growth",
        5,
        "out of range",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_one_problem_is_one_message_with_path_and_line(what: str, written: Written) -> None:
    bad = BAD[what]
    (problem,) = _problems(written(bad.text))
    assert (problem.path, problem.where) == (bad.path, f"mine.yaml, line {bad.line}")
    with pytest.raises(AssertionError, match=bad.message):
        raise AssertionError(problem.message)


def test_every_problem_is_told_at_once(written: Written) -> None:
    text = """\
    num_servers: 0
    distribution: {mine: 1.0}
    archetypes:
      mine: {extends: lost, base_cpu: -1}
      lost: {extends: nowhere, extent: 3}
      on: {extends: on}
    """
    assert {problem.path for problem in _problems(written(text))} == {
        "num_servers",
        "archetypes.mine.base_cpu",
        "archetypes.lost.extends",
        "archetypes.lost.extent",
        "archetypes.on.extends",
    }


def test_a_slip_in_the_word_has_a_suggestion(written: Written) -> None:
    first, *_ = _problems(written("archetypes: {cache: {extend: web}}"))
    assert first.message == "unknown key 'extend' (did you mean 'extends'?)"


def test_an_option_that_names_nothing_is_named() -> None:
    (problem,) = _problems(
        None,
        overrides={"archetypes.mine.extends": "wep"},
        origins={"archetypes.mine.extends": "from --set archetypes.mine.extends=wep"},
    )
    assert problem.where == "from --set archetypes.mine.extends=wep"
    assert "did you mean 'web'" in problem.message


@pytest.mark.parametrize("preset", PRESETS)
def test_editors_know_the_word(preset: str) -> None:
    from fleetsynth.presets.load import json_schema

    schema = json_schema(preset)
    said: dict[str, Any] = {"preset": preset}
    said["archetypes"] = {"mine": {"extends": "web", **FIGURE[preset]}}
    assert list(schema_errors(said, schema, schema)) == []
    said["archetypes"] = {"mine": {"extends": ["web"]}}
    assert list(schema_errors(said, schema, schema)) == ["archetypes.mine.extends: type"]


# Closes


def _closes(**said: Any) -> dict[str, Any]:
    values = {"preset": "realistic", "business_units": ["Finance", "Retail", "Shop"], **said}
    closes: dict[str, Any] = load_scenario(values).to_dict()["closes"]
    return closes


def test_a_close_has_what_it_does_not_say_from_the_packaged_default() -> None:
    known = packaged("realistic")["closes"]
    closes = _closes(closes={"Finance": {"quarter": 1.6}})
    assert closes["Finance"] == known["default"] | {"quarter": 1.6}
    assert closes["Retail"] == known["Retail"]
    assert "Shop" not in closes


def test_a_close_has_what_it_does_not_say_from_the_default_of_the_scenario() -> None:
    closes = _closes(closes={"Finance": {"quarter": 1.6}, "default": {"days": 9}, "Shop": {}})
    default = packaged("realistic")["closes"]["default"] | {"days": 9}
    assert closes["default"] == closes["Shop"] == default
    assert closes["Finance"] == default | {"quarter": 1.6}


def test_a_close_in_few_words_is_the_same_scenario_as_in_full() -> None:
    base = {"preset": "realistic", "business_units": ["Finance", "Shop"]}
    short = load_scenario({**base, "closes": {"Finance": {"month": 1.2}}})
    full = {"month": 1.2, "quarter": 1.3, "days": 5, "fiscal_year_starts": 1}
    long = load_scenario({**base, "closes": {"Finance": full}})
    assert short == long
    assert resolve(short).digest == resolve(long).digest
    by_option = load_scenario(base, overrides={"closes.Finance.month": 1.2})
    assert by_option == short


@pytest.mark.parametrize(
    ("closes", "path"),
    [
        ("{Finance: {quarter: 1.6}, default: {days: 99}}", "closes.default.days"),
        ("{Finance: {quarter: 1.6}, default: 3}", "closes.default"),
        ("{Finance: {quarter: 1.6}, default: {1: 3}}", "closes.default.1"),
        ("{Finance: {quarter: -1}}", "closes.Finance.quarter"),
        ("{Finance: {quartre: 1.6}}", "closes.Finance.quartre"),
        ("{Finance: 3}", "closes.Finance"),
        ("3", "closes"),
    ],
)
def test_what_is_wrong_with_a_close_is_told_once(closes: str, path: str, written: Written) -> None:
    text = f"preset: realistic\nbusiness_units: [Finance]\ncloses: {closes}"
    (problem,) = _problems(written(text))
    assert (problem.path, problem.where) == (path, "mine.yaml, line 3")
