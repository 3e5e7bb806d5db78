"""What is packaged with each preset: its default scenario and its archetypes, as YAML."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from fleetsynth.presets import DEFAULT, model
from fleetsynth.scenario import text
from fleetsynth.scenario.fields import Strict
from fleetsynth.scenario.layers import merge

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


@cache
def packaged(preset: str) -> dict[str, Any]:
    """Return a preset's default scenario as plain values, with its archetypes; only to be read."""
    catalog = _catalog(preset)
    said = text.parse((catalog / "config.yaml").read_text("utf-8"), "config.yaml")
    values = merge(model(preset).scenario, _unsaid(preset), said)
    values["archetypes"] = {
        entry.name.removesuffix(".yaml"): text.parse(entry.read_text("utf-8"), entry.name)
        for entry in sorted((catalog / "archetypes").iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".yaml")
    }
    return values


def _unsaid(preset: str) -> dict[str, Any]:
    """Return the values that the classes of a scenario give keys which a catalogue leaves out."""
    fields = model(preset).scenario.model_fields
    defaults = {
        name: field.get_default(call_default_factory=True)
        for name, field in fields.items()
        if not field.is_required()
    }
    return {
        name: value.model_dump(mode="json") if isinstance(value, Strict) else list(value)
        for name, value in defaults.items()
    }


def starter_text(preset: str = DEFAULT) -> str:
    """Return a packaged scenario with its comments, as a file to start from."""
    return (_catalog(preset) / "config.yaml").read_text("utf-8")


def _catalog(preset: str) -> Traversable:
    return resources.files(model(preset).package) / "catalog"
