"""A clock that is wrong until somebody sets it."""

from fleetsynth.kinds.kind import Faults, Kind

KIND = Kind(
    name="clock_skew",
    title="clock skew",
    about="the clock of a server is wrong: its rows have stamps of other times",
    entity="server",
    effects=None,
    label="fault",
    severity="major",
    is_told=False,
    color="#9c6644",
    drawn=Faults(
        act="shift",
        per_day=0.005,
        hours=(12.0, 336.0),
        size=(40.0, 900.0),
        either=True,
        source="an assumption: twice a year and server, up to a quarter of an hour ahead or behind",
    ),
)
