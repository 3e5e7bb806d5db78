"""What happens to a fleet, as people read it on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from fleetsynth.cli.terminal import open_console, plain, print_whole, text_table
from fleetsynth.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.events.api import Events

_TOP = 50
_STYLES = {"critical": "red", "major": "yellow", "info": "dim"}


def show_events(found: Events, top: int | None, *, chains: bool) -> None:
    """Print events in order of begin; with chains, each below what brought it about."""
    rows = found.rows()
    shown = list(_chained(rows) if chains else ((0, row) for row in rows))[: top or _TOP]
    console = open_console()
    if not rows:
        why = "the scenario has no `events`, `incidents` or `stories`: docs/events.md"
        console.print(Text(f"no events: {why}" if found.quiet else "no events"))
        return
    table = text_table("begin (UTC)", "end")
    for name in ("kind", "entity", "effect", "severity", "cause"):
        table.add_column(Text(name), justify="left", no_wrap=True)
    for depth, row in shown:
        kind = KINDS[row["kind"]].title if row["kind"] in KINDS else row["kind"]
        table.add_row(
            _moment(row["begin"]),
            _moment(row["end"]) if row["end"] else "–",
            plain("  " * depth + ("└ " if depth else "") + kind),
            plain(row["entity"]),
            plain(row["effect"]),
            Text(row["severity"], style=_STYLES.get(row["severity"], "")),
            plain("" if depth else row["cause"]),
        )
    print_whole(table)
    if len(rows) > len(shown):
        console.print(Text(f"the first {len(shown):,} of {len(rows):,} events", style="dim"))


def _moment(iso: str) -> str:
    day, _, time = iso.partition("T")
    return f"{day} {time.removesuffix(':00')}"


def _chained(rows: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield rows with how deep they stand: each below what brought it about, if that is there."""
    ids = {row["event_id"] for row in rows}
    below: dict[str, list[dict[str, Any]]] = {}
    roots = []
    for row in rows:
        if row["cause"] in ids and row["cause"] != row["event_id"]:
            below.setdefault(row["cause"], []).append(row)
        else:
            roots.append(row)
    waiting = [(0, row) for row in reversed(roots)]
    while waiting:
        depth, row = waiting.pop()
        yield depth, row
        waiting += [(depth + 1, each) for each in reversed(below.pop(row["event_id"], []))]
