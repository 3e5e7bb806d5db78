"""What other systems than Prometheus call the same quantities: a table of families for each.

As their usual agents call them: the host metrics of OpenTelemetry, Telegraf for InfluxDB, the
CloudWatch agent for AWS.
"""

from __future__ import annotations

from fleetsynth.fleet import TYPE_COLUMN
from fleetsynth.series.families import ACTIVE, CPU, MODES, Convention, Family

SEMCONV = "1.44.0"
"""The version of OpenTelemetry's semantic conventions; its ``system.*`` are still to change."""

_OTEL_MODES = {"irq": "interrupt"}
"""Modes that have another name there; ``softirq`` has none, and keeps ours."""
_OTEL_DISK = {
    "system.device": "/dev/sda1",
    "system.filesystem.mountpoint": "/",
    "system.filesystem.type": "xfs",
}
_OTEL_CPU = tuple(
    {"cpu.logical_number": CPU, "cpu.mode": _OTEL_MODES.get(mode, mode)} for mode in MODES
)
_OTEL_MEMORY_STATES = tuple({"system.memory.state": state} for state in ("used", "free"))
_OTEL_DISK_STATES = tuple(
    {**_OTEL_DISK, "system.filesystem.state": state} for state in ("used", "free")
)

OPENTELEMETRY = Convention(
    (
        Family(
            "system.cpu.time", "counter",
            "Seconds each logical CPU spent on each mode.", "s", "cpu time", "cpu", _OTEL_CPU,
        ),
        Family(
            "system.cpu.utilization", "gauge",
            "Share of each mode in the time of a logical CPU.", "1", "cpu utilization", "cpu",
            _OTEL_CPU,
        ),
        Family(
            "system.filesystem.limit", "level",
            "The total storage capacity of the filesystem.", "By", "disk size", "disk",
            (_OTEL_DISK,),
        ),
        Family(
            "system.filesystem.usage", "level",
            "A filesystem's space usage across different states.", "By", "disk used and free",
            "disk", _OTEL_DISK_STATES,
        ),
        Family(
            "system.filesystem.utilization", "gauge",
            "Share of a filesystem's space in each state.", "1", "disk utilization", "disk",
            _OTEL_DISK_STATES,
        ),
        Family(
            "system.memory.limit", "level",
            "Total memory available in the system.", "By", "memory size", "mem",
        ),
        Family(
            "system.memory.usage", "level",
            "Memory in use by state.", "By", "memory used and free", "mem", _OTEL_MEMORY_STATES,
        ),
        Family(
            "system.memory.utilization", "gauge",
            "Share of memory in each state.", "1", "memory utilization", "mem",
            _OTEL_MEMORY_STATES,
        ),
        Family(
            "system.network.io", "counter",
            "Bytes that went through an interface.", "By", "traffic", "net_in net_out",
            tuple(
                {"network.interface.name": "eth0", "network.io.direction": direction}
                for direction in ("receive", "transmit")
            ),
        ),
        Family(
            "system.uptime", "gauge", "The time the system has been running.", "s", "uptime",
        ),
    ),
    prefix="fleetsynth.",
    labels={
        "instance": "host.id",
        "server_id": "host.name",
        "server_type": "fleetsynth.server_type",
        "service": "service.name",
        "business_unit": "fleetsynth.business_unit",
        "criticality": "fleetsynth.criticality",
        "region": "cloud.region",
        TYPE_COLUMN: "host.type",
        "job": "service.namespace",
    },
    units={"%": "%", "Mbps": "Mbit/s", "vCPU": "{cpu}", "GiB": "GiBy", "GB": "GBy"},
)  # fmt: skip
"""Host metrics of OpenTelemetry; units are UCUM's."""

_CPU_TOTAL = ({"cpu": "cpu-total"},)
_ETH0 = ({"interface": "eth0"},)
_ROOT = ({"device": "sda1", "fstype": "xfs", "path": "/"},)

TELEGRAF = Convention(
    (
        *(
            Family(
                f"cpu.usage_{mode}", "gauge",
                f"Percent of the time that CPUs spent on {mode}.", "percent",
                f"cpu {mode} percent", "cpu", _CPU_TOTAL,
            )
            for mode in MODES
        ),
        Family("disk.free", "gauge", "Bytes free.", "bytes", "disk available", "disk", _ROOT),
        Family("disk.total", "gauge", "Bytes in all.", "bytes", "disk size", "disk", _ROOT),
        Family("disk.used", "gauge", "Bytes used.", "bytes", "disk used", "disk", _ROOT),
        Family(
            "disk.used_percent", "gauge", "Percent used.", "percent", "disk used percent", "disk",
            _ROOT,
        ),
        Family("mem.available", "gauge", "Bytes left.", "bytes", "memory available", "mem"),
        Family(
            "mem.available_percent", "gauge", "Percent left.", "percent",
            "memory available percent", "mem",
        ),
        Family("mem.total", "gauge", "Bytes in all.", "bytes", "memory size", "mem"),
        Family("mem.used", "gauge", "Bytes used.", "bytes", "memory used", "mem"),
        Family(
            "mem.used_percent", "gauge", "Percent used.", "percent", "memory used percent", "mem",
        ),
        Family(
            "net.bytes_recv", "counter", "Bytes received.", "bytes", "received", "net_in", _ETH0,
        ),
        Family("net.bytes_sent", "counter", "Bytes sent.", "bytes", "sent", "net_out", _ETH0),
        Family("system.uptime", "gauge", "Seconds since the boot.", "seconds", "uptime"),
    ),
    prefix="fleetsynth.",
    labels={"instance": "host", "job": ""},
)  # fmt: skip
"""Measurement and field of Telegraf's plugins for hosts, with a point between."""

CLOUDWATCH = Convention(
    (
        *(
            Family(
                f"cpu_usage_{mode}", "gauge",
                f"Percent of the time that CPUs spent on {mode}.", "Percent",
                f"cpu {mode} percent", "cpu", _CPU_TOTAL,
            )
            for mode in (*MODES, ACTIVE)
        ),
        Family("disk_free", "gauge", "Bytes free.", "Bytes", "disk available", "disk", _ROOT),
        Family("disk_total", "gauge", "Bytes in all.", "Bytes", "disk size", "disk", _ROOT),
        Family("disk_used", "gauge", "Bytes used.", "Bytes", "disk used", "disk", _ROOT),
        Family(
            "disk_used_percent", "gauge", "Percent used.", "Percent", "disk used percent", "disk",
            _ROOT,
        ),
        Family("mem_available", "gauge", "Bytes left.", "Bytes", "memory available", "mem"),
        Family(
            "mem_available_percent", "gauge", "Percent left.", "Percent",
            "memory available percent", "mem",
        ),
        Family("mem_total", "gauge", "Bytes in all.", "Bytes", "memory size", "mem"),
        Family("mem_used", "gauge", "Bytes used.", "Bytes", "memory used", "mem"),
        Family(
            "mem_used_percent", "gauge", "Percent used.", "Percent", "memory used percent", "mem",
        ),
        Family(
            "net_bytes_recv", "gauge", "Bytes received since the last sample.", "Bytes",
            "received lately", "net_in", _ETH0,
        ),
        Family(
            "net_bytes_sent", "gauge", "Bytes sent since the last sample.", "Bytes",
            "sent lately", "net_out", _ETH0,
        ),
    ),
    prefix="fleetsynth_",
    labels={
        "instance": "InstanceId",
        **dict.fromkeys(
            ("server_id", "server_type", "service", "business_unit", "criticality", "region",
             TYPE_COLUMN, "job"),
            "",
        ),
    },
    units={"%": "Percent", "Mbps": "Megabits/Second", "GB": "Gigabytes", "vCPU": "Count"},
)  # fmt: skip
"""What the CloudWatch agent says of a Linux host; each label costs a metric, so few go along."""
