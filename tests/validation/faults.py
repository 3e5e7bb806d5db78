"""Kinds of damage, each with the verdict that has to name it.

A fault takes the clean default dataset (or makes another in its name) and returns a damaged table.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fleetsynth.models.base import Factor
from fleetsynth.models.classic import factors
from tests.support import plain_table, plan_of

Damage = Callable[[pa.Table], pa.Table]
PERCENT = ("cpu_p95", "mem_p95", "disk_p95")
NETWORK = ("net_in_p95", "net_out_p95")
DAY = 86_400_000_000


@dataclass(frozen=True)
class Fault:
    """A kind of damage.

    Attributes:
        name: what it is called.
        damage: does it.
        verdict: name of the verdict that has to fail.
        subject: what its subject has to contain.
        scenario: overrides of the scenario that the data claim to follow.
    """

    name: str
    damage: Damage
    verdict: str
    subject: str = ""
    scenario: tuple[tuple[str, Any], ...] = ()


FAULTS: list[Fault] = []


def fault(verdict: str, subject: str = "", **scenario: Any) -> Callable[[Damage], Damage]:
    """Register a function as a fault, under its own name."""

    def register(damage: Damage) -> Damage:
        name = damage.__name__.replace("_", " ")
        FAULTS.append(Fault(name, damage, verdict, subject, tuple(scenario.items())))
        return damage

    return register


def column(table: pa.Table, name: str) -> NDArray[Any]:
    """A column as an array that can be changed."""
    values: NDArray[Any] = table.column(name).to_numpy().copy()
    return values


def put(table: pa.Table, name: str, values: object) -> pa.Table:
    """Replace a column."""
    place = table.schema.get_field_index(name)
    kind = table.schema.field(name).type
    return table.set_column(place, name, pa.array(values, kind, from_pandas=True))


def micros(table: pa.Table) -> NDArray[np.int64]:
    """Timestamps as whole microseconds."""
    return column(table, "timestamp").astype("datetime64[us]").astype(np.int64)


def of_server(table: pa.Table, server: str) -> NDArray[np.bool_]:
    """Which rows are a server's."""
    mask: NDArray[np.bool_] = table.column("server_id").to_numpy() == server
    return mask


def on(table: pa.Table, *dates: str) -> NDArray[np.bool_]:
    """Which rows are on some dates."""
    mask: NDArray[np.bool_] = np.isin(
        column(table, "timestamp").astype("datetime64[D]"), np.array(dates, "datetime64[D]")
    )
    return mask


def other(**scenario: Any) -> pa.Table:
    """A dataset of another scenario; keys have __ for a dot."""
    return plain_table(plan_of({key.replace("__", "."): v for key, v in scenario.items()}))


def profiles(**factors_: float) -> dict[str, Any]:
    """Fields of every archetype, multiplied."""
    archetypes = plan_of().archetypes
    return {
        f"archetypes__{a.name}__{field}": getattr(a.profile, field) * factor
        for a in archetypes
        for field, factor in factors_.items()
    }


@contextmanager
def holiday_factors(changed: Mapping[str, float]) -> Iterator[None]:
    """Generate with other holiday factors, by their labels."""
    before, holiday = factors.FACTORS, factors.HOLIDAY
    assert changed.keys() <= {case.label for case in holiday.cases}
    assert holiday.case_of is not None
    other = Factor.of_cases(
        holiday.name,
        holiday.label,
        holiday.case_of,
        switch=holiday.switch,
        cases=tuple(replace(c, value=changed.get(c.label, c.value)) for c in holiday.cases),
    )
    factors.FACTORS = (*before[:-1], other)
    try:
        yield
    finally:
        factors.FACTORS = before


# Columns


@fault("base", "base_cpu")
def swapped_columns(table: pa.Table) -> pa.Table:
    cpu, memory = column(table, "cpu_p95"), column(table, "mem_p95")
    return put(put(table, "cpu_p95", memory), "mem_p95", cpu)


@fault("network out")
def network_in_and_out_swapped(table: pa.Table) -> pa.Table:
    one, two = (column(table, name) for name in NETWORK)
    return put(put(table, NETWORK[0], two), NETWORK[1], one)


@fault("schema")
def a_column_missing(table: pa.Table) -> pa.Table:
    return table.drop_columns(["criticality"])


@fault("schema")
def a_column_of_another_type(table: pa.Table) -> pa.Table:
    place = table.schema.get_field_index("is_weekend")
    return table.set_column(place, "is_weekend", table.column("is_weekend").cast(pa.float64()))


@fault("schema")
def a_column_too_many(table: pa.Table) -> pa.Table:
    return table.append_column("gpu_p95", table.column("cpu_p95"))


# Time


@fault("timestamps")
def shifted_zone(table: pa.Table) -> pa.Table:
    return put(table, "timestamp", (micros(table) - 5 * DAY // 24).astype("datetime64[us]"))


@fault("calendar", "dayofweek")
def calendar_of_the_day_before(table: pa.Table) -> pa.Table:
    return put(table, "timestamp", (micros(table) + DAY).astype("datetime64[us]"))


@fault("weekend", "weekend_factor")
def values_of_the_day_before(table: pa.Table) -> pa.Table:
    for name in (*PERCENT, *NETWORK):
        table = put(table, name, np.roll(column(table, name), 1))
    return table


@fault("gaps")
def missing_day(table: pa.Table) -> pa.Table:
    return table.filter(pa.array(~on(table, "2023-05-17")))


@fault("gaps")
def a_week_of_one_server_missing(table: pa.Table) -> pa.Table:
    week = on(table, *(f"2024-02-{day:02d}" for day in range(5, 12)))
    return table.filter(pa.array(~(week & of_server(table, "server_077"))))


@fault("gaps")
def truncated_end(table: pa.Table) -> pa.Table:
    return table.slice(0, table.num_rows - 30)


@fault("duplicates")
def duplicated_rows(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table.slice(0, 5_000), table.slice(4_990)])


@fault("order")
def unsorted_rows(table: pa.Table) -> pa.Table:
    return table.take(pa.array(np.random.default_rng(1).permutation(table.num_rows)))


@fault("order")
def sorted_by_time_first(table: pa.Table) -> pa.Table:
    return table.sort_by([("timestamp", "ascending"), ("server_id", "ascending")])


# Servers


@fault("copied series")
def duplicated_server(table: pa.Table) -> pa.Table:
    to, source = of_server(table, "server_051"), of_server(table, "server_052")
    for name in (*PERCENT, *NETWORK):
        values = column(table, name)
        values[to] = values[source]
        table = put(table, name, values)
    return table


@fault("servers")
def a_server_missing(table: pa.Table) -> pa.Table:
    return table.filter(pa.array(~of_server(table, "server_100")))


@fault("servers")
def a_server_renamed(table: pa.Table) -> pa.Table:
    names = column(table, "server_id")
    names[of_server(table, "server_100")] = "db-100"
    return put(table, "server_id", names)


@fault("metadata of the scenario")
def wrong_region_of_one_server(table: pa.Table) -> pa.Table:
    regions = column(table, "region")
    there = of_server(table, "server_010")
    regions[there] = "eu-west-1" if regions[there][0] != "eu-west-1" else "us-east-1"
    return put(table, "region", regions)


@fault("metadata of the scenario")
def mislabelled_archetype(table: pa.Table) -> pa.Table:
    kinds = column(table, "server_type")
    kinds[of_server(table, "server_010")] = "database"
    return put(table, "server_type", kinds)


@fault("metadata")
def business_unit_changes_midway(table: pa.Table) -> pa.Table:
    units = column(table, "business_unit")
    late = np.flatnonzero(of_server(table, "server_010"))[700:]
    units[late] = "Wealth" if units[late][0] != "Wealth" else "Retail"
    return put(table, "business_unit", units)


@fault("regeneration")
def a_server_of_another_seed(table: pa.Table) -> pa.Table:
    there = of_server(table, "server_063")
    foreign = other(seed=43)
    for name in (*PERCENT, *NETWORK):
        values = column(table, name)
        values[there] = column(foreign, name)[there]
        table = put(table, name, values)
    return table


# Calendar


@fault("calendar", "is_eoq")
def end_of_quarter_marked_on_its_last_day_alone(table: pa.Table) -> pa.Table:
    marks = column(table, "is_eoq")
    day = column(table, "timestamp").astype("datetime64[D]")
    last = (day + 1).astype("datetime64[M]") != day.astype("datetime64[M]")
    return put(table, "is_eoq", np.where(last, marks, 0))


@fault("calendar", "is_holiday")
def a_holiday_not_marked(table: pa.Table) -> pa.Table:
    marks = column(table, "is_holiday")
    marks[on(table, "2024-07-04")] = 0
    return put(table, "is_holiday", marks)


@fault("calendar", "month")
def months_counted_from_zero(table: pa.Table) -> pa.Table:
    return put(table, "month", column(table, "month") - 1)


# Values


@fault("missing values", "cpu_p95")
def nothing_instead_of_values(table: pa.Table) -> pa.Table:
    values = column(table, "cpu_p95")
    values[1234:1240] = np.nan
    return put(table, "cpu_p95", values)


@fault("range", "mem_p95")
def values_out_of_bounds(table: pa.Table) -> pa.Table:
    values = column(table, "mem_p95")
    values[777] = 100.01
    return put(table, "mem_p95", values)


@fault("range", "cpu_p95")
def shares_instead_of_per_cent(table: pa.Table) -> pa.Table:
    for name in PERCENT:
        table = put(table, name, np.rint(column(table, name)) / 100)
    return table


@fault("rounding", "disk_p95")
def rounded_to_one_decimal(table: pa.Table) -> pa.Table:
    return put(table, "disk_p95", np.rint(column(table, "disk_p95") * 10) / 10)


@fault("rounding", "net_in_p95")
def not_rounded(table: pa.Table) -> pa.Table:
    noise = np.random.default_rng(1).uniform(0.001, 0.004, table.num_rows)
    return put(table, "net_in_p95", column(table, "net_in_p95") + noise)


@fault("stuck", "mem_p95")
def stuck_series(table: pa.Table) -> pa.Table:
    values = column(table, "mem_p95")
    values[50_000:50_010] = values[50_000]
    return put(table, "mem_p95", values)


@fault("piles", "cpu_p95")
def clipped_tail(table: pa.Table) -> pa.Table:
    return put(table, "cpu_p95", np.minimum(column(table, "cpu_p95"), 85.0))


@fault("base", "base_network")
def scaled_column(table: pa.Table) -> pa.Table:
    for name in NETWORK:
        table = put(table, name, np.rint(column(table, name) * 105) / 100)
    return table


@fault("correlation", "memory_disk")
def a_column_one_day_late(table: pa.Table) -> pa.Table:
    return put(table, "disk_p95", np.roll(column(table, "disk_p95"), 1))


# The model


@fault("sd", "cpu_variance")
def damped_noise(_: pa.Table) -> pa.Table:
    return other(**profiles(cpu_variance=0.95))


@fault("correlation", "application cpu_memory")
def lost_correlation(_: pa.Table) -> pa.Table:
    return other(archetypes__application__cpu_memory_correlation=0.1)


@fault("spike probability", "web")
def spikes_removed(_: pa.Table) -> pa.Table:
    return other(spikes=False)


@fault("spike probability", "database")
def spikes_doubled(_: pa.Table) -> pa.Table:
    return other(**profiles(spike_probability=2.0))


@fault("spike magnitude", "batch")
def spikes_too_high(_: pa.Table) -> pa.Table:
    return other(**profiles(spike_magnitude=1.07))


@fault("weekend", "database weekend_factor")
def weekends_too_busy(_: pa.Table) -> pa.Table:
    return other(**profiles(weekend_factor=1.05))


@fault("quarter end", "0 days left")
def quarter_ends_missing(_: pa.Table) -> pa.Table:
    return other(quarterly_peaks=False)


@fault("holiday", "Nov 22–28")
def holidays_missing(_: pa.Table) -> pa.Table:
    return other(holiday_effect=False)


@fault("holiday", "Jul 4")
def wrong_factor_of_a_holiday(_: pa.Table) -> pa.Table:
    with holiday_factors({"Jul 4": 0.7 * 1.08}):
        return other()


@fault("base", "database base_disk")
def too_full_a_disk(_: pa.Table) -> pa.Table:
    return other(archetypes__database__base_disk=55 * 1.05)


@fault("growth", "database", growth__mode="monthly")
def growth_that_is_not_there(_: pa.Table) -> pa.Table:
    return other(growth__mode="monthly", **profiles(monthly_growth_rate=0.0))


@fault("growth", "web", growth__mode="monthly")
def growth_twice_as_fast(_: pa.Table) -> pa.Table:
    return other(growth__mode="monthly", **profiles(monthly_growth_rate=2.0))
