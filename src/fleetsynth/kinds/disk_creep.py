"""A disk whose clean-ups leave more and more behind."""

from fleetsynth.kinds.kind import Kind, Stories, only

KIND = Kind(
    name="disk_creep",
    title="clean-ups that leave more behind",
    about="what clean-ups leave on a disk is more each time; it ends with a larger disk",
    entity="service",
    effects=only("disk"),
    size=40.0,
    label="regime",
    course=((0.0, 0.0), (0.9, 1.0), (0.98, 1.0), (1.0, 0.0)),
    color="#6f7a34",
    drawn=Stories(
        months=(3.5, 27.0),
        reach=(85.0, 100.0),
        archetypes={"pinned": 0.0, "off": 0.0},
        source="an assumption: full after 3 to 24 months",
    ),
)
