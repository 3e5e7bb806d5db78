"""A leak that outgrows its restarts: each of them gives back less of what was taken."""

from fleetsynth.kinds.kind import Kind, Stories, only, saw_tooth

KIND = Kind(
    name="memory_creep",
    title="leak that outgrows its restarts",
    about="memory leaks faster than restarts give it back; it ends with a mended version",
    entity="service",
    effects=only("memory"),
    size=30.0,
    label="regime",
    course=saw_tooth(10, kept=0.6),
    color="#6a5a9e",
    drawn=Stories(
        months=(4.0, 24.0),
        reach=(85.0, 100.0),
        archetypes={"pinned": 0.0, "off": 0.0},
        source="an assumption: ten restarts on the way",
    ),
)
