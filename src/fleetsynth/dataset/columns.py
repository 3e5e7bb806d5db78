"""Which column of a dataset stands for what, found by name or told by the user."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fleetsynth.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SERIES = ("cpu", "memory", "network")
"""The roles that are measured."""

ROLES = {
    "timestamp": r"timestamp|time|datetime|date|ds",
    "server": r"server_id|server|host|hostname|instance|unique_id|vm_id|id",
    "cpu": r"cpu_p95|cpu_mean|cpu_max|cpu_p\d\d?|cpu_pct|cpu_percent|cpu",
    "memory": r"mem_p95|mem_mean|mem_max|mem_p\d\d?|mem_pct|memory_pct|memory|mem",
    "network": r"net_in_p95|net_in_mean|net_in_max|net_in_p\d\d?|net_in_mbps|net_in|network_in",
    "type": r"server_type|type|archetype|kind",
    "service": r"service|service_id",
    "metric": r"metric|metric_name",
    "value": r"value|y",
}
"""The names under which each role is found, most likely first."""

_NEEDED = ("timestamp", "server")
_LONG = ("metric", "value")


def parse_columns(text: str) -> dict[str, str]:
    """Read ``role=column,role=column``.

    Raises:
        UsageError: for anything else, or a role that there is not.
    """
    out: dict[str, str] = {}
    for pair in filter(None, map(str.strip, text.split(","))):
        role, equals, name = pair.partition("=")
        if not (equals and name):
            raise UsageError(f"columns: expected ROLE=COLUMN, such as cpu=cpu_pct, not {pair!r}")
        if role in out:
            raise UsageError(f"columns: {role} is said twice, as {out[role]} and as {name}")
        out[role] = name
    return out


def assign(names: Iterable[str], said: Mapping[str, str], where: str) -> dict[str, str]:
    """Return the column of each role that a dataset has.

    In a long dataset, with the roles `metric` and `value`, the roles `cpu`, `memory` and `network`
    name values of the metric column.

    Args:
        names: the columns that there are.
        said: columns by role, as the user says them; they win over what is found by name.
        where: what to call the dataset in errors.

    Raises:
        UsageError: if a role or column does not exist, or one that is needed is missing.
    """
    names = list(names)
    for role in said:
        if role not in ROLES:
            raise UsageError(f"there is no role {role!r}{did_you_mean(role, ROLES)}")
    out = {role: name for role in ROLES if (name := _find(role, names)) is not None}
    out.update(said)
    long = _is_long(out, said, names)
    for role, name in said.items():
        if name not in names and not (long and role in SERIES):
            hint = did_you_mean(name, names)
            raise UsageError(f"{where} has no column {name!r} to be its {role}{hint}")
    for role in _NEEDED:
        if role not in out:
            likely = ROLES[role].split("|")[0]
            raise UsageError(
                f"{where} has no column that looks like a {role}: name it, "
                f"such as columns={{{role!r}: {likely!r}}} (its columns: {', '.join(names)})"
            )
    unused = [role for role in SERIES if role not in said] if long else _LONG
    out = {role: name for role, name in out.items() if role not in unused}
    if not long and not any(role in out for role in SERIES):
        raise UsageError(
            f"{where} has no column that looks like CPU, memory or network: name one, "
            f"such as columns={{'cpu': 'cpu_pct'}} (its columns: {', '.join(names)})"
        )
    return out


def assign_metrics(metrics: Iterable[str], taken: Mapping[str, str], where: str) -> dict[str, str]:
    """Return the roles of a long dataset, with the metrics that are CPU, memory and network.

    Args:
        metrics: the values of the metric column.
        taken: columns by role, as `assign` returns them.
        where: what to call the dataset in errors.

    Raises:
        UsageError: if a metric does not exist, or none is found.
    """
    metrics = sorted(metrics)
    for role in SERIES:
        name = taken.get(role)
        if name is not None and name not in metrics:
            hint = did_you_mean(name, metrics)
            raise UsageError(f"{where} has no metric {name!r} to be its {role}{hint}")
    found = {role: name for role in SERIES if (name := _find(role, metrics)) is not None}
    if not found.keys() | (taken.keys() & set(SERIES)):
        raise UsageError(
            f"{where} has no metric that looks like CPU, memory or network: name one, such as "
            f"columns={{'cpu': {metrics[0] if metrics else 'cpu_pct'!r}}} (its metrics: "
            f"{', '.join(metrics)})"
        )
    return {**found, **taken}


def _is_long(found: Mapping[str, str], said: Mapping[str, str], names: list[str]) -> bool:
    """Tell a long dataset: it has metric and value, and no series of its own unless told so."""
    if not all(role in found for role in _LONG):
        return False
    return any(role in said for role in _LONG) or not any(found.get(r) in names for r in SERIES)


def _find(role: str, names: list[str]) -> str | None:
    """Return the column whose name comes first among those of a role."""
    for pattern in ROLES[role].split("|"):
        for name in names:
            if re.fullmatch(pattern, name):
                return name
    return None
