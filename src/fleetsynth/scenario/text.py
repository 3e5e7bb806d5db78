"""YAML text to plain values and back. Nothing else in the package knows YAML."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy
from functools import lru_cache
from io import StringIO
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, ScalarEvent
from ruamel.yaml.nodes import MappingNode, SequenceNode

from fleetsynth.errors import Problem, ScenarioError
from fleetsynth.scenario import block_text
from fleetsynth.scenario.block_text import NotPlainError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ruamel.yaml.nodes import Node

    from fleetsynth.scenario.fields import Strict
    from fleetsynth.scenario.model import Scenario

Path = tuple[str | int, ...]

LARGEST = 1 << 20
"""Characters of a scenario: the largest that anyone has written is a hundredth of it."""

_EXACT = 1e15
"""Below it, floating point knows every whole number."""


def _loader() -> YAML:
    return YAML(typ="safe", pure=True)


@lru_cache(maxsize=8)  # one is read for each question about a folder, which takes longer than most
def _load(text: str, name: str) -> Any:
    with suppress(NotPlainError):
        return block_text.read(text, _plain)
    # Only text with one of these characters can hold an anchor, alias, tag or directive.
    if any(mark in text for mark in "&*!%"):
        _refuse_indirection(text, name)
    return _loader().load(text)


@lru_cache(maxsize=4_000)
def _plain(text: str) -> Any:
    """Read a scalar that stands alone."""
    try:
        return _loader().load(text)
    except (YAMLError, ValueError, OverflowError):
        raise NotPlainError from None  # the error is told with its line


def parse(text: str, name: str) -> dict[str, Any]:
    """Read a YAML mapping of plain values.

    Args:
        text: the YAML text; empty text is an empty mapping.
        name: what to call it in errors, such as its file name.

    Raises:
        ScenarioError: for anything but one plain mapping: broken syntax, duplicate keys, tags,
            anchors and aliases (they can blow a small file up), several documents, lists.
    """
    if len(text) > LARGEST:
        message = f"a scenario of {len(text):,} characters is too long: {LARGEST:,} are allowed"
        raise ScenarioError([Problem(message, where=name)])
    try:
        values = deepcopy(_load(text, name))
    except YAMLError as error:
        raise ScenarioError([_problem(error, name)]) from None
    except (ValueError, OverflowError) as error:
        problem = Problem(f"a value cannot be read: {error}", where=_culprit(text, name))
        raise ScenarioError([problem]) from None
    except RecursionError:
        raise ScenarioError([Problem("this is nested too deeply", where=name)]) from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        message = f"expected 'key: value' lines, found {_kind(values)}"
        raise ScenarioError([Problem(message, where=name)])
    return values


def parse_value(text: str, name: str) -> Any:
    """Read one YAML value, such as the right-hand side of ``--set key=value``."""
    values = parse(f"value: {text}", name)
    if values.keys() != {"value"}:
        raise ScenarioError([Problem(f"{text!r} is more than one value", where=name)])
    return values["value"]


def lines(text: str) -> dict[Path, int]:
    """Map the path of each key and list item to its line, counted from 1."""
    root = _loader().compose(StringIO(text))
    return dict(_walk(root, ())) if root is not None else {}


def _dumper(*, flow_style: bool) -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = flow_style  # before the representer, which takes it over
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.representer.ignore_aliases = lambda _value: True
    return yaml


def dump(values: dict[str, Any]) -> str:
    """Write plain values as YAML, keys in their order."""
    with suppress(NotPlainError):
        return block_text.write(values, _plainly)
    return _dump(values)


def _dump(values: dict[str, Any]) -> str:
    out = StringIO()
    _dumper(flow_style=False).dump(values, out)
    return out.getvalue()


@lru_cache(maxsize=4_000, typed=True)
def _plainly(value: Any) -> str:
    """Write a scalar as the value of a key; without one, as nothing would be, it is not plain."""
    said = _dump({"k": value})
    if not said.startswith("k: ") or said.count("\n") != 1:
        raise NotPlainError
    return said[3:-1]


def flow(value: Any) -> str:
    """Write a plain value on one line, whole numbers without a fraction, as people write them."""
    if isinstance(value, dict):
        inner = ", ".join(f"{flow(key)}: {flow(entry)}" for key, entry in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(flow, value))}]"
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value) if value or repr(value) == "0.0" else value
    yaml = _dumper(flow_style=True)
    yaml.width = 2 * LARGEST  # names are not broken over lines
    out = StringIO()
    yaml.dump([value], out)
    return out.getvalue().rstrip("\n")[1:-1]


def block(values: dict[str, Any], indent: str = "") -> str:
    """Write plain values as indented YAML, with the innermost mappings on one line."""
    out = ""
    for key, value in values.items():
        if isinstance(value, dict) and any(isinstance(inner, dict) for inner in value.values()):
            out += f"{indent}{flow(key)}:\n{block(value, indent + '  ')}"
        else:
            out += f"{indent}{flow(key)}: {flow(value)}\n"
    return out


def _walk(node: Node, path: Path) -> Iterator[tuple[Path, int]]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            yield inner, key.start_mark.line + 1
            yield from _walk(value, inner)
    elif isinstance(node, SequenceNode):
        for i, value in enumerate(node.value):
            yield (*path, i), value.start_mark.line + 1
            yield from _walk(value, (*path, i))


def _refuse_indirection(text: str, name: str) -> None:
    for event in _loader().parse(text):
        line = event.start_mark.line + 1
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            message = f"YAML anchors and aliases are not accepted ({event.anchor!r}): write it out"
        elif tag := getattr(event, "tag", None):
            message = f"YAML tags are not accepted ({tag}): write plain values"
        elif getattr(event, "version", None):
            message = "YAML directives are not accepted: this is YAML 1.2"
        else:
            continue
        raise ScenarioError([Problem(message, where=f"{name}, line {line}")])


def _culprit(text: str, name: str) -> str:
    """Find the line of a scalar that YAML takes for a date or number that there is not."""
    for event in _loader().parse(text):
        if isinstance(event, ScalarEvent) and event.implicit[0]:  # written without quotes
            try:
                _loader().load(event.value)
            except (ValueError, OverflowError):
                return f"{name}, line {event.start_mark.line + 1}"
            except YAMLError:
                continue
    return name


def _problem(error: YAMLError, name: str) -> Problem:
    if not isinstance(error, MarkedYAMLError):
        return Problem(f"this is not YAML: {str(error).splitlines()[0]}", where=name)
    what = " ".join(str(error.problem or "this is not YAML").split())
    if what.startswith("but "):  # half a sentence, begun by the context
        what = f"{error.context}, {what}"
    mark = error.problem_mark
    return Problem(what, where=f"{name}, line {mark.line + 1}" if mark else name)


def _kind(value: object) -> str:
    return "a list" if isinstance(value, list) else f"the value {repr(value)[:60]}"


def dump_yaml(scenario: Scenario) -> str:
    """Write a scenario as YAML that `load_scenario` reads back to an equal one."""
    return dump(scenario.model_dump())


def archetype_block(name: str, profile: Strict) -> str:
    """Write an archetype as it stands below the key `archetypes` of a scenario."""
    return f"  {flow(name)}:\n{block(profile.model_dump(mode='json'), '    ')}"
