"""From a dataset that can be read twice to the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.clock import DAY_SECONDS
from fleetsynth.errors import InputError
from fleetsynth.presets import model_of
from fleetsynth.report import answer, embed, happened, page, sample
from fleetsynth.report.collect import ALL, Collector
from fleetsynth.report.detail import NOWHERE, Buckets, Sample
from fleetsynth.report.rows import SERVICE, Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from fleetsynth.models.base import Law
    from fleetsynth.plan import Plan
    from fleetsynth.report.answer import Answer

    Ints = NDArray[np.int64]

MOST_SERVICES = 60


@dataclass(frozen=True)
class Dataset:
    """What a report is about.

    Attributes:
        name: what to call it.
        batches: gives its batches, under our names, as often as it is called.
        schema: all columns that they have; some may lack some.
        digest: returns the content digest, given the number of rows, if there is one.
        plan: what it was made from, if that is known.
        step: seconds between the points of most servers; None for the smallest gap.
        provenance: what it says about its own making, in words.
    """

    name: str
    batches: Callable[[], Iterator[pa.RecordBatch]]
    schema: pa.Schema
    digest: Callable[[int], str | None] = lambda _rows: None
    plan: Plan | None = None
    step: int | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)


def build(
    dataset: Dataset,
    capacity: Answer | str,
    *,
    servers: int = 12,
    validation: Mapping[str, Any] | None = None,
    facts: Callable[[int], Mapping[str, Any] | None] = lambda _step: None,
    understood: Callable[[], Mapping[str, Any]] = dict,
) -> str:
    """Return the page of a dataset.

    Args:
        dataset: what it is about.
        capacity: what runs out, when, and what would help; or why nothing is said of it.
        servers: how many lines of the ranked list to show before all are asked for.
        validation: verdicts, as `fleetsynth validate --json` prints them.
        facts: returns, for a step in seconds, `{"note": str, "step": seconds between the points
            of real fleets, "comparable": bool, "facts": [{"name", "unit", "digits", "value",
            "low", "high", "real": {fleet: figure}}, ...]}`.
        understood: returns what was understood of the data, once they have been read.

    Raises:
        InputError: if there are no rows, or columns that a dataset needs are missing.
    """
    collected, reader, digest = _first_pass(dataset)
    payload = _summary(dataset, collected, digest)
    payload |= _details(dataset, collected, reader)
    payload["events"] = happened.payload(dataset.plan, collected)
    if isinstance(capacity, str):
        payload |= {"capacity": None, "unjudged": capacity}
    else:
        payload |= {"capacity": answer.payload(capacity) | {"show": servers}}
    payload["validation"] = validation
    payload["facts"] = facts(collected.step)
    payload["understood"] = understood()
    summary = (
        f"{dataset.name}: {payload['meta']['servers']:,} servers, {collected.rows:,} rows, "
        f"{payload['meta']['start']} to {payload['meta']['end']}."
    )
    return page.render(payload, title=f"Fleet report: {dataset.name}", summary=summary)


def _first_pass(dataset: Dataset) -> tuple[Collector, Reader, str | None]:
    reader = Reader(dataset.schema)
    collected = Collector(reader.metrics, reader.servers)
    for batch in dataset.batches():
        collected.update(reader.rows(batch))
    if not collected.rows:
        raise InputError(f"{dataset.name} has no rows")
    collected.step = dataset.step or collected.step or DAY_SECONDS
    return collected, reader, dataset.digest(collected.rows)


def _summary(dataset: Dataset, collected: Collector, digest: str | None) -> dict[str, Any]:
    plan = dataset.plan
    axis = collected.axis.coarser(embed.MOST_BUCKETS, collected.step)
    dimensions, keys = embed.dimensions(collected, plan)
    of = collected.groups.of_servers()
    codes: list[str] = next((d["codes"] for d in dimensions if d["name"] == "server_type"), [])
    return {
        "meta": {
            "name": dataset.name,
            "rows": collected.rows,
            "servers": len(collected.servers.number),
            "start": _day(collected.low),
            "end": _day(collected.high),
            "last": collected.high,
            "step": collected.step,
            "digest": digest,
            "preset": plan.scenario.preset if plan else None,
            "provenance": dict(dataset.provenance),
        },
        "metrics": embed.metrics(collected),
        "dimensions": dimensions,
        "groups": {"keys": keys, "servers": np.bincount(of, minlength=len(keys)).tolist()},
        "time": embed.over_time(collected, axis),
        "week": embed.weekly(collected),
        "distribution": embed.distribution(collected),
        "effects": embed.calendar(collected, plan, _law(plan), codes, "US"),
    }


def _details(dataset: Dataset, collected: Collector, reader: Reader) -> dict[str, Any]:
    """What takes a second pass: series of services, and the sample."""
    axis = collected.axis.coarser(embed.MOST_BUCKETS, collected.step)
    groups = collected.groups.of_servers()
    names, pairs, series = _services(collected, groups)
    services = Buckets(range(len(collected.metrics)), series, axis)
    kinds, chosen = _sampled(collected, dataset.plan.fleet.archetypes if dataset.plan else ())
    span = (collected.high - collected.low) // collected.step + 1
    ticks = min(sample.TICKS, span)
    sampled = Sample(
        collected.main,
        _places(np.concatenate(chosen), groups.size),
        collected.low,
        collected.step,
        ticks,
    )
    for batch in dataset.batches():
        rows = reader.rows(batch)
        for part in (services, sampled):
            part.update(rows)
    return {
        "services": {
            "names": names,
            "all": len(set(collected.servers.labels[SERVICE])),
            "pairs": pairs,
            "mean": embed.packed(services.means()),
            "counts": embed.per_metric(services.counts),
        }
        if names
        else None,
        "sample": _relations(dataset, collected, kinds, chosen, sampled),
    }


def _archetypes(collected: Collector) -> list[str]:
    groups = collected.groups
    if "server_type" not in groups.names:
        return []
    return groups.values[groups.names.index("server_type")]


def _sampled(collected: Collector, order: Sequence[str]) -> tuple[list[str], list[Ints]]:
    """Choose some servers of each archetype."""
    labels = collected.servers.labels.get("server_type")
    if labels is None:
        every = np.arange(len(collected.servers.number))
        return [ALL], [sample.choose(every, 2 * sample.PER_ARCHETYPE)]
    kinds = _archetypes(collected)
    if dataset_order := [k for k in order if k in kinds]:
        kinds = [*dataset_order, *(k for k in kinds if k not in dataset_order)]
    of = np.array(labels)
    return kinds, [sample.choose(np.flatnonzero(of == k), sample.PER_ARCHETYPE) for k in kinds]


def _relations(
    dataset: Dataset, collected: Collector, kinds: list[str], chosen: list[Ints], sampled: Sample
) -> dict[str, Any]:
    plan = dataset.plan
    titles = {a.name: a.profile.name for a in plan.archetypes} if plan else {}
    ticks = sampled.values.shape[2]
    lags = sample.lags_of(collected.step, ticks)
    seconds = collected.low + np.arange(ticks, dtype=np.int64) * collected.step
    known: dict[str, Any] = {}
    law = _law(plan)
    if plan and law:
        of = dict(zip(kinds, chosen, strict=True))
        known = _expected_relations(plan, law, collected, of, ticks)
    out, first = [], 0
    for kind, members in zip(kinds, chosen, strict=True):
        values = sampled.values[:, first : first + members.size]
        first += members.size
        out.append(
            {
                "kind": titles.get(kind, kind),
                "servers": int(members.size),
                "measured": embed.rounded(sample.correlations(values)),
                **known.get(kind, {}),
                "raw": embed.rounded(
                    sample.autocorrelations(values, seconds, lags, residual=False)
                ),
                "residual": embed.rounded(
                    sample.autocorrelations(values, seconds, lags, residual=True)
                ),
            }
        )
    return {"ticks": ticks, "lags": (lags * collected.step).tolist(), "kinds": out}


def _law(plan: Plan | None) -> Law | None:
    law = model_of(plan).law if plan else None
    return law(plan) if law else None


def _expected_relations(
    plan: Plan, law: Law, collected: Collector, chosen: dict[str, Ints], ticks: int
) -> dict[str, Any]:
    """What the scenario says of correlations, and what its values then show."""
    columns = [metric.column for metric in plan.metrics]
    main = [columns.index(collected.metrics[place].column) for place in collected.main]
    shown = [model_of(plan).shows(plan.metrics[i].stem) for i in main]
    signals = [at[0] for at in shown if at is not None]
    counts = [chosen[a.name].size if a.name in chosen else 0 for a in plan.archetypes]
    twins = sample.twin(plan, counts, ticks)
    return {
        archetype.name: {
            "target": embed.rounded(rows.correlation[np.ix_(signals, signals)]),
            "expected": embed.rounded(sample.correlations(values[main])),
        }
        for archetype, rows, values in zip(plan.archetypes, law.rows, twins, strict=True)
        if values.shape[1]
    }


def _places(numbers: Ints, size: int) -> Ints:
    """Return, for each of so many servers, its place among `numbers`, or `NOWHERE`."""
    out = np.full(size, NOWHERE, dtype=np.int64)
    out[numbers] = np.arange(numbers.size)
    return out


def _services(collected: Collector, groups: Ints) -> tuple[list[str], list[list[int]], Ints]:
    """Choose the largest services.

    Returns:
        Their names; (service, group) of each series; the series of each server.
    """
    labels = collected.servers.labels.get(SERVICE)
    nowhere = np.full(groups.size, NOWHERE, dtype=np.int64)
    if labels is None:
        return [], [], nowhere
    found, codes, sizes = np.unique(np.array(labels), return_inverse=True, return_counts=True)
    best = np.argsort(-sizes, kind="stable")[:MOST_SERVICES]
    rank = _places(best, found.size)[codes]
    pairs: dict[tuple[int, int], int] = {}
    for server in np.flatnonzero(rank != NOWHERE).tolist():
        pair = (int(rank[server]), int(groups[server]))
        nowhere[server] = pairs.setdefault(pair, len(pairs))
    return found[best].tolist(), [list(pair) for pair in pairs], nowhere


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M").removesuffix(" 00:00")
