"""Which column of a dataset stands for what, found by name or told by the user."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from fleetsynth.errors import UsageError, did_you_mean
from fleetsynth.fleet import METADATA_COLUMNS, TYPE_COLUMN
from fleetsynth.formats.place import saying
from fleetsynth.formats.read import refuse_twice
from fleetsynth.metrics import METRICS, STATISTICS, all_columns, published
from fleetsynth.plan import CALENDAR_COLUMNS
from fleetsynth.reader.times import UNITS
from fleetsynth.reader.values import SCALES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Role(NamedTuple):
    """What a column can stand for.

    Attributes:
        kind: time, text, number or whole: the type that it has, whatever the text looks like.
        names: regular expressions of names under which it is found, most likely first.
        stem: of a number, what our columns of it begin with.
    """

    kind: str
    names: str = ""
    stem: str = ""


def _metric(stem: str, *names: str) -> Role:
    best = (f"{stem}_{statistic}" for statistic in ("p95", "mean", "max", r"p\d\d?", "min"))
    return Role("number", "|".join((*best, *names)), stem)


_CPU: tuple[str, ...] = (
    "cpu_pct",
    "cpu_percent",
    "cpu",
    r"cpu_util(?:i[sz]ation)?(?:_pct|_percent)?",
)
_CPU += (r"cpu_(?:usage|used|load)(?:_pct|_percent)?", r"percent(?:age)?_cpu", "cpu_percentage")
_MEASURED = {
    "cpu": _metric("cpu", *_CPU),
    "memory": _metric(
        "mem",
        "mem_pct",
        "memory_pct",
        "memory",
        "mem",
        r"mem(?:ory)?_(?:percent|used_percent)",
        r"mem(?:ory)?_util(?:i[sz]ation)?",
        r"percent(?:age)?_memory",
    ),
    "disk": _metric("disk", "disk_pct", "disk_percent", "disk", "disk_used_percent"),
    "network": _metric("net_in", "net_in_mbps", "net_in", "network_in"),
    "net_out": _metric("net_out", "net_out_mbps", "net_out", "network_out"),
}
_MEASURED |= {
    metric.stem: _metric(metric.stem, metric.stem)
    for metric in METRICS
    if metric.stem not in {role.stem for role in _MEASURED.values()}
}
ADDED = tuple(name for name, metric in all_columns().items() if metric.added)
"""What servers have and use: found by our names alone."""
ROLES = {
    "timestamp": Role("time", "timestamp|time|datetime|date_time|date|ds|timestamp_utc|time_utc"),
    "date": Role("time"),
    "ingested_at": Role("time", "ingested_at|ingestion_time|received_at|arrived_at"),
    "server": Role(
        "text",
        "server_id|server|host|hostname|host_name|instance|instance_id|unique_id|vm_id|vm|id"
        "|server_name|series",
    ),
    **_MEASURED,
    "type": Role("text", "server_type|type|archetype|kind"),
    "service": Role("text", "service|service_id"),
    **{name: Role("text", name) for name in (*METADATA_COLUMNS, TYPE_COLUMN)},
    "metric": Role("text", "metric|metric_name"),
    "value": Role("number", "value|y"),
    "statistic": Role("text", "statistic|stat|aggregation"),
    **{name: Role("whole", name) for name in CALENDAR_COLUMNS},
    **{name: Role("number", name) for name in ADDED},
    **{metric.column: Role("number", "", metric.stem) for metric in published(STATISTICS)},
}
"""Every role; the last ones are our own columns, one for each statistic of a metric."""

ARRIVAL_ROLE = "ingested_at"
"""When a row arrived where it was collected."""

SERIES = tuple(_MEASURED)
"""The roles that are measured."""

ALIASES = {
    "time": "timestamp",
    "server_id": "server",
    "server_type": "type",
    "mem": "memory",
    "net_in": "network",
}
OURS = {
    "timestamp": "timestamp",
    "server": "server_id",
    "type": "server_type",
    **{role: f"{ROLES[role].stem}_p95" for role in SERIES},
}
"""Our name of the column that a short role stands for, where its own name does not say better."""

_LONG = ("metric", "value")


@dataclass(frozen=True)
class Column:
    """A column that was taken for a role.

    Attributes:
        name: its name; of a long dataset, that of a metric.
        unit: as said with it.
        said: whether the user named it.
    """

    name: str
    unit: str | None = None
    said: bool = False


def parse_columns(text: str) -> dict[str, str]:
    """Read ``role=column,role=column:unit``; a column with a comma stands in quotes.

    Raises:
        UsageError: for anything else, or a role that is named twice.
    """
    out: dict[str, str] = {}
    for pair in _pairs(text):
        role, equals, name = (part.strip() for part in pair.partition("="))
        if not (equals and name):
            raise UsageError(
                "columns: expected ROLE=COLUMN, such as cpu=cpu_pct, or "
                f'cpu="CPU, %" for a name with a comma, not {pair!r}'
            )
        if name[0] in "\"'" and (end := name.find(name[0], 1)) > 0:
            name = name[1:end] + name[end + 1 :]
        if role in out:
            raise UsageError(f"columns: {role} is said twice, as {out[role]} and as {name}")
        out[role] = name
    return out


def _pairs(text: str) -> list[str]:
    """Cut at commas outside quotes that stand at the beginning of a name."""
    whole = r"""\s*[^=,]*=\s*(?:"[^"]*"|'[^']*')(?::\w+)?\s*(?=,|$)|[^,]+"""
    return [pair.strip() for pair in re.findall(whole, text) if pair.strip()]


def canonical(said: Mapping[str, str]) -> dict[str, str]:
    """Return what the user says by our names of roles.

    Raises:
        UsageError: for a role that there is not, or that is said twice.
    """
    out: dict[str, str] = {}
    for role, name in said.items():
        known = ALIASES.get(role, role)
        if known not in ROLES:
            few = [n for n in (*ROLES, *ALIASES) if "_p" not in n and n not in ADDED]
            raise UsageError(f"there is no role {role!r}{did_you_mean(role, few)}")
        if known in out:
            raise UsageError(f"columns: {known} is said twice, as {out[known]} and as {name}")
        out[known] = str(name)
    return out


def assign(names: Iterable[str], said: Mapping[str, str], where: str) -> dict[str, Column]:
    """Return the column of each role that a dataset has.

    In a long dataset, with the roles `metric` and `value`, the series' roles name metrics.
    What is missing is not refused here: `Layout` decides what can be done without.

    Args:
        names: the columns that there are.
        said: columns by role, as the user says them; they win over what is found by name.
        where: what to call the dataset in errors.

    Raises:
        UsageError: if a role or column does not exist, or a unit is none.
        InputError: if a column that is needed comes twice.
    """
    names = list(names)
    refuse_twice(names, where)
    told = {role: column_of(role, text, names) for role, text in canonical(said).items()}
    written = {*names, *map(normal, names)}
    exact = (*ADDED, *filter(_full, ROLES))
    likely = (role for role in ROLES if role in written or role not in exact)
    out = {role: Column(name) for role in likely if (name := find(role, names)) is not None}
    _prefer(out, told)
    named = {column.name for role, column in told.items() if _measured(role)}
    out = {role: c for role, c in out.items() if not (_measured(role) and c.name in named)}
    out.update(told)
    long = _is_long(out, told, names)
    for role, column in told.items():
        if column.name not in names and column.name != "*" and not (long and _measured(role)):
            hint = did_you_mean(column.name, names)
            raise UsageError(f"{where} has no column {column.name!r} to be its {role}{hint}")
    unused = {role for role in ROLES if _measured(role) and role not in told} if long else _LONG
    return {role: column for role, column in out.items() if role not in unused}


def _measured(role: str) -> bool:
    return bool(ROLES[role].stem)


def _prefer(found: dict[str, Column], told: dict[str, Column]) -> None:
    """Let ``cpu_p95=x`` stand for the CPU, and give our own columns their full names."""
    for role in SERIES:
        full = [name for name in told if ROLES[name].stem == ROLES[role].stem and name != role]
        if full and role not in told:
            best = find(role, full) or full[0]
            told[role] = told[best]
    taken = {column.name for column in (*found.values(), *told.values())}
    for name in [name for name in found if name in taken and name not in told and _full(name)]:
        short = next(role for role in SERIES if ROLES[role].stem == ROLES[name].stem)
        if found.get(short, Column("")).name == name and short not in told:
            del found[name]  # the short role reads it


def _full(role: str) -> bool:
    return _measured(role) and role not in SERIES


def column_of(role: str, text: str, names: Iterable[str]) -> Column:
    """Tell a column from its unit: ``Value:hundredths``.

    Raises:
        UsageError: for a unit that there is not.
    """
    if text in names:
        return Column(text, None, said=True)
    name, colon, unit = text.rpartition(":")
    if not colon or (name not in names and name != "*" and unit not in _units(role)):
        return Column(text, None, said=True)
    if ROLES[role].kind in ("number", "time") and unit.lower() not in _units(role):
        raise UsageError(
            f"{saying(role, text)}: no unit {unit!r}{did_you_mean(unit, _units(role))}"
        )
    value = unit if ROLES[role].kind == "text" else unit.lower()
    return Column(name, value, said=True)


def _units(role: str) -> tuple[str, ...]:
    if ROLES[role].kind == "time":
        return ("excel", *UNITS)
    return tuple(SCALES) if ROLES[role].kind == "number" else ()


def assign_metrics(
    metrics: Iterable[str], taken: Mapping[str, Column], where: str
) -> dict[str, Column]:
    """Return the roles of a long dataset, with the metrics that are CPU, memory and so on.

    Args:
        metrics: the values of the metric column.
        taken: columns by role, as `assign` returns them.
        where: what to call the dataset in errors.

    Raises:
        UsageError: if a metric does not exist, or none is found.
    """
    metrics = sorted(metrics)
    out = dict(taken)
    for role in (role for role in taken if _measured(role) and role != "value"):
        column = taken[role]
        if column.name not in metrics:
            column = column_of(role, column.name, metrics)
        if column.name not in metrics:
            hint = did_you_mean(column.name, metrics)
            raise UsageError(f"{where} has no metric {column.name!r} to be its {role}{hint}")
        out[role] = column
    for role in SERIES:
        if role not in out and (name := find(role, metrics)) is not None:
            out[role] = Column(name)
    if not any(role in out for role in SERIES):
        raise UsageError(
            f"{where} has no metric that looks like CPU, memory or network: name one, such as "
            f"{saying('cpu', metrics[0] if metrics else 'cpu_pct')} (its metrics: "
            f"{', '.join(metrics)})"
        )
    return out


def _is_long(found: Mapping[str, Column], told: Mapping[str, Column], names: list[str]) -> bool:
    """Tell a long dataset: it has metric and value, and no series of its own unless told so."""
    if not all(role in found for role in _LONG):
        return False
    series = (role for role in found if _measured(role))
    return any(role in told for role in _LONG) or not any(found[r].name in names for r in series)


def find(role: str, names: Iterable[str]) -> str | None:
    """Return the column whose name comes first among those of a role, however it is written."""
    plain = {name: normal(name) for name in names}
    if _full(role):
        return next((name for name, written in plain.items() if role in (name, written)), None)
    for pattern in _patterns(role):
        same = [name for name in plain if pattern.fullmatch(name)]
        alike = [name for name, written in plain.items() if pattern.fullmatch(written)]
        if same or alike:
            return (same or alike)[0]
    return None


@cache
def _patterns(role: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(name) for name in _split(ROLES[role].names))


def _split(names: str) -> list[str]:
    """Cut at bars outside of parentheses."""
    return re.findall(r"(?:[^|()]|\([^()]*\)\??)+", names)


def normal(name: str) -> str:
    """Return a name in small letters with underscores: ``InstanceId`` is ``instance_id``."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", apart.lower()).strip("_")
