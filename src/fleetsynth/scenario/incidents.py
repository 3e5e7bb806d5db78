"""What befalls a fleet by itself, and how often, as scenarios say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    create_model,
    model_serializer,
    model_validator,
)
from pydantic.functional_validators import BeforeValidator

from fleetsynth.errors import did_you_mean
from fleetsynth.kinds import DRAWN
from fleetsynth.kinds.kind import Levels, Sizes, Spells
from fleetsynth.scenario.fields import Key, Share, Strict, ascending

if TYPE_CHECKING:
    from fleetsynth.kinds.kind import Kind

PAIR = Annotated[tuple[float, float], Field(strict=False)]
LONGEST_HOURS = 64 * 24.0
ASKED = tuple(name for name, kind in DRAWN.items() if isinstance(kind.drawn, Sizes))
"""Kinds that come by themselves only where a scenario says how often."""


class SpellRates(Strict):
    """How often a kind of event comes by itself, for how long, and how badly."""

    per_quarter: Annotated[float, Field(ge=0.0, le=20.0)] = Field(
        description="Events of a server (or service) in 90 days, expected."
    )
    hours: PAIR = Field(description="Shortest and longest, in hours; at most 64 days.")
    size: PAIR = Field(description="Least and greatest, as its kind counts.")
    archetypes: dict[Key, Annotated[float, Field(ge=0.0, le=100.0)]] = Field(
        description="What multiplies the rate, by archetype; 1 for those not named."
    )

    @model_validator(mode="after")
    def _ordered(self) -> SpellRates:
        ascending("hours", 1 / 60, LONGEST_HOURS)(self.hours)
        ascending("size", 0.0, 1e3)(self.size)
        return self


class LevelRates(Strict):
    """How often a level is exchanged for another one, and by how much."""

    days: Annotated[float, Field(ge=1.0, le=1e5)] = Field(
        description="From one to the next, on average."
    )
    sigma: Annotated[float, Field(ge=0.0, le=2.0)] = Field(
        description="Standard deviation of a level's logarithm."
    )
    archetypes: dict[Key, Annotated[float, Field(ge=0.0, le=10.0)]] = Field(
        description="What multiplies sigma, by archetype; 1 for those not named."
    )


class SizeRates(Strict):
    """How often servers become a size larger or smaller, and back again."""

    days: Annotated[float, Field(ge=1.0, le=1e5)] | None = Field(
        None, description="From one change to the next, on average; null for none."
    )
    up: Share = Field(0.5, description="Chance that it is a size up, and not down.")
    archetypes: dict[Key, Annotated[float, Field(ge=0.0, le=100.0)]] = Field(
        default_factory=dict,
        description="What multiplies how often, by archetype; 1 for those not named.",
    )


def _rates(kind: Kind) -> tuple[Any, Any]:
    drawn = kind.drawn
    if isinstance(drawn, Spells):
        spells = SpellRates(
            per_quarter=drawn.per_quarter,
            hours=drawn.hours,
            size=drawn.size,
            archetypes=drawn.archetypes,
        )
        return SpellRates, Field(spells, description=f"{kind.title}: {kind.about}.")
    if isinstance(drawn, Sizes):
        sizes = SizeRates(up=drawn.up, archetypes=drawn.archetypes)
        return SizeRates, Field(sizes, description=f"{kind.title}: {kind.about}.")
    if not isinstance(drawn, Levels):
        raise TypeError(f"{kind.name} does not come about by itself")
    levels = LevelRates(days=drawn.days, sigma=drawn.sigma, archetypes=drawn.archetypes)
    return LevelRates, Field(levels, description=f"{kind.title}: {kind.about}.")


DIFFICULTIES = {"easy": 0.0, "medium": 0.5, "hard": 1.0}
"""Words for places on the dial of difficulty."""


def _difficulty(value: object) -> object:
    if isinstance(value, str):
        if value not in DIFFICULTIES:
            hint = did_you_mean(value, DIFFICULTIES)
            raise ValueError(
                f"unknown difficulty {value!r}{hint}; give easy, medium, hard or a number from 0 "
                "to 1"
            )
        return DIFFICULTIES[value]
    return value


_Difficulty = Annotated[
    float,
    Field(ge=0.0, le=1.0),
    BeforeValidator(_difficulty, json_schema_input_type=float | Literal["easy", "medium", "hard"]),
]


class ByChance(Strict):
    """What comes by itself, as often as `intensity` says, but for single events."""

    intensity: Annotated[float, Field(ge=0.0, le=20.0)] = Field(
        0.0, description="Multiplies all rates; 0 for none."
    )
    without: tuple[str, ...] = Field(
        (), strict=False, description="Ids of single events that shall not happen."
    )


class _Incidents(ByChance):
    """What befalls a fleet by itself."""

    difficulty: _Difficulty | None = Field(
        None,
        description="How hard anomalies are to find: easy, medium, hard, or 0 to 1. It decides "
        "how faint they are, and how many there are of those that are always plain to see.",
    )

    @model_serializer(mode="wrap")
    def _said(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what comes only if it is asked for, and is not; and a dial that nobody set."""
        out: dict[str, Any] = write(self)
        for name in ASKED:
            if getattr(self, name).days is None:
                out.pop(name, None)
        if self.difficulty is None:
            out.pop("difficulty", None)
        return out


if TYPE_CHECKING:
    Incidents = _Incidents
else:
    Incidents = create_model(
        "Incidents", __base__=_Incidents, **{name: _rates(kind) for name, kind in DRAWN.items()}
    )
    """What befalls a fleet by itself: a key for each kind, with its rates."""


def nothing() -> _Incidents:
    """Return that nothing befalls a fleet."""
    return Incidents()
