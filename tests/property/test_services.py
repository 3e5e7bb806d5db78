"""Services: the same whatever the fleet's size, the window or the selection; and their inverse."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetsynth.assignment import KINDS, MOST_COUNTED
from fleetsynth.drawn import BLOCK
from fleetsynth.errors import UsageError
from fleetsynth.fleet import Fleet

SHARES = {"web": 0.25, "app-server": 0.27, "database": 0.08, "idle": 0.37, "odd": 0.03}
REPLICAS = {
    "web": (3, 15),
    "app-server": (2, 6),
    "database": (2, 5),
    "idle": (1, 1),
    "odd": (1, 64),
}


def _fleet(
    size: int, assignment: str = "drawn", shares: dict[str, float] | None = None, seed: int = 1
) -> Fleet:
    return Fleet(size, seed, shares or SHARES, assignment, odds={}, replicas=REPLICAS)


def _moved(one: list[str], other: list[str]) -> float:
    return sum(a != b for a, b in zip(one, other, strict=True)) / len(one)


@pytest.mark.parametrize("assignment", ["drawn", "interleaved"])
@given(size=st.integers(1, 9000), more=st.integers(1, 9000), seed=st.integers(0, 99))
def test_a_larger_fleet_changes_no_server(assignment: str, size: int, more: int, seed: int) -> None:
    small, large = _fleet(size, assignment, seed=seed), _fleet(size + more, assignment, seed=seed)
    window = max(0, size - 200), size
    assert np.array_equal(small.archetype_codes(*window), large.archetype_codes(*window))
    assert small.services(*window) == large.services(*window)


@pytest.mark.parametrize("assignment", KINDS)
@given(cut=st.integers(0, 6000), chosen=st.sets(st.integers(0, 5999), min_size=1, max_size=20))
def test_services_agree_with_any_window_and_selection(
    assignment: str, cut: int, chosen: set[int]
) -> None:
    fleet = _fleet(6000, assignment)
    all_of_them = fleet.services(0, 6000)
    assert fleet.services(0, cut) + fleet.services(cut, 6000) == all_of_them
    some = fleet.select(np.array(sorted(chosen)))
    assert some.services(0, some.size) == [all_of_them[index] for index in sorted(chosen)]


@pytest.mark.parametrize("assignment", KINDS)
@pytest.mark.parametrize("size", [1, 47, 700, 5000])
def test_members_are_the_inverse_of_services(assignment: str, size: int) -> None:
    """Of all servers of the fleet, and of those that a larger one would have."""
    fleet, beyond = _fleet(size, assignment), 0
    services = np.array(fleet.services(0, size))
    for name in set(services.tolist()):
        members = fleet.members_of(name)
        assert (np.diff(members) > 0).all()
        here = members[members < size]
        assert np.array_equal(here, np.flatnonzero(services == name))
        after = members[members >= size]
        beyond += len(after)
        if assignment == "blocks":
            assert not len(after)
        elif len(after):
            unbounded = fleet.select(after)
            assert set(unbounded.services(0, len(after))) == {name}
            larger = _fleet(int(after[-1]) + 1, assignment)
            assert set(larger.select(after).services(0, len(after))) == {name}
    assert assignment == "blocks" or size == 1 or beyond
    if assignment != "blocks":
        larger = _fleet(2 * size + 4000, assignment)
        by_name = Counter(larger.services(0, larger.size))
        for name in set(services.tolist()):
            assert len(fleet.members_of(name)) == by_name[name]


@pytest.mark.parametrize("assignment", KINDS)
@pytest.mark.parametrize(
    "name", ["web-0", "web-0000", "web", "web-", "wob-000", "-000", "web-1.0", "idle--01"]
)
def test_other_names_are_of_no_service(assignment: str, name: str) -> None:
    with pytest.raises(UsageError, match="no service"):
        _fleet(100, assignment).members_of(name)


def test_a_server_within_a_service_gives_it_no_name() -> None:
    fleet = _fleet(500)
    services = fleet.services(0, 500)
    firsts = {int(name.rpartition("-")[2]) for name in services}
    kinds = [fleet.archetypes[code] for code in fleet.archetype_codes(0, 500)]
    for index in set(range(500)) - firsts:
        with pytest.raises(UsageError):
            fleet.members_of(f"{kinds[index]}-{index:03d}")


@pytest.mark.parametrize("seed", range(3))
def test_sizes_of_drawn_services_are_as_asked(seed: int) -> None:
    """Of all sizes in their range; smaller ones only at the end of a block of ids."""
    services = _fleet(5 * BLOCK, seed=seed).services(0, 5 * BLOCK)
    sizes = Counter(services)
    for name, (fewest, most) in REPLICAS.items():
        its = {key: count for key, count in sizes.items() if key.rpartition("-")[0] == name}
        assert max(its.values()) <= most
        assert sum(count < fewest for count in its.values()) <= 5
        if most < 64:
            assert {*range(fewest, most + 1)} <= set(its.values())
    web = [sizes[key] for key in sizes if key.startswith("web-")]
    assert 8.5 < sum(web) / len(web) < 11


def test_a_share_moved_by_one_hundredth_moves_about_one_server_in_a_hundred() -> None:
    """Archetypes of 1 to 2 %; of services few more than that, where interleaving moves most."""
    n = 30_000
    base = _fleet(n)
    for taken in ("app-server", "idle"):
        moved = dict(SHARES, web=0.26) | {taken: SHARES[taken] - 0.01}
        other = _fleet(n, shares=moved)
        changed = base.archetype_codes(0, n) != other.archetype_codes(0, n)
        assert 0.008 < changed.mean() < 0.02
        assert _moved(base.services(0, n), other.services(0, n)) < 0.1
        mixed = [_fleet(n, "interleaved", shares).services(0, n) for shares in (SHARES, moved)]
        assert _moved(*mixed) > 0.4


def test_a_share_that_grows_by_one_per_cent_of_itself_moves_about_as_many() -> None:
    n = 20_000
    grown = {name: share * 0.99 for name, share in SHARES.items()} | {"web": 1 - 0.99 * 0.75}
    before, after = _fleet(n).archetype_codes(0, n), _fleet(n, shares=grown).archetype_codes(0, n)
    changed = before != after
    assert 0.005 < changed.mean() < 0.015
    assert (after[changed] == 0).mean() > 0.5


def test_the_order_of_archetypes_does_not_matter_and_a_new_name_moves_few_others() -> None:
    n = 9000
    base = _fleet(n)
    turned = _fleet(n, shares=dict(reversed(SHARES.items())))
    assert base.services(0, n) == turned.services(0, n)
    renamed = {name.replace("odd", "rare"): share for name, share in SHARES.items()}
    fleet = Fleet(n, 1, renamed, "drawn", odds={})
    old = np.array(base.archetypes)[base.archetype_codes(0, n)]
    new = np.array(fleet.archetypes)[fleet.archetype_codes(0, n)]
    changed = old != new
    assert ((old == "odd") | (new == "rare"))[changed].all()
    assert changed.mean() < 0.07


@pytest.mark.parametrize("seed", range(20))
def test_a_small_fleet_has_about_the_shares(seed: int) -> None:
    """The rarest archetype to within two servers, and what chance alone gives for the others."""
    counts = _fleet(400, seed=seed).counts()
    assert abs(counts["odd"] - 12) <= 4
    for name, share in SHARES.items():
        assert abs(counts[name] - 400 * share) < 4 * (400 * share * (1 - share)) ** 0.5


@pytest.mark.parametrize("assignment", ["drawn", "interleaved"])
def test_the_last_of_a_quadrillion_servers_has_a_service(assignment: str) -> None:
    fleet = _fleet(10**15, assignment)
    for name in fleet.services(10**15 - 3, 10**15):
        members = fleet.members_of(name)
        assert name in set(fleet.select(members).services(0, len(members)))
    assert sum(fleet.counts().values()) == 10**15
    assert fleet.counts_are_expected == (assignment == "drawn")


def test_drawn_servers_are_counted_as_long_as_they_can_be() -> None:
    assert not _fleet(MOST_COUNTED).counts_are_expected
    large = _fleet(MOST_COUNTED + 1)
    assert large.counts_are_expected
    assert sum(large.counts().values()) == MOST_COUNTED + 1
    some = large.select(np.arange(10))
    assert not some.counts_are_expected
    assert sum(some.counts().values()) == 10


@pytest.mark.parametrize("seed", range(4))
def test_drawn_shares_are_those_asked_for(seed: int) -> None:
    """Within 4.5 standard deviations: a false alarm in 7,000 runs of 20 comparisons."""
    n = 50_000
    counts = _fleet(n, seed=seed).counts()
    for name, share in SHARES.items():
        assert abs(counts[name] - n * share) < 4.5 * (n * share * (1 - share)) ** 0.5


def test_a_server_that_comes_or_goes_changes_services_near_it_alone() -> None:
    """Where services begin is found again, unless their sizes are fixed or may be nearly any."""
    base, n = _fleet(BLOCK), BLOCK
    grown = {name: share * 0.998 for name, share in SHARES.items()} | {"web": 1 - 0.998 * 0.75}
    other = _fleet(n, shares=grown)
    changed = np.flatnonzero(base.archetype_codes(0, n) != other.archetype_codes(0, n))
    assert 1 <= len(changed) < 15
    near = np.zeros(n, dtype=bool)
    for index in changed:
        near[max(0, index - 200) : index + 600] = True
    assert not near.all()
    services = zip(base.services(0, n), other.services(0, n), strict=True)
    differ = np.array([a != b and not a.startswith("odd") for a, b in services])
    assert not differ[~near].any()
    assert differ.mean() < 0.03
