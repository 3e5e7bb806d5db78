"""What happened to the fleet, as the ledger of its scenario has it: counts, and the worst rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS
from fleetsynth.kinds import KINDS, metrics_of
from fleetsynth.ledger.each import of_each, server_index_of
from fleetsynth.ledger.sources import Span
from fleetsynth.ledger.table import effect_text, has_events
from fleetsynth.report import embed
from fleetsynth.report.rows import SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.kinds.kind import Event
    from fleetsynth.plan import Plan
    from fleetsynth.report.collect import Collector

MOST_ROWS = 1_000
"""Events that the page carries: told ones, then the worst."""
MOST_TOLD = 300
_TOGETHER = 512
_SEVERITIES = ("info", "minor", "major", "critical")
_LETTERS = {"cpu": "c", "mem": "m", "disk": "d", "net_in": "n", "net_out": "o"}
"""What the page calls metrics that an event acts on, a letter each."""
_CLEAR = 0.25
"""Change of level from which a new version of a service is worth a line."""


class Found(NamedTuple):
    """An event, and which group of the page's filters it belongs to.

    Attributes:
        event: what happened.
        group: of its server, or of the first server of its service.
        service: the service that it befell, or that of its server; empty without services.
        told: whether somebody planned it, in words of the scenario.
    """

    event: Event
    group: int
    service: str
    told: bool


def payload(plan: Plan | None, collected: Collector) -> dict[str, Any] | None:
    """Return what the page carries of events; None where none can be.

    Args:
        plan: what the data were made from, if that is known.
        collected: the data, whose servers and span count.
    """
    if plan is None or not has_events(plan):
        return None
    groups = collected.groups.of_servers()
    count = np.zeros((len(KINDS), int(groups.max(initial=0)) + 1), np.int64)
    hours = np.zeros(count.shape, np.int64)
    kinds = {name: number for number, name in enumerate(KINDS)}
    best: list[Found] = []
    for found in _found(plan, collected, groups.tolist()):
        event = found.event
        at = kinds[event.kind], found.group
        count[at] += 1
        hours[at] += _seconds(event, collected) // HOUR_SECONDS
        best.append(found)
        if len(best) > 8 * MOST_ROWS:
            best = _worst(best, collected)
    if not count.any():
        return None
    return {
        "kinds": [[k.name, k.title, k.about, k.color, k.label] for k in KINDS.values()],
        "counts": embed.whole(count),
        "hours": embed.whole(hours),
        "all": int(count.sum()),
        "rows": [_row(found) for found in _worst(best, collected)],
    }


def _found(plan: Plan, collected: Collector, groups: list[int]) -> Iterator[Found]:
    """Yield events of the servers that are there and of their services, each once."""
    span = Span(collected.low, collected.high + (collected.step or DAY_SECONDS))
    names = collected.servers.names
    services = collected.servers.labels.get(SERVICE) or [""] * len(names)
    told = tuple(f"{event.label}-" for event in plan.scenario.events)
    known = sorted(
        (i, n) for n, name in enumerate(names) if (i := server_index_of(plan, name)) is not None
    )
    seen: set[str] = set()
    for first in range(0, len(known), _TOGETHER):
        some = known[first : first + _TOGETHER]
        begin, stop = some[0][0], some[-1][0] + 1
        every = of_each(plan, begin, stop, span) if stop - begin < 2 * _TOGETHER else None
        for index, number in some:
            events = every[index - begin] if every else of_each(plan, index, index + 1, span)[0]
            for event in events:
                if event.event_id in seen:
                    continue
                if event.entity != names[number]:
                    seen.add(event.event_id)  # a service's, which its other servers have as well
                is_told = event.event_id.startswith(told) and event.planned if told else False
                yield Found(event, groups[number], services[number], is_told)


def _worst(found: list[Found], collected: Collector) -> list[Found]:
    """Return told events, then what was worst, as many as the page carries."""
    told = sorted((each for each in found if each.told), key=lambda each: each.event.begin)
    rest = [*(each for each in found if not each.told), *told[MOST_TOLD:]]
    rest.sort(key=lambda each: (-_weight(each.event), -_seconds(each.event, collected)))
    return [*told[:MOST_TOLD], *rest][:MOST_ROWS]


def _weight(event: Event) -> int:
    """Return how bad an event is; what belongs to an orderly house counts least."""
    if event.stays:
        (effect,) = event.effects
        return 0 if abs(effect.size / effect.start - 1) >= _CLEAR else -1
    return -1 if event.planned else _SEVERITIES.index(event.severity)


def _seconds(event: Event, collected: Collector) -> int:
    """Return for how long an event lasts within the data."""
    end = collected.high if event.end is None else min(event.end, collected.high)
    return max(0, end - max(event.begin, collected.low))


def _row(found: Found) -> list[Any]:
    event = found.event
    service = found.service if found.service != event.entity else ""
    return [
        event.event_id,
        list(KINDS).index(event.kind),
        event.entity,
        service,
        found.group,
        event.begin,
        event.end,
        effect_text(event),
        int(found.told),
        event.cause,
        event.severity,
        "".join(_LETTERS[stem] for stem in metrics_of(event)),
    ]
