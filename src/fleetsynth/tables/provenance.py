"""What a dataset says about its own making."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth._version import __version__
from fleetsynth.presets import model
from fleetsynth.streams import fingerprint
from fleetsynth.tables.frame import SCHEMA_VERSION

if TYPE_CHECKING:
    from fleetsynth.plan import Plan


def provenance(plan: Plan) -> dict[str, str]:
    """Return the key-value metadata of a plan's dataset.

    Enough to make the same bytes again: the scenario itself, as JSON, and the versions of what
    decides a value.
    """
    # Both know their version; to read it from the package's metadata takes 5 ms.
    import tzdata
    from holidays.version import __version__ as holidays_version

    return {
        "fleetsynth.version": __version__,
        "fleetsynth.schema_version": SCHEMA_VERSION,
        "fleetsynth.model_version": model(plan.scenario.preset).version,
        "fleetsynth.scenario_digest": plan.digest,
        "fleetsynth.seed": str(plan.scenario.seed),
        "fleetsynth.scenario": json.dumps(plan.scenario.to_dict(), ensure_ascii=False),
        "fleetsynth.numpy_version": np.__version__,
        "fleetsynth.normals_fingerprint": fingerprint(),
        "fleetsynth.holidays_version": holidays_version,
        "fleetsynth.tzdata_version": tzdata.__version__,
    }


def other_model(plan: Plan, said: object) -> str | None:
    """Say that a dataset was made by another version of its model than this; None if it was not.

    Args:
        plan: of the dataset.
        said: its ``model_version``, as it stands in the dataset.
    """
    this = model(plan.scenario.preset).version
    if not isinstance(said, str) or said == this:
        return None
    return (
        f"made by model version {said}, and this fleetsynth has {this}, which gives other values "
        "for the same scenario: take the release that made it"
    )
