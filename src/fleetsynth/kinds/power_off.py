"""A machine that nobody needs for some days, and is switched off."""

from fleetsynth.kinds.kind import Kind, Spells, only

KIND = Kind(
    name="power_off",
    title="power-off",
    about="a server is switched off for hours or days",
    entity="server",
    effects=only("down"),
    size=0.0,
    planned=True,
    label="off",
    severity="info",
    color="#6b705c",
    drawn=Spells(
        per_quarter=0.02,
        hours=(8.0, 1458.0),
        size=(0.0, 0.0),
        archetypes={"idle": 12.0, "pinned": 0.0, "off": 0.0},
        source="24 % of the virtual machines of one estate were off once a quarter, for 108 hours "
        "in the middle, with a log-sd of 1.5; here mostly those that idle",
    ),
)
