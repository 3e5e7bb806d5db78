"""Single events that a scenario takes away: which of them there are not."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fleetsynth.clock import DAY_SECONDS
from fleetsynth.errors import Problem, UsageError
from fleetsynth.kinds import DRAWN, KINDS, STORIES
from fleetsynth.ledger.each import of_each, server_index_of
from fleetsynth.ledger.faults import FLEET, find
from fleetsynth.ledger.sources import Span
from fleetsynth.ledger.told import stamp_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.plan import Plan

_ID = re.compile(r"(.+?)(?:-(\d{8}T\d{4}))?")
_LATEST = 65 * DAY_SECONDS
"""What a drawn event brings about begins no later after its own begin."""
_FOLLOWING = {follows.kind for kind in KINDS.values() for follows in kind.follows}


def problems(plan: Plan) -> Iterator[Problem]:
    """Yield a problem for each event that is taken away and does not happen anyway.

    Where nothing comes by itself, what would is not missed.
    """
    yield from _faults(plan)
    scenario = plan.scenario
    incidents, stories = scenario.incidents, scenario.stories
    none: dict[str, Any] = {"without": ()}
    all_of_them = scenario.model_copy(
        update={
            "incidents": incidents.model_copy(update=none),
            "stories": stories.model_copy(update=none),
        }
    )
    whole = replace(plan, scenario=all_of_them)
    labels = [f"{told.label}-" for told in scenario.events]
    for key, said, comes in (
        ("incidents", incidents.without, bool(incidents.intensity)),
        ("stories", stories.without, bool(stories.share)),
    ):
        for place, event_id in enumerate(said):
            if not (comes or any(label in event_id for label in labels)):
                continue
            if not any(_happens(whole, event_id, *each) for each in _where(whole, event_id)):
                message = (
                    f"no event is called {event_id!r}: the list of events has those that there are"
                )
                yield Problem(message, f"{key}.without.{place}")


def _faults(plan: Plan) -> Iterator[Problem]:
    """Yield a problem for each fault of `collector.without` that there is not anyway."""
    collector = plan.scenario.collector
    if not (collector.is_on and collector.without):
        return
    all_of_them = collector.model_copy(update={"without": ()})
    whole = replace(plan, scenario=plan.scenario.model_copy(update={"collector": all_of_them}))
    for place, fault_id in enumerate(collector.without):
        kind, _, rest = fault_id.partition("-")
        if not any(_is_found(whole, kind, *each) for each in _begin(rest, None)):
            message = (
                f"no fault is called {fault_id!r}: the list of events has those that there are"
            )
            yield Problem(message, f"collector.without.{place}")


def _is_found(plan: Plan, kind: str, entity: str, begin: int) -> bool:
    server = 0 if entity == FLEET else server_index_of(plan, entity)
    if server is None:
        return False
    span = Span(begin, begin + _LATEST)
    return any(
        of.name == kind
        and begin in found.begin.tolist()
        and (entity == FLEET) == (of.entity == FLEET)
        for of, found in find(plan, server, server + 1, span)
    )


def _where(plan: Plan, event_id: str) -> Iterator[tuple[str, int]]:
    """Yield the entities and begins that an id may tell of: its event's, or that of its cause."""
    kind, _, cause = event_id.partition("-")
    for said in (event_id, cause) if kind in _FOLLOWING else (event_id,):
        for told in plan.scenario.events:
            if said.startswith(f"{told.label}-"):
                yield from _begin(said.removeprefix(f"{told.label}-"), told.begin)
        if said.partition("-")[0] in (*DRAWN, *STORIES):
            yield from _begin(said.partition("-")[2], None)


def _begin(said: str, begin: int | None) -> Iterator[tuple[str, int]]:
    """Read the end of an id: an entity, and a moment if it comes again."""
    match = _ID.fullmatch(said)
    second = begin if match is None or match[2] is None else stamp_seconds(match[2])
    if match is not None and second is not None:
        yield match[1], second


def _happens(plan: Plan, event_id: str, entity: str, begin: int) -> bool:
    server = server_index_of(plan, entity)
    if server is None and plan.fleet.replicas is not None:
        try:
            server = int(plan.fleet.members_of(entity)[0])
        except UsageError:
            return False
    if server is None or server >= plan.fleet.size:
        return False
    (events,) = of_each(plan, server, server + 1, Span(begin, begin + _LATEST))
    return any(event.event_id == event_id for event in events)
