"""What runs out, when, and what to do: `fleetsynth.capacity`'s results as the page carries them."""

from __future__ import annotations

from calendar import timegm
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.capacity.backtest import Backtest
from fleetsynth.capacity.fits import MACHINE, priced
from fleetsynth.capacity.gather import gather
from fleetsynth.capacity.judge import judge
from fleetsynth.capacity.listed import known_of
from fleetsynth.capacity.machines import machines_of
from fleetsynth.capacity.rows import NETWORK, PERCENT, Exports
from fleetsynth.capacity.table import COUNTS, DIGITS, LABELS, kinds
from fleetsynth.capacity.weekly import WEEK
from fleetsynth.errors import InputError
from fleetsynth.report import embed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.capacity.ask import Ask
    from fleetsynth.capacity.gather import Gathered
    from fleetsynth.capacity.table import Columns
    from fleetsynth.instances import Instances
    from fleetsynth.reader import Dataset

    Ints = NDArray[np.int64]
    Values = NDArray[np.float32]

MOST_ROWS = 60_000
"""Rows of servers and metrics that the page carries: those that need somebody first."""
MOST_SERIES = 2_000
"""Rows whose history the page draws."""
_POINTS = 80
_NOTHING = 255


@dataclass(frozen=True)
class Answer:
    """Capacity's results, and the weekly figures behind them.

    Attributes:
        table: the results.
        servers: how many have a value.
        usable: usable capacity in percent, by metric.
        backtest: how far such dates were off, at the farthest horizon that the history allows.
        weeks: weekly figures of each metric, by last day of their blocks; in order of `codes`.
        codes: of the servers.
        last: the last day of the data, counted from the epoch.
        unknown_types: instance types of the data that the catalogue does not have.
    """

    table: Columns
    servers: int
    usable: dict[str, float]
    backtest: list[dict[str, Any]]
    weeks: dict[str, list[tuple[int, Values]]]
    codes: Ints
    last: int
    unknown_types: list[str]


def answer(dataset: Dataset, ask: Ask, catalogue: Instances | None = None) -> Answer | str:
    """Judge a dataset as `fleetsynth.capacity` does, in one pass; or say why that cannot be.

    Raises:
        UsageError: if there is a catalogue, and the data name no types.
    """
    judged = PERCENT if ask.link is None else (*PERCENT, *NETWORK)
    if not any(metric in dataset.roles for metric in judged):
        return "The data have no CPU, memory or disk in percent, so nothing is said of capacity."
    exports = Exports([dataset], network=ask.link is not None)
    tested = Backtest(ask, farthest=True)
    try:
        gathered = gather(exports, ask.link, ask.percentile, tested, known_of([dataset]))
    except InputError as error:
        return f"Nothing is said of capacity: {error}."
    weeks = {metric: _figures(gathered, metric) for metric in exports.metrics}
    backtest = tested.results()
    farthest = max((row["horizon_days"] for row in backtest), default=0)
    codes = gathered.of_servers()
    machines = machines_of([dataset], gathered, catalogue)
    return Answer(
        table=judge(gathered, ask, exports.statistics(), machines),
        servers=len(codes),
        usable={metric: ask.by_metric[metric] for metric in exports.metrics},
        backtest=[row for row in backtest if row["horizon_days"] == farthest],
        weeks=weeks,
        codes=codes,
        last=gathered.last,
        unknown_types=machines.unknown if machines else [],
    )


def _figures(gathered: Gathered, metric: str) -> list[tuple[int, Values]]:
    """Return the weekly figures of every block, without copying them."""
    return [
        (part.last, part.figures)
        for _, parts in sorted(gathered.looked[metric].items())
        for part in parts
    ]


def payload(found: Answer) -> dict[str, Any]:
    """Return what the page carries: rows by column, what needs somebody first."""
    table = found.table
    order = table.order()
    rows = order[:MOST_ROWS]
    words = {name: _words(*table.texts[name], rows) for name in table.texts}
    words["status"] = _texts([_status(table, i) for i in rows.tolist()])
    at = {row: place for place, row in enumerate(rows.tolist())}
    notes = {at[row]: text for row, text in table.notes.items() if row in at}
    helps = {at[row]: _helps(table, row) for row in table.remedies if row in at}
    days = {name: values[rows] for name, values in table.days.items()}
    return {
        "as_of": table.last.isoformat(),
        "last": timegm(table.last.timetuple()),
        "servers": found.servers,
        "usable": found.usable,
        "labels": list(LABELS),
        "levels": table.levels,
        "lead_time": table.lead_time,
        "columns": table.names(),
        "rows": len(rows),
        "all": len(table),
        "words": words,
        "numbers": {
            name: embed.decimals(values[rows], 0 if name == "weeks" else DIGITS.get(name, 1))
            for name, values in table.numbers.items()
        },
        "years": embed.decimals(table.years[rows], 1),
        "days": {name: embed.decimals(np.round(values), 0) for name, values in days.items()},
        "counts": list(COUNTS),
        "counted": embed.whole(kinds(table)[rows]),
        "helps": helps,
        "notes": notes,
        "series": _series(found, rows[:MOST_SERIES]),
        "backtest": found.backtest,
        "machines": _machines(table, rows),
    }


def _helps(table: Columns, row: int) -> list[list[Any]]:
    """Return what would help: action, before, after, days, and what is to be said of types."""
    metrics, words = table.texts["metric"]
    metric = words[int(metrics[row])]
    return [
        [each.action, each.before, each.after, each.days, priced(each, metric).get("words")]
        for each in table.remedies[row]
    ]


def _machines(table: Columns, rows: Ints) -> dict[str, Any] | None:
    """Return what servers are and cost, by column, and in all; None where that is not known."""
    if table.fits is None:
        return None
    columns = dict(zip(MACHINE, table.fits.lists(rows), strict=True))
    return {"columns": columns, "totals": table.fits.totals}


def _status(table: Columns, i: int) -> str:
    return str(table.status[i]).format(years=f"{table.years[i]:g}")


def _words(codes: Ints, words: list[str], rows: Ints) -> dict[str, Any]:
    """Encode a text of each row; those without one have None."""
    used, place = np.unique(codes[rows], return_inverse=True)
    return {
        "words": [words[code] if code >= 0 else None for code in used.tolist()],
        "codes": embed.whole(place),
    }


def _texts(texts: list[str]) -> dict[str, Any]:
    words = sorted(set(texts))
    number = {word: code for code, word in enumerate(words)}
    return {"words": words, "codes": embed.whole(np.array([number[t] for t in texts], np.int64))}


def _series(found: Answer, rows: Ints) -> dict[str, Any]:
    """Encode the weekly figures of rows, in half points: of some weeks together the greatest."""
    servers, _ = found.table.texts["server"]
    metric, metrics = found.table.texts["metric"]
    place = np.full(int(found.codes.max(initial=-1)) + 1, -1, np.int64)
    place[found.codes] = np.arange(len(found.codes))
    weeks = max((f.shape[1] for parts in found.weeks.values() for _, f in parts), default=0)
    every = max(1, -(-weeks // _POINTS))
    count = -(-weeks // every)
    out = np.full((len(rows), count * every), np.nan, np.float32)
    for number, name in enumerate(metrics):
        mine = np.flatnonzero(metric[rows] == number)
        series, begin = place[servers[rows[mine]]], 0
        for last, figures in found.weeks[name]:
            here = (series >= begin) & (series < begin + len(figures))
            late = (found.last - last) // WEEK
            stop = out.shape[1] - late
            wide = min(figures.shape[1], stop)
            if wide > 0:
                some = figures[series[here] - begin]
                out[mine[here], stop - wide : stop] = some[:, some.shape[1] - wide :]
            begin += len(figures)
    together = np.fmax.reduce(out.reshape(len(rows), count, every), axis=2) if count else out
    codes = np.where(np.isnan(together), _NOTHING, np.clip(np.rint(together * 2), 0, _NOTHING - 1))
    return {
        "days": every * WEEK,
        "values": {
            "t": "u1",
            "n": list(codes.shape),
            "k": 1,
            "b": embed.base64(codes.astype("u1")),
        },
    }
