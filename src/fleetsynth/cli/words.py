"""What the library calls an argument, said as the option of the command line.

Errors of the library speak of its own arguments, such as ``overwrite=True``. Whoever typed a
command is told of the option instead, here and nowhere else.
"""

from __future__ import annotations

import re

OPTIONS = {
    "overwrite=True": "--overwrite",
    "resume=True": "--resume",
    "shard=...": "--shard",
    "part_bytes=...": "--part-size",
    "start_date=...": "--start",
    "end_date=...": "--end",
    "columns=...": "--columns",
}
"""Options by the words of the library's errors."""

_PATTERNS = [
    *((rf"(?<![\w/.]){re.escape(words)}(?!\w)", option) for words, option in OPTIONS.items()),
    (r"(?<![\w/.])columns=\{'([^']+)': '([^']+)'\}", r"--columns \1=\2"),
    (r"(?<![\w/.])columns: ", "--columns: "),
    (r"^shard (?=\S*: )", "--shard "),
    (r"\{'preset': '(\w+)'\}", r"--preset \1"),
]


def in_options(message: str) -> str:
    """Say a message of the library in the words of the command line."""
    for pattern, option in _PATTERNS:
        message = re.sub(pattern, option, message)
    return message
