"""Record batches of any origin as plain arrays, under our column names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa

from fleetsynth.errors import InputError, UsageError, did_you_mean
from fleetsynth.fleet import METADATA_COLUMNS
from fleetsynth.frame import column_types, to_numpy
from fleetsynth.metrics import STATISTICS, published
from fleetsynth.plan import CALENDAR_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    T = TypeVar("T", bound=np.generic)

KEY = ("timestamp", "server_id")
METRIC_COLUMNS = {metric.column: metric for metric in published(STATISTICS)}
TEXT_COLUMNS = ("server_type", "service", *METADATA_COLUMNS)
SHORT = {
    "server": "server_id",
    "cpu": "cpu_p95",
    "memory": "mem_p95",
    "disk": "disk_p95",
    "network": "net_in_p95",
    "type": "server_type",
}
"""Roles that may be named in short, as `fleetsynth facts` does."""
MISSING = np.iinfo(np.int64).min
"""Stands for a whole number or a time that is not there."""


@dataclass(frozen=True)
class Rows:
    """Some rows of a dataset.

    Attributes:
        server: position in `Columns.servers`, shape (rows,).
        micros: timestamps since the Unix epoch, UTC, shape (rows,).
        metrics: by column; NaN where there is no value.
        texts: by column, as positions in `Columns.words`.
        calendar: calendar columns by name.
    """

    server: Ints
    micros: Ints
    metrics: dict[str, Floats]
    texts: dict[str, Ints]
    calendar: dict[str, Ints]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.server)

    def together(self) -> Rows:
        """Return the rows with each server's together, in order of time, if they are not so yet."""
        change = self.server[1:] != self.server[:-1]
        runs = self.server[np.concatenate(([True], change))]
        if len(np.unique(runs)) == len(runs) and (change | (np.diff(self.micros) >= 0)).all():
            return self
        return self.take(np.lexsort((self.micros, self.server)))

    def take(self, rows: NDArray[np.generic]) -> Rows:
        """Return some of the rows."""

        def cut(columns: dict[str, NDArray[T]]) -> dict[str, NDArray[T]]:
            return {name: values[rows] for name, values in columns.items()}

        return Rows(
            self.server[rows],
            self.micros[rows],
            cut(self.metrics),
            cut(self.texts),
            cut(self.calendar),
        )


@dataclass
class Columns:
    """Finds our columns in batches, and gives servers and words numbers as they appear.

    Attributes:
        mapping: the dataset's own names, by ours.
        servers: ids in the order of appearance.
        words: text values in the order of appearance; the first stands for a missing one.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    servers: dict[str | None, int] = field(default_factory=dict)
    words: dict[str | None, int] = field(default_factory=lambda: {None: 0})

    def __post_init__(self) -> None:
        """Write short roles out, and refuse roles that there are not."""
        self.mapping = {SHORT.get(role, role): name for role, name in self.mapping.items()}
        for role in self.mapping:
            if role not in column_types():
                near = did_you_mean(role, (*KEY, *METRIC_COLUMNS, *TEXT_COLUMNS, *CALENDAR_COLUMNS))
                hint = near if near.startswith(" (did") else " (such as timestamp or cpu_p95)"
                raise UsageError(f"columns: no column has the role {role!r}{hint}")

    def name(self, role: str) -> str:
        """Return what the dataset calls one of our columns."""
        return self.mapping.get(role, role)

    def check(self, schema: pa.Schema) -> None:
        """Refuse what has no time or no server, or lacks a column that the mapping names."""
        for role in (*KEY, *self.mapping):
            name = self.name(role)
            if name not in schema.names:
                near = did_you_mean(name, schema.names)
                message = f"no column {name!r} for {role}{near}"
                if role in self.mapping:
                    raise UsageError(message)
                raise InputError(f"{message}: name it with columns={{{role!r}: 'its name'}}")

    def rows(self, batch: pa.RecordBatch) -> Rows:
        """Convert a batch."""
        there = {role: self.name(role) for role in column_types()}
        there = {role: name for role, name in there.items() if name in batch.schema.names}
        column = {role: batch.column(name) for role, name in there.items()}
        return Rows(
            server=_codes(column["server_id"], there["server_id"], self.servers),
            micros=_micros(column["timestamp"], there["timestamp"]),
            metrics={
                role: _floats(column[role], name)
                for role, name in there.items()
                if role in METRIC_COLUMNS
            },
            texts={
                role: _codes(column[role], there[role], self.words)
                for role in TEXT_COLUMNS
                if role in there
            },
            calendar={
                role: _whole_numbers(column[role], name)
                for role, name in there.items()
                if role in CALENDAR_COLUMNS
            },
        )


def _codes(column: pa.Array, name: str, known: dict[str | None, int]) -> Ints:
    """Return a text column as numbers; new words get the next ones."""
    if pa.types.is_dictionary(column.type) and not pa.types.is_string(column.type.value_type):
        column = column.dictionary_decode()
    if not pa.types.is_dictionary(column.type):
        if not pa.types.is_string(column.type):
            try:
                column = column.cast(pa.string())
            except pa.ArrowException:
                raise InputError(f"{name} is {column.type}: expected text") from None
        column = column.dictionary_encode()
    words, indices = column.dictionary.to_pylist(), column.indices
    if indices.null_count:
        indices = indices.fill_null(len(words))
        words.append(None)
    numbers = [known.setdefault(word, len(known)) for word in words]
    out: Ints = np.array(numbers, dtype=np.int64)[to_numpy(indices.cast(pa.int32()))]
    return out


def _micros(column: pa.Array, name: str) -> Ints:
    """Return timestamps as microseconds since the Unix epoch, UTC."""
    try:
        if pa.types.is_integer(column.type):
            raise pa.ArrowTypeError("a number could be in any unit")
        if not pa.types.is_timestamp(column.type):
            column = _read_times(column)
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    except pa.ArrowException:
        raise InputError(f"{name} is {column.type}: expected timestamps") from None
    return _filled(column.cast(pa.int64()))


def _read_times(column: pa.Array) -> pa.Array:
    """Read timestamps written as text, with a zone or without; nanoseconds end in 2262."""
    for unit, zone in (("ns", None), ("ns", "UTC"), ("us", None)):
        try:
            return column.cast(pa.timestamp(unit, tz=zone))
        except pa.ArrowInvalid:
            continue
    return column.cast(pa.timestamp("us", tz="UTC"))


def _floats(column: pa.Array, name: str) -> Floats:
    """Return a column as floats, NaN where there is no value."""
    try:
        column = column.cast(pa.float64(), safe=False)
    except pa.ArrowException:
        raise InputError(f"{name} is {column.type}: expected numbers") from None
    if not column.null_count:
        return to_numpy(column)
    missing = to_numpy(column.is_null().cast(pa.int8())) != 0
    return np.where(missing, np.nan, to_numpy(column.fill_null(0.0)))


def _whole_numbers(column: pa.Array, name: str) -> Ints:
    try:
        return _filled(column.cast(pa.int64(), safe=False))
    except pa.ArrowException:
        raise InputError(f"{name} is {column.type}: expected whole numbers") from None


def _filled(column: pa.Array) -> Ints:
    return to_numpy(column.fill_null(MISSING) if column.null_count else column)
