"""The page about events: its tables are made from the kinds and the keys of scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from docs import events_text as text
from docs.scenario_page import keys_of
from fleetsynth.kinds import DRAWN, FAULTS, KINDS, STORIES, TOLD
from fleetsynth.kinds.kind import CHANNELS, Effect, Levels, Spells, Stories
from fleetsynth.presets.load import default_scenario, json_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fleetsynth.kinds.kind import Consequence, Dial, Kind
    from fleetsynth.scenario.incidents import SpellRates


PICTURES = Path(__file__).resolve().parent / "images" / "events"


def render() -> str:
    """Return the page."""
    models = json_schema()["$defs"]
    parts = [
        text.INTRO,
        text.KINDS,
        _table(("kind", "whom", "what happens", "comes", "class"), map(_kind, _of_fleets())),
        text.PICTURES,
        *(_picture(kind) for kind in _of_fleets() if _path(kind).exists()),
        text.TOLD,
        keys_of(json_schema(), models["Told"]),
        text.STRENGTHS,
        _table(("key", "say", "what it does", "to"), _channels()),
        text.DEFAULTS,
        _table(("kind", "does", "comes within", "needs an end"), map(_default, TOLD.values())),
        text.DRAWN,
        keys_of(json_schema(), models["SpellRates"]),
        text.SPELLS,
        _table(
            ("kind", "events of each in 90 days", "hours", "size", "other archetypes", "source"),
            _spells(),
        ),
        text.LEVELS,
        keys_of(json_schema(), models["LevelRates"]),
        text.DEPLOYS,
        _table(
            ("kind", "days from one to the next", "sigma", "other archetypes", "source"),
            (_level(kind, kind.drawn) for kind in DRAWN.values() if isinstance(kind.drawn, Levels)),
        ),
        text.SIZES,
        keys_of(json_schema(), models["SizeRates"]),
        text.STORIES,
        keys_of(json_schema(), models["StoryFigures"]),
        text.COURSES,
        _table(
            ("kind", "months", "leads to", "course", "other archetypes", "source"),
            (_story(k, k.drawn) for k in STORIES.values() if isinstance(k.drawn, Stories)),
        ),
        text.CHAINS,
        _table(
            ("kind", "events of each in 90 days", "hours", "size at easy", "size at hard"),
            (_dial(name, dial) for name, dial in _dials()),
        ),
        text.DIAL,
        _table(
            ("cause", "brings about", "chance", "begins", "ends", "size"),
            (_follows(kind, each) for kind in KINDS.values() for each in kind.follows),
        ),
        text.REST,
    ]
    return "".join(parts)


def _of_fleets() -> list[Kind]:
    """Return what befalls fleets; faults of the data have a page of their own."""
    return [kind for kind in KINDS.values() if kind.name not in FAULTS]


def _path(kind: Kind) -> Path:
    return PICTURES / f"{kind.name}.png"


def _picture(kind: Kind) -> str:
    """Show what a kind does."""
    about = f"{kind.title.capitalize()}: {kind.about}"
    return f"`{kind.name}`: {kind.about}.\n\n![{about}](images/events/{kind.name}.png)\n\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(row)} |\n" for row in (head, *rows)]
    return "".join([lines[0], "|---" * len(head), "|\n", *lines[1:], "\n"])


def _kind(kind: Kind) -> tuple[str, ...]:
    causes = [cause for cause in KINDS.values() if kind.name in {f.kind for f in cause.follows}]
    comes = (
        ["a story"]
        if kind.name in STORIES
        else ["drawn"]
        if kind.drawn
        else [f"after {cause.title}" for cause in causes]
    )
    comes += ["told"] if kind.name in TOLD else []
    return (
        f"`{kind.name}`",
        kind.entity,
        kind.about,
        ", ".join(comes) or "follows",
        kind.label,
    )


def _channels() -> Iterator[tuple[str, ...]]:
    say = {
        "times": "`x1.3`, `+30%`",
        "over": "`x2`, `+100%`",
        "plus": "`+15`",
        "off": "`true`",
    }
    does = {
        "times": "multiplies {}",
        "over": "multiplies {}, and divides utilisation by as much",
        "plus": "adds {}",
        "off": "the server is {}: its row is there and says 0",
    }
    for name, channel in CHANNELS.items():
        stems = ", ".join(f"`{stem}`" for stem in channel.metrics)
        yield f"`{name}`", say[channel.how], does[channel.how].format(channel.text), stems


def _default(kind: Kind) -> tuple[str, ...]:
    does = "what is said"
    if kind.effects is not None:
        rises = " by its end" if kind.rises else ""
        does = ", ".join(f"`{_strength(each)}`{rises}" for each in kind.effects(kind.size))
    ramp = f"{kind.ramp // 3600} h" if kind.ramp >= 3600 else f"{kind.ramp // 60} min"
    if kind.course:
        return f"`{kind.name}`", f"{does} at its height", "its course", "yes"
    end = "no: it lasts" if kind.lasts else "yes"
    return f"`{kind.name}`", does or "nothing to values", ramp if kind.ramp else "at once", end


def _strength(effect: Effect) -> str:
    how = CHANNELS[effect.channel].how
    if how == "off":
        return "down: true"
    return f"{effect.channel}: {'+' if how == 'plus' else 'x'}{effect.size:g}"


def _spells() -> Iterator[tuple[str, ...]]:
    """Yield a row for each kind, and another where the realistic preset has other figures."""
    said = default_scenario("realistic").incidents
    for name, kind in DRAWN.items():
        if isinstance(drawn := kind.drawn, Spells):
            yield (f"`{name}`", *_spell(drawn), drawn.source)
            own = _spell(getattr(said, name))
            if own != _spell(drawn):
                yield f"`{name}`, realistic", *own, "the same"


def _spell(rates: Spells | SpellRates) -> tuple[str, ...]:
    low, high = rates.size
    size = f"{low:g} to {high:g}" if high > low else "down"
    hours = f"{rates.hours[0]:g} to {rates.hours[1]:g}"
    return f"{rates.per_quarter:g}", hours, size, _others(rates.archetypes)


def _dials() -> Iterator[tuple[str, Dial]]:
    for name, kind in DRAWN.items():
        if isinstance(kind.drawn, Spells) and kind.drawn.dial:
            yield name, kind.drawn.dial


def _dial(name: str, dial: Dial) -> tuple[str, ...]:
    pairs = (f"{low:g} to {high:g}" for low, high in (dial.hours, dial.plain, dial.faint))
    return f"`{name}`", f"{dial.per_quarter:g}", *pairs


def _level(kind: Kind, drawn: Levels) -> tuple[str, ...]:
    others = _others(drawn.archetypes)
    return f"`{kind.name}`", f"{drawn.days:g}", f"{drawn.sigma:g}", others, drawn.source


def _story(kind: Kind, drawn: Stories) -> tuple[str, ...]:
    low, high = drawn.months
    months = f"{low:g} to {high:g}" if high > low else f"{low:.1f}"
    leads = f"{drawn.reach[0]:g} to {drawn.reach[1]:g} % of {_OF[drawn.of]}"
    points = ", ".join(f"{at:.3g}: {strength:.2g}" for at, strength in kind.course[:4])
    more = f" … {len(kind.course)} points" if len(kind.course) > 5 else ""
    last = "" if more else f", {kind.course[-1][0]:g}: {kind.course[-1][1]:g}"
    return (
        f"`{kind.name}`",
        months,
        leads,
        f"{points}{'' if len(kind.course) <= 4 else last}{more}",
        _others(drawn.archetypes),
        drawn.source,
    )


_OF = {"capacity": "capacity", "usual": "what demand would be"}


def _others(archetypes: dict[str, float]) -> str:
    return ", ".join(f"{name} ×{factor:g}" for name, factor in archetypes.items())


def _follows(kind: Kind, each: Consequence) -> tuple[str, ...]:
    low, high = (seconds // 60 for seconds in each.tail)
    first, last = (seconds // 60 for seconds in each.delay)
    begins = "as it ends" if each.after else f"{first} to {last} min after its begin"
    ends = f"{low} to {high} min after its end"
    size = f"x{each.size[0]:g} to x{each.size[1]:g}"
    return f"`{kind.name}`", f"`{each.kind}`", f"{each.chance:g}", begins, ends, size
