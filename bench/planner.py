"""What the planner's scenario gives a planner to find: ``python -m bench.planner``."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
import numpy as np

import fleetsynth
from fleetsynth.ledger import table
from fleetsynth.presets import resolve, simulate
from fleetsynth.presets.load import load_scenario
from fleetsynth.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from numpy.typing import NDArray

    from fleetsynth.plan import Plan

    Flags = NDArray[np.bool_]
    Values = NDArray[np.int32]

SCENARIO = "planner"
LIMIT = 8000
"""80 %, in hundredths."""
DAYS, BEFORE, STEP = 180, 28, 120
"""Days looked at; days before them without a breach; days from one look to the next."""
_YEAR = 365


class Fleet(NamedTuple):
    """A fleet whose ticks are days.

    Attributes:
        plan: of it.
        values: CPU, memory and disk, in hundredths, shape (3, servers, days).
    """

    plan: Plan
    values: Values

    @classmethod
    def of(cls, **overrides: Any) -> Fleet:
        """Make the planner's fleet, with some keys of another value."""
        plan = resolve(load_scenario(SCENARIO, overrides=overrides))
        window = Window(0, plan.fleet.size, plan.clock.first, plan.clock.stop)
        return cls(plan, simulate(plan, window).values[:3])


def share_with_story(plan: Plan) -> float:
    """Return the share of services that have a story in the span of a plan."""
    size = plan.fleet.size
    told = {event.entity for event in table.events(plan, 0, size) if event.course}
    services = set(plan.fleet.services(0, size))
    return len(told & services) / len(services)


def breaches(values: Values) -> Flags:
    """Tell on which days 3 of the last 7 values are at the limit, shape as the values."""
    at = np.pad(values >= LIMIT, ((0, 0), (0, 0), (7, 0)))
    count = np.cumsum(at, axis=2, dtype=np.int32)
    return np.asarray(count[..., 7:] - count[..., :-7] >= 3)


def first_breaches(values: Values, first: int) -> Flags:
    """Tell which servers breach in `DAYS` from a day on, and did not before, shape (3, servers).

    A server with a breach of any metric in the four weeks before is past deciding, and counts for
    none.
    """
    breached = breaches(values)
    before = np.any(breached[..., first - BEFORE : first], axis=(0, 2))
    later = np.any(breached[..., first : first + DAYS], axis=2)
    return np.asarray(later & ~before)


def looks(days: int) -> range:
    """Return the days from which `DAYS` are looked at: from the end of the first year on."""
    return range(_YEAR, days - DAYS + 1, STEP)


def slack(values: Values) -> float:
    """Return the share of servers of which half would have done for CPU in the last quarter."""
    used = np.quantile(values[0, :, -93:], 0.995, axis=1)
    return float(np.mean(2 * used <= 9000))


def errors(values: Values) -> dict[str, float]:
    """Return how far forecasts of the last 180 days are off, the mean over CPU series, in points.

    ``trend`` is a straight line through all before; ``seasons`` the same with a level for each
    weekday, and what the same days of the year before stood above the line.
    """
    cpu = values[0].astype(np.float64) / 100
    days = np.arange(cpu.shape[1])
    past, ahead = days[:-DAYS], days[-DAYS:]
    slope, base = np.polyfit(past, cpu[:, past].T, 1)
    line = slope[:, None] * days + base[:, None]
    left = cpu - line
    weekday = np.stack([np.median(left[:, past[past % 7 == day]], axis=1) for day in range(7)])
    week = weekday[days % 7].T
    year = _smooth((left - week)[:, ahead - _YEAR])
    found = {"trend": line[:, ahead], "seasons": (line + week)[:, ahead] + year}
    return {
        name: float(np.mean(np.abs(np.clip(each, 0, 100) - cpu[:, ahead])))
        for name, each in found.items()
    }


def _smooth(series: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return moving averages of three weeks, half of each: one year is not the next."""
    padded = np.pad(series, ((0, 0), (10, 10)), mode="edge")
    sums = np.cumsum(np.pad(padded, ((0, 0), (1, 0))), axis=1)
    out: NDArray[np.float64] = (sums[:, 21:] - sums[:, :-21]) / 21 / 2
    return out


def lines(seed: int, **overrides: Any) -> Iterator[str]:
    """Yield the rows of a seed."""
    fleet = Fleet.of(seed=seed, **overrides)
    of = errors(fleet.values)
    yield (
        f"seed {seed}: {share_with_story(fleet.plan):.0%} of services have a story, half of the "
        f"CPU would do for {slack(fleet.values):.0%} of servers, a trend is off by "
        f"{of['trend']:.2f} points, with seasons {of['seasons']:.2f}"
    )
    yield "| from | first breach | CPU | memory | disk |"
    yield "|---|---|---|---|---|"
    for first in looks(fleet.values.shape[2]):
        found = first_breaches(fleet.values, first)
        day = np.datetime64(str(fleet.plan.clock.start)) + first
        shares = [f"{each:.1%}" for each in (found.any(axis=0).mean(), *found.mean(axis=1))]
        yield f"| {day} | {' | '.join(shares)} |"


CUT = "2024-12-31"
"""The last day that `capacity` sees."""


class Answer(NamedTuple):
    """What `capacity` said of a metric at the cut, and what came within `DAYS`.

    Attributes:
        metric: cpu, memory or disk.
        breaches: servers that reached 80 % for the first time.
        alarms: those that were dated within `DAYS`.
        right: alarms of which a breach came.
        errors: days between date and breach, of breaches with a date.
        inside: those of them between early and late.
        likeliest: of the servers likeliest by `risk_365d`, as many as there were breaches, those
            that had one.
    """

    metric: str
    breaches: int
    alarms: int
    right: int
    errors: list[int]
    inside: int
    likeliest: int


def answers(seed: int, **overrides: Any) -> Iterator[Answer]:
    """Yield what `capacity` says of the planner's fleet at the cut, held against what came."""
    said = {"seed": seed, "end_date": CUT} | overrides
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fleet.parquet"
        fleetsynth.generate(load_scenario(SCENARIO, overrides=said), path)
        rows = fleetsynth.capacity(path, usable=80).rows("server")
    plan = resolve(load_scenario(SCENARIO, overrides={"seed": seed} | overrides))
    cut = int(np.datetime64(CUT).astype(np.int64)) + 1
    window = Window(0, plan.fleet.size, cut - BEFORE - 7, cut + DAYS)
    breached = breaches(simulate(plan, window).values[:3])[..., 7:]
    place = {name: row for row, name in enumerate(plan.fleet.server_ids(0, plan.fleet.size))}
    for index, metric in enumerate(("cpu", "memory", "disk")):
        ahead = breached[index, :, BEFORE:]
        first = np.where(ahead.any(axis=1), ahead.argmax(axis=1) + 1, 0)
        first[breached[index, :, :BEFORE].any(axis=1)] = -1
        yield _answer(metric, [row for row in rows if row["metric"] == metric], first, place)


def _answer(metric: str, rows: list[Any], first: Values, place: dict[str, int]) -> Answer:
    """Hold rows against the days until the first breach, 0 for none and -1 for one before."""
    alarms = right = inside = 0
    off = []
    for row in rows:
        came, days = int(first[place[row["name"]]]), row["days_usable"]
        if came < 0 or days is None or row["status"] == "already above":
            continue
        alarms += days <= DAYS
        right += days <= DAYS and came > 0
        if came > 0:
            off.append(int(days) - came)
            early, late = (row[f"{end}_usable"] for end in ("early", "late"))
            day = f"{date.fromisoformat(CUT) + timedelta(days=came)}"
            inside += str(early) <= day and (late is None or day <= str(late))
    breaches = int((first > 0).sum())
    free = [
        (row["risk_365d"] or 0.0, came) for row in rows if (came := first[place[row["name"]]]) >= 0
    ]
    free.sort(key=lambda each: -each[0])
    likeliest = sum(came > 0 for _, came in free[:breaches])
    return Answer(metric, breaches, alarms, right, off, inside, likeliest)


def answer_lines(seed: int) -> Iterator[str]:
    """Yield the table of `answers`."""
    yield (
        "| metric | breaches | among so many likeliest | with a date | off by | inside | alarms |"
        " of which nothing came |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for each in answers(seed):
        dated = len(each.errors)
        off = f"{np.median(np.abs(each.errors)):.0f} days" if dated else "–"
        share = f"{each.inside / dated:.2f}" if dated else "–"
        yield (
            f"| {each.metric} | {each.breaches} | {each.likeliest} | {dated} | {off} | {share} | "
            f"{each.alarms} | {each.alarms - each.right} |"
        )


@click.command()
@click.option("--capacity", is_flag=True, help="Hold what capacity says against what came.")
@click.option("--seeds", type=int, multiple=True, default=(42, 7, 1), help="Seeds of fleets.")
def main(*, capacity: bool, seeds: tuple[int, ...]) -> None:
    """Print, by seed, how many servers reach 80 % for the first time in 180 days."""
    for seed in seeds:
        for line in answer_lines(seed) if capacity else lines(seed):
            click.echo(line)


if __name__ == "__main__":
    main()
