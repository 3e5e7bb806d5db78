"""How badly the data are collected, as scenarios say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, create_model, model_validator

from fleetsynth.kinds import FAULTS
from fleetsynth.kinds.kind import Faults
from fleetsynth.scenario.fields import Key, Share, Strict, ascending
from fleetsynth.scenario.incidents import LONGEST_HOURS, PAIR, ByChance

if TYPE_CHECKING:
    from fleetsynth.kinds.kind import Kind

_LONGEST_SECONDS = 86_400.0


class FaultRates(Strict):
    """How often data are collected badly in one way, and for how long."""

    per_day: Annotated[float, Field(ge=0.0, le=20.0)] = Field(
        description="Faults of a server (or of the whole fleet) in a day, expected."
    )
    hours: PAIR = Field(description="Shortest and longest, in hours; at most 64 days.")
    single: Share = Field(description="Share of the faults that last one sample instead.")
    archetypes: dict[Key, Annotated[float, Field(ge=0.0, le=100.0)]] = Field(
        description="What multiplies the rate, by archetype; 1 for those not named."
    )

    @model_validator(mode="after")
    def _ordered(self) -> FaultRates:
        ascending("hours", 1 / 60, LONGEST_HOURS)(self.hours)
        return self


class SizedFaultRates(FaultRates):
    """The same, and how badly."""

    size: PAIR = Field(description="Least and greatest, in seconds; at most a day.")

    @model_validator(mode="after")
    def _sized(self) -> SizedFaultRates:
        ascending("size", 1.0, _LONGEST_SECONDS)(self.size)
        return self


def _rates(kind: Kind) -> tuple[Any, Any]:
    drawn = kind.drawn
    if not isinstance(drawn, Faults):
        raise TypeError(f"{kind.name} is not a fault of the data")
    said: dict[str, Any] = {
        "per_day": drawn.per_day,
        "hours": drawn.hours,
        "single": drawn.single,
        "archetypes": drawn.archetypes,
    }
    text = f"{kind.title}: {kind.about}."
    if drawn.size is None:
        return FaultRates, Field(FaultRates(**said), description=text)
    return SizedFaultRates, Field(SizedFaultRates(**said, size=drawn.size), description=text)


class _Collector(ByChance):
    """Faults of the data."""

    @property
    def is_on(self) -> bool:
        """Whether the data have any."""
        return self.intensity > 0


if TYPE_CHECKING:
    Collector = _Collector
else:
    Collector = create_model(
        "Collector", __base__=_Collector, **{name: _rates(kind) for name, kind in FAULTS.items()}
    )
    """How data are collected: a key for each kind of fault, with its rates."""


def faultless() -> _Collector:
    """Return that data are collected without a fault."""
    return Collector()
