"""``fleetsynth.report``: a dataset as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetsynth.api import as_plan
from fleetsynth.dataset.begin import MANIFEST, SCENARIO
from fleetsynth.dataset.claims import beyond, rows_at_most
from fleetsynth.dataset.places import CLOUD_SCHEMES
from fleetsynth.dataset.reread import with_partitions
from fleetsynth.dataset.store import open_store
from fleetsynth.dataset.verify import read_manifest
from fleetsynth.digest import root
from fleetsynth.errors import FleetsynthError, InputError, OutputError, UsageError
from fleetsynth.file_digest import leaves
from fleetsynth.paths import refuse_missing
from fleetsynth.quality.report.build import Dataset, build
from fleetsynth.quality.validate.rows import SHORT
from fleetsynth.reader.files import find_files
from fleetsynth.reader.physical import read_batches, read_metadata, rows_in
from fleetsynth.scenario.data import scenario_from_data, scenario_from_yaml
from fleetsynth.sinks.base import write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pyarrow as pa

    from fleetsynth.api import ScenarioLike
    from fleetsynth.plan import Plan
    from fleetsynth.quality.facts_table import Facts
    from fleetsynth.quality.validate.verdict import Validation

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
    dataset: Path | str,
    path: Path | str = DEFAULT_REPORT,
    *,
    scenario: ScenarioLike = None,
    columns: Mapping[str, str] | None = None,
    servers: int = 12,
    overwrite: bool = False,
    validation: Validation | bool = True,
    facts: Facts | bool = True,
) -> Path:
    """Write a report of a dataset: one HTML file with everything inside, for any browser.

    The same dataset gives the same bytes on the same machine. The data are read twice, and once
    more each for verdicts and facts, in memory that grows with servers and days (up to a limit)
    and not with rows.

    Args:
        dataset: a file, a dataset folder, or an s3://, gs:// or az:// prefix that holds one.
        path: where to.
        scenario: what the data are held against; None for the scenario that they carry, if any.
        columns: our names of columns to theirs, for data that fleetsynth did not make; the short
            roles of `facts` too, such as ``{"server": "host", "cpu": "cpu_pct"}``.
        servers: how many of the servers that run out first to show, and of those that are full.
        overwrite: replace a file that is there already.
        validation: verdicts to be shown: True to work them out, or those that were.
        facts: figures beside the ranges of real fleets: True to measure them where the step is
            that of the real fleets, or those that were measured.

    Raises:
        UsageError: if there is no such dataset.
        InputError: if it cannot be read, or lacks a column.
        ScenarioError: if the scenario is not valid.
        OutputError: if the file exists or cannot be written.
    """
    refuse_missing([dataset])
    path = Path(path)
    _refuse_existing(path, overwrite=overwrite)
    given = None if scenario is None else as_plan(scenario)
    url = str(dataset)
    source = _folder if url.startswith(CLOUD_SCHEMES) or Path(url).is_dir() else _file
    ours = {SHORT.get(role, role): column for role, column in (columns or {}).items()}
    page = build(
        source(url, given, ours),
        servers=servers,
        validation=_verdicts(url, given, ours, validation),
        facts=lambda step: _facts(url, ours, facts, step),
    )
    write_text(path, page, overwrite=overwrite)
    return path


def _refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Refuse what would be refused at the end, before minutes have gone into it."""
    if path.is_dir():
        raise OutputError(f"{path} is a folder: name a file in it")
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists: choose another name, or pass overwrite=True")


def _verdicts(
    url: str, plan: Plan | None, columns: Mapping[str, str], validation: Validation | bool
) -> dict[str, Any] | None:
    """Check the dataset if asked to, and lay the verdicts out for the page."""
    if validation is False:
        return None
    if validation is True:
        from fleetsynth.dataset.validate import validate

        try:
            validation = validate(url, plan, columns)
        except FleetsynthError:
            if plan is not None:
                raise
            return None  # what cannot be judged can be looked at all the same
    found = validation.to_dict()
    del found["path"]  # the same data give the same page, wherever they lie
    return found


_ROLES = {
    "timestamp": "timestamp",
    "server_id": "server",
    "server_type": "type",
    "service": "service",
}
_METRIC_ROLES = {"cpu": "cpu", "mem": "memory", "net_in": "network"}


def _facts(
    url: str, columns: Mapping[str, str], facts: Facts | bool, step: int
) -> dict[str, Any] | None:
    """Measure facts if asked to; None if the data do not allow it.

    Where the step is not that of the real fleets there is nothing to set them beside.
    """
    from fleetsynth.quality.facts_table import STEP

    if facts is False:
        return None
    if facts is True and step != STEP:
        return {"note": "", "facts": [], "comparable": False, "step": STEP}
    if facts is True:
        from fleetsynth.dataset.facts import facts as measure

        roles = {}
        for ours, theirs in columns.items():
            role = _ROLES.get(ours) or _METRIC_ROLES.get(ours.rpartition("_")[0])
            if role:
                roles[role] = theirs
        try:
            facts = measure(url, roles)
        except FleetsynthError:
            return None
    return _beside_real(facts)


def _beside_real(facts: Facts) -> dict[str, Any]:
    """Lay facts out for the page."""
    from fleetsynth.quality.facts_table import STEP, known_facts, sources

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


def _file(url: str, plan: Plan | None, columns: Mapping[str, str]) -> Dataset:
    path = Path(url)
    if not path.is_file():
        raise UsageError(f"there is no file or folder {path}")
    metadata = read_metadata(path)
    ours = {
        key.removeprefix("fleetsynth."): value
        for key, value in metadata.items()
        if key.startswith("fleetsynth.")
    }
    said = ours.get("scenario")
    own = None if said is None else as_plan(scenario_from_data(said, f"{url}: its metadata"))
    return Dataset(
        name=path.name,
        first=lambda take: _first(path, take),
        again=lambda: read_batches(path),
        columns=columns,
        plan=_sized(plan or own, url, [path]),
        provenance={words: ours[key] for key, words in _PROVENANCE.items() if key in ours},
    )


def _folder(url: str, plan: Plan | None, columns: Mapping[str, str]) -> Dataset:
    source = find_files(url)
    store = source.store or open_store(url)
    ours = store.read(MANIFEST) is not None
    manifest = read_manifest(store) if ours else {}
    written = store.read(SCENARIO) if ours else None

    own = as_plan(scenario_from_yaml(written, f"{source.name}/{SCENARIO}")) if written else None

    def fetched() -> Iterator[Path]:
        for key in source.keys:
            with store.fetch(key) as file:
                yield file

    def read() -> Iterator[pa.RecordBatch]:
        for key in source.keys:
            with store.fetch(key) as file:
                for batch in read_batches(file):
                    yield with_partitions(batch, key) if ours else batch

    def first(take: Callable[[pa.RecordBatch], None]) -> str | None:
        for batch in read():
            take(batch)
        return manifest.get("digest")

    return Dataset(
        name=url.rstrip("/").rpartition("/")[2] or url,
        first=first,
        again=read,
        columns=columns,
        plan=_sized(plan or own, url, fetched()),
        provenance={
            words: str(manifest[key]) for key, words in _PROVENANCE.items() if key in manifest
        },
    )


def _sized(plan: Plan | None, name: str, files: Iterable[Path]) -> Plan | None:
    """Return a plan that data can be shown beside; refuse one of far more rows than they have."""
    there = beyond(plan, map(rows_at_most, files)) if plan else None
    if plan and there is not None:
        raise InputError(
            f"{name} has {there:,} rows at most, and its scenario {plan.rows:,}: too few to be "
            "shown beside it"
        )
    return plan


class _EnoughError(Exception):
    """More rows than are hashed in passing."""


def _first(path: Path, take: Callable[[pa.RecordBatch], None]) -> str | None:
    """Hand every batch to `take`; return the digest, unless there are too many rows for one."""
    if (rows_in(path) or 0) <= _MOST_HASHED:
        return _with_digest(path, take)
    for batch in read_batches(path):
        take(batch)
    return None


def _with_digest(path: Path, take: Callable[[pa.RecordBatch], None]) -> str | None:
    """Hand every batch to `take`; return the digest, or None if that would take too long.

    Rows that are not in order have one too, but to sort them takes all memory there is.
    """
    batches = read_batches(path)
    failed: list[BaseException] = []

    def passing() -> Iterator[pa.RecordBatch]:
        rows = 0
        try:
            for batch in batches:
                take(batch)
                rows += batch.num_rows
                if rows > _MOST_HASHED:
                    break
                yield batch
        except BaseException as error:
            failed.append(error)
            raise
        if rows > _MOST_HASHED:
            raise _EnoughError

    try:
        return root(leaves(passing()))
    except (InputError, _EnoughError):
        if failed:
            raise
        for batch in batches:
            take(batch)
        return None
