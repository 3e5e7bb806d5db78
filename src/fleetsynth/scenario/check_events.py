"""Problems of what is told to happen, and of what befalls a fleet by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth.clock import DAY_SECONDS, epoch_day
from fleetsynth.errors import Problem, did_you_mean, nearest_name
from fleetsynth.kinds import DRAWN, KINDS, STORIES, TOLD
from fleetsynth.kinds.kind import CHANNELS, Spells
from fleetsynth.scenario.events import SERVERS
from fleetsynth.scenario.incidents import ASKED
from fleetsynth.scenario.moments import LEAST_CAPACITY, period

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fleetsynth.kinds.kind import Kind
    from fleetsynth.scenario.events import Told
    from fleetsynth.scenario.incidents import Incidents
    from fleetsynth.scenario.model import Scenario

MOST_TIMES = 30_000
"""An event comes again so many times within a scenario's span at most."""
LAST_YEAR = 9000
"""Of scenarios to which anything happens; an event that goes on afterwards may last centuries."""
_LONGEST_FREEZE = 3_660 * DAY_SECONDS
_SERVERS = frozenset({"events", "num_servers", "fleet_growth", "growth", "start_date", "end_date"})
"""Keys that say which servers there are in all."""


def problems(scenario: Scenario) -> Iterator[tuple[frozenset[str], Problem]]:
    """Yield each problem with the top-level keys that it was concluded from."""
    yield from _names(scenario)
    for place, told in enumerate(scenario.events):
        for problem in _servers(scenario, place, told.servers or ()):
            yield _SERVERS, problem
        for problem in _times(scenario, place, told):
            yield frozenset({"events", "start_date", "end_date"}), problem
    happens = scenario.events or scenario.incidents.intensity or scenario.stories.share
    if scenario.end_date.year > LAST_YEAR and happens:
        message = f"events need an end_date up to {LAST_YEAR}, since some end long after it"
        yield (
            frozenset({"end_date", "events", "incidents", "stories"}),
            Problem(message, "end_date"),
        )
    for problem in _same_names(scenario):
        yield frozenset({"events"}), problem
    for problem in _incidents(scenario):
        yield frozenset({"incidents", "distribution", "archetypes"}), problem
    for problem in _stories(scenario):
        yield frozenset({"stories", "distribution", "archetypes"}), problem


def _names(scenario: Scenario) -> Iterator[tuple[frozenset[str], Problem]]:
    """Whom an event befalls has to be there."""
    known: dict[str, tuple[str, Iterable[str]]] = {
        "archetype": ("distribution", scenario.distribution),
        "business_unit": ("business_units", scenario.business_units),
        "region": ("regions", scenario.regions),
    }
    for place, told in enumerate(scenario.events):
        for key, (of, names) in known.items():
            for name in getattr(told, key) or ():
                if name not in names:
                    message = f"no {key.replace('_', ' ')} {name!r}{did_you_mean(name, names)}"
                    yield frozenset({"events", of}), Problem(message, f"events.{place}.{key}")


def _times(scenario: Scenario, place: int, told: Told) -> Iterator[Problem]:
    """What comes every minute for years makes a ledger that nobody can hold."""
    if told.kind == "freeze" and (told.lasts_seconds or 0) > _LONGEST_FREEZE:
        message = "a freeze of more than ten years: say incidents.deploy.sigma: 0 instead"
        yield Problem(message, f"events.{place}")
    seconds = period(told.every)[1] if told.every else 0
    if not seconds:
        return
    first = max(told.begin, epoch_day(scenario.start_date) * DAY_SECONDS)
    stop = (epoch_day(scenario.end_date) + 1) * DAY_SECONDS
    times = -(-(min(stop, told.stop or stop) - first) // seconds)
    if times > MOST_TIMES:
        message = (
            f"every {told.every} is {times:,} times in this span, and {MOST_TIMES:,} is the most: "
            "say a longer one, or an until"
        )
        yield Problem(message, f"events.{place}.every")


def _servers(scenario: Scenario, place: int, names: Iterable[str]) -> Iterator[Problem]:
    path = f"events.{place}.servers"
    for name in names:
        match = SERVERS.fullmatch(name)
        if not match:
            yield Problem(
                f"{name!r} is not a valid server: give ids such as server_007, or "
                "server_010..server_019",
                path,
            )
            continue
        numbers = [int(number) for number in match.groups() if number is not None]
        if numbers != sorted(numbers):
            yield Problem(f"{name!r} ends before it begins", path)
        if numbers[-1] >= scenario.total_servers:
            last = f"server_{scenario.total_servers - 1:03d}"
            yield Problem(f"no server {name!r}: the last one is {last}", path)
        wrong = [n for n, text in zip(numbers, match.groups(), strict=False) if text != f"{n:03d}"]
        if wrong:
            yield Problem(f"{name!r} is not a valid id: it is server_{wrong[0]:03d}", path)


def _same_names(scenario: Scenario) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for place, told in enumerate(scenario.events):
        if _is_drawn(told.name, scenario.incidents) or (
            told.name in KINDS and not KINDS[told.name].is_told
        ):
            message = f"{told.name!r} begins the ids of other events: give it a name of its own"
            yield Problem(message, f"events.{place}.name")
        before = first.setdefault(told.label, place)
        if before != place:
            yield Problem(
                f"events {before} and {place} are both called {told.label!r}: give one of them "
                "another name",
                f"events.{place}",
            )


def _is_drawn(name: str | None, incidents: Incidents) -> bool:
    if name in STORIES:
        return True
    return name in DRAWN and (name not in ASKED or getattr(incidents, name).days is not None)


def _divides(kind: Kind, incidents: Incidents) -> bool:
    """Tell whether an event of a kind may divide by next to nothing."""
    if kind.effects is None or not isinstance(kind.drawn, Spells):
        return False
    low = getattr(incidents, kind.name).size[0]
    channels = (CHANNELS[effect.channel] for effect in kind.effects(low))
    return low < LEAST_CAPACITY and any(channel.how == "over" for channel in channels)


def unknown_archetypes(
    scenario: Scenario, said: Iterable[str], usual: Iterable[str], path: str
) -> Iterator[Problem]:
    """Yield a problem for each archetype that is not there, but for those usually said."""
    for archetype in said:
        if archetype not in scenario.archetypes and archetype not in usual:
            hint = did_you_mean(archetype, scenario.archetypes)
            yield Problem(f"unknown archetype {archetype!r}{hint}", f"{path}.{archetype}")


def _stories(scenario: Scenario) -> Iterator[Problem]:
    for name, kind in STORIES.items():
        said = getattr(scenario.stories, name).archetypes
        usual = kind.drawn.archetypes if kind.drawn else {}
        yield from unknown_archetypes(scenario, said, usual, f"stories.{name}.archetypes")
    for place, event_id in enumerate(scenario.stories.without):
        kind_name = event_id.partition("-")[0]
        if kind_name not in STORIES:
            near = nearest_name(kind_name, STORIES)
            message = f"{event_id!r} is not a valid id of a story{near}"
            yield Problem(message, f"stories.without.{place}")


def _dial(incidents: Incidents) -> Iterator[Problem]:
    """The dial decides figures: nobody can say them, too, nor turn it where nothing happens."""
    if incidents.difficulty is None:
        return
    if not incidents.intensity:
        message = "nothing happens by itself: say incidents.intensity, such as 1"
        yield Problem(message, "incidents.difficulty")
    for name, kind in DRAWN.items():
        rates, drawn = getattr(incidents, name), kind.drawn
        decides = isinstance(drawn, Spells) and drawn.dial is not None
        for key in ("per_quarter", "hours", "size") if decides else ():
            if getattr(rates, key) != getattr(drawn, key):
                message = "incidents.difficulty decides it: leave one of the two out"
                yield Problem(message, f"incidents.{name}.{key}")


def _incidents(scenario: Scenario) -> Iterator[Problem]:
    incidents = scenario.incidents
    for name, kind in DRAWN.items():
        usual = kind.drawn.archetypes if kind.drawn else {}
        said = getattr(incidents, name).archetypes
        yield from unknown_archetypes(scenario, said, usual, f"incidents.{name}.archetypes")
        if _divides(kind, incidents):
            message = f"capacity is divided by it: give sizes of {LEAST_CAPACITY} and more"
            yield Problem(message, f"incidents.{name}.size")
    yield from _dial(incidents)
    told = {event.label for event in scenario.events}
    for place, event_id in enumerate(incidents.without):
        kind_name = event_id.partition("-")[0]
        if kind_name in KINDS and kind_name not in TOLD:
            message = f"{event_id!r} follows from other events: take its cause away"
        elif kind_name not in TOLD and not any(event_id.startswith(label) for label in told):
            message = f"{event_id!r} is not a valid id of an event{nearest_name(kind_name, TOLD)}"
        else:
            continue
        yield Problem(message, f"incidents.without.{place}")
