"""Memory that is not given back, until the process is restarted."""

from fleetsynth.kinds.kind import Dial, Kind, Spells, only

KIND = Kind(
    name="leak",
    title="memory leak",
    about="memory is not given back; it ends with a restart",
    entity="server",
    effects=only("memory"),
    size=20.0,
    rises=True,
    color="#7b4fa3",
    drawn=Spells(
        per_quarter=0.15,
        hours=(24.0, 240.0),
        size=(5.0, 35.0),
        archetypes={"pinned": 0.0, "off": 0.0, "idle": 0.3},
        source="an assumption: one server in seven a quarter, from a day to ten days",
        dial=Dial(per_quarter=0.8, hours=(6.0, 24.0), plain=(25.0, 50.0), faint=(1.0, 3.0)),
    ),
)
