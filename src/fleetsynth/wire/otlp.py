"""OpenTelemetry's metrics, as an ``ExportMetricsServiceRequest`` in protobuf.

``ExportMetricsServiceRequest{1 ResourceMetrics{1 Resource{1 KeyValue*}, 2 ScopeMetrics{1 Scope{1,
2}, 2 Metric*}, 3 schema_url}*}``, ``Metric{1 name, 2 description, 3 unit, 5 Gauge{1
NumberDataPoint*}, 7 Sum{1 NumberDataPoint*, 2 temporality, 3 is_monotonic}}``, ``NumberDataPoint{2
start, 3 time, 4 double, 7 KeyValue*}``, ``KeyValue{1 key, 2 AnyValue{1 text, 3 int}}``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.wire.protobuf import field, fields, head, int_field, signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

_CUMULATIVE = 2
_START, _TIME, _DOUBLE = b"\x11", b"\x19", b"\x21"
"""Keys of the fixed fields of a point, each followed by eight bytes."""
_NANOS = 1_000_000


def attributes(number: int, pairs: Mapping[str, str | int]) -> bytes:
    """Encode attributes, text or whole numbers, as a field of that number; none of empty text."""
    return b"".join(
        field(number, field(1, name.encode()) + field(2, _any_value(value)))
        for name, value in pairs.items()
        if value != ""
    )


def _any_value(value: str | int) -> bytes:
    return int_field(3, value) if isinstance(value, int) else field(1, value.encode())


def points(ms: Ints, values: Floats, named: bytes, start_ms: Ints | None = None) -> bytes:
    """Encode points of a series: all of one length, so that they are an array.

    Args:
        ms: milliseconds since the Unix epoch, shape (points,).
        values: same shape.
        named: the encoded attributes of each point.
        start_ms: since when each was counted, same shape; None for what is not counted.
    """
    fixed = [(_TIME, _nanos(ms)), (_DOUBLE, np.ascontiguousarray(values, "<f8"))]
    if start_ms is not None:
        fixed.insert(0, (_START, _nanos(start_ms)))
    before = head(1, 9 * len(fixed) + len(named))
    row = before + b"".join(key + bytes(8) for key, _ in fixed) + named
    out = np.tile(np.frombuffer(row, np.uint8), (len(ms), 1))
    for place, (_, numbers) in enumerate(fixed):
        at = len(before) + 9 * place + 1
        out[:, at : at + 8] = numbers.view(np.uint8).reshape(-1, 8)
    return out.tobytes()


def _nanos(ms: Ints) -> NDArray[np.uint64]:
    return np.asarray(ms, "<u8") * np.uint64(_NANOS)


def metric(name: str, kind: str, text: str, unit: str, of: Sequence[bytes]) -> bytes:
    """Encode a metric, as a field of its scope.

    Args:
        name: of the metric.
        kind: "counter", of sums since a start; "level", of sums that go up and down; or "gauge".
        text: what it is, in words.
        unit: of its values.
        of: its encoded points.
    """
    size = sum(map(len, of))
    if kind == "gauge":
        data = [head(5, size), *of]
    else:
        ending = int_field(2, _CUMULATIVE) + (int_field(3, 1) if kind == "counter" else b"")
        data = [head(7, size + len(ending)), *of, ending]
    about = [field(1, name.encode()), field(2, text.encode()), field(3, unit.encode())]
    whole = b"".join([*about, *data])
    return field(2, whole)


def resource(named: bytes, scope: tuple[str, str], schema_url: str, of: Iterable[bytes]) -> bytes:
    """Encode what one resource says, as a field of a request.

    Args:
        named: its encoded attributes, field 1.
        scope: name and version of who says it.
        schema_url: which conventions are followed.
        of: its encoded metrics.
    """
    who = field(1, field(1, scope[0].encode()) + field(2, scope[1].encode()))
    return field(1, field(1, named) + field(2, who + b"".join(of)) + field(3, schema_url.encode()))


def rejected(answer: bytes) -> tuple[int, str]:
    """Return how many points a server has not taken, and why; 0 and any text for none.

    ``ExportMetricsServiceResponse{1 PartialSuccess{1 rejected, 2 message}}``.

    Raises:
        WireError: if the answer is none.
    """
    count, text = 0, ""
    for number, partial in fields(answer):
        if number == 1 and isinstance(partial, bytes):
            for which, value in fields(partial):
                if which == 1 and isinstance(value, int):
                    count = signed(value)
                elif which == 2 and isinstance(value, bytes):
                    text = value.decode("utf-8", "replace")
    return count, text
