"""A value that is not there, in a row that is."""

from fleetsynth.kinds.kind import Faults, Kind
from fleetsynth.metrics import STEMS

KIND = Kind(
    name="missing_value",
    title="missing value",
    about="rows arrive without the value of one metric",
    entity="server",
    effects=None,
    label="fault",
    severity="minor",
    is_told=False,
    color="#b08968",
    drawn=Faults(
        act="blank",
        per_day=0.1,
        hours=(1 / 6, 2.0),
        single=0.8,
        of=dict.fromkeys(STEMS, ()),
        source="an assumption",
    ),
)
