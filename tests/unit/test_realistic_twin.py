"""The realistic model against its scalar twin, bit for bit, from figures to published values."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from fleetsynth.models.realistic import aggregate, compose, demand
from fleetsynth.models.realistic.plan import RealisticPlan
from fleetsynth.models.realistic.simulate import samples
from fleetsynth.models.resets import Resets
from fleetsynth.presets import simulate
from fleetsynth.scenario.distribution import Distribution
from fleetsynth.window import Window
from tests import realistic_twin as twin
from tests.realistic_agreement import (
    MIXED,
    disagreements,
    published_by_twin,
    realistic,
    servers_of,
)
from tests.support import differing, ids

pytestmark = pytest.mark.slow


def tick_at(plan: RealisticPlan, when: str) -> int:
    """The sample at a UTC time."""
    moment = datetime.fromisoformat(when).replace(tzinfo=UTC)
    return int(moment.timestamp()) // plan.scenario.sample_seconds


def window_at(plan: RealisticPlan, when: str, count: int, first_server: int = 0) -> Window:
    """A window of samples from a UTC time on."""
    begin = tick_at(plan, when)
    return Window(first_server, plan.fleet.size, begin, begin + count)


BUSY: dict[str, Any] = {
    "distribution": {"web": 0.5, "batch": 0.5},
    "archetypes.web.demand.level": {"uniform": [85, 120]},
    "archetypes.web.demand.shock_rate": 24,
    "archetypes.web.spikes.rate": 48,
    "archetypes.web.dips.rate": 24,
    "archetypes.web.network.transfers.rate": 24,
    "archetypes.batch.demand.shock_rate": 20,
    "archetypes.batch.spikes.rate": {"uniform": [24, 48]},
    "archetypes.batch.network.transfers.rate": {"zero": 0.3, "uniform": [4, 24]},
    "archetypes.batch.episodes.rate": 16,
    "archetypes.batch.jobs.count": 8,
    "archetypes.batch.jobs.drift": 1,
    "archetypes.batch.network.link": 60,
}
"""Saturated servers, and activities that meet."""

RESTLESS: dict[str, Any] = {
    "distribution": {"web": 0.5, "idle": 0.5},
    "archetypes.web.memory.restart_days": {"uniform": [0.3, 3]},
    "archetypes.web.memory.leak": 4,
    "archetypes.web.disk.cleanup_days": {"uniform": [0.2, 2]},
    "archetypes.web.disk.fill": 20,
    "archetypes.idle.memory.restart_days": 1,
    "archetypes.idle.disk.cleanup_days": 1,
}
"""Several restarts and clean-ups a day."""

ODD: dict[str, Any] = {
    "distribution": {"web": 0.5, "off": 0.5},
    "archetypes.web.demand.level": {"zero": 0.5, "lognormal": [3, 1], "min": 2, "max": 50},
    "archetypes.web.demand.shared": {"zero": 0.5, "value": 1},
    "archetypes.web.demand.seasonality": 0,
    "archetypes.web.demand.peak_hour": -3.3,
    "archetypes.web.noise.size": 1,
    "archetypes.web.noise.memory": {"zero": 0.3, "uniform": [-0.9, 0.9]},
    "archetypes.web.noise.skew": 1,
    "archetypes.web.cycle": {"size": 16, "samples": {"uniform": [1, 48]}},
    "archetypes.web.swings": {"rate": 16, "size": 1, "hours": 1000},
    "archetypes.web.network.noise": 1,
    "archetypes.web.network.cpu_correlation": 1,
    "archetypes.web.memory.jump": {"normal": [8, 3], "min": 0},
    "archetypes.off.network.level": 3,
    "archetypes.off.spikes.rate": 24,
    "archetypes.off.steps": {"choices": [0, 0.1, 3]},
    "archetypes.off.floor": {"value": 0.5, "zero": 0.5},
}
"""Figures at the borders of what they may be."""

EXTREME: dict[str, Any] = {
    "distribution": {"web": 0.7, "batch": 0.3},
    "archetypes.web.dips": {"rate": 24, "minutes": 200, "noises": 50},
    "archetypes.web.network.transfers": {"rate": 12, "minutes": 200, "height": 50, "tail": 16},
    "archetypes.batch.jobs": {"count": 3, "period": 1, "minutes": 60, "height": 1e9, "jitter": 1},
    "archetypes.batch.network.transfers.height": 1e9,
}
"""Dips as deep as they get, transfers and runs as high, jobs as often."""


@pytest.mark.parametrize(
    ("overrides", "when", "count"),
    [
        pytest.param({}, "2022-05-11T09:35", 500, id="across a tile border, not at one"),
        pytest.param({"seed": 7}, "2022-03-12T21:15", 400, id="clocks forward in America"),
        pytest.param({}, "2022-11-05T22:00", 400, id="clocks back in America"),
        pytest.param({"assignment": "drawn"}, "2022-07-05T22:00", 300, id="drawn"),
        pytest.param({"sample_interval": "1h"}, "2022-03-12", 380, id="spring by the hour"),
        pytest.param({"sample_interval": "1h"}, "2022-10-29T05:00", 250, id="autumn by the hour"),
        pytest.param({"sample_interval": "1h"}, "2021-12-23", 240, id="the end of a year"),
        pytest.param({"sample_interval": "1min"}, "2022-06-30T18:31", 500, id="by the minute"),
        pytest.param({"sample_interval": "400s"}, "2022-06-30T18:40", 200, id="nine an hour"),
        pytest.param({"sample_interval": "15min"}, "2022-01-29", 500, id="the end of a month"),
        pytest.param({"growth_start": date(2015, 1, 31)}, "2022-02-27T12:00", 100, id="grown"),
        pytest.param({"growth_start": date(2030, 8, 30)}, "2022-02-27T12:00", 100, id="before"),
        pytest.param(BUSY, "2022-04-04T11:00", 600, id="saturated"),
        pytest.param(RESTLESS, "2022-04-04T11:00", 600, id="restless"),
        pytest.param(ODD | {"seed": 5}, "2022-04-04T11:00", 300, id="odd"),
        pytest.param(EXTREME, "2022-04-04T11:00", 100, id="extreme"),
        pytest.param(
            {
                "growth_start": date(1931, 1, 31),
                "start_date": date(1931, 3, 1),
                "end_date": date(1931, 3, 9),
            },
            "1931-03-07T11:00",
            200,
            id="long ago",
        ),
    ],
)
def test_samples_agree(overrides: dict[str, Any], when: str, count: int) -> None:
    """Every stage of every sample, in every bit."""
    plan = realistic(overrides)
    assert disagreements(plan, window_at(plan, when, count)) == {}


def test_the_cases_hold_what_they_are_for() -> None:
    """Saturated CPUs, full links, shocks that meet, and several restarts within a window."""
    plan = realistic(BUSY)
    window = window_at(plan, "2022-04-04T11:00", 600)
    made = samples(plan, window)
    assert np.count_nonzero(made.cpu > 100) > 100
    assert np.count_nonzero(made.hundredths[3] == 6000) > 100
    services = {server.service.name: server.service for server in servers_of(plan)}
    meeting = [
        sum(each.within(t, 300, 1.0) > 0 for each in service.shocks.near(t, 300))
        for service in services.values()
        for t in range(*window[2:])
    ]
    assert max(meeting) > 1
    restless = realistic(RESTLESS)
    span = window_at(restless, "2022-04-04T11:00", 600)
    for name in ("restarts", "cleanups"):
        renewals = [getattr(server, name) for server in servers_of(restless)]
        ticks = range(span.first_tick, span.stop_tick)
        passed = [len({each.last(t) for t in ticks}) - 1 for each in renewals]
        assert sum(passed) > len(passed)


@pytest.mark.parametrize(
    ("overrides", "days"),
    [
        ({"granularity": "daily"}, 3),
        ({"granularity": "daily", "sample_interval": "1h"}, 15),
        ({"granularity": "hourly", "sample_interval": "1min"}, 1),
        ({"granularity": "hourly", "sample_interval": "1h"}, 2),
    ],
)
def test_published_values_agree(overrides: dict[str, Any], days: int) -> None:
    """Statistics of a tick, several at a time, in whole hundredths."""
    statistics = ["p50", "p95", "max", "mean", "min"]
    plan = realistic(
        overrides,
        num_servers=6,
        statistics=statistics,
        start_date=date(2022, 10, 29),
        end_date=date(2022, 12, 31),
    )
    per_day = plan.clock.ticks_per_day
    window = Window(1, 5, plan.clock.first + per_day, plan.clock.first + (days + 1) * per_day)
    if per_day == 24:
        window = window._replace(stop_tick=window.first_tick + days * 17)
    by_twin = published_by_twin(plan, window, statistics)
    assert np.array_equal(by_twin, simulate(plan, window).values)


def test_comparisons_notice_another_order_of_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Brackets elsewhere move thousands of unrounded values, each stage by itself."""
    plan = realistic(num_servers=4)
    window = window_at(plan, "2022-05-11T09:35", 300)
    assert disagreements(plan, window) == {}

    def in_another_order(mean: Any, drift: Any) -> Any:
        x = 1.0 + drift / 2
        return x * (x * mean)

    with monkeypatch.context() as patched:
        patched.setattr(compose, "drifted", in_another_order)
        found = disagreements(plan, window)
        assert "runs" not in found
        assert found["base"] > 300

    with monkeypatch.context() as patched:
        patched.setattr(twin, "NOISES", ("net_in", "cpu", "net_out", "memory"))
        assert "base" in disagreements(plan, window)
        assert "held" not in disagreements(plan, window)


# --- component by component ---------------------------------------------------------------------

WRITTEN: list[Any] = [
    5,
    2.675,
    {"value": 5},
    {"value": 3, "zero": 0.25},
    {"uniform": [0.1, 0.7]},
    {"uniform": [-2, 3], "min": -1, "max": 2.5},
    {"normal": [13, 4]},
    {"normal": [0.5, 0.8], "min": -2, "max": 4},
    {"lognormal": [50, 0.6]},
    {"lognormal": [0.3, 0.7], "zero": 0.5, "max": 1.5},
    {"lognormal": [1e-6, 2], "zero": 0.1},
    {"choices": [1, 1, 2, 7.5], "zero": 0.2},
]


@pytest.mark.parametrize("written", WRITTEN, ids=str)
def test_figures_agree(written: Any) -> None:
    """At both ends, at the border of zero, and at many places between."""
    given = {"value": written} if isinstance(written, int | float) else written
    distribution = Distribution.model_validate(given)
    ends = [0.0, 2.0**-60, 2.0**-54, 0.1, 0.25, 0.5, np.nextafter(0.5, 0), 1 - 2.0**-53]
    for u in [*ends, *np.random.default_rng(0).random(500).tolist()]:
        assert distribution.quantile(float(u)) == twin.quantile(written, float(u))


@pytest.mark.parametrize("assignment", ["interleaved", "blocks", "drawn"])
def test_services_agree(assignment: str) -> None:
    """Their names, sizes and metadata, over several blocks of 64 servers, or two of 4,096 ids."""
    plan = realistic(num_servers=5000 if assignment == "drawn" else 700, assignment=assignment)
    fleet, servers = plan.fleet, servers_of(plan)
    assert [server.id for server in servers] == ids(plan)
    assert [server.service.name for server in servers] == fleet.services(0, fleet.size)
    metadata = fleet.metadata(0, fleet.size)
    for column, odds in (
        ("business_unit", "business_units"),
        ("criticality", "criticalities"),
        ("region", "regions"),
    ):
        by_twin = [server.service.metadata(column, odds) for server in servers]
        assert metadata[column] == by_twin
    assert len(set(fleet.services(0, fleet.size))) > 80


@pytest.mark.parametrize("when", ["2022-03-10", "2022-10-28", "2023-12-20", "2017-02-15"])
def test_demand_agrees_everywhere(when: str) -> None:
    """Each packaged region, around changes of the clocks, closes and holidays."""
    regions = list(realistic().scenario.locations)
    plan = realistic(
        {"distribution": {"web": 0.5, "database": 0.5}, "assignment": "interleaved"},
        num_servers=600,
        regions=regions,
        sample_interval="1h",
    )
    services = {server.service.name: server.service for server in servers_of(plan)}
    by_region = {service.region: service for service in services.values()}
    assert set(by_region) == set(regions)
    first = tick_at(plan, when)
    hours = first, first + 14 * 24
    chosen = list(by_region.values())
    names = {
        *demand.OF_DAYS,
        *(
            f"demand.{part}"
            for part in ("growth", "weekend", "holiday", "close", "day_spread", "depth_spread")
        ),
    }
    closes = plan.scenario.closes
    *_, engine = demand.at_hours(
        demand.Services(
            names=[service.name for service in chosen],
            figures={
                name: np.array([service.figure(name) for service in chosen]) for name in names
            },
            words=np.array(
                [twin.word(service.seed, "day", service.name) for service in chosen], np.uint64
            ),
            locations=[plan.scenario.locations[service.region] for service in chosen],
            closes=[closes.get(service.business_unit, closes["default"]) for service in chosen],
            closed=[None] * len(chosen),
        ),
        *hours,
        plan.growth_clock.start,
    )
    by_twin = [[service.demand_at_hour(hour) for hour in range(*hours)] for service in chosen]
    assert differing(engine, np.array(by_twin)) == 0


def test_clocks_that_go_back_to_yesterday() -> None:
    """On 5 March 2010 at two, the clocks of Casey went back three hours, across midnight."""
    plan = realistic(
        {"locations.casey": {"zone": "Antarctica/Casey", "country": "AU"}},
        regions=["casey"],
        num_servers=1,
        sample_interval="1h",
    )
    first = tick_at(plan, "2010-03-04T10:00")
    for begin in range(first, first + 8):
        for count in (1, 2, 5):
            assert disagreements(plan, Window(0, 1, begin, begin + count)) == {}


@pytest.mark.parametrize("count", [1, 2, 12, 19, 20, 21, 60, 100, 288, 1440])
def test_statistics_agree(count: int) -> None:
    """Every percentile of every number of samples, ties among them included."""
    names = [*(f"p{q}" for q in range(1, 100)), "mean", "min", "max"]
    drawn = np.random.default_rng(count).integers(0, 50, (1, 2, 3 * count), dtype=np.int32)
    engine = aggregate.aggregate(drawn, count, names)
    for place, name in enumerate(names):
        for server in range(2):
            for tick in range(3):
                tail = drawn[0, server, tick * count : (tick + 1) * count].tolist()
                assert engine[place, server, tick] == twin.statistic(name, tail)


@pytest.mark.parametrize("period", [0.1, 0.7, 28.125, 64.0, 200.0])
def test_resets_agree(period: float) -> None:
    """The epoch that each sample lies in, before and after 1970."""
    resets = Resets(3, "restart", "server_007", period, 300)
    by_twin = twin.Renewals(3, "restart", "server_007", period, 300)
    for first in (-1000, 0, 5_500_123):
        for epoch in resets.epochs(first, first + 400):
            for t in range(max(epoch.start, first), min(epoch.stop, first + 400)):
                assert by_twin.last(t) == epoch.slot
                assert by_twin.sample(epoch.slot) == epoch.start


# --- the twin by itself -------------------------------------------------------------------------


def test_the_mean_of_a_day_is_one() -> None:
    """Whatever its depth, its peak and its harmonics; and its lowest is as deep as it says."""
    humps = ((0.6, 0.5), (0.2, 0.1), (0.1, 0.9))
    for depth, peak, more in ((0.0, 3.0, ()), (0.4, 14.25, ()), (0.7, 25.0, humps)):
        shape = twin.Shape(depth, peak, more)
        day = [twin.curve(shape, quarter) for quarter in range(96)]
        assert sum(day) / 96 == pytest.approx(1.0)
        assert min(day) == pytest.approx(1.0 - depth)
        if depth and not more:
            assert day.index(max(day)) == peak * 4 % 96


def test_a_close_rises_to_its_peak() -> None:
    """Five days of a calendar quarter, three of a fiscal one that ends in January."""
    default = {"month": 1.08, "quarter": 1.3, "days": 5, "fiscal_year_starts": 1}
    retail = {"month": 1.04, "quarter": 1.1, "days": 3, "fiscal_year_starts": 2}
    march = [round(twin.close_of(default, date(2022, 3, day)), 2) for day in range(26, 32)]
    assert march == [1.0, 1.06, 1.12, 1.18, 1.24, 1.3]
    assert twin.close_of(default, date(2022, 2, 28)) == pytest.approx(1.08)
    assert twin.close_of(retail, date(2022, 1, 31)) == pytest.approx(1.1)
    assert twin.close_of(retail, date(2022, 3, 31)) == pytest.approx(1.04)
    assert twin.close_of(retail, date(2022, 3, 28)) == 1.0


def test_a_day_becomes_the_next_without_a_step() -> None:
    """Midnight between a Friday and a Saturday is half of each; three hours off it is one."""
    figures = twin.DayFigures(weekend=0.5, holiday=0.8, close=0.0)
    close = {"month": 1.0, "quarter": 1.0, "days": 5, "fiscal_year_starts": 1}
    friday, saturday = date(2022, 5, 13), date(2022, 5, 14)

    def at(day: date, hour: float) -> float:
        return twin.day_factor(figures, day, hour, "IE", close)

    assert (at(friday, 21.0), at(saturday, 0.0), at(saturday, 3.0)) == (1.0, 0.75, 0.5)
    assert 0.75 < at(friday, 23.75) < at(friday, 23.0) < 1.0
    st_patrick = date(2022, 3, 17)
    assert twin.day_factor(figures, st_patrick, 12.0, "IE", close) == 0.8
    assert twin.day_factor(figures, st_patrick, 12.0, "SG", close) == 1.0


def test_ranks() -> None:
    """Of 288 samples, p95 is the 274th smallest, and p50 the 144th."""
    values = list(range(1, 289))
    assert [twin.statistic(name, values) for name in ("p95", "p50", "p1")] == [274, 144, 3]
    assert [twin.statistic(name, values) for name in ("min", "mean", "max")] == [1, 144, 288]


def test_every_archetype_is_in_the_small_fleet() -> None:
    """Or the comparisons above would say less than they seem to."""
    plan = realistic()
    assert {plan.archetypes[c].name for c in plan.fleet.archetype_codes(0, 14)} == set(MIXED)
    places = {server.service.region for server in servers_of(plan)}
    assert places == set(plan.scenario.regions)
