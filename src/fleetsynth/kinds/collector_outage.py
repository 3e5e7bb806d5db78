"""The system that collects is down itself: nobody has rows."""

from fleetsynth.kinds.kind import Faults, Kind

KIND = Kind(
    name="collector_outage",
    title="collector outage",
    about="the collector is down: no server has rows for a day or more",
    entity="fleet",
    effects=None,
    label="fault",
    severity="critical",
    is_told=False,
    color="#3c4043",
    drawn=Faults(
        act="drop",
        per_day=0.002,
        hours=(24.0, 31.0),
        source="real exports have holes of 24 to 31 hours in all servers at once; how rare they "
        "are is an assumption: two in three years",
    ),
)
