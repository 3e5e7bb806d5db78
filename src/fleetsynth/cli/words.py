"""What the library calls an argument, said as the option of the command line.

Errors of the library speak of its own arguments, such as ``overwrite=True``. Whoever typed a
command is told of the option instead, here and nowhere else.
"""

from __future__ import annotations

import re
import shlex

OPTIONS = {
    "overwrite=True": "--overwrite",
    "resume=True": "--resume",
    "restart=True": "--restart",
    "shard=...": "--shard",
    "part_bytes=...": "--part-size",
    "partition_by=...": "--partition-by",
    "engine=...": "--engine",
    "master=...": "--master",
    "start_date=...": "--start",
    "end_date=...": "--end",
    "csv_safe=True": "--csv-safe",
    "file_format=...": "--format",
    "components=True": "--components",
    "append=True": "--append",
    "location=...": "--location",
    "schema=...": "--schema",
    "labels=True": "--labels",
    "clean=True": "--clean",
    "instance_types=FILE": "--instance-types FILE",
    "link=...": "--link",
    "server=...": "--server",
    "columns=...": "--columns",
    "delimiter=...": "--delimiter",
    "missing=...": "--missing",
    "fill_down=True": "--fill-down",
    "server_from_name=True": "--server-from-name",
}
"""Options by the words of the library's errors."""

WITH_VALUES = {
    name: f"--{name.replace('_', '-')}"
    for name in (
        "time_format",
        "timezone",
        "delimiter",
        "decimal",
        "encoding",
        "engine",
        "until",
        "metrics",
    )
}
"""Options by the names of arguments that are said with a value, such as ``decimal=','``."""

COMMANDS = {
    "append(folder)": "fleetsynth append FOLDER",
    "commit(folder)": "fleetsynth commit FOLDER",
    "verify(folder)": "fleetsynth verify FOLDER",
    "estimate(scenario)": "fleetsynth plan",
    "generate(scenario, path)": "fleetsynth generate SCENARIO -o PATH",
    "export(scenario, path)": "fleetsynth export SCENARIO --to PATH",
}
"""Commands by the calls of the library's errors."""

_BEFORE = r"(?<![\w/.])"
_QUOTED = r"('[^']*'|\"[^\"]*\")"
_WORDS = [
    *(
        (rf"{_BEFORE}{re.escape(said)}(?!\w)", typed)
        for said, typed in (OPTIONS | COMMANDS).items()
    ),
    (r"^columns: ", "--columns: "),
    (r"^shard (?=\S*: )", "--shard "),
    (r"^(usable|threshold)(?=[ =:])", r"--\1"),
    (r"^(series|rate|patience)=", r"--\1 "),
    (r"^streaming=\.\.\. is for", "options of streams are for"),
    (r"^(horizon|link|percentile|by|stretches)=", r"--\1 "),
    (r"^lead_time=", "--lead-time "),
    (r"^start=", "--from "),
    (r"^end=", "--to "),
    (r"(?<= is not after )start=", "--from "),
    (r"\{'preset': '(\w+)'\}", r"--preset \1"),
]
_VALUE = re.compile(rf"{_BEFORE}({'|'.join(WITH_VALUES)})={_QUOTED}")
_COLUMN = re.compile(rf"{_BEFORE}columns=\{{'(\w+)': {_QUOTED}\}}")


def in_options(message: str) -> str:
    """Say a message of the library in the words of the command line."""
    for words, option in _WORDS:
        message = re.sub(words, option, message)
    message = _VALUE.sub(_value, message)
    return _COLUMN.sub(_column, message)


def _value(match: re.Match[str]) -> str:
    return f"{WITH_VALUES[match[1]]} {shlex.quote(match[2][1:-1])}"


def _column(match: re.Match[str]) -> str:
    """Write the column of a role as `parse_columns` reads it, and as a shell leaves it."""
    name = match[2][1:-1]
    name = f'"{name}"' if "," in name else name
    return f"--columns {shlex.quote(f'{match[1]}={name}')}"
