"""What was left undone is done after all."""

from fleetsynth.kinds.kind import MINUTE, Kind, only

KIND = Kind(
    name="backlog",
    title="backlog",
    about="a service does after an outage what could not be done during it",
    entity="service",
    effects=only("demand"),
    size=1.5,
    ramp=5 * MINUTE,
    color="#66a182",
)
