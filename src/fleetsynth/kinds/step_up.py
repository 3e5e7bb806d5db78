"""A step in demand after a launch, which nobody had planned for."""

from fleetsynth.kinds.kind import Kind, Stories, only

KIND = Kind(
    name="step_up",
    title="step up",
    about="demand is higher from one week to the next, as after a launch; it ends with capacity "
    "being added",
    entity="service",
    effects=only("demand"),
    size=1.5,
    label="regime",
    course=((0.0, 0.0), (0.01, 1.0), (0.98, 1.0), (1.0, 0.0)),
    color="#c77d1e",
    drawn=Stories(
        months=(4.0, 24.0),
        reach=(65.0, 100.0),
        archetypes={"application": 0.5, "instance": 0.5, "idle": 0.0, "pinned": 0.0, "off": 0.0},
        source="an assumption: some steps leave room, some do not",
    ),
)
