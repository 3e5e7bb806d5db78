"""Arrays to Arrow: the schema of a dataset and its record batches.

Text columns are dictionary-encoded here; sinks write them as plain text. Arrays are handed to
Arrow as buffers, since the convenient constructors import pandas.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa

from fleetsynth.block import NULL_HUNDREDTHS
from fleetsynth.calendars import NO_DATES
from fleetsynth.clock import DAY_SECONDS, SECOND_MICROS, Calendar
from fleetsynth.fleet import METADATA_COLUMNS, TYPE_COLUMN
from fleetsynth.metrics import all_columns
from fleetsynth.plan import ARRIVAL, CALENDAR_COLUMNS
from fleetsynth.streams import PREFIX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from fleetsynth.block import Block
    from fleetsynth.calendars import OwnDates
    from fleetsynth.metrics import Metric
    from fleetsynth.plan import Plan
    from fleetsynth.window import Window

    _Spread = Callable[[NDArray[np.int32]], NDArray[np.int32]]

_T = TypeVar("_T", bound=np.generic)

SCHEMA_VERSION = "1"
TIMESTAMP = pa.timestamp("us")
TEXT = pa.dictionary(pa.int32(), pa.string())
WORDS = pa.dictionary(pa.int8(), pa.string())
"""Text of few words that changes from row to row."""


@cache
def column_types() -> dict[str, pa.DataType]:
    """Return the type of every column that a dataset can have, in order."""
    return _types(all_columns().values())


def schema(plan: Plan) -> pa.Schema:
    """Return the Arrow schema of a plan's dataset; values may be missing unless it says not."""
    types = _types(plan.metrics)
    partial = set() if plan.is_gapless else {metric.column for metric in plan.metrics}
    return pa.schema(
        [pa.field(name, types[name], nullable=name in partial) for name in plan.columns]
    )


def _types(metrics: Iterable[Metric]) -> dict[str, pa.DataType]:
    return {
        "timestamp": TIMESTAMP,
        "server_id": TEXT,
        **{m.column: _type(m) for m in metrics},
        "server_type": TEXT,
        "service": TEXT,
        **dict.fromkeys((*METADATA_COLUMNS, TYPE_COLUMN), TEXT),
        **dict.fromkeys(CALENDAR_COLUMNS, pa.int32()),
        ARRIVAL: TIMESTAMP,
    }


def _type(metric: Metric) -> pa.DataType:
    if metric.words:
        return WORDS
    return pa.int32() if metric.whole else pa.float64()


def plain(batches: pa.Schema | pa.Table) -> pa.Schema | pa.Table:
    """Replace dictionary-encoded text by plain strings, in a schema or a table."""
    if isinstance(batches, pa.Schema):
        return pa.schema(
            [
                field.with_type(field.type.value_type)
                if pa.types.is_dictionary(field.type)
                else field
                for field in batches
            ]
        )
    return batches.cast(plain(batches.schema))


class Frame:
    """Lays blocks of one plan out as rows, in their order.

    Args:
        plan: what the windows belong to.
        without: columns to leave out.

    Attributes:
        schema: the schema of every batch.
    """

    def __init__(self, plan: Plan, without: Sequence[str] = ()) -> None:
        self.schema = pa.schema([field for field in schema(plan) if field.name not in without])
        self._plan = plan
        self._per_tick: dict[Window, dict[str, pa.Array]] = {}

    def batch(self, block: Block) -> pa.RecordBatch:
        """Return a block's rows."""
        window = block.window
        if block.server is None or block.tick is None:
            _, ticks = window.shape
            # A dictionary of its own: that of the ticks is kept for the next window.
            columns = self._tick_columns(window) | self._server_columns(
                window, lambda codes: np.repeat(codes, ticks)
            )
            if self._plan.scenario.include_calendar:
                columns |= self._local_columns(window)
        else:
            server = block.server
            columns = self._columns_of_rows(window, server, block.tick, block.shift)
            is_other = np.append(True, server[1:] != server[:-1])
            starts = np.flatnonzero(is_other[: block.rows])
            first, sizes = server[starts], np.diff(starts, append=block.rows)
            columns |= self._server_columns(window, lambda codes: codes[first].repeat(sizes))
        if block.arrival is not None:
            columns[ARRIVAL] = _array(block.arrival * SECOND_MICROS, TIMESTAMP)
        for metric, values in zip(self._plan.metrics, block.values, strict=True):
            columns[metric.column] = _metric(metric, block, values)
        arrays = [columns[name] for name in self.schema.names]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _tick_columns(self, window: Window) -> dict[str, pa.Array]:
        """Columns that the time alone decides: often the same as for the window before."""
        servers, _ = window.shape
        key = window._replace(first_server=0, stop_server=servers)
        if key not in self._per_tick:
            self._per_tick = {}  # frees the old columns before the new ones take room
            seconds = self._plan.clock.seconds(window.first_tick, window.stop_tick)
            columns = {"timestamp": _array(_repeat(seconds * SECOND_MICROS, servers), TIMESTAMP)}
            if self._plan.scenario.include_calendar:
                for name, values in calendar_columns(seconds, "US", self._plan.own_dates):
                    columns[name] = _array(_repeat(values, servers), pa.int32())
            self._per_tick = {key: columns}
        return self._per_tick[key]

    def _local_columns(self, window: Window) -> dict[str, pa.Array]:
        """What both the time and the place of a server decide, unless all are in the US."""
        countries = self._plan.countries(window.first_server, window.stop_server)
        if set(countries) == {"US"}:
            return {}
        seconds = self._plan.clock.seconds(window.first_tick, window.stop_tick)
        calendar = Calendar(seconds)
        marks = {
            country: calendar.per_tick(self._plan.is_holiday(calendar.days, country))
            for country in set(countries)
        }
        marked = np.concatenate([marks[country] for country in countries]).astype(np.int32)
        return {"is_holiday": _array(marked, pa.int32())}

    def _columns_of_rows(
        self,
        window: Window,
        server: NDArray[np.int64],
        tick: NDArray[np.int64],
        shift: NDArray[np.int64] | None,
    ) -> dict[str, pa.Array]:
        """Columns that the time decides, or time and place, of rows one by one."""
        stamps = self._plan.clock.seconds(window.first_tick, window.stop_tick).take(tick)
        if shift is not None:
            stamps += shift
        columns = {"timestamp": _array(stamps * SECOND_MICROS, TIMESTAMP)}
        if self._plan.scenario.include_calendar:
            names = self._plan.countries(window.first_server, window.stop_server)
            countries, code = np.unique(names, return_inverse=True)
            calendar = DayTable(self._plan, window)
            day = calendar.day(window, tick, stamps, shift)
            if len(countries) > 1:
                day += (code * calendar.count).take(server)
            tables = [calendar.columns(place) for place in countries.tolist()]
            # Most rows are of the day of the row before.
            starts = np.flatnonzero(np.append(True, day[1:] != day[:-1])[: len(day)])
            of_run, sizes = day[starts], np.diff(starts, append=len(day))
            for name in CALENDAR_COLUMNS:
                table = np.concatenate([each[name] for each in tables])
                columns[name] = _array(table[of_run].repeat(sizes), pa.int32())
        return columns

    def _server_columns(self, window: Window, spread: _Spread) -> dict[str, pa.Array]:
        """Columns that the server decides; `spread` makes a code per row of one per server."""
        fleet, span = self._plan.fleet, (window.first_server, window.stop_server)
        servers, _ = window.shape

        def text(codes: NDArray[np.integer], words: Sequence[str]) -> pa.Array:
            return _text(spread(codes.astype(np.int32)), words)

        numbers = _array(spread(np.arange(servers, dtype=np.int32)), pa.int32())
        names = _encoded_text([part[PREFIX_BYTES:] for part in fleet.encoded_ids(*span)])
        columns = {"server_id": pa.DictionaryArray.from_arrays(numbers, names, safe=False)}
        if self._plan.scenario.include_metadata:
            columns["server_type"] = text(fleet.archetype_codes(*span), fleet.archetypes)
            if fleet.replicas is not None:
                names, codes = np.unique(fleet.services(*span), return_inverse=True)
                columns["service"] = text(codes, names.tolist())
            for name in METADATA_COLUMNS:
                columns[name] = text(fleet.metadata_codes(name, *span), list(fleet.odds[name]))
            if fleet.types is not None:
                columns[TYPE_COLUMN] = text(fleet.type_codes(*span), fleet.types.names)
        return columns


class DayTable:
    """The calendar columns of each day of a window's months, to be looked up row by row.

    Attributes:
        count: how many days there are.
        first: the first of them, counted from 1970-01-01.
    """

    def __init__(self, plan: Plan, window: Window) -> None:
        per_day = plan.clock.ticks_per_day
        # Stamps may leave their window and their day, but not their month.
        first = window.first_tick // per_day - _LONGEST_MONTH
        stop = (window.stop_tick - 1) // per_day + _LONGEST_MONTH + 1
        self.count, self.first, self._plan = stop - first, first, plan
        self._begins = np.arange(first, stop, dtype=np.int64) * DAY_SECONDS
        self._columns: dict[str, dict[str, NDArray[np.int32]]] = {}

    def day(
        self,
        window: Window,
        tick: NDArray[np.int64],
        stamps: NDArray[np.int64],
        shift: NDArray[np.int64] | None,
    ) -> NDArray[np.int64]:
        """Return the index of the day of each row, given its tick, its stamp and its shift."""
        ticks = np.arange(window.first_tick, window.stop_tick)
        days = ticks // self._plan.clock.ticks_per_day - self.first
        out: NDArray[np.int64] = days.take(tick)
        if shift is not None:
            moved = np.flatnonzero(shift != 0)
            out[moved] = stamps[moved] // DAY_SECONDS - self.first
        return out

    def index(self, second: int) -> int:
        """Return the index of the day of a second."""
        return second // DAY_SECONDS - self.first

    def columns(self, country: str) -> dict[str, NDArray[np.int32]]:
        """Return the calendar columns of a country, shape (days,) each."""
        if country not in self._columns:
            own = self._plan.own_dates
            self._columns[country] = dict(calendar_columns(self._begins, country, own))
        return self._columns[country]


_LONGEST_MONTH = 31


def _metric(metric: Metric, block: Block, values: NDArray[np.int32]) -> pa.Array:
    """Lay the values of one metric out: words, whole numbers, or hundredths."""
    if metric.words:
        codes = _array(np.ascontiguousarray(values, np.int8), pa.int8())
        return pa.DictionaryArray.from_arrays(codes, text_array(metric.words), safe=False)
    if metric.whole:
        return _array(np.ascontiguousarray(values, np.int32), pa.int32())
    return (_values if block.has_nulls else _published)(values)


def calendar_columns(
    seconds: NDArray[np.int64], country: str, own: OwnDates = NO_DATES
) -> Iterator[tuple[str, NDArray[np.int32]]]:
    """Yield the calendar columns of an array of timestamps, in order, each with its name.

    Args:
        seconds: whole seconds since the Unix epoch.
        country: whose public holidays `is_holiday` marks, or a subdivision of one.
        own: what a scenario adds to them and removes.
    """
    calendar = Calendar(seconds)
    for name, field in CALENDAR_COLUMNS.items():
        days = calendar.days
        by_day = getattr(days, field) if field else days.is_holiday(country, own)
        yield name, calendar.per_tick(by_day.astype(np.int32))


def to_numpy(array: pa.Array) -> NDArray[Any]:
    """View a fixed-width Arrow array without nulls as NumPy, without pandas."""
    if pa.types.is_timestamp(array.type) or pa.types.is_date64(array.type):
        dtype = np.dtype(np.int64)
    else:
        dtype = np.dtype(str(array.type).replace("double", "float64"))
    data = array.buffers()[1]
    if data is None:
        return np.empty(0, dtype)
    return np.frombuffer(data, dtype, count=len(array), offset=array.offset * dtype.itemsize)


def missing_in(array: pa.Array) -> NDArray[np.bool_] | None:
    """Tell which values are missing, without pandas; None if none is."""
    if not array.null_count:
        return None
    validity = array.buffers()[0]
    if validity is None:  # an array of no type
        return np.ones(len(array), dtype=np.bool_)
    bits = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")
    found: NDArray[np.bool_] = bits[array.offset :][: len(array)] == 0
    return found


def _repeat(values: NDArray[_T], times: int) -> NDArray[_T]:
    """Repeat an array as a whole; once costs nothing."""
    return values if times == 1 else np.tile(values, times)


def _published(hundredths: NDArray[np.int32]) -> pa.Array:
    return _array(hundredths / 100, pa.float64())


def _values(hundredths: NDArray[np.int32]) -> pa.Array:
    """Return values of which some may be missing."""
    values = (hundredths / 100).ravel()
    there = (hundredths != NULL_HUNDREDTHS).ravel()
    missing = np.flatnonzero(~there)
    if not len(missing):
        return _array(values, pa.float64())
    values[missing] = 0.0
    bits = pa.py_buffer(np.packbits(there, bitorder="little"))
    buffers = [bits, pa.py_buffer(values)]
    return pa.Array.from_buffers(pa.float64(), values.size, buffers, len(missing))


def _array(values: NDArray[np.generic], kind: pa.DataType) -> pa.Array:
    return pa.Array.from_buffers(kind, values.size, [None, pa.py_buffer(values)])


def text_array(words: Sequence[str]) -> pa.Array:
    """Return words as an array of plain strings, without pandas."""
    joined = "".join(words).encode()
    sizes = np.fromiter(map(len, words), np.int32, len(words))
    if len(joined) > int(sizes.sum(dtype=np.int64)):  # not all of it is ASCII
        return _encoded_text([word.encode() for word in words])
    return _joined_text(sizes, joined)


def _encoded_text(encoded: Sequence[bytes]) -> pa.Array:
    return _joined_text(np.fromiter(map(len, encoded), np.int32, len(encoded)), b"".join(encoded))


def _joined_text(sizes: NDArray[np.int32], joined: bytes) -> pa.Array:
    offsets = np.zeros(len(sizes) + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(joined)]
    return pa.Array.from_buffers(pa.string(), len(sizes), buffers)


def _text(codes: NDArray[np.int32], words: Sequence[str]) -> pa.Array:
    indices = _array(codes, pa.int32())
    return pa.DictionaryArray.from_arrays(indices, text_array(words), safe=False)
