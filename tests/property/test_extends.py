"""A chain of archetypes that extend one another is what a person would have merged by hand."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fleetsynth import load_scenario, resolve
from fleetsynth.presets import PRESETS
from fleetsynth.presets.load import default_scenario
from fleetsynth.scenario.text import archetype_block, flow, parse

KINDS = {"value", "uniform", "normal", "lognormal", "choices"}


def _leaves(profile: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The paths of the figures of a profile; a distribution is one of them."""
    out = []
    for key, value in profile.items():
        if isinstance(value, dict) and not value.keys() & KINDS:
            out += _leaves(value, (*path, key))
        else:
            out.append((*path, key))
    return out


def _at(profile: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        profile = profile[key]
    return profile


def _put(profile: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        profile = profile.setdefault(key, {})
    profile[path[-1]] = copy.deepcopy(value)


@st.composite
def chains(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]], dict[str, Any]]:
    """A preset, what each of a chain says itself, and the figures of the last by hand."""
    preset = draw(st.sampled_from(list(PRESETS)))
    profiles = default_scenario(preset).to_dict()["archetypes"]
    start = draw(st.sampled_from(sorted(profiles)))
    by_hand = copy.deepcopy(profiles[start])
    said, below = [], start
    for step in range(draw(st.integers(1, 5))):
        own: dict[str, Any] = {"extends": below}
        other = profiles[draw(st.sampled_from(sorted(profiles)))]  # figures that are valid
        paths = [
            path for path in _leaves(other) if path != ("name",) and "correlation" not in path[0]
        ]
        for path in draw(st.lists(st.sampled_from(paths), max_size=8, unique=True)):
            _put(own, path, _at(other, path))
            _put(by_hand, path, _at(other, path))
        said.append(own)
        below = f"step-{step}"
    return preset, said, by_hand | {"name": below}


@given(chains(), st.randoms(use_true_random=False))
def test_a_chain_is_the_merge_by_hand(
    chain: tuple[str, list[dict[str, Any]], dict[str, Any]], random: Any
) -> None:
    preset, said, by_hand = chain
    named = [(f"step-{step}", own) for step, own in enumerate(said)]
    random.shuffle(named)
    last = f"step-{len(said) - 1}"
    base = {"preset": preset, "distribution": {last: 1.0}, "num_servers": 3}
    short = load_scenario({**base, "archetypes": dict(named)})
    assert short.to_dict()["archetypes"][last] == by_hand
    full = load_scenario({**base, "archetypes": {last: by_hand}})
    assert resolve(short).digest == resolve(full).digest
    pasted = parse("archetypes:\n" + archetype_block(last, short.archetypes[last]), "pasted.yaml")
    again = load_scenario({**base, **pasted})
    assert repr(again.archetypes[last]) == repr(short.archetypes[last])


@given(
    st.recursive(
        st.floats(allow_nan=False, allow_infinity=False)
        | st.integers()
        | st.booleans()
        | st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=80).map(str.strip),
        lambda inner: st.lists(inner, max_size=4),
        max_leaves=6,
    )
)
def test_what_is_written_on_one_line_reads_back_to_the_last_bit(value: Any) -> None:
    written = flow(value)
    assert "\n" not in written
    for text in (f"x: {written}", f"x: {{y: [{written}]}}"):
        read = parse(text, "x.yaml")["x"]
        read = (
            read
            if text.startswith("x: " + written) and not isinstance(read, dict)
            else read["y"][0]
        )
        assert read == value
        assert repr(read).replace(".0", "") == repr(value).replace(".0", "")
