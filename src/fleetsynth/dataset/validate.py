"""Validation of a dataset wherever it lives: a file, a folder or an object store."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from fleetsynth.dataset.begin import MANIFEST, SCENARIO
from fleetsynth.dataset.claims import beyond, rows_at_most
from fleetsynth.dataset.places import split_object
from fleetsynth.dataset.reread import with_partitions
from fleetsynth.dataset.store import open_store
from fleetsynth.dataset.verify import read_manifest, verify
from fleetsynth.errors import FleetsynthError, InputError, UsageError
from fleetsynth.plan import Plan, resolve
from fleetsynth.quality.validate.checker import Checker
from fleetsynth.quality.validate.places import Faults
from fleetsynth.quality.validate.regenerate import regenerate
from fleetsynth.quality.validate.verdict import Validation, Verdict
from fleetsynth.reader.physical import read_batches, read_metadata
from fleetsynth.scenario import Scenario, load_scenario
from fleetsynth.scenario.data import scenario_from_data, scenario_from_yaml
from fleetsynth.sinks import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    import pyarrow as pa

    from fleetsynth.dataset.store import Store


def validate(
    path: Path | str,
    scenario: Scenario | Plan | Path | str | Mapping[str, Any] | None = None,
    columns: Mapping[str, str] | None = None,
    *,
    full: bool = False,
    progress: Callable[[int], None] | None = None,
    compared: Callable[[int, int], None] | None = None,
) -> Validation:
    """Check a dataset: its form, and its values against the scenario that it should follow.

    One pass in constant memory, apart from some numbers per server. Rows that are not in order
    of time take a second pass and a byte of memory each.

    Args:
        path: a file, a dataset folder or ``s3://bucket/prefix``; ours, or anyone's.
        scenario: what to hold it against. None for the one that the dataset itself names; if it
            names none, only its form is checked.
        columns: the dataset's own names of columns by ours, such as ``{"timestamp": "ts"}``.
        full: compare every server of a dataset of ours with what its scenario generates, which
            takes as long as making it did; otherwise those of about four million samples.
        progress: called with the rows done, after each batch.
        compared: called with the servers compared so and those to be compared in all.

    Raises:
        UsageError: if there is no such path, or a column that `columns` names.
        InputError: if the dataset cannot be read, or has no timestamps or servers.
        ScenarioError: if the scenario is not valid.
    """
    source = _open(path)
    own = _own_scenario(source, str(path))
    plan = _plan(scenario) if scenario is not None else own
    said = plan.digest if plan else None
    size = _size(plan, source) if plan else None
    if size:
        plan = None  # nothing is made ready for rows that are not there
    is_own = plan is not None and own is not None and plan.digest == own.digest
    checker = Checker(plan, columns, own=is_own and not columns)
    checker.run(_Files(source, progress))
    if not checker.rows:
        raise InputError(f"{path} has no rows")
    verdicts = list(checker.verdicts())
    if plan is not None and is_own and not columns:
        verdicts.append(regenerate(plan, checker.contents(), full=full, progress=compared))
    if source.manifest:
        verdicts.insert(0, _manifest(str(path)))
    if size:
        verdicts.insert(0, size)
    first = [verdict for verdict in verdicts if verdict.kind == "structure"]
    return Validation(
        path=str(path),
        rows=checker.rows,
        servers=checker.servers,
        scenario=said,
        verdicts=(*first, *(verdict for verdict in verdicts if verdict.kind != "structure")),
    )


class _Source(Protocol):
    """Files of one dataset."""

    manifest: bool

    def names(self) -> list[str]:
        """Return the names of its data files, in the order of the dataset."""

    def fetch(self, name: str) -> AbstractContextManager[Path]:
        """Yield a local path of a file."""

    def scenario(self) -> bytes | None:
        """Return the scenario that stands beside the data, as YAML."""


class _File:
    """A single local file."""

    manifest = False

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        """Return the one."""
        return [self._path.name]

    @contextmanager
    def fetch(self, name: str) -> Iterator[Path]:  # noqa: ARG002 - there is only one
        """Yield the path itself."""
        yield self._path

    def scenario(self) -> bytes | None:
        """Return nothing: what there is stands in the file."""
        return None


class _Folder:
    """A folder or a prefix of an object store."""

    def __init__(self, store: Store, only: str | None = None) -> None:
        self._store = store
        there = [only] if only else store.list()
        self.manifest = only is None and MANIFEST in there
        data = [name for name in there if name.lower().endswith(tuple(FORMATS)) and _is_data(name)]
        if self.manifest:
            listed = read_manifest(store)["parts"]
            present = set(data)
            data = [part["path"] for part in listed if part["path"] in present]
        self._names = data

    def names(self) -> list[str]:
        """Return the data files."""
        return self._names

    def fetch(self, name: str) -> AbstractContextManager[Path]:
        """Yield a local path of a file."""
        return self._store.fetch(name)

    def scenario(self) -> bytes | None:
        """Return what is beside the data."""
        return self._store.read(SCENARIO)


def _is_data(name: str) -> bool:
    """Tell data from what stands beside them."""
    return name != "servers.parquet" and not any(part[:1] in "._" for part in name.split("/"))


def _open(path: Path | str) -> _Source:
    text = str(path)
    single = split_object(text)
    if single:
        folder, name = single
        source = _Folder(open_store(folder), name)
    elif "://" in text or Path(path).is_dir():
        source = _Folder(open_store(text))
    elif Path(path).exists():
        return _File(Path(path))
    else:
        raise UsageError(f"there is no file or folder {text}")
    if not source.names():
        raise InputError(f"{text} holds no data: no file ends in {', '.join(FORMATS)}")
    return source


class _Files:
    """A source's batches, file by file, as often as needed."""

    def __init__(self, source: _Source, progress: Callable[[int], None] | None) -> None:
        self._source = source
        self._progress = progress
        self._rows = 0

    def __iter__(self) -> Iterator[Iterator[pa.RecordBatch]]:
        """Yield each file's batches."""
        for name in self._source.names():
            with self._source.fetch(name) as path:
                yield self._batches(path, name)

    def _batches(self, path: Path, name: str) -> Iterator[pa.RecordBatch]:
        for batch in read_batches(path):
            yield with_partitions(batch, name) if "=" in name else batch
            self._rows += batch.num_rows
            if self._progress:
                self._progress(self._rows)


def _own_scenario(source: _Source, where: str) -> Plan | None:
    """Return the plan of the scenario that the dataset itself names, if any."""
    beside = source.scenario()
    if beside is not None:
        return resolve(scenario_from_yaml(beside, f"{where.rstrip('/')}/{SCENARIO}"))
    with source.fetch(source.names()[0]) as path:
        value = read_metadata(path).get("fleetsynth.scenario")
    return None if value is None else resolve(scenario_from_data(value, f"{where}: its metadata"))


def _size(plan: Plan, source: _Source) -> Verdict | None:
    """Return a verdict on a dataset that has far fewer rows than it should, or else nothing."""

    def rows() -> Iterator[int]:
        for name in source.names():
            with source.fetch(name) as path:
                yield rows_at_most(path)

    there = beyond(plan, rows())
    if there is None:
        return None
    found = (
        f"the scenario has {plan.rows:,} rows, and there are {there:,} at most: too few to hold "
        "the values against it"
    )
    return Verdict("size", "fail", found)


def _plan(scenario: Scenario | Plan | Path | str | Mapping[str, Any]) -> Plan:
    if isinstance(scenario, Plan):
        return scenario
    return resolve(scenario if isinstance(scenario, Scenario) else load_scenario(scenario))


def _manifest(path: str) -> Verdict:
    try:
        findings = verify(path)
    except FleetsynthError as error:
        return Verdict("manifest", "fail", str(error))
    faults = Faults()
    faults.note(str(finding) for finding in findings)
    return faults.verdict("manifest", "{count} findings", "every part is as recorded")
