"""Testers who ask a service for as much as they can, for an hour or a night."""

from fleetsynth.kinds.kind import MINUTE, Kind, only

KIND = Kind(
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
