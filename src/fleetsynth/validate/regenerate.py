"""Servers of a dataset against what its own scenario generates, value by value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.block import NULL_HUNDREDTHS
from fleetsynth.clock import SECOND_MICROS
from fleetsynth.presets import simulate
from fleetsynth.validate.fleet import content
from fleetsynth.validate.places import Faults
from fleetsynth.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fleetsynth.plan import Plan
    from fleetsynth.validate.verdict import Verdict

SAMPLES = 4_000_000
"""How many samples are generated anew where not all are: a row of aggregates is made of many."""
_LEAST_SERVERS = 2
_WINDOW_TICKS = 1 << 15


def compared(plan: Plan, *, full: bool = False) -> list[int]:
    """Return the servers that are generated anew, evenly spread: all if `full`, or if they are few.

    Otherwise those of about `SAMPLES` samples, and two at least.
    """
    size = plan.fleet.size
    per_server = plan.clock.count * plan.samples_per_row
    count = size if full else min(size, max(_LEAST_SERVERS, SAMPLES // per_server))
    out: list[int] = np.unique(np.linspace(0, size - 1, count).astype(np.int64)).tolist()
    return out


def regenerate(
    plan: Plan,
    found: Mapping[int, int],
    *,
    full: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Compare servers with what the scenario generates.

    Args:
        plan: what the dataset was made from.
        found: content of the servers of the dataset, by their index in the plan.
        full: compare all of them.
        progress: called with the servers done and to be done, before the first and after each.
    """
    chosen = compared(plan, full=full)
    faults, done_rows = Faults(), 0
    for done, server in enumerate(chosen):
        if progress:
            progress(done, len(chosen))
        rows, made = _content(plan, server)
        done_rows += rows
        if found.get(server, 0) != made:
            faults.note(plan.fleet.server_ids(server, server + 1))
    if progress:
        progress(len(chosen), len(chosen))
    size = plan.fleet.size
    servers = f"all {size:,}" if len(chosen) == size else f"{len(chosen):,} of {size:,}"
    whole = "" if plan.rows is None else f" of {plan.rows:,}"
    extent = f"{servers} servers, {done_rows:,}{whole} rows"
    return faults.verdict(
        "regeneration",
        "{count} servers are not what the scenario generates (compared: " + extent + ")",
        f"{extent}, value by value",
    )


def _content(plan: Plan, server: int) -> tuple[int, int]:
    """Return a server's rows as the plan has it, and what `ServerCheck.contents` finds of it."""
    rows, total, clock = 0, 0, plan.clock
    for first in range(clock.first, clock.stop, _WINDOW_TICKS):
        stop = min(first + _WINDOW_TICKS, clock.stop)
        block = simulate(plan, Window(server, server + 1, first, stop))
        _, tick, hundredths = block.listed()
        values = np.where(hundredths == NULL_HUNDREDTHS, np.nan, hundredths / 100)
        stamps = clock.seconds(first, stop)[tick]
        micros = (stamps if block.shift is None else stamps + block.shift) * SECOND_MICROS
        named = dict(zip((metric.column for metric in plan.metrics), values, strict=True))
        total += int(content(micros, named).sum(dtype=np.uint64))
        rows += block.rows
    return rows, total % 2**64
