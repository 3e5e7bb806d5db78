"""A log or a dump that fills a disk, until it is cleaned up."""

from fleetsynth.kinds.kind import Dial, Kind, Spells, only

KIND = Kind(
    name="disk_fill",
    title="disk filling",
    about="a log or a dump fills the disk; it ends with a clean-up",
    entity="server",
    effects=only("disk"),
    size=30.0,
    rises=True,
    severity="major",
    color="#8a6d1d",
    drawn=Spells(
        per_quarter=0.10,
        hours=(12.0, 96.0),
        size=(10.0, 50.0),
        archetypes={"pinned": 0.0, "off": 0.0},
        source="an assumption: a tenth of the servers a quarter, from half a day to four days",
        dial=Dial(per_quarter=0.6, hours=(6.0, 24.0), plain=(20.0, 50.0), faint=(0.5, 1.5)),
    ),
)
