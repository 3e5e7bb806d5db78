"""One value at a time: a call per timestamp, and a fleet of which each server has one row."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench.comparison import Benchmark, Goal
from bench.timing import Spent, timed
from fleetsynth import api, get_archetype, presets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_BEGIN = datetime(2022, 1, 1)
_WALKED = 1_461
_COLD = 500
_SERVERS = 20_000
_MICROSECOND = 1e6
_LAST_OF_A_TILE = "2023-04-08"


def calls(_folder: Path) -> Benchmark:
    """Ask a server for its metrics a timestamp at a time, as the specification's loop does."""

    def walk() -> None:
        server = get_archetype("web", "server_001")
        for day in range(_WALKED):
            server.generate_correlated_metrics(_BEGIN + timedelta(days=day))

    servers = [get_archetype("web", f"server_{i:03d}") for i in range(_COLD)]

    def cold() -> None:
        # The last tick of a tile of each server, every round of another.
        servers.append(servers.pop(0))
        begin = _BEGIN + timedelta(days=512 * next(rounds))
        for server in servers:
            server.generate_correlated_metrics(begin)

    rounds = iter(range(10**6))
    return Benchmark(
        rows=_WALKED,
        sides={"walk": _per_call(walk, _WALKED), "cold": _per_call(cold, _COLD)},
        goals=[
            Goal("walk", (), "cpu", 50, at_most=True),
            Goal("cold", (), "cpu", 150, at_most=True),
        ],
        remark="microseconds per call of generate_correlated_metrics for one datetime: one server "
        "in time order, and another server with each call.",
    )


def one_day(folder: Path) -> Benchmark:
    """Generate one day of many servers, the last of a tile, whose draws all come before it."""
    plan = presets.as_plan(
        {"num_servers": _SERVERS, "start_date": _LAST_OF_A_TILE, "end_date": _LAST_OF_A_TILE}
    )
    path = folder / "day.parquet"

    def generate() -> None:
        api.generate(plan, path, workers=1)

    return Benchmark(
        rows=plan.cells,
        sides={"server-row": _per_call(generate, _SERVERS, output=path)},
        goals=[Goal("server-row", (), "cpu", 65, at_most=True)],
        remark="microseconds per row, to Parquet.",
    )


def _per_call(
    action: Callable[[], object], count: int, *, output: Path | None = None
) -> Callable[[], Spent]:
    """Return what one of `count` calls takes, in microseconds in place of seconds."""
    whole = timed(action, output=output)
    return lambda: whole() * (_MICROSECOND / count)
