"""Clean datasets pass, and their p-values are uniform.

300 datasets of 40 servers and a year, 82 estimates each. A run of validation fails a clean dataset
once in 1,000 times, so 300 would fail at least once with a probability of 0.26; the seeds are
fixed. What is tested of p-values has an error rate of 1 in 1,000 for the whole file.
"""

from math import exp, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray

from fleetsynth import pipeline
from fleetsynth.validate.checker import Checker
from fleetsynth.validate.verdict import Verdict
from tests.support import plan_of

pytestmark = pytest.mark.xdist_group("false alarms")  # their runs are made once

SEEDS = 300
SMALL = {"num_servers": 40, "end_date": "2022-12-31"}


@pytest.fixture(scope="module")
def runs() -> list[list[Verdict]]:
    """The verdicts on many clean datasets."""
    out = []
    for seed in range(1_000, 1_000 + SEEDS):
        plan = plan_of({**SMALL, "seed": seed})
        checker = Checker(plan, own=True)
        checker.run([pipeline.batches(plan)])
        out.append(list(checker.verdicts()))
    return out


@pytest.fixture(scope="module")
def p_values(runs: list[list[Verdict]]) -> NDArray[np.float64]:
    """Shape (datasets, estimates)."""
    return np.array([[v.p_value for v in run if v.p_value is not None] for run in runs])


def _too_far_from_uniform(p: NDArray[np.float64]) -> float:
    """Probability of a distance as great (Kolmogorov and Smirnov)."""
    n = len(p)
    ordered, steps = np.sort(p), np.arange(n + 1) / n
    distance = max((steps[1:] - ordered).max(), (ordered - steps[:-1]).max())
    x = distance * (sqrt(n) + 0.12 + 0.11 / sqrt(n))
    return float(2 * sum((-1) ** (k - 1) * exp(-2 * (k * x) ** 2) for k in range(1, 30)))


@pytest.mark.slow
def test_no_false_alarm(runs: list[list[Verdict]]) -> None:
    failed = [
        (number, verdict.name, verdict.subject, verdict.p_value)
        for number, run in enumerate(runs)
        for verdict in run
        if verdict.status == "fail"
    ]
    assert failed == []
    assert all(len(run) > 120 for run in runs)


@pytest.mark.slow
def test_p_values_are_uniform(p_values: NDArray[np.float64], runs: list[list[Verdict]]) -> None:
    tested = [verdict for verdict in runs[0] if verdict.p_value is not None]
    distances = [_too_far_from_uniform(column) for column in p_values.T]
    worst = int(np.argmin(distances))
    assert distances[worst] * len(distances) > 5e-4, tested[worst]


@pytest.mark.slow
def test_small_p_values_are_as_rare_as_they_should_be(p_values: NDArray[np.float64]) -> None:
    for threshold in (0.05, 1e-2, 1e-3):
        expected = threshold * p_values.size
        # Estimates of one dataset hang together a little: twice the variance of a count.
        assert abs((p_values < threshold).sum() - expected) < 4 * sqrt(2 * expected)


@pytest.mark.slow
def test_that_comparison_notices_a_normal_law_too_narrow(p_values: NDArray[np.float64]) -> None:
    squeezed = p_values[:, 0] ** 2
    assert _too_far_from_uniform(squeezed) < 1e-6


def test_levels_add_up_to_the_error_rate(runs: list[list[Verdict]]) -> None:
    assert sum(verdict.level or 0 for verdict in runs[0]) == pytest.approx(1e-3)
