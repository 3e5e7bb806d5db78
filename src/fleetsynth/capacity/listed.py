"""What a user has on record of what happened: a file with a row for each event."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetsynth.capacity.known import Ledger, Together, in_order, marks_of, ramp_of, stems_of
from fleetsynth.errors import InputError, UsageError, did_you_mean
from fleetsynth.formats.read import read_batches, read_head
from fleetsynth.reader.origin import own_plan, rows_short_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fleetsynth.capacity.known import Known, Mark
    from fleetsynth.ledger.sources import Span
    from fleetsynth.reader import Dataset

MUST = ("begin", "end", "entity", "kind")
_MAY = ("event_id", "metrics", "effect")


class Listed:
    """What a file says.

    Args:
        path: of a format that fleetsynth reads.

    Raises:
        UsageError: if there is no such file.
        InputError: if it cannot be read, lacks a column, or a row cannot be understood.
    """

    def __init__(self, path: Path | str) -> None:
        if not Path(path).is_file():
            raise UsageError(f"{path}: no such file of events")
        self._marks: dict[str, list[Mark]] = {}
        self._met: set[str] = set()
        for number, row in enumerate(_rows(Path(path)), start=1):
            entity, found = _understood(row, f"{path}, event {number}")
            self._marks.setdefault(entity, []).extend(found)

    def of(
        self, servers: Sequence[str], services: Sequence[str | None], span: Span
    ) -> list[list[Mark]]:
        """Return what is known of each server in some seconds, in order."""
        self._met.update(servers, filter(None, services))
        return [
            in_order(
                mark
                for entity in dict.fromkeys((server, service or server))
                for mark in self._marks.get(entity, ())
                if mark.begin < span.stop and (mark.lasts or mark.end > span.first)
            )
            for server, service in zip(servers, services, strict=True)
        ]

    @property
    def strangers(self) -> list[str]:
        """Entities of the file that are no server and no service that was asked for so far."""
        return sorted(self._marks.keys() - self._met)


def known_of(datasets: Sequence[Dataset], listed: Listed | None = None) -> Known | None:
    """Return what is known to have happened on datasets: what made them says so, or a list."""
    sources: list[Known] = [] if listed is None else [listed]
    for dataset in datasets:
        plan = own_plan(dataset)
        if plan is not None and rows_short_of(plan, dataset) is None:
            ledger = Ledger.of_plan(plan)
            sources += [ledger] if ledger else []
    return Together(sources) if len(sources) > 1 else next(iter(sources), None)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    names = read_head(path).names
    lacking = [name for name in MUST if name not in names]
    if lacking:
        near = did_you_mean(lacking[0], names)
        raise InputError(
            f"{path}: no column {lacking[0]!r}{near}; a list of events has at least "
            f"{', '.join(MUST)}"
        )
    wanted = dict.fromkeys(name for name in (*MUST, *_MAY) if name in names)
    for batch in read_batches(path, wanted):
        yield from batch.to_pylist()


def _understood(row: dict[str, Any], where: str) -> tuple[str, list[Mark]]:
    begin, end = (_seconds(row[name], f"{where}: {name}") for name in ("begin", "end"))
    entity, kind = (_text(row[name]) for name in ("entity", "kind"))
    if begin is None or not entity or not kind:
        raise InputError(f"{where}: an event has a begin, an entity and a kind")
    if end is not None and end <= begin:
        raise InputError(f"{where}: it ends ({row['end']}) before it begins ({row['begin']})")
    name = _text(row.get("event_id")) or kind
    times = begin, end, ramp_of(_text(row.get("effect")))
    stems = stems_of(kind, _text(row.get("metrics")))
    return entity, list(marks_of(name.replace(f"-{entity}", ""), kind, times, stems))


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _seconds(value: Any, where: str) -> int | None:
    """Return a time in seconds since the Unix epoch; of one that says no zone it is UTC."""
    if not isinstance(value, datetime):
        text = _text(value)
        if not text:
            return None
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise InputError(
                f"{where}: {text!r} is not a valid time: give one such as 2024-06-01T08:00:00"
            ) from None
    return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
