"""Servers that are taken out of a fleet for good: they have no rows any more."""

from fleetsynth.kinds.kind import Kind, only

KIND = Kind(
    name="decommission",
    title="decommission",
    about="a server is taken out of the fleet for good: it has no rows from that day on, and the "
    "others of its service carry its load",
    entity="server",
    effects=only("down"),
    size=0.0,
    planned=True,
    label="regime",
    severity="info",
    lasts=True,
    color="#4a4e69",
)
