"""Demand that moves away from a service, and stays away."""

from fleetsynth.kinds.kind import HOUR, Kind, only

KIND = Kind(
    name="migration",
    title="migration",
    about="demand moves away: it falls to nothing, or to what is said, and stays there; who takes "
    "it over is another event",
    entity="service",
    effects=only("demand"),
    size=0.0,
    planned=True,
    label="regime",
    severity="info",
    ramp=24 * HOUR,
    lasts=True,
    color="#3d5a80",
)
