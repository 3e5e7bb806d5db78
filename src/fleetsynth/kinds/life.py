"""From when to when a server is there, in fleets whose servers come and go."""

from fleetsynth.kinds.kind import Kind

KIND = Kind(
    name="life",
    title="life of a server",
    about="a server is there, and has rows: from its commissioning until it retires",
    entity="server",
    effects=None,
    planned=True,
    label="planned",
    severity="info",
    lasts=True,
    is_told=False,
    color="#adb5bd",
)
