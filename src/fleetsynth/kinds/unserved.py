"""No server of a service is up: what is asked for is served by nobody."""

from fleetsynth.kinds.kind import Kind

KIND = Kind(
    name="unserved",
    title="unserved demand",
    about="no server of a service is up, and nobody serves what is asked for",
    entity="service",
    effects=None,
    through="demand",
    severity="critical",
    is_told=False,
    color="#3b3b3b",
)
