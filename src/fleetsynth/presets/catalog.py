"""What is packaged with each preset: its default scenario and its archetypes, as YAML."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from fleetsynth.presets import DEFAULT, model
from fleetsynth.scenario import text

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


@cache
def packaged(preset: str) -> dict[str, Any]:
    """Return a preset's default scenario as plain values, with its archetypes; only to be read."""
    catalog = _catalog(preset)
    values = text.parse((catalog / "config.yaml").read_text("utf-8"), "config.yaml")
    values["archetypes"] = {
        entry.name.removesuffix(".yaml"): text.parse(entry.read_text("utf-8"), entry.name)
        for entry in sorted((catalog / "archetypes").iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".yaml")
    }
    return values


def starter_text(preset: str = DEFAULT) -> str:
    """Return a packaged scenario with its comments, as a file to start from."""
    return (_catalog(preset) / "config.yaml").read_text("utf-8")


def _catalog(preset: str) -> Traversable:
    return resources.files(model(preset).package) / "catalog"
