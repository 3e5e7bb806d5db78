"""What the model simulates, and what that is published as."""

from fleetsynth.models.base import Signal

SIGNALS = (
    Signal("cpu", {"cpu": 1.0}, follows_demand=True, grows=True),
    Signal("memory", {"mem": 1.0}, follows_demand=True, grows=True),
    Signal("disk", {"disk": 1.0}),
    Signal("net_in", {"net_in": 1.0}, follows_demand=True, grows=True),
    Signal("net_out", {"net_out": 1.0}, follows_demand=True, grows=True),
)
