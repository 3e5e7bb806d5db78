"""The others of a service carry what a server cannot, as long as it is down."""

from fleetsynth.kinds.kind import Kind

KIND = Kind(
    name="failover",
    title="failover",
    about="the servers of a service that are up carry the load of those that are down",
    entity="service",
    effects=None,
    through="demand",
    label="anomaly",
    is_told=False,
    color="#5b5ea6",
)
