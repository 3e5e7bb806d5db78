"""Timestamps as users give them, one or many, to whole seconds and back.

``datetime``, ``numpy.datetime64``, ``pandas.Timestamp``, ISO text, or anything that NumPy turns
into ``datetime64``. They are naive and mean UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.clock import DAY_SECONDS, SECOND_MICROS, from_epoch_day

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Times: TypeAlias = Any

_BROKEN = "a timestamp is not a whole second"
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def to_seconds(timestamp: Times, *, whole: bool = False) -> NDArray[np.int64]:
    """Return seconds since the Unix epoch, shape (n,).

    Args:
        timestamp: one or a flat list of them.
        whole: whether to refuse what is not a whole second, instead of rounding it down.

    Raises:
        ValueError: for what is not a timestamp, is missing, or has a zone.
    """
    if isinstance(timestamp, datetime):
        return np.array([_one(timestamp, whole=whole)])
    times = np.atleast_1d(np.asarray(timestamp))
    if times.ndim > 1:
        raise ValueError("give one timestamp or a flat list of them")
    if times.dtype.kind != "M":
        times = np.array([_naive(time) for time in times.ravel().tolist()], "datetime64[us]")
    if np.isnat(times).any():
        raise ValueError("a timestamp is missing")
    micros = times.astype("datetime64[us]").astype(np.int64)
    if whole and (micros % SECOND_MICROS).any():
        raise ValueError(_BROKEN)
    return micros // SECOND_MICROS


def to_day(day: Times) -> date:
    """Return a day.

    Raises:
        ValueError: for what is none, or has a time of day.
    """
    if isinstance(day, date) and not isinstance(day, datetime):
        return day
    seconds = int(to_seconds(day, whole=True)[0])
    if seconds % DAY_SECONDS:
        raise ValueError("it has a time of day")
    return from_epoch_day(seconds // DAY_SECONDS)


def _one(time: datetime, *, whole: bool) -> int:
    """Take one datetime, for which NumPy would take a hundred times as long."""
    _naive(time)
    if whole and time.microsecond:
        raise ValueError(_BROKEN)
    minutes = ((time.toordinal() - _EPOCH_ORDINAL) * 24 + time.hour) * 60 + time.minute
    return minutes * 60 + time.second


def _naive(time: object) -> date:
    """Take a date, a datetime or its ISO text, without a zone."""
    if time is None or time != time:
        raise ValueError("a timestamp is missing")
    if isinstance(time, str):
        time = datetime.fromisoformat(time)
    if not isinstance(time, date):
        raise ValueError(f"{time!r} is not a timestamp")
    if getattr(time, "tzinfo", None):
        raise ValueError("a timestamp has a zone: convert it to UTC and drop the zone")
    return time


def like(timestamp: Times, values: Floats) -> Any:
    """Return a float for one timestamp, and an array for several."""
    return values if np.ndim(timestamp) else float(values[0])


def text_of(seconds: int) -> str:
    """Write a time, in seconds since the Unix epoch, as ``2024-03-01 02:00:00``."""
    return str(np.datetime64(seconds, "s")).replace("T", " ")
