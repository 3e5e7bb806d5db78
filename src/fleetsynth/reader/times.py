"""Columns of times, of any type, to microseconds since the Unix epoch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fleetsynth.clock import DAY_MICROS, DAY_SECONDS, SECOND_MICROS, zone_names
from fleetsynth.errors import InputError, UsageError
from fleetsynth.formats.place import quoted, saying
from fleetsynth.reader.stamps import (
    UnclearError,
    clock_micros,
    order_of,
    pattern_of,
    stamp,
)
from fleetsynth.reader.values import absent, encode, is_text, plain_column
from fleetsynth.tables.frame import to_numpy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from fleetsynth.formats.options import ReadOptions
    from fleetsynth.formats.place import Place

    Ints = NDArray[np.int64]

UNITS = {"s": SECOND_MICROS, "ms": 1000, "us": 1, "ns": 1e-3, "min": 60 * SECOND_MICROS}
"""Units of whole numbers that are times, in microseconds."""

UNIT_NAMES = {
    "s": "seconds since 1970",
    "ms": "milliseconds since 1970",
    "us": "microseconds since 1970",
    "ns": "nanoseconds since 1970",
    "min": "minutes since 1970",
    "excel": "days of Excel",
}
_GUESSED = ("s", "ms", "us", "ns")
_LEAST, _MOST = 631_152_000_000_000, 4_102_444_800_000_000  # 1990 and 2100, in microseconds
_EXCEL_EPOCH = -25569 * DAY_SECONDS
_MOST_CACHED = 1 << 20
_FURTHEST = 4_000_000_000_000_000_000
_STATED = ("iso", "excel", *UNITS)


class Times:
    """Reads the times of one dataset; what it finds out from some holds for all.

    Args:
        options: what the user says.
        unit: of whole numbers, as said with the column.
        every: yields all times of the dataset that are text, for dates such as 03/04/2026.

    Attributes:
        unit: of whole numbers, said or found; None for text and for columns of times.
        zone: whose hours count: a name, an offset such as ``+09:00``, or nothing.
        found: how they are written, in words.
    """

    def __init__(
        self, options: ReadOptions, unit: str | None, every: Callable[[], Iterable[str]]
    ) -> None:
        said = options.time_format
        if said in _STATED and said != "iso":
            unit, said = unit or said, None
        self._pattern = pattern_of(said) if said and said != "iso" else None
        if said and said != "iso" and self._pattern is None:
            raise UsageError(
                f"time_format={said!r}: expected a format such as %d/%m/%Y %H:%M, or one of "
                f"{', '.join(_STATED)}"
            )
        if unit is not None and unit not in ("excel", *UNITS):
            raise UsageError(
                f"times have no unit {unit!r}: expected one of {', '.join(('excel', *UNITS))}"
            )
        self._said, self._unit_said = options.time_format, unit is not None
        self._timezone = options.timezone
        self.unit, self.zone, self.found = unit, options.timezone or "", ""
        self._every, self._order = every, ""
        self._aware: tuple[bool, str] | None = None
        self._offsets: set[int] = set()
        self._known: dict[str, tuple[int, bool]] = {}

    @property
    def clock(self) -> str:
        """The zone by which hours, days and weekends are told; nothing for times as written."""
        return self.zone if self._aware and self._aware[0] else ""

    def micros(self, column: pa.Array, name: str, place: Place) -> Ints:
        """Return the times of a column, UTC where they name a zone.

        Raises:
            InputError: if one is missing, is not a time, or could be several.
        """
        out = self._micros(column, name, place)
        if len(out) and not (out.min() > -_FURTHEST and out.max() < _FURTHEST):
            at = int(np.flatnonzero((out <= -_FURTHEST) | (out >= _FURTHEST))[0])
            raise InputError(f"{place.at(at)}: {quoted(name)} is out of range for a time")
        return out

    def _micros(self, column: pa.Array, name: str, place: Place) -> Ints:
        column = plain_column(column)
        if column.null_count:
            at = int(np.flatnonzero(absent(column))[0])
            raise InputError(
                f"{place.at(at)}: {quoted(name)} has {column.null_count} missing values: every "
                "row needs a time"
            )
        kind = column.type
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            return self._typed(column, name, place)
        if is_text(kind):
            return self._written(column, name, place)
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            return self._counted(column, name, place)
        raise InputError(f"{place.file}: {quoted(name)} is {kind}: expected dates and times")

    def _typed(self, column: pa.Array, name: str, place: Place) -> Ints:
        kind = column.type
        if self._unit_said:
            raise InputError(
                f"{place.file}: {quoted(name)} is {kind}, not a number of "
                f"{UNIT_NAMES[str(self.unit)]}: leave its unit out"
            )
        self._meet(getattr(kind, "tz", None) is not None, place.at(0))
        if not self._timezone and getattr(kind, "tz", None):
            self.zone = _known_zone(kind.tz, name, place)
        if pa.types.is_date32(kind):
            return to_numpy(column.cast(pa.int32())).astype(np.int64) * DAY_MICROS
        unit = getattr(kind, "unit", "ms")
        raw: Ints = to_numpy(column.cast(pa.int64()) if unit != "us" else column)
        if unit == "us":
            return raw
        if unit == "ns":
            return raw // 1000
        factor = int(UNITS[unit])
        most = 2**63 // factor - 1
        far = (raw > most) | (raw < -most)
        if far.any():
            at = int(np.flatnonzero(far)[0])
            raise InputError(f"{place.at(at)}: {quoted(name)} is {raw[at]} {unit}: out of range")
        return raw * factor

    def _counted(self, column: pa.Array, name: str, place: Place) -> Ints:
        """Numbers in a unit that is said, or that alone gives times of our days."""
        if pa.types.is_integer(column.type):
            values = to_numpy(column.cast(pa.int64(), safe=False))
        else:
            values = to_numpy(column.cast(pa.float64()))
        if not len(values):
            return np.zeros(0, np.int64)
        bad = ~np.isfinite(values)
        if bad.any():
            at = int(np.flatnonzero(bad)[0])
            raise InputError(f"{place.at(at)}: {quoted(name)} is {values[at]}: expected a time")
        self._meet(True, place.at(0))
        if self.unit is None:
            self.unit = self._guess(values, name, place)
        self.found = UNIT_NAMES[self.unit] + ("" if self._unit_said else ", by their size")
        out = _scaled(values, self.unit)
        low, high = (_LEAST, _MOST) if not self._unit_said else (-_FURTHEST, _FURTHEST)
        far = ~((out >= low) & (out < high))
        if far.any():
            at = int(np.flatnonzero(far)[0])
            raise InputError(
                f"{place.at(at)}: {quoted(name)} is {values[at]}, which is not "
                f"between 1990 and 2100 in {UNIT_NAMES[self.unit]}: say the unit, such as "
                f"{saying('time', f'{name}:s')}"
            )
        return out.astype(np.int64)

    def _guess(self, values: NDArray[Any], name: str, place: Place) -> str:
        fit = []
        for unit in _GUESSED:
            out = _scaled(values, unit)
            if ((out >= _LEAST) & (out < _MOST)).all():
                fit.append(unit)
        if len(fit) == 1:
            return fit[0]
        first = values[0]
        excel = 32874 <= float(first) < 73051  # 1990 to 2100
        days = 19_900_101 <= float(first) <= 21_000_101 and float(first).is_integer()
        unit = "excel" if excel else "s"
        hint = " (:excel makes dates of these)" if excel else ""
        hint = " (time_format='%Y%m%d' makes dates of these)" if days else hint
        raise InputError(
            f"{place.at(0)}: {quoted(name)} is {first}: expected dates and times, or numbers "
            f"that one unit puts between 1990 and 2100 in all rows. Say the unit, such as "
            f"{saying('time', f'{name}:{unit}')}; it may be {', '.join((*UNITS, 'excel'))}"
            f"{hint}"
        )

    def _written(self, column: pa.Array, name: str, place: Place) -> Ints:
        codes, words = encode(column, name, place)
        used = np.unique(codes)
        texts = [words[code] for code in used.tolist()]
        if self.unit or (not self._pattern and self._all_numbers(texts)):
            return self._numbers_as_text(codes, words, name, place)
        if len(self._known) > _MOST_CACHED:
            self._known.clear()
        out = np.zeros(len(words), np.int64)
        aware = np.zeros(len(words), np.bool_)
        for code, text in zip(used.tolist(), texts, strict=True):
            known = None if text is None else self._known.get(text)
            if known is None:
                known = self._read(text, codes, code, name, place)
            out[code], aware[code] = known
        self._same_kind(aware, codes, used, place)
        return out[codes]

    @staticmethod
    def _all_numbers(texts: list[str | None]) -> bool:
        return bool(texts) and all(
            text is not None and text.strip().replace(".", "", 1).lstrip("-").isdigit()
            for text in texts
        )

    def _numbers_as_text(
        self, codes: NDArray[np.int32], words: list[str | None], name: str, place: Place
    ) -> Ints:
        table: list[float | int] = []
        for code, word in enumerate(words):
            try:
                text = (word or "").strip()
                table.append(int(text) if text.lstrip("-").isdigit() else float(text))
            except ValueError:
                if code in codes:
                    at = int(np.flatnonzero(codes == code)[0])
                    raise self._no_time(word, name, place.at(at)) from None
                table.append(0)
        whole = all(isinstance(value, int) and abs(value) < 2**63 for value in table)
        values = np.array(table, np.int64 if whole else np.float64)[codes]
        kind = pa.int64() if whole else pa.float64()
        column = pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])
        return self._counted(column, name, place)

    def _read(
        self, text: str | None, codes: NDArray[np.int32], code: int, name: str, place: Place
    ) -> tuple[int, bool]:
        def where() -> str:
            return place.at(int(np.flatnonzero(codes == code)[0]))

        if text is None:
            raise InputError(
                f"{where()}: {quoted(name)} has missing values: every row needs a time"
            )
        try:
            read = stamp(text.strip(), self._order, self._pattern)
        except UnclearError:
            self._order = self._decide(text, name, where())
            return self._read(text, codes, code, name, place)
        except ValueError:
            raise self._no_time(text, name, where()) from None
        offset = read.offset
        if offset is not None:
            self._offsets.add(offset)
        known = read.micros - (offset or 0) * SECOND_MICROS, offset is not None
        self._known[text] = known
        return known

    def _same_kind(
        self,
        aware: NDArray[np.bool_],
        codes: NDArray[np.int32],
        used: NDArray[np.int32],
        place: Place,
    ) -> None:
        if not len(used):
            return
        kinds = aware[codes]
        self._meet(bool(kinds[0]), place.at(0))
        other = np.flatnonzero(kinds != kinds[0])
        if len(other):
            self._meet(bool(kinds[other[0]]), place.at(int(other[0])))
        if self._offsets and not self._timezone:
            one = next(iter(self._offsets)) if len(self._offsets) == 1 else 0
            self.zone = _zone_name(one)

    def _meet(self, aware: bool, where: str) -> None:
        """Refuse times with a zone beside those without: nobody knows how far apart they are."""
        if self._aware is None:
            self._aware = (aware, where)
        elif self._aware[0] != aware:
            pair = {aware: where, self._aware[0]: self._aware[1]}
            raise InputError(
                f"some times name a zone, such as that of {pair[True]}, and some do not, such as "
                f"that of {pair[False]}: write all of them in one way"
            )

    def _decide(self, text: str, name: str, where: str) -> str:
        """Find a date of the dataset that tells day from month."""
        first: dict[str, str] = {}
        for other in self._every():
            order = order_of(other.strip())
            if order in ("dm", "md"):
                first.setdefault(order, other)
        if len(first) == 1:
            (order,) = first
            shape = "day/month/year" if order == "dm" else "month/day/year"
            self.found = f"{shape}, as {quoted(first[order])} shows"
            return order
        why = (
            f"{quoted(first['dm'])} and {quoted(first['md'])} contradict each other"
            if first
            else "no row tells day from month"
        )
        raise InputError(
            f"{where}: {quoted(name)} is {quoted(text)}: {why}. Say which it is, such as "
            "time_format='%d/%m/%Y %H:%M' or time_format='%m/%d/%Y %H:%M'"
        )

    def _no_time(self, text: str | None, name: str, where: str) -> InputError:
        want = f"of the format {self._said}" if self._said else "such as 2026-10-25 14:00:00"
        hint = "" if self._said else "; say how they are written, such as time_format='%d.%m.%y'"
        return InputError(
            f"{where}: {quoted(name)} is {quoted(text)}: expected a time {want}{hint}"
        )


def times_of_day(column: pa.Array, name: str, place: Place) -> Ints:
    """Return microseconds since midnight.

    Raises:
        InputError: if a value is not a time of day.
    """
    column = plain_column(column)
    kind = column.type
    if column.null_count:
        raise InputError(f"{place.file}: {quoted(name)} has {column.null_count} missing values")
    if pa.types.is_time(kind):
        return to_numpy(column.cast(pa.time64("us")).cast(pa.int64()))
    codes, words = encode(column, name, place)
    table = np.zeros(len(words), np.int64)
    for code in np.unique(codes).tolist():
        try:
            table[code] = clock_micros((words[code] or "").strip())
        except ValueError:
            at = place.at(int(np.flatnonzero(codes == code)[0]))
            raise InputError(
                f"{at}: {quoted(name)} is {quoted(words[code])}: expected a time of day"
            ) from None
    return table[codes]


def _scaled(values: NDArray[Any], unit: str) -> NDArray[Any]:
    """Return microseconds; exact for whole numbers, as far as they reach."""
    if unit == "excel":
        seconds = np.rint(values.astype(np.float64) * DAY_SECONDS) + _EXCEL_EPOCH
        return seconds * SECOND_MICROS
    if unit == "ns":
        return values // 1000 if values.dtype.kind == "i" else values.astype(np.float64) / 1e3
    factor = int(UNITS[unit])
    if values.dtype.kind == "i" and len(values) and _reach(values) < 2**63 // factor:
        return values * np.int64(factor)
    return np.rint(values.astype(np.float64) * factor)


def _reach(values: NDArray[Any]) -> int:
    return max(abs(int(values.min())), abs(int(values.max())))


def _zone_name(offset: int) -> str:
    if not offset:
        return "UTC"
    minutes = abs(offset) // 60
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"


def _known_zone(zone: str, name: str, place: Place) -> str:
    if re.fullmatch(r"[+-]\d\d(:\d\d)?", zone) or zone in zone_names():
        return zone
    raise InputError(
        f"{place.file}: {quoted(name)} is of the zone {quoted(zone)}, which does not exist: say "
        "whose hours count, such as timezone='UTC'"
    )
