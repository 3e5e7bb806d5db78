"""A leak that outgrows its restarts: each of them gives back less of what was taken."""

from fleetsynth.kinds.kind import Kind, Stories, only

_TEETH = 10
_KEPT = 0.6
"""Share of a restart's place on the way to the top that it falls back to."""


def _teeth() -> tuple[tuple[float, float], ...]:
    """Return a saw-tooth whose floors rise and whose falls grow."""
    at: list[tuple[float, float]] = []
    for tooth in range(_TEETH):
        share = tooth / _TEETH
        at += [(0.98 * share + (0.0005 if tooth else 0.0), _KEPT * share)]
        at += [(0.98 * (tooth + 1) / _TEETH, (tooth + 1) / _TEETH)]
    return (*at, (1.0, 0.0))


KIND = Kind(
    name="memory_creep",
    title="leak that outgrows its restarts",
    about="memory leaks faster than restarts give it back; it ends with a mended version",
    entity="service",
    effects=only("memory"),
    size=30.0,
    label="regime",
    course=_teeth(),
    color="#6a5a9e",
    drawn=Stories(
        months=(4.0, 24.0),
        reach=(85.0, 100.0),
        archetypes={"pinned": 0.0, "off": 0.0},
        source="an assumption: ten restarts on the way",
    ),
)
