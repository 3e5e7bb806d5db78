"""What is wrong with a scenario, in the words of its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from fleetsynth.errors import Problem, did_you_mean, nearest_name
from fleetsynth.presets import PRESETS, model
from fleetsynth.presets.catalog import packaged
from fleetsynth.presets.extend import KEY
from fleetsynth.scenario.layers import annotation, is_named, model_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    Origin = Callable[[tuple[str | int, ...]], str]

_NO_SHARE = ("less_than_equal", "greater_than_equal", "float_type")
"""What Pydantic calls a number that is not a share, such as 50 where 0.5 is meant."""

_PAIR = 2
"""Entries of what has two of them, such as the first and the last day."""


def explain(written: type[BaseModel], details: list[ErrorDetails], origin: Origin) -> list[Problem]:
    """Return what Pydantic found, as problems with their paths and places."""
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
        found.append(Problem(_message(written, detail, loc), ".".join(map(str, loc)), origin(loc)))
    hinted: set[int | str] = set()
    for loc, names in missing.items():
        message = _lacking(written, loc, ", ".join(names), hinted)
        found.append(Problem(message, ".".join(map(str, loc)), origin(loc)))
    return found


def _lacking(
    written: type[BaseModel], loc: tuple[int | str, ...], names: str, hinted: set[int | str]
) -> str:
    """Say what is missing; once an archetype, by a name added to `hinted`, how to take it over."""
    hint = _meant(written, loc)
    tell = len(loc) > 1 and loc[0] == "archetypes" and loc[1] not in hinted
    if tell:
        hinted.add(loc[1])
    if hint:
        missing = f"no packaged {loc[-1]!r}{hint}; as a new one it is missing {names}"
        extends = f"it has no {KEY}: NAME to take the figures of another archetype, and there is "
    else:
        missing = f"missing {names}"
        extends = f"without {KEY}: NAME, which takes the figures of another archetype, "
    return f"{extends if tell else ''}{missing}"


def _is_below(loc: tuple[int | str, ...], places: set[tuple[int | str, ...]]) -> bool:
    return any(loc[:end] in places for end in range(1, len(loc) + 1))


def _meant(written: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    """Hint at the packaged entry that an incomplete one, such as an archetype, may stand for."""
    if len(loc) != 2 or not is_named(annotation(written, str(loc[0]))):
        return ""
    if "preset" not in written.model_fields:
        return ""
    (preset,) = get_args(written.model_fields["preset"].annotation)
    known = packaged(preset).get(str(loc[0]), {})
    return "" if loc[1] in known else nearest_name(str(loc[1]), known)


def _is_outside(loc: tuple[int | str, ...], details: list[ErrorDetails]) -> bool:
    inner = (detail["loc"] for detail in details)
    return any(len(other) > len(loc) and other[: len(loc)] == loc for other in inner)


def _message(written: type[BaseModel], detail: ErrorDetails, loc: tuple[int | str, ...]) -> str:
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown(written, loc)
    most = detail["ctx"]["max_length"] if kind == "too_long" else _PAIR
    if most != _PAIR and isinstance(detail["input"], list):
        return f"at most {most:,} entries, not {len(detail['input']):,}"
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
    if kind in _NO_SHARE and _is_share(written, loc):
        return f"shares are fractions that add up to 1, such as 0.25, not {_shown(detail['input'])}"
    message = detail["msg"]
    return f"{message[:1].lower()}{message[1:]}, not {_shown(detail['input'])}"


def _is_share(written: type[BaseModel], loc: tuple[int | str, ...]) -> bool:
    return len(loc) == 2 and annotation(written, str(loc[0])) == annotation(written, "distribution")


def _unknown(written: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    key = str(loc[-1])
    for preset in PRESETS if "preset" in written.model_fields else ():
        other = model(preset).scenario
        if other is not written and key in _keys_beside(other, loc):
            return f"{key!r} is a key of the {preset} preset: say preset: {preset} to use it"
    return f"unknown key {key!r}{did_you_mean(key, _keys_beside(written, loc))}"


def _keys_beside(written: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys that there could be where `loc` points."""
    kind: Any = written
    for part in loc[:-1]:
        inner = model_in(kind)
        if inner is None:
            return []
        if isinstance(part, int) or is_named(kind):
            kind = inner  # an item of a list, or a named entry
        else:
            kind = annotation(inner, _field(inner, part))
    inner = model_in(kind)
    if not inner or is_named(kind):
        return []
    extends = [KEY] if loc[0] == "archetypes" and len(loc) == 3 else []
    return [*(field.alias or name for name, field in inner.model_fields.items()), *extends]


def _field(model: type[BaseModel], key: str) -> str:
    """Return the name of the field that is written under a key."""
    return next((n for n, field in model.model_fields.items() if field.alias == key), key)


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
