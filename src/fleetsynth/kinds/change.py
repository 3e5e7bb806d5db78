"""Whatever else a planner has to tell."""

from fleetsynth.kinds.kind import Kind

KIND = Kind(
    name="change",
    title="change",
    about="whatever a planner writes",
    entity="service",
    effects=None,
    planned=True,
    label="planned",
    severity="info",
    lasts=True,
    color="#6d6875",
)
