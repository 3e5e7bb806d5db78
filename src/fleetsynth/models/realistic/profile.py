"""The figures of an archetype of the realistic model; each may differ from server to server."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.functional_validators import AfterValidator

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
from fleetsynth.scenario.fields import Name, Strict


def _range(value: tuple[int, int]) -> tuple[int, int]:
    if value[1] < value[0]:
        raise ValueError(f"the most, {value[1]}, is below the least, {value[0]}")
    return value


Count = Annotated[int, Field(ge=1, le=64)]


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
