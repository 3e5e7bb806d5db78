"""Bytes on the wire: by hand, and there and back."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetsynth.wire import protobuf, remote_read, snappy
from fleetsynth.wire.protobuf import WireError
from fleetsynth.wire.remote_read import Matcher, Samples

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
DAY_MS = 1_704_067_200_000


def test_numbers_are_those_of_the_protobuf_documentation() -> None:
    assert protobuf.varint(1) == b"\x01"
    assert protobuf.varint(150) == b"\x96\x01"
    assert protobuf.varint(-2) == b"\xfe" + b"\xff" * 8 + b"\x01"
    assert protobuf.field(2, b"testing") == bytes.fromhex("120774657374696e67")
    assert protobuf.int_field(1, 150) == bytes.fromhex("089601")


@given(INT64)
def test_numbers_come_back(number: int) -> None:
    encoded = protobuf.varint(number)
    value, at = protobuf.read_varint(encoded, 0)
    assert (protobuf.signed(value), at) == (number, len(encoded))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_are_refused(content: bytes) -> None:
    with suppress(WireError):
        assert isinstance(remote_read.queries(content), list)


@given(st.lists(st.tuples(st.integers(1, 1 << 20), st.one_of(st.integers(0, 99), st.binary()))))
def test_fields_come_back(fields: list[tuple[int, Any]]) -> None:
    encoded = b"".join(
        protobuf.int_field(n, v) if isinstance(v, int) else protobuf.field(n, v) for n, v in fields
    )
    assert list(protobuf.fields(encoded)) == fields
    for cut in range(1, len(encoded)):
        try:
            found = list(protobuf.fields(encoded[:cut]))
        except WireError:
            continue
        assert found == fields[: len(found)]


def condition(matcher: Matcher) -> bytes:
    """Encode a matcher; what is 0 or empty is left out."""
    kind = remote_read.OPERATORS.index(matcher.operator)
    out = protobuf.int_field(1, kind) if kind else b""
    out += protobuf.field(2, matcher.name.encode())
    return out + (protobuf.field(3, matcher.value.encode()) if matcher.value else b"")


def request(*queries: tuple[int, int, list[Matcher]], hints: bytes = b"") -> bytes:
    """Encode a ReadRequest as Prometheus does: what is 0 or empty is left out."""
    out = b""
    for start, end, matchers in queries:
        times = protobuf.int_field(1, start) + protobuf.int_field(2, end)
        conditions = b"".join(protobuf.field(3, condition(each)) for each in matchers)
        said = protobuf.field(4, hints) if hints else b""
        out += protobuf.field(1, times + conditions + said)
    return out + protobuf.field(2, b"\x00")


MATCHERS = st.builds(Matcher, st.sampled_from(remote_read.OPERATORS), st.text(), st.text())


@given(st.lists(st.tuples(INT64, INT64, st.lists(MATCHERS, max_size=4)), max_size=3))
def test_requests_come_back(asked: list[tuple[int, int, list[Matcher]]]) -> None:
    found = remote_read.queries(request(*asked))
    assert [(q.start_ms, q.end_ms, list(q.matchers)) for q in found] == asked


def test_a_request_as_bytes() -> None:
    message = bytes.fromhex(
        "0a19"  # a query of 25 bytes
        "088001"  # start: 128
        "1a0a" "0802" "120161" "1a03622e2a"  # a matcher: =~, a, b.*
        "2208" "1206736572696573"  # hints: the function is series
    )  # fmt: skip
    (query,) = remote_read.queries(message)
    assert query == remote_read.Query(128, 0, (Matcher("=~", "a", "b.*"),), "series")


@pytest.mark.parametrize(
    ("message", "word"),
    [
        (b"\x0a\x05\x08", "cut off"),
        (b"\x0a\x04\x1a\x02\x08\x04", "no matcher of type 4"),
        (b"\x0a\x05\x1a\x03\x12\x01\xff", "UTF-8"),
        (b"\x08\x01", "a number where"),
        (b"\x0a\x02\x0a\x00", "bytes where"),
        (b"\x0b", "no wire type 3"),
        (b"\xff" * 11, "64 bits"),
    ],
)
def test_what_is_no_request_is_refused(message: bytes, word: str) -> None:
    with pytest.raises(WireError, match=word):
        remote_read.queries(message)


def decoded(encoded: bytes) -> list[tuple[float, int]]:
    """Read samples back, field by field."""
    out = []
    for number, sample in protobuf.fields(encoded):
        assert number == 2
        assert isinstance(sample, bytes)
        parts = dict(protobuf.fields(sample))
        value, ms = parts[1], parts[2]
        assert isinstance(value, bytes)
        assert isinstance(ms, int)
        out.append((struct.unpack("<d", value)[0], protobuf.signed(ms)))
    return out


def test_a_sample_is_eighteen_bytes() -> None:
    encoded = Samples(np.array([DAY_MS])).of(np.array([12.5]))
    assert encoded == bytes.fromhex("12100900000000000029401080e8c792cc31")


@given(st.lists(INT64, unique=True, max_size=5), st.floats(allow_nan=False))
def test_samples_come_back_at_any_time(times: list[int], value: float) -> None:
    values = np.full(len(times), value)
    encoded = Samples(np.array(times, np.int64)).of(values)
    assert decoded(encoded) == [(value, ms) for ms in times]


@given(st.integers(1 << 35, (1 << 42) - 10), st.lists(st.floats(allow_nan=False), max_size=9))
def test_samples_of_our_time_come_back(begin: int, values: list[float]) -> None:
    times = begin + np.arange(len(values))
    template = Samples(times)
    assert decoded(template.of(np.array(values))) == list(zip(values, times.tolist(), strict=True))
    assert decoded(template.of(np.zeros(len(values)))) == [(0.0, ms) for ms in times.tolist()]


@given(st.lists(st.binary(max_size=3000), max_size=5))
def test_a_block_is_any_sequence_of_pieces(parts: list[bytes]) -> None:
    whole = b"".join(parts)
    block = protobuf.varint(len(whole)) + b"".join(map(snappy.piece, parts))
    assert snappy.decompress(block, 1 << 20) == whole
    assert snappy.decompress(snappy.block(whole), 1 << 20) == whole


def test_a_block_that_is_none_or_too_large_is_refused() -> None:
    with pytest.raises(WireError, match="at most 9"):
        snappy.decompress(snappy.block(b"0123456789"), 9)
    with pytest.raises(WireError, match="snappy"):
        snappy.decompress(b"\x0a\x00", 100)
    with pytest.raises(WireError, match="cut off"):
        snappy.decompress(b"", 100)
