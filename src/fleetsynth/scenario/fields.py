"""The types that fields of a scenario have, each with its bounds and its own error."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NoReturn

from pydantic import BaseModel, ConfigDict, Field
from pydantic.functional_validators import AfterValidator, BeforeValidator

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS
from fleetsynth.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

_STEP = re.compile(r"([1-9][0-9]{0,8})(s|min|h|d)")
_UNIT_SECONDS = {"s": 1, "min": 60, "h": HOUR_SECONDS, "d": DAY_SECONDS}
_NAMED_STEPS = {"daily": DAY_SECONDS, "hourly": HOUR_SECONDS}
_LONGEST_NAME = 200
_SHARES_TOLERANCE = Decimal("1e-9")


def step_seconds(granularity: str) -> int:
    """Return the step of a granularity in seconds; ValueError unless it divides a day."""
    named = _NAMED_STEPS.get(granularity)
    if named:
        return named
    match = _STEP.fullmatch(granularity)
    if not match:
        raise ValueError(
            f"{granularity!r} is not a valid granularity: give daily, hourly, or a step "
            "such as 15min or 30s"
        )
    return _dividing(match, DAY_SECONDS, "a day")


def interval_seconds(interval: str) -> int:
    """Return a sample interval in seconds; ValueError unless it divides an hour."""
    match = _STEP.fullmatch(interval)
    if not match:
        raise ValueError(
            f"{interval!r} is not a valid sample interval: give a step that divides an hour, "
            "such as 5min"
        )
    return _dividing(match, HOUR_SECONDS, "an hour")


def _dividing(match: re.Match[str], whole: int, name: str) -> int:
    unit = match[2] if _UNIT_SECONDS[match[2]] <= whole else "h"
    seconds = int(match[1]) * _UNIT_SECONDS[match[2]]
    if whole % seconds:
        nearest = _nearest_divisor(seconds, _UNIT_SECONDS[unit], whole) // _UNIT_SECONDS[unit]
        raise ValueError(f"a step of {match[0]} does not divide {name}; {nearest}{unit} would")
    return seconds


def _nearest_divisor(seconds: int, unit: int, whole: int) -> int:
    steps = (step for step in range(unit, whole + 1, unit) if whole % step == 0)
    return min(steps, key=lambda step: (abs(step - seconds), step))


def _plain_date(value: object) -> object:
    """Take a date or its ISO text; leave anything else to the strict check."""
    if isinstance(value, datetime):
        raise ValueError(f"{value} has a time of day: give a date such as {value.date()}")
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(
                f"{value!r} is not a valid date: give one such as 2022-01-01"
            ) from None
    return value


def _step(value: str) -> str:
    step_seconds(value)
    return value


def is_name(value: object) -> bool:
    """Tell whether a value can name an archetype, a business unit and so on."""
    return (
        isinstance(value, str)
        and 1 <= len(value) <= _LONGEST_NAME
        and value.isprintable()
        and value == value.strip()
    )


def _printable(name: str) -> str:
    if not is_name(name):
        raise ValueError(f"{name!r} is not a valid name: use printable text without outer spaces")
    return name


def _undotted(name: str) -> str:
    if "." in name:
        raise ValueError(f"{name!r} has a dot, which separates keys: use a dash")
    return name


def _shares(value: dict[str, float]) -> dict[str, float]:
    """Check that exact decimals as written add up to 1."""
    total = sum((Decimal(str(share)) for share in value.values()), Decimal(0))
    if abs(total - 1) > _SHARES_TOLERANCE:
        raise ValueError(f"the shares add up to {total}, not to 1")
    return value


def _equal_odds(value: object) -> object:
    """Read a list of names as equal odds."""
    if not isinstance(value, list):
        return value
    nested = [name for name in value if isinstance(name, list | dict)]
    if nested:
        raise ValueError(
            f"{nested[0]!r} is not a valid name: list plain names, or give names with odds"
        )
    repeated = sorted({name for name in value if value.count(name) > 1})
    if repeated:
        raise ValueError(f"listed twice: {', '.join(repeated)}")
    # A share is a parameter, not a figure that anyone typed: the last takes what rounding leaves.
    share = round(1 / max(len(value), 1), 12)
    rest = float(1 - Decimal(str(share)) * (len(value) - 1))
    return dict.fromkeys(value[:-1], share) | dict.fromkeys(value[-1:], rest)


Name = Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME), AfterValidator(_printable)]
Key = Annotated[Name, AfterValidator(_undotted)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Shares = Annotated[dict[Name, Share], Field(min_length=1), AfterValidator(_shares)]
Odds = Annotated[Shares, BeforeValidator(_equal_odds, json_schema_input_type=list[Name] | Shares)]
PlainDate = Annotated[date, BeforeValidator(_plain_date, json_schema_input_type=date)]
Granularity = Annotated[str, AfterValidator(_step)]
NonNegative = Annotated[float, Field(ge=0.0, le=1e9)]
Correlation = Annotated[float, Field(ge=-1.0, le=1.0)]


class Strict(BaseModel):
    """A model that refuses unknown keys, wrong types, NaN and infinity."""

    MERGES: ClassVar[bool] = True
    """Whether a layer that says some of its keys leaves the others as they were below."""

    # Descriptions stand in Field(...): reading docstrings from the source costs 20 ms a start.
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
    )

    def __setattr__(self, name: str, value: object = None) -> NoReturn:
        """Refuse: whatever has been made of a model would not know."""
        raise UsageError(
            f"{type(self).__name__} is read-only: say {name} in the scenario that it is made of, "
            "a file, a mapping or overrides"
        )

    __delattr__ = __setattr__


def ascending(name: str, low: float, high: float) -> Callable[[tuple[float, float]], Any]:
    """Return a check of two numbers within bounds, the lower first."""

    def check(pair: tuple[float, float]) -> tuple[float, float]:
        if not low <= pair[0] <= pair[1] <= high:
            raise ValueError(f"{name} should be two numbers from {low:g} to {high:g}, ascending")
        return pair

    return check
