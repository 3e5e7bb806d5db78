"""The classic scenario: profiles and switches of the specification's model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field

from fleetsynth.models.classic.signals import CORRELATION_FIELDS
from fleetsynth.scenario.fields import Correlation, Key, Name, NonNegative, PlainDate, Share, Strict
from fleetsynth.scenario.holidays import Closed  # noqa: TC001 - pydantic reads annotations
from fleetsynth.scenario.model import Scenario

if TYPE_CHECKING:
    from datetime import date


class ArchetypeProfile(Strict):
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


class Growth(Strict):
    """How the growth rate of an archetype acts over time."""

    mode: Literal["span", "monthly"] = Field(
        description="span: the rate once over the span; monthly: compounded per elapsed month."
    )
    span: tuple[PlainDate, PlainDate] | None = Field(
        strict=False,
        description="First and last day of the growth; null means those of the scenario.",
    )


class ClassicScenario(Scenario):
    """A scenario of the classic model: factors, white correlated noise, spikes."""

    preset: Literal["classic"] = Field("classic", description="The classic model.")
    quarterly_peaks: bool = Field(
        description="Raise demand on the last five days of each quarter, up to 1.3 times."
    )
    holiday_effect: bool = Field(
        description="Lower demand on fixed dates around US holidays, down to 0.5 times."
    )
    spikes: bool = Field(description="Inject random spikes.")
    growth: Growth = Field(description="How growth acts over time.")
    correlation_repair: Literal["refuse", "nearest"] = Field(
        description="What to do about a correlation matrix that is not positive definite."
    )
    closed: dict[Name, Closed] = Field(
        default_factory=dict,
        description="Days on which a business unit does not work; `default` is for those not "
        "named.",
    )
    archetypes: dict[Key, ArchetypeProfile] = Field(
        description="Profiles by name: overrides of single fields, or whole new archetypes."
    )

    @property
    def origin(self) -> date:
        """First day of the growth."""
        return self.growth.span[0] if self.growth.span else self.start_date

    def until(self, end: date) -> Self:
        """Return the scenario with another last day; growth keeps the span that it has."""
        span = self.growth.span or (self.start_date, self.end_date)
        growth = self.growth.model_copy(update={"span": span})
        return super().until(end).model_copy(update={"growth": growth})
