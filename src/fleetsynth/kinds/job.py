"""Work that comes back by a schedule: backups, reports, agents."""

from fleetsynth.kinds.kind import Kind

KIND = Kind(
    name="job",
    title="job",
    about="something runs again and again, by a schedule",
    entity="server",
    effects=None,
    planned=True,
    label="periodic",
    severity="info",
    lasts=True,
    is_told=False,
    color="#adb5bd",
)
