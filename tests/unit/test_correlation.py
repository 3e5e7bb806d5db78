"""Correlation matrices: factored as by the twin, refused with the nearest, repaired."""

from dataclasses import asdict, replace
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from fleetsynth.errors import ScenarioError
from fleetsynth.models.classic import correlation
from fleetsynth.models.classic.noise import correlate
from fleetsynth.models.classic.plan import factored
from fleetsynth.models.classic.scenario import ArchetypeProfile
from fleetsynth.presets.load import load_scenario
from tests import twin
from tests.support import ARCHETYPES, differing, plan_of

SEED_MATRIX = np.array(
    [[1.0, 0.5, 0.1, 0.8], [0.5, 1.0, 0.7, 0.2], [0.1, 0.7, 1.0, 0.3], [0.8, 0.2, 0.3, 1.0]]
)
"""The specification's printed example: a web row mixed with a database row."""

MIXED = {"archetypes.web.memory_disk_correlation": 0.7}
NEAREST = {
    "cpu_memory_correlation": 0.494953,
    "cpu_disk_correlation": 0.104399,
    "cpu_network_correlation": 0.794856,
    "memory_disk_correlation": 0.696377,
    "memory_network_correlation": 0.204236,
    "disk_network_correlation": 0.296307,
}


def _broken(count: int) -> list[NDArray[np.float64]]:
    """Symmetric matrices with a unit diagonal that are not positive definite."""
    rng = np.random.default_rng(7)
    out = [SEED_MATRIX, np.ones((4, 4)), 2 * np.eye(4) - np.ones((4, 4))]
    while len(out) < count:
        matrix = np.eye(4)
        for i, j in combinations(range(4), 2):
            matrix[i, j] = matrix[j, i] = round(rng.uniform(-1, 1), 3)
        if correlation.smallest_eigenvalue(matrix) <= 0:
            out.append(matrix)
    return out


BROKEN = _broken(40)


@pytest.mark.parametrize("name", ARCHETYPES)
def test_matrix_and_factor_of_each_archetype_are_the_twins(name: str) -> None:
    profile = twin.PROFILES[name]
    ours = ArchetypeProfile(**asdict(profile))
    matrix = correlation.matrix(ours.correlations)
    assert matrix.tolist() == twin.correlation_matrix(profile)
    assert factored(name, ours).lower.tolist() == twin.cholesky(profile)
    assert correlation.fields(matrix) == ours.correlations


def test_factors_of_random_matrices_are_the_twins() -> None:
    rng = np.random.default_rng(3)
    names = list(correlation.fields(np.eye(4)))
    checked = refused = 0
    for _ in range(200):
        values = dict(zip(names, rng.uniform(-0.9, 0.9, 6).tolist(), strict=True))
        lower = correlation.cholesky(correlation.matrix(values))
        profile = replace(twin.PROFILES["web"], **values)
        if lower is None:
            refused += 1
            with pytest.raises(ValueError, match="not positive definite"):
                twin.cholesky(profile)
        else:
            checked += 1
            assert lower.tolist() == twin.cholesky(profile)
            assert np.abs(lower @ lower.T - twin.correlation_matrix(profile)).max() < 1e-14
    assert checked > 20
    assert refused > 20


def test_the_smallest_eigenvalues_are_those_of_the_specification() -> None:
    lowest = {
        name: correlation.smallest_eigenvalue(np.array(twin.correlation_matrix(profile)))
        for name, profile in twin.PROFILES.items()
    }
    assert min(lowest, key=lambda name: lowest[name]) == "database"
    assert round(lowest["database"], 2) == 0.08
    assert round(correlation.smallest_eigenvalue(SEED_MATRIX), 3) == -0.013


def test_a_singular_matrix_has_no_factor() -> None:
    assert correlation.cholesky(np.ones((4, 4))) is None
    assert correlation.cholesky(SEED_MATRIX) is None


def test_noise_is_summed_as_the_twin_sums_it() -> None:
    rng = np.random.default_rng(5)
    z = rng.standard_normal((4, 3, 50))
    profiles = [twin.PROFILES[name] for name in ARCHETYPES[:3]]
    lower = np.array([twin.cholesky(profile) for profile in profiles])
    got = np.stack([correlate(lower, z, signal) for signal in range(4)])
    expected = [
        [twin.correlate(lower[s].tolist(), z[:, s, t].tolist()) for t in range(50)]
        for s in range(3)
    ]
    assert differing(got, np.array(expected).transpose(2, 0, 1)) == 0


@pytest.mark.parametrize("matrix", BROKEN, ids=range(len(BROKEN)))
def test_the_nearest_is_a_positive_definite_correlation_matrix_to_six_decimals(
    matrix: NDArray[np.float64],
) -> None:
    near = correlation.nearest(matrix)
    assert correlation.smallest_eigenvalue(near) > 1e-5
    assert correlation.cholesky(near) is not None
    assert np.array_equal(near, near.T)
    assert np.array_equal(np.diag(near), np.ones(4))
    assert np.array_equal(np.round(near, 6), near)
    assert np.abs(near).max() <= 1.0


@pytest.mark.parametrize("matrix", BROKEN[:12], ids=range(12))
def test_the_nearest_does_not_feel_what_eigen_solvers_differ_by(
    matrix: NDArray[np.float64],
) -> None:
    rng = np.random.default_rng(11)
    near = correlation.nearest(matrix)
    for _ in range(5):
        noise = rng.uniform(-1e-12, 1e-12, (4, 4))
        nudged = matrix + np.triu(noise, 1) + np.triu(noise, 1).T
        assert np.array_equal(correlation.nearest(nudged), near)


@pytest.mark.parametrize("matrix", BROKEN[:12], ids=range(12))
def test_no_other_valid_matrix_is_nearer(matrix: NDArray[np.float64]) -> None:
    """Random valid matrices, and points on the way to them, lie farther away."""
    rng = np.random.default_rng(13)
    near = correlation.nearest(matrix)
    distance = np.linalg.norm(near - matrix)
    for scale in (1e-3, 1e-2, 0.1, 1.0):
        for _ in range(25):
            factor = np.linalg.cholesky(near) + scale * np.tril(rng.standard_normal((4, 4)))
            other = factor @ factor.T
            root = np.sqrt(np.diag(other))
            other = other / np.outer(root, root)
            if correlation.smallest_eigenvalue(other) >= 1e-4:
                assert np.linalg.norm(other - matrix) > distance - 1e-5


def test_a_valid_matrix_is_its_own_nearest() -> None:
    for profile in twin.PROFILES.values():
        matrix = np.array(twin.correlation_matrix(profile))
        assert np.array_equal(correlation.nearest(matrix), matrix)


def test_the_specifications_example_is_refused_with_its_eigenvalue_and_the_nearest() -> None:
    with pytest.raises(ScenarioError) as refused:
        load_scenario(overrides=MIXED)
    (problem,) = refused.value.problems
    assert problem.path == "archetypes.web"
    assert "not positive definite (smallest eigenvalue -0.012964)" in problem.message
    for field, value in NEAREST.items():
        assert f"{field}: {value:.6f}" in problem.message
    assert "correlation_repair: nearest" in problem.message


def test_correlation_repair_nearest_accepts_it_and_the_plan_says_what_is_in_force() -> None:
    plan = plan_of(MIXED | {"correlation_repair": "nearest"})
    in_force = {archetype.name: archetype.correlations for archetype in plan.archetypes}
    assert in_force["web"] == NEAREST
    assert plan.archetypes[0].profile.memory_disk_correlation == 0.7
    untouched = plan_of()
    for archetype in untouched.archetypes[1:]:
        assert in_force[archetype.name] == archetype.correlations


def test_the_refused_matrix_can_be_taken_by_writing_the_nearest_down() -> None:
    by_hand = plan_of({f"archetypes.web.{field}": value for field, value in NEAREST.items()})
    repaired = plan_of(MIXED | {"correlation_repair": "nearest"})
    assert np.array_equal(by_hand.archetypes[0].lower, repaired.archetypes[0].lower)
    assert by_hand.digest == repaired.digest
