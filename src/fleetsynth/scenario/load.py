"""From layers of plain values (packaged defaults, a file, overrides) to one checked Scenario."""

from __future__ import annotations

import copy
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from fleetsynth.errors import Problem, ScenarioError, UsageError, did_you_mean
from fleetsynth.scenario import check, text
from fleetsynth.scenario.classic import ArchetypeProfile, ClassicScenario
from fleetsynth.scenario.fields import is_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic_core import ErrorDetails

    from fleetsynth.scenario.model import Scenario

    Origin = Callable[[tuple[str | int, ...]], str]

PRESETS = ("classic", "realistic")
"""The packaged scenarios."""

_MERGED = {"growth": 1, "archetypes": 3, "locations": 2, "closes": 2}
"""Keys whose mappings merge, and to what depth; any other value replaces the one below it."""


def load_scenario(
    source: Path | str | Mapping[str, Any] | None = None,
    *,
    overrides: Mapping[str, Any] | None = None,
    origins: Mapping[str, str] | None = None,
) -> Scenario:
    """Read a scenario over the packaged defaults.

    Args:
        source: a YAML file, a mapping of the same shape, or None for the defaults alone.
        overrides: values by dotted key, such as ``{"num_servers": 10, "growth.mode": "monthly"}``;
            they win over `source`.
        origins: where each override came from, such as ``{"num_servers": "--servers"}``, to be
            named in errors.

    Raises:
        ScenarioError: with every problem at once.
        UsageError: if the file cannot be read.
    """
    origin: Origin = lambda _path: ""  # noqa: E731
    if source is None:
        given: dict[str, Any] = {}
    elif isinstance(source, str | Path):
        given, origin = _read(Path(source))
    else:
        given = copy.deepcopy(dict(source))
    said_by = {key: (origins or {}).get(key, f"override {key}") for key in overrides or {}}

    def where(path: tuple[str | int, ...]) -> str:
        return _override_origin(said_by, path) or origin(path)

    preset = _preset({**given, **(overrides or {})}, where)
    values = _merge(_packaged(preset), given, depth=0)
    for key, value in (overrides or {}).items():
        values = _override(values, key, copy.deepcopy(value))
    _name_new_archetypes(values)
    return _validate(_model(preset), values, where)


def default_scenario(preset: str = "classic") -> Scenario:
    """Return a packaged scenario: 120 servers, daily, 2022 to 2025."""
    return load_scenario({"preset": preset})


@cache
def catalog_profiles() -> dict[str, ArchetypeProfile]:
    """Return the packaged classic archetypes by name."""
    return {k: ArchetypeProfile(**v) for k, v in _packaged("classic")["archetypes"].items()}


def dump_yaml(scenario: Scenario) -> str:
    """Write a scenario as YAML that `load_scenario` reads back to an equal one."""
    return text.dump(scenario.model_dump())


def starter_text(preset: str = "classic") -> str:
    """Return a packaged scenario with its comments, as a file to start from."""
    return (resources.files("fleetsynth.catalog") / preset / "config.yaml").read_text("utf-8")


def json_schema(preset: str = "classic") -> dict[str, Any]:
    """Return the JSON Schema of a scenario file, for editors: nothing required, defaults shown."""
    schema = _model(preset).model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "fleetsynth scenario"
    for part in (schema, *schema["$defs"].values()):
        part.pop("required", None)
    defaults = default_scenario(preset).to_dict()
    for key, field in schema["properties"].items():
        if key != "archetypes":
            field["default"] = defaults[key]
    return schema


def _preset(said: Mapping[str, Any], where: Origin) -> str:
    """Return the preset that a scenario is laid over."""
    preset = said.get("preset", "classic")
    if preset not in PRESETS:
        message = f"unknown preset {preset!r}{did_you_mean(str(preset), PRESETS)}"
        raise ScenarioError([Problem(message, "preset", where(("preset",)))])
    return str(preset)


def _model(preset: str) -> type[Scenario]:
    if preset == "realistic":
        from fleetsynth.scenario.realistic import RealisticScenario  # 30 ms that classic saves

        return RealisticScenario
    return ClassicScenario


@cache
def _packaged(preset: str) -> dict[str, Any]:
    catalog = resources.files("fleetsynth.catalog") / preset
    values = text.parse((catalog / "config.yaml").read_text("utf-8"), "config.yaml")
    values["archetypes"] = {
        entry.name.removesuffix(".yaml"): text.parse(entry.read_text("utf-8"), entry.name)
        for entry in sorted((catalog / "archetypes").iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".yaml")
    }
    return values


def _read(path: Path) -> tuple[dict[str, Any], Origin]:
    try:
        content = path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"cannot read the scenario {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        message = f"{path} is no scenario: byte {error.start} is not UTF-8 text"
        raise UsageError(message) from None
    name = path.name

    @cache
    def known_lines() -> dict[tuple[str | int, ...], int]:
        return text.lines(content)

    def origin(where: tuple[str | int, ...]) -> str:
        for end in range(len(where), 0, -1):
            line = known_lines().get(where[:end])
            if line:
                return f"{name}, line {line}"
        return name

    return text.parse(content, name), origin


def _merge(low: Any, high: Any, *, depth: int) -> Any:
    """Lay `high` over `low`; at depth 0 they are whole scenarios."""
    if not (isinstance(low, dict) and isinstance(high, dict)):
        return high
    out = copy.deepcopy(low)
    for key, value in high.items():
        deeper = _MERGED.get(key, 0) if depth == 0 else depth - 1
        out[key] = _merge(low.get(key), value, depth=deeper) if deeper else value
    return out


def _override(values: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Lay one value, given by its dotted key, over the others, as a file that said it would."""
    first, *inner = key.split(".")
    if inner and first not in _MERGED:
        # One share of a distribution: the others stay, where a file would replace them all.
        below = values.get(first)
        return {
            **values,
            first: {**(below if isinstance(below, dict) else {}), ".".join(inner): value},
        }
    for name in reversed(inner):
        value = {name: value}
    laid: dict[str, Any] = _merge(values, {first: value}, depth=0)
    return laid


def _name_new_archetypes(values: dict[str, Any]) -> None:
    archetypes = values["archetypes"]
    if isinstance(archetypes, dict):
        for key, profile in archetypes.items():
            if isinstance(profile, dict):
                profile.setdefault("name", key)


def _override_origin(said_by: Mapping[str, str], path: tuple[str | int, ...]) -> str:
    dotted = ".".join(map(str, path))
    for key, origin in said_by.items():
        if dotted == key or dotted.startswith(f"{key}.") or key.startswith(f"{dotted}."):
            return origin
    return ""


def _validate(model: type[Scenario], values: dict[str, Any], origin: Origin) -> Scenario:
    """Validate fields and cross-checks together, so that one run shows every problem."""
    found: list[Problem] = []
    bad: set[str] = set()
    try:
        scenario = model(**{str(key): value for key, value in values.items()})
    except ValidationError as error:
        details = error.errors(include_url=False)
        found += _explain(model, details, origin)
        bad = {str(detail["loc"][0]) for detail in details}
        # What is wrong is replaced for a moment, so that the rest can be checked as well.
        packaged = _packaged(values["preset"])
        checkable = {key: values[key] for key in model.model_fields}
        checkable |= {key: _stand_in(packaged, key, values[key]) for key in bad & checkable.keys()}
        scenario = model(**checkable)
    for depends_on, problem in check.problems(scenario):
        if not depends_on & bad:
            where = origin(tuple(problem.path.split(".")))
            found.append(Problem(problem.message, problem.path, where))
    if found:
        raise ScenarioError(found)
    return scenario


def _stand_in(packaged: dict[str, Any], key: str, value: object) -> object:
    """Return a valid value for a key whose own is not, with the same names in it if it has any."""
    if isinstance(value, dict) and value and all(is_name(name) for name in value):
        if key == "distribution":
            return {name: float(i == 0) for i, name in enumerate(value)}
        if key == "archetypes":
            return dict.fromkeys(value, next(iter(packaged["archetypes"].values())))
    return packaged[key]


def _explain(model: type[Scenario], details: list[ErrorDetails], origin: Origin) -> list[Problem]:
    missing: dict[tuple[int | str, ...], list[str]] = {}
    found = []
    for detail in details:
        if detail["type"] == "missing" and isinstance(detail["loc"][-1], str):
            missing.setdefault(detail["loc"][:-1], []).append(str(detail["loc"][-1]))
            continue
        loc = tuple(part for part in detail["loc"] if part != "[key]")
        found.append(Problem(_message(model, detail, loc), ".".join(map(str, loc)), origin(loc)))
    for loc, names in missing.items():
        message = f"missing {', '.join(names)}"
        found.append(Problem(message, ".".join(map(str, loc)), origin(loc)))
    return found


def _message(model: type[Scenario], detail: ErrorDetails, loc: tuple[int | str, ...]) -> str:
    kind = detail["type"]
    if kind == "extra_forbidden":
        return f"unknown key {loc[-1]!r}{did_you_mean(str(loc[-1]), _keys_beside(model, loc))}"
    if kind == "missing":
        what = "dates: the first day and the last" if loc[0] == "growth" else "numbers"
        return f"needs two {what}"
    if kind in ("model_type", "dict_type"):
        return f"expected keys and values, not {_shown(detail['input'])}"
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind == "too_short":
        return "needs at least one entry"
    message = detail["msg"]
    return f"{message[:1].lower()}{message[1:]}, not {_shown(detail['input'])}"


def _keys_beside(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys that there could be where `loc` points."""
    fields = model.model_fields
    for part in loc[:-1]:
        inner = _model_in(fields[str(part)].annotation) if part in fields else None
        fields = inner.model_fields if inner else fields
    return list(fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Find the model in a type such as ``dict[str, Model]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
