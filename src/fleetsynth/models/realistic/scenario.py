"""The realistic scenario: services with demand, noise with memory, stocks, local calendars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, ValidationError
from pydantic.functional_validators import AfterValidator

from fleetsynth.calendars import check_place
from fleetsynth.clock import zone_names
from fleetsynth.errors import nearest_name
from fleetsynth.metrics import STATISTIC_PATTERN, STATISTICS
from fleetsynth.scenario.distribution import (  # noqa: TC001 - pydantic reads annotations
    Correlation,
    DaysSpread,
    Depth,
    Few,
    Hour,
    Length,
    Minutes,
    Multiplier,
    Often,
    Positive,
    Rate,
    ShareSpread,
    Signed,
    Speed,
    Spread,
)
from fleetsynth.scenario.events import Incidents  # noqa: TC001 - pydantic reads annotations
from fleetsynth.scenario.fields import Key, Name, PlainDate, Strict, interval_seconds
from fleetsynth.scenario.holidays import Closed  # noqa: TC001 - pydantic reads annotations
from fleetsynth.scenario.model import Scenario
from fleetsynth.scenario.stories import Stories  # noqa: TC001 - pydantic reads annotations

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


def _interval(value: str) -> str:
    interval_seconds(value)
    return value


def _statistic(value: str) -> str:
    if value not in STATISTICS:
        raise ValueError(f"{value!r} is not a valid statistic: give p1 to p99, mean, min or max")
    return value


def _zone(value: str) -> str:
    if value not in zone_names():
        hint = nearest_name(value, zone_names()) or ", such as Europe/Dublin"
        raise ValueError(f"{value!r} is not an IANA time zone{hint}")
    return value


def _distinct(value: tuple[str, ...]) -> tuple[str, ...]:
    repeated = sorted({name for name in value if value.count(name) > 1})
    if repeated:
        raise ValueError(f"listed twice: {', '.join(repeated)}")
    return value


def _range(value: tuple[int, int]) -> tuple[int, int]:
    if value[1] < value[0]:
        raise ValueError(f"the most, {value[1]}, is below the least, {value[0]}")
    return value


Statistic = Annotated[
    str, AfterValidator(_statistic), Field(json_schema_extra={"pattern": STATISTIC_PATTERN})
]
Statistics = Annotated[
    tuple[Statistic, ...], Field(min_length=1, strict=False), AfterValidator(_distinct)
]
Count = Annotated[int, Field(ge=1, le=64)]
Interval = Annotated[str, AfterValidator(_interval)]
Country = Annotated[
    str,
    AfterValidator(check_place),
    Field(json_schema_extra={"pattern": "^[A-Z]{2}(-[A-Z0-9]{1,3})?$"}),
]
Factor = Annotated[float, Field(ge=0.0, le=100.0)]
Month = Annotated[int, Field(ge=1, le=12)]


class Harmonics(Strict):
    """What the day has beside its first harmonic: sizes relative to it, and turns."""

    second: ShareSpread = Field(description="Size of the second harmonic: two humps a day.")
    third: ShareSpread = Field(description="Size of the third harmonic.")
    fourth: ShareSpread = Field(description="Size of the fourth harmonic.")
    second_turn: Hour = Field(description="Its lead, in turns; half a turn makes two even humps.")
    third_turn: Hour = Field(description="Same, of the third.")
    fourth_turn: Hour = Field(description="Same, of the fourth.")


class Wander(Strict):
    """How far demand drifts, relative to its mean."""

    fast: ShareSpread = Field(description="Relative size of the drift over 40 minutes.")
    middle: ShareSpread = Field(description="Same, over five hours.")
    slow: ShareSpread = Field(description="Same, over half a day.")


class Demand(Strict):
    """What a service is asked for; every replica has its part of it."""

    level: Spread = Field(description="Mean CPU demand per replica, in percent of its capacity.")
    growth: Signed = Field(description="Growth in percent a month, compounded.")
    seasonality: Depth = Field(
        description="How far the lowest of a day lies below its mean, as a share of it; 0 for none."
    )
    peak_hour: Hour = Field(description="Local hour of the peak of the day's first harmonic.")
    harmonics: Harmonics = Field(description="The shape of the day.")
    day_spread: ShareSpread = Field(description="Relative sd of each day's own factor.")
    depth_spread: ShareSpread = Field(description="Same, of how deep each day's curve goes.")
    weekend: Multiplier = Field(description="Multiplies demand on local Saturdays and Sundays.")
    holiday: Multiplier = Field(description="Multiplies demand on its country's holidays.")
    close: Multiplier = Field(description="How much of its business unit's close reaches it.")
    wander: Wander = Field(description="How demand drifts within days.")
    shared: ShareSpread = Field(
        description="Share of the drift's variance that replicas have in common."
    )
    shock_rate: Rate = Field(description="Spikes a day that hit all replicas at once.")


class Noise(Strict):
    """What sets one sample of CPU apart from the next."""

    size: ShareSpread = Field(description="Relative sd of a sample of five minutes.")
    memory: Correlation = Field(description="Correlation of a sample's noise with the next.")
    skew: ShareSpread = Field(description="How much further up it goes than down; 0 for even.")


class Cycle(Strict):
    """A pattern that repeats all the time: agents and pollers that keep one another's pace."""

    size: Few = Field(description="Size in sds of the noise; 0 for none.")
    samples: Length = Field(description="Length of the pattern, in samples of five minutes.")


class Swings(Strict):
    """Shifts of the level that return within five days."""

    rate: Few = Field(description="Shifts a week.")
    size: ShareSpread = Field(description="Sd of the logarithm of the factor.")
    hours: Positive = Field(description="How long they last.")


class Spikes(Strict):
    """Short activities at any time."""

    rate: Often = Field(description="Spikes a day.")
    minutes: Positive = Field(description="Median length.")
    height: Spread = Field(description="Median height, in CPU points.")
    noises: Spread = Field(description="The same in sds of the noise; heights add up.")
    tail: Few = Field(description="Sd of the logarithm of a spike's height.")


class Dips(Strict):
    """Short falls of demand at any time."""

    rate: Rate = Field(description="Dips a day.")
    minutes: Positive = Field(description="Median length.")
    noises: Spread = Field(description="Median depth, in sds of the noise.")


class Jobs(Strict):
    """Activities by a schedule. Figures beside `count` are those of a single job."""

    count: Few = Field(description="Jobs of a server.")
    period: Minutes = Field(description="Minutes from run to run, at least one.")
    minutes: Positive = Field(description="Median minutes of a run that comes every few hours.")
    minutes_daily: Positive = Field(description="Same, where it comes every six hours or less.")
    height: Spread = Field(description="CPU points of a run.")
    memory: Spread = Field(description="Memory points that a run takes.")
    traffic: Spread = Field(description="Mean traffics of a run.")
    spread: ShareSpread = Field(description="Relative sd of its height from run to run.")
    skipped: ShareSpread = Field(description="Share of runs that do not happen.")
    weekdays: ShareSpread = Field(description="1 where it runs from Monday to Friday only; or 0.")
    jitter: ShareSpread = Field(description="1 where its begin varies by 150 s; or 0.")
    drift: ShareSpread = Field(description="Chance that a period under six hours is not exact.")


class Episodes(Strict):
    """Activities of half an hour to days: batches, builds, tests, whatever runs until it ends."""

    rate: Few = Field(description="Episodes a week.")
    hours: Positive = Field(description="Median length.")
    height: Spread = Field(description="CPU points; 100 takes all there is.")
    memory: Spread = Field(description="Memory points that an episode takes.")
    traffic: Spread = Field(description="Mean traffics of an episode.")
    office: ShareSpread = Field(description="1 where they begin from 9 to 18 o'clock only; or 0.")


class Transfers(Strict):
    """Traffic without work: copies and backups."""

    rate: Rate = Field(description="Transfers a day.")
    minutes: Positive = Field(description="Median length.")
    height: Spread = Field(description="Median height, in mean traffics.")
    tail: Few = Field(description="Sd of the logarithm of a transfer's height.")


class Network(Strict):
    """Traffic in and out."""

    level: Spread = Field(description="Mean traffic in, in Mbps.")
    follows: ShareSpread = Field(description="Share of the traffic that follows demand.")
    drift: ShareSpread = Field(description="Relative size of its own drift over hours.")
    noise: ShareSpread = Field(description="Relative sd of a sample of five minutes.")
    cpu_correlation: ShareSpread = Field(description="Correlation of its noise with the CPU noise.")
    cycle: Cycle = Field(description="The pattern of pollers, in sds of the noise.")
    out_ratio: Spread = Field(description="Mean traffic out over mean traffic in.")
    out_correlation: ShareSpread = Field(
        description="Correlation of the noise out with the noise in."
    )
    per_spike: Spread = Field(description="Mean traffics of a spike or dip of one CPU level.")
    transfers: Transfers = Field(description="Traffic without work.")
    link: Speed = Field(description="Speed of the link in Mbps; no traffic exceeds it.")


class Releases(Strict):
    """Memory that is given back at once and taken again little by little."""

    rate: Rate = Field(description="Releases a day.")
    size: Spread = Field(description="Median size, in memory points.")
    minutes: Positive = Field(description="Median minutes until it is taken again.")


class Memory(Strict):
    """Used memory: a working set that warms up, leaks and is set back by restarts."""

    level: Spread = Field(description="Working set, in percent.")
    cache: Spread = Field(description="What caches add once they are warm, in percent.")
    warmup: Positive = Field(description="Hours after a restart at which caches are half warm.")
    leak: Spread = Field(description="Leak in percent a day.")
    restart_days: DaysSpread = Field(description="Mean days from restart to restart.")
    jump: Spread = Field(description="Sd of the working set's change at a restart, in percent.")
    drift: Spread = Field(description="Sd of the drift over hours, in percent.")
    noise: Spread = Field(description="Sd of a sample of five minutes, in percent.")
    noise_memory: Correlation = Field(description="Correlation of a sample's noise with the next.")
    releases: Releases = Field(description="Caches that are dropped and fill again.")
    per_spike: Spread = Field(description="Memory points of a spike of one CPU level.")
    follows: Spread = Field(description="Percent of memory that one doubling of demand takes.")


class Rotation(Strict):
    """Logs that grow until they are rotated."""

    size: Spread = Field(description="What one rotation frees, in percent of the disk.")
    days: DaysSpread = Field(description="Days from rotation to rotation.")


class Disk(Strict):
    """Used disk space: a stock that fills with writes and is cleaned up."""

    level: Spread = Field(description="Space used after a clean-up at the start, in percent.")
    fill: Spread = Field(description="Writes in percent a day, until the next clean-up.")
    cleanup_days: DaysSpread = Field(description="Mean days from clean-up to clean-up.")
    trend: Spread = Field(description="What clean-ups leave behind, in percent a month.")
    noise: Spread = Field(description="Sd of temporary files, in percent.")
    rotation: Rotation = Field(description="Of logs.")


class RealisticProfile(Strict):
    """What servers of one kind have in common; each figure may be a distribution."""

    name: Name = Field(description="What people call it.")
    replicas: Annotated[tuple[Count, Count], Field(strict=False), AfterValidator(_range)] = Field(
        description="[least, most] servers of a service."
    )
    spread: Positive = Field(description="A replica's part of the demand, 1 on average.")
    floor: Spread = Field(description="CPU percent that the counter does not see.")
    steps: Spread = Field(
        description="Steps of the CPU counter in a percent; 0 for as fine as it gets."
    )
    demand: Demand = Field(description="Of the service.")
    noise: Noise = Field(description="Of the replica.")
    cycle: Cycle = Field(description="Of the replica.")
    swings: Swings = Field(description="Of the replica.")
    spikes: Spikes = Field(description="Of the replica.")
    dips: Dips = Field(description="Of the replica.")
    jobs: Jobs = Field(description="Of the replica.")
    episodes: Episodes = Field(description="Of the replica.")
    network: Network = Field(description="Of the replica.")
    memory: Memory = Field(description="Of the replica.")
    disk: Disk = Field(description="Of the replica.")


class Location(Strict):
    """Where a region is: its clock and its holidays."""

    zone: Annotated[str, AfterValidator(_zone)] = Field(description="IANA time zone.")
    country: Country = Field(
        description="ISO 3166 country whose public holidays count, with observed days, or its "
        "ISO 3166-2 subdivision, such as DE-HE."
    )


class Close(Strict):
    """The last days of a month and of a quarter, as a business unit feels them."""

    month: Factor = Field(description="Multiplies demand on the last day of a month.")
    quarter: Factor = Field(description="Multiplies demand on the last day of a fiscal quarter.")
    days: Annotated[int, Field(ge=1, le=28)] = Field(description="Days over which it rises.")
    fiscal_year_starts: Month = Field(description="First month of the fiscal year.")


class RealisticScenario(Scenario):
    """A scenario of the realistic model."""

    preset: Literal["realistic"] = Field(description="The realistic model.")
    estate: Name = Field(
        description="What the fleet is like: a packaged estate, as `fleetsynth estates` lists them."
    )
    sample_interval: Interval = Field(
        description="Step of the simulation: 5min, 1min, 1h, or another that divides an hour."
    )
    statistics: Statistics = Field(
        description="What is published of the samples: p1 to p99, mean, min, max."
    )
    incidents: Incidents = Field(
        description="What befalls the fleet by itself, and how often; intensity 0 for nothing."
    )
    stories: Stories = Field(
        description="What services go through over months: growth, steps, declines; share 0 for "
        "none."
    )
    growth_start: PlainDate | None = Field(
        description="Day from which growth is counted; null means start_date."
    )
    locations: dict[Name, Location] = Field(description="Where each region is.")
    closes: dict[Name, Close] = Field(
        description="Close of each business unit; `default` is for those not named."
    )
    closed: dict[Name, Closed] = Field(
        default_factory=dict,
        description="Days on which a business unit does not work; `default` is for those not "
        "named.",
    )
    archetypes: dict[Key, RealisticProfile] = Field(
        description="Profiles by name: overrides of single figures, or whole new archetypes."
    )

    @property
    def origin(self) -> date:
        """Day from which growth is counted."""
        return self.growth_start or self.start_date

    def until(self, end: date) -> Self:
        """Return the scenario with another last day; growth is counted from where it is."""
        return super().until(end).model_copy(update={"growth_start": self.origin})

    @property
    def sample_seconds(self) -> int:
        """The sample interval in seconds."""
        return interval_seconds(self.sample_interval)

    def holiday_places(self) -> tuple[str, ...]:
        """Return the countries and subdivisions of its regions."""
        used = (self.locations[region] for region in self.regions if region in self.locations)
        return tuple(location.country for location in used)


def settle(values: dict[str, Any], packaged: Mapping[str, Any]) -> None:
    """Leave out packaged closes of business units that the scenario has replaced by its own."""
    closes, units = values.get("closes"), values.get("business_units")
    known = packaged["closes"]
    if isinstance(closes, dict) and isinstance(units, dict | list):
        values["closes"] = {
            unit: close
            for unit, close in closes.items()
            if unit in units or unit == "default" or close != known.get(unit)
        }
    if isinstance(closes, dict):
        _complete(values["closes"], known["default"])


def _complete(closes: dict[Any, Any], packaged: dict[str, Any]) -> None:
    """Let a unit's close be the default one where it says nothing."""
    default = {**packaged, **closes["default"]} if isinstance(closes.get("default"), dict) else {}
    try:
        Close.model_validate(default)
    except ValidationError:  # which is told of the default alone
        default = packaged
    for unit, close in closes.items():
        if isinstance(close, dict) and unit != "default":
            closes[unit] = {**default, **close}
