"""Random numbers with an address: keys that never collide, streams that remember nothing."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from fleetsynth.models.classic.draws import draw
from fleetsynth.streams import Stream, address, fingerprint, key, uniform
from fleetsynth.window import BLOCK
from tests.support import plan_of, whole


@given(st.permutations(range(12)))
def test_a_stream_carries_nothing_from_one_address_to_the_next(order: list[int]) -> None:
    stream, prefix = Stream(), address("anything")
    expected = {i: _first(Stream().at(prefix, i)) for i in order}
    for i in order:
        generator = stream.at(prefix, i)
        assert _first(generator) == expected[i]
        generator.random(i + 1)
        generator.integers(0, 2**32, i, dtype=np.uint32)  # may leave half a word behind
    assert len(set(expected.values())) == len(order)


def _first(generator: np.random.Generator) -> tuple[int, float, float]:
    half = int(generator.integers(0, 2**32, dtype=np.uint32))
    return half, generator.random(), generator.standard_normal()


def test_a_stream_is_a_fresh_philox_under_the_key() -> None:
    raw = np.random.Generator(np.random.Philox(key=int.from_bytes(key("a", 1), "little")))
    assert _first(Stream().at(address("a"), 1)) == _first(raw)


@given(
    st.tuples(*[st.lists(st.text(max_size=4) | st.integers(), min_size=1, max_size=4)] * 2).filter(
        lambda pair: [str(part) for part in pair[0]] != [str(part) for part in pair[1]]
    )
)
@example((["ab", "c"], ["a", "bc"]))
@example((["a", ""], ["a"]))
@example((["", "a"], ["a", ""]))
@example((["a\x00b"], ["a", "b"]))
@example(([1, 23], [12, 3]))
def test_no_two_addresses_share_a_key(pair: tuple[list[str | int], list[str | int]]) -> None:
    one, other = pair
    assert key(*one) != key(*other)
    assert uniform(*one) != uniform(*other)
    assert key(*one) == key(*one)


@given(st.lists(st.text(max_size=5) | st.integers(), min_size=1, max_size=5))
def test_an_address_can_be_extended_part_by_part(parts: list[str | int]) -> None:
    whole_key = key(*parts)
    drawn = Stream().at(address(*parts[:-1]), parts[-1]).random()
    raw = np.random.Philox(key=int.from_bytes(whole_key, "little"))
    assert np.random.Generator(raw).random() == drawn
    assert 0.0 <= uniform(*parts) < 1.0


def test_blocks_are_counted_from_the_epoch() -> None:
    """A window's draws come from tiles of 512 ticks, whose borders no start date moves."""
    assert BLOCK == 512
    plan = plan_of(num_servers=1, granularity="hourly", end_date="2022-02-28")
    draws = draw(plan, whole(plan), Stream())
    first = plan.clock.first
    block = first // BLOCK + 1
    tile = Stream().at(address(42, "noise", "server_000", 3_600), block).standard_normal((4, BLOCK))
    begin = block * BLOCK - first
    assert np.array_equal(draws.z[:, 0, begin : begin + BLOCK], tile)
    spikes = Stream().at(address(42, "spikes", "server_000", 3_600), block).random(BLOCK)
    assert np.array_equal(draws.u[0, begin : begin + BLOCK], spikes)


def test_the_fingerprint_is_of_the_first_normals_and_stable_within_a_process() -> None:
    assert fingerprint() == fingerprint()
    assert len(fingerprint()) == 16
