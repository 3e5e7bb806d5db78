"""The series that a plan has, as one table: what each is made of, and what it is called.

A row is a family: series of one name that differ in their labels. `quantity` says what it is made
of, and is the key by which another convention gives it another name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fleetsynth.plan import Plan

MODES = ("idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user")
"""What a CPU spends its time on, in the order of their labels."""
DISK_LABELS = {"device": "/dev/sda1", "fstype": "xfs", "mountpoint": "/"}
LINK_LABELS = {"device": "eth0"}
CPU = "0"


@dataclass(frozen=True)
class Family:
    """Series of one name.

    Attributes:
        name: theirs.
        kind: whether values are counted since a start, or are what they are.
        help: what it is, in words.
        unit: of its values, in Prometheus's words; empty where there is none.
        quantity: what it is made of.
        stem: of the metric that it needs; None if it needs none.
        rows: labels of each series of a server, beside the server's.
        is_fine: whether it has samples every minute, as if it had been scraped; others have those
            of the plan's ticks.
    """

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    unit: str
    quantity: str
    stem: str | None = None
    rows: tuple[Mapping[str, str], ...] = ({},)
    is_fine: bool = True


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


def published(plan: Plan) -> tuple[Family, ...]:
    """Return a family for each column of numbers that a plan publishes, with the file's values."""
    return tuple(
        Family(
            f"{PREFIX}{metric.column}", "gauge",
            f"The dataset's column {metric.column}: {metric.label}, in {metric.unit}.", "",
            metric.column, metric.stem, is_fine=False,
        )
        for metric in plan.metrics
        if not metric.words
    )  # fmt: skip


def families_of(plan: Plan, stems: Iterable[str]) -> tuple[Family, ...]:
    """Return all families of a plan, by name.

    Args:
        plan: what is served.
        stems: of the metrics that its model simulates.
    """
    known = set(stems)
    own = (family for family in (*NODE_EXPORTER, UP) if family.stem in {None, *known})
    return tuple(sorted((*published(plan), *own), key=lambda family: family.name))
