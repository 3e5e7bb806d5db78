"""``fleetsynth.report``: a dataset as one HTML file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetsynth.capacity.ask import USABLE, Ask
from fleetsynth.errors import FleetsynthError, InputError
from fleetsynth.files import refuse_existing, refuse_no_page, write_text
from fleetsynth.presets import as_plan
from fleetsynth.presets.files import catalogue_types
from fleetsynth.reader import ReadOptions, ScatteredError, open_dataset
from fleetsynth.reader.canonical import OurRows
from fleetsynth.reader.claims import claim_of
from fleetsynth.reader.digests import digest_path
from fleetsynth.reader.origin import metadata_of, own_plan, rows_short_of
from fleetsynth.report.answer import Answer, answer
from fleetsynth.report.build import Dataset, build
from fleetsynth.stores.paths import refuse_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fleetsynth.facts.facts_table import Facts
    from fleetsynth.plan import Plan
    from fleetsynth.presets import ScenarioLike
    from fleetsynth.reader import Dataset as Opened
    from fleetsynth.reader import Understood
    from fleetsynth.validate.verdict import Validation

DEFAULT_REPORT = Path("report.html")

_MOST_HASHED = 250_000
"""Rows of a file whose content digest is worked out in passing."""

_PROVENANCE = {
    "version": "Made by fleetsynth",
    "model_version": "Model",
    "seed": "Seed",
    "scenario_digest": "Scenario digest",
    "schema_version": "Schema version",
    "numpy_version": "NumPy",
    "holidays_version": "Holidays",
    "tzdata_version": "Time zones",
}


def report(
    dataset: Any,
    path: Path | str = DEFAULT_REPORT,
    *,
    scenario: ScenarioLike = None,
    columns: Mapping[str, str] | None = None,
    options: ReadOptions | None = None,
    servers: int = 12,
    usable: float | Mapping[str, float] = USABLE,
    thresholds: Sequence[float] = (),
    link: float | None = None,
    lead_time: int | None = None,
    instance_types: Path | str | None = None,
    overwrite: bool = False,
    validation: Validation | bool = True,
    facts: Facts | bool = True,
    told: Callable[[Understood], None] | None = None,
    unknown: Callable[[list[str]], None] | None = None,
) -> Path:
    """Write a report of a dataset: one HTML file with everything inside, for any browser.

    It begins with what runs out, when, and what to do, as `capacity` finds it. The same dataset
    gives the same bytes on the same machine. The data are read three times, and once more each for
    verdicts, for facts and, where they carry no scenario of ours, for the step of each server; in
    memory that grows with servers and weeks and not with rows.

    Args:
        dataset: a file, a dataset folder, or an s3://, gs:// or az:// prefix that holds one; or a
            table of Arrow, pandas or polars.
        path: where to.
        scenario: what the data are compared with; None for the scenario that they carry, if any.
        columns: columns by role, for data that fleetsynth did not make, as `facts` takes them, such
            as ``{"server": "host", "cpu": "cpu_pct"}``; what is not said is found by name.
        options: how to read it, if more must be said; `columns` is added to its own.
        servers: how many lines of the ranked list of what runs out to show before all of them.
        usable: usable capacity in percent, for all metrics or by metric, as `capacity` takes it.
        thresholds: more levels to date, in percent, as `capacity` takes them; in the files that
            the page gives out.
        link: what the network can take, in Mbps; without it network is not judged.
        lead_time: days that an order takes, for the day to order by.
        instance_types: a catalogue of types, or ``packaged``, as `capacity` takes it.
        overwrite: replace a file that is there already.
        validation: verdicts to be shown: True to work them out, or those that were.
        facts: figures beside the ranges of real fleets: True to measure them where the step is
            that of the real fleets, or those that were measured.
        told: called with what was understood of the data.
        unknown: called with instance types of the data that the catalogue does not have, if any.

    Raises:
        UsageError: if there is no such dataset, a level, link or lead time cannot be, or `path` has
            another ending than .html.
        InputError: if it cannot be read, or lacks a column.
        ScenarioError: if the scenario, or the catalogue, is not valid.
        OutputError: if the file exists or cannot be written.
    """
    refuse_missing([dataset])
    ask = Ask(usable, tuple(thresholds), link=link, lead_time=lead_time)
    path = Path(path)
    refuse_no_page(path)
    refuse_existing(path, overwrite=overwrite)
    given = None if scenario is None else as_plan(scenario)
    catalogue = None if instance_types is None else catalogue_types(instance_types)
    said = options or ReadOptions()
    said = replace(said, columns={**said.columns, **(columns or {})})
    about, understood = _opened(dataset, given, said)
    answered = answer(open_dataset(dataset, said), ask, catalogue)
    page = build(
        about,
        answered,
        servers=servers,
        validation=_verdicts(dataset, given, said, validation),
        facts=lambda step: _facts(dataset, said, facts, step),
        understood=understood.to_dict,
    )
    if told:
        told(understood)
    if unknown and isinstance(answered, Answer) and answered.unknown_types:
        unknown(answered.unknown_types)
    write_text(path, page, overwrite=overwrite)
    return path


def _verdicts(
    data: Any, plan: Plan | None, options: ReadOptions, validation: Validation | bool
) -> dict[str, Any] | None:
    """Check the dataset if asked to, and lay the verdicts out for the page."""
    if validation is False:
        return None
    if validation is True:
        from fleetsynth.validate.dataset import validate

        try:
            validation = validate(data, plan, options=options)
        except FleetsynthError:
            if plan is not None:
                raise
            return None  # what cannot be judged can be looked at all the same
    found = validation.to_dict()
    del found["path"], found["understood"]  # the same data give the same page, wherever they lie
    return found


def _facts(
    data: Any, options: ReadOptions, facts: Facts | bool, step: int
) -> dict[str, Any] | None:
    """Measure facts if asked to; None if the data do not allow it.

    Where the step is not that of the real fleets there is nothing to set them beside.
    """
    from fleetsynth.facts.facts_table import STEP

    if facts is False:
        return None
    if facts is True and step != STEP:
        return {"note": "", "facts": [], "comparable": False, "step": STEP}
    if facts is True:
        from fleetsynth.facts.dataset import facts as measure

        try:
            facts = measure(data, options=options)
        except FleetsynthError:
            return None
    return _beside_real(facts)


def _beside_real(facts: Facts) -> dict[str, Any]:
    """Lay facts out for the page."""
    from fleetsynth.facts.facts_table import STEP, known_facts, sources

    real = {name: source.label for name, source in sources().items()}
    rows = []
    for name, fact in known_facts().items():
        value = facts.values[name]
        if value is None or isinstance(value, str):
            continue
        bounds = fact.range() if facts.comparable else None
        rows.append(
            {
                "name": fact.label,
                "unit": fact.unit,
                "digits": fact.decimals,
                "value": value,
                "low": bounds[0] if bounds else None,
                "high": bounds[1] if bounds else None,
                "real": {real[key]: figure for key, figure in fact.real.items() if bounds},
            }
        )
    about = "; ".join(f"{source.label}: {source.about}" for source in sources().values())
    return {"note": about, "facts": rows, "comparable": facts.comparable, "step": STEP}


def _opened(data: Any, plan: Plan | None, options: ReadOptions) -> tuple[Dataset, Understood]:
    dataset = open_dataset(data, options)
    source, files = dataset.source, dataset.source.files
    manifest = files.manifest if files else None
    said = manifest or {
        key.removeprefix("fleetsynth."): value for key, value in metadata_of(dataset).items()
    }
    own = own_plan(dataset)
    rows = OurRows(dataset, local=True)
    about = Dataset(
        name=source.name.rstrip("/").rpartition("/")[2] or source.name,
        batches=rows.batches,
        schema=rows.schema,
        digest=lambda count: manifest.get("digest") if manifest else _digest(data, options, count),
        plan=_sized(plan or own, dataset),
        step=None if own else _step(dataset),
        provenance={words: str(said[key]) for key, words in _PROVENANCE.items() if key in said},
    )
    return about, dataset.understood


def _step(dataset: Opened) -> int | None:
    """Look at each server of a foreign dataset by itself, and return the commonest step.

    Raises:
        InputError: if the points of a server contradict each other, as `facts` says.
    """
    servers = dataset.servers()
    try:
        for _ in servers.in_order():
            pass
    except ScatteredError:
        for _ in servers.sorted():
            pass
    dataset.tell(servers)
    return servers.step or None


def _sized(plan: Plan | None, dataset: Opened) -> Plan | None:
    """Return a plan that data can be shown beside; refuse one of far more rows than they have."""
    there = rows_short_of(plan, dataset) if plan else None
    if plan and there is not None:
        raise InputError(
            f"{dataset.name} has {there:,} rows at most, and its scenario {claim_of(plan):,}: too "
            "few to be compared with it"
        )
    return plan


def _digest(data: Any, options: ReadOptions, rows: int) -> str | None:
    """Return the digest, or None if there is none or it would take too long."""
    if rows > _MOST_HASHED:
        return None
    try:
        return digest_path(data, options)
    except FleetsynthError:
        return None
