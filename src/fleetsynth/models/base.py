"""The seam between models and everything else: what a model has to say for itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fleetsynth.block import Block
    from fleetsynth.errors import Problem
    from fleetsynth.plan import Plan
    from fleetsynth.scenario import Scenario
    from fleetsynth.window import Window


@dataclass(frozen=True)
class Model:
    """How the values of a preset come about.

    Attributes:
        version: changes when the same scenario would give other values.
        package: where its folder `catalog` is: ``config.yaml``, and the archetypes.
        scenario: what a person can say; the default scenario is in the catalogue.
        problems: yields each problem between the fields of a scenario, with the top-level keys that
            it was concluded from; what concerns any scenario is checked before.
        resolve: makes a plan of a scenario without problems.
        simulate: returns the rows of a window, a `Block`. Pure: any way of cutting a dataset into
            windows gives the same rows.
    """

    version: str
    package: str
    scenario: type[Scenario]
    problems: Callable[[Any], Iterator[tuple[frozenset[str], Problem]]]
    resolve: Callable[[Any], Plan]
    simulate: Callable[[Any, Window], Block]
