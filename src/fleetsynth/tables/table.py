"""The tables that a run writes: the data, and what else is asked for, from one simulation.

A table of rows is laid out, digested and counted as a dataset is: as a plan with columns of its
own, and blocks of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.errors import UsageError
from fleetsynth.presets import collected, model_of, simulate_clean
from fleetsynth.presets.capacity import add_capacity
from fleetsynth.presets.living import parts_of_lives
from fleetsynth.tables.labels import block_of_labels, plan_of_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fleetsynth.block import Block
    from fleetsynth.models.parts import Components, Parts
    from fleetsynth.plan import Plan
    from fleetsynth.window import Window

KEYS = ("server_id", "timestamp")


@dataclass(frozen=True)
class Made:
    """What tables make their rows of.

    Attributes:
        plan: of the data.
        block: rows of the data.
        clean: the same rows before they were collected, if the collector has faults.
        parts: what their values are made of; None if no table takes it.
    """

    plan: Plan
    block: Block
    clean: Block
    parts: Parts | None = None


@dataclass(frozen=True)
class Table:
    """A table of rows.

    Attributes:
        name: names its file, or its folder.
        keys: columns that tell its rows apart, as far as those of the data are told apart.
        plan: returns the plan of the data with this table's columns in place of theirs.
        block: returns the rows of a window, given what there is to know of those of the data.
        takes_parts: whether it has to know what values are made of.
    """

    name: str
    keys: tuple[str, ...]
    plan: Callable[[Plan], Plan]
    block: Callable[[Made], Block]
    takes_parts: bool = False


SAMPLE = "sample"
"""The last word of a column that says which sample of its tick is published, counted from 0."""


def _plan_of_components(plan: Plan) -> Plan:
    """Return a plan whose metrics are the parts of each metric, and the places of samples."""
    plan = plan.clean  # parts add up to what was there, not to what was made of it on its way
    components, plan = components_of(plan), plan.of_model
    metrics = [
        replace(metric, stem=metric.column, statistic=part)
        for metric, names in zip(plan.metrics, components.names(plan), strict=True)
        for part in names
    ]
    metrics += [
        replace(metric, stem=metric.column, statistic=SAMPLE, whole=True)
        for metric, is_placed in zip(plan.metrics, components.placed(plan), strict=True)
        if is_placed
    ]
    bare = {"include_metadata": False, "include_calendar": False}
    return replace(plan, metrics=tuple(metrics), scenario=plan.scenario.model_copy(update=bare))


def _block_of_components(made: Made) -> Block:
    parts = made.parts
    if parts is None:
        raise TypeError("components are made of the parts of values")
    columns = [part.of_rows() for of_metric in parts.parts for part in of_metric.values()]
    columns += [places for places in parts.places if places is not None]
    return replace(parts.block, values=np.stack(columns))


def components_of(plan: Plan) -> Components:
    """Return how the model of a plan says what its values are made of.

    Raises:
        UsageError: if it does not.
    """
    components = model_of(plan).components
    if components is None:
        raise UsageError(
            f"the model {plan.scenario.preset!r} does not say what its values are made of: "
            "components=True has nothing to write"
        )
    return components


def parts_of(plan: Plan, window: Window) -> Parts:
    """Return what the values of a window are made of, of the ticks that servers live in.

    Raises:
        UsageError: if the model does not say.
    """
    make, own = components_of(plan).make, plan.of_model
    if plan.fleet.lives is None:
        return make(own, window)
    return parts_of_lives(make, own, window)


def made_of(plan: Plan, window: Window, tables: Iterable[Table] = ()) -> Made:
    """Simulate a window once, for the data and for further tables.

    Raises:
        UsageError: if the model cannot fill one of them.
    """
    if any(table.takes_parts for table in tables):
        parts = parts_of(plan, window)
        clean = add_capacity(plan, parts.block)
        return Made(plan, collected(plan, clean), clean, parts)
    clean = simulate_clean(plan, window)
    return Made(plan, collected(plan, clean), clean)


COMPONENTS = Table("components", KEYS, _plan_of_components, _block_of_components, takes_parts=True)
LABELS = Table("labels", KEYS, plan_of_labels, lambda made: block_of_labels(made.plan, made.block))
TABLES = {table.name: table for table in (COMPONENTS, LABELS)}
"""What can be asked for besides the data, by name."""
