"""A sender that did not hear that its rows had arrived."""

from fleetsynth.kinds.kind import Faults, Kind

KIND = Kind(
    name="duplicate",
    title="duplicates",
    about="rows are sent, and stored, twice",
    entity="server",
    effects=None,
    label="fault",
    severity="minor",
    is_told=False,
    color="#7f9c96",
    drawn=Faults(
        act="repeat",
        per_day=0.1,
        hours=(1 / 6, 1.0),
        single=0.7,
        source="an assumption: what is delivered at least once comes twice at times",
    ),
)
