"""Every kind of event: what it changes, and that it changes nothing else."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from fleetsynth.kinds import DRAWN, KINDS, TOLD, metrics_of
from fleetsynth.ledger import table
from fleetsynth.ledger.sources import Span
from tests.ledger.fleets import PRESETS, inside, ledger_of, only, planned, values_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEEDED = {"failover": "outage", "retries": "outage", "unserved": "outage", "backlog": "dependency"}
"""Kinds that follow from others."""


@cache
def undisturbed(preset: str) -> NDArray[np.int32]:
    """The values of a fleet to which nothing happens."""
    return values_of(planned(preset))


def test_there_are_kinds() -> None:
    assert len(DRAWN) >= 8
    assert len(TOLD) >= 12
    assert list(KINDS) == [kind.name for kind in KINDS.values()]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("kind", DRAWN)
def test_a_drawn_kind_changes_its_windows_and_nothing_else(preset: str, kind: str) -> None:
    on = planned(preset, incidents=only(kind))
    events = ledger_of(on)
    assert {event.kind for event in events} >= {kind}
    changed = undisturbed(preset) != values_of(on)
    assert changed.any()
    assert not (changed & ~inside(on, events)).any()
    stems = {stem for event in events for stem in metrics_of(event)}
    assert stems >= {on.metrics[i].stem for i in range(len(changed)) if changed[i].any()}


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("kind", [kind for kind in TOLD if kind != "decommission"])
def test_a_told_kind_changes_its_windows_and_nothing_else(preset: str, kind: str) -> None:
    told = {"kind": kind, "from": "2024-03-09 03:10", "to": "2024-03-12 17:35", "share": 0.5}
    if KINDS[kind].effects is None:
        told["cpu"] = 15
    on = planned(preset, events=[told])
    events = ledger_of(on)
    assert {event.kind for event in events} >= {kind}
    changed = undisturbed(preset) != values_of(on)
    assert changed.any() == (kind != "freeze")
    assert not (changed & ~inside(on, events)).any()


def test_consequences_happen_with_their_causes_and_not_without() -> None:
    for kind, cause in NEEDED.items():
        with_cause = ledger_of(planned("realistic", incidents=only(cause)))
        assert kind in {event.kind for event in with_cause}, kind
        without = ledger_of(planned("realistic", incidents=only("leak")))
        assert kind not in {event.kind for event in without}, kind


@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_told_has_consequences_as_well(preset: str) -> None:
    told = {"kind": "dependency", "at": "2024-03-09 10:00", "for": "2h"}
    on = planned(preset, events=[told])
    events = ledger_of(on)
    ids = {event.event_id for event in events if event.kind == "dependency"}
    backlogs = [event for event in events if event.kind == "backlog"]
    assert 0.5 * len(ids) < len(backlogs) <= len(ids)
    assert {event.cause for event in backlogs} < ids
    later = table.events(on, 0, 24, Span(backlogs[0].begin + 60, backlogs[0].begin + 120))
    assert backlogs[0] in list(later)
    gone = planned(preset, events=[told], incidents={"intensity": 0, "without": sorted(ids)})
    assert ledger_of(gone) == []


@pytest.mark.parametrize("cause", ["outage", "dependency"])
def test_without_the_first_event_of_a_chain_its_consequences_are_gone_and_nothing_else_moves(
    cause: str,
) -> None:
    on = planned("realistic", incidents=only(cause, "leak"))
    before = ledger_of(on)
    follows = {event.cause for event in before if event.kind in ("retries", "backlog")}
    first = next(event for event in before if event.kind == cause and event.event_id in follows)
    off = planned("realistic", incidents=only(cause, "leak", without=[first.event_id]))
    after = ledger_of(off)
    gone = [event for event in before if event not in after]
    assert {event.kind for event in gone} > {cause}
    assert all(first.event_id in (event.event_id, event.cause) for event in gone)
    assert [event for event in after if event not in before] == []
    changed = values_of(on) != values_of(off)
    assert changed.any()
    assert not (changed & ~inside(on, gone)).any()


def test_windows_that_are_too_short_are_noticed() -> None:
    on = planned("classic", incidents=only("surge"))
    short = [event._replace(end=event.begin + 600) for event in ledger_of(on)]
    assert ((undisturbed("classic") != values_of(on)) & ~inside(on, short)).any()
