"""What it takes to append a day to a lake, by the lake's age: ``python -m bench.append``."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from bench.command import command
from bench.comparison import Benchmark, Goal
from bench.timing import timed
from fleetsynth import api
from fleetsynth.folders.verify import read_manifest
from fleetsynth.stores.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

SERVERS = 10_000
LAST = date(2024, 12, 15)
"""In the middle of a month that has begun."""
AGES = {"1 month": 1, "1 year": 12, "3 years": 36}


def day(folder: Path) -> Benchmark:
    """Compare appends of a day to lakes of one month, of a year, and of three."""
    lakes = {age: _lake(folder, months) for age, months in AGES.items()}
    young, *older = lakes
    return Benchmark(
        rows=SERVERS,
        sides={age: timed(partial(_append, lake)) for age, lake in lakes.items()},
        goals=[
            Goal(young, (), "wall", 10, at_most=True),
            *(Goal(age, (young,), "cpu", 1.5, at_most=True) for age in older),
        ],
        remark=f"{SERVERS:,} servers, daily, a part a month: one more day, to local disk.",
    )


def _lake(folder: Path, months: int) -> Path:
    year, month = divmod(LAST.year * 12 + LAST.month - 1 - months, 12)
    scenario: dict[str, Any] = {
        "num_servers": SERVERS,
        "start_date": date(year, month + 1, 1).isoformat(),
        "end_date": LAST.isoformat(),
    }
    lake = folder / f"lake-{months}"
    api.generate(scenario, f"{lake}/", partition_by=["year", "month"])
    return lake


def _append(lake: Path) -> None:
    """Append the day after the last one that a lake has."""
    spans = read_manifest(open_store(str(lake))).get("spans", [])
    last = date.fromisoformat(spans[-1]["until"]) if spans else LAST
    api.append(lake, last + timedelta(days=1))


main = command({"day": day}, repeat=3, text="Measure what it takes to append a day.")

if __name__ == "__main__":
    main()
