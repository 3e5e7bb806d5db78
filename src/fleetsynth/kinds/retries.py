"""Clients that try again, and so ask for more than before."""

from fleetsynth.kinds.kind import MINUTE, Kind, only

KIND = Kind(
    name="retries",
    title="retry storm",
    about="clients try again what failed, and ask a service for more than before",
    entity="service",
    effects=only("demand"),
    size=1.2,
    severity="major",
    ramp=5 * MINUTE,
    color="#d1495b",
)
