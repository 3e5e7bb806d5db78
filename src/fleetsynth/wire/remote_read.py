"""Prometheus's remote read: requests as they come, answers as they go.

``ReadRequest{1 Query*, 2 accepted*}``, ``Query{1 start_ms, 2 end_ms, 3 LabelMatcher*, 4 hints}``,
``LabelMatcher{1 type, 2 name, 3 value}``, ``ReadResponse{1 QueryResult{1 TimeSeries{1 Label{1, 2}*,
2 Sample{1 double, 2 int64}*}*}*}``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.wire.protobuf import LENGTH, WireError, field, fields, head, signed, varint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

OPERATORS = ("=", "!=", "=~", "!~")
"""How a matcher compares, by its number on the wire."""
_SIX_BYTES = 1 << 35, 1 << 42
"""Milliseconds whose varint takes six bytes, and the first one beyond: from 1971 to 2109."""
_SAMPLE_BYTES = 18
_LABELS_KEPT = 1 << 14
_VALUE = slice(3, 11)


class Matcher(NamedTuple):
    """A condition on a label.

    Attributes:
        operator: of `OPERATORS`.
        name: of the label.
        value: what it is compared with; the pattern of a whole value where ``~`` says so.
    """

    operator: str
    name: str
    value: str


class Query(NamedTuple):
    """What is asked for.

    Attributes:
        start_ms: the first millisecond since the Unix epoch.
        end_ms: the last one.
        matchers: all of them hold.
        function: by which the answer is evaluated, as far as is known: ``series`` asks for labels
            alone.
    """

    start_ms: int
    end_ms: int
    matchers: tuple[Matcher, ...]
    function: str = ""


def queries(message: bytes) -> list[Query]:
    """Read a request.

    Raises:
        WireError: if it is none.
    """
    return [_query(_bytes(value)) for number, value in fields(message) if number == 1]


def _query(message: bytes) -> Query:
    start = end = 0
    matchers: list[Matcher] = []
    function = ""
    for number, value in fields(message):
        if number == 1:
            start = signed(_number(value))
        elif number == 2:
            end = signed(_number(value))
        elif number == 3:
            matchers.append(_matcher(_bytes(value)))
        elif number == 4:
            function = next((_text(v) for n, v in fields(_bytes(value)) if n == 2), "")
    return Query(start, end, tuple(matchers), function)


def _matcher(message: bytes) -> Matcher:
    operator, name, text = 0, "", ""
    for number, value in fields(message):
        if number == 1:
            operator = _number(value)
        elif number == 2:
            name = _text(value)
        elif number == 3:
            text = _text(value)
    if operator >= len(OPERATORS):
        raise WireError(f"there is no matcher of type {operator}")
    return Matcher(OPERATORS[operator], name, text)


def _number(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise WireError("bytes where a number should be")
    return value


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise WireError("a number where a message should be")
    return value


def _text(value: int | bytes) -> str:
    try:
        return _bytes(value).decode()
    except UnicodeDecodeError as error:
        raise WireError("a text that is not UTF-8") from error


def labels(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Encode the labels of a series, in the order given; those without a value are left out."""
    return b"".join([_label(name, value) for name, value in pairs if value])


@lru_cache(maxsize=_LABELS_KEPT)
def _label(name: str, value: str) -> bytes:
    """Encode a label; most come again, with another series or in the next message."""
    return field(1, field(1, name.encode()) + field(2, value.encode()))


class Samples:
    """The bytes of samples at some times, made once for all series that have them.

    From 1971 to 2109 a sample takes 18 bytes, ``12 10 09 <double> 10 <varint of six>``, so that
    those of a series are an array into which its values are written.
    """

    def __init__(self, ms: Ints) -> None:
        self.ms = ms
        low, high = _SIX_BYTES
        fits = not len(ms) or (ms.min() >= low and ms.max() < high)
        self._array = _template(ms) if fits else None

    @classmethod
    def none(cls) -> Samples:
        """Return no samples."""
        return cls(np.empty(0, np.int64))

    def of(self, values: Floats) -> bytes:
        """Encode values at the times, shape (times,); only one thread at a time."""
        if self._array is None:
            pairs = zip(values.astype("<f8"), self.ms.tolist(), strict=True)
            each = (b"\x09" + value.tobytes() + b"\x10" + varint(ms) for value, ms in pairs)
            return b"".join(field(2, sample) for sample in each)
        doubles = np.ascontiguousarray(values, "<f8").view(np.uint8)
        self._array[:, _VALUE] = doubles.reshape(-1, 8)
        return self._array.tobytes()


def _template(ms: Ints) -> NDArray[np.uint8]:
    out = np.zeros((len(ms), _SAMPLE_BYTES), np.uint8)
    out[:, 0], out[:, 1], out[:, 2], out[:, 11] = 2 << 3 | LENGTH, _SAMPLE_BYTES - 2, 0x09, 0x10
    for place in range(6):
        more = 0x80 if place < 5 else 0
        out[:, 12 + place] = (ms >> 7 * place) & 0x7F | more
    return out


def series(named: bytes, samples: bytes) -> bytes:
    """Encode a series, given its encoded labels and samples, as a field of a query's result."""
    return head(1, len(named) + len(samples)) + named + samples
