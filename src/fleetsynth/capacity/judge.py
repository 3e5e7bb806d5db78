"""From what was gathered to the table: every series is judged, metric by metric."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.capacity import pool
from fleetsynth.capacity.course import courses
from fleetsynth.capacity.estimate import FULL, LEAST_WEEKS, Status, outlook
from fleetsynth.capacity.fits import fitted
from fleetsynth.capacity.remedies import Case, least, remedies
from fleetsynth.capacity.rows import LABELS
from fleetsynth.capacity.short import NOTE, seen_full
from fleetsynth.capacity.table import DIGITS, Columns
from fleetsynth.capacity.weekly import WEEK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fleetsynth.capacity.ask import Ask
    from fleetsynth.capacity.gather import Gathered
    from fleetsynth.capacity.look import Looked
    from fleetsynth.capacity.machines import Machines
    from fleetsynth.capacity.remedies import Remedy

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_MONTH = 30.44
_SIDE = 1.645
"""Standard errors on either side that hold nine cases of ten."""
_EPOCH = date(1970, 1, 1)
_CEILING = 99.0
_STRAIGHT, _CURVED = 0, 1


def judge(
    gathered: Gathered,
    ask: Ask,
    statistics: Mapping[str, str | None],
    machines: Machines | None = None,
) -> Columns:
    """Judge all series.

    Args:
        gathered: what was found in them; it is used up.
        ask: what is asked.
        statistics: what is published, by metric.
        machines: what servers are, if that is known.
    """
    servers = gathered.of_servers()
    labels = {role: gathered.of_label(role) for role in LABELS}
    replicas = _replicas(labels["service"])
    metrics = list(gathered.looked)
    parts = [
        part
        for number, metric in enumerate(metrics)
        for part in _of_metric(gathered, ask, (number, metric), labels, replicas, machines)
    ]
    before = 0
    helps: dict[int, list[Remedy]] = {}
    notes: dict[int, str] = {}
    for part in parts:
        helps |= {before + row: found for row, found in part["helps"].items()}
        notes |= {before + row: text for row, text in part["notes"].items()}
        before += len(part["status"])

    def all_(name: str) -> Any:
        return np.concatenate([part[name] for part in parts])

    at, stat_words = all_("at"), sorted({*filter(None, statistics.values()), "p95"})
    published = np.array([_code(statistics.get(metric), stat_words) for metric in metrics])
    sampled = np.concatenate(
        [each for _, arrays in sorted(gathered.sampled.items()) for each in arrays]
    )
    metric = all_("metric")
    statistic = np.where(sampled[at], stat_words.index("p95"), published[metric])
    texts = {
        "server": (servers[at], gathered.names),
        **{name: (labels[role][at], gathered.words.get(role, [])) for role, name in LABELS.items()},
        "metric": (metric, metrics),
        "statistic": (statistic, stat_words),
        "growth": (all_("curved"), ["straight", "compounding"]),
    }
    fits = None
    if machines is not None:
        fits = fitted(
            machines,
            at,
            [metrics[code] for code in metric],
            all_("least"),
            all_("used") / all_("usable"),
            helps,
        )
        helps |= fits.helps
    return Columns(
        last=_EPOCH + timedelta(gathered.last),
        levels=ask.levels,
        texts=texts,
        status=all_("status"),
        years=all_("years"),
        numbers={n: np.round(all_(n), DIGITS.get(n, 1)) + 0.0 for n in parts[0]["numbers"]},
        days={name: all_(name) for name in parts[0]["days"]},
        remedies=helps,
        notes=notes,
        lead_time=ask.lead_time,
        fits=fits,
    )


def _of_metric(
    gathered: Gathered,
    ask: Ask,
    metric: tuple[int, str],
    labels: Mapping[str, Ints],
    replicas: Ints,
    machines: Machines | None,
) -> list[dict[str, Any]]:
    """Judge the series of one metric, part by part; those without a value are left out."""
    number, name = metric
    looked = gathered.take(name)
    edges = np.cumsum([0, *map(len, looked)])
    service, kind = (np.split(labels[role], edges[1:-1]) for role in ("service", "type"))
    groups, pools = [each + 1 for each in kind], pool.pools(service, kind)
    out = []
    for course, found, begin in zip(
        courses(looked, groups, name, pools), looked, edges, strict=False
    ):
        levels = np.repeat(np.array(ask.values(name))[:, None], len(found), axis=1)
        usable = ask.levels.index("usable")
        said = outlook(found, course, levels, usable, gathered.last, ask.horizon)
        at = np.arange(begin, begin + len(found))
        case = Case(
            metric=name,
            looked=found,
            course=course,
            outlook=said,
            usable=levels[usable],
            replicas=replicas[at],
            offset=gathered.last - found.last,
            machines=None if machines is None else machines.part(at),
        )
        helps = remedies(case)  # of what can be judged alone
        smallest = least(case)
        case = replace(case, outlook=seen_full(case, levels, gathered.last))
        part = _part(case, ask, number, at, helps)
        out.append(
            part | {"least": smallest[part["at"] - begin], "used": found.used[part["at"] - begin]}
        )
    return out


def _part(
    case: Case, ask: Ask, number: int, at: Ints, helps: dict[int, list[Remedy]]
) -> dict[str, Any]:
    looked, course, said = case.looked, case.course, case.outlook
    there = np.flatnonzero(looked.last_day >= 0)
    slope, error = course.slopes()
    judged = ~np.isin(said.status, [Status.SHORT, Status.ENDED]) & ~_short(looked)
    trend = {"trend_month": 0.0, "trend_month_low": -_SIDE, "trend_month_high": _SIDE}
    numbers = {"now": said.now}
    numbers |= {
        name: np.where(judged, (slope + side * error) * _MONTH, np.nan)
        for name, side in trend.items()
    }
    saw = {row: each for row, each in course.saws.items() if judged[row]}
    cycle, floor, peak = np.full((3, len(looked)), np.nan)
    for row, each in saw.items():
        cycle[row], floor[row], peak[row] = each.days, each.floor, each.floor + each.height
    numbers |= {
        "peak_over_trend": np.where(judged, course.peaks(0.95), np.nan),
        "cycle_days": cycle,
        "floor": floor,
        "peak": peak,
        "usable": case.usable,
        "risk_90d": said.risks[0],
        "risk_365d": said.risks[1],
        "weeks": said.weeks.astype(np.float64),
    }
    days = {"last_sample": looked.last_day.astype(np.float64)}
    for kind, values in (("early", said.early), ("days", said.days), ("late", said.late)):
        days |= {f"{kind}_{level}": each for level, each in zip(ask.levels, values, strict=True)}
    place = {int(row): new for new, row in enumerate(there)}
    return {
        "at": at[there],
        "metric": np.full(len(there), number),
        "status": said.status[there],
        "years": np.round(said.horizon[there] / 365, 1),
        "curved": np.where(course.curved, _CURVED, _STRAIGHT)[there],
        "numbers": list(numbers),
        "days": list(days),
        "helps": {place[row]: each for row, each in helps.items() if row in place},
        "notes": {place[row]: text for row, text in _notes(case).items() if row in place},
        **{name: values[there] for name, values in (numbers | days).items()},
    }


def _notes(case: Case) -> dict[int, str]:
    """Say what a reader of a row should know besides."""
    looked, said = case.looked, case.outlook
    weeks = looked.figures.shape[1]
    out = {}
    seen = set(np.flatnonzero(looked.step).tolist()) - set(looked.told)
    for row in sorted(seen):
        day = looked.last - WEEK * (weeks - int(looked.step[row])) + 1
        out[row] = f"on another level since about {_EPOCH + timedelta(day)}"
    for row in np.flatnonzero(said.status == Status.ENDED).tolist():
        out[row] = f"no value since {_EPOCH + timedelta(int(looked.last_day[row]))}"
    for row in np.flatnonzero((said.status == Status.ABOVE) & (said.now >= _CEILING)).tolist():
        out[row] = "at the ceiling: how much more is wanted does not show"
    for row in np.flatnonzero(np.isin(said.status, FULL) & looked.constant).tolist():
        out[row] = "never moves: look after what measures it"
    for row in np.flatnonzero((said.status == Status.ABOVE) & _short(looked)).tolist():
        out[row] = "; ".join(filter(None, [NOTE, out.get(row)]))
    for row in np.flatnonzero(case.course.season.there).tolist():
        out[row] = "; ".join(filter(None, [out.get(row), "has a season"]))
    for row, (before, after) in _happened(looked).items():
        out[row] = "; ".join(filter(None, [before, out.get(row), after]))
    return out


def _happened(looked: Looked) -> dict[int, tuple[str, str]]:
    """Say what known events did to histories: where they are cut, and what is left out."""
    out = {}
    for row in sorted({*looked.told, *np.flatnonzero(looked.left_out).tolist()}):
        cut, left = "", int(looked.left_out[row])
        if row in looked.told:
            day = _EPOCH + timedelta(looked.told[row].day)
            cut = f"history cut at {looked.told[row].name} on {day.day} {day:%B %Y}"
        out[row] = cut, f"{left} day{'s' * (left > 1)} with events left out" if left else ""
    return out


def _short(looked: Looked) -> NDArray[np.bool_]:
    """Tell which series have too few weeks for anything to be said of the time to come."""
    short: NDArray[np.bool_] = (~np.isnan(looked.figures)).sum(axis=1) < LEAST_WEEKS
    return short


def _replicas(service: Ints) -> Ints:
    """Return how many servers each server's service has, 0 without a service."""
    counts = np.bincount(service + 1)
    return np.where(service >= 0, counts[service + 1], 0)


def _code(word: str | None, words: list[str]) -> int:
    return words.index(word) if word in words else -1
