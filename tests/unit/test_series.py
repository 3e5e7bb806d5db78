"""Which series there are, who has which labels, what a matcher accepts, and what a scrape gets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetsynth.errors import UsageError
from fleetsynth.presets import as_plan, simulate
from fleetsynth.series.families import MODES, NODE_EXPORTER, families_of
from fleetsynth.series.index import Index
from fleetsynth.series.matching import accepted, accepts
from fleetsynth.series.select import Catalog, Limits, RefusedError
from fleetsynth.series.tiles import Memory, Tiles
from fleetsynth.serve.exposition import wants_openmetrics
from fleetsynth.serve.lists import matchers
from fleetsynth.window import Window
from fleetsynth.wire.openmetrics import escaped
from fleetsynth.wire.remote_read import Matcher

if TYPE_CHECKING:
    from fleetsynth.plan import Plan

START_MS = 1_704_067_200_000
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def plan() -> Plan:
    return as_plan(
        {
            "preset": "realistic",
            "num_servers": 60,
            "start_date": "2024-01-01",
            "end_date": "2024-01-20",
            "granularity": "hourly",
            "sample_interval": "1h",
        }
    )


@pytest.fixture(scope="module")
def catalog(plan: Plan) -> Catalog:
    return Catalog(plan, {"job": "fleetsynth"}, Limits())


# Matchers


@settings(deadline=None)  # the first one loads what reads patterns
@given(st.text(alphabet="ab|.*+ 1_-", max_size=6), st.text(alphabet="ab1 |_-", max_size=4))
def test_patterns_match_whole_values(pattern: str, value: str) -> None:
    try:
        expected = re.fullmatch(pattern, value) is not None
    except re.error:
        return
    try:
        assert accepts(Matcher("=~", "x", pattern), value) == expected
        assert accepts(Matcher("!~", "x", pattern), value) != expected
    except UsageError:
        assert re.search(r"[*+]{2}|[*+] *[*+]", pattern)  # RE2 has no possessive repetition


def test_matchers_of_words() -> None:
    values = ["", "a", "b", "ab"]

    def of(operator: str, value: str) -> list[bool]:
        found: list[bool] = accepted(Matcher(operator, "x", value), values).tolist()
        return found

    assert of("=", "a") == [False, True, False, False]
    assert of("!=", "a") == [True, False, True, True]
    assert of("=", "") == [True, False, False, False]
    assert of("=~", "a|b") == [False, True, True, False]
    assert of("!~", "a|b") == [True, False, False, True]
    assert of("=~", "") == [True, False, False, False]
    assert of("=~", ".*") == [True] * 4
    assert of("=~", "a|") == [True, True, False, False]
    assert of("=~", "(a|b)") == of("=~", "(?:a|b)") == of("=~", "a|b")
    assert of("!~", "(a|b)") == of("!~", "a|b")
    assert of("=~", "()") == of("=~", "")


def test_a_pattern_takes_linear_time_or_is_refused() -> None:
    assert not accepts(Matcher("=~", "x", "(a*)*b"), "a" * 200)
    with pytest.raises(UsageError, match="not a regular expression"):
        accepts(Matcher("=~", "x", "(a"), "a")


# Labels


def by_hand(plan: Plan, *conditions: Matcher) -> list[int]:
    """The servers that matchers accept, one by one."""
    metadata = plan.fleet.metadata(0, plan.fleet.size)
    out = []
    for server, name in enumerate(plan.fleet.server_ids(0, plan.fleet.size)):
        labels = {column: values[server] for column, values in metadata.items()}
        labels |= {"instance": name, "server_id": name, "job": "fleetsynth"}
        if all(accepts(m, labels.get(m.name, "")) for m in conditions):
            out.append(server)
    return out


@pytest.mark.parametrize("prepared", [False, True])
@pytest.mark.parametrize(
    "conditions",
    [
        (),
        (Matcher("=", "server_id", "server_007"),),
        (Matcher("=~", "instance", "server_007|server_9|server_0011|server_011"),),
        (Matcher("=~", "server_id", "server_01.|server_03[1-4]"), Matcher("!=", "region", "x")),
        (Matcher("!=", "server_id", "server_007"),),
        (Matcher("!~", "server_id", "server_00.*"), Matcher("=~", "server_type", "web|idle")),
        (Matcher("=~", "service", "web-0.*"),),
        (Matcher("=~", "criticality", ".+"), Matcher("=", "job", "fleetsynth")),
        (Matcher("=", "job", "other"),),
        (Matcher("=", "server_id", "server_007"), Matcher("=", "instance", "server_008")),
    ],
)
def test_an_index_finds_what_a_look_at_each_does(
    plan: Plan, conditions: tuple[Matcher, ...], prepared: bool
) -> None:
    index = Index(plan, {"job": "fleetsynth"})
    if prepared:
        index.prepare()
    found = index.servers(conditions)
    assert found.tolist() == by_hand(plan, *conditions)
    metadata = plan.fleet.metadata(0, plan.fleet.size)
    for server, labels in zip(found.tolist(), index.labels(found), strict=True):
        assert list(labels) == sorted(labels)
        assert {c: labels[c] for c in metadata} == {c: v[server] for c, v in metadata.items()}
    if len(found):
        every = np.arange(plan.fleet.size)
        assert index.values("region", every) == sorted(set(metadata["region"]))


def test_a_huge_fleet_is_asked_by_ids() -> None:
    plan = as_plan({"preset": "realistic", "num_servers": 10**12, "end_date": "2022-01-31"})
    catalog = Catalog(plan, {"job": "x"}, Limits())
    catalog.index.prepare()
    name = Matcher("=", "__name__", "fleetsynth_cpu_p95")
    one = catalog.select([name, Matcher("=", "server_id", "server_999999999999")], 0, 1 << 42)
    assert (one.count, one.servers.tolist()) == (1, [10**12 - 1])
    with pytest.raises(UsageError, match="1,000,000,000,000 servers: name those"):
        catalog.select([name], 0, 1 << 42)


def test_without_metadata_there_are_no_labels_of_it() -> None:
    plan = as_plan({"num_servers": 3, "end_date": "2022-01-31", "include_metadata": False})
    index = Index(plan, {"job": "x"})
    assert index.names == ["instance", "job", "server_id"]


# Selections


def test_every_family_has_samples_and_sorted_labels(catalog: Catalog) -> None:
    server = Matcher("=", "server_id", "server_003")
    found = list(catalog.select([server], START_MS, START_MS + DAY_MS).series())
    names = {dict(labels)["__name__"] for labels, _, _ in found}
    assert names == {family.name for family in catalog.families}
    assert [labels for labels, _, _ in found] == sorted(labels for labels, _, _ in found)
    assert all(labels == tuple(sorted(labels)) for labels, _, _ in found)
    for labels, ms, values in found:
        fine = not dict(labels)["__name__"].startswith("fleetsynth_")
        assert len(ms) == len(values) == (1441 if fine else 25)
        assert ms[0] == START_MS
        assert ms[-1] == START_MS + DAY_MS
        assert np.isfinite(values).all()


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [(0, 0, 1), (1, 3_599_999, 0), (1, 3_600_000, 1), (-5, 3_600_000, 2), (5, 3, 0)],
)
def test_both_ends_of_a_span_are_in_it(catalog: Catalog, start: int, end: int, count: int) -> None:
    asked = [Matcher("=", "__name__", "fleetsynth_cpu_p95"), Matcher("=", "instance", "server_001")]
    selection = catalog.select(asked, START_MS + start, START_MS + end)
    assert sum(len(ms) for _, ms, _ in selection.series()) == count == selection.samples


def test_what_is_too_much_is_refused_before_anything_is_made(plan: Plan) -> None:
    small = Catalog(plan, {}, Limits(series=50, samples=1000))
    name = Matcher("=", "__name__", "fleetsynth_cpu_p95")
    with pytest.raises(RefusedError, match="60 series are asked for, and at most 50"):
        small.select([name], START_MS, START_MS)
    some = Matcher("=~", "server_id", "server_00.")
    with pytest.raises(RefusedError, match="4,800 samples are asked for, and at most 1,000"):
        small.select([name, some], START_MS, START_MS + 20 * DAY_MS)
    assert (
        small.select([name, some], START_MS, START_MS + DAY_MS * 20, labels_only=True).count == 10
    )


def test_values_do_not_depend_on_how_much_is_remembered(plan: Plan) -> None:
    asked = [Matcher("=~", "__name__", "fleetsynth_mem_p95|node_cpu_seconds_total")]

    def all_of(cache_bytes: int) -> dict[Any, list[float]]:
        catalog = Catalog(plan, {}, Limits(cache_bytes=cache_bytes))
        selection = catalog.select(asked, START_MS, START_MS + 3 * DAY_MS)
        return {labels: values.tolist() for labels, _, values in selection.series()}

    assert all_of(1) == all_of(1 << 28)


def test_values_do_not_depend_on_what_else_was_asked_before(plan: Plan) -> None:
    """What a model makes alone, and then together with others, is the same; one place keeps it."""
    names = ["node_memory_MemAvailable_bytes", "fleetsynth_cpu_p95", "node_cpu_seconds_total", ".+"]
    days = [START_MS, START_MS + 3 * DAY_MS]

    def asked(catalog: Catalog, name: str) -> dict[Any, list[float]]:
        of = [Matcher("=~", "__name__", name), Matcher("=~", "server_id", "server_00[2-5]")]
        return {labels: values.tolist() for labels, _, values in catalog.select(of, *days).series()}

    one = Catalog(plan, {}, Limits())
    alone = one.making([each for each in one.families if each.name == names[0]])
    assert [metric.stem for metric in alone.plan.metrics] == ["mem"]
    for name in names:
        assert asked(one, name) == asked(Catalog(plan, {}, Limits()), name), name
    assert asked(one, names[1]).items() <= asked(one, ".+").items()


# Tiles


@pytest.mark.parametrize("most_bytes", [0, 100_000, 1 << 24])
def test_tiles_are_what_is_simulated(plan: Plan, most_bytes: int) -> None:
    memory, rng = Memory(most_bytes), np.random.default_rng(5)
    tiles = Tiles(plan, simulate, memory)
    clock = plan.clock
    whole = simulate(plan, Window(0, 60, clock.first, clock.stop)).values
    for _ in range(12):
        servers = np.unique(rng.integers(0, 60, rng.integers(1, 30)))
        first, stop = np.sort(rng.choice(np.arange(clock.count + 1), 2, replace=False)).tolist()
        got = tiles.values(servers, clock.first + first, clock.first + stop)
        assert np.array_equal(got, whole[:, servers, first:stop])
        assert memory.bytes <= most_bytes


# The table


def test_families_are_apart_and_named_by_the_rules_of_prometheus(plan: Plan) -> None:
    families = families_of(plan, ["cpu", "mem", "disk", "net_in", "net_out"])
    names = [family.name for family in families]
    assert names == sorted(set(names))
    assert len({family.quantity for family in families}) == len(families)
    for family in families:
        assert re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", family.name)
        assert family.name.endswith("_total") == (family.kind == "counter")
        assert family.help.endswith(".")
    assert {row["mode"] for row in NODE_EXPORTER[1].rows} == set(MODES)
    few = {family.name for family in families_of(plan, ["cpu"]) if family.is_fine}
    assert few == {"node_boot_time_seconds", "node_cpu_seconds_total", "up"}


# Text


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        ("application/openmetrics-text", True),
        (
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            True,
        ),
        ("application/openmetrics-text; version=1.0.0; q=0.2, text/plain; q=0.9", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=much", False),
    ],
)
def test_openmetrics_is_for_those_who_ask_for_it(accept: str, expected: bool) -> None:
    assert wants_openmetrics(accept) is expected


def test_values_of_labels_are_escaped() -> None:
    assert escaped('a"b\\c\nd') == 'a\\"b\\\\c\\nd'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("up", [("=", "__name__", "up")]),
        ('{a="b"}', [("=", "a", "b")]),
        (
            ' up { a != "b" , c=~"d|\\\\w", e!~\'f\',} ',
            [("=", "__name__", "up"), ("!=", "a", "b"), ("=~", "c", "d|\\w"), ("!~", "e", "f")],
        ),
        ('{a="},{"}', [("=", "a", "},{")]),
        (r"""{a=`b\d"`,c="\\d\n\'"}""", [("=", "a", 'b\\d"'), ("=", "c", "\\d\n'")]),
    ],
)
def test_selectors_are_read(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert list(matchers(text)) == expected


@pytest.mark.parametrize("text", [" ", "{a}", '{a="b" c="d"', "a b", "{a=b}", "sum(up)", "up[5m]"])
def test_what_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not a selector|is not a condition"):
        matchers(text)


# Rows that are missing


COLLECTED = {
    "preset": "realistic",
    "num_servers": 5,
    "granularity": "5min",
    "end_date": "2022-01-10",
    "collector": {"intensity": 5},
}


@pytest.mark.parametrize("said", [{"preset": "lives"}, COLLECTED], ids=["lives", "collector"])
def test_nobody_sees_what_the_dataset_has_no_row_of(said: dict[str, Any]) -> None:
    plan = as_plan(said)
    catalog, step = Catalog(plan, {}, Limits()), plan.clock.step
    block = simulate(plan, Window(0, plan.fleet.size, plan.clock.first, plan.clock.stop))
    grid = block.grid()
    begin, end = catalog.span()
    names = Matcher("=~", "__name__", "fleetsynth_mem_p95|node_network_receive_bytes_total|up")
    assert np.isnan(grid[1]).any()
    seen: dict[str, int] = dict.fromkeys(("fleetsynth_mem_p95", "up"), 0)
    for labels, ms, values in catalog.select([names], begin * 1000, end * 1000).series():
        named = dict(labels)
        server = int(named["server_id"].removeprefix("server_"))
        ticks = -(-ms // 1000 // step) - plan.clock.first
        if named["__name__"] == "fleetsynth_mem_p95":
            there = ~np.isnan(grid[1, server])
            assert np.array_equal(ticks, np.flatnonzero(there))
            assert np.array_equal(values, grid[1, server][there])
        else:
            there = ~np.isnan(grid[:, server]).all(axis=0)
            assert set(ticks.tolist()) == set(np.flatnonzero(there).tolist())
        seen[named["__name__"]] = seen.get(named["__name__"], 0) + len(ms)
    assert min(seen.values()) > 100


# Sizes


RESIZE = {"kind": "resize", "cores": 2, "memory_size": 2}


def test_sizes_are_those_of_types_and_change_with_them() -> None:
    plan = as_plan(
        {
            "preset": "realistic",
            "num_servers": 6,
            "start_date": "2024-01-01",
            "end_date": "2024-01-03",
            "granularity": "5min",
            "capacity_columns": True,
            "absolute": True,
            "incidents": {"intensity": 0},
            "events": [{**RESIZE, "at": "2024-01-02", "servers": ["server_002"]}],
        }
    )
    catalog = Catalog(plan, {}, Limits())
    found: dict[tuple[str, str], Any] = {}
    ids = Matcher("=~", "server_id", "server_00[1-3]")
    for labels, _, values in catalog.select([ids], START_MS, START_MS + 2 * DAY_MS).series():
        said = dict(labels)
        assert said["instance_type"]
        found[said["__name__"], said["server_id"]] = values
    block = simulate(plan, Window(0, 6, plan.clock.first, plan.clock.first + 577)).values / 100
    columns = [metric.column for metric in plan.metrics]
    for number in (1, 2, 3):
        name = f"server_00{number}"
        for place, column in enumerate(columns):
            assert np.array_equal(found[f"fleetsynth_{column}", name], block[place, number])
        memory = block[columns.index("memory_gib"), number]
        assert np.array_equal(found["node_memory_MemTotal_bytes", name][::5], memory * 2**30)
        disk = block[columns.index("disk_gb"), number]
        assert np.array_equal(found["node_filesystem_size_bytes", name][::5], disk * 10**9)
        left = found["node_memory_MemAvailable_bytes", name][::5] / (memory * 2**30)
        assert np.abs(100 * (1 - left) - block[columns.index("mem_p95"), number]).max() < 0.005
    assert len(set(found["node_memory_MemTotal_bytes", "server_002"].tolist())) == 2
