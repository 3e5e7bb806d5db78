"""The series that a plan has, as one table: what each is made of, and what it is called.

A row is a family: series of one name that differ in their labels. `quantity` says what it is made
of, and is the key by which another convention gives it another name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fleetsynth.plan import Plan

MODES = ("idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user")
"""What a CPU spends its time on, in the order of their labels."""
ACTIVE = "active"
"""All modes but ``idle`` together, for those who count them so."""
DISK_LABELS = {"device": "/dev/sda1", "fstype": "xfs", "mountpoint": "/"}
LINK_LABELS = {"device": "eth0"}
CPU = "0"


@dataclass(frozen=True)
class Family:
    """Series of one name.

    Attributes:
        name: theirs.
        kind: whether values are counted since a start, or are what they are; of the latter, "level"
            are amounts that may be added over servers.
        help: what it is, in words.
        unit: of its values, in its convention's words; empty where there is none.
        quantity: what it is made of.
        stem: of the metric that it needs; None if it needs none. Of several, with a blank between.
        rows: labels of each series of a server, beside the server's.
        is_fine: whether it has samples every minute, as if it had been scraped; others have those
            of the plan's ticks.
    """

    name: str
    kind: Literal["counter", "gauge", "level"]
    help: str
    unit: str
    quantity: str
    stem: str | None = None
    rows: tuple[Mapping[str, str], ...] = ({},)
    is_fine: bool = True

    @property
    def stems(self) -> list[str]:
        """Of all metrics that it needs."""
        return [] if self.stem is None else self.stem.split()


NODE_EXPORTER = (
    Family(
        "node_boot_time_seconds", "gauge",
        "Node boot time, in unixtime.", "seconds", "boot time",
    ),
    Family(
        "node_cpu_seconds_total", "counter",
        "Seconds the CPUs spent in each mode.", "seconds", "cpu time", "cpu",
        tuple({"cpu": CPU, "mode": mode} for mode in MODES),
    ),
    Family(
        "node_filesystem_avail_bytes", "gauge",
        "Filesystem space available to non-root users in bytes.", "bytes", "disk available",
        "disk", (DISK_LABELS,),
    ),
    Family(
        "node_filesystem_size_bytes", "gauge",
        "Filesystem size in bytes.", "bytes", "disk size", "disk", (DISK_LABELS,),
    ),
    Family(
        "node_memory_MemAvailable_bytes", "gauge",
        "Memory information field MemAvailable_bytes.", "bytes", "memory available", "mem",
    ),
    Family(
        "node_memory_MemTotal_bytes", "gauge",
        "Memory information field MemTotal_bytes.", "bytes", "memory size", "mem",
    ),
    Family(
        "node_network_receive_bytes_total", "counter",
        "Network device statistic receive_bytes.", "bytes", "received", "net_in", (LINK_LABELS,),
    ),
    Family(
        "node_network_transmit_bytes_total", "counter",
        "Network device statistic transmit_bytes.", "bytes", "sent", "net_out", (LINK_LABELS,),
    ),
)  # fmt: skip
"""What node_exporter says of a server, as far as we know it."""

UP = Family("up", "gauge", "1 while the server is switched on, 0 while it is not.", "", "up")
"""What Prometheus says of a target; a scrape of ours does not, because Prometheus does."""

PREFIX = "fleetsynth_"
"""Before the dataset's columns, where they are series of Prometheus."""


@dataclass(frozen=True)
class Convention:
    """How a monitoring system calls things.

    Attributes:
        own: what an agent of it says of a server, as far as we know it.
        prefix: before the dataset's columns.
        labels: what it calls labels of ours, by name; empty for those that it has no use for. All
            others keep their names.
        units: what it calls units of the dataset, by our words for them.
    """

    own: tuple[Family, ...]
    prefix: str
    labels: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    def renamed(self, labels: Mapping[str, str]) -> Mapping[str, str]:
        """Return the labels of a server as the system calls them."""
        if not self.labels:
            return labels
        called = ((self.labels.get(name, name), value) for name, value in labels.items())
        return {name: value for name, value in called if name}


PROMETHEUS = Convention((*NODE_EXPORTER, UP), PREFIX)


def published(plan: Plan, convention: Convention = PROMETHEUS) -> tuple[Family, ...]:
    """Return a family for each column of numbers that a plan publishes, with the file's values."""
    return tuple(
        Family(
            f"{convention.prefix}{metric.column}", "gauge",
            f"The dataset's column {metric.column}: {metric.label}, in {metric.unit}.",
            convention.units.get(metric.unit, ""), metric.column, metric.stem, is_fine=False,
        )
        for metric in plan.metrics
        if not metric.words
    )  # fmt: skip


def families_of(
    plan: Plan, stems: Iterable[str], convention: Convention = PROMETHEUS
) -> tuple[Family, ...]:
    """Return all families of a plan, by name.

    Args:
        plan: what is served.
        stems: of the metrics that its model simulates.
        convention: by which they are called.
    """
    known = set(stems)
    own = (family for family in convention.own if set(family.stems) <= known)
    return tuple(sorted((*published(plan, convention), *own), key=lambda family: family.name))
