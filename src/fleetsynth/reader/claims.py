"""What a dataset says of itself, compared with the rows that are there before it costs anything.

A scenario of a line can stand for 10^15 rows, and checks take room by the ticks and servers of a
plan. So none is made from a plan that speaks of far more than there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from fleetsynth.errors import InputError
from fleetsynth.formats import FORMATS, format_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from fleetsynth.plan import Plan
    from fleetsynth.stores.store import Store

ALWAYS = 1 << 18
"""Rows that a plan may always have: to be prepared for so many costs next to nothing."""
PER_ROW = 4
"""Rows that a plan may have beyond that for each row that is there: data may have been cut."""


def claim_of(plan: Plan) -> int:
    """Return how many rows a plan speaks of, or, if they need not be there, what it takes room by.

    That is its servers, and its ticks.
    """
    return plan.cells if plan.is_full else max(plan.fleet.size, plan.clock.count)


def beyond(plan: Plan, rows: Iterable[int]) -> int | None:
    """Return the number of rows there if a plan has far too many for them, or else None.

    Args:
        plan: what a dataset should be.
        rows: most rows of each of its files; no more are asked for than it takes to tell.
    """
    claimed = claim_of(plan)
    if claimed <= ALWAYS:
        return None
    there = 0
    for more in rows:
        there += more
        if claimed <= PER_ROW * there:
            return None
    return there


def refuse_beyond(plan: Plan, store: Store, names: Iterable[str], ending: str) -> None:
    """Refuse a folder whose record speaks of far more rows than its files can have.

    Args:
        plan: what the record says.
        store: where the folder is.
        names: its data files; no more of them are looked at than it takes to tell.
        ending: that of its parts.

    Raises:
        InputError: if so.
    """
    most = FORMATS[ending].rows_per_byte
    there = beyond(plan, ((store.size(name) or 0) * most for name in names))
    if there is not None:
        raise InputError(
            f"{store.name} is said to have {claim_of(plan):,} rows, and its files can have "
            f"{there:,} at most: parts are missing, or the record does not belong to these data"
        )


def rows_at_most(path: Path) -> int:
    """Return how many rows a file can have: what it says itself, or its size allows."""
    kind = FORMATS[format_of(path)]
    try:
        by_size = path.stat().st_size * kind.rows_per_byte
        told = kind.reader.rows(path)
        return by_size if told is None else min(by_size, told)
    except (OSError, pa.ArrowException):
        return 0  # to read it is to be told what is wrong with it
