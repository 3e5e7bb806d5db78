"""Validation of a dataset wherever it lives: a file, a folder or an object store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import FleetsynthError, InputError
from fleetsynth.folders.verify import verify
from fleetsynth.presets import as_plan
from fleetsynth.reader import ReadOptions, open_dataset
from fleetsynth.reader.canonical import OurRows
from fleetsynth.reader.claims import claim_of
from fleetsynth.reader.faulty import find_faults
from fleetsynth.reader.origin import other_model_of, own_plan, rows_short_of
from fleetsynth.validate.checker import Checker
from fleetsynth.validate.faults import excused, of_faults
from fleetsynth.validate.places import Faults
from fleetsynth.validate.regenerate import regenerate
from fleetsynth.validate.verdict import Validation, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fleetsynth.plan import Plan
    from fleetsynth.presets import ScenarioLike
    from fleetsynth.reader import Dataset


def validate(
    data: Any,
    scenario: ScenarioLike = None,
    columns: Mapping[str, str] | None = None,
    *,
    options: ReadOptions | None = None,
    full: bool = False,
    progress: Callable[[int], None] | None = None,
    compared: Callable[[int, int], None] | None = None,
) -> Validation:
    """Check a dataset: its form, and its values against the scenario that it should follow.

    One pass in constant memory, apart from some numbers per server. Rows that are not in order
    of time take a second pass and a byte of memory each; of one row per metric, they go through
    temporary files first.

    Args:
        data: a file, a dataset folder or ``s3://bucket/prefix``; ours, or anyone's; or a table of
            Arrow, pandas or polars.
        scenario: what to compare it with. None for the one that the dataset itself names; if it
            names none, only its form is checked.
        columns: columns by role, as `facts` takes them, such as ``{"timestamp": "ts"}``; what is
            not said is found by name.
        options: how to read it, if more must be said; `columns` is added to its own.
        full: compare every server of a dataset of ours with what its scenario generates, which
            takes as long as making it did; otherwise those of about four million samples.
        progress: called with the rows done, after each batch.
        compared: called with the servers compared so and those to be compared in all.

    Raises:
        UsageError: if there is no such path or column, or more must be said.
        InputError: if the dataset cannot be read.
        ScenarioError: if the scenario is not valid.
    """
    said = options or ReadOptions()
    said = replace(said, columns={**said.columns, **(columns or {})})
    dataset = open_dataset(data, said, partial=True)
    own = own_plan(dataset)
    plan = as_plan(scenario) if scenario is not None else own
    against = plan.digest if plan else None
    size = _size(plan, dataset) if plan else None
    if size:
        plan = None  # nothing is made ready for rows that are not there
    is_ours = plan is not None and own is not None and plan.digest == own.digest
    is_own = is_ours and said == ReadOptions()
    rows = OurRows(dataset, lenient=True, progress=progress)
    checker = Checker(plan, rows, own=is_own)
    checker.run(rows)
    if not checker.rows:
        raise InputError(f"{dataset.name} has no rows")
    verdicts = list(checker.verdicts())
    if plan is not None and is_own:
        verdicts.append(
            _of_other_model(plan, dataset)
            or regenerate(plan, checker.contents(), full=full, progress=compared)
        )
    if plan is not None and plan.is_faulty:
        verdicts = [excused(verdict) for verdict in verdicts]
        verdicts += of_faults(plan, find_faults(open_dataset(data, said, partial=True)))
    if dataset.source.files and dataset.source.files.manifest:
        verdicts.insert(0, _manifest(str(data)))
    if size:
        verdicts.insert(0, size)
    first = [verdict for verdict in verdicts if verdict.kind == "structure"]
    return Validation(
        path=dataset.name if dataset.source.files is None else str(data),
        rows=checker.rows,
        servers=checker.servers,
        scenario=against,
        verdicts=(*first, *(verdict for verdict in verdicts if verdict.kind != "structure")),
        understood=dataset.understood.to_dict(),
    )


def _size(plan: Plan, dataset: Dataset) -> Verdict | None:
    """Return a verdict on a dataset that has far fewer rows than it should, or else nothing."""
    there = rows_short_of(plan, dataset)
    if there is None:
        return None
    found = (
        f"the scenario has {claim_of(plan):,} rows, and there are {there:,} at most: too few to "
        "compare the values with it"
    )
    return Verdict("size", "fail", found)


def _of_other_model(plan: Plan, dataset: Dataset) -> Verdict | None:
    """Return a verdict on values that only another version of the model can make, or nothing."""
    other = other_model_of(plan, dataset)
    return Verdict("regeneration", "fail", f"not compared: it was {other}") if other else None


def _manifest(path: str) -> Verdict:
    try:
        findings = verify(path).findings
    except FleetsynthError as error:
        return Verdict("manifest", "fail", str(error))
    faults = Faults()
    faults.note(str(finding) for finding in findings)
    return faults.verdict("manifest", "{count} findings", "every part is as recorded")
