"""Servers that are all switched off at once, for an exercise or a move."""

from fleetsynth.kinds.kind import Kind, only

KIND = Kind(
    name="blackout",
    title="blackout",
    about="servers are switched off, all at once",
    entity="server",
    effects=only("down"),
    size=0.0,
    planned=True,
    label="planned",
    severity="critical",
    color="#2b2d42",
)
