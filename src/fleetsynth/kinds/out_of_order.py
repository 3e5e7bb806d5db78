"""Rows that overtake each other on their way."""

from fleetsynth.kinds.kind import Faults, Kind

KIND = Kind(
    name="out_of_order",
    title="out of order",
    about="rows overtake each other on their way",
    entity="server",
    effects=None,
    label="fault",
    severity="info",
    is_told=False,
    color="#8d99ae",
    drawn=Faults(
        act="scatter",
        per_day=0.05,
        hours=(0.5, 3.0),
        size=(900.0, 3600.0),
        source="an assumption: queues with several consumers promise no order",
    ),
)
