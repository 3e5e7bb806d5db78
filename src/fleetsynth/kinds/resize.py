"""Servers that become larger or smaller, while their work stays the same."""

from fleetsynth.kinds.kind import Kind, Sizes, only

KIND = Kind(
    name="resize",
    title="resize",
    about="servers become larger or smaller: the same work takes another share of them",
    entity="server",
    effects=only("capacity"),
    size=2.0,
    planned=True,
    label="regime",
    severity="info",
    lasts=True,
    color="#588157",
    drawn=Sizes(up=0.5, source="an assumption: up as often as down"),
)
