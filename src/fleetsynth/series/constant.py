"""Labels that all series of a plan have, with the same values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fleetsynth.errors import UsageError
from fleetsynth.series.families import PROMETHEUS
from fleetsynth.series.index import IDS
from fleetsynth.shown import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetsynth.plan import Plan
    from fleetsynth.series.families import Convention

JOB = "fleetsynth"
"""The value of the label ``job``, unless another one is said."""
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def checked(
    plan: Plan, labels: Mapping[str, str], convention: Convention = PROMETHEUS
) -> Mapping[str, str]:
    """Return labels that series of a plan can have, where they are called by a convention.

    Raises:
        UsageError: for one that they cannot have.
    """
    of_rows = (name for family in convention.own for row in family.rows for name in row)
    taken = {*IDS, *plan.fleet.text_columns, *of_rows, *convention.labels.values()}
    for name, value in labels.items():
        if not _LABEL.fullmatch(name) or name.startswith("__"):
            raise UsageError(f"label {name}={value}: a label's name is letters, digits and _")
        if name in taken:
            raise UsageError(f"label {name}={value}: series have this label already")
        if convention.labels.get(name) == "":
            raise UsageError(f"label {name}={value}: nothing has such a label there")
        if not value:
            raise UsageError(f"label {name}=: a label without a value is none")
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise UsageError(f"label {name}={shown(value)}: a value is text in UTF-8")
    return labels
