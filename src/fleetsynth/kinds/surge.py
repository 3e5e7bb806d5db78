"""More demand than usual for hours or days: a campaign, a news item, a fire elsewhere."""

from fleetsynth.kinds.kind import HOUR, Dial, Kind, Spells, only

KIND = Kind(
    name="surge",
    title="surge",
    about="a service is asked for more than usual for hours or days",
    entity="service",
    effects=only("demand"),
    size=1.5,
    ramp=1 * HOUR,
    color="#2e86ab",
    drawn=Spells(
        per_quarter=0.30,
        hours=(2.0, 72.0),
        size=(1.3, 2.5),
        archetypes={"idle": 0.0, "pinned": 0.0, "off": 0.0},
        source="an assumption: three in ten services a quarter, up to three days",
        dial=Dial(per_quarter=0.08, hours=(4.0, 16.0), plain=(2.0, 4.0), faint=(1.1, 1.25)),
    ),
)
