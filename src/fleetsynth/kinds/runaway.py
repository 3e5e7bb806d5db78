"""A process that takes all the CPU it can get, until somebody ends it."""

from fleetsynth.kinds.kind import MINUTE, Kind, Spells, only

KIND = Kind(
    name="runaway",
    title="runaway process",
    about="a process takes CPU for itself until it is ended",
    entity="server",
    effects=only("cpu"),
    size=40.0,
    severity="major",
    ramp=5 * MINUTE,
    color="#b5442e",
    drawn=Spells(
        per_quarter=0.10,
        hours=(2.0, 48.0),
        size=(20.0, 60.0),
        archetypes={"pinned": 0.0, "off": 0.0, "idle": 0.5},
        source="an assumption: a tenth of the servers a quarter; plateaus of 12.5 to 100 % that "
        "last one to two hours and more are what episodes of real virtual machines look like",
    ),
)
