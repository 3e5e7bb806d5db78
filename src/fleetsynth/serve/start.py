"""From a scenario and options to a server that answers."""

from __future__ import annotations

import gc
import re
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.errors import UsageError
from fleetsynth.fleet import server_id
from fleetsynth.folders.shards import parse_shard
from fleetsynth.series.constant import JOB, checked
from fleetsynth.series.select import Catalog, Limits
from fleetsynth.serve.app import App
from fleetsynth.serve.clockwork import Replay
from fleetsynth.serve.live import Live
from fleetsynth.serve.server import Server
from fleetsynth.sinks.truth import add_events
from fleetsynth.timestamps import text_of, to_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fleetsynth.plan import Plan

    Ints = NDArray[np.int64]

HOST, PORT = "127.0.0.1", 9240
FASTEST = 1_000_000
MOST_LIVE = 10_000
"""Servers that a scrape shows at most."""
_RANGE = re.compile(r"\s*([0-9]{1,15})\s*(?:-\s*([0-9]{1,15})\s*)?")


@dataclass(frozen=True)
class Options:
    """How a scenario is served.

    Attributes:
        host: name or address to listen at.
        port: to listen at; 0 for any that is free.
        speed: seconds of the scenario in a second of `/metrics`.
        at: the scenario's time when it starts; empty for now, where the scenario has it.
        only: servers that `/metrics` shows, such as ``1-50``; empty for all.
        shard: which part of the fleet is served, such as ``1/4``; empty for all of it.
        labels: that all series have, with their values.
        events: whether what befalls servers is answered as well, as ``fleetsynth_event``.
        limits: what one query may take.
        most_queries: answered at a time.
    """

    host: str = HOST
    port: int = PORT
    speed: float = 1.0
    at: str = ""
    only: str = ""
    shard: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    events: bool = False
    limits: Limits = field(default_factory=Limits)
    most_queries: int = 4


def server_of(plan: Plan, options: Options) -> Server:
    """Return a server that listens, and answers once it serves.

    Raises:
        UsageError: if an option does not fit the scenario, or nothing can listen there.
    """
    if find_spec("cramjam") is None:
        raise UsageError("serve needs cramjam: pip install 'fleetsynth[serve]'")
    if not 0 < options.speed <= FASTEST:
        raise UsageError(
            f"--speed {options.speed:g}: time goes on, and at most {FASTEST:,} times as fast; give"
            " a number such as 60"
        )
    replay = Replay(_at_ms(plan, options.at), time.time_ns() // 1_000_000, options.speed)
    plan = shard_of(plan, options.shard)
    servers = _only(plan, options.only)
    catalog = Catalog(plan, {"job": JOB, **checked(plan, options.labels)}, options.limits)
    live, reason = None, ""
    if servers is None:
        reason = (
            f"/metrics shows at most {MOST_LIVE:,} servers, and the fleet has {plan.fleet.size:,}:"
            " choose some, as in --only 1-1000"
        )
    else:
        live = Live(catalog, servers, replay)
    if options.events:
        add_events(catalog)  # a history's: /metrics is what somebody who knows of none would see
    return Server(options.host, options.port, App(catalog, live, reason, options.most_queries))


def shard_of(plan: Plan, shard: str) -> Plan:
    """Return a plan with the servers of a shard alone, neighbours as they are simulated.

    Raises:
        UsageError: if there is no such shard.
    """
    if not shard:
        return plan
    said = parse_shard(shard)
    number, count = said.number, said.count
    size = plan.fleet.size
    if count > size:
        raise UsageError(f"shard {shard}: the fleet has no more than {size:,} servers")
    members = np.arange(size * (number - 1) // count, size * number // count)
    return replace(plan, fleet=plan.fleet.select(members))


def prepare(app: App) -> None:
    """Make ready what answers need."""
    app.catalog.index.prepare()
    if app.live is not None:
        app.live.prepare(time.time_ns() // 1_000_000)
    gc.collect()
    gc.freeze()  # what is ready stays: no answer waits until all of it was looked through again


def _at_ms(plan: Plan, at: str) -> int:
    """Return the scenario's time at the start, in milliseconds since the Unix epoch."""
    step = plan.clock.step
    begin, end = plan.clock.first * step, (plan.clock.stop - 1) * step
    if not at:
        now = int(datetime.now(UTC).timestamp())
        return (now if begin <= now <= end else begin) * 1000
    try:
        seconds = int(to_seconds(at)[0])
    except ValueError as error:
        raise UsageError(f"--at {at}: {error}; give a time such as 2024-03-01T09:00") from error
    if not begin <= seconds <= end:
        raise UsageError(f"--at {at}: the scenario goes from {text_of(begin)} to {text_of(end)}")
    return seconds * 1000


def _only(plan: Plan, only: str) -> Ints | None:
    """Return the places of the servers that are shown; None if there are too many."""
    size = plan.fleet.total
    if not only:
        return np.arange(plan.fleet.size) if plan.fleet.size <= MOST_LIVE else None
    found: set[int] = set()
    for piece in only.split(","):
        match = _RANGE.fullmatch(piece)
        if not match:
            raise UsageError(
                f"--only {only}: expected numbers of servers, such as 1-50 or 3,7,20-29"
            )
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise UsageError(f"--only {only}: {first}-{last} ends before it begins")
        if last >= size:
            raise UsageError(
                f"--only {only}: there is no {server_id(last)}; the fleet has {server_id(0)} to"
                f" {server_id(size - 1)}"
            )
        if last - first >= MOST_LIVE:
            raise UsageError(f"--only {only}: at most {MOST_LIVE:,} servers are shown")
        found.update(range(first, last + 1))
    if len(found) > MOST_LIVE:
        raise UsageError(f"--only {only}: at most {MOST_LIVE:,} servers are shown")
    here = np.isin(plan.fleet.index(0, plan.fleet.size), sorted(found))
    if not here.any():
        raise UsageError(f"--only {only}: none of these servers is of this shard")
    return np.flatnonzero(here)
