"""What servers do by a schedule: rows of the ledger, and the ticks that its runs touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.kinds import KINDS
from fleetsynth.presets import model_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fleetsynth.plan import Plan
    from fleetsynth.window import Window

    Ints = NDArray[np.int64]

KIND = KINDS["job"]
_DECIMALS = 4
SELDOM = 4
"""Ticks from run to run, below which a job is what is normal there, and marks none of them."""


def rows(plan: Plan, first: int, stop: int) -> list[dict[str, object]]:
    """Return the jobs of servers first..stop-1 as rows; times in seconds since the Unix epoch.

    A row a job, not a run: runs begin whole periods after its begin.
    """
    recurring = model_of(plan).recurring
    if recurring is None:
        return []
    found, names = recurring(plan, first, stop), plan.fleet.server_ids(first, stop)
    return [
        {
            "event_id": found.name[job],
            "kind": KIND.name,
            "entity": names[server],
            "begin": int(found.begin[job]),
            "end": None,
            "metrics": "",  # a schedule, and nothing that goes on from begin to end
            "effect": found.effect[job],
            "size": round(float(found.size[job]), _DECIMALS),
            "planned": True,
            "cause": "",
            "severity": KIND.severity,
        }
        for job, server in enumerate(found.server.tolist())
    ]


def touched(plan: Plan, window: Window) -> Iterator[tuple[str, Ints]]:
    """Yield, by the stem of a metric, the cells of a window that the runs of jobs touch.

    Cells are counted server by server; one that two runs touch comes twice.
    """
    recurring = model_of(plan).recurring
    if recurring is None:
        return
    step, (_, ticks) = plan.clock.step, window.shape
    found = recurring(plan, window.first_server, window.stop_server)
    seldom = np.flatnonzero(found.period >= SELDOM * step)
    job, begin, end = found.runs(seldom, window.first_tick * step, window.stop_tick * step)
    first = np.clip(begin // step - window.first_tick, 0, ticks)
    size = np.clip(-(-end // step) - window.first_tick, 0, ticks) - first
    within = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    cell = np.repeat(found.server[job] * ticks + first, size) + within
    of_cell = np.repeat(job, size)
    for stem in sorted({stem for stems in found.stems for stem in stems}):
        shows = np.array([stem in stems for stems in found.stems], np.bool_)
        yield stem, cell[shows[of_cell]]
