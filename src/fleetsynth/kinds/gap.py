"""Samples that never arrive, mostly one at a time."""

from fleetsynth.kinds.kind import Faults, Kind

KIND = Kind(
    name="gap",
    title="gap",
    about="a sample, or a few, never arrive",
    entity="server",
    effects=None,
    label="fault",
    severity="info",
    is_told=False,
    color="#9aa0a6",
    drawn=Faults(
        act="drop",
        per_day=0.9,
        hours=(1 / 6, 2.0),
        single=0.84,
        source="nine in ten server-days of a real estate have one, 84 % of them of one sample; how "
        "long the others last is an assumption",
    ),
)
