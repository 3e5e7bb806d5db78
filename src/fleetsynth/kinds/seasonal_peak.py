"""A season that is higher each year, until its peak finds no room."""

from fleetsynth.kinds.kind import Kind, Stories, only

_DAYS = 120 + 2 * 365.25
"""Three seasons of 120 days, a year from one to the next."""


def _season(year: int, height: float) -> tuple[tuple[float, float], ...]:
    """Return the course of a season: seven weeks up, three at its height, seven weeks down."""
    days = ((0, 0.0), (49, height), (71, height), (120, 0.0))
    return tuple(((year * 365.25 + day) / _DAYS, strength) for day, strength in days)


KIND = Kind(
    name="seasonal_peak",
    title="seasonal peak",
    about="four months of each year bring more demand, and more each time, until the third peak "
    "finds no room",
    entity="service",
    effects=only("demand"),
    size=2.0,
    label="regime",
    course=(*_season(0, 0.6), *_season(1, 0.8), *_season(2, 1.0)),
    color="#3c7d8c",
    drawn=Stories(
        months=(27.9427, 27.9427),
        reach=(85.0, 100.0),
        archetypes={"application": 0.5, "instance": 0.5, "idle": 0.0, "pinned": 0.0, "off": 0.0},
        source="an assumption; so many months put peaks a year apart",
    ),
)
