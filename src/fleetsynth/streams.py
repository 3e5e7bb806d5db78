"""Random numbers with an address.

Every draw belongs to an address: (seed, purpose, entity, block ...). BLAKE2b over its
length-prefixed parts keys a counter-based stream of its own, so what is drawn for one address
depends on no other draw, no order, no process and no machine.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from hashlib import blake2b
from struct import Struct
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Numbers = NDArray[np.integer[Any]] | int

Part = str | int
_KEY = Struct("<2Q")
_OF_THREAD = threading.local()
PREFIX_BYTES = 8
"""Length of the length in front of each part of an address."""


def address(*parts: Part) -> blake2b:
    """Return the state of BLAKE2b after the parts of an address, to be extended or finished.

    Each part is its text in UTF-8 (whole numbers in decimal) behind its length, so that no two
    addresses are the same bytes.
    """
    encoded = b"".join(map(length_prefixed, parts))
    return blake2b(encoded, digest_size=16, person=b"fleetsynth")


def key(*parts: Part) -> bytes:
    """Return the 128-bit key of an address."""
    return address(*parts).digest()


def uniform(*parts: Part) -> float:
    """Return one uniform in [0, 1) for an address, from the key's own first 53 bits."""
    return _uniform(key(*parts))


def uniform_after(prefix: blake2b, *last: Part) -> float:
    """Return the uniform of the address with the parts of `prefix` and some more."""
    return uniform_of(prefix, b"".join(map(length_prefixed, last)))


def uniform_of(prefix: blake2b, parts: bytes) -> float:
    """Return the same; the last parts as `encode` returns them, one after the other."""
    hashed = prefix.copy()
    hashed.update(parts)
    return _uniform(hashed.digest())


def uniforms_after(prefix: blake2b, lasts: Iterable[bytes]) -> NDArray[np.float64]:
    """Return `uniform_after` of many addresses; their last parts as `encode` returns them."""
    return _uniforms(words_after(prefix, lasts))


def words_after(prefix: blake2b, lasts: Iterable[bytes]) -> NDArray[np.uint64]:
    """Return the first 64 bits of the keys of many addresses; last parts as `encode` has them."""
    digests = []
    for last in lasts:
        hashed = prefix.copy()
        hashed.update(last)
        digests.append(hashed.digest())
    return np.frombuffer(b"".join(digests), "<u8")[::2]


_GOLDEN, _WORD = 0x9E3779B97F4A7C15, 1 << 64
_MIXERS = (
    (np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)),
    (np.uint64(27), np.uint64(0x94D049BB133111EB)),
)
_LAST, _KEPT_BITS = np.uint64(31), np.uint64(11)


def mixed(words: NDArray[np.uint64], numbers: Numbers) -> NDArray[np.uint64]:
    """Return the words of a counter-based stream each, for draws too small for one of their own.

    The step and the finalizer of SplitMix64, element by element.

    Args:
        words: keys, from `words_after` or from this function; an array.
        numbers: where in the stream of each key, from 0; any shape that broadcasts with `words`.
    """
    if isinstance(numbers, int):
        out = words + np.uint64((numbers + 1) * _GOLDEN % _WORD)
    else:
        counted = np.asarray(numbers).astype(np.uint64) + np.uint64(1)
        out = words + counted * np.uint64(_GOLDEN)  # modulo 2**64, as arrays are
    shifted = np.empty_like(out)
    for bits, odd in _MIXERS:
        np.right_shift(out, bits, out=shifted)
        out ^= shifted
        out *= odd
    np.right_shift(out, _LAST, out=shifted)
    out ^= shifted
    return out


def mixed_uniforms(words: NDArray[np.uint64], numbers: Numbers) -> NDArray[np.float64]:
    """Return the same as uniforms in [0, 1)."""
    return _uniforms(mixed(words, numbers))


def _uniforms(words: NDArray[np.uint64]) -> NDArray[np.float64]:
    out: NDArray[np.float64] = (words >> _KEPT_BITS).astype(np.float64) * 2.0**-53
    return out


def _uniform(digest: bytes) -> float:
    return (int.from_bytes(digest[:8], "little") >> 11) * 2.0**-53


class Stream:
    """A Philox generator that jumps from address to address.

    Constructing a keyed generator costs ten times what re-keying one does, so one `Stream`
    serves many addresses in turn. It carries nothing over from one to the next.
    """

    def __init__(self) -> None:
        self._philox = np.random.Philox(key=0)
        self._generator = np.random.Generator(self._philox)
        # NumPy reads a state of Python integers several times as fast as one of arrays.
        self._key: dict[str, tuple[int, ...]] = {"counter": (0, 0, 0, 0), "key": (0, 0)}
        self._state: Any = {
            "bit_generator": "Philox",
            "state": self._key,
            "buffer": (0, 0, 0, 0),
            "buffer_pos": 4,  # the buffer is used up
            "has_uint32": 0,
            "uinteger": 0,
        }

    def at(self, prefix: blake2b, last: Part) -> np.random.Generator:
        """Return the generator at the beginning of the stream of one address.

        Args:
            prefix: all parts but the last, as `address` returns them; not changed.
            last: the last part, such as a block.
        """
        return self.after(prefix, length_prefixed(last))

    def after(self, prefix: blake2b, parts: bytes, skipped: int = 0) -> np.random.Generator:
        """Return the generator of an address whose last parts are encoded already.

        Args:
            prefix: the first parts, as `address` returns them; not changed.
            parts: the other parts, each as `encode` returns it, one after the other.
            skipped: begin after so many times four words of 64 bits, as many as Philox makes at
                once; a uniform takes one word, a normal one or more.
        """
        hashed = prefix.copy()
        hashed.update(parts)
        self._key["key"] = _KEY.unpack(hashed.digest())
        self._key["counter"] = (skipped, 0, 0, 0)
        self._philox.state = self._state
        return self._generator

    def words(self, prefix: blake2b, last: Part, count: int) -> NDArray[np.uint64]:
        """Return the first words of 64 bits of the stream of one address; arguments as for `at`."""
        self.at(prefix, last)
        words: NDArray[np.uint64] = self._philox.random_raw(count)
        return words


def stream_of_thread() -> Stream:
    """Return the stream of this thread, for what is called too often to make one each time."""
    stream: Stream | None = getattr(_OF_THREAD, "stream", None)
    if stream is None:
        stream = _OF_THREAD.stream = Stream()
    return stream


def fingerprint() -> str:
    """Identify the bit stream of this NumPy by the first normals of a fixed address."""
    normals: NDArray[np.float64] = Stream().at(address(), "fingerprint").standard_normal(16)
    return blake2b(normals.astype("<f8").tobytes(), digest_size=8).hexdigest()


def encode(part: Part) -> bytes:
    """Return the text of a part in UTF-8 behind its length, 64 bits little-endian."""
    text = str(part).encode()
    return len(text).to_bytes(PREFIX_BYTES, "little") + text


# Blocks come again, server after server. What hardly does, such as an id, is encoded without.
length_prefixed = lru_cache(maxsize=1 << 14)(encode)
