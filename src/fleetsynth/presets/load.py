"""From layers of plain values (packaged defaults, a file, overrides) to one checked Scenario."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from fleetsynth.errors import Problem, ScenarioError, UsageError, did_you_mean
from fleetsynth.presets import DEFAULT, PRESETS, is_preset, model, names, problems_of, scenarios
from fleetsynth.presets.catalog import estates, packaged, packaged_estate
from fleetsynth.presets.catalogue import complete
from fleetsynth.presets.explain import explain
from fleetsynth.presets.extend import KEY, MEANING, bases_of, extend, not_inherited
from fleetsynth.presets.files import read_files
from fleetsynth.scenario import text
from fleetsynth.scenario.fields import is_name
from fleetsynth.scenario.layers import merge, override
from fleetsynth.scenario.shape import refuse_unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fleetsynth.scenario.model import Scenario

    Origin = Callable[[tuple[str | int, ...]], str]


def load_scenario(
    source: Path | str | Mapping[str, Any] | None = None,
    *,
    overrides: Mapping[str, Any] | None = None,
    origins: Mapping[str, str] | None = None,
) -> Scenario:
    """Read a scenario over the packaged defaults.

    Args:
        source: a YAML file, the name of a packaged scenario such as ``planner``, a mapping of the
            same shape, or None for the defaults alone. A file of that name goes first.
        overrides: values by dotted key, such as ``{"num_servers": 10, "growth.mode": "monthly"}``;
            they win over `source`.
        origins: where each override came from, such as ``{"num_servers": "--servers"}``, to be
            named in errors.

    Raises:
        ScenarioError: with every problem at once.
        UsageError: if the file cannot be read.
    """
    given, origin = _given(source)
    refuse_unreadable(overrides or {}, lambda path: (origins or {}).get(str(path[0]), ""))
    said_by = {key: (origins or {}).get(key, f"override {key}") for key in overrides or {}}

    def where(path: tuple[str | int, ...]) -> str:
        return _override_origin(said_by, path) or origin(path)

    preset = _preset({**given, **(overrides or {})}, where)
    written = model(preset).scenario
    low = _lowest(preset, {**given, **(overrides or {})}, where)
    said = _layered(written, {}, given, overrides or {})
    values = _layered(written, copy.deepcopy(low), given, overrides or {})
    bases = bases_of(values)
    found = extend(written, values, said, _valid_figures(low), where)
    _name_new_archetypes(values)
    model(preset).settle(values, low)
    unread = read_files(values, lambda key: _folder(source, said_by, key), where)
    complete(values)
    return _validate(written, preset, values, where, {"archetypes": found, **unread}, bases)


def _folder(source: object, said_by: Mapping[str, str], key: str) -> Path:
    """Return where the paths of a scenario begin: at its file, if that is what says them."""
    overridden = any(said in (key, key.partition(".")[0]) for said in said_by)
    return Path(source).parent if isinstance(source, str | Path) and not overridden else Path()


def _layered(
    written: type[Scenario],
    low: dict[str, Any],
    given: Mapping[str, Any],
    overrides: Mapping[str, Any],
) -> dict[str, Any]:
    """Lay a source and what overrides it over other values."""
    values = merge(written, low, given)
    for key, value in overrides.items():
        values = override(written, values, key, copy.deepcopy(value))
    return values


def preset_of(
    source: Path | str | Mapping[str, Any] | None, overrides: Mapping[str, Any] | None = None
) -> str:
    """Return the preset that `load_scenario` would lay these layers over, if it exists."""
    given, _ = _given(source)
    return str({**given, **(overrides or {})}.get("preset", DEFAULT))


def default_scenario(preset: str = DEFAULT) -> Scenario:
    """Return a packaged scenario: 120 servers, daily, 2022 to 2025."""
    return load_scenario({"preset": preset})


def json_schema(preset: str = DEFAULT) -> dict[str, Any]:
    """Return the JSON Schema of a scenario file, for editors: nothing required, defaults shown."""
    schema = model(preset).scenario.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "fleetsynth scenario"
    for part in (schema, *schema["$defs"].values()):
        part.pop("required", None)
    profile = schema["properties"]["archetypes"]["additionalProperties"]["$ref"].split("/")[-1]
    schema["$defs"][profile]["properties"][KEY] = {"type": "string", "description": MEANING}
    if "estate" in schema["properties"]:
        schema["properties"]["estate"]["enum"] = list(estates(preset))
    defaults = {**packaged(preset), **default_scenario(preset).to_dict()}
    for key, field in schema["properties"].items():
        if key != "archetypes":
            field["default"] = defaults.get(key)
    return schema


def _preset(said: Mapping[str, Any], where: Origin) -> str:
    """Return the preset that a scenario is laid over."""
    preset = said.get("preset", DEFAULT)
    if not is_preset(preset):
        message = f"unknown preset {preset!r}{did_you_mean(str(preset), names())}"
        raise ScenarioError([Problem(message, "preset", where(("preset",)))])
    return str(preset)


def _lowest(preset: str, said: Mapping[str, Any], where: Origin) -> dict[str, Any]:
    """Return the layer that a scenario is laid over: packaged with its preset, or its estate."""
    known, estate = estates(preset), said.get("estate")
    if not known or estate is None:
        return packaged(preset)
    if estate not in known:
        hint = did_you_mean(str(estate), known) or f": give one of {', '.join(known)}"
        raise ScenarioError(
            [Problem(f"unknown estate {estate!r}{hint}", "estate", where(("estate",)))]
        )
    return packaged_estate(preset, estate)


def _given(source: Path | str | Mapping[str, Any] | None) -> tuple[dict[str, Any], Origin]:
    """Return what a source says, and where it says it."""
    if isinstance(source, str | Path):
        given, origin = _read(Path(source))
    else:
        given, origin = dict(source or {}), lambda _path: ""
    refuse_unreadable(given, origin)  # before anything walks down its levels
    return copy.deepcopy(given), origin


def _read(path: Path) -> tuple[dict[str, Any], Origin]:
    content, name = _content(path), path.name

    @cache
    def known_lines() -> dict[str, int]:
        # As text with dots: names of types have some, and a problem's path is one text.
        return {".".join(map(str, path)): line for path, line in text.lines(content).items()}

    def origin(where: tuple[str | int, ...]) -> str:
        keys = ".".join(map(str, where)).split(".")
        for end in range(len(keys), 0, -1):
            line = known_lines().get(".".join(keys[:end]))
            if line:
                return f"{name}, line {line}"
        return name

    return text.parse(content, name), origin


def _content(path: Path) -> str:
    """Return the text of a scenario: of a file, or of a packaged one by its name."""
    if scenarios.is_packaged(path):
        return scenarios.packaged_text(path.name)
    try:
        with path.open("rb") as file:  # of what has no end, as much as there can be of a scenario
            return file.read(4 * text.LARGEST + 1).decode()
    except OSError as error:
        hint = f"; the packaged one is {{'preset': '{path}'}}" if str(path) in PRESETS else ""
        if isinstance(error, IsADirectoryError):
            hint = f"; that of a dataset is {path / 'scenario.yaml'}"
        elif not hint and not path.suffix:
            hint = did_you_mean(str(path), scenarios.names())
        raise UsageError(f"cannot read the scenario {path}: {error.strerror}{hint}") from None
    except UnicodeDecodeError as error:
        message = f"{path} is not a scenario: byte {error.start} is not UTF-8 text"
        raise UsageError(message) from None


def _name_new_archetypes(values: dict[str, Any]) -> None:
    archetypes = values["archetypes"]
    if isinstance(archetypes, dict):
        for key, profile in archetypes.items():
            if isinstance(profile, dict):
                archetypes[key] = {"name": key, **profile}


def _override_origin(said_by: Mapping[str, str], path: tuple[str | int, ...]) -> str:
    dotted = ".".join(map(str, path))
    for key, origin in said_by.items():
        if dotted == key or dotted.startswith(f"{key}.") or key.startswith(f"{dotted}."):
            return origin
    return ""


def _validate(
    written: type[Scenario],
    preset: str,
    values: dict[str, Any],
    origin: Origin,
    lost: Mapping[str, list[Problem]],
    bases: Mapping[Any, Any],
) -> Scenario:
    """Validate fields and cross-checks together, so that one run shows every problem.

    With what is `lost` already, by key: archetypes cannot follow what they extend, and holidays not
    be read; `bases` says what each archetype extended.
    """
    found = [problem for problems in lost.values() for problem in problems]
    bad = {key for key, problems in lost.items() if problems}
    try:
        scenario = written(**{str(key): value for key, value in values.items()})
    except ValidationError as error:
        details = error.errors(include_url=False)
        found += explain(written, details, origin)
        bad |= {str(detail["loc"][0]) for detail in details if detail["loc"]}
        # What is wrong is replaced for a moment, so that the rest can be checked as well.
        defaults = packaged(preset)
        checkable = {key: values[key] for key in written.model_fields if key in values}
        checkable = {
            key: _stand_in(defaults, key, value) if key in bad else value
            for key, value in checkable.items()
            if key not in bad or key in defaults
        }
        try:
            scenario = written(**checkable)
        except ValidationError:  # nothing more can be said of what is so wrong
            raise ScenarioError(found) from None
    between = [problem for depends_on, problem in problems_of(scenario) if not depends_on & bad]
    for problem in not_inherited(between, bases):
        where = origin(tuple(problem.path.split(".")))
        found.append(Problem(problem.message, problem.path, where))
    if found:
        raise ScenarioError(found)
    return scenario


def _valid_figures(defaults: Mapping[str, Any]) -> Mapping[str, Any]:
    figures: Mapping[str, Any] = next(iter(defaults["archetypes"].values()))
    return figures


def _stand_in(defaults: dict[str, Any], key: str, value: object) -> object:
    """Return a valid value for a key whose own is not, with the same names in it if it has any."""
    if isinstance(value, dict) and value and all(is_name(name) for name in value):
        if key == "distribution":
            return {name: float(i == 0) for i, name in enumerate(value)}
        if key == "archetypes":
            usable = [name for name in value if "." not in name]
            return dict.fromkeys(usable, _valid_figures(defaults))
    return defaults.get(key)
