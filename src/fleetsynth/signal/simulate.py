"""From a window to its values, by the model that the plan's scenario is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth.plan import ClassicPlan, RealisticPlan
from fleetsynth.signal import classic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fleetsynth.plan import Plan
    from fleetsynth.signal.window import Window


def simulate(plan: Plan, window: Window) -> NDArray[np.int32]:
    """Return the published values of a window in hundredths, shape (metrics, servers, ticks).

    Pure: any way of cutting a dataset into windows gives the same values.
    """
    if isinstance(plan, ClassicPlan):
        return classic.simulate(plan, window)
    from fleetsynth.signal.realistic import model as realistic

    if not isinstance(plan, RealisticPlan):
        raise TypeError(f"no model for {type(plan).__name__}")
    return realistic.simulate(plan, window)
