"""Systems that datasets are exported to: one row each in `SYSTEMS`, one module each.

A module has `open_sink`, which takes a `base.Wanted` and returns a `base.TablesSink`. All else
(what is read, names and types of columns, keys, comments, what may be replaced, progress, errors
for what is missing) is the same for every system, and iterates over the table. The module of a
system that is `streamed` has `open_stream` instead, which takes a `streamed.Sending` and returns a
`streamed.Stream`: what is cut, sent again, slowed down and remembered is the same for all of those.
Modules are loaded when something is exported to their system.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from fleetsynth.errors import UsageError, listed
from fleetsynth.formats import FORMATS, STANDARD_OUTPUT, ending_of, known
from fleetsynth.shown import destination
from fleetsynth.stores.places import is_url

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from fleetsynth.series.families import Convention
    from fleetsynth.sinks.base import TablesSink, Wanted
    from fleetsynth.sinks.streamed import Sending, Stream


@dataclass(frozen=True)
class System:
    """What there is to know of a system; its name is its key in `SYSTEMS`.

    Attributes:
        label: what people call it.
        module: where it is written.
        form: how a destination is written, for help and messages.
        endings: of files that are this system's without a scheme before them.
        aliases: further schemes.
        extra: the extra that brings its library; None where none is needed.
        package: the module of that library.
        schemas: whether its tables can lie in schemas of a name.
        appends: whether rows can be added to tables that are there.
        streamed: whether it takes samples of series as they come, and nothing can be taken back:
            then its module has `open_stream` in place of `open_sink`.
    """

    label: str
    module: str
    form: str
    endings: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    extra: str | None = None
    package: str | None = None
    schemas: bool = False
    appends: bool = False
    streamed: bool = False

    def open(self, wanted: Wanted) -> TablesSink:
        """Open a destination; nothing can be seen there before it is published.

        Raises:
            UsageError: if its library is missing, or it cannot hold what is wanted.
            OutputError: if something else is there, or it cannot be opened.
        """
        open_sink: Callable[[Wanted], TablesSink] = self._module().open_sink
        return open_sink(wanted)

    def open_stream(self, sending: Sending) -> Stream:
        """Open a destination that samples are sent to; nothing has been sent yet.

        Raises:
            UsageError: if its library is missing, or the destination is none.
            OutputError: if it cannot be opened.
        """
        open_stream: Callable[[Sending], Stream] = self._module().open_stream
        return open_stream(sending)

    def convention(self) -> Convention:
        """Return how series are called there: what its module says, or Prometheus's names.

        Raises:
            UsageError: if its library is missing.
        """
        from fleetsynth.series.families import PROMETHEUS

        out: Convention = getattr(self._module(), "CONVENTION", PROMETHEUS)
        return out

    def target(self, place: str) -> str:
        """Return what tells a destination from all others, where its place alone does not.

        Raises:
            UsageError: if its library is missing, or settings do not say where it is.
        """
        target: Callable[[str], str] = getattr(self._module(), "target", str)
        return target(place)

    def _module(self) -> ModuleType:
        if self.package is not None:
            try:
                import_module(self.package)
            except ImportError as error:
                raise UsageError(
                    f"{self.label} needs a library that is not there: "
                    f"pip install 'fleetsynth[{self.extra}]'"
                ) from error
        return import_module(self.module)


SYSTEMS: dict[str, System] = {
    "postgresql": System(
        label="PostgreSQL",
        module="fleetsynth.sinks.postgresql",
        form="postgresql://HOST/DATABASE",
        aliases=("postgres",),
        extra="postgres",
        package="adbc_driver_postgresql",
        schemas=True,
        appends=True,
    ),
    "duckdb": System(
        label="DuckDB",
        module="fleetsynth.sinks.duckdb",
        form="FILE.duckdb",
        endings=(".duckdb", ".ddb"),
        extra="duckdb",
        package="duckdb",
        schemas=True,
        appends=True,
    ),
    "sqlite": System(
        label="SQLite",
        module="fleetsynth.sinks.sqlite",
        form="FILE.sqlite",
        endings=(".sqlite", ".sqlite3"),
        appends=True,
    ),
    "delta": System(
        label="Delta",
        module="fleetsynth.sinks.delta",
        form="delta:FOLDER",
        extra="delta",
        package="deltalake",
    ),
    "excel": System(
        label="Excel",
        module="fleetsynth.sinks.excel",
        form="FILE.xlsx",
        endings=(".xlsx",),
        extra="excel",
        package="xlsxwriter",
    ),
    "iceberg": System(
        label="Iceberg",
        module="fleetsynth.sinks.iceberg",
        form="iceberg:FOLDER",
        extra="iceberg",
        package="pyiceberg.catalog.sql",
        schemas=True,
    ),
    "prometheus": System(
        label="Prometheus remote write",
        module="fleetsynth.sinks.remote_write",
        form="prometheus:http://HOST:9090",
        aliases=("victoriametrics", "remote-write"),
        extra="serve",
        package="cramjam",
        streamed=True,
    ),
    "openmetrics": System(
        label="OpenMetrics",
        module="fleetsynth.sinks.openmetrics",
        form="FILE.om",
        endings=(".om", ".openmetrics"),
        streamed=True,
    ),
    "otlp": System(
        label="OpenTelemetry",
        module="fleetsynth.sinks.otlp",
        form="otlp:http://HOST:4318",
        aliases=("opentelemetry",),
        streamed=True,
    ),
    "influx": System(
        label="InfluxDB line protocol",
        module="fleetsynth.sinks.influx",
        form="influx:http://HOST:8086?org=ORG&bucket=BUCKET",
        aliases=("influxdb",),
        streamed=True,
    ),
    "cloudwatch": System(
        label="CloudWatch",
        module="fleetsynth.sinks.cloudwatch",
        form="cloudwatch:NAMESPACE",
        extra="cloud",
        package="boto3",
        streamed=True,
    ),
    "files": System(
        label="files",
        module="fleetsynth.sinks.files",
        form="FILE.csv, FILE.parquet … or -",
    ),
}
"""The system of each scheme; a new one is a row here and a module."""


def forms() -> str:
    """Return how destinations are written, for people."""
    return ", ".join(system.form for system in SYSTEMS.values())


def find_system(to: str) -> tuple[System, str]:
    """Return the system that a destination names, and the place in it.

    A destination is a scheme and a place, ``duckdb:any/file``, or a path whose ending names the
    system, ``fleet.duckdb``. A URL is its own place.

    Raises:
        UsageError: if it names none.
    """
    if not to.strip():
        raise UsageError(f"the destination is empty: expected {forms()}")
    scheme, colon, rest = to.partition(":")
    names = {alias: name for name, system in SYSTEMS.items() for alias in (name, *system.aliases)}
    if colon and scheme.lower() in names:
        name = names[scheme.lower()]
        place = to if rest.startswith("//") else rest
        if not rest and not SYSTEMS[name].form.startswith(f"{name}://"):
            raise UsageError(
                f"{destination(to)} names no place: expected such as {SYSTEMS[name].form}"
            )
        return SYSTEMS[name], place
    for system in SYSTEMS.values():
        if to.lower().endswith(system.endings) and not is_url(to):
            return system, to
    if to == STANDARD_OUTPUT or (ending_of(to) and not is_url(to)):
        return SYSTEMS["files"], to
    if re.match(r"(s3|gs|az)://", to):
        raise UsageError(
            f"{destination(to)} is a place in an object store: a dataset folder is written there "
            "by generate(scenario, path)"
        )
    endings = [ending for system in SYSTEMS.values() for ending in system.endings]
    raise UsageError(
        f"{destination(to)} names no system to export to: expected {forms()}; by their endings, "
        f"files are {listed(endings)}, {known()}"
    )


__all__ = ["FORMATS", "SYSTEMS", "System", "find_system", "forms"]
