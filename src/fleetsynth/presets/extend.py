"""Archetypes that take the figures of another: ``extends: NAME``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from fleetsynth.errors import Problem, did_you_mean
from fleetsynth.scenario.layers import annotation, merge, model_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fleetsynth.scenario import Scenario

    Origin = Callable[[tuple[str | int, ...]], str]

KEY = "extends"
"""The key by which an archetype names another: no figure, and gone once the figures are there."""
MEANING = "Another archetype, whose figures hold where none are said here."


def bases_of(values: Mapping[str, Any]) -> dict[Any, Any]:
    """Return what each archetype says that it extends, whatever that is."""
    archetypes = values.get("archetypes")
    if not isinstance(archetypes, dict):
        return {}
    return {name: profile[KEY] for name, profile in archetypes.items() if _extends(profile)}


def extend(
    written: type[Scenario],
    values: dict[str, Any],
    said: Mapping[str, Any],
    stand_in: Mapping[str, Any],
    origin: Origin,
) -> list[Problem]:
    """Put the figures of the other archetype in the place of every `extends`.

    An archetype that extends another has what it says itself laid over the other's figures, and
    not over packaged ones of its own; its name stays its own.

    Args:
        written: the scenario's class.
        values: of the scenario, over the packaged ones; its archetypes are replaced.
        said: the same without the packaged ones.
        stand_in: figures that are valid: of an archetype that cannot be followed, so that what else
            is said can be checked.
        origin: says where a path was written.

    Returns:
        A problem for every name that nothing has, and for every circle.
    """
    bases = bases_of(values)
    if not bases:
        return []
    archetypes = {**values["archetypes"]}
    lost = _unknown(bases, archetypes)
    kind: Any = model_in(annotation(written, "archetypes"))
    usable: dict[str, bool] = {}
    for name in _in_order(bases, lost):
        below = stand_in
        if name not in lost:
            base = bases[name]
            if base not in usable:
                usable[base] = _is_valid(kind, base, archetypes[base])
            below = archetypes[base] if usable[base] else stand_in
        own = said.get("archetypes", {}).get(name)
        if not _extends(own):  # a packaged one, of another package's model
            own = archetypes[name]
        archetypes[name] = _laid(kind, below, own, archetypes[name])
    values["archetypes"] = archetypes
    paths = {("archetypes", name, KEY): message for name, message in lost.items() if message}
    return [Problem(message, ".".join(map(str, at)), origin(at)) for at, message in paths.items()]


def not_inherited(problems: list[Problem], bases: Mapping[str, str]) -> list[Problem]:
    """Leave out what is wrong with an archetype because it is with the one that it extends."""
    told = {(problem.path, problem.message) for problem in problems}
    return [
        problem
        for problem in problems
        if (_path_in_base(problem.path, bases), problem.message) not in told
    ]


def _path_in_base(path: str, bases: Mapping[str, str]) -> str:
    first, _, rest = path.partition(".")
    name, *inner = rest.split(".")
    inherits = first == "archetypes" and name in bases
    return ".".join([first, bases[name], *inner]) if inherits else ""


def _laid(
    kind: Any, below: Mapping[str, Any], own: Mapping[str, Any], whole: Mapping[str, Any]
) -> dict[str, Any]:
    """Lay what an archetype says over another's figures; the name is the one it has as a whole."""
    figures = {key: value for key, value in below.items() if key != "name"}
    mine = {key: value for key, value in own.items() if key != KEY}
    return merge(kind, figures, {"name": whole["name"], **mine} if "name" in whole else mine)


def _extends(profile: object) -> bool:
    return isinstance(profile, dict) and KEY in profile


def _unknown(bases: Mapping[Any, Any], archetypes: Mapping[Any, Any]) -> dict[Any, str]:
    """Return the archetypes that extend what there is not, each with what is wrong."""
    out = {}
    for name, base in bases.items():
        if not isinstance(base, str):
            out[name] = f"expected the name of an archetype, not {repr(base)[:60]}"
        elif base not in archetypes:
            others = [other for other in archetypes if isinstance(other, str) and other != name]
            out[name] = f"unknown archetype {base!r}{did_you_mean(base, others)}"
    return out


def _in_order(bases: Mapping[Any, Any], lost: dict[Any, str]) -> list[Any]:
    """Return those that extend others, each after the one that it extends.

    Members of a circle are added to `lost`: the first with what is wrong, the others with nothing.
    """
    order: list[Any] = []
    seen: set[Any] = set()
    for at in bases:
        way = []
        while at in bases and at not in seen:
            seen.add(at)
            way.append(at)
            if at in lost:
                break
            at = bases[at]
        if at not in lost and at in way:
            circle = way[way.index(at) :]
            lost |= dict.fromkeys(circle, "") | {at: _circle([*circle, at])}
        order += reversed(way)
    return order


def _circle(names: list[str]) -> str:
    if len(names) == 2:
        return f"{names[0]!r} extends itself; give another archetype, or leave {KEY} out"
    return f"these extend each other in a circle: {' -> '.join(names)}"


def _is_valid(kind: Any, name: str, profile: object) -> bool:
    """Tell whether others can have these figures; what is wrong with them is told once."""
    try:
        kind.model_validate({"name": name, **profile} if isinstance(profile, dict) else profile)
    except ValidationError:
        return False
    return True
