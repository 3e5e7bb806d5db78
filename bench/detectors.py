"""Fifty one-line detectors, a model-aware one, and how the dial moves them.

``python -m bench.detectors`` prints the table of bench/README.md. Each detector makes a score of
the series of one metric alone; its threshold is the best that there is, chosen with the answer.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from fleetsynth.pipeline import windows
from fleetsynth.presets import as_plan, simulate
from fleetsynth.tables.labels import CLASSES, block_of_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WEEKS = 6
SCENARIOS: dict[str, dict[str, Any]] = {
    "5min": {"granularity": "5min", "num_servers": 40},
    "hourly": {"granularity": "hourly", "num_servers": 80},
}
"""Realistic data that detectors are tried on."""
SEEDS = (1, 2, 3)
DIALS = ("easy", 0.25, "medium", 0.75, "hard")
KNOWN = ("off", "planned")
"""Classes of what detectors are told."""


class Series(NamedTuple):
    """A metric of all servers, and how many ticks an hour and a day have.

    Attributes:
        x: values, a column a server.
        h: ticks of an hour, d: of a day, w: of a week.
    """

    x: pd.DataFrame
    h: int

    @property
    def d(self) -> int:
        """Ticks of a day."""
        return 24 * self.h

    @property
    def w(self) -> int:
        """Ticks of a week."""
        return 168 * self.h


def _mean(x: pd.DataFrame, n: int) -> pd.DataFrame:
    return x.rolling(max(n, 2), min_periods=1).mean()


def _std(x: pd.DataFrame, n: int) -> pd.DataFrame:
    return x.rolling(max(n, 3), min_periods=2).std() + 0.1


def _median(x: pd.DataFrame, n: int) -> pd.DataFrame:
    return x.rolling(max(n, 3), min_periods=1).median()


def _range(x: pd.DataFrame, n: int) -> pd.DataFrame:
    rolling = x.rolling(max(n, 2), min_periods=1)
    return rolling.max() - rolling.min()


def _usual(x: pd.DataFrame, n: int) -> pd.DataFrame:
    """The median at the same place of each period of n ticks."""
    return x.groupby(np.arange(len(x)) % n).transform("median")


def _mad(x: pd.DataFrame) -> pd.Series:
    return (x - x.median()).abs().median() + 0.1


def _cusum(z: pd.DataFrame) -> pd.DataFrame:
    total = z.cumsum()
    return total - total.cummin()


DETECTORS: dict[str, Callable[[Series], pd.DataFrame]] = {
    # thresholds
    "value": lambda s: s.x,
    "low value": lambda s: -s.x,
    "from mean": lambda s: (s.x - s.x.mean()).abs(),
    "z": lambda s: ((s.x - s.x.mean()) / s.x.std()).abs(),
    "z above": lambda s: (s.x - s.x.mean()) / s.x.std(),
    "from median": lambda s: (s.x - s.x.median()).abs(),
    "robust z": lambda s: ((s.x - s.x.median()) / _mad(s.x)).abs(),
    "robust z above": lambda s: (s.x - s.x.median()) / _mad(s.x),
    "rank": lambda s: s.x.rank(pct=True),
    "share of greatest": lambda s: s.x / (s.x.max() + 0.1),
    # differences
    "step": lambda s: s.x.diff().abs(),
    "step up": lambda s: s.x.diff(),
    "step down": lambda s: -s.x.diff(),
    "step of z": lambda s: (s.x.diff() / s.x.diff().std()).abs(),
    "relative step": lambda s: (s.x.diff() / (s.x.shift() + 1)).abs(),
    "since an hour": lambda s: s.x.diff(s.h).abs(),
    "since six hours": lambda s: s.x.diff(6 * s.h).abs(),
    "since yesterday": lambda s: s.x.diff(s.d).abs(),
    "above yesterday": lambda s: s.x.diff(s.d),
    "since last week": lambda s: s.x.diff(s.w).abs(),
    "above last week": lambda s: s.x.diff(s.w),
    "ratio to last week": lambda s: (s.x + 1) / (s.x.shift(s.w) + 1),
    "no change": lambda s: -s.x.diff().abs().rolling(s.h + 1).max(),
    # moving statistics
    "mean of 2 hours": lambda s: _mean(s.x, 2 * s.h),
    "mean of 12 hours": lambda s: _mean(s.x, 12 * s.h),
    "from mean of 2 hours": lambda s: (s.x - _mean(s.x, 2 * s.h)).abs(),
    "from mean of a day": lambda s: (s.x - _mean(s.x, s.d)).abs(),
    "from mean of a week": lambda s: (s.x - _mean(s.x, s.w)).abs(),
    "z of 6 hours": lambda s: ((s.x - _mean(s.x, 6 * s.h)) / _std(s.x, 6 * s.h)).abs(),
    "z of a day": lambda s: ((s.x - _mean(s.x, s.d)) / _std(s.x, s.d)).abs(),
    "z of a week": lambda s: ((s.x - _mean(s.x, s.w)) / _std(s.x, s.w)).abs(),
    "from median of a day": lambda s: (s.x - _median(s.x, s.d)).abs(),
    "from median of a week": lambda s: (s.x - _median(s.x, s.w)).abs(),
    "sd of 2 hours": lambda s: _std(s.x, 2 * s.h),
    "sd of 12 hours": lambda s: _std(s.x, 12 * s.h),
    "range of 2 hours": lambda s: _range(s.x, 2 * s.h),
    "range of a day": lambda s: _range(s.x, s.d),
    "least of 6 hours": lambda s: s.x.rolling(6 * s.h, min_periods=1).min(),
    "2 hours on 2 hours": lambda s: _mean(s.x, 2 * s.h).diff(2 * s.h).abs(),
    "6 hours on a day": lambda s: (_mean(s.x, 6 * s.h) - _mean(s.x, s.d)).abs(),
    "day on day": lambda s: _mean(s.x, s.d).diff(s.d).abs(),
    "day on week": lambda s: (_mean(s.x, s.d) - _mean(s.x, s.w)).abs(),
    "exponential": lambda s: (s.x - s.x.ewm(halflife=6 * s.h).mean()).abs(),
    "exponential z": lambda s: (
        (s.x - s.x.ewm(halflife=s.d).mean()) / (s.x.ewm(halflife=s.d).std() + 0.1)
    ).abs(),
    "cumulative sum": lambda s: _cusum((s.x - s.x.mean()) / s.x.std() - 0.5),
    # moving statistics of the usual day or week
    "from usual hour": lambda s: (s.x - _usual(s.x, s.d)).abs(),
    "from usual hour of week": lambda s: (s.x - _usual(s.x, s.w)).abs(),
    "above usual hour of week": lambda s: s.x - _usual(s.x, s.w),
    "2 hours above usual": lambda s: _mean(s.x - _usual(s.x, s.w), 2 * s.h),
    "12 hours above usual": lambda s: _mean(s.x - _usual(s.x, s.w), 12 * s.h),
}
"""By name: a line each."""
STANDARD = "from usual hour of week"
"""The one that many have in production, and that the dial is read by."""


def siblings(series: Series, services: Sequence[str]) -> pd.DataFrame:
    """Score a server by how far it is from the others of its service, which share its demand.

    It knows which servers belong together, and that their parts of the demand change seldom: so it
    looks at logarithms, at what the others do at the same time, and at the level of the last days.
    """
    x = series.x
    logs = pd.DataFrame(np.log(x.to_numpy() + 1), index=x.index, columns=x.columns)
    of = pd.Series(list(services), index=x.columns)
    together = logs.T.groupby(of)
    count = together.transform("count").T
    others = (together.transform("sum").T - logs) / (count - 1).where(count > 1)
    apart = logs - others
    apart -= apart.rolling(series.w, min_periods=series.h, center=True).median()
    apart = apart.rolling(12 * series.h, min_periods=1, center=True).mean()
    return apart / ((apart - apart.median()).abs().median() + 0.005)


class Sample(NamedTuple):
    """Data of one scenario.

    Attributes:
        series: of each metric.
        labels: of each metric, shape (ticks, servers): 1 in an anomaly, 0 outside, -1 where what is
            planned or switched off is known, and nothing is asked.
        services: of each server.
    """

    series: dict[str, Series]
    labels: dict[str, NDArray[np.int8]]
    services: list[str]


def sample(scenario: dict[str, Any]) -> Sample:
    """Generate a scenario's data, and their labels."""
    plan = as_plan(scenario)
    blocks = [simulate(plan, window) for window in windows(plan)]
    made = [block_of_labels(plan, block).values for block in blocks]
    values = np.concatenate([block.values for block in blocks], axis=1) / 100
    labels, classes, _ = (
        np.concatenate(made, axis=1).reshape(len(plan.metrics), 3, *values.shape[1:]).swapaxes(0, 1)
    )
    labels = np.where(np.isin(classes, [CLASSES.index(name) for name in KNOWN]), -1, labels)
    per_hour = plan.clock.ticks_per_day // 24
    return Sample(
        {m.stem: Series(pd.DataFrame(values[i].T), per_hour) for i, m in enumerate(plan.metrics)},
        {m.stem: labels[i].T.astype(np.int8) for i, m in enumerate(plan.metrics)},
        list(plan.fleet.services(0, plan.fleet.size)),
    )


def best_f1(score: pd.DataFrame, labels: NDArray[np.int8]) -> float:
    """Return the greatest point-wise F1 of any threshold; rows without a score are not flagged."""
    asked = labels.ravel() >= 0
    flat, truth = score.to_numpy(np.float64).ravel()[asked], labels.ravel()[asked] == 1
    if not truth.any():
        return 0.0
    flat = np.where(np.isfinite(flat), flat, -np.inf)
    order = np.argsort(-flat, kind="stable")
    flat, found = flat[order], np.cumsum(truth[order])
    ends = np.append(flat[1:] != flat[:-1], True)  # equal scores are flagged together
    return float((2 * found / (np.arange(1, flat.size + 1) + truth.sum()))[ends].max())


def scores(made: Sample, metric: str) -> dict[str, float]:
    """Return the best F1 of each detector on one metric."""
    series, labels = made.series[metric], made.labels[metric]
    return {name: best_f1(of(series), labels) for name, of in DETECTORS.items()}


class Found(NamedTuple):
    """What detectors find of one metric, with one seed."""

    prevalence: float
    standard: float
    best: float
    line: str
    aware: float


def found_in(made: Sample, metric: str) -> Found:
    """Try all detectors on one metric."""
    of_each, labels = scores(made, metric), made.labels[metric]
    line, best = max(of_each.items(), key=lambda item: item[1])
    aware = best_f1(siblings(made.series[metric], made.services), labels)
    return Found(float((labels == 1).mean()), of_each[STANDARD], best, line, aware)


def row(name: str, dial: float | str, metric: str, found: Sequence[Found]) -> str:
    """Return a row of the table: means over seeds, and the greatest of the best lines."""
    best = max(found, key=lambda each: each.best)
    aware = [each.aware for each in found]
    cells = [
        name,
        metric,
        str(dial),
        f"{100 * np.mean([each.prevalence for each in found]):.2f} %",
        f"{np.mean([each.standard for each in found]):.3f}",
        f"{best.best:.3f}: {best.line}",
        f"{np.mean(aware):.3f} ({min(aware):.3f} to {max(aware):.3f})",
    ]
    return f"| {' | '.join(cells)} |"


def scenario_of(name: str, dial: float | str, seed: int) -> dict[str, Any]:
    """Return the scenario of a row of the table."""
    return {
        "preset": "realistic",
        "seed": seed,
        "start_date": "2024-01-08",
        "end_date": "2024-02-18",
        "incidents": {"difficulty": dial},
    } | SCENARIOS[name]


HEAD = ("data", "metric", "dial", "anomalies", STANDARD, "best of fifty", "siblings")
ALL = ("cpu", "mem", "disk", "net_in", "net_out")


def main(arguments: Sequence[str]) -> None:
    """Print the table: CPU over the dial, and all metrics where it says hard."""
    seeds = [int(each) for each in arguments] or list(SEEDS)
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
    for name, dial in (*(("hourly", dial) for dial in DIALS), ("5min", "hard")):
        metrics = ALL if dial == "hard" else ("cpu",)
        found: dict[str, list[Found]] = {metric: [] for metric in metrics}
        for seed in seeds:
            made = sample(scenario_of(name, dial, seed))
            for metric in metrics:
                found[metric].append(found_in(made, metric))
        for metric in metrics:
            print(row(name, dial, metric, found[metric]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
