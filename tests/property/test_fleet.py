"""Which server is of which archetype: shares that add up, at every size, in both arrangements."""

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from fleetsynth.assignment import KINDS, allocate, exact_shares, interleave
from fleetsynth.fleet import Fleet, draw_codes, server_id
from fleetsynth.streams import uniform
from tests import twin

CLASSIC = {"web": 0.35, "application": 0.40, "database": 0.15, "batch": 0.10}
Shares = dict[str, float]


def _fleet(size: int, shares: Shares, assignment: str = "blocks", *, seed: int = 1) -> Fleet:
    odds = {"business_unit": {"a": 0.5, "b": 0.5}, "criticality": CLASSIC, "region": {"r": 1.0}}
    return Fleet(size, seed, shares, assignment, odds=odds)


@st.composite
def shares(draw: st.DrawFn, places: int = 3) -> Shares:
    """Decimals of so many places that add up to exactly 1; zeros among them."""
    whole = 10**places
    cuts = sorted(draw(st.lists(st.integers(0, whole), max_size=5)))
    parts = [b - a for a, b in zip([0, *cuts], [*cuts, whole], strict=True)]
    return {f"kind{i}": float(Decimal(part) / whole) for i, part in enumerate(parts)}


def _exact(share: float) -> Fraction:
    return Fraction(Decimal(str(share)))


@given(size=st.integers(0, 10**15), of=shares())
@example(120, CLASSIC)
@example(10**15, {"a": 1.0, "b": 0.0})
def test_allocation_adds_up_and_is_within_one_of_exact_shares(size: int, of: Shares) -> None:
    counts = allocate(size, of)
    assert list(counts) == list(of)
    assert sum(counts.values()) == size
    assert all(abs(counts[name] - size * _exact(share)) < 1 for name, share in of.items())
    assert all(counts[name] == 0 for name, share in of.items() if share == 0)


@given(size=st.integers(0, 5_000), of=shares(places=2))
@example(1, {"b": 0.5, "a": 0.5})
@example(7, {"c": 0.25, "a": 0.25, "d": 0.25, "b": 0.25})
def test_allocation_is_the_twins(size: int, of: Shares) -> None:
    assert allocate(size, of) == twin.allocate(size, of)


@given(st.integers(2, 8), st.integers(0, 100))
def test_equal_remainders_go_to_the_names_listed_first(kinds: int, size: int) -> None:
    names = [chr(ord("z") - i) for i in range(kinds)]  # against the alphabet
    whole, rest = divmod(size, kinds)
    even = dict.fromkeys(names, 1 / kinds)
    assert list(allocate(size, even).values()) == [whole + (i < rest) for i in range(kinds)]


def test_shares_just_off_one_are_scaled_to_one() -> None:
    nearly = {"a": 0.3333333333, "b": 0.6666666666}
    assert sum(exact_shares(nearly).values()) == 1
    assert sum(allocate(10**12, nearly).values()) == 10**12


@given(size=st.integers(1, 400), of=shares(places=2))
@example(1000, CLASSIC)
@example(64, {"a": 0.01, "b": 0.01, "c": 0.98})
def test_every_prefix_of_an_interleaved_fleet_is_within_one_of_exact_shares(
    size: int, of: Shares
) -> None:
    fleet = _fleet(size, of, "interleaved")
    names = [fleet.archetypes[code] for code in fleet.archetype_codes(0, size)]
    assert len(names) == size
    assert twin.prefix_shares_within_one(names, of)


@given(size=st.integers(1, 300), more=st.integers(0, 300), of=shares(places=2))
def test_an_interleaved_fleet_begins_like_a_smaller_one(size: int, more: int, of: Shares) -> None:
    small, large = _fleet(size, of, "interleaved"), _fleet(size + more, of, "interleaved")
    assert np.array_equal(small.archetype_codes(0, size), large.archetype_codes(0, size))


def test_interleaving_repeats_after_the_common_denominator() -> None:
    period = interleave(CLASSIC, 10**9)
    assert len(period) == 20
    assert np.bincount(period).tolist() == [7, 8, 3, 2]
    fleet = _fleet(10**9, CLASSIC, "interleaved")
    assert np.array_equal(fleet.archetype_codes(10**8, 10**8 + 20), period)


@pytest.mark.parametrize("assignment", KINDS)
@given(size=st.integers(1, 500), of=shares(places=2), cut=st.integers(0, 500))
def test_counts_agree_with_codes_and_codes_with_any_cut(
    assignment: str, size: int, of: Shares, cut: int
) -> None:
    fleet = _fleet(size, of, assignment)
    codes = fleet.archetype_codes(0, size)
    tally = Counter(fleet.archetypes[code] for code in codes.tolist())
    assert fleet.counts() == {name: tally[name] for name in of}
    assume(cut <= size)
    parts = [fleet.archetype_codes(0, cut), fleet.archetype_codes(cut, size)]
    assert np.array_equal(np.concatenate(parts), codes)


@given(size=st.integers(1, 500), of=shares(places=2))
def test_blocks_stand_one_after_the_other_in_the_order_listed(size: int, of: Shares) -> None:
    codes = _fleet(size, of).archetype_codes(0, size)
    assert (np.diff(codes) >= 0).all()


def test_a_fleet_of_a_quadrillion_servers_is_cheap_to_ask() -> None:
    fleet = _fleet(10**15, CLASSIC)
    assert fleet.counts()["batch"] == 10**14
    assert fleet.archetype_codes(10**15 - 2, 10**15).tolist() == [3, 3]
    assert fleet.archetype_codes(0, 2).tolist() == [0, 0]


@given(st.integers(0, 10**18))
@example(999)
@example(1000)
def test_ids_are_the_twins_and_never_depend_on_the_fleet(index: int) -> None:
    name = server_id(index)
    assert name == twin.server_id(index)
    assert int(name.removeprefix("server_")) == index
    assert len(name) >= len("server_000")


@given(seed=st.integers(0, 5), at=st.lists(st.integers(0, 2_000), min_size=1, max_size=20))
def test_metadata_of_a_server_depend_on_its_id_alone(seed: int, at: list[int]) -> None:
    all_at_once = _fleet(2_001, CLASSIC, seed=seed).metadata_codes("criticality", 0, 2_001)
    names = [server_id(i) for i in at]
    assert draw_codes(seed, "criticality", CLASSIC, names).tolist() == all_at_once[at].tolist()


@given(seed=st.integers(), index=st.integers(0, 10**6), odds=shares(places=2))
def test_a_drawn_value_is_where_the_servers_uniform_falls(
    seed: int, index: int, odds: Shares
) -> None:
    u = uniform(seed, "region", server_id(index))
    ends = list(accumulate(_exact(share) for share in odds.values()))
    expected = next(code for code, end in enumerate(ends) if u < end)
    assert draw_codes(seed, "region", odds, [server_id(index)]).tolist() == [expected]


def test_values_with_no_odds_are_never_drawn() -> None:
    odds = {"never": 0.0, "a": 0.5, "nor this": 0.0, "b": 0.5, "neither": 0.0}
    codes = draw_codes(3, "region", odds, [server_id(i) for i in range(2_000)])
    assert set(codes.tolist()) == {1, 3}
