"""The default dataset in process, as an Arrow table, against the scalar transcription."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bench import original
from bench.comparison import Benchmark, Goal
from bench.timing import timed
from fleetsynth import api
from fleetsynth.fleet import server_id
from fleetsynth.models.classic.draws import draw
from fleetsynth.streams import Stream
from fleetsynth.window import Window
from tests import twin
from tests.support import plan_of

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from fleetsynth.models.classic.plan import ClassicPlan

    Given = tuple[str, tuple[str, ...], list[list[float]]]

SAMPLE_EVERY = 10


def benchmark(_folder: Path) -> Benchmark:
    """Compare the engine with one row at a time in plain Python floats."""
    plan = plan_of()
    servers = [_given(plan, server) for server in range(0, plan.fleet.size, SAMPLE_EVERY)]
    timestamps = twin.days(plan.clock.start, plan.clock.end)
    holidays: set[date] = set()
    for year in range(plan.clock.start.year, plan.clock.end.year + 1):
        holidays |= twin.federal_holidays(year)

    def transcription() -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        for archetype, texts, draws in servers:
            profile = twin.PROFILES[archetype]
            lower, count = twin.cholesky(profile), len(timestamps)
            for i, (ts, (*z, u)) in enumerate(zip(timestamps, draws, strict=True)):
                values = twin.row(profile, lower, ts, twin.trend(i, count), z, u).rounded
                rows.append((ts, *texts, *values, *twin.calendar(ts, holidays).values()))
        return rows

    kinds = {server_id: archetype for archetype, (server_id, *_), _ in servers}
    start, end = str(plan.clock.start), str(plan.clock.end)
    scale = plan.fleet.size / len(servers)
    sampled = timed(transcription)
    looped = timed(lambda: original.full_dataset(kinds, start, end))
    ours, scalar, loop = "to_table", "scalar transcription", "original's loop"
    return Benchmark(
        rows=plan.cells,
        sides={
            ours: timed(api.to_table, times=10),
            scalar: lambda: sampled() * scale,
            loop: lambda: looped() * scale,
        },
        goals=[
            Goal(scalar, (ours,), "cpu", 25, at_most=False),
            Goal(loop, (ours,), "cpu", 500, at_most=False),
        ],
        remark=f"both transcriptions run {len(servers)} of the {plan.fleet.size} servers (every "
        f"{SAMPLE_EVERY}th) and their time is scaled to all; the scalar one is given draws and "
        "metadata, the original's loop makes its own.",
    )


def _given(plan: ClassicPlan, server: int) -> Given:
    """Return a server's archetype, its text columns, and z and u for each of its rows."""
    window = Window(server, server + 1, plan.clock.first, plan.clock.stop)
    draws = draw(plan, window, Stream())
    columns = {name: values[0] for name, values in plan.fleet.metadata(server, server + 1).items()}
    rows: list[list[float]] = np.column_stack([*draws.z[:, 0], draws.u[0]]).tolist()
    return columns["server_type"], (server_id(server), *columns.values()), rows
