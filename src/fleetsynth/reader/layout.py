"""How the rows of a dataset are laid out: a row a tick, a row a metric, or a column a server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from fleetsynth.errors import UsageError
from fleetsynth.formats.place import quoted, saying
from fleetsynth.reader.roles import ROLES, SERIES, Column, assign, find, normal
from fleetsynth.reader.stamps import CLOCK
from fleetsynth.reader.values import is_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_TITLE = re.compile(r"(.+?)\s*[(\[]([^()\[\]]+)[)\]]")
_ENDED = re.compile(r"(.+?)[ .:/]+([^ .:/]+)")
_FILE_SERVER = "the file's name"


@dataclass(frozen=True)
class Layout:
    """How to read rows.

    Attributes:
        kind: rows, long or wide.
        roles: column by role; of a long dataset still without the metrics found by name.
        wide: of a wide dataset, the server and the role of each column.
        guesses: what was taken by likelihood alone.
    """

    kind: str
    roles: dict[str, Column]
    wide: dict[str, tuple[str, str]]
    guesses: tuple[str, ...] = ()


def find_layout(
    names: list[str],
    sample: Mapping[str, list[object]],
    said: Mapping[str, str],
    where: str,
    *,
    server_from_name: bool = False,
) -> Layout:
    """Decide how a dataset is laid out.

    Args:
        names: its columns.
        sample: the first values of each.
        said: columns by role, as the user says them.
        where: what to call it in errors.
        server_from_name: whether the server stands in the files' names.

    Raises:
        UsageError: if a column that is needed is not there, or not said.
        InputError: if two columns have one name.
    """
    roles = assign(names, said, where)
    _join_date(roles, names, sample)
    if server_from_name:
        roles["server"] = Column(_FILE_SERVER, said=True)
    if "timestamp" not in roles:
        raise _missing("timestamp", names, where)
    series = [role for role in roles if ROLES[role].stem]
    starred = [role for role in series if roles[role].name == "*"]
    if "server" not in roles:
        if series and not starred:
            raise _missing("server", names, where)
        return _wide(names, sample, roles, starred, where)
    if "metric" in roles:
        return Layout("long", roles, {})
    if not series:
        return Layout("rows", *_value_alone(names, sample, roles, where))
    return Layout("rows", roles, {})


def from_name(roles: Mapping[str, Column]) -> bool:
    """Tell whether the server stands in the file's name."""
    return roles["server"].name == _FILE_SERVER


def _missing(role: str, names: list[str], where: str) -> UsageError:
    likely = ROLES[role].names.split("|")[0]
    more = ", or server_from_name=True if each file is one" if role == "server" else ""
    known = ", ".join(quoted(name)[1:-1] for name in names)
    return UsageError(
        f"{where} has no column that looks like a {role}: name it, such as "
        f"{saying(role, likely)}{more} (its columns: {known})"
    )


def _join_date(
    roles: dict[str, Column], names: list[str], sample: Mapping[str, list[object]]
) -> None:
    """Find the date where what looks like the time is the time of day alone."""
    time = roles.get("timestamp")
    if time is None or "date" in roles:
        return
    others = [name for name in names if name != time.name]
    if _is_clock(sample.get(time.name, [])):
        other = next((name for name in others if normal(name) in ("date", "day")), None)
        if other:
            roles["date"] = Column(other)
    elif not time.said and _is_date(sample.get(time.name, [])):
        other = next(
            (name for name in others if normal(name) in ("time", "clock", "time_of_day")), None
        )
        if other and _is_clock(sample.get(other, [])):
            roles["date"], roles["timestamp"] = time, Column(other)


def _is_clock(values: list[object]) -> bool:
    there = [value for value in values if value is not None]
    return bool(there) and all(
        CLOCK.fullmatch(str(value).strip()) and not hasattr(value, "year") for value in there
    )


def _is_date(values: list[object]) -> bool:
    there = [value for value in values if value is not None]
    return bool(there) and not any(":" in str(value) for value in there)


def _wide(
    names: list[str],
    sample: Mapping[str, list[object]],
    roles: dict[str, Column],
    starred: list[str],
    where: str,
) -> Layout:
    """Take every column beside the time as a server's."""
    taken = {column.name for role, column in roles.items() if role in ("timestamp", "date")}
    columns = [name for name in names if name not in taken and name.strip()]
    if not columns or not all(_are_numbers(sample.get(name, [])) for name in columns):
        raise _missing("server", names, where)
    cut = {name: _titled(name) for name in columns}
    ended = {name: _titled(name, _ENDED) for name in columns}
    if not starred and all(role for _, role in ended.values()):
        cut = ended
    if not starred and all(role for _, role in cut.values()):
        wide = {name: (server, str(role)) for name, (server, role) in cut.items()}
        guesses: tuple[str, ...] = ()
    else:
        role = starred[0] if starred else "cpu"
        if not starred and not all(_are_percent(sample.get(name, [])) for name in columns):
            raise UsageError(
                f"{where} seems to have one column per server: say what they are, such as "
                f"{saying('cpu', '*')} or {saying('network', '*')}"
            )
        wide = {name: (server if titled else name, role) for name, (server, titled) in cut.items()}
        guesses = () if starred else ("taken as CPU (if not, say such as memory='*')",)
    _refuse_same(wide, where)
    unit = roles[starred[0]].unit if starred else None
    kept = {role: column for role, column in roles.items() if role in ("timestamp", "date")}
    kept |= {role: Column("*", unit, said=role in starred) for _, role in wide.values()}
    return Layout("wide", kept, wide, guesses)


def _refuse_same(wide: Mapping[str, tuple[str, str]], where: str) -> None:
    """Refuse two columns that would be the same series of a server."""
    first: dict[tuple[str, str], str] = {}
    for name, series in wide.items():
        if first.setdefault(series, name) != name:
            raise UsageError(
                f"{where}: the columns {quoted(first[series])} and {quoted(name)} would both be "
                f"{series[1]} of {quoted(series[0])}: leave one out, or rename it"
            )


def _titled(name: str, cut: re.Pattern[str] = _TITLE) -> tuple[str, str | None]:
    """Cut ``app-01 (Percentage CPU)`` into the server and the role of its metric."""
    found = cut.fullmatch(name)
    if not found:
        return name, None
    return found[1], next((role for role in SERIES if find(role, [found[2]])), None)


def _value_alone(
    names: list[str], sample: Mapping[str, list[object]], roles: dict[str, Column], where: str
) -> tuple[dict[str, Column], dict[str, tuple[str, str]], tuple[str, ...]]:
    """Take a value without the name of a metric as CPU, where it can be that."""
    value = find("value", names)
    if value is None or not _are_percent(sample.get(value, [])):
        raise UsageError(
            f"{where} has no column that looks like CPU, memory or network: name one, such as "
            f"{saying('cpu', 'cpu_pct')} (its columns: {', '.join(quoted(n)[1:-1] for n in names)})"
        )
    guess = f"{value} taken as CPU (if not, say such as memory={value})"
    return {**roles, "cpu": Column(value)}, {}, (guess,)


def _are_numbers(values: list[object]) -> bool:
    return all(_number(value) is not None for value in values if value not in (None, "", "-"))


def _are_percent(values: list[object]) -> bool:
    found = [_number(value) for value in values if value not in (None, "", "-")]
    return all(value is not None and -0.5 <= value <= 100.5 for value in found)


def _number(value: object) -> float | None:
    try:
        text = str(value).strip().removesuffix("%").replace(",", ".")
        return None if isinstance(value, bool) else float(text)
    except ValueError:
        return None


def sample_values(batch: pa.RecordBatch | None, most: int = 500) -> dict[str, list[object]]:
    """Return the first values of the columns that are simple; text stays text."""
    if batch is None:
        return {}
    out: dict[str, list[object]] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if not pa.types.is_nested(column.type) and not isinstance(
            column.type, pa.BaseExtensionType
        ):
            first = column.slice(0, most)
            whole = is_text(column.type) or not pa.types.is_timestamp(column.type)
            out[name] = first.to_pylist() if whole else first.cast(pa.int64()).to_pylist()
    return out
