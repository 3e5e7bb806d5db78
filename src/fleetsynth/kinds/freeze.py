"""A time in which nothing is changed: no deploys, no planned maintenance."""

from fleetsynth.kinds.kind import Kind

KIND = Kind(
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
