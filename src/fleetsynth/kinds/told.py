"""What only a planner tells: migrations, freezes, blackouts, load tests, launches and so on."""

from fleetsynth.kinds.kind import HOUR, MINUTE, Kind, only

MIGRATION = Kind(
    name="migration",
    title="migration",
    about="demand moves away: it falls to nothing, or to what is said, and stays there; who takes "
    "it over is another event",
    entity="service",
    effects=only("demand"),
    size=0.0,
    planned=True,
    label="regime",
    severity="info",
    ramp=24 * HOUR,
    lasts=True,
    color="#3d5a80",
)
LAUNCH = Kind(
    name="launch",
    title="launch",
    about="a product starts, and demand is higher from then on",
    entity="service",
    effects=only("demand"),
    size=1.3,
    planned=True,
    label="regime",
    severity="info",
    ramp=24 * HOUR,
    lasts=True,
    color="#ee6c4d",
)
LOAD_TEST = Kind(
    name="load_test",
    title="load test",
    about="a service is asked for as much as its testers can",
    entity="service",
    effects=only("demand"),
    size=2.0,
    planned=True,
    label="planned",
    severity="info",
    ramp=5 * MINUTE,
    color="#9c6644",
)
BLACKOUT = Kind(
    name="blackout",
    title="blackout",
    about="servers are switched off, all at once",
    entity="server",
    effects=only("down"),
    size=0.0,
    planned=True,
    label="planned",
    severity="critical",
    color="#2b2d42",
)
FREEZE = Kind(
    name="freeze",
    title="change freeze",
    about="nothing is deployed and nothing maintained: deploys wait for its end, maintenance that "
    "would begin in it does not take place",
    entity="service",
    effects=lambda _size: (),
    planned=True,
    label="planned",
    severity="info",
    color="#8ecae6",
)
RESIZE = Kind(
    name="resize",
    title="resize",
    about="servers become larger or smaller: the same work takes another share of them",
    entity="server",
    effects=only("capacity"),
    size=2.0,
    planned=True,
    label="regime",
    severity="info",
    lasts=True,
    color="#588157",
)
CHANGE = Kind(
    name="change",
    title="change",
    about="whatever a planner writes",
    entity="service",
    effects=None,
    planned=True,
    label="planned",
    severity="info",
    lasts=True,
    color="#6d6875",
)
