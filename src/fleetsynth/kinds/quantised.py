"""An agent that rounds what it reports."""

from fleetsynth.kinds.kind import Faults, Kind

KIND = Kind(
    name="quantised",
    title="quantisation",
    about="a metric is coarse: whole per cent, or steps of a counter of time",
    entity="server",
    effects=None,
    label="fault",
    severity="minor",
    is_told=False,
    color="#6a7b8c",
    drawn=Faults(
        act="round",
        per_day=0.003,
        hours=(24.0, 720.0),
        of={
            "cpu": (1.0, 1 / 15, 1 / 30),
            "mem": (1.0,),
            "disk": (1.0,),
        },
        source="CPU counters of real virtual machines have steps of 1/15 per cent and core; memory "
        "and disks are often told in whole per cent; how often is an assumption",
    ),
)
