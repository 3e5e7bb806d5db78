"""From layers of plain values (packaged defaults, a file, overrides) to one checked Scenario."""

from __future__ import annotations

import copy
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from fleetsynth.errors import Problem, ScenarioError, UsageError, did_you_mean, nearest_name
from fleetsynth.scenario import check, text
from fleetsynth.scenario.classic import ArchetypeProfile, ClassicScenario
from fleetsynth.scenario.fields import Strict, is_name
from fleetsynth.scenario.shape import refuse_unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.resources.abc import Traversable

    from pydantic_core import ErrorDetails

    from fleetsynth.scenario.model import Scenario

    Origin = Callable[[tuple[str | int, ...]], str]

PRESETS = ("classic", "realistic")
"""The packaged scenarios."""

_NO_SHARE = ("less_than_equal", "greater_than_equal", "float_type")
"""What Pydantic calls a number that is no share, such as 50 where 0.5 is meant."""


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
    given, origin = _given(source)
    refuse_unreadable(overrides or {}, lambda path: (origins or {}).get(str(path[0]), ""))
    said_by = {key: (origins or {}).get(key, f"override {key}") for key in overrides or {}}

    def where(path: tuple[str | int, ...]) -> str:
        return _override_origin(said_by, path) or origin(path)

    preset = _preset({**given, **(overrides or {})}, where)
    model = _model(preset)
    values = _merge(model, copy.deepcopy(_packaged(preset)), given)
    for key, value in (overrides or {}).items():
        values = _override(model, values, key, copy.deepcopy(value))
    _name_new_archetypes(values)
    _drop_closes_of_nobody(values, _packaged(preset))
    return _validate(model, preset, values, where)


def preset_of(
    source: Path | str | Mapping[str, Any] | None, overrides: Mapping[str, Any] | None = None
) -> str:
    """Return the preset that `load_scenario` would lay these layers over, if it exists."""
    given, _ = _given(source)
    return str({**given, **(overrides or {})}.get("preset", "classic"))


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
    return (_catalog(preset) / "config.yaml").read_text("utf-8")


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
    _catalog(preset)
    if preset == "realistic":
        from fleetsynth.scenario.realistic import RealisticScenario  # 30 ms that classic saves

        return RealisticScenario
    return ClassicScenario


def _catalog(preset: str) -> Traversable:
    if preset not in PRESETS:
        raise UsageError(f"unknown preset {preset!r}{did_you_mean(preset, PRESETS)}")
    return resources.files("fleetsynth.catalog") / preset


@cache
def _packaged(preset: str) -> dict[str, Any]:
    catalog = _catalog(preset)
    values = text.parse((catalog / "config.yaml").read_text("utf-8"), "config.yaml")
    values["archetypes"] = {
        entry.name.removesuffix(".yaml"): text.parse(entry.read_text("utf-8"), entry.name)
        for entry in sorted((catalog / "archetypes").iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".yaml")
    }
    return values


def _given(source: Path | str | Mapping[str, Any] | None) -> tuple[dict[str, Any], Origin]:
    """Return what a source says, and where it says it."""
    if isinstance(source, str | Path):
        given, origin = _read(Path(source))
    else:
        given, origin = dict(source or {}), lambda _path: ""
    refuse_unreadable(given, origin)  # before anything walks down its levels
    return copy.deepcopy(given), origin


def _read(path: Path) -> tuple[dict[str, Any], Origin]:
    try:
        with path.open("rb") as file:  # of what has no end, as much as there can be of a scenario
            content = file.read(4 * text.LARGEST + 1).decode()
    except OSError as error:
        hint = f"; the packaged one is {{'preset': '{path}'}}" if str(path) in PRESETS else ""
        raise UsageError(f"cannot read the scenario {path}: {error.strerror}{hint}") from None
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


def _merge(model: type[BaseModel], low: dict[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `high` over `low`: what a model describes merges key by key, other values replace."""
    out = dict(low)
    for key, value in high.items():
        out[key] = _laid(_annotation(model, key), out.get(key), value)
    return out


def _laid(annotation: Any, low: Any, high: Any) -> Any:
    inner = _model_in(annotation)
    if inner is None or not (inner.MERGES and isinstance(low, dict) and isinstance(high, dict)):
        return high
    if _is_named(annotation):
        return low | {name: _laid(inner, low.get(name), value) for name, value in high.items()}
    return _merge(inner, low, high)


def _override(
    model: type[BaseModel], values: dict[str, Any], key: str, value: Any
) -> dict[str, Any]:
    """Lay one value, given by its dotted key, over the others, as a file that said it would."""
    first, *inner = key.split(".")
    if inner and _model_in(_annotation(model, first)) is None:
        # One share of a distribution: the others stay, where a file would replace them all.
        below = values.get(first)
        return {
            **values,
            first: {**(below if isinstance(below, dict) else {}), ".".join(inner): value},
        }
    for name in reversed(inner):
        value = {name: value}
    return _merge(model, values, {first: value})


def _name_new_archetypes(values: dict[str, Any]) -> None:
    archetypes = values["archetypes"]
    if isinstance(archetypes, dict):
        for key, profile in archetypes.items():
            if isinstance(profile, dict):
                archetypes[key] = {"name": key, **profile}


def _drop_closes_of_nobody(values: dict[str, Any], packaged: dict[str, Any]) -> None:
    """Leave out packaged closes of business units that the scenario has replaced by its own."""
    closes, units = values.get("closes"), values.get("business_units")
    known = packaged.get("closes", {})
    if isinstance(closes, dict) and isinstance(units, dict | list):
        values["closes"] = {
            unit: close
            for unit, close in closes.items()
            if unit in units or unit == "default" or close != known.get(unit)
        }


def _override_origin(said_by: Mapping[str, str], path: tuple[str | int, ...]) -> str:
    dotted = ".".join(map(str, path))
    for key, origin in said_by.items():
        if dotted == key or dotted.startswith(f"{key}.") or key.startswith(f"{dotted}."):
            return origin
    return ""


def _validate(
    model: type[Scenario], preset: str, values: dict[str, Any], origin: Origin
) -> Scenario:
    """Validate fields and cross-checks together, so that one run shows every problem."""
    found: list[Problem] = []
    bad: set[str] = set()
    try:
        scenario = model(**{str(key): value for key, value in values.items()})
    except ValidationError as error:
        details = error.errors(include_url=False)
        found += _explain(model, details, origin)
        bad = {str(detail["loc"][0]) for detail in details if detail["loc"]}
        # What is wrong is replaced for a moment, so that the rest can be checked as well.
        packaged = _packaged(preset)
        checkable = {key: values[key] for key in model.model_fields}
        checkable |= {key: _stand_in(packaged, key, values[key]) for key in bad & checkable.keys()}
        try:
            scenario = model(**checkable)
        except ValidationError:  # nothing more can be said of what is so wrong
            raise ScenarioError(found) from None
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
            usable = [name for name in value if "." not in name]
            return dict.fromkeys(usable, next(iter(packaged["archetypes"].values())))
    return packaged[key]


def _explain(model: type[Scenario], details: list[ErrorDetails], origin: Origin) -> list[Problem]:
    missing: dict[tuple[int | str, ...], list[str]] = {}
    found = []
    misnamed = {detail["loc"][:-1] for detail in details if "[key]" in detail["loc"][-1:]}
    for detail in details:
        if "[key]" not in detail["loc"] and _is_below(detail["loc"], misnamed):
            continue  # what a name that cannot be stands for is not looked at
        if detail["type"] == "too_short" and _is_outside(detail["loc"], details):
            continue  # entries that are wrong are not counted
        if detail["type"] == "missing" and isinstance(detail["loc"][-1], str):
            missing.setdefault(detail["loc"][:-1], []).append(str(detail["loc"][-1]))
            continue
        loc = tuple(part for part in detail["loc"] if part != "[key]")
        found.append(Problem(_message(model, detail, loc), ".".join(map(str, loc)), origin(loc)))
    for loc, names in missing.items():
        lacking = ", ".join(names)
        hint = _meant(model, loc)
        message = (
            f"no packaged {loc[-1]!r}{hint}; as a new one it is missing {lacking}" if hint else ""
        )
        message = message or f"missing {lacking}"
        found.append(Problem(message, ".".join(map(str, loc)), origin(loc)))
    return found


def _is_below(loc: tuple[int | str, ...], places: set[tuple[int | str, ...]]) -> bool:
    return any(loc[:end] in places for end in range(1, len(loc) + 1))


def _meant(model: type[Scenario], loc: tuple[int | str, ...]) -> str:
    """Hint at the packaged entry that an incomplete one, such as an archetype, may stand for."""
    if len(loc) != 2 or not _is_named(_annotation(model, str(loc[0]))):
        return ""
    (preset,) = get_args(model.model_fields["preset"].annotation)
    packaged = _packaged(preset).get(str(loc[0]), {})
    return "" if loc[1] in packaged else nearest_name(str(loc[1]), packaged)


def _is_outside(loc: tuple[int | str, ...], details: list[ErrorDetails]) -> bool:
    inner = (detail["loc"] for detail in details)
    return any(len(other) > len(loc) and other[: len(loc)] == loc for other in inner)


def _message(model: type[Scenario], detail: ErrorDetails, loc: tuple[int | str, ...]) -> str:
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown(model, loc)
    if kind == "missing" or (kind == "too_long" and isinstance(detail["input"], list)):
        what = "dates: the first day and the last" if loc[0] == "growth" else "numbers"
        return f"needs two {what}"
    if kind in ("model_type", "dict_type"):
        return f"expected keys and values, not {_shown(detail['input'])}"
    if kind == "tuple_type":
        return f"expected a list, not {_shown(detail['input'])}"
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind == "too_short":
        return "needs at least one entry"
    if kind in _NO_SHARE and _is_share(model, loc):
        return f"shares are fractions that add up to 1, such as 0.25, not {_shown(detail['input'])}"
    message = detail["msg"]
    return f"{message[:1].lower()}{message[1:]}, not {_shown(detail['input'])}"


def _is_share(model: type[Scenario], loc: tuple[int | str, ...]) -> bool:
    return len(loc) == 2 and _annotation(model, str(loc[0])) == _annotation(model, "distribution")


def _unknown(model: type[Scenario], loc: tuple[int | str, ...]) -> str:
    key = str(loc[-1])
    for preset in PRESETS:
        other = _model(preset)
        if other is not model and key in _keys_beside(other, loc):
            return f"{key!r} is a key of the {preset} preset: say preset: {preset} to have it"
    return f"unknown key {key!r}{did_you_mean(key, _keys_beside(model, loc))}"


def _keys_beside(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys that there could be where `loc` points."""
    annotation: Any = model
    for part in loc[:-1]:
        inner = _model_in(annotation)
        if inner is None:
            return []
        annotation = inner if _is_named(annotation) else _annotation(inner, str(part))
    inner = _model_in(annotation)
    return list(inner.model_fields) if inner and not _is_named(annotation) else []


def _annotation(model: type[BaseModel], key: str) -> Any:
    return model.model_fields[key].annotation if key in model.model_fields else None


def _is_named(annotation: Any) -> bool:
    """Tell a mapping from any names to models from a model."""
    return get_origin(annotation) is dict


def _model_in(annotation: Any) -> type[Strict] | None:
    """Find the model in a type such as ``dict[str, Model]``."""
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
