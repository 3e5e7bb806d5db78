"""How a plan is cut into parts: every row once, in parts of the right size, at month borders."""

from calendar import monthrange
from datetime import date
from itertools import permutations
from urllib.parse import unquote

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fleetsynth.errors import UsageError
from fleetsynth.folders.job import MOST_SAMPLES, Job
from fleetsynth.folders.parts import Part, cut
from fleetsynth.plan import Plan
from fleetsynth.presets import resolve, simulate
from fleetsynth.presets.load import load_scenario
from fleetsynth.stores.names import DATA, DAY_KEYS, PARTITION_KEYS, TIME_KEYS
from fleetsynth.window import Window
from tests.dataset.folders import MIXED
from tests.support import ids, plan_of, whole

PLANS = {
    "mixed": resolve(MIXED),
    "years": plan_of(num_servers=7, start_date="2021-12-31", end_date="2024-01-01"),
    "one day": plan_of(num_servers=5, end_date="2022-01-01", granularity="15min"),
    "one month": plan_of(num_servers=3, start_date="2022-02-01", end_date="2022-02-28"),
    "interleaved": plan_of(
        num_servers=30, end_date="2022-03-15", granularity="12h", assignment="interleaved"
    ),
}
MIXED_PLAN = PLANS["mixed"]
AWKWARD = ["a/b", "c=d", "50 %", "..", "~", "ü", "x?y#z", '"']

all_keys = st.permutations(PARTITION_KEYS).flatmap(
    lambda keys: st.integers(0, len(keys)).map(lambda count: tuple(keys[:count]))
)
usable_keys = all_keys.filter(
    lambda keys: ("month" not in keys or "year" in keys) and ("day" not in keys or "month" in keys)
)
cuts = st.tuples(st.sampled_from(sorted(PLANS)), usable_keys, st.integers(1, 5_000))


def places(whole: Plan, part: Part) -> tuple[list[int], slice]:
    """A part's servers and ticks, as places in the plan that it is a part of."""
    servers = part.plan.fleet.index(0, part.plan.fleet.size).tolist()
    clock = part.plan.clock
    return servers, slice(clock.first - whole.clock.first, clock.stop - whole.clock.first)


def values_of(part: Part) -> dict[str, str]:
    """What a part's path says of its rows."""
    folders = part.path.removeprefix(DATA).split("/")[:-1]
    pairs = (folder.split("=", 1) for folder in folders)
    return {key: unquote(value) for key, value in pairs}


@settings(derandomize=True, deadline=None, database=None, max_examples=60)
@given(cuts)
@example(("mixed", (), 1))
@example(("mixed", PARTITION_KEYS, 5_000))
@example(("years", ("year", "month"), 700))
def test_every_row_is_in_exactly_one_part(cutting: tuple[str, tuple[str, ...], int]) -> None:
    name, keys, rows = cutting
    plan = PLANS[name]
    times = np.zeros((plan.fleet.size, plan.clock.count), dtype=int)
    for part in cut(plan, keys, rows):
        servers, ticks = places(plan, part)
        times[servers, ticks] += 1
        assert part.plan.cells == len(servers) * (ticks.stop - ticks.start)
    assert (times == 1).all()


@settings(derandomize=True, deadline=None, database=None, max_examples=60)
@given(cuts)
@example(("years", (), 1_100))
@example(("years", (), 1_500))
@example(("one day", (), 1))
def test_a_part_is_no_larger_than_asked_for_unless_it_is_one_month_of_one_server(
    cutting: tuple[str, tuple[str, ...], int],
) -> None:
    name, keys, rows = cutting
    for part in cut(PLANS[name], keys, rows):
        clock = part.plan.clock
        one_month = (clock.start.year, clock.start.month) == (clock.end.year, clock.end.month)
        assert part.plan.cells <= rows or (part.plan.fleet.size == 1 and one_month)


@settings(derandomize=True, deadline=None, database=None, max_examples=60)
@given(cuts)
@example(("years", (), 1))
@example(("years", ("year",), 40))
def test_parts_begin_and_end_where_months_do(cutting: tuple[str, tuple[str, ...], int]) -> None:
    name, keys, rows = cutting
    plan = PLANS[name]
    for part in cut(plan, keys, rows):
        first, last = part.plan.clock.start, part.plan.clock.end
        if {"day", "date"} & {*keys}:
            assert first == last
            continue
        assert first == plan.clock.start or first.day == 1
        assert last == plan.clock.end or last.day == monthrange(last.year, last.month)[1]


@settings(derandomize=True, deadline=None, database=None, max_examples=25)
@given(cuts)
@example(("mixed", PARTITION_KEYS, 100))
def test_paths_are_numbered_and_say_what_all_rows_have_in_common(
    cutting: tuple[str, tuple[str, ...], int],
) -> None:
    name, keys, rows = cutting
    parts = cut(PLANS[name], keys, rows)
    assert [part.index for part in parts] == list(range(len(parts)))
    for part in parts:
        assert part.path.startswith("data/")
        assert part.path.endswith(f"/part-{part.index:05d}.parquet")
        values = values_of(part)
        assert tuple(values) == keys
        clock, fleet = part.plan.clock, part.plan.fleet
        shared = {column: set(names) for column, names in fleet.metadata(0, fleet.size).items()}
        for key in set(keys) - set(TIME_KEYS):
            assert shared[key] == {values[key]}
        for key in set(keys) & set(TIME_KEYS):
            days = (clock.start, clock.end)
            same = {str(day if key == "date" else getattr(day, key)) for day in days}
            assert same == {values[key]}


def test_a_part_has_the_values_that_its_rows_have_in_the_whole() -> None:
    plan = MIXED_PLAN
    values = simulate(plan, whole(plan)).values
    parts = cut(plan, ("region", "year"), 300)
    assert len(parts) > 6
    for part in parts:
        servers, ticks = places(plan, part)
        window = Window(0, part.plan.fleet.size, part.plan.clock.first, part.plan.clock.stop)
        made = simulate(part.plan, window)
        assert np.array_equal(made.values, values[:, servers, ticks])


@pytest.mark.parametrize("rows", [100, 353, 1_000, 10_000])
def test_parts_without_partitions_are_in_row_order(rows: int) -> None:
    plan, found = MIXED_PLAN, []
    for part in cut(plan, (), rows):
        servers, ticks = places(plan, part)
        found += [(server, tick) for server in servers for tick in range(ticks.start, ticks.stop)]
    assert found == sorted(found)
    assert len(found) == plan.cells


def test_paths_of_parts_without_partitions_are_plain() -> None:
    parts = cut(MIXED_PLAN, (), 1_000)
    assert [part.path for part in parts] == [f"data/part-0000{i}.parquet" for i in range(6)]
    assert [part.plan.fleet.size for part in parts] == [2] * 6


def test_many_servers_make_parts_of_the_size_asked_for() -> None:
    plan = plan_of(num_servers=10_000, end_date="2022-12-31")
    sizes = [part.plan.cells for part in cut(plan, (), 100_000)]
    assert sum(sizes) == plan.cells
    assert max(sizes) <= 100_000
    assert min(sizes) >= 98_000


def test_a_part_that_may_be_larger_than_all_is_all() -> None:
    (part,) = cut(MIXED_PLAN, (), 10**9)
    assert part.plan.digest == MIXED_PLAN.digest
    assert part.plan.clock == MIXED_PLAN.clock
    assert ids(part.plan) == ids(MIXED_PLAN)


def test_a_single_server_that_is_longer_than_a_part_is_cut_at_months() -> None:
    plan = plan_of(num_servers=1, start_date="2022-01-10", end_date="2022-07-05")
    spans = [(part.plan.clock.start, part.plan.clock.end) for part in cut(plan, (), 62)]
    assert spans == [
        (date(2022, 1, 10), date(2022, 2, 28)),
        (date(2022, 3, 1), date(2022, 4, 30)),
        (date(2022, 5, 1), date(2022, 6, 30)),
        (date(2022, 7, 1), date(2022, 7, 5)),
    ]


def test_a_month_that_is_longer_than_a_part_stays_whole() -> None:
    plan = plan_of(num_servers=2, end_date="2022-02-28", granularity="hourly")
    parts = cut(plan, (), 24)
    assert [part.plan.cells for part in parts] == [31 * 24, 28 * 24] * 2


def test_values_are_quoted_in_paths() -> None:
    plan = plan_of(num_servers=200, end_date="2022-01-02", regions=AWKWARD)
    parts = cut(plan, ("region",), 10**6)
    assert [values_of(part)["region"] for part in parts] == AWKWARD
    assert [part.path.count("/") for part in parts] == [2] * len(AWKWARD)
    assert parts[0].path == "data/region=a%2Fb/part-00000.parquet"
    assert parts[1].path == "data/region=c%3Dd/part-00001.parquet"
    assert parts[2].path == "data/region=50%20%25/part-00002.parquet"
    # As Hive and Spark do, which take each quoted byte for a character.
    assert parts[5].path == "data/region=ü/part-00005.parquet"


@pytest.mark.parametrize("keys", list(permutations(("region", "year", "month"))))
def test_keys_nest_in_the_order_given(keys: tuple[str, ...]) -> None:
    for part in cut(MIXED_PLAN, keys, 10**6):
        assert tuple(values_of(part)) == keys


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (("regions",), "cannot partition by 'regions' (did you mean 'region'?)"),
        (("year", "server_typ"), "cannot partition by 'server_typ' (did you mean 'server_type'?)"),
        (("xyz",), f"cannot partition by 'xyz' (known: {', '.join(PARTITION_KEYS)})"),
        (("server_id",), "cannot partition by 'server_id' (did you mean"),
        (("region", "region"), "a partition key is named twice: region, region"),
        (("month",), "partition by year as well as by month: year,month"),
        (("region", "month"), "partition by year as well as by month: year,month"),
    ],
)
def test_keys_that_cannot_be_are_refused(keys: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError) as refusal:
        cut(MIXED_PLAN, keys, 1_000)
    assert str(refusal.value).startswith(message)


@pytest.mark.parametrize("key", [key for key in PARTITION_KEYS if key not in DAY_KEYS])
def test_a_column_that_the_scenario_leaves_out_is_refused_as_key(key: str) -> None:
    left_out = "include_calendar" if key in TIME_KEYS else "include_metadata"
    plan = plan_of({left_out: False}, num_servers=2, end_date="2022-01-02")
    keys = ("year", "month") if key == "month" else (key,)
    with pytest.raises(UsageError, match="the scenario leaves that column out"):
        cut(plan, keys, 1_000)


def test_parts_of_aggregates_hold_no_more_samples_than_a_worker_makes_in_seconds() -> None:
    scenario = load_scenario({"preset": "realistic", "num_servers": 480})
    parts = Job.of(scenario, "unused").parts
    samples = [part.plan.cells * part.plan.samples_per_row for part in parts]
    assert max(samples) <= MOST_SAMPLES
    assert len(parts) == 7
    assert len(Job.of(load_scenario({"num_servers": 480}), "unused").parts) == 1
