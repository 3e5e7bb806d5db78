"""From sums to what the page carries: whole numbers in base64, and the few words around them."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.calendars import NO_DATES
from fleetsynth.clock import DAY_SECONDS, Days
from fleetsynth.report import effects
from fleetsynth.report.axis import regroup
from fleetsynth.report.collect import FILTERS, OTHER, SLOTS, WEEK_HOURS
from fleetsynth.report.detrend import way, without_growth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.models.base import Law
    from fleetsynth.plan import Plan
    from fleetsynth.report.axis import Axis
    from fleetsynth.report.collect import Collector

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_BUCKETS = 220
_MISSING = 65_535
_COARSE = 2_000.0
"""Above, a 16-bit share of the greatest is more than 0.03 wide."""


def packed(values: Floats) -> dict[str, Any]:
    """Encode numbers from zero up as 16-bit shares of the greatest; NaN is kept.

    Where that would be too coarse for what is in percent, they are 32-bit floats.
    """
    finite = np.isfinite(values)
    top = float(values[finite].max()) if finite.any() else 0.0
    if top > _COARSE:
        most = float(np.finfo(np.float32).max)
        exact = np.where(finite, np.clip(values, 0, most), np.nan).astype("<f4")
        return {"t": "f4", "n": list(values.shape), "k": 1, "b": base64(exact)}
    scale = top / (_MISSING - 1) if top > 0 else 1.0
    codes = np.full(values.shape, _MISSING, dtype="<u2")
    codes[finite] = np.rint(np.clip(values[finite], 0, None) / scale).astype("<u2")
    return {"t": "u2", "n": list(values.shape), "k": scale, "b": base64(codes)}


def whole(values: NDArray[np.integer]) -> dict[str, Any]:
    """Encode counts as 16-bit numbers, or 32-bit ones where that is too small."""
    kind = "i2" if values.max(initial=0) <= _MISSING else "i4"
    codes = values.astype("<u2" if kind == "i2" else "<u4")
    return {"t": kind, "n": list(values.shape), "k": 1, "b": base64(codes)}


def per_metric(counts: Ints) -> dict[str, Any]:
    """Encode numbers of values, shape (metrics, ...); once where they are the same for all."""
    same = len(counts) and (counts == counts[:1]).all()
    return whole(counts[:1] if same else counts)


def decimals(values: Floats, digits: int) -> dict[str, Any]:
    """Encode numbers with so many decimals as whole numbers above the least; NaN is kept."""
    known = np.isfinite(values)
    whole = np.rint(np.where(known, values, 0) * 10.0**digits).astype(np.int64)
    least = int(whole[known].min()) if known.any() else 0
    above = np.where(known, whole - least, -1)
    kind = "u2" if above.max(initial=0) < _MISSING else "u4"
    codes = above.astype("<u2" if kind == "u2" else "<u4")  # -1 becomes the greatest
    return {"t": kind, "n": list(values.shape), "k": digits, "o": least, "b": base64(codes)}


def base64(array: NDArray[Any]) -> str:
    """Encode the bytes of an array."""
    return b64encode(np.ascontiguousarray(array).tobytes()).decode()


def rounded(values: Floats, digits: int = 3) -> list[Any]:
    """Return nested lists of rounded numbers, None for NaN."""
    if values.ndim > 1:
        return [rounded(row, digits) for row in values]
    return [round(x, digits) if np.isfinite(x) else None for x in values.tolist()]


def metrics(collected: Collector) -> list[dict[str, Any]]:
    """Describe the metrics."""
    return [
        {
            "column": metric.column,
            "stem": metric.stem,
            "label": metric.label[0].upper() + metric.label[1:],
            "statistic": metric.statistic,
            "unit": metric.unit,
            "main": place in collected.main,
        }
        for place, metric in enumerate(collected.metrics)
    ]


def dimensions(
    collected: Collector, plan: Plan | None
) -> tuple[list[dict[str, Any]], list[list[int]]]:
    """Describe what can be filtered by, and where each group stands in it.

    Values are in the order of the scenario, or else of the alphabet.
    """
    groups = collected.groups
    out, keys = [], np.array(list(groups.keys), dtype=np.int64).reshape(len(groups.keys), -1)
    for d, (name, values) in enumerate(zip(groups.names, groups.values, strict=True)):
        ranks = [(_rank(value, name, plan), i) for i, value in enumerate(values)]
        order = [i for _, i in sorted(ranks)]
        place = np.argsort(np.array(order, dtype=np.int64))
        keys[:, d] = place[keys[:, d]]
        titles = {a.name: a.profile.name for a in plan.archetypes} if plan else {}
        codes = [values[i] for i in order]
        shown = [titles.get(v, v) if name == "server_type" else v for v in codes]
        out.append({"name": name, "label": FILTERS[name], "codes": codes, "values": shown})
    return out, keys.tolist()


_SCALE = ("critical", "high", "medium", "low")


def _rank(value: str, dimension: str, plan: Plan | None) -> tuple[int, str]:
    if dimension == "criticality" and value.lower() in _SCALE:
        return _SCALE.index(value.lower()), value
    known: list[str] = []
    if plan:
        odds = plan.fleet.odds
        known = (
            [*plan.fleet.archetypes] if dimension == "server_type" else [*odds.get(dimension, ())]
        )
    return (known.index(value) if value in known else len(known) + (value == OTHER)), value


def over_time(collected: Collector, axis: Axis) -> dict[str, Any]:
    """Means and peaks by metric, group and bucket."""
    place = axis.place(collected.axis.starts)
    sums, counts, absent = (
        regroup(part, place, axis.count)
        for part in (collected.sums, collected.counts, collected.absent)
    )
    peaks = regroup(collected.peaks, place, axis.count, how=np.maximum, empty=-np.inf)
    values = counts - absent
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / values
    return {
        "width": axis.width,
        "starts": axis.starts.tolist(),
        "mean": packed(means),
        "peak": packed(peaks),
        "counts": per_metric(values),
    }


def weekly(collected: Collector) -> dict[str, Any]:
    """Means by weekday and hour, or by weekday and month where a day has one value.

    Growth is taken out of the latter: or else later months, or those that more years have, would
    seem to be busier.
    """
    growth = None
    if collected.step < DAY_SECONDS:
        sums, counts, columns = collected.week, collected.week_counts, WEEK_HOURS // 7
    else:
        days, day_sums, day_counts = by_day(collected)
        slot = days.dayofweek * 12 + days.month - 1
        with np.errstate(invalid="ignore", divide="ignore"):
            means = day_sums / day_counts
        level = np.stack([without_growth(each) for each in means])
        day_sums = np.where(day_counts, level * day_counts, 0)
        sums, counts = regroup(day_sums, slot, 84), regroup(day_counts, slot, 84)
        columns, growth = 12, way(days.index.size)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / counts
    return {
        "columns": columns,
        "mean": packed(means),
        "counts": per_metric(counts),
        "growth": growth,
    }


def by_day(collected: Collector) -> tuple[Days, Floats, Ints]:
    """Return every day with sums and numbers of values, shape (metrics, groups, days)."""
    axis = collected.axis
    day = axis.starts // DAY_SECONDS
    days = Days(int(day[0]), int(day[-1]))
    place = day - day[0]
    sums = regroup(collected.sums, place, days.index.size)
    counts = regroup(collected.counts - collected.absent, place, days.index.size)
    return days, sums, counts


def distribution(collected: Collector) -> dict[str, Any]:
    """Histograms by metric and group."""
    return {"bins": SLOTS, "widths": collected.widths, "counts": whole(collected.histogram)}


def calendar(
    collected: Collector, plan: Plan | None, law: Law | None, codes: list[str], country: str
) -> dict[str, Any] | None:
    """Every special day beside ordinary days near it, measured and, if known, as specified."""
    if collected.step > DAY_SECONDS:
        return None
    days, sums, counts = by_day(collected)
    factors = effects.by_date(plan)
    own = plan.own_dates if plan else NO_DATES
    names, kinds = (
        effects.declared_kinds(factors, days)
        if factors
        else (list(effects.GENERAL), effects.general_kinds(days, country, own))
    )
    main = collected.main
    special, seen, base = effects.compare(sums[main], counts[main], kinds)
    if not special.size:
        return None
    out: dict[str, Any] = {
        "names": names,
        "kinds": kinds[special].tolist(),
        "days": days.index[special].tolist(),
        "seen": packed(seen),
        "base": packed(base),
    }
    chosen = [collected.metrics[place] for place in main]
    if plan and factors:
        out["factors"] = rounded(effects.demand_factors(plan, days, chosen)[:, special])
    if plan and law:
        means = effects.expected_days(plan, law, days.index, chosen)
        ones = np.ones(means.shape, dtype=np.int64)
        _, expected, ordinary = effects.compare(means, ones, kinds)
        known = {archetype.name: a for a, archetype in enumerate(plan.archetypes)}
        order = [known.get(code, -1) for code in codes]
        if order and -1 not in order:
            out["expected"] = packed(expected[:, order])
            out["ordinary"] = packed(ordinary[:, order])
    return out
