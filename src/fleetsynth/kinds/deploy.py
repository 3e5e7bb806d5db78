"""A new version of a service, which takes more or less CPU for the same work than the last one."""

from fleetsynth.kinds.kind import HOUR, Kind, Levels, only

KIND = Kind(
    name="deploy",
    title="deploy",
    about="a new version of a service takes more or less for the same work, until the next one",
    entity="service",
    effects=only("demand"),
    size=1.2,
    planned=True,
    label="regime",
    severity="info",
    ramp=2 * HOUR,
    lasts=True,
    color="#1b7f5c",
    drawn=Levels(
        days=80.0,
        sigma=0.18,
        archetypes={"pinned": 0.0, "off": 0.0},
        source="level shifts of 25 % and more that last five days hit 13 to 35 % of real servers "
        "in 90 days, and here about 26 %; 80 days are an assumption",
    ),
)
