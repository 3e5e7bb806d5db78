"""Distributions of a parameter over servers, as a scenario writes them."""

from __future__ import annotations

from math import exp, inf
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, model_serializer, model_validator
from pydantic.functional_validators import AfterValidator, BeforeValidator

from fleetsynth.numeric import RESOLUTION, normal_quantile, rounded
from fleetsynth.scenario.fields import Share, Strict

if TYPE_CHECKING:
    from collections.abc import Callable

_KINDS = ("value", "uniform", "normal", "lognormal", "choices")

Finite = Annotated[float, Field(ge=-1e9, le=1e9)]
Pair = Annotated[tuple[Finite, Finite], Field(strict=False)]
Choices = Annotated[tuple[Finite, ...], Field(strict=False, min_length=1, max_length=100)]


class Distribution(Strict):
    """How a parameter is spread over servers or services: one value each, drawn once."""

    MERGES: ClassVar[bool] = False

    value: Finite | None = Field(None, description="The same value for all; a bare number too.")
    uniform: Pair | None = Field(None, description="[lowest, highest], all equally likely.")
    normal: Pair | None = Field(None, description="[mean, standard deviation].")
    lognormal: Pair | None = Field(
        None, description="[median, sigma]: the logarithm has the standard deviation sigma."
    )
    choices: Choices | None = Field(
        None, description="One of these values each, all equally likely; the same may come twice."
    )
    zero: Share = Field(0.0, description="Share of those that have 0 instead.")
    min: Finite | None = Field(None, description="Draws below it are set to it.")
    max: Finite | None = Field(None, description="Draws above it are set to it.")

    @model_validator(mode="after")
    def _one_kind(self) -> Distribution:
        kinds = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            said = " and ".join(kinds) or "none"
            raise ValueError(f"give one of {', '.join(_KINDS)}, not {said}")
        if self.uniform and self.uniform[1] < self.uniform[0]:
            raise ValueError(f"uniform ends at {self.uniform[1]:g}, below {self.uniform[0]:g}")
        if self.normal and self.normal[1] < 0:
            raise ValueError(f"a standard deviation of {self.normal[1]:g} is negative")
        if self.lognormal and (self.lognormal[0] <= 0 or not 0 <= self.lognormal[1] <= 5):
            raise ValueError("lognormal takes a median above 0 and a sigma of 0 to 5")
        if self.min is not None and self.max is not None and self.max < self.min:
            raise ValueError(f"max {self.max:g} is below min {self.min:g}")
        return self

    @model_serializer
    def _short(self) -> Any:
        """Write a single value as a bare number, and only what was said of the others."""
        if self.value is not None and self.zero == 0 and self.min is None and self.max is None:
            return self.value
        said = {name: getattr(self, name) for name in type(self).model_fields}
        listed = {k: list(v) if isinstance(v, tuple) else v for k, v in said.items()}
        return {k: v for k, v in listed.items() if v is not None and (k != "zero" or v)}

    def support(self) -> tuple[float, float]:
        """The lowest and the highest value that can be drawn."""
        low, high = self._raw_support()
        low, high = self._clip(low), self._clip(high)
        return (min(low, 0.0), max(high, 0.0)) if self.zero else (low, high)

    def quantile(self, u: float) -> float:
        """Return the value at a probability.

        The order of operations and the rounding to 2**-20 are part of the model, since
        exponentials and normal quantiles differ in their last bits between machines.

        Args:
            u: in [0, 1); the lowest share `zero` of it gives 0.
        """
        if u < self.zero:
            return 0.0
        u = (u - self.zero) / (1.0 - self.zero)
        return rounded(self._clip(self._raw(u)))

    def _raw(self, u: float) -> float:
        if self.uniform:
            low, high = self.uniform
            return low + (high - low) * u
        if self.value is not None:
            return self.value
        if self.choices:
            return self.choices[int(u * len(self.choices))]
        z = normal_quantile(u)
        if self.normal:
            return self.normal[0] + self.normal[1] * z
        median, sigma = self.lognormal or (1.0, 0.0)
        return max(median * exp(sigma * z), RESOLUTION)

    def _raw_support(self) -> tuple[float, float]:
        if self.value is not None:
            return self.value, self.value
        if self.uniform:
            return self.uniform
        if self.choices:
            return min(self.choices), max(self.choices)
        return (RESOLUTION, inf) if self.lognormal else (-inf, inf)

    def _clip(self, value: float) -> float:
        value = value if self.min is None else max(value, self.min)
        return value if self.max is None else min(value, self.max)


def _bare(value: object) -> object:
    """Read a bare number as a value."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"value": value}
    if not isinstance(value, dict | Distribution):
        raise ValueError(f"{value!r} is neither a number nor a distribution")
    return value


def _within(low: float, high: float) -> Callable[[Distribution], Distribution]:
    def check(distribution: Distribution) -> Distribution:
        lowest, highest = distribution.support()
        if lowest == highest and not low <= lowest <= high:
            bound = f"at least {low:g}" if lowest < low else f"at most {high:g}"
            raise ValueError(f"should be {bound}, not {lowest:g}")
        if lowest < low:
            raise ValueError(f"values can fall below {low:g}: raise them, or add min: {low:g}")
        if highest > high:
            raise ValueError(f"values can rise above {high:g}: lower them, or add max: {high:g}")
        return distribution

    return check


def _read(bounds: Any) -> BeforeValidator:
    """Read a bare number as a value; editors are told its bounds."""
    number: Any = Annotated[float, bounds]
    return BeforeValidator(_bare, json_schema_input_type=number | Distribution)


Spread = Annotated[Distribution, _read(Field(ge=0.0, le=1e9)), AfterValidator(_within(0.0, inf))]
"""A number of at least 0, or how it is distributed over servers."""
ShareSpread = Annotated[
    Distribution, _read(Field(ge=0.0, le=1.0)), AfterValidator(_within(0.0, 1.0))
]
"""A number from 0 to 1, or how it is distributed over servers."""
Rate = Annotated[Distribution, _read(Field(ge=0.0, le=24.0)), AfterValidator(_within(0.0, 24.0))]
"""A number from 0 to 24 a day, or how it is distributed over servers."""
DaysSpread = Annotated[
    Distribution, _read(Field(ge=0.1, le=1e9)), AfterValidator(_within(0.1, inf))
]
"""A number of days, or how it is distributed over servers."""
Often = Annotated[Distribution, _read(Field(ge=0.0, le=48.0)), AfterValidator(_within(0.0, 48.0))]
"""A number from 0 to 48 a day or a week, or how it is distributed over servers."""
Few = Annotated[Distribution, _read(Field(ge=0.0, le=16.0)), AfterValidator(_within(0.0, 16.0))]
"""A number from 0 to 16, or how it is distributed over servers."""
Correlation = Annotated[
    Distribution, _read(Field(ge=-0.9, le=0.9)), AfterValidator(_within(-0.9, 0.9))
]
"""A correlation from sample to sample, or how it is distributed over servers."""
Speed = Annotated[Distribution, _read(Field(ge=0.0, le=1e7)), AfterValidator(_within(0.0, 1e7))]
"""Mbps whose hundredths fit 32 bits, or how they are distributed over servers."""
Depth = Annotated[Distribution, _read(Field(ge=0.0, le=0.95)), AfterValidator(_within(0.0, 0.95))]
"""A share from 0 to .95 of a mean, or how it is distributed over services."""
Length = Annotated[Distribution, _read(Field(ge=1.0, le=48.0)), AfterValidator(_within(1.0, 48.0))]
"""Samples of a pattern, or how they are distributed over servers."""
Multiplier = Annotated[
    Distribution, _read(Field(ge=0.0, le=100.0)), AfterValidator(_within(0.0, 100.0))
]
"""A factor, or how it is distributed over services."""
Signed = Annotated[
    Distribution, _read(Field(ge=-99.0, le=1e3)), AfterValidator(_within(-99.0, 1e3))
]
"""A percentage of change, or how it is distributed over services."""
Positive = Annotated[
    Distribution, _read(Field(gt=0.0, le=1e9)), AfterValidator(_within(RESOLUTION, inf))
]
"""A number above 0, or how it is distributed over servers."""
Minutes = Annotated[Distribution, _read(Field(ge=1.0, le=1e9)), AfterValidator(_within(1.0, inf))]
"""A number of minutes, at least one, or how it is distributed over jobs."""
Hour = Annotated[Distribution, _read(Field(ge=-1e9, le=1e9))]
"""An hour of the day, or how it is distributed; hours beyond a day wrap around."""
