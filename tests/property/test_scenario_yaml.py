"""Any scenario, written as YAML and read back, is the same scenario."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fleetsynth import load_scenario, resolve
from fleetsynth.scenario import Scenario, text
from fleetsynth.scenario.check import LARGEST_POWER
from fleetsynth.scenario.text import dump_yaml
from tests.support import ARCHETYPES, CACHE, scenario_of

STEPS = ["daily", "hourly", "15min", "5min", "1min", "30s", "12h", "1d"]
TRICKY = ["no", "Yes", "null", "~", "12:30", "1e3", "0x10", "012", "2022-01-01", ".nan", "true"]
TRICKY += ["a: b", "#x", "- a", "'q'", '"q"', "&a", "*a", "!t", "%d", "@x", "`x`", "a, b", "[x]"]
TRICKY += ["{x}", "|", ">", "=", "<<", "?", "a #b", "ünïcode", "東京", "😀", "\\n", "x\\"]
letters = st.characters(exclude_categories=("C", "Z")) | st.just(" ")
names = st.sampled_from(TRICKY) | st.text(letters, min_size=1, max_size=12).map(str.strip).filter(
    lambda name: name and name.isprintable()
)
numbers = st.floats(0, 1e9) | st.sampled_from([0.1, 1 / 3, 5e-324, 1e-5, 1e9, 12345678.9])


@st.composite
def _shares(draw: st.DrawFn, keys: st.SearchStrategy[str]) -> dict[str, float]:
    chosen = draw(st.lists(keys, min_size=1, max_size=5, unique=True))
    cuts = sorted(
        draw(st.lists(st.integers(0, 1000), min_size=len(chosen) - 1, max_size=len(chosen) - 1))
    )
    parts = [b - a for a, b in zip([0, *cuts], [*cuts, 1000], strict=True)]
    return {key: float(Decimal(part) / 1000) for key, part in zip(chosen, parts, strict=True)}


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Scenarios that differ from the packaged one in anything."""
    start = draw(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
    days = draw(st.integers(0, 4_000))
    end = start + timedelta(days=days)
    most_growth = min(100.0, 99 * (2 ** min(LARGEST_POWER * 28 / max(days, 1), 10) - 1))
    overrides: dict[str, Any] = {
        "num_servers": draw(st.integers(1, 10**15)),
        "start_date": start,
        "end_date": end,
        "granularity": draw(st.sampled_from(STEPS)),
        "seed": draw(st.integers()),
        "distribution": draw(_shares(st.sampled_from(ARCHETYPES))),
        "regions": draw(_shares(names)),
        "business_units": draw(st.lists(names, min_size=1, max_size=6, unique=True)),
        "growth.mode": draw(st.sampled_from(["span", "monthly"])),
        "growth.span": draw(st.sampled_from([None, [start, end]])),
        "archetypes.web.base_cpu": draw(numbers),
        "archetypes.batch.monthly_growth_rate": draw(st.floats(-99.0, most_growth)),
        "archetypes.web.name": draw(names),
        "assignment": draw(st.sampled_from(["blocks", "interleaved"])),
        "correlation_repair": draw(st.sampled_from(["refuse", "nearest"])),
    }
    for switch in ("quarterly_peaks", "holiday_effect", "spikes", "include_metadata"):
        overrides[switch] = draw(st.booleans())
    new = draw(names.filter(lambda name: "." not in name))
    return scenario_of({**overrides, f"archetypes.{new}": CACHE})


@given(scenarios())
@example(scenario_of())
@example(scenario_of(regions=TRICKY))
def test_a_dumped_scenario_reads_back_the_same_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, scenario: Scenario
) -> None:
    path = tmp_path_factory.mktemp("dumped") / "scenario.yaml"
    path.write_text(dump_yaml(scenario), "utf-8")
    read = load_scenario(path)
    assert read == scenario
    assert repr(read) == repr(scenario)
    assert list(read.regions) == list(scenario.regions)
    assert resolve(read).digest == resolve(scenario).digest


@given(names)
def test_a_dumped_name_stays_text(name: str) -> None:
    assert text.parse(text.dump({"x": name, "y": [name], name: 1.5}), "x.yaml") == {
        "x": name,
        "y": [name],
        name: 1.5,
    }


@given(st.lists(names, min_size=1, max_size=6, unique=True))
def test_lines_point_at_the_keys_that_were_written(keys: list[str]) -> None:
    written = text.dump({key: {"inner": [1, 2]} for key in keys})
    lines = text.lines(written)
    for i, key in enumerate(keys):
        assert lines[key,] == 4 * i + 1
        assert lines[key, "inner"] == 4 * i + 2
        assert lines[key, "inner", 1] == 4 * i + 4


def test_what_is_read_again_is_not_what_somebody_has_changed() -> None:
    first = text.parse("a: {b: [1]}", "x.yaml")
    first["a"]["b"].append(2)
    assert text.parse("a: {b: [1]}", "x.yaml") == {"a": {"b": [1]}}
