"""Something that a service depends on fails: it idles, and works off the backlog afterwards."""

from fleetsynth.kinds.kind import MINUTE, Consequence, Kind, Spells, only

KIND = Kind(
    name="dependency",
    title="dependency outage",
    about="what a service depends on fails, and little reaches it until that is back",
    entity="service",
    effects=only("demand"),
    size=0.3,
    severity="major",
    ramp=5 * MINUTE,
    color="#496a81",
    follows=(
        Consequence(
            "backlog",
            chance=0.8,
            after=True,
            tail=(30 * MINUTE, 180 * MINUTE),
            size=(1.2, 1.8),
        ),
    ),
    drawn=Spells(
        per_quarter=0.10,
        hours=(0.25, 4.0),
        size=(0.1, 0.5),
        archetypes={"idle": 0.0, "pinned": 0.0, "off": 0.0},
        source="an assumption: a tenth of the services a quarter, up to four hours",
    ),
)
