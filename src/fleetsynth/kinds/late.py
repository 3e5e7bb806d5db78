"""Rows that wait for a network that is down."""

from fleetsynth.kinds.kind import Faults, Kind

KIND = Kind(
    name="late",
    title="late rows",
    about="rows wait until a network is back, and arrive while newer ones do",
    entity="server",
    effects=None,
    label="fault",
    severity="minor",
    is_told=False,
    color="#577590",
    drawn=Faults(
        act="hold",
        per_day=0.03,
        hours=(0.5, 6.0),
        source="an assumption: once a month, for a half to six hours",
    ),
)
