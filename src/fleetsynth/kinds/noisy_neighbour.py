"""A neighbour on the same host that takes CPU away: the same work needs a larger share."""

from fleetsynth.kinds.kind import MINUTE, Dial, Kind, Spells, only

KIND = Kind(
    name="noisy_neighbour",
    title="noisy neighbour",
    about="another guest of the host takes CPU away, so that the same work takes a larger share",
    entity="server",
    effects=only("cores"),
    owns=False,
    size=0.7,
    ramp=5 * MINUTE,
    color="#c27a1a",
    drawn=Spells(
        per_quarter=0.20,
        hours=(0.5, 12.0),
        size=(0.5, 0.85),
        archetypes={"pinned": 0.0, "off": 0.0},
        source="an assumption: one server in five a quarter, for up to half a day",
        dial=Dial(per_quarter=0.5, hours=(12.0, 48.0), plain=(0.3, 0.5), faint=(0.77, 0.88)),
    ),
)
