"""The facts of one server and of a fleet, against plain loops written from their definitions."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median

import numpy as np
import pytest
from numpy.typing import NDArray

from fleetsynth.clock import DAY_SECONDS as DAY
from fleetsynth.clock import HOUR_SECONDS as HOUR
from fleetsynth.facts import levels, measures
from fleetsynth.facts.cross import CrossSample
from fleetsynth.facts.facts_table import PLAIN, Fact, known_facts, sources
from fleetsynth.facts.fleet_facts import FleetFacts, Pool, exponent
from fleetsynth.facts.server_facts import measure
from fleetsynth.reader.grid import Grid, Server

Series = NDArray[np.float64]

MONDAY = 19724 * DAY  # 1 January 2024
STEP = 1800
GRID = Grid(MONDAY // STEP, 48 * 21, STEP)


def series(seed: int = 1, missing: float = 0.05, count: int = GRID.count) -> Series:
    """A rough series with a daily shape, heavy tails, memory and missing points."""
    draw = np.random.default_rng(seed)
    shape = 10 + 3 * np.sin(np.arange(count) * 2 * np.pi / 48)
    noise = np.convolve(draw.standard_t(3, count + 2), [1, 0.6, 0.3], "valid")
    values: Series = np.round(shape + noise, 2)
    values[draw.random(count) < missing] = np.nan
    return values


# Plain definitions: lists, loops, dates.


def points(values: Series) -> list[float]:
    return [value for value in values.tolist() if not math.isnan(value)]


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def central(values: Sequence[float], order: int) -> float:
    return mean([(value - mean(values)) ** order for value in values])


def moments_of_time(grid: Grid) -> list[datetime]:
    first = datetime.fromtimestamp(grid.first * grid.step + grid.phase, UTC)
    return [first + timedelta(seconds=grid.step * tick) for tick in range(grid.count)]


def without_means(values: Series, keys: Sequence[object]) -> list[float]:
    groups: dict[object, list[float]] = {}
    for key, value in zip(keys, values.tolist(), strict=True):
        if not math.isnan(value):
            groups.setdefault(key, []).append(value)
    means = {key: mean(group) for key, group in groups.items()}
    return [value - means.get(key, 0.0) for key, value in zip(keys, values.tolist(), strict=True)]


def pearson(pairs: Sequence[tuple[float, float]]) -> float:
    there = [(a, b) for a, b in pairs if not (math.isnan(a) or math.isnan(b))]
    one, two = [a for a, _ in there], [b for _, b in there]
    both = mean([(a - mean(one)) * (b - mean(two)) for a, b in there])
    return both / math.sqrt(central(one, 2) * central(two, 2))


def slots(grid: Grid) -> list[tuple[int, bool]]:
    return [(time.hour, time.weekday() >= 5) for time in moments_of_time(grid)]


def plain_residual(values: Series, grid: Grid) -> Series:
    return np.array(without_means(values, slots(grid)))


# One server


@pytest.mark.parametrize("phase", [0, 120])
@pytest.mark.parametrize("step", [300, 1800, 3600, 86400])
def test_calendar_of_a_grid(step: int, phase: int) -> None:
    grid = Grid((MONDAY + 5 * 3600) // step, 400, step, phase)
    times = moments_of_time(grid)
    assert grid.hours().tolist() == [time.hour for time in times]
    assert grid.slots().tolist() == [t.hour + 24 * (t.weekday() >= 5) for t in times]
    assert grid.days().tolist() == [(t.date() - times[0].date()).days for t in times]


@pytest.mark.parametrize("missing", [0.0, 0.05, 0.5])
def test_residual(missing: float) -> None:
    values = series(2, missing)
    found = measures.residual(values, GRID.slots())
    np.testing.assert_allclose(found, plain_residual(values, GRID), atol=1e-9)


def test_a_residual_of_what_the_calendar_explains_is_exactly_zero() -> None:
    values: Series = (GRID.slots() * 0.1).astype(np.float64)
    assert not measures.residual(values, GRID.slots()).any()


@pytest.mark.parametrize("missing", [0.0, 0.05])
def test_hour_of_day_explains(missing: float) -> None:
    values = series(3, missing)
    rest = points(np.array(without_means(values, [t.hour for t in moments_of_time(GRID)])))
    expected = 1 - central(rest, 2) / central(points(values), 2)
    assert measures.explained(values, GRID.hours()) == pytest.approx(expected)


@pytest.mark.parametrize("lag", [1, 2, 48, 336])
@pytest.mark.parametrize("missing", [0.0, 0.05])
def test_autocorrelation(lag: int, missing: float) -> None:
    values = series(4, missing)
    pairs = list(zip(values[:-lag].tolist(), values[lag:].tolist(), strict=True))
    assert measures.autocorrelation(values, lag) == pytest.approx(pearson(pairs))


@pytest.mark.parametrize(
    "values",
    [np.full(100, 0.1), np.full(100, np.nan), np.arange(5.0)],
    ids=["flat", "missing", "short"],
)
def test_what_is_not_defined_is_nan(values: Series) -> None:
    flat = len(values) != 5
    grid = Grid(0, len(values), 300)
    assert np.isnan(measures.autocorrelation(values, 1))
    assert np.isnan(measures.correlation(values, values))
    assert np.isnan(measures.daily(values, grid.days(), 300, "p95"))
    if flat:
        assert np.isnan(measures.moment(values, 3))
        assert np.isnan(measures.explained(values, grid.hours()))
        assert np.isnan(measures.threshold(values))
        assert np.isnan(measures.hourly_share(values, grid))


@pytest.mark.parametrize("order", [3, 4])
def test_moments(order: int) -> None:
    values = series(5)
    there = points(values)
    expected = central(there, order) / central(there, 2) ** (order / 2)
    assert measures.moment(values, order) == pytest.approx(expected)


def test_threshold_and_share_beyond() -> None:
    rest = measures.residual(series(6), GRID.slots())
    there = points(rest)
    middle = median(there)
    limit = middle + 5 * median([abs(value - middle) for value in there])
    assert measures.threshold(rest) == pytest.approx(limit)
    found = levels.bursts(rest, np.zeros(len(rest), np.bool_))
    assert found is not None
    assert found.share == pytest.approx(sum(value > limit for value in there) / len(there))
    assert found.lengths.sum() == sum(value > limit for value in there) > 3


def test_bursts_are_runs_outside_windows_and_gaps_end_them() -> None:
    rest = np.tile([-1.0, 1.0], 50)
    rest[[3, 4, 10, 20, 21, 22, 24, 40, 41]] = 50
    rest[23] = np.nan
    shut = np.zeros(100, np.bool_)
    shut[41:] = True
    found = levels.bursts(rest, shut)
    assert found is not None
    assert found.lengths.tolist() == [2, 1, 3, 1, 1]
    assert found.share == 9 / 99
    assert found.points == 40


@pytest.mark.parametrize("missing", [0.0, 0.05])
@pytest.mark.parametrize(("what", "q"), [("p95", 0.95), ("max", 1.0)])
def test_daily_ratio_is_over_whole_days(what: str, q: float, missing: float) -> None:
    values = series(7, missing)[10:-5]
    grid = Grid(GRID.first + 10, len(values), STEP)
    by_day: dict[object, list[float]] = {}
    for time, value in zip(moments_of_time(grid), values.tolist(), strict=True):
        if not math.isnan(value):
            by_day.setdefault(time.date(), []).append(value)
    whole = [day for day in by_day.values() if len(day) >= 0.95 * 48]
    assert 2 < len(whole) < 21
    expected = median([float(np.quantile(day, q)) / mean(day) for day in whole])
    assert measures.daily(values, grid.days(), STEP, what) == pytest.approx(expected)


@pytest.mark.parametrize("missing", [0.0, 0.5])
def test_hourly_share(missing: float) -> None:
    values = series(8, missing)
    by_hour: dict[object, list[float]] = {}
    for time, value in zip(moments_of_time(GRID), values.tolist(), strict=True):
        if not math.isnan(value):
            by_hour.setdefault((time.date(), time.hour), []).append(value)
    means = [mean(group) for group in by_hour.values()]
    expected = central(means, 2) / central(points(values), 2)
    assert measures.hourly_share(values, GRID) == pytest.approx(expected)
    assert np.isnan(measures.hourly_share(values, Grid(0, len(values), HOUR)))


# Level shifts


@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("first", [0, 7])
def test_daily_medians(first: int, missing: float) -> None:
    values = series(9, missing)[first:-4]
    grid = Grid(GRID.first + first, len(values), STEP)
    days = grid.days().tolist()
    plain = [
        median([v for v, d in zip(values, days, strict=True) if abs(d - day) <= 3 and v == v])
        for day in range(3, days[-1] - 2)
    ]
    expected = [plain[0]] * 3 + plain + [plain[-1]] * 3
    assert levels.daily_medians(values, grid.days()).tolist() == expected


@pytest.mark.parametrize("days", [0, 1, 6, 7, 8, 9])
def test_daily_medians_of_few_days(days: int) -> None:
    medians = levels.daily_medians(np.ones(days * 4), np.repeat(np.arange(days), 4))
    assert len(medians) == days
    assert np.isnan(medians).all() if days < 7 else (medians == 1).all()


def days_at(*spans: tuple[int, float]) -> Series:
    """A level per day, four points a day."""
    return np.concatenate([np.full(4 * days, level) for days, level in spans])


@pytest.mark.parametrize(
    ("level", "first_days", "days_shut"),
    [
        (days_at((20, 10), (20, 13)), [20], None),
        (days_at((20, 10), (20, 7)), [20], None),
        (days_at((20, 10), (20, 12)), [], 0),  # less than a quarter
        (days_at((20, 2), (20, 2.8)), [], 0),  # less than a point
        (days_at((20, 10), (4, 20), (20, 10)), [], 0),  # four days
        (days_at((20, 10), (5, 20), (20, 10)), [20, 28], 5),
        (days_at((20, 10), (9, 20), (20, 10)), [20, 29], 9),
        (days_at((20, 10), (1, 11), (1, 12), (20, 20)), [22], None),  # within three days
        (days_at((30, 10), (5, 20), (30, 10), (10, 4)), [30, 38, 65], 15),
        (days_at((4, 10), (20, 20)), [], 0),  # too few days before
        (days_at((5, 10), (20, 20)), [8], None),
        (days_at((20, 10), (4, 20)), [], 0),  # too few days after
        (days_at((20, 10), (5, 20)), [20], 5),
    ],
)
def test_level_shifts(level: Series, first_days: list[int], days_shut: int | None) -> None:
    medians = levels.daily_medians(level, np.arange(len(level)) // 4)
    found = levels.shifts(medians).tolist()
    assert found == first_days
    if days_shut is not None:
        assert levels.windows(medians, float(np.median(level))).sum() == days_shut


def test_a_window_on_a_long_shift_is_the_shorter_side() -> None:
    level = days_at((30, 10), (20, 20))
    shut = levels.windows(levels.daily_medians(level, np.arange(200) // 4), float(np.median(level)))
    assert np.flatnonzero(shut).tolist() == list(range(30, 50))


# One server, all together


def test_a_server_is_measured() -> None:
    cpu, memory = series(10), series(11)
    found = measure(Server("a", GRID, {"cpu": cpu, "memory": memory, "network": 2 * cpu}))
    rest = plain_residual(cpu, GRID)
    numbers = found.numbers
    assert numbers["mean"] == pytest.approx(mean(points(cpu)))
    assert numbers["residual_lag"] == pytest.approx(measures.autocorrelation(rest, 1))
    assert numbers["lag_1h"] == pytest.approx(measures.autocorrelation(cpu, 2))
    assert numbers["lag_1d"] == pytest.approx(measures.autocorrelation(cpu, 48))
    assert numbers["lag_7d"] == pytest.approx(measures.autocorrelation(cpu, 336))
    there = points(rest)
    assert numbers["kurtosis"] == pytest.approx(central(there, 4) / central(there, 2) ** 2 - 3)
    assert numbers["residual_sd"] == pytest.approx(math.sqrt(central(there, 2)))
    assert numbers["bursts_per_day"] == pytest.approx(len(found.lengths) * 48 / len(there))
    assert numbers["cpu_network_r"] == pytest.approx(1)
    assert abs(numbers["memory_cpu_r"]) < 0.9
    assert numbers["shifted"] == 0


def test_coarse_steps_have_fewer_facts() -> None:
    grid = Grid(0, 400, DAY)
    numbers = measure(Server("a", grid, {"cpu": series(12, 0, 400)})).numbers
    undefined = {name for name, value in numbers.items() if math.isnan(value)}
    assert undefined == {"lag_1h", "hour_r2", "daily_p95", "hourly_share"}


# The fleet


def test_pooled_points() -> None:
    parts = [np.round(series(seed, 0.1), 2).clip(0) for seed in range(5)]
    parts.append(np.array([0.0, 99.0, 100.0, 12.34]))
    pool = Pool()
    zeros = [pool.add(part) for part in parts]
    together = sorted(value for part in parts for value in points(part))
    found = pool.facts()
    assert zeros == [sum(v == 0 for v in points(part)) for part in parts]
    assert found["mean"] == pytest.approx(mean(together))
    assert found["sd"] == pytest.approx(math.sqrt(central(together, 2)))
    for q in (50, 95, 99):
        assert found[f"p{q}"] == together[math.ceil(q * len(together) / 100) - 1]
    assert found["zeros"] == pytest.approx(100 * sum(zeros) / len(together))
    assert found["saturated"] == pytest.approx(200 / len(together))


def test_exponent_of_a_power_law() -> None:
    means = np.array([0.5, 1, 2, 10, 50, 90, 99])
    deviations = 0.3 * means**0.7
    deviations[[0, -1]] = 77  # out of bounds
    assert exponent(means, deviations) == pytest.approx(0.7)
    assert np.isnan(exponent(means[:3], deviations[:3]))


def fleet(sizes: Sequence[int], missing: float) -> list[Server]:
    """Services of some sizes; replicas share a residual."""
    out = []
    for service, size in enumerate(sizes):
        shared = series(100 + service, 0)
        for replica in range(size):
            own = shared + series(1000 * service + replica, missing) / 2
            name = f"s{service}-{replica}"
            out.append(Server(name, GRID, {"cpu": own}, "web", f"service {service}"))
    return out


@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_correlation_across_servers(missing: float) -> None:
    servers = fleet([3, 1, 4], missing)
    rests = {s.name: measures.residual(s.series["cpu"], GRID.slots()) for s in servers}
    sample = CrossSample()
    for server in servers:
        cpu = server.series["cpu"]
        sample.add(server.name, server.service, GRID, cpu, rests[server.name])
    pairs = [(a, b) for i, a in enumerate(servers) for b in servers[i + 1 :]]
    raw = [measures.correlation(a.series["cpu"], b.series["cpu"]) for a, b in pairs]
    same = [r for r, (a, b) in zip(raw, pairs, strict=True) if a.service == b.service]
    apart = [
        abs(measures.correlation(rests[a.name], rests[b.name]))
        for a, b in pairs
        if a.service != b.service
    ]
    found = sample.facts()
    assert found["cross_r"] == pytest.approx(median(raw), abs=1e-5)
    assert found["cross_r_p90"] == pytest.approx(np.percentile(raw, 90), abs=1e-5)
    assert found["service_r"] == pytest.approx(median(same), abs=1e-5)
    assert found["between_r"] == pytest.approx(median(apart), abs=1e-5)
    assert found["service_r"] > 0.5 > found["between_r"]


def test_the_sample_is_bounded_and_blind_to_order() -> None:
    servers = fleet([2, 3, 2, 3, 2], 0.02)
    found = []
    for order in (servers, servers[::-1]):
        sample = CrossSample(servers=6, ticks=200)
        for server in order:
            cpu = server.series["cpu"]
            sample.add(server.name, server.service, GRID, cpu, cpu)
        kept = [entry[-1] for entry in sample._heap]
        assert len(kept) == 6
        assert all(k.values.shape[1] <= 200 for k in kept)
        found.append((sorted(k.name for k in kept), sample.facts()))
    assert found[0] == found[1]
    whole = {name.partition("-")[0] for name in found[0][0]}
    assert len(whole) <= 3  # services are kept whole, but for the last


def test_flat_and_short_servers_have_no_correlation() -> None:
    sample = CrossSample()
    for name, values in (("a", np.full(GRID.count, 3.3)), ("b", series(1)), ("c", series(2))):
        sample.add(name, None, GRID, values, values)
    far = Grid(GRID.first + 10 * GRID.count, GRID.count, STEP)
    sample.add("d", None, far, series(3), series(3))
    found = sample.facts()
    assert found["cross_r"] == pytest.approx(measures.correlation(series(1), series(2)), abs=1e-5)
    assert np.isnan(found["service_r"])
    assert np.isnan(found["between_r"])


def test_facts_of_a_fleet() -> None:
    summary = FleetFacts()
    servers = fleet([3, 1, 4], 0.01)
    still = Server("z", GRID, {"cpu": np.zeros(GRID.count)}, "off", "alone")
    for server in [*servers, still]:
        summary.add(server)
    values = summary.values()
    lags = [measure(server).numbers["residual_lag"] for server in servers]
    assert values["residual_lag"] == pytest.approx(median(lags))
    assert values["zero_types"] == "off"
    assert values["memory_lag"] is None
    assert values["cpu_network_r"] is None
    assert summary.counts()["residual_lag"] == (8, 1)
    assert summary.servers == 9
    assert set(values) == set(known_facts())


def test_without_types_and_services_facts_are_absent() -> None:
    summary = FleetFacts()
    for server in fleet([2, 2], 0):
        summary.add(Server(server.name, GRID, server.series))
    values = summary.values()
    assert values["cross_r"] is not None
    assert [values[n] for n in ("service_r", "between_r", "zero_types")] == [None] * 3


# What is known of real fleets


def test_the_table_of_real_fleets() -> None:
    table = known_facts()
    assert len(table) > 40
    assert {key for fact in table.values() for key in fact.real} == set(sources())
    assert PLAIN in sources()
    for name, fact in table.items():
        assert fact.label, name
        assert not (fact.real and fact.stated), name
        for low, high in filter(None, (fact.wanted, fact.stated)):
            assert low is None or high is None or low <= high, name


@pytest.mark.parametrize(
    ("fact", "value", "holds"),
    [
        (Fact("a", "", 1, (1, 2)), 1.0, True),
        (Fact("a", "", 1, (1, 2)), 2.1, False),
        (Fact("a", "", 1, (1, 2)), 0.9, False),
        (Fact("a", "", 1, (1, 2)), None, None),
        (Fact("a", "", 1), 5.0, None),
        (Fact("a", "", 1, only=("idle", "off")), "idle, off", True),
        (Fact("a", "", 1, only=("idle", "off")), "idle, web", False),
    ],
)
def test_what_is_wanted(fact: Fact, value: float | str | None, holds: bool | None) -> None:
    assert fact.holds(value) is holds


def test_the_real_range_leaves_out_what_is_no_trace() -> None:
    assert Fact("a", "", 1, real={"web": 2, "aws": 1, PLAIN: 9}).range() == (1, 2)
    assert Fact("a", "", 1, stated=(3, 4)).range() == (3, 4)
    assert Fact("a", "", 1).range() is None


def test_what_is_wanted_is_bounded_on_both_sides_and_not_by_nothing() -> None:
    for name, fact in known_facts().items():
        if fact.wanted is not None:
            low, high = fact.wanted
            assert low < high, name
            assert fact.holds(low)
            assert fact.holds(high)
            assert fact.holds(high + 0.01) is False


def test_what_hours_explain_is_never_below_nothing() -> None:
    hours = np.arange(48) % 24
    for scale in range(1, 40):
        values = np.repeat([0.1 * scale, 0.3 * scale], 24)
        assert 0 <= measures.explained(values, hours) < 1e-9
