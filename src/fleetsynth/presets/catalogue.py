"""Catalogues of instance types: the packaged one, and files that people have."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from pydantic import ValidationError

from fleetsynth.errors import Problem, ScenarioError
from fleetsynth.presets.explain import explain
from fleetsynth.scenario import text
from fleetsynth.scenario.instances import Catalogue, catalogue_problems


@cache
def packaged_instances() -> dict[str, Any]:
    """Return the packaged catalogue, and which archetypes have which types; only to be read."""
    name = "instances.yaml"
    return text.parse((resources.files("fleetsynth.presets") / name).read_text("utf-8"), name)


def catalogue_values(content: str, name: str) -> dict[str, Any]:
    """Return the families in the text of a catalogue, checked, as plain values.

    Args:
        content: YAML text.
        name: what to call it in errors.

    Raises:
        ScenarioError: with all that is wrong in it, each with its line.
    """
    values = text.parse(content, name)
    found: list[Problem] = []
    at: dict[str, int] = {}

    def where(path: tuple[str | int, ...]) -> str:
        nonlocal at
        at = at or {".".join(map(str, key)): line for key, line in text.lines(content).items()}
        for end in range(len(path), 0, -1):
            if line := at.get(".".join(map(str, path[:end]))):
                return f"{name}, line {line}"
        return name

    try:
        catalogue = Catalogue.model_validate(values)
    except ValidationError as error:
        found += explain(Catalogue, error.errors(include_url=False), where)
    else:
        for message, path in catalogue_problems(catalogue):
            found.append(Problem(message, path, where(tuple(path.split(".")))))
    if found:
        raise ScenarioError(found)
    return values


def complete(values: dict[str, Any]) -> None:
    """Put the packaged catalogue into a scenario that needs one and names none, in place."""
    if values.get("instance_types") is not None or not _needs(values):
        return
    ours, said = packaged_instances(), values.get("instances") or {}
    values["instance_types"] = ours["instance_types"]
    archetypes = values.get("archetypes")
    if isinstance(said, dict) and isinstance(archetypes, dict):
        usual = ours["instances"].items()
        values["instances"] = {
            **{name: odds for name, odds in usual if name in (*archetypes, "default")},
            **said,
        }


def _needs(values: dict[str, Any]) -> bool:
    """Tell whether a scenario says something of instance types."""
    events = values.get("events")
    told = events if isinstance(events, list | tuple) else ()
    return any(values.get(key) for key in ("capacity_columns", "absolute", "instances")) or any(
        isinstance(each, dict) and each.get("to_type") for each in told
    )
