"""Which values of a label a matcher accepts; a label that is not there has the empty value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fleetsynth.wire.remote_read import Matcher

    Bools = NDArray[np.bool_]

_WORDS = re.compile(r"[\w -]+(?:\|[\w -]+)*")
"""Patterns that are a list of values and nothing else."""
_IN_PARENTHESES = re.compile(r"\((?:\?:)?([^()]*)\)")
"""As Grafana writes such a list."""


def words(matcher: Matcher) -> frozenset[str] | None:
    """Return the values that a matcher names one by one; None if it does so by a pattern."""
    if matcher.operator in {"=", "!="}:
        return frozenset([matcher.value])
    inner = _IN_PARENTHESES.fullmatch(matcher.value)
    pattern = inner[1] if inner else matcher.value
    if not pattern or _WORDS.fullmatch(pattern):
        return frozenset(pattern.split("|"))
    return None


def is_negative(matcher: Matcher) -> bool:
    """Tell whether a matcher accepts what it does not name."""
    return matcher.operator.startswith("!")


def accepted(matcher: Matcher, values: Sequence[str]) -> Bools:
    """Tell which values a matcher accepts, shape (values,).

    Patterns are those of RE2, as in Prometheus, and take time that is linear in what they read.

    Raises:
        UsageError: for a pattern that is none.
    """
    named = words(matcher)
    if named is not None:
        out = np.fromiter((value in named for value in values), np.bool_, len(values))
    else:
        out = _matching(matcher.value, values)
    return ~out if is_negative(matcher) else out


def accepts(matcher: Matcher, value: str) -> bool:
    """Tell whether a matcher accepts a value."""
    return bool(accepted(matcher, [value])[0])


def _matching(pattern: str, values: Sequence[str]) -> Bools:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        found = pc.match_substring_regex(pa.array(values, pa.string()), f"^(?s:{pattern})$")
    except UnicodeEncodeError as error:
        raise UsageError(f"{pattern!r} is not text in UTF-8") from error
    except pa.ArrowInvalid as error:
        raise UsageError(f"{pattern!r} is not a regular expression of RE2: {error}") from error
    out: Bools = found.to_numpy(zero_copy_only=False).astype(np.bool_)
    return out
