"""What is packaged with each preset: its default scenario and its archetypes, as YAML."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from fleetsynth.presets import DEFAULT, model
from fleetsynth.scenario import Scenario, text
from fleetsynth.scenario.layers import merge

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


@dataclass(frozen=True)
class Estate:
    """What a whole fleet is like, by name.

    Attributes:
        name: as scenarios say it.
        preset: whose archetypes it has.
        about: what it is, in a sentence: the first one of the comment that its file begins with.
        distribution: share of each archetype.
        text: it as a scenario, with its comments.
    """

    name: str
    preset: str
    about: str
    distribution: dict[str, float]
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        return asdict(self)


@cache
def packaged(preset: str) -> dict[str, Any]:
    """Return a preset's default scenario as plain values, with its archetypes; only to be read."""
    catalog = _catalog(preset)
    said = text.parse(_text(preset, "config.yaml"), "config.yaml")
    values = merge(model(preset).scenario, _unsaid(preset), said)
    values["archetypes"] = {
        entry.name.removesuffix(".yaml"): text.parse(entry.read_text("utf-8"), entry.name)
        for entry in sorted((catalog / "archetypes").iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".yaml")
    }
    return values


def estates(preset: str) -> tuple[str, ...]:
    """Return the names of the estates that are packaged with a preset."""
    folder = _catalog(preset) / "estates"
    names = (entry.name for entry in folder.iterdir()) if folder.is_dir() else ()
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


@cache
def packaged_estate(preset: str, estate: str) -> dict[str, Any]:
    """Return what `packaged` does, with what one of the `estates` says laid over it."""
    said = text.parse(_text(preset, f"estates/{estate}.yaml"), f"{estate}.yaml")
    return merge(model(preset).scenario, copy.deepcopy(packaged(preset)), said)


def packaged_estates(preset: str) -> list[Estate]:
    """Return the estates that are packaged with a preset."""
    out = []
    for name in estates(preset):
        written = _text(preset, f"estates/{name}.yaml")
        comment = [line for line in written.splitlines() if line[:1] == "#"]
        about = " ".join(line.lstrip("# ") for line in comment).partition(". ")[0]
        shares = packaged_estate(preset, name)["distribution"]
        whole = written.replace(f"\nestate: {name}\n", f"\npreset: {preset}\nestate: {name}\n", 1)
        out.append(Estate(name, preset, about, dict(shares), whole))
    return out


def _unsaid(preset: str) -> dict[str, Any]:
    """Return the values that the classes of a scenario give keys which a catalogue leaves out."""
    out: dict[str, Any] = {}
    kinds: tuple[Any, ...] = (Scenario, model(preset).scenario)
    for kind in kinds:  # one of them may have a default where the other has none
        unsaid = {name for name, field in kind.model_fields.items() if not field.is_required()}
        out |= kind.model_construct().model_dump(mode="json", include=unsaid, by_alias=True)
    return out


def starter_text(preset: str = DEFAULT) -> str:
    """Return a file to start from: a packaged scenario with its comments, and archetypes to change.

    It makes the data of the packaged scenario: an archetype of its own has no share in the fleet.
    """
    out = _text(preset, "config.yaml")
    if (_catalog(preset) / "starter.yaml").is_file():
        out += _text(preset, "starter.yaml")
    return out


def _text(preset: str, name: str) -> str:
    return (_catalog(preset) / name).read_text("utf-8")


def _catalog(preset: str) -> Traversable:
    return resources.files(model(preset).package) / "catalog"
