"""Which events somebody asks for."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from fleetsynth.clock import DAY_SECONDS
from fleetsynth.errors import UsageError, did_you_mean
from fleetsynth.fleet import server_id
from fleetsynth.formats.read import read_batches, read_head
from fleetsynth.kinds import KINDS, meant
from fleetsynth.ledger.each import server_index_of
from fleetsynth.reader.files import find_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fleetsynth.plan import Plan
    from fleetsynth.reader.events import Ledger

_NAMED = 10_000
"""Servers among which the nearest name is looked for."""


UNASKED = frozenset({"job"})
"""Kinds that are shown only where they are asked for: schedules, which no event is."""


class Ask(NamedTuple):
    """What is asked for; nothing leaves all.

    Attributes:
        kinds: of these kinds; by default all but `UNASKED`.
        entity: of this server or service alone.
        server: of this server and of its service.
        service: of this service and of its servers.
        start: that last beyond this moment.
        end: that begin before it, or on it, if it is a day.
    """

    kinds: Sequence[str] = ()
    entity: str | None = None
    server: str | None = None
    service: str | None = None
    start: date | str | None = None
    end: date | str | None = None


class Wanted(NamedTuple):
    """What is asked for, in the words of the table.

    Attributes:
        kinds: names; None for all but `UNASKED`.
        entities: ids; None for all.
        first: second since the Unix epoch from which on.
        stop: second before which.
    """

    kinds: frozenset[str] | None
    entities: frozenset[str] | None
    first: float
    stop: float

    def has(self, kind: str, entity: str, begin: float, end: float | None) -> bool:
        """Tell whether an event is asked for; times in seconds since the Unix epoch."""
        return (
            (kind not in UNASKED if self.kinds is None else kind in self.kinds)
            and (self.entities is None or entity in self.entities)
            and begin < self.stop
            and (end is None or end > self.first)
        )


def wanted(ask: Ask, ledger: Ledger) -> Wanted:
    """Return what is asked for of a ledger.

    Raises:
        UsageError: for kinds, servers and services that there are not, and times that are none.
    """
    for kind in ask.kinds:
        if kind not in KINDS:
            raise UsageError(f"unknown kind of event {kind!r}{did_you_mean(meant(kind), KINDS)}")
    first = -float("inf") if ask.start is None else _seconds(ask.start, "start")
    stop = float("inf") if ask.end is None else _seconds(ask.end, "end", is_end=True)
    if first >= stop:
        raise UsageError(f"end={ask.end} is not after start={ask.start}")
    sets = [each for each in _entities(ask, ledger) if each is not None]
    return Wanted(
        kinds=frozenset(ask.kinds) or None,
        entities=frozenset.intersection(*sets) if sets else None,
        first=first,
        stop=stop,
    )


def _seconds(said: date | str, name: str, *, is_end: bool = False) -> float:
    """Read a day, or a day and a time; the end of a day, if the day counts."""
    try:
        moment = datetime.fromisoformat(str(said))
    except ValueError:
        raise UsageError(
            f"{name}={said}: expected a day such as 2024-06-01, or a day and a time (UTC) such as "
            "2024-06-01T02:00"
        ) from None
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    whole_day = len(str(said)) == len("2024-06-01")
    seconds = (moment - datetime(1970, 1, 1)) / timedelta(seconds=1)
    return seconds + DAY_SECONDS * (is_end and whole_day)


def _entities(ask: Ask, ledger: Ledger) -> Iterator[frozenset[str] | None]:
    if ask.entity is not None:
        yield frozenset({ask.entity})
        _check(ledger, ask.entity)
    if ask.server is not None:
        yield frozenset({ask.server, service_of(ledger, ask.server)})
    if ask.service is not None:
        yield frozenset({ask.service, *_servers_of(ledger, ask.service)})


def _check(ledger: Ledger, entity: str) -> None:
    """Refuse an entity that the plan does not have."""
    if ledger.plan is None:
        return
    if re.fullmatch(r"server_\d+", entity) or ledger.plan.fleet.replicas is None:
        index_of(ledger.plan, entity)
    else:
        _members(ledger.plan, entity)


def index_of(plan: Plan, server: str) -> int:
    """Return which server of a plan is of a name.

    Raises:
        UsageError: if none is.
    """
    index = server_index_of(plan, server)
    if index is not None:
        return index
    near = did_you_mean(server, plan.fleet.server_ids(0, min(plan.fleet.size, _NAMED)))
    raise UsageError(f"no server {server!r} among {plan.fleet.size:,}{near}")


def service_of(ledger: Ledger, server: str) -> str:
    """Return the service of a server; the server itself in a fleet without any."""
    if ledger.plan is None:
        return _told(ledger).get(server, server)
    index = index_of(ledger.plan, server)
    if ledger.plan.fleet.replicas is None:
        return server
    return ledger.plan.fleet.services(index, index + 1)[0]


def _servers_of(ledger: Ledger, service: str) -> list[str]:
    if ledger.plan is None:
        return [server for server, of in _told(ledger).items() if of == service]
    return _members(ledger.plan, service)


def _members(plan: Plan, service: str) -> list[str]:
    if plan.fleet.replicas is None:
        raise UsageError(f"no service {service!r}: servers of this fleet have none")
    servers = [server_id(i) for i in plan.fleet.members_of(service).tolist() if i < plan.fleet.size]
    if not servers:
        raise UsageError(f"no service {service!r} in this fleet")
    return servers


def _told(ledger: Ledger) -> dict[str, str]:
    """Return the service of each server, as the rows of data that say nothing else tell it."""
    out: dict[str, str] = {}
    if ledger.data is None:
        return out
    files, types = find_files(ledger.data), {"server_id": pa.string(), "service": pa.string()}
    for key in files.keys:
        with files.fetch(key) as path:
            if not {*types} <= set(read_head(path).names):
                continue
            for batch in read_batches(path, types):
                out |= dict(zip(*(column.to_pylist() for column in batch.columns), strict=True))
    return out
