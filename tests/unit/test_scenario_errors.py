"""Bad scenarios: refused whole, each problem with its path, its line and what would be right."""

import re
from pathlib import Path
from typing import Any

import pytest

from fleetsynth import load_scenario, resolve
from fleetsynth.errors import FleetsynthError, Problem, ScenarioError, UsageError
from fleetsynth.models.classic.scenario import ClassicScenario
from fleetsynth.presets.load import default_scenario
from tests.conftest import Written
from tests.unit.bad_scenarios import PROBLEMS, REALISTIC, UNREADABLE


def _problems(source: Any, **options: Any) -> tuple[Problem, ...]:
    with pytest.raises(ScenarioError) as refused:
        load_scenario(source, **options)
    return refused.value.problems


@pytest.mark.parametrize("what", PROBLEMS | REALISTIC)
def test_one_problem_is_one_message_with_path_and_line(what: str, written: Written) -> None:
    bad = (PROBLEMS | REALISTIC)[what]
    (problem,) = _problems(written(bad.text))
    assert problem.path == bad.path
    assert problem.where == f"mine.yaml, line {bad.line}"
    assert re.search(bad.message, problem.message)
    assert "\n" not in problem.message


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_names_the_line(what: str, written: Written) -> None:
    text, line, message = UNREADABLE[what]
    (problem,) = _problems(written(text))
    assert problem.where == f"mine.yaml, line {line}"
    assert re.search(message, problem.message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- a\n- b", "expected 'key: value' lines, found a list"),
        ("just words", "expected 'key: value' lines, found the value 'just words'"),
        ("3", "expected 'key: value' lines, found the value 3"),
        ("seed: 3\n\0", "this is not YAML"),
        ("[" * 5_000, "nested too deeply"),
        ("seed: " + "9" * 5_000, "a value cannot be read"),
    ],
    ids=["list", "words", "number", "NUL", "deep nesting", "long number"],
)
def test_what_is_no_mapping_is_refused_by_file_name(
    content: str, message: str, written: Written
) -> None:
    (problem,) = _problems(written(content))
    assert problem.where.startswith("mine.yaml")
    assert message in problem.message


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n\x00\xff", b"seed: 3\n\xff\xfe", b"\xff\xfes\0e\0"]
)
def test_a_binary_file_is_no_scenario(content: bytes, written: Written) -> None:
    with pytest.raises(UsageError, match=r"mine\.yaml is not a scenario: byte \d+ is not UTF-8"):
        load_scenario(written(content))


def test_an_alias_bomb_is_refused_before_it_is_built(written: Written) -> None:
    """Twenty lines that would expand to 10^20 words: building them would never end."""
    lines = ["a0: &a0 [boom]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 21)]
    (problem,) = _problems(written("\n".join(lines)))
    assert "anchors and aliases are not accepted" in problem.message
    assert problem.where == "mine.yaml, line 1"


def test_a_directive_that_switches_to_another_dialect_is_refused(written: Written) -> None:
    """Under it, yes would be true and 12:30 would be 750."""
    (problem,) = _problems(written("%YAML 1.1\n---\nspikes: yes"))
    assert "directives are not accepted" in problem.message
    assert problem.where.startswith("mine.yaml, line")


@pytest.mark.parametrize("path", ["missing.yaml", "."])
def test_a_file_that_cannot_be_opened_is_named(path: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the scenario") as refused:
        load_scenario(tmp_path / path)
    assert str(tmp_path / path) in str(refused.value)


def test_all_problems_are_shown_at_once(written: Written) -> None:
    text = """\
    num_servers: 0
    granularity: 7min
    sede: 3
    distribution: {web: 0.5, bach: 0.4}
    start_date: 2023-01-02
    end_date: 2022-01-01
    archetypes:
      batch:
        memory_disk_correlation: 0.99
        cpu_network_correlation: 0.99
      web:
        base_cpu: .nan
    growth:
      span: [2023-01-01, 2022-01-01]
    """
    found = {problem.path: problem.where for problem in _problems(written(text))}
    assert found == {
        "num_servers": "mine.yaml, line 1",
        "granularity": "mine.yaml, line 2",
        "sede": "mine.yaml, line 3",
        "distribution": "mine.yaml, line 4",
        "distribution.bach": "mine.yaml, line 4",
        "end_date": "mine.yaml, line 6",
        "archetypes.web.base_cpu": "mine.yaml, line 12",
        "growth.span": "mine.yaml, line 14",
    }


def test_what_follows_from_a_problem_is_not_reported_on_top(written: Written) -> None:
    """A start date that cannot be read says nothing about the order of the dates."""
    (problem,) = _problems(written("start_date: soon\nend_date: 1999-01-01"))
    assert problem.path == "start_date"


def test_the_message_lists_the_problems(written: Written) -> None:
    with pytest.raises(ScenarioError) as refused:
        load_scenario(written("num_servers: 0\nsede: 1"))
    lines = str(refused.value).splitlines()
    assert lines[0] == "the scenario has 2 problems:"
    assert lines[1].endswith("not 0, at num_servers, mine.yaml, line 1")
    assert lines[2].endswith("(did you mean 'seed'?), at sede, mine.yaml, line 2")
    with pytest.raises(ScenarioError, match=r"^the scenario has a problem:\n  - unknown key"):
        load_scenario({"sede": 1})
    assert refused.value.exit_code == UsageError("").exit_code == 2


def test_overrides_are_named_by_where_they_came_from(written: Written) -> None:
    path = written("seed: x\nspikes: true")
    options = {
        "overrides": {"num_servers": 0, "growth.mode": "x", "archetypes.web.base_cpu": -1.0},
        "origins": {"num_servers": "--servers"},
    }
    found = {problem.path: problem.where for problem in _problems(path, **options)}
    assert found == {
        "seed": "mine.yaml, line 1",
        "num_servers": "--servers",
        "growth.mode": "override growth.mode",
        "archetypes.web.base_cpu": "override archetypes.web.base_cpu",
    }


def test_an_override_of_a_bad_value_mends_it(written: Written) -> None:
    assert load_scenario(written("seed: x"), overrides={"seed": 3}).seed == 3


NESTED = [[["a"]], [{"a": 1}], [None], [["a"], ["a"]]]


@pytest.mark.parametrize("names", NESTED, ids=str)
def test_names_that_are_lists_or_mappings_are_refused(names: list[Any]) -> None:
    problems = _problems({"regions": names})
    assert all(problem.path.startswith("regions") for problem in problems)


@pytest.mark.parametrize("name", ["", " a", "a\n", "x" * 201])
@pytest.mark.parametrize("key", ["distribution", "archetypes", "regions"])
def test_names_that_are_none_are_refused(key: str, name: str) -> None:
    value = default_scenario().archetypes["web"].model_dump() if key == "archetypes" else 1.0
    problems = _problems({key: {name: value}})
    assert {problem.path.split(".")[0] for problem in problems} == {key}


def test_a_plan_checks_a_scenario_that_was_not_loaded() -> None:
    values = default_scenario().model_dump() | {"end_date": default_scenario().start_date}
    values["start_date"] = default_scenario().end_date
    with pytest.raises(ScenarioError, match="is before start_date"):
        resolve(ClassicScenario(**values))


def test_every_error_is_a_fleetsynth_error() -> None:
    assert issubclass(ScenarioError, FleetsynthError)
    assert issubclass(UsageError, FleetsynthError)
    assert str(Problem("wrong", "a.b", "x.yaml, line 3")) == "wrong, at a.b, x.yaml, line 3"
    assert str(Problem("wrong")) == "wrong"
