"""Bad scenarios: refused whole, each problem with its path, its line and what would be right."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fleetsynth import load_scenario, resolve
from fleetsynth.errors import FleetsynthError, Problem, ScenarioError, UsageError
from fleetsynth.scenario import Scenario, default_scenario
from tests.conftest import Written


class Bad(NamedTuple):
    """A bad scenario, and the one problem that it has."""

    text: str
    path: str
    line: int
    message: str


PROBLEMS = {
    "unknown key": Bad(
        "seed: 1\nnum_server: 3", "num_server", 2, r"unknown key 'num_server' \(did you mean 'num_servers'\?\)"
    ),
    "unknown key with no near name": Bad(
        "colour: red", "colour", 1, r"unknown key 'colour' \(known: num_servers, start_date, .*archetypes\)"
    ),
    "key that is a number": Bad("1: 2", "1", 1, "unknown key '1'"),
    "unknown key of growth": Bad(
        "growth:\n  moode: span", "growth.moode", 2, r"unknown key 'moode' \(did you mean 'mode'\?\)"
    ),
    "unknown field of an archetype": Bad(
        "archetypes:\n  web:\n    base_cpu: 3.0\n    base_gpu: 3.0",
        "archetypes.web.base_gpu",
        4,
        r"unknown key 'base_gpu' \(did you mean 'base_cpu'\?\)",
    ),
    "text for a number": Bad(
        "num_servers: many", "num_servers", 1, "should be a valid integer, not 'many'"
    ),
    "quoted number": Bad(
        "\n\nnum_servers: '3'", "num_servers", 3, "should be a valid integer, not '3'"
    ),
    "fraction of a server": Bad("num_servers: 3.0", "num_servers", 1, "valid integer, not 3.0"),
    "true for a number": Bad("num_servers: true", "num_servers", 1, "valid integer, not True"),
    "number for true": Bad("spikes: 1", "spikes", 1, "valid boolean, not 1"),
    "yes for true": Bad("spikes: yes", "spikes", 1, "valid boolean, not 'yes'"),
    "nothing for a number": Bad("num_servers:", "num_servers", 1, "valid integer, not None"),
    "0 servers": Bad("num_servers: 0", "num_servers", 1, "greater than or equal to 1, not 0"),
    "negative servers": Bad(
        "num_servers: -5", "num_servers", 1, "greater than or equal to 1, not -5"
    ),
    "end before start": Bad(
        "start_date: 2023-01-02\nend_date: 2023-01-01",
        "end_date",
        2,
        "end_date 2023-01-01 is before start_date 2023-01-02",
    ),
    "no date": Bad(
        "start_date: tomorrow", "start_date", 1, "'tomorrow' is no date: give one such as 2022-01-01"
    ),
    "year alone": Bad("end_date: 2023", "end_date", 1, "valid date, not 2023"),
    "date with a time": Bad(
        "start_date: 2022-01-01 10:00:00", "start_date", 1, "time of day: give a date such as 2022-01-01"
    ),
    "shares below 1": Bad(
        "distribution:\n  web: 0.5\n  batch: 0.4", "distribution", 1, r"add up to 0\.9, not to 1"
    ),
    "shares above 1": Bad(
        "distribution: {web: 0.7, batch: 0.31}", "distribution", 1, r"add up to 1\.01, not to 1"
    ),
    "odds that do not add up": Bad(
        "criticalities: {High: 0.5}", "criticalities", 1, r"add up to 0\.5, not to 1"
    ),
    "share above 1": Bad(
        "distribution: {web: 1.5}", "distribution.web", 1, r"less than or equal to 1, not 1\.5"
    ),
    "negative share": Bad(
        "distribution:\n  web: 1.1\n  batch: -0.1".replace("1.1", "1.0"),
        "distribution.batch",
        3,
        r"greater than or equal to 0, not -0\.1",
    ),
    "no shares": Bad("distribution: {}", "distribution", 1, "needs at least one entry"),
    "no names": Bad("regions: []", "regions", 1, "needs at least one entry"),
    "name twice": Bad("regions: [a, b, a]", "regions", 1, "listed twice: a"),
    "unknown archetype": Bad(
        "distribution:\n  web: 0.5\n  bach: 0.5",
        "distribution.bach",
        3,
        r"unknown archetype 'bach' \(did you mean 'batch'\?\)",
    ),
    "step that does not divide a day": Bad(
        "granularity: 7min", "granularity", 1, "7min does not divide a day; 6min would"
    ),
    "no step": Bad(
        "granularity: weekly", "granularity", 1, "'weekly' is no granularity: give daily, hourly, or"
    ),
    "probability above 1": Bad(
        "archetypes: {web: {spike_probability: 1.5}}",
        "archetypes.web.spike_probability",
        1,
        r"less than or equal to 1, not 1\.5",
    ),
    "negative probability": Bad(
        "archetypes:\n  web:\n    spike_probability: -0.1",
        "archetypes.web.spike_probability",
        3,
        r"greater than or equal to 0, not -0\.1",
    ),
    "negative variance": Bad(
        "archetypes:\n  web:\n    cpu_variance: -1",
        "archetypes.web.cpu_variance",
        3,
        "greater than or equal to 0, not -1",
    ),
    "correlation above 1": Bad(
        "archetypes: {web: {cpu_memory_correlation: 1.1}}",
        "archetypes.web.cpu_memory_correlation",
        1,
        r"less than or equal to 1, not 1\.1",
    ),
    "correlations that are not positive definite": Bad(
        "seed: 3\narchetypes:\n  web:\n    memory_disk_correlation: 0.7",
        "archetypes.web",
        3,
        r"not positive definite \(smallest eigenvalue -0\.012964\); the nearest that are: "
        r"cpu_memory_correlation: 0\.494953, .*correlation_repair: nearest",
    ),
    "everything shrinks away": Bad(
        "archetypes: {web: {monthly_growth_rate: -100}}",
        "archetypes.web.monthly_growth_rate",
        1,
        "greater than -100, not -100",
    ),
    "incomplete archetype": Bad(
        "archetypes:\n  cache:\n    base_cpu: 3.0",
        "archetypes.cache",
        2,
        "missing base_memory, base_disk, .*, monthly_growth_rate",
    ),
    "archetype that is a number": Bad("archetypes: {web: 3}", "archetypes.web", 1, "not 3"),
    "no archetypes": Bad("archetypes: null", "archetypes", 1, "not None"),
    "unknown mode": Bad(
        "growth: {mode: yearly}", "growth.mode", 1, "'span' or 'monthly', not 'yearly'"
    ),
    "unknown repair": Bad(
        "correlation_repair: guess", "correlation_repair", 1, "'refuse' or 'nearest', not 'guess'"
    ),
    "growth span backwards": Bad(
        "growth: {span: [2023-01-01, 2022-01-01]}", "growth.span", 1, "ends on 2022-01-01, before it starts"
    ),
    "growth span with one end": Bad("growth: {span: [2023-01-01]}", "growth.span", 1, "."),
    "not a number": Bad(
        "archetypes: {web: {base_cpu: .nan}}", "archetypes.web.base_cpu", 1, "finite number, not nan"
    ),
    "infinity": Bad(
        "archetypes: {web: {base_cpu: .inf}}", "archetypes.web.base_cpu", 1, "finite number, not inf"
    ),
    "minus infinity": Bad(
        "archetypes: {web: {monthly_growth_rate: -.inf}}",
        "archetypes.web.monthly_growth_rate",
        1,
        "finite number, not -inf",
    ),
    "share that is not a number": Bad(
        "distribution: {web: .nan}", "distribution.web", 1, "finite number, not nan"
    ),
    "name with spaces around it": Bad(
        "regions: [b, ' a']", "regions. a", 1, "' a' is no name: use printable text"
    ),
    "name over two lines": Bad(
        'archetypes: {web: {name: "a\\nb"}}', "archetypes.web.name", 1, "is no name: use printable"
    ),
    "name that is a number": Bad("regions: [a, 1]", "regions.1", 1, "valid string, not 1"),
}  # fmt: skip


def _problems(source: Any, **options: Any) -> tuple[Problem, ...]:
    with pytest.raises(ScenarioError) as refused:
        load_scenario(source, **options)
    return refused.value.problems


@pytest.mark.parametrize("what", PROBLEMS)
def test_one_problem_is_one_message_with_path_and_line(what: str, written: Written) -> None:
    bad = PROBLEMS[what]
    (problem,) = _problems(written(bad.text))
    assert problem.path == bad.path
    assert problem.where == f"mine.yaml, line {bad.line}"
    assert re.search(bad.message, problem.message)
    assert "\n" not in problem.message


UNREADABLE = {
    "duplicate key": ("seed: 3\nspikes: true\nseed: 4", 3, 'duplicate key "seed"'),
    "duplicate key of an archetype": (
        "archetypes:\n  web:\n    base_cpu: 1\n    base_cpu: 2", 4, 'duplicate key "base_cpu"'
    ),
    "no YAML": ("seed: 3\n{{{{", 2, "."),
    "colon in a value": ("a: b: c", 1, "mapping values are not allowed"),
    "tab": ("growth:\n\tmode: span", 2, r"'\\t'"),
    "tag that runs code": ("!!python/object/apply:os.system [ls]", 1, r"tags are not accepted \(.*os\.system\)"),
    "tag on a value": ("spikes: true\nseed: !!int 3", 2, "tags are not accepted"),
    "tag of one's own": ("seed: !secret 3", 1, r"tags are not accepted \(!secret\)"),
    "alias": ("seed: &s 3\nnum_servers: *s", 1, r"anchors and aliases are not accepted \('s'\): write it out"),
    "several documents": ("seed: 1\n---\nseed: 2", 2, "another document"),
    "impossible date": ("seed: 1\nstart_date: 2022-13-01", 2, "month must be in 1..12"),
    "other dialect": ("%YAML 1.1\n---\nspikes: yes", 1, "directives are not accepted"),
}  # fmt: skip


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
        ("[" * 5_000, "recursion"),
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
    with pytest.raises(UsageError, match=r"mine\.yaml is no scenario: byte \d+ is not UTF-8"):
        load_scenario(written(content))


def test_an_alias_bomb_is_refused_before_it_is_built(written: Written) -> None:
    """Twenty lines that would expand to 10^20 words: building them would never end."""
    lines = ["a0: &a0 [boom]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 21)]
    (problem,) = _problems(written("\n".join(lines)))
    assert "anchors and aliases are not accepted" in problem.message
    assert problem.where == "mine.yaml, line 1"


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
        resolve(Scenario(**values))


def test_every_error_is_a_fleetsynth_error() -> None:
    assert issubclass(ScenarioError, FleetsynthError)
    assert issubclass(UsageError, FleetsynthError)
    assert str(Problem("wrong", "a.b", "x.yaml, line 3")) == "wrong, at a.b, x.yaml, line 3"
    assert str(Problem("wrong")) == "wrong"
