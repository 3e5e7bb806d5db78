"""A window in which a server is taken out of service and worked on."""

from fleetsynth.kinds.kind import Kind, Spells, only

KIND = Kind(
    name="maintenance",
    title="maintenance",
    about="a server is taken out of service and worked on; the others carry its load",
    entity="server",
    effects=only("down"),
    size=0.0,
    planned=True,
    label="planned",
    severity="info",
    color="#5c946e",
    drawn=Spells(
        per_quarter=1.0,
        hours=(0.5, 2.0),
        size=(0.0, 0.0),
        archetypes={"pinned": 0.0, "off": 0.0, "idle": 0.5},
        source="an assumption: once a quarter, for patches that need a restart",
    ),
)
