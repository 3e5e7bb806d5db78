"""A dataset in words, for whoever finds its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth.folders.card.words import made_by, summary, uses
from fleetsynth.stores.names import CROISSANT, MANIFEST, SCENARIO
from fleetsynth.tables.columns import unit_of, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.folders.card.told import Content, Told

_LOADED = {
    ".parquet": [
        "import pandas as pd",
        "",
        'data = pd.read_parquet("data")',
    ],
    ".csv": [
        "from pathlib import Path",
        "",
        "import pandas as pd",
        "",
        'parts = sorted(Path("data").rglob("part-*"))',
        'data = pd.concat([pd.read_csv(part, parse_dates=["timestamp"]) for part in parts])',
    ],
    ".jsonl": [
        "from pathlib import Path",
        "",
        "import pandas as pd",
        "",
        'parts = sorted(Path("data").rglob("part-*"))',
        "data = pd.concat([pd.read_json(part, lines=True) for part in parts])",
    ],
    ".arrow": [
        "from pathlib import Path",
        "",
        "import pandas as pd",
        "",
        'parts = sorted(Path("data").rglob("part-*"))',
        "data = pd.concat(map(pd.read_feather, parts))",
    ],
}
"""How the data are loaded, by the first word of their ending."""


def text_of(told: Told) -> str:
    """Return the file."""
    return "\n".join(_lines(told)) + "\n"


def _lines(told: Told) -> Iterator[str]:
    plan, values = told.plan, told.values
    yield "# Synthetic telemetry of a server fleet"
    yield from ("", summary(told), "", made_by(told), told.gaps, "")
    yield from _table(
        ("", ""),
        [
            ("preset", f"{plan.scenario.preset}, model version {values['model_version']}"),
            ("servers", f"{plan.fleet.size:,}"),
            ("span", f"{plan.clock.start} to {plan.clock.end} (UTC), {plan.scenario.granularity}"),
            ("rows", f"{values['rows']:,}"),
            ("seed", str(values["seed"])),
            ("digest", f"`{values['digest']}`"),
            ("scenario digest", f"`{values['scenario_digest']}`"),
        ],
    )
    yield from ("", "## Files", "")
    yield from _table(("file", "what it is"), list(_files(told)))
    for content in told.contents:
        yield from _columns(told, content)
    yield from _how(told)


def _files(told: Told) -> Iterator[tuple[str, str]]:
    count = len(told.values["parts"])
    for content in told.contents:
        parts = f", in {count:,} part{'s' * (count != 1)} ({told.ending})"
        digest = f"; digest `{content.digest}`" * bool(content.digest and content.name != "data")
        where = parts if content.is_in_parts else ""
        yield f"`{content.place}`", f"table {content.name}: {content.about}{where}{digest}"
    yield f"`{SCENARIO}`", "all that decides the values"
    yield f"`{MANIFEST}`", "every file with its size and its SHA-256, and the versions that made it"
    yield f"`{CROISSANT}`", "this page for programs, in Croissant 1.1"


def _columns(told: Told, content: Content) -> Iterator[str]:
    words = words_of(content.schema.names)
    in_paths = told.in_paths if content.name == "data" else ()
    yield from ("", f"## Columns of {content.name}", "")
    yield from _table(
        ("column", "type", "unit", "what it is"),
        [
            (
                f"`{column.name}`",
                str(column.type),
                unit_of(column.name),
                words.get(column.name, "").removesuffix(f", {unit_of(column.name)}")
                + "; stands in the path of a part" * (column.name in in_paths),
            )
            for column in content.schema
        ],
    )


def _how(told: Told) -> Iterator[str]:
    loaded = _LOADED.get(f".{told.ending.split('.')[1]}")
    if loaded:  # how a format of another package is loaded, its own docs say
        yield from ("", "## Load it", "", "In this folder:", "", "```python", *loaded, "```")
    yield from ("", "## Check it", "", "Every byte, against the manifest and the scenario:", "")
    yield from ("```console", "$ fleetsynth verify .", "```", "")
    yield from ("The same values again, in another folder:", "", "```console")
    again = "$ fleetsynth generate scenario.yaml -o ../again/"
    yield from (again, "$ fleetsynth digest ../again", "```", "")
    yield from ("## What it is for", "", *(f"- {use}" for use in uses()), "")
    yield "A finding on these data holds for the model that made them; whether it holds for a real"
    yield from ("fleet has to be seen there.", "", "## Licence", "")
    yield "Apache-2.0, that of fleetsynth: nothing in the data comes from anywhere else."


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    for cells in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(cells)} |"
