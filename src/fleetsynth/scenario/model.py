"""The typed models of a scenario: each field with its type, its bounds and its meaning.

Defaults stand in ``catalog/config.yaml``, not here: a `Scenario` is always complete.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.functional_validators import AfterValidator, BeforeValidator

from fleetsynth.clock import DAY_SECONDS
from fleetsynth.metrics import CORRELATION_FIELDS

_STEP = re.compile(r"([1-9][0-9]{0,8})(s|min|h|d)")
_UNIT_SECONDS = {"s": 1, "min": 60, "h": 3_600, "d": DAY_SECONDS}
_NAMED_STEPS = {"daily": DAY_SECONDS, "hourly": 3_600}
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
            f"{granularity!r} is no granularity: give daily, hourly, or a step such as 15min or 30s"
        )
    unit = match[2]
    seconds = int(match[1]) * _UNIT_SECONDS[unit]
    if DAY_SECONDS % seconds:
        nearest = _nearest_divisor(seconds, _UNIT_SECONDS[unit]) // _UNIT_SECONDS[unit]
        raise ValueError(f"a step of {granularity} does not divide a day; {nearest}{unit} would")
    return seconds


def _nearest_divisor(seconds: int, unit: int) -> int:
    steps = (step for step in range(unit, DAY_SECONDS + 1, unit) if DAY_SECONDS % step == 0)
    return min(steps, key=lambda step: (abs(step - seconds), step))


def _plain_date(value: object) -> object:
    """Take a date or its ISO text; leave anything else to the strict check."""
    if isinstance(value, datetime):
        raise ValueError(f"{value} has a time of day: give a date such as {value.date()}")
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{value!r} is no date: give one such as 2022-01-01") from None
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
        raise ValueError(f"{name!r} is no name: use printable text without outer spaces")
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
        raise ValueError(f"{nested[0]!r} is no name: list plain names, or give names with odds")
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


class _Strict(BaseModel):
    # Descriptions stand in Field(...): reading docstrings from the source costs 20 ms a start.
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
    )


class ArchetypeProfile(_Strict):
    """What servers of one kind have in common. Source of the defaults: the specification."""

    name: Name = Field(description="What people call it.")
    base_cpu: NonNegative = Field(description="Mean CPU utilisation before any factor, in percent.")
    base_memory: NonNegative = Field(description="Mean memory utilisation, in percent.")
    base_disk: NonNegative = Field(description="Mean disk utilisation, in percent.")
    base_network: NonNegative = Field(description="Mean network traffic, in Mbps.")
    cpu_variance: NonNegative = Field(
        description="Standard deviation of the CPU noise (named variance by tradition)."
    )
    memory_variance: NonNegative = Field(description="Standard deviation of the memory noise.")
    disk_variance: NonNegative = Field(description="Standard deviation of the disk noise.")
    network_variance: NonNegative = Field(description="Standard deviation of the network noise.")
    cpu_memory_correlation: Correlation = Field(
        description="Correlation of the CPU noise with the memory noise."
    )
    cpu_network_correlation: Correlation = Field(
        description="Correlation of the CPU noise with the network noise."
    )
    memory_disk_correlation: Correlation = Field(
        description="Correlation of the memory noise with the disk noise."
    )
    cpu_disk_correlation: Correlation = Field(
        0.1, description="Correlation of the CPU noise with the disk noise."
    )
    memory_network_correlation: Correlation = Field(
        0.2, description="Correlation of the memory noise with the network noise."
    )
    disk_network_correlation: Correlation = Field(
        0.3, description="Correlation of the disk noise with the network noise."
    )
    business_hours_factor: NonNegative = Field(
        description="Multiplies demand from 09:00 to 17:59; daily data are all midnight."
    )
    weekend_factor: NonNegative = Field(description="Multiplies demand on Saturdays and Sundays.")
    spike_probability: Share = Field(description="Chance of a spike, per tick.")
    spike_magnitude: NonNegative = Field(
        description="What a spike multiplies CPU by; memory takes 0.7 and network 0.8 of it."
    )
    monthly_growth_rate: float = Field(
        gt=-100.0,
        le=1e3,
        description="Growth in percent: once over the span, or per month (see `growth.mode`).",
    )

    @property
    def correlations(self) -> dict[str, float]:
        """The six correlations by field name."""
        return {field: getattr(self, field) for field in CORRELATION_FIELDS.values()}


class Growth(_Strict):
    """How the growth rate of an archetype acts over time."""

    mode: Literal["span", "monthly"] = Field(
        description="span: the rate once over the span; monthly: compounded per elapsed month."
    )
    span: tuple[PlainDate, PlainDate] | None = Field(
        strict=False,
        description="First and last day of the growth; null means those of the scenario.",
    )


class Scenario(_Strict):
    """Everything that a person can say about a dataset."""

    num_servers: int = Field(ge=1, le=10**15, description="Number of servers to simulate.")
    start_date: PlainDate = Field(description="First day of the data.")
    end_date: PlainDate = Field(description="Last day of the data, included to its last tick.")
    granularity: Granularity = Field(
        description="daily, hourly, or whole seconds that divide a day: 15min, 5min, 1min, 30s."
    )
    seed: int = Field(
        description="Any whole number; the same scenario with the same seed gives the same bytes."
    )
    quarterly_peaks: bool = Field(
        description="Raise demand on the last five days of each quarter, up to 1.3 times."
    )
    holiday_effect: bool = Field(
        description="Lower demand on fixed dates around US holidays, down to 0.5 times."
    )
    spikes: bool = Field(description="Inject random spikes.")
    distribution: Shares = Field(
        description="Share of the fleet per archetype; the shares add up to 1."
    )
    assignment: Literal["blocks", "interleaved"] = Field(
        description="blocks: one archetype after the other; interleaved: mixed, stable in growth."
    )
    business_units: Odds = Field(
        description="Business units: a list (equal odds) or names with their odds."
    )
    criticalities: Odds = Field(
        description="Criticalities: a list (equal odds) or names with their odds."
    )
    regions: Odds = Field(description="Regions: a list (equal odds) or names with their odds.")
    growth: Growth = Field(description="How growth acts over time.")
    correlation_repair: Literal["refuse", "nearest"] = Field(
        description="What to do about a correlation matrix that is not positive definite."
    )
    include_metadata: bool = Field(
        description="Write server_type, business_unit, criticality and region."
    )
    include_calendar: bool = Field(
        description="Write year, month, quarter, dayofweek, is_weekend, is_eoq and is_holiday."
    )
    archetypes: dict[Key, ArchetypeProfile] = Field(
        description="Profiles by name: overrides of single fields, or whole new archetypes."
    )

    @property
    def step_seconds(self) -> int:
        """The granularity in seconds."""
        return step_seconds(self.granularity)

    def to_dict(self) -> dict[str, Any]:
        """Return plain YAML- and JSON-ready values, dates as ISO text."""
        return self.model_dump(mode="json")
