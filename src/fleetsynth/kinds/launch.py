"""A product that starts: demand is higher from then on."""

from fleetsynth.kinds.kind import HOUR, Kind, only

KIND = Kind(
    name="launch",
    title="launch",
    about="a product starts, and demand is higher from then on",
    entity="service",
    effects=only("demand"),
    size=1.3,
    planned=True,
    label="regime",
    severity="info",
    ramp=24 * HOUR,
    lasts=True,
    color="#ee6c4d",
)
