"""An agent that has died, and is started again."""

from fleetsynth.kinds.kind import Faults, Kind

KIND = Kind(
    name="agent_outage",
    title="agent outage",
    about="the agent of a server is down: no rows for hours",
    entity="server",
    effects=None,
    label="fault",
    severity="major",
    is_told=False,
    color="#5f6368",
    drawn=Faults(
        act="drop",
        per_day=0.01,
        hours=(2.0, 24.0),
        source="an assumption: every server three or four times a year, for hours",
    ),
)
