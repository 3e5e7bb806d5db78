"""What `fleetsynth validate` is worth: false alarms, power, speed and memory.

python -m bench.validation clean --seeds 3000     false alarms on clean default datasets
python -m bench.validation power --seeds 100      how often the deviations it promises are caught
python -m bench.validation speed                  rows per second and memory at 4 and 50 million
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections import Counter
from math import exp, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth import pipeline
from fleetsynth.models.classic import factors
from fleetsynth.models.classic.plan import ClassicPlan
from fleetsynth.presets import resolve
from fleetsynth.presets.load import load_scenario
from fleetsynth.validate.checker import Checker
from tests.validation.faults import holiday_factors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fleetsynth.validate.verdict import Verdict

ARCHETYPES = ("web", "application", "database", "batch")
SIGNALS = ("cpu", "memory", "disk", "network")
CORRELATIONS = (
    "cpu_memory",
    "cpu_network",
    "memory_disk",
    "cpu_disk",
    "memory_network",
    "disk_network",
)
HOLIDAYS = (("Jan 1", 0.10), ("Jul 4", 0.06), ("Nov 22–28", 0.05), ("Dec 24", 0.07))
HOLIDAYS += (("Dec 25–31", 0.05),)  # type: ignore[assignment]
SMALL = {"num_servers": 40, "end_date": "2022-12-31"}
SPIKES = {"batch": 0.20, "web": 0.28, "application": 0.35, "database": 1.0}


def plan_of(**overrides: Any) -> ClassicPlan:
    """The packaged scenario with some values changed; keys have __ for a dot."""
    settings = {key.replace("__", "."): value for key, value in overrides.items()}
    plan = resolve(load_scenario(overrides=settings))
    if not isinstance(plan, ClassicPlan):
        raise TypeError("these experiments are about the classic model")
    return plan


def verdicts(plan: ClassicPlan, claimed: ClassicPlan) -> list[Verdict]:
    """Every verdict on a plan's dataset, held against another plan."""
    checker = Checker(claimed, own=True)
    checker.run([pipeline.batches(plan)])
    return list(checker.verdicts())


def uniformity(p: NDArray[np.float64]) -> float:
    """Probability of p-values at least so far from uniform (Kolmogorov and Smirnov)."""
    n = len(p)
    ordered, steps = np.sort(p), np.arange(n + 1) / n
    distance = max(float((steps[1:] - ordered).max()), float((ordered - steps[:-1]).max()))
    x = distance * (sqrt(n) + 0.12 + 0.11 / sqrt(n))
    terms = (float((-1) ** (k - 1)) * exp(-2 * (k * x) ** 2) for k in range(1, 30))
    return min(1.0, 2 * sum(terms))


def clean(seeds: int, first: int, **settings: Any) -> dict[str, Any]:
    """Validate clean datasets; count what failed, and compare p-values with the uniform law."""
    alarms, values = [], []
    names: list[str] = []
    for seed in range(first, first + seeds):
        plan = plan_of(seed=seed, **settings)
        found = verdicts(plan, plan)
        alarms += [(seed, v.name, v.subject, v.p_value) for v in found if v.status == "fail"]
        tested = [v for v in found if v.p_value is not None]
        names = [f"{v.name}: {v.subject}" for v in tested]
        values.append([v.p_value for v in tested])
        if seed % 100 == 0:
            print(f"{len(values)} done, {len(alarms)} alarms", flush=True)
    p = np.array(values, dtype=np.float64)
    by_test = {name: uniformity(p[:, i]) for i, name in enumerate(names)}
    worst = min(by_test, key=by_test.__getitem__)
    return {
        "datasets": seeds,
        "alarms": alarms,
        "datasets with an alarm": len({seed for seed, *_ in alarms}),
        "p-values": p.size,
        "below": {
            f"{a:g}": [int((p < a).sum()), a * p.size] for a in (0.05, 1e-2, 1e-3, 1e-4, 1e-5)
        },
        "least uniform test": [worst, by_test[worst] * len(names)],
    }


def deviations() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield what is promised to be caught: label, verdict, subject, and the overrides."""
    profiles = {a.name: a.profile for a in plan_of().archetypes}
    for kind in ARCHETYPES:
        key, profile = f"archetypes__{kind}__", profiles[kind]

        def scaled(field: str, by: float) -> dict[str, Any]:
            return {key + field: getattr(profile, field) * by}  # noqa: B023 - used at once

        for sign in (1, -1):
            for signal in SIGNALS:
                for name, field in (("base", f"base_{signal}"), ("sd", f"{signal}_variance")):
                    yield f"{name} 5 %", name, f"{kind} {field}", scaled(field, 1 + 0.05 * sign)
            yield "weekend 5 %", "weekend", kind, scaled("weekend_factor", 1 + 0.05 * sign)
            yield (
                "spike magnitude 7 %",
                "spike magnitude",
                kind,
                scaled("spike_magnitude", 1 + 0.07 * sign),
            )
            size = SPIKES[kind]
            yield (
                f"spike probability {size:.0%}",
                "spike probability",
                kind,
                scaled("spike_probability", 1 + size * sign),
            )
            for pair in CORRELATIONS:
                field = f"{pair}_correlation"
                value = getattr(profile, field) + 0.06 * sign
                yield "correlation .06", "correlation", f"{kind} {field}", {key + field: value}
    values = {case.label: case.value for case in factors.HOLIDAY.cases}
    for name, size in HOLIDAYS:
        for sign in (1, -1):
            changed = {name: values[name] * (1 + size * sign)}
            yield f"{name} {size:.0%}", "holiday", name, {"holiday": changed}


def power(seeds: int) -> dict[str, Any]:
    """Make each promised deviation many times, and count how often its own verdict fails."""
    claimed, caught, made = plan_of(), Counter[str](), Counter[str]()
    worst: dict[str, list[Any]] = {}
    for label, verdict, subject, overrides in deviations():
        settings = dict(overrides)
        hits = 0
        with holiday_factors(settings.pop("holiday", {})):
            for seed in range(seeds):
                found = verdicts(plan_of(seed=seed, **settings), claimed)
                hits += any(
                    v.status == "fail" and v.name == verdict and v.subject.startswith(subject)
                    for v in found
                )
        caught[label] += hits
        made[label] += seeds
        if label not in worst or hits < worst[label][0]:
            worst[label] = [hits, subject, overrides]
        print(f"{label:28s} {subject:40s} {overrides} {hits}/{seeds}", flush=True)
    return {label: [caught[label], made[label], worst[label]] for label in made}


def speed(rows: int) -> dict[str, Any]:
    """Validate hourly data of about so many rows, straight from the generator's batches."""
    plan = plan_of(granularity="hourly", num_servers=max(4, round(rows / 35_064)))
    checker = Checker(plan, own=True)
    generating = time.process_time()
    for _ in pipeline.batches(plan):
        pass
    generating = time.process_time() - generating
    begun = time.process_time()
    checker.run([pipeline.batches(plan)])
    ok = all(v.status != "fail" for v in checker.verdicts())
    seconds = time.process_time() - begun - generating
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "rows": plan.cells,
        "rows per CPU second": plan.cells / seconds,
        "peak MB": peak,
        "ok": ok,
    }


def main() -> None:
    """Run one experiment and print what it found as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiment", choices=["clean", "power", "speed"])
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--rows", type=int, default=4_000_000)
    options = parser.parse_args()
    if options.experiment == "clean":
        found = clean(options.seeds, options.first, **(SMALL if options.small else {}))
    elif options.experiment == "power":
        found = power(options.seeds)
    else:
        found = speed(options.rows)
    print(json.dumps(found, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
