"""The table of labels: what a detector should have found, row by row, from the ledger alone.

A tick counts as soon as one of its samples lies in an event that acts on the metric. Which of
several events names a tick is laid down in `_weight`: docs/labels.md says it in words.
"""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fleetsynth.kinds import KINDS, metrics_of
from fleetsynth.ledger.each import of_each
from fleetsynth.ledger.fault_rates import how
from fleetsynth.ledger.faults import find, names_of
from fleetsynth.ledger.faults import ticks_of as fault_ticks
from fleetsynth.ledger.sources import Span, sources_of
from fleetsynth.ledger.told import stamp
from fleetsynth.metrics import LABEL
from fleetsynth.tables import jobs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fleetsynth.block import Block
    from fleetsynth.kinds.kind import Event
    from fleetsynth.plan import Plan
    from fleetsynth.window import Window

    _Weight = tuple[bool, int, bool, int, str]

NORMAL = "normal"
"""Stands for both class and kind where nothing happens."""
CLASSES = (NORMAL, "anomaly", "fault", "off", "planned", "regime", "periodic")
"""What a tick is. Of several classes the first one here names it, `NORMAL` excepted."""
KIND_WORDS = (NORMAL, *KINDS)
_COLUMNS = {"label": (), "class": CLASSES, "kind": KIND_WORDS}
"""What a metric has: its columns' last words, and the words that their codes stand for."""


def plan_of_labels(plan: Plan) -> Plan:
    """Return a plan whose metrics are label, class and kind of each metric."""
    metrics = [
        replace(metric, stem=metric.column, statistic=name, whole=name == LABEL, words=words)
        for metric in plan.of_model.metrics
        for name, words in _COLUMNS.items()
    ]
    bare = {"include_metadata": False, "include_calendar": False}
    return replace(plan, metrics=tuple(metrics), scenario=plan.scenario.model_copy(update=bare))


def class_of(event: Event) -> str:
    """Return the class of an event, one of `CLASSES`.

    It is that of its kind; of what somebody may have meant to happen, the event itself knows.
    """
    label = KINDS[event.kind].label
    if label in ("anomaly", "planned"):
        return "planned" if event.planned else "anomaly"
    return label


def block_of_labels(plan: Plan, block: Block) -> Block:
    """Return label, class and kind of each metric of some rows, in the order of the plan."""
    window, width, metrics = block.window, len(_COLUMNS), plan.of_model.metrics
    values: NDArray[Any] = np.zeros((width * len(metrics), *window.shape), np.int8)
    places: dict[str, list[slice]] = {}
    for index, metric in enumerate(metrics):
        places.setdefault(metric.stem, []).append(slice(index * width, (index + 1) * width))
    periodic = CLASSES.index("periodic"), KIND_WORDS.index(jobs.KIND.name)
    cells = values.reshape(len(values), -1)
    for stem, touched in jobs.touched(plan, window):
        for columns in places.get(stem, ()):
            cells[columns.start + 1, touched], cells[columns.start + 2, touched] = periodic
    for row, marks in enumerate(_marks(plan, window)):
        for mark in marks:
            said = np.array(mark.said, np.int8)[:, None]
            for stem in mark.stems:
                for columns in places.get(stem, ()):
                    values[columns, row, mark.first : mark.stop] = said
    if block.server is not None and block.tick is not None:
        values = values[:, block.server, block.tick]
    return replace(block, values=values)


class _Mark(NamedTuple):
    """Ticks first..stop-1 of a window; label, class and kind of them; metrics that show it."""

    first: int
    stop: int
    said: tuple[bool, int, int]
    stems: tuple[str, ...]


def _marks(plan: Plan, window: Window) -> Iterator[list[_Mark]]:
    """Yield what befalls each server of a window, what names ticks in the end last."""
    if not (sources_of(plan).any or plan.is_faulty):
        return
    step = plan.clock.step
    span = Span(window.first_tick * step, window.stop_tick * step)
    servers = window.first_server, window.stop_server
    each = of_each(plan, *servers, span)
    faults = _faults(plan, window, span) if plan.is_faulty else {}
    for name, events in zip(plan.fleet.server_ids(*servers), each, strict=True):
        found = [(_weight(name, event), _mark(plan, window, event)) for event in events]
        found += faults.get(name, ())
        found.sort(key=itemgetter(0), reverse=True)
        yield [mark for _, mark in found if mark is not None]


def _faults(plan: Plan, window: Window, span: Span) -> dict[str, list[tuple[_Weight, _Mark]]]:
    """Return what the collector makes of values, by server; what it does to rows spoils none."""
    out: dict[str, list[tuple[_Weight, _Mark]]] = {}
    place = CLASSES.index("fault")
    for kind, found in find(plan, window.first_server, window.stop_server, span):
        stems = tuple(how(kind).of)
        names = names_of(found, plan, window.first_server) if stems else ()
        begins, ends = fault_ticks(found, plan.clock.step)
        said = False, place, KIND_WORDS.index(kind.name)
        for row, name in enumerate(names):
            first = max(int(begins[row]), window.first_tick) - window.first_tick
            stop = min(int(ends[row]), window.stop_tick) - window.first_tick
            begin = int(found.begin[row])
            weight = True, place, False, begin, f"{kind.name}-{name}-{stamp(begin)}"
            mark = _Mark(first, stop, said, (stems[int(found.metric[row])],))
            out.setdefault(name, []).append((weight, mark))
    return out


def _weight(server: str, event: Event) -> _Weight:
    """Return what events of a server are ordered by: what names a tick before others comes first.

    What switches a server off leaves nothing else to be seen. Then the class counts, a server's own
    events before those of its service, and what began first.
    """
    place = CLASSES.index(class_of(event))
    return not event.has("down"), place, event.entity != server, event.begin, event.event_id


def _mark(plan: Plan, window: Window, event: Event) -> _Mark | None:
    stems = metrics_of(event)
    begin, end = ticks_of(plan, event)
    first = max(begin, window.first_tick) - window.first_tick
    stop = min(window.stop_tick if end is None else end, window.stop_tick) - window.first_tick
    if first >= stop or not stems:
        return None
    of_class = class_of(event)
    said = of_class == "anomaly", CLASSES.index(of_class), KIND_WORDS.index(event.kind)
    return _Mark(first, stop, said, stems)


def ticks_of(plan: Plan, event: Event) -> tuple[int, int | None]:
    """Return the first tick that an event counts at, and one past the last; None if it lasts.

    A tick counts if one of its samples does. A regime counts while it comes: over its ramp, and at
    one sample at least.
    """
    per_tick = plan.samples_per_row
    step = plan.clock.step // per_tick
    first, end = -(-event.begin // step), event.end
    is_regime = class_of(event) == "regime"
    if is_regime:
        over = event.begin + (0 if event.rises or event.course else event.ramp)
        end = over if end is None else min(over, end)
    if end is None:
        return first // per_tick, None
    stop = max(-(-end // step), first + is_regime)
    begin = first // per_tick
    return begin, begin if stop == first else (stop - 1) // per_tick + 1
