"""The stories that services go through over months, as scenarios say them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, create_model, model_validator

from fleetsynth.kinds import STORIES
from fleetsynth.kinds.kind import Stories as Drawn
from fleetsynth.scenario.fields import Key, Share, Strict, ascending

if TYPE_CHECKING:
    from fleetsynth.kinds.kind import Kind

_PAIR = Annotated[tuple[float, float], Field(strict=False)]
_Weight = Annotated[float, Field(ge=0.0, le=1e3)]
LONGEST_MONTHS = 36.0
"""Less than the three years after which a service has its next story."""


class StoryFigures(Strict):
    """How many stories are of a kind, how long they are, and how far they go."""

    weight: _Weight = Field(description="How many, against the weights of the other kinds.")
    months: _PAIR = Field(description="Shortest and longest, in months; at most 36.")
    reach: _PAIR = Field(
        description="Least and greatest at full strength: percent of capacity on a busy day, or, "
        "of a decline, of what demand would be."
    )
    archetypes: dict[Key, _Weight] = Field(
        description="What multiplies the weight, by archetype; 1 for those not named."
    )

    @model_validator(mode="after")
    def _ordered(self) -> StoryFigures:
        ascending("months", 0.5, LONGEST_MONTHS)(self.months)
        ascending("reach", 0.0, 1e3)(self.reach)
        return self


def _figures(kind: Kind) -> tuple[Any, Any]:
    drawn = kind.drawn
    if not isinstance(drawn, Drawn):
        raise TypeError(f"{kind.name} does not come about as a story")
    figures = StoryFigures(
        weight=drawn.weight, months=drawn.months, reach=drawn.reach, archetypes=drawn.archetypes
    )
    return StoryFigures, Field(figures, description=f"{kind.title}: {kind.about}.")


class _Stories(Strict):
    share: Share = Field(0.0, description="Of the services, or servers, that have a story.")
    without: tuple[str, ...] = Field(
        (), strict=False, description="Ids of single stories that shall not happen."
    )


if TYPE_CHECKING:
    Stories = _Stories
else:
    Stories = create_model(
        "Stories", __base__=_Stories, **{name: _figures(kind) for name, kind in STORIES.items()}
    )
    """What services go through by themselves: a key for each kind, with its figures."""


def no_stories() -> _Stories:
    """Return that no service has a story."""
    return Stories()
