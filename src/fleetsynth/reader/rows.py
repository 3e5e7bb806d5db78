"""Batches of any dataset as plain NumPy rows, by role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fleetsynth.errors import InputError
from fleetsynth.formats import ending_of
from fleetsynth.formats.dialect import MISSING as MISSING_WORDS
from fleetsynth.formats.place import quoted
from fleetsynth.metrics import METRICS
from fleetsynth.reader.layout import from_name
from fleetsynth.reader.roles import ADDED, ARRIVAL_ROLE, ROLES, Column
from fleetsynth.reader.times import times_of_day
from fleetsynth.reader.understood import Tally
from fleetsynth.reader.values import HIVE_MISSING, SCALES, encode, numbers, without_missing
from fleetsynth.tables.frame import to_numpy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from fleetsynth.formats.options import ReadOptions
    from fleetsynth.reader.layout import Layout
    from fleetsynth.reader.source import Part
    from fleetsynth.reader.times import Times

    Rows = NDArray[np.void]
    Columns = dict[str, Any]

MISSING = -(2**63)
"""Stands for a whole number that is not there."""

MOST_DROPPED = 0.01
"""The share of points that may be left out, and told; more is an error."""

BEYOND = 1e60
"""No metric reaches this; larger numbers are taken as infinite."""

_UNITS = {metric.stem: metric.unit for metric in METRICS}


class Converter:
    """Turns batches into rows: text as codes, numbers as float64 with NaN where missing.

    Args:
        layout: which column stands for which role, and how rows lie.
        roles: the roles to read, beside time and server.
        times: reads times.
        options: what the user says.
        lenient: let rows without time or server pass, and values that no metric reaches: for who
            judges them.

    Attributes:
        words: the words behind codes, by role; a code of -1 stands for a missing word.
        dtype: of a row: `time` in microseconds, then a field for each role.
        rows: how many rows have been read.
        tallies: what the values of each role look like.
    """

    def __init__(
        self,
        layout: Layout,
        roles: Iterable[str],
        times: Times,
        options: ReadOptions,
        *,
        lenient: bool = False,
    ) -> None:
        self._lenient = lenient
        self._layout, self._times, self._options = layout, times, options
        self._columns = layout.roles
        self._missing = MISSING_WORDS.union(options.missing)
        there = [role for role in roles if role in layout.roles]
        self._texts = ["server", *(r for r in there if ROLES[r].kind == "text" and r != "server")]
        self._wholes = [role for role in there if ROLES[role].kind == "whole"]
        self._arrival = [ARRIVAL_ROLE] if ARRIVAL_ROLE in there and layout.kind == "rows" else []
        self._series = [role for role in there if ROLES[role].stem or role in ADDED]
        self._codes: dict[str, dict[str, int]] = {role: {} for role in self._texts}
        self.words: dict[str, list[str]] = {role: [] for role in self._texts}
        self.tallies = {role: Tally() for role in self._series}
        self.rows = 0
        self._last: tuple[str, int] = ("", -1)
        fields: list[tuple[str, str]] = [("time", "<i8")]
        fields += [(role, "<i4") for role in self._texts]
        fields += [(role, "<i8") for role in (*self._wholes, *self._arrival)]
        self.dtype = np.dtype([*fields, *((role, "<f8") for role in self._series)])

    def kinds(self) -> dict[str, str]:
        """Return the columns to read, and as what: time, clock, text or number."""
        out: dict[str, str] = {}
        if self._layout.kind == "wide":
            out |= dict.fromkeys(self._layout.wide, "number")
        elif self._layout.kind == "long":
            out[self._columns["value"].name] = "number"
            out[self._columns["metric"].name] = "text"
        else:
            out |= {self._columns[role].name: "number" for role in self._series}
        out |= {self._columns[role].name: "whole" for role in self._wholes}
        texts = [role for role in self._texts if role in self._columns]
        out |= {self._columns[role].name: "text" for role in (*texts, *self._filter())}
        joined = "date" in self._columns
        out |= {self._columns[role].name: "time" for role in self._arrival}
        out[self._columns["timestamp"].name] = "clock" if joined else "time"
        if joined:
            out[self._columns["date"].name] = "time"
        return out

    def convert(self, parts: Iterable[Part]) -> Iterator[Rows]:
        """Yield the rows of each batch.

        Raises:
            InputError: if a value cannot be read, a row has no time or server, or, at the end,
                too many values had to be left out.
        """
        for part in parts:
            for count, columns in self.columns(part):
                rows = np.empty(count, self.dtype)
                for name, values in columns.items():
                    rows[name] = values
                yield rows
        self.check()

    def columns(self, part: Part) -> Iterator[tuple[int, Columns]]:
        """Yield numbers of rows, and their columns by role; one value for all where it is one."""
        wide = self._layout.kind == "wide"
        for count, columns in self._wide(part) if wide else [self._narrow(part)]:
            self.rows += count
            yield count, columns

    def _narrow(self, part: Part) -> tuple[int, Columns]:
        out: Columns = {"time": self._micros(part)}
        out |= {role: self._text(role, part) for role in self._texts}
        out |= {role: self._whole(role, part) for role in self._wholes}
        out |= {role: self._moments(self._columns[role].name, part) for role in self._arrival}
        keep = self._kept(part)
        if self._layout.kind == "long":
            out |= self._spread(part)
        else:
            out |= {r: self._numbers(r, self._columns[r].name, part) for r in self._series}
        if keep is None:
            return part.batch.num_rows, out
        some = {name: v[keep] if isinstance(v, np.ndarray) else v for name, v in out.items()}
        return int(keep.sum()), some

    def _wide(self, part: Part) -> Iterator[tuple[int, Columns]]:
        """Yield rows for each server of a batch that has a column for each."""
        times = self._micros(part)
        by_server: dict[str, list[tuple[str, str]]] = {}
        for name, (server, role) in self._layout.wide.items():
            by_server.setdefault(server, []).append((name, role))
        for server, columns in by_server.items():
            out: Columns = {"time": times, **dict.fromkeys(self._texts, -1)}
            out["server"] = self._code("server", server)
            out |= dict.fromkeys(self._series, np.nan)
            for name, role in columns:
                if role in self._series:
                    out[role] = self._numbers(role, name, part)
            yield len(times), out

    def _micros(self, part: Part) -> NDArray[np.int64]:
        name = self._columns["timestamp"].name
        if "date" not in self._columns:
            return self._moments(name, part)
        date = self._columns["date"].name
        days = self._times.micros(column_of(part.batch, date), date, part.place)
        return days + times_of_day(column_of(part.batch, name), name, part.place)

    def _moments(self, name: str, part: Part) -> NDArray[np.int64]:
        column = column_of(part.batch, name)
        if not self._lenient:
            return self._times.micros(column, name, part.place)
        column, gone = without_missing(column, name, part.place)
        if gone is None:
            return self._times.micros(column, name, part.place)
        if gone.all():
            return np.full(len(gone), MISSING)
        return np.where(gone, MISSING, self._times.micros(column, name, part.place))

    def _text(self, role: str, part: Part) -> NDArray[np.int32] | int:
        """Return a text column as indices into `words`."""
        if role == "server" and from_name(self._columns):
            return self._code(role, _stem(part.place.file))
        name = self._columns[role].name
        if name in part.told:
            word = part.told[name]
            gone = not word.strip() or word == HIVE_MISSING
            if gone and role == "server" and not self._lenient:
                raise InputError(f"{part.place.file}: its folder says no server: {quoted(word)}")
            return -1 if gone else self._code(role, word)
        if name not in part.batch.schema.names:
            return -1
        codes, words = encode(column_of(part.batch, name), name, part.place)
        used = np.flatnonzero(np.bincount(codes, minlength=len(words)))
        lookup = np.full(len(words), -1, np.int32)
        for code in used.tolist():
            found = words[code]
            if found is not None:
                lookup[code] = self._code(role, found)
        out = lookup[codes]
        return self._named(out, name, part) if role == "server" else out

    def _named(self, codes: NDArray[np.int32], name: str, part: Part) -> NDArray[np.int32]:
        """Refuse rows without a server, or take it from above if the user says so."""
        gone = codes < 0
        file, last = self._last
        if self._options.fill_down and len(codes):
            above = np.maximum.accumulate(np.where(gone, -1, np.arange(len(codes))))
            codes = np.where(above < 0, last if file == part.place.file else -1, codes[above])
            self._last = (part.place.file, int(codes[-1]))
            gone = codes < 0
        if gone.any() and not self._lenient:
            at = part.place.at(int(np.flatnonzero(gone)[0]))
            raise InputError(
                f"{at}: {quoted(name)} has missing values ({int(gone.sum()):,} of {len(gone):,} "
                "rows here): every row needs a server; if a blank one means that of the row "
                "above, say fill_down=True"
            )
        return codes.astype(np.int32)

    def _code(self, role: str, word: str) -> int:
        codes = self._codes[role]
        if word not in codes:
            codes[word] = len(codes)
            self.words[role].append(word)
        return codes[word]

    def _whole(self, role: str, part: Part) -> NDArray[np.int64] | int:
        name = self._columns[role].name
        if name in part.told:
            return int(part.told[name]) if part.told[name].isdecimal() else MISSING
        if name not in part.batch.schema.names:
            return MISSING
        column = column_of(part.batch, name)
        if pa.types.is_signed_integer(column.type) and not column.null_count:
            return to_numpy(column.cast(pa.int64()))
        values = numbers(column, name, part.place, part.numerals, self._missing)
        gone = ~np.isfinite(values) | (np.abs(values) > 2**53)
        return np.where(gone, MISSING, np.where(gone, 0, values).astype(np.int64))

    def _numbers(self, role: str, name: str, part: Part) -> NDArray[np.float64] | float:
        """Return a column's values in our unit."""
        if name not in part.batch.schema.names:
            if name in part.told:
                raise InputError(
                    f"{part.place.file}: {name} is in the name of a folder: expected numbers"
                )
            return np.nan
        column = column_of(part.batch, name)
        values = numbers(column, name, part.place, part.numerals, self._missing)
        return self._in_unit(role, values)

    def _in_unit(self, role: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        unit = self._columns[role].unit
        if unit is not None and SCALES[unit] != 1:
            values = values / 100 if unit == "hundredths" else values * SCALES[unit]
        tally = self.tallies[role]
        if not len(values):
            return values
        lowest, highest = float(np.fmin.reduce(values)), float(np.fmax.reduce(values))
        if (highest > BEYOND or lowest < -BEYOND) and not self._lenient:
            infinite = np.abs(values) > BEYOND
            tally.infinite += int(infinite.sum())
            values = np.where(infinite, np.nan, values)
            highest = float(np.fmax.reduce(values))
        gone = int(np.count_nonzero(np.isnan(values)))
        tally.points += len(values) - gone
        tally.missing += gone
        if highest > 100:
            tally.above += int(np.count_nonzero(values > 100))
        if not np.isnan(highest):
            tally.highest = max(tally.highest, highest)
        return values

    def _spread(self, part: Part) -> Columns:
        """Return the values of a long batch as columns of the roles that its metrics name."""
        metric, value = self._columns["metric"].name, self._columns["value"].name
        codes, words = encode(column_of(part.batch, metric), metric, part.place)
        column = column_of(part.batch, value)
        values = numbers(column, value, part.place, part.numerals, self._missing)
        out: Columns = {}
        for role in self._series:
            mine = [i for i, word in enumerate(words) if word == self._columns[role].name]
            out[role] = self._in_unit(role, np.where(np.isin(codes, mine), values, np.nan))
        return out

    def _filter(self) -> list[str]:
        column = self._columns.get("statistic")
        return ["statistic"] if column and column.unit else []

    def _kept(self, part: Part) -> NDArray[np.bool_] | None:
        """Tell which rows are of the statistic that is wanted; None for all."""
        if not self._filter():
            return None
        column = self._columns["statistic"]
        if column.name in part.told:
            return np.full(part.batch.num_rows, part.told[column.name] == column.unit)
        codes, words = encode(column_of(part.batch, column.name), column.name, part.place)
        wanted: NDArray[np.bool_] = np.isin(
            codes, [i for i, w in enumerate(words) if w == column.unit]
        )
        return wanted

    def check(self) -> None:
        """Refuse what a pass over all rows has shown."""
        for role, tally in self.tallies.items():
            column = self._columns[role]
            lost = tally.infinite
            if lost > MOST_DROPPED * (tally.points + lost):
                raise InputError(
                    f"{lost:,} of {tally.points + lost:,} values of {quoted(column.name)} are "
                    "infinite: too many to be left out"
                )
            if column.said and not tally.points and self.rows:
                raise InputError(
                    f"{quoted(column.name)}, which is to be the {role}, has no value in any of "
                    f"{self.rows:,} rows"
                )

    def notes(self) -> list[str]:
        """Return what was left out, by name and number."""
        return [
            f"{tally.infinite:,} infinite values of {role} left out"
            for role, tally in self.tallies.items()
            if tally.infinite
        ] + [
            f"{tally.missing - tally.infinite:,} values of {role} missing"
            for role, tally in self.tallies.items()
            if self._layout.kind != "long" and tally.missing > tally.infinite
        ]

    def warnings(self) -> list[str]:
        """Return where a unit looks wrong."""
        found = (
            tally.unit_warning(role, self._columns[role].name, _UNITS.get(ROLES[role].stem))
            for role, tally in self.tallies.items()
        )
        return [warning for warning in found if warning]


def column_of(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column by its name."""
    return batch.column(batch.schema.names.index(name))


def _stem(file: str) -> str:
    """Return a file's name without its folder and ending."""
    name = file.rpartition("/")[2]
    ending = ending_of(name)
    return name[: -len(ending)] if ending else name.rpartition(".")[0]


def needed(layout: Layout) -> Mapping[str, Column]:
    """Return the columns that every file must have."""
    roles = ("timestamp", "date", "server", "metric", "value", "statistic")
    return {role: layout.roles[role] for role in roles if role in layout.roles}
