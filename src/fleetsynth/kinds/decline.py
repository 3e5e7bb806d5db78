"""Demand that goes away, and leaves servers that are too large."""

from fleetsynth.kinds.kind import Kind, Stories, only

KIND = Kind(
    name="decline",
    title="decline",
    about="a service is asked for less and less; it ends with servers being taken away",
    entity="service",
    effects=only("demand"),
    size=0.4,
    label="regime",
    severity="info",
    course=((0.0, 0.0), (0.6, 1.0), (0.98, 1.0), (1.0, 0.0)),
    color="#5b7553",
    drawn=Stories(
        months=(6.0, 30.0),
        reach=(20.0, 55.0),
        of="usual",
        archetypes={"idle": 0.0, "pinned": 0.0, "off": 0.0},
        source="an assumption: a fifth to a half of the demand is left",
    ),
)
