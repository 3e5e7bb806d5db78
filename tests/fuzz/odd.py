"""Odd values of every kind: what people, tools and attackers write where data are wanted."""

import random
from collections.abc import Callable
from typing import Any

ESC = "\x1b[31;5mred\x1b]0;owned\x07"
NAMES = (
    ESC,
    "",
    " ",
    ".",
    "..",
    "a.b",
    "a b ",
    "a\nb",
    "a\r\nb",
    "\x00",
    "\x7f\x9b31m",
    "\u202egnp.exe",
    "a\u200bb",
    "\u2066x\u2069",
    "line\u2028separator",
    "\ufeffbom",
    "[red]markup[/red]",
    "[/]",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "{{data}}",
    "=1+1",
    "@SUM(A1)",
    "%s%n{0}",
    "../../etc/passwd",
    "/etc/hostname",
    "C:\\x",
    "__class__",
    "é" * 50,
    "n" * 5_000,
    "🦊",
    "timestamp",
    "server_id",
    "server_000",
    "None",
    "nan",
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1,
    10**15,
    10**16,
    10**400,
    2**63,
    -(2**63),
    1e308,
    -0.0,
    float("inf"),
    float("-inf"),
    float("nan"),
    "/etc/hostname",
    "1",
    [],
    [[]],
    {},
    {"": {}},
    {"a.b": 1},
    ["a", "a"],
    [None],
    "0001-01-01",
    "9999-12-31",
    "-5000-01-01",
    "99999-01-01",
    "2022-02-30",
    "2022-01-01T00:00:00Z",
    "1s",
    "daily",
    "classic",
    "realistic",
    *NAMES,
)
YAML_VALUES = (
    "~",
    "yes",
    "0x10",
    "0o17",
    "1_000",
    "1e400",
    "-1e400",
    ".inf",
    ".nan",
    "9" * 5_000,
    "2022-13-45",
    "99999-99-99",
    "-5000-01-01",
    "0000-01-01",
    "190:20:30",
    "[" * 200,
    "[" * 200 + "]" * 200,
    "{a: " * 100 + "}" * 100,
    "{? [1]: 2}",
    "{{a: 1}: 2}",
    "&a [*a]",
    "!!python/object:os.system ls",
    "!!binary a",
    "|\n  text",
    "'",
    '"',
    '"\\ud800"',
    '"\\0"',
    '"\\e[31m"',
    '"\\u202e"',
    "<<: {a: 1}",
    "---\na: 1\n---",
    "%YAML 1.1",
    "\t",
    "\x00",
    "# only a comment",
    '{"\\ud800": 1}',
    '{"a.b": {}}',
    '{"\\e[31m": 1}',
    "{1: 2}",
    "{2022-01-01: 2}",
    "{true: 2}",
    "{.nan: 1}",
    "{~: 1}",
)


def choose(random: random.Random, values: tuple[Any, ...]) -> Any:
    """One of them."""
    return values[random.randrange(len(values))]


def mutated(random: random.Random, data: bytes) -> bytes:
    """Bytes with a few of them changed, gone, repeated or new."""
    out = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        place = random.randrange(len(out) + 1) if out else 0
        kind = random.randrange(6)
        if kind == 0:
            out[place : place + 1] = bytes([random.randrange(256)])
        elif kind == 1:
            del out[place : place + random.choice((1, 2, 8, 100))]
        elif kind == 2:
            out[place:place] = out[place : place + random.choice((1, 8, 64))]
        elif kind == 3:
            out[place : place + 4] = random.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\x7f"))
        elif kind == 4:
            out[place : place + 1] = bytes([(out[place] if place < len(out) else 0) ^ 1])
        else:
            del out[place:]
            return bytes(out)
    return bytes(out)


def disturbed(random: random.Random, values: Any, odd: Callable[[], Any]) -> Any:
    """JSON-like values with one of them replaced, renamed or gone."""
    if isinstance(values, dict) and values:
        key = random.choice(sorted(values))
        kind = random.randrange(8)
        if kind == 0:
            return {name: value for name, value in values.items() if name != key}
        if kind == 1:
            return {**values, choose(random, NAMES): values[key]}
        if kind == 2 or not isinstance(values[key], dict | list):
            return {**values, key: odd()}
        return {**values, key: disturbed(random, values[key], odd)}
    if isinstance(values, list) and values:
        place = random.randrange(len(values))
        return [*values[:place], disturbed(random, values[place], odd), *values[place + 1 :]]
    return odd()
