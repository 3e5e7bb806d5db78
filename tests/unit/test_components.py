"""The named parts of values: against scenarios without the later parts, and exact to the last.

Parts that telescope add up however wrong each is. So a sum of the first ones is compared with what
is published where all later ones are switched off.
"""

from itertools import accumulate
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fleetsynth.models.parts import GREATEST, Parts
from fleetsynth.models.realistic import members, stocks
from fleetsynth.models.realistic.compose import Loads
from fleetsynth.plan import Plan
from fleetsynth.presets import model, resolve, simulate
from fleetsynth.presets.load import load_scenario
from fleetsynth.window import Window

Hundredths = NDArray[np.int32]
PRESETS = ("classic", "realistic")
CLASSIC = ("web", "application", "database", "batch")
KINDS = ("web", "application", "database", "batch", "idle")
DAY = 288


def planned(overrides: dict[str, Any], **more: Any) -> Plan:
    """Resolve a scenario of some overrides."""
    return resolve(load_scenario(overrides=overrides | more))


def whole(plan: Plan) -> Window:
    """All of a plan."""
    return Window(0, plan.fleet.size, plan.clock.first, plan.clock.stop)


def parts_of(plan: Plan, window: Window | None = None) -> Parts:
    """Return the parts of a window, or of all."""
    components = model(plan.scenario.preset).components
    assert components is not None
    made = components.make(plan, window or whole(plan))
    assert tuple(map(tuple, made.parts)) == components.names(plan)
    assert tuple(place is not None for place in made.places) == components.placed(plan)
    return made


def up_to(plan: Plan, made: Parts, column: str, name: str) -> NDArray[np.int64]:
    """Add up the parts of a metric, one after the other, up to a name."""
    place = [metric.column for metric in plan.metrics].index(column)
    total = np.zeros(made.block.values.shape[1:], dtype=np.int64)
    for part, values in made.parts[place].items():
        total += values.of_rows()
        if part == name:
            return total
    raise KeyError(name)


def each(kinds: tuple[str, ...], **figures: Any) -> dict[str, Any]:
    """Override figures of several archetypes, with __ for a dot."""
    return {
        f"archetypes.{kind}.{path.replace('__', '.')}": value
        for kind in kinds
        for path, value in figures.items()
    }


SMALL: dict[str, Any] = {"num_servers": 9, "start_date": "2024-03-20", "end_date": "2024-04-09"}
ODD: dict[str, dict[str, Any]] = {
    "classic": {"num_servers": 9, "end_date": "2023-01-10"},
    "classic by the hour": SMALL | {"granularity": "hourly"},
    "classic beyond its bounds": SMALL
    | each(CLASSIC, cpu_variance=900.0, spike_probability=0.5, base_network=4000.0),
    "realistic": SMALL | {"preset": "realistic", "statistics": ["p95", "mean", "min", "p50"]},
    "realistic by the hour": SMALL | {"preset": "realistic", "granularity": "hourly"},
    "realistic samples": SMALL
    | {"preset": "realistic", "granularity": "5min", "statistics": ["p95", "mean"]},
    "realistic by the hour of hours": SMALL
    | {"preset": "realistic", "granularity": "hourly", "sample_interval": "1h"},
    "realistic overloaded": SMALL
    | {"preset": "realistic", "granularity": "hourly", "distribution": {"web": 1}}
    | each(("web",), demand__level=95, network__link=40, floor=0.5),
}


@pytest.mark.parametrize("name", ODD)
def test_parts_add_up_to_what_is_published(name: str) -> None:
    """In every row, and what is published is what `simulate` says."""
    plan = planned(ODD[name])
    made = parts_of(plan)
    assert np.array_equal(made.block.values, simulate(plan, whole(plan)).values)
    for metric, parts, values in zip(plan.metrics, made.parts, made.block.values, strict=True):
        total = up_to(plan, made, metric.column, list(parts)[-1])
        assert np.array_equal(total, values)
        assert all(part.values.dtype == np.int32 for part in parts.values())


@pytest.mark.parametrize("name", ODD)
def test_parts_are_the_same_however_a_window_is_cut(name: str) -> None:
    """By servers, by ticks, and both at once."""
    plan = planned(ODD[name])
    made, ticks = parts_of(plan), plan.clock.count
    for window in (Window(2, 7, 0, ticks), Window(0, 9, 5, 6), Window(4, 6, ticks // 3, ticks)):
        first = plan.clock.first
        moved = window._replace(
            first_tick=window.first_tick + first, stop_tick=window.stop_tick + first
        )
        inside = slice(*window[:2]), slice(*window[2:])
        piece = parts_of(plan, moved)
        assert np.array_equal(piece.block.values, made.block.values[:, *inside])
        for here, there in zip(piece.parts, made.parts, strict=True):
            for part, values in here.items():
                assert np.array_equal(values.of_rows(), there[part].of_rows()[inside])
        for of_piece, of_all in zip(piece.places, made.places, strict=True):
            if of_piece is not None and of_all is not None:
                assert np.array_equal(of_piece, of_all[inside])


@pytest.mark.parametrize("preset", PRESETS)
def test_parts_beyond_32_bits_are_cut_off(preset: str) -> None:
    """Figures at the end of what a scenario may say still add up."""
    huge: dict[str, Any] = each(CLASSIC, base_cpu=1e9, spike_magnitude=1e9, spike_probability=0.3)
    if preset == "realistic":
        huge = each(("web",), demand__level=1e8, network__level=1e9) | {"distribution": {"web": 1}}
    plan = planned(SMALL | huge | {"preset": preset})
    made = parts_of(plan)
    total = up_to(plan, made, "cpu_p95", "limits")
    assert np.array_equal(total, made.block.values[0])
    assert min(int(part.values.min()) for part in made.parts[0].values()) <= -GREATEST / 2


# --- classic ------------------------------------------------------------------------------------

CLASSIC_STEPS: list[tuple[str, dict[str, Any]]] = [
    ("noise", {"spikes": False}),
    (
        "growth",
        each(CLASSIC, cpu_variance=0, memory_variance=0, disk_variance=0, network_variance=0),
    ),
    ("calendar", each(CLASSIC, monthly_growth_rate=0)),
    (
        "base",
        each(CLASSIC, business_hours_factor=1, weekend_factor=1)
        | {"quarterly_peaks": False, "holiday_effect": False},
    ),
]
"""What is switched off, one after the other, and up to which part that leaves."""
CLASSIC_CASES: dict[str, dict[str, Any]] = {
    "daily": {"start_date": "2023-11-01", "end_date": "2024-02-01"},
    "monthly growth by the hour": {
        "start_date": "2024-06-20",
        "end_date": "2024-07-08",
        "granularity": "hourly",
        "growth.mode": "monthly",
        "growth.span": ["2014-01-01", "2014-12-31"],
    },
    "beyond its bounds": {"end_date": "2022-03-01"} | each(CLASSIC, base_memory=99.0),
}


@pytest.mark.parametrize("case", CLASSIC_CASES)
def test_sums_of_classic_parts(case: str) -> None:
    """What the first parts add up to, within bounds, is published where the others are off."""
    begin = {"num_servers": 12} | CLASSIC_CASES[case]
    plan = planned(begin)
    made = parts_of(plan)
    for (name, _), off in zip(
        CLASSIC_STEPS, accumulate((off for _, off in CLASSIC_STEPS), dict.__or__), strict=True
    ):
        published = simulate(planned(begin | off), whole(plan)).values
        for metric, values in zip(plan.metrics, published, strict=True):
            total = up_to(plan, made, metric.column, name)
            within = np.clip(total, round(100 * metric.low), round(100 * metric.high))
            assert np.array_equal(within, values), (name, metric.column)
            assert any(made.parts[0][part].values.any() for part in ("noise", "spike", "limits"))


# --- realistic ----------------------------------------------------------------------------------

STEPS: list[tuple[dict[str, str], dict[str, Any]]] = [
    (
        {"net_in": "activity", "net_out": "activity", "mem": "follows", "disk": "fill"},
        each(
            KINDS,
            network__transfers__rate=0,
            memory__releases__rate=0,
            memory__per_spike=0,
            jobs__memory=0,
            episodes__memory=0,
            disk__noise=0,
            disk__rotation__size=0,
        ),
    ),
    (
        {"cpu": "jobs", "net_in": "own", "net_out": "own", "mem": "noise", "disk": "trend"},
        each(
            KINDS,
            episodes__rate=0,
            network__per_spike=0,
            jobs__traffic=0,
            episodes__traffic=0,
            memory__follows=0,
            disk__fill=0,
        ),
    ),
    (
        {"cpu": "spikes", "mem": "leak", "disk": "level"},
        each(KINDS, jobs__count=0, memory__drift=0, memory__noise=0, disk__trend=0),
    ),
    (
        {"cpu": "own", "mem": "cache"},
        each(KINDS, spikes__rate=0, dips__rate=0, demand__shock_rate=0, memory__leak=0),
    ),
    (
        {"cpu": "growth", "net_in": "growth", "net_out": "growth", "mem": "restart"},
        each(
            KINDS,
            noise__size=0,
            swings__rate=0,
            demand__wander__fast=0,
            demand__wander__middle=0,
            demand__wander__slow=0,
            network__noise=0,
            network__drift=0,
            memory__cache=0,
        ),
    ),
    (
        {"cpu": "calendar", "net_in": "calendar", "net_out": "calendar", "mem": "level"},
        each(KINDS, demand__growth=0, memory__jump=0),
    ),
    (
        {"cpu": "season", "net_in": "season", "net_out": "season"},
        each(KINDS, demand__weekend=1, demand__holiday=1, demand__close=0, demand__day_spread=0),
    ),
    (
        {"cpu": "level", "net_in": "level", "net_out": "level"},
        each(KINDS, demand__seasonality=0),
    ),
]
"""What is switched off, one after the other, and up to which part that leaves each metric."""
SAMPLES: dict[str, Any] = {
    "preset": "realistic",
    "num_servers": 14,
    "assignment": "interleaved",
    "distribution": dict.fromkeys(KINDS, 0.2),
    "start_date": "2024-03-29",
    "end_date": "2024-04-02",
    "granularity": "5min",
    "growth_start": "2022-01-01",
    "incidents": {"intensity": 0},
    "stories": {"share": 0},
} | each(
    KINDS,
    floor=0,
    steps=0,
    memory__follows=2.0,
    memory__restart_days=1.5,
    disk__cleanup_days=1.5,
    network__link=100_000,
)


def published_of(plan: Plan, stem: str, total: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bound a sum as the collector does, but for the link, which is too fast to be reached."""
    if stem not in ("cpu", "mem", "disk"):
        return np.maximum(total, 0)
    of_servers = members.members_of(plan, 0, plan.fleet.size)
    lowest = np.where(of_servers.loads.level > 0, 1, 0)[:, None] if stem == "cpu" else 0
    return np.clip(total, lowest, 10_000)


def compared(plan: Plan, made: Parts, without: Plan, names: dict[str, str]) -> dict[str, int]:
    """Count rows where a sum is not what is published without the later parts.

    Traffic is compared where the CPU is not saturated, in either.
    """
    published = simulate(without, whole(without)).values
    served = (made.block.values[0] < 10_000) & (published[0] < 10_000)
    assert served.mean() > 0.9
    out = {}
    for stem, name in names.items():
        place = ["cpu", "mem", "disk", "net_in", "net_out"].index(stem)
        expected = published_of(plan, stem, up_to(plan, made, plan.metrics[place].column, name))
        different = expected != published[place]
        out[stem] = int(np.count_nonzero(different & served if "net" in stem else different))
    return out


def test_sums_of_realistic_parts() -> None:
    """What the first parts add up to is published where the others are off, at every sample."""
    plan = planned(SAMPLES)
    made = parts_of(plan)
    seen: dict[str, Any] = {}
    for names, off in STEPS:
        seen |= off
        without = planned(SAMPLES | seen)
        assert compared(plan, made, without, names) == dict.fromkeys(names, 0), names
    for parts in made.parts:
        assert all(part.values.any() for part in parts.values() if part is not parts["limits"])


def test_the_part_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the servers' own noise there is what the sums up to `shared` say."""
    plan = planned(SAMPLES)
    made = parts_of(plan)
    off: dict[str, Any] = {}
    for _, more in STEPS[:4]:
        off |= more
    off |= each(KINDS, noise__size=0, swings__rate=0, network__noise=0, network__drift=0)
    of = Loads.of

    def silent(*args: Any) -> Loads:
        loads = of(*args)
        return loads._replace(own=np.zeros_like(loads.own))

    monkeypatch.setattr(Loads, "of", silent)
    names = {"cpu": "shared", "net_in": "shared", "net_out": "shared"}
    without = planned(SAMPLES | off)
    assert compared(plan, made, without, names) == dict.fromkeys(names, 0)
    other = {"cpu": "own", "net_in": "own", "net_out": "own"}
    assert min(compared(plan, made, without, other).values()) > 1000


def test_saturation_is_where_the_cpu_is_full() -> None:
    """Traffic falls with what the CPU leaves undone, and nowhere else."""
    full = {"distribution": {"web": 1}} | each(("web",), demand__level=85, network__link=1e7)
    plan = planned(SAMPLES | full)
    made = parts_of(plan)
    saturated = made.block.values[0] == 10_000
    assert 0.05 < saturated.mean() < 0.95
    for parts in made.parts[3:]:
        saturation = parts["saturation"].values
        assert not saturation[~saturated].any()
        assert (saturation[saturated] < 0).mean() > 0.9
        assert (saturation <= 0).all()


def test_the_published_sample() -> None:
    """Parts of a day are those of the sample that it publishes, which is the first such."""
    several = {"statistics": ["p95", "p50", "max", "min", "mean"]}
    samples, days = planned(SAMPLES), planned(SAMPLES | several, granularity="daily")
    of_samples, of_days = parts_of(samples), parts_of(days)
    for place, metric in enumerate(days.metrics):
        stem = place // 5
        by_day = of_samples.block.values[stem].reshape(samples.fleet.size, -1, DAY)
        chosen = of_days.places[place]
        if metric.statistic == "mean":
            assert chosen is None
            continue
        assert chosen is not None
        found = np.take_along_axis(by_day, chosen[..., None].astype(np.int64), axis=2)[..., 0]
        assert np.array_equal(found, of_days.block.values[place])
        assert np.array_equal((by_day == found[..., None]).argmax(axis=2), chosen)
        at = chosen + np.arange(chosen.shape[1]) * DAY
        for name, part in of_samples.parts[stem].items():
            there = np.take_along_axis(part.values, at, axis=1)
            assert np.array_equal(there, of_days.parts[place][name].values), (metric.column, name)


def test_means_are_the_means_of_parts() -> None:
    """Of all samples, to whole hundredths; the remainder is a matter of rounding."""
    samples = planned(SAMPLES)
    days = planned(SAMPLES, granularity="daily", statistics=["mean"])
    of_samples, of_days = parts_of(samples), parts_of(days)
    for of_sample, of_day in zip(of_samples.parts, of_days.parts, strict=True):
        assert list(of_day) == [*of_sample, "rounding"]
        for name, part in of_sample.items():
            by_day = part.values.reshape(samples.fleet.size, -1, DAY).astype(np.int64)
            assert np.array_equal(np.rint(by_day.sum(axis=2) / DAY), of_day[name].values)
        assert np.abs(of_day["rounding"].values).max() <= len(of_sample) / 2 + 0.5


def test_comparisons_notice_another_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Caches that came before restarts would be told from restarts that came first."""
    told = stocks.memory_sums

    def swapped(*args: Any) -> Any:
        level, restart, cache, leak = told(*args)
        return [level, cache, restart, leak]

    monkeypatch.setattr(stocks, "memory_sums", swapped)
    plan = planned(SAMPLES)
    made = parts_of(plan)
    off: dict[str, Any] = {}
    for _, more in STEPS[:5]:
        off |= more
    assert compared(plan, made, planned(SAMPLES | off), {"mem": "restart"})["mem"] > 1000
