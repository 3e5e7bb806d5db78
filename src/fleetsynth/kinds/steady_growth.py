"""Demand that grows until the servers of a service are full."""

from fleetsynth.kinds.kind import Kind, Stories, only

KIND = Kind(
    name="steady_growth",
    title="steady growth",
    about="a service grows until its servers are full; it ends with capacity being added",
    entity="service",
    effects=only("demand"),
    size=2.0,
    label="regime",
    course=((0.0, 0.0), (0.87, 1.0), (0.98, 1.0), (1.0, 0.0)),
    color="#b5542b",
    drawn=Stories(
        months=(3.5, 27.5),
        reach=(85.0, 100.0),
        archetypes={"application": 0.5, "instance": 0.5, "idle": 0.0, "pinned": 0.0, "off": 0.0},
        source="an assumption: full after 3 to 24 months",
    ),
)
