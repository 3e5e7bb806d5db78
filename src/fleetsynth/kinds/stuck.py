"""A sensor that repeats what it said last."""

from fleetsynth.kinds.kind import Faults, Kind
from fleetsynth.metrics import STEMS

KIND = Kind(
    name="stuck",
    title="stuck sensor",
    about="a metric stays at the value that it had when it began",
    entity="server",
    effects=None,
    label="fault",
    severity="major",
    is_told=False,
    color="#a44a3f",
    drawn=Faults(
        act="freeze",
        per_day=0.02,
        hours=(4.0, 48.0),
        of=dict.fromkeys(STEMS, ()),
        source="an assumption",
    ),
)
