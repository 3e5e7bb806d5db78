"""A side measured in a process of its own, where nothing has been imported or allocated before."""

from __future__ import annotations

import multiprocessing
import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

from bench.timing import MEGABYTE, Spent, measure

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.timing import Side

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def isolated(
    action: Callable[[], object], *, warm_up: Callable[[], object] | None = None, scale: float = 1
) -> Side:
    """Make a side of an action that can be pickled.

    The clocks run while the action does, not while its process starts; its memory counts whole.

    Args:
        action: what to measure.
        warm_up: what to do before the clocks start, such as the same on next to nothing.
        scale: what to multiply its seconds by.
    """

    def side() -> Spent:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            return pool.submit(measured, action, warm_up).result() * scale

    return side


def measured(action: Callable[[], object], warm_up: Callable[[], object] | None) -> Spent:
    """Run an action once; the peak is that of this process, or of its largest child."""
    if warm_up:
        warm_up()
    spent = measure(action)
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    peak = max(usage.ru_maxrss for usage in usages) * _RSS_UNIT / MEGABYTE
    return Spent(spent.wall, spent.cpu, peak)
