"""Files that appear together: all of them, or none, as far as a file system can promise that."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from fleetsynth.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fleetsynth.formats.base import Sink


def abort(sinks: Iterable[Sink]) -> None:
    """Abort sinks, which come in the order in which they were opened.

    The last one goes first: the first has made the folder that several lie in, and can remove it
    only when nothing else is there.
    """
    for sink in reversed(list(sinks)):
        sink.abort()


def publish(sinks: Mapping[str, Sink], *, last: str | None) -> dict[str, int]:
    """Commit sinks, and return the size of each; if one cannot be, withdraw those that were.

    All that can fail for want of room has been done before the first one appears. A process that
    is killed between two of them leaves whole files, and the `last` one only together with all
    others.

    Args:
        sinks: by name.
        last: which one comes after all others; None for the order that they have.
    """
    if len(sinks) == 1:
        return {name: sink.commit() for name, sink in sinks.items()}
    for sink in sinks.values():
        sink.finish()
    sizes: dict[str, int] = {}
    try:
        for name in sorted(sinks, key=lambda name: name == last):
            sizes[name] = sinks[name].commit()
    except BaseException:
        for name in sorted(sizes, key=list(sinks).index, reverse=True):  # as `abort` does
            with suppress(OutputError):
                sinks[name].withdraw()
        raise
    return sizes
