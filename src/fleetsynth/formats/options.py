"""What a user may say about foreign data; what is not said is found out, and told."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fleetsynth.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|"}


@dataclass(frozen=True)
class ReadOptions:
    """How to read a dataset; the same for every command and function that reads one.

    Attributes:
        columns: column by role, such as ``{"cpu": "Value:hundredths", "time": "t:s"}``.
        time_format: of times written as text, such as ``%d/%m/%Y %H:%M``.
        timezone: whose hours, days and weekends count, such as ``Europe/Berlin``. Times that
            name their zone are converted; times that do not are taken as that zone's clock.
        delimiter: between the fields of CSV: a character, or comma, semicolon, tab, pipe.
        decimal: the decimal sign of numbers written as text: ``.`` or ``,``.
        encoding: of CSV, such as ``latin-1``.
        missing: more words that stand for a missing number.
        fill_down: a server that is blank is that of the row above.
        server_from_name: a file's name, without its ending, is its server.

    Raises:
        UsageError: if one of them cannot be.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    time_format: str | None = None
    timezone: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    missing: tuple[str, ...] = ()
    fill_down: bool = False
    server_from_name: bool = False

    def __post_init__(self) -> None:
        if self.delimiter is not None:
            one = _DELIMITERS.get(self.delimiter, self.delimiter)
            if len(one) != 1 or one in '"\r\n':
                raise UsageError(
                    f"delimiter={self.delimiter!r}: expected one character, or comma, semicolon, "
                    "tab or pipe"
                )
            object.__setattr__(self, "delimiter", one)
        if self.decimal not in (None, ".", ","):
            raise UsageError(f"decimal={self.decimal!r}: expected . or ,")
        if self.encoding is not None:
            _check_encoding(self.encoding)
        if self.timezone is not None:
            _check_zone(self.timezone)


def _check_encoding(name: str) -> None:
    try:
        info = codecs.lookup(name)
        is_text = info._is_text_encoding
    except (LookupError, ValueError):
        is_text = False
    if not is_text:
        raise UsageError(f"encoding={name!r}: there is no such encoding (such as latin-1, utf-16)")


def _check_zone(name: str) -> None:
    from fleetsynth.clock import zone_names

    if name not in zone_names() and not re.fullmatch(r"[+-]\d\d:\d\d", name):
        raise UsageError(f"timezone={name!r}: there is no such zone (such as UTC or Europe/Berlin)")
