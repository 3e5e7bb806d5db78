"""What a planner tells of a fleet's future, and what befalls it by itself, as scenarios say it."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    create_model,
    model_serializer,
    model_validator,
)
from pydantic.functional_validators import BeforeValidator

from fleetsynth.clock import DAY_SECONDS
from fleetsynth.errors import did_you_mean
from fleetsynth.kinds import DRAWN, KINDS, TOLD, meant
from fleetsynth.kinds.kind import CHANNELS, Levels, Sizes, Spells
from fleetsynth.scenario.fields import Key, Name, Share, Strict, ascending
from fleetsynth.scenario.moments import (
    Capacity,
    Duration,
    Moment,
    Names,
    Period,
    Points,
    Times,
    duration_seconds,
    is_day,
    moment_seconds,
    period,
)

if TYPE_CHECKING:
    from pydantic import SerializerFunctionWrapHandler

    from fleetsynth.kinds.kind import Kind

PAIR = Annotated[tuple[float, float], Field(strict=False)]
_LEAST_DAYS = {1: 28, 3: 89, 12: 365}
"""Days that so many months last at least."""
LONGEST_HOURS = 64 * 24.0
DECOMMISSION = "decommission"
"""The kind of told event that ends lives."""
SERVERS = re.compile(r"server_([0-9]{1,18})(?:\.\.server_([0-9]{1,18}))?")
"""An id of a server, or a range of them."""

ASKED = tuple(name for name, kind in DRAWN.items() if isinstance(kind.drawn, Sizes))
"""Kinds that come by themselves only where a scenario says how often."""

WHOM = ("servers", "service", "archetype", "business_unit", "region", "share")
"""Keys that say whom an event befalls: all of those that are given have to hold."""


class Told(Strict):
    """An event that a planner tells: kind, when, whom, and what it does."""

    MERGES: ClassVar[bool] = False

    kind: str = Field(description="What it is: a kind of event, such as migration or load_test.")
    name: Name | None = Field(
        None, description="Begins its ids in the ledger; by default the kind and the first day."
    )
    at: Moment | None = Field(None, description="When it begins: a day, or a day and a time (UTC).")
    from_: Moment | None = Field(
        None, alias="from", description="The same as `at`, for those that have a `to`."
    )
    to: Moment | None = Field(
        None, description="When it ends: the last day, or the minute at which it is over."
    )
    for_: Duration | None = Field(
        None, alias="for", description="How long it lasts, such as 4h, in place of `to`."
    )
    every: Period | None = Field(
        None, description="Comes again: day, week, month, quarter, year, or a duration such as 14d."
    )
    until: Moment | None = Field(None, description="The last day on which one may begin.")
    servers: Names | None = Field(
        None, description="Ids, or ranges of them such as server_010..server_019."
    )
    service: Names | None = Field(None, description="Services, such as web-000.")
    archetype: Names | None = Field(None, description="Archetypes.")
    business_unit: Names | None = Field(None, description="Business units.")
    region: Names | None = Field(None, description="Regions.")
    share: Share | None = Field(
        None, description="Of the servers, or services, that the other keys leave; drawn."
    )
    demand: Times | None = Field(None, description="Multiplies demand: x1.3 or +30%.")
    cpu: Points | None = Field(None, description="Adds percentage points of CPU: +15.")
    memory: Points | None = Field(None, description="Adds percentage points of memory.")
    disk: Points | None = Field(None, description="Adds percentage points of disk space.")
    network: Times | None = Field(None, description="Multiplies traffic.")
    cores: Capacity | None = Field(
        None, description="Multiplies CPU capacity, and divides utilisation by as much."
    )
    capacity: Capacity | None = Field(None, description="The same of CPU and memory.")
    memory_size: Capacity | None = Field(
        None, description="Multiplies memory, and divides its utilisation by as much."
    )
    disk_size: Capacity | None = Field(None, description="The same of disk space.")
    to_type: Name | None = Field(
        None, description="Of a resize: the instance type that servers have from then on."
    )
    down: bool | None = Field(None, description="true: switched off; the row is there and says 0.")
    ramp: Duration | None = Field(None, description="How long it takes to come, and to go.")
    cause: Annotated[str, Field(max_length=1000)] | None = Field(
        None, description="Why, in the planner's words."
    )
    severity: Literal["info", "minor", "major", "critical"] | None = Field(
        None, description="How bad it is."
    )
    planned: bool | None = Field(None, description="Whether it is meant to happen.")

    @model_validator(mode="after")
    def _whole(self) -> Told:
        for check in _CHECKS:
            check(self)
        return self

    @cached_property
    def listed(self) -> tuple[list[int], list[int]]:
        """Indices of the servers that are listed: first and last of each range, ascending."""
        pairs = (SERVERS.fullmatch(name) for name in self.servers or ())
        firsts, lasts = [], [-1]
        for first, last in sorted((int(p[1]), int(p[2] or p[1])) for p in pairs if p):
            if last > lasts[-1]:
                firsts.append(first)
                lasts.append(last)
        return firsts, lasts[1:]

    @model_serializer
    def _short(self) -> dict[str, Any]:
        """Write what was said, and no more."""
        said = {
            info.alias or name: getattr(self, name)
            for name, info in type(self).model_fields.items()
        }
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in said.items()
            if value is not None
        }

    @property
    def of(self) -> Kind:
        """Its kind."""
        return TOLD[self.kind]

    @property
    def begin(self) -> int:
        """When it, or the first of them, begins: seconds since the Unix epoch."""
        return moment_seconds(self.at or self.from_ or "")

    @property
    def lasts_seconds(self) -> int | None:
        """How long one lasts; None for good."""
        if self.for_:
            return duration_seconds(self.for_)
        if self.to is None:
            return None
        return moment_seconds(self.to) + (DAY_SECONDS if is_day(self.to) else 0) - self.begin

    @property
    def stop(self) -> int | None:
        """The second before which the last of them begins; None where there is no last one."""
        if self.until is None:
            return None
        return moment_seconds(self.until) + (DAY_SECONDS if is_day(self.until) else 1)

    @property
    def label(self) -> str:
        """What its ids in the ledger begin with."""
        moment = (self.at or self.from_ or "").translate(str.maketrans(" ", "T", "-:"))
        return self.name or f"{self.kind}-{moment}"

    @property
    def strengths(self) -> dict[str, float]:
        """Sizes that were said, by channel."""
        said = {channel: getattr(self, channel) for channel in CHANNELS}
        return {
            channel: 0.0 if channel == "down" else size
            for channel, size in said.items()
            if size is not None and size is not False
        }


def _known_kind(told: Told) -> None:
    if told.kind in KINDS and told.kind not in TOLD:
        raise ValueError(f"a {KINDS[told.kind].title} follows from other events: tell those")
    if told.kind not in TOLD:
        raise ValueError(
            f"unknown kind of event {told.kind!r}{did_you_mean(meant(told.kind), TOLD)}"
        )


def _begins(told: Told) -> None:
    if (told.at is None) == (told.from_ is None):
        raise ValueError("say when it begins: at, or from and to")
    if told.from_ is not None and told.to is None and told.for_ is None:
        raise ValueError("from needs a to; say at where there is no end")


def _ends(told: Told) -> None:
    if told.to is not None and told.for_ is not None:
        raise ValueError("to and for both say when it ends: leave one out")
    lasts = told.lasts_seconds
    if lasts is None:
        if not told.of.lasts:
            raise ValueError(f"a {told.of.title} has an end: say to, or for how long")
    elif lasts <= 0:
        raise ValueError(f"it ends ({told.to}) before it begins ({told.at or told.from_})")


def _repeats(told: Told) -> None:
    if told.every is None:
        if told.until is not None:
            raise ValueError("until says when the last one may begin: it needs every")
        return
    if told.lasts_seconds is None:
        raise ValueError("what comes every so often has an end: say to, or for how long")
    months, seconds = period(told.every)
    if told.lasts_seconds > (seconds or _LEAST_DAYS[months] * DAY_SECONDS):
        raise ValueError(
            f"it comes again (every {told.every}) before it is over: let it end sooner"
        )
    if told.kind == "freeze" and told.lasts_seconds == seconds:
        raise ValueError("each freeze begins as the last one ends: say one from and to")
    if told.stop is not None and told.stop <= told.begin:
        raise ValueError(
            f"the last one ({told.until}) is before the first ({told.at or told.from_})"
        )


def _does_something(told: Told) -> None:
    if told.of.effects is None and not told.strengths:
        raise ValueError(f"say what it does: one of {', '.join(CHANNELS)}")
    if told.kind == "decommission" and (told.lasts_seconds or told.strengths.keys() - {"down"}):
        raise ValueError("a decommission is for good: leave out when it ends, and what it does")
    if told.down is False:
        raise ValueError("down: false says nothing; leave it out")


def _runs_its_course(told: Told) -> None:
    if told.of.course and told.ramp is not None:
        raise ValueError(f"a {told.of.title} comes and goes by a course of its own: no ramp")


def _is_for_good(told: Told) -> None:
    if told.kind == DECOMMISSION and (told.lasts_seconds is not None or told.strengths):
        raise ValueError("a decommission is for good: say at and whom, no end and no strength")


def _is_of_a_type(told: Told) -> None:
    if told.to_type is None:
        return
    if told.kind != "resize":
        raise ValueError(f"to_type is what a resize leads to, not a {told.of.title}")
    if told.strengths:
        raise ValueError(f"to_type says what capacity there is: leave out {min(told.strengths)}")
    if told.lasts_seconds is not None or told.ramp is not None:
        raise ValueError(
            "a resize to a type is at once and for good: say at, and another one to go back"
        )


_CHECKS = (
    _known_kind,
    _begins,
    _ends,
    _repeats,
    _does_something,
    _runs_its_course,
    _is_for_good,
    _is_of_a_type,
)


class SpellRates(Strict):
    """How often a kind of event comes by itself, for how long, and how badly."""

    per_quarter: Annotated[float, Field(ge=0.0, le=20.0)] = Field(
        description="Events of a server (or service) in 90 days, expected."
    )
    hours: PAIR = Field(description="Shortest and longest, in hours; at most 64 days.")
    size: PAIR = Field(description="Least and greatest, as its kind counts.")
    archetypes: dict[Key, Annotated[float, Field(ge=0.0, le=100.0)]] = Field(
        description="What multiplies the rate, by archetype; 1 for those not named."
    )

    @model_validator(mode="after")
    def _ordered(self) -> SpellRates:
        ascending("hours", 1 / 60, LONGEST_HOURS)(self.hours)
        ascending("size", 0.0, 1e3)(self.size)
        return self


class LevelRates(Strict):
    """How often a level is exchanged for another one, and by how much."""

    days: Annotated[float, Field(ge=1.0, le=1e5)] = Field(
        description="From one to the next, on average."
    )
    sigma: Annotated[float, Field(ge=0.0, le=2.0)] = Field(
        description="Standard deviation of a level's logarithm."
    )
    archetypes: dict[Key, Annotated[float, Field(ge=0.0, le=10.0)]] = Field(
        description="What multiplies sigma, by archetype; 1 for those not named."
    )


class SizeRates(Strict):
    """How often servers become a size larger or smaller, and back again."""

    days: Annotated[float, Field(ge=1.0, le=1e5)] | None = Field(
        None, description="From one change to the next, on average; null for none."
    )
    up: Share = Field(0.5, description="Chance that it is a size up, and not down.")
    archetypes: dict[Key, Annotated[float, Field(ge=0.0, le=100.0)]] = Field(
        default_factory=dict,
        description="What multiplies how often, by archetype; 1 for those not named.",
    )


def _rates(kind: Kind) -> tuple[Any, Any]:
    drawn = kind.drawn
    if isinstance(drawn, Spells):
        spells = SpellRates(
            per_quarter=drawn.per_quarter,
            hours=drawn.hours,
            size=drawn.size,
            archetypes=drawn.archetypes,
        )
        return SpellRates, Field(spells, description=f"{kind.title}: {kind.about}.")
    if isinstance(drawn, Sizes):
        sizes = SizeRates(up=drawn.up, archetypes=drawn.archetypes)
        return SizeRates, Field(sizes, description=f"{kind.title}: {kind.about}.")
    if not isinstance(drawn, Levels):
        raise TypeError(f"{kind.name} does not come about by itself")
    levels = LevelRates(days=drawn.days, sigma=drawn.sigma, archetypes=drawn.archetypes)
    return LevelRates, Field(levels, description=f"{kind.title}: {kind.about}.")


DIFFICULTIES = {"easy": 0.0, "medium": 0.5, "hard": 1.0}
"""Words for places on the dial of difficulty."""


def _difficulty(value: object) -> object:
    if isinstance(value, str):
        if value not in DIFFICULTIES:
            hint = did_you_mean(value, DIFFICULTIES)
            raise ValueError(
                f"unknown difficulty {value!r}{hint}; give easy, medium, hard or a number from 0 "
                "to 1"
            )
        return DIFFICULTIES[value]
    return value


_Difficulty = Annotated[
    float,
    Field(ge=0.0, le=1.0),
    BeforeValidator(_difficulty, json_schema_input_type=float | Literal["easy", "medium", "hard"]),
]


class ByChance(Strict):
    """What comes by itself, as often as `intensity` says, but for single events."""

    intensity: Annotated[float, Field(ge=0.0, le=20.0)] = Field(
        0.0, description="Multiplies all rates; 0 for none."
    )
    without: tuple[str, ...] = Field(
        (), strict=False, description="Ids of single events that shall not happen."
    )


class _Incidents(ByChance):
    """What befalls a fleet by itself."""

    difficulty: _Difficulty | None = Field(
        None,
        description="How hard anomalies are to find: easy, medium, hard, or 0 to 1. It decides "
        "how faint they are, and how many there are of those that are always plain to see.",
    )

    @model_serializer(mode="wrap")
    def _said(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what comes only if it is asked for, and is not; and a dial that nobody set."""
        out: dict[str, Any] = write(self)
        for name in ASKED:
            if getattr(self, name).days is None:
                out.pop(name, None)
        if self.difficulty is None:
            out.pop("difficulty", None)
        return out


if TYPE_CHECKING:
    Incidents = _Incidents
else:
    Incidents = create_model(
        "Incidents", __base__=_Incidents, **{name: _rates(kind) for name, kind in DRAWN.items()}
    )
    """What befalls a fleet by itself: a key for each kind, with its rates."""


def nothing() -> _Incidents:
    """Return that nothing befalls a fleet."""
    return Incidents()
