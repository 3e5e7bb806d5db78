"""A dataset made in spans of days, one appended to the other: its parts, and what is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import InputError
from fleetsynth.folders.manifest import OF_A_SPAN
from fleetsynth.folders.parts import cut, plan_until
from fleetsynth.stores.recorded import as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetsynth.folders.job import Job
    from fleetsynth.folders.parts import Part


@dataclass(frozen=True)
class Span:
    """Days that were made together.

    Attributes:
        until: the last of them.
        said: what the manifest says of them.
    """

    until: date
    said: Mapping[str, Any]


def spans_in(values: Mapping[str, Any], where: str) -> list[Span]:
    """Return the spans that a manifest names: none, if the dataset was made at once.

    Raises:
        InputError: if they are not as they should be.
    """
    spans = values.get("spans", [])
    try:
        out = [Span(date.fromisoformat(each["until"]), each) for each in spans]
    except (TypeError, ValueError, KeyError):
        out = []
    days = [span.until for span in out]
    if "spans" in values and (len(out) < 2 or days != sorted(set(days))):
        raise InputError(f"{where}: spans is {as_json(spans)}: expected spans of days, in order")
    return out


def parts_of(job: Job, spans: list[Span]) -> list[list[Part]]:
    """Return the parts of each span of a dataset; of one without any, all its parts.

    Args:
        job: that of the last span, or of the whole.
        spans: all of them.
    """
    out: list[list[Part]] = []
    rows = job.cut["rows_per_part"] if spans else 0
    after = None
    for span in spans[:-1]:
        number = sum(map(len, out))
        plan = plan_until(job.plan, span.until)
        ending = job.file_format
        out.append(cut(plan, job.partition_by, rows, ending, after=after, number=number))
        after = span.until
    return [*out, job.parts]


def said_of(
    values: Mapping[str, Any], spans: list[Span], parts: list[list[Part]]
) -> dict[str, Mapping[str, Any]]:
    """Return what a manifest says of the making of each part, by its path."""
    of_all = {key: value for key, value in values.items() if key not in OF_A_SPAN or not spans}
    each = [of_all | {key: span.said.get(key) for key in OF_A_SPAN} for span in spans] or [of_all]
    return {part.path: said for of, said in zip(parts, each, strict=True) for part in of}


def made_spans(spans: list[Span], parts: list[list[Part]]) -> list[dict[str, Any]]:
    """Return what a manifest should say of spans; their making, their parts tell."""
    return [
        {
            "until": span.until.isoformat(),
            "parts": len(of),
            **{key: span.said.get(key) for key in OF_A_SPAN},
        }
        for span, of in zip(spans, parts, strict=True)
    ]
