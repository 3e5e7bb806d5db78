"""The fast way to read and write YAML agrees with the whole library, or does not say anything."""

import math
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetsynth.presets.load import load_scenario
from fleetsynth.scenario import block_text, text
from fleetsynth.scenario.block_text import NotPlainError


@pytest.mark.parametrize("preset", ["classic", "realistic"])
def test_packaged_scenarios_are_read_and_written_fast_and_alike(preset: str) -> None:
    values = load_scenario({"preset": preset}).model_dump()
    written = block_text.write(values, text._plainly)
    assert written == text._dump(values)
    read = block_text.read(written, text._plain)
    assert repr(read) == repr(text._loader().load(written))


WORDS = st.text("abeyn01.-+:_ #'\"&*!{[,~é\t\n", max_size=6)
SCALARS = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.dates(), WORDS),
    st.sampled_from(
        ["off", "null", "1e3", "0x1f", "007", "2022-01-01", "12:30", "-", "---", "x" * 99]
    ),
)
VALUES = st.dictionaries(
    WORDS,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@given(VALUES)
def test_whatever_is_written_is_what_the_library_writes(values: dict[str, Any]) -> None:
    assert text.dump(values) == text._dump(values)
    with suppress(NotPlainError):
        read = block_text.read(text._dump(values), text._plain)
        assert repr(read) == repr(text._loader().load(text._dump(values)))


LINES = st.builds(
    lambda indent, begin, said: " " * indent + begin + said,
    st.integers(0, 4),
    st.sampled_from(["a:", "b:", "c: ", "off: ", "- ", "-", "", "# ", "a: b: ", "true: "]),
    st.sampled_from(
        ["", "1", "0.5", "x", "x y", "[]", "{}", "01", "1_0", "no", "2022-02-30", "a:"]
    ),
)


@given(st.lists(LINES, max_size=5).map("\n".join))
def test_whatever_is_read_is_what_the_library_reads(content: str) -> None:
    try:
        read = block_text.read(content, text._plain)
    except NotPlainError:
        return
    assert repr(read) == repr(text._loader().load(content))


def odd() -> Iterator[dict[str, Any]]:
    yield {}
    for value in (
        -0.0,
        1e22,
        5e-324,
        math.inf,
        10**120,
        True,
        None,
        date(2022, 1, 1),
        "1",
        "",
        " ",
    ):
        yield {"a": value}
    yield {"a": [[1], []], "b": [{"c": 1}]}
    yield {"a b": 1, "null": {"x" * 200: ["y " * 60]}}


@pytest.mark.parametrize("values", list(odd()), ids=repr)
def test_odd_values_are_written_alike(values: dict[str, Any]) -> None:
    assert text.dump(values) == text._dump(values)
