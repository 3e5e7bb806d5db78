"""A disk whose clean-ups leave more and more behind."""

from fleetsynth.kinds.kind import Kind, Stories, only, saw_tooth

KIND = Kind(
    name="disk_creep",
    title="clean-ups that leave more behind",
    about="what clean-ups leave on a disk is more each time; it ends with a larger disk",
    entity="service",
    effects=only("disk"),
    size=60.0,
    label="regime",
    course=saw_tooth(24, kept=0.9),
    color="#6f7a34",
    drawn=Stories(
        months=(3.0, 24.0),
        reach=(85.0, 100.0),
        archetypes={"pinned": 0.0, "off": 0.0},
        source="an assumption: full after 3 to 24 months, and two dozen clean-ups",
    ),
)
