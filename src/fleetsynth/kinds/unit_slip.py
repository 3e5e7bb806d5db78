"""A release of an agent that says bytes where bits were meant."""

from fleetsynth.kinds.kind import Faults, Kind

KIND = Kind(
    name="unit_slip",
    title="unit slip",
    about="a metric is reported in another unit: shares, bytes, kilobits",
    entity="server",
    effects=None,
    label="fault",
    severity="major",
    is_told=False,
    color="#bc4749",
    drawn=Faults(
        act="scale",
        per_day=0.005,
        hours=(2.0, 72.0),
        of={
            **dict.fromkeys(("cpu", "mem", "disk"), (0.01,)),
            **dict.fromkeys(("net_in", "net_out"), (0.125, 1000.0)),
        },
        source="an assumption: shares for per cent, megabytes or kilobits for megabits",
    ),
)
