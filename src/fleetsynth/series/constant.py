"""Labels that all series of a plan have, with the same values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fleetsynth.errors import UsageError
from fleetsynth.series.index import IDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetsynth.plan import Plan

JOB = "fleetsynth"
"""The value of the label ``job``, unless another one is said."""
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def checked(plan: Plan, labels: Mapping[str, str]) -> Mapping[str, str]:
    """Return labels that series of a plan can have.

    Raises:
        UsageError: for one that they cannot have.
    """
    taken = {*IDS, *plan.fleet.text_columns, "cpu", "mode", "device", "fstype", "mountpoint"}
    for name, value in labels.items():
        if not _LABEL.fullmatch(name) or name.startswith("__"):
            raise UsageError(f"--label {name}={value}: a label's name is letters, digits and _")
        if name in taken:
            raise UsageError(f"--label {name}={value}: series have this label already")
        if not value:
            raise UsageError(f"--label {name}=: a label without a value is none")
    return labels
