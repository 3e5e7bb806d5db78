"""A server that fails: its siblings carry its load, and clients that try again add to it."""

from fleetsynth.kinds.kind import MINUTE, Consequence, Kind, Spells, only

KIND = Kind(
    name="outage",
    title="outage",
    about="a server fails; the others of its service carry its load",
    entity="server",
    effects=only("down"),
    size=0.0,
    severity="critical",
    color="#8f1d2c",
    follows=(
        Consequence(
            "retries",
            chance=0.5,
            delay=(1 * MINUTE, 10 * MINUTE),
            tail=(10 * MINUTE, 60 * MINUTE),
            size=(1.05, 1.4),
        ),
    ),
    drawn=Spells(
        per_quarter=0.08,
        hours=(0.25, 8.0),
        size=(0.0, 0.0),
        archetypes={"off": 0.0},
        source="an assumption: one server in twelve a quarter, from a quarter of an hour to eight",
    ),
)
