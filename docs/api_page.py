"""The API reference, from signatures and docstrings."""

from __future__ import annotations

import ast
import inspect
import re
from enum import Enum
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fleetsynth
from fleetsynth import ServerArchetype
from fleetsynth.models.classic.scenario import ArchetypeProfile
from fleetsynth.scenario import Scenario
from fleetsynth.specification import names as specification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

INTRO = """\
# Python API

```python
import fleetsynth as fs

result = fs.generate({"num_servers": 8, "end_date": "2022-03-31"}, "fleet.parquet")
print(result.rows, result.digest)

scenario = fs.load_scenario(overrides={"num_servers": 8, "growth.mode": "monthly"})
print(fs.estimate(scenario).bytes[".parquet"])
frame = fs.to_pandas(scenario)

folder = fs.generate(scenario, "fleet/", partition_by=["year"])  # parts and a manifest
assert fs.verify("fleet").ok and fs.digest("fleet") == folder.digest

assert fs.generate_full_dataset(num_servers=8, end_date="2022-03-31").shape == (720, 18)
```

These are all public names; whatever is not listed here may change. `import fleetsynth` is quick:
each name loads what it needs when it is first used, and pandas only where a DataFrame is asked for.

A parameter of type `ScenarioLike` takes a `Scenario`, a `Plan`, the path of a YAML file, a mapping
of the same shape, or None for the packaged scenario. Anything wrong with it raises a
`ScenarioError` that lists every problem.

A parameter of type `Times` takes one timestamp or an array of them: `datetime`,
`numpy.datetime64`, `pandas.Timestamp`, or anything that NumPy turns into `datetime64`. Timestamps
have no zone and mean UTC. For one timestamp the answer is a number, for an array an array.

{contents}
"""

SCENARIO_FIELDS = "Its fields are described in [the scenario reference](scenario.md{anchor}).\n\n"

_SECTION = re.compile(r"(Args|Attributes|Raises|Returns|Yields):")
_TITLES = {"Args": "Parameters"}


def groups() -> dict[str, list[str]]:
    """Return the public names under the topics that `fleetsynth.__all__` gives in comments."""
    source = inspect.getsource(fleetsynth).partition("__all__ = [")[2].partition("\n]")[0]
    out: dict[str, list[str]] = {}
    topic = "version"
    for line in map(str.strip, source.splitlines()[1:]):
        if line.startswith("# "):
            topic = line[2:]
        else:
            out.setdefault(topic, []).append(line.strip('",'))
    return out


def render() -> str:
    """Return the page."""
    topics = {topic[0].upper() + topic[1:]: names for topic, names in groups().items()}
    contents = "\n".join(
        f"- [{topic}](#{_anchor(topic)}): " + ", ".join(f"[`{n}`](#{_anchor(n)})" for n in names)
        for topic, names in topics.items()
    )
    sections = (f"## {topic}\n\n" + "".join(map(_entry, names)) for topic, names in topics.items())
    return (INTRO.replace("{contents}", contents) + "\n" + "".join(sections)).rstrip() + "\n"


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _entry(name: str) -> str:
    thing = getattr(fleetsynth, name)
    head = f"### `{name}`\n\n"
    if inspect.isclass(thing):
        return head + _class(thing)
    if inspect.isfunction(thing):
        return head + _function(thing, name)
    return head + _constant(name, thing)


def _constant(name: str, value: object) -> str:
    if name == "__version__":
        return "The version, as text.\n\n"
    kind = type(value).__name__
    return f"A {kind}. {_markdown(_constant_docstring(name))}"


def _constant_docstring(name: str) -> str:
    """Return the string that follows the assignment to a name of the specification."""
    body = ast.parse(inspect.getsource(specification)).body
    for statement, following in pairwise(body):
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and statement.target.id == name
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
        ):
            return str(following.value.value)
    raise LookupError(f"no docstring after {name}")


def _class(thing: type[Any]) -> str:
    out = ""
    if thing is ServerArchetype:
        out += _signature(thing, thing.__name__)
    elif issubclass(thing, Exception) and thing.__bases__ != (Exception,):
        out += f"A `{thing.__bases__[0].__name__}`. "
    out += _markdown(inspect.getdoc(thing) or "")
    if issubclass(thing, Enum):
        members = ", ".join(f"`{member.name}` (`{member.value!s}`)" for member in thing)
        out += f"Members: {members}.\n\n"
    if thing is Scenario:
        out += SCENARIO_FIELDS.format(anchor="#keys")
    if thing is ArchetypeProfile:
        out += SCENARIO_FIELDS.format(anchor="#archetypes")
    return out + "".join(_members(thing))


def _members(thing: type[Any]) -> Iterable[str]:
    for name, member in vars(thing).items():
        full = f"{thing.__name__}.{name}"
        if name.startswith("_"):
            continue
        if inspect.isfunction(member):
            yield f"#### `{full}`\n\n" + _function(member, full)
        elif isinstance(member, property | cached_property):
            yield f"#### `{full}`\n\nA property. {_markdown(inspect.getdoc(member) or '')}"


def _function(function: Callable[..., Any], name: str) -> str:
    return _signature(function, name) + _markdown(inspect.getdoc(function) or "")


class _Verbatim:
    """Something that is shown in a signature exactly as given."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _signature(function: Callable[..., Any], name: str) -> str:
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(
            annotation=_verbatim(parameter.annotation),
            default=_default(parameter.default),
        )
        for parameter in signature.parameters.values()
        if parameter.name != "self"
    ]
    returns = _verbatim(signature.return_annotation)
    if inspect.isclass(function):
        returns = signature.empty
    shown = signature.replace(parameters=parameters, return_annotation=returns)
    text = f"{name}{shown}"
    if len(text) > 96:
        ending = f" -> {returns!r}" if isinstance(returns, _Verbatim) else ""
        lines = _one_per_line(parameters)
        text = f"{name}(\n{lines}){ending}"
    return f"```text\n{text}\n```\n\n"


def _one_per_line(parameters: list[inspect.Parameter]) -> str:
    out, starred = "", False
    for parameter in parameters:
        starred = starred or parameter.kind is parameter.VAR_POSITIONAL
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            out, starred = out + "    *,\n", True
        out += f"    {parameter},\n"
    return out


def _verbatim(annotation: object) -> object:
    return _Verbatim(annotation) if isinstance(annotation, str) else annotation


def _default(value: object) -> object:
    return _Verbatim(repr(value.as_posix())) if isinstance(value, Path) else value


def _markdown(docstring: str) -> str:
    """Turn a Google-style docstring into Markdown."""
    out: list[str] = []
    section = ""
    for line in inspect.cleandoc(docstring).replace("``", "`").splitlines():
        match = _SECTION.fullmatch(line)
        if match:
            section = match[1]
            out += [f"**{_TITLES.get(section, section)}**", ""]
        elif not section or not line.startswith("    "):
            out.append(line)
        elif section in {"Returns", "Yields"} or line.startswith("     "):
            out.append(line.strip() if section in {"Returns", "Yields"} else f"  {line.strip()}")
        else:
            name, _, meaning = line.strip().partition(": ")
            out.append(f"- `{name}`: {meaning}")
    return "\n".join(out).strip() + "\n\n"
