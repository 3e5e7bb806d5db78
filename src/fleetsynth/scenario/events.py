"""What a planner tells of a fleet's future, as scenarios say it."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, model_serializer, model_validator

from fleetsynth.clock import DAY_SECONDS
from fleetsynth.errors import did_you_mean
from fleetsynth.kinds import KINDS, TOLD, meant
from fleetsynth.kinds.kind import CHANNELS
from fleetsynth.scenario.fields import Name, Share, Strict
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
    from fleetsynth.kinds.kind import Kind

_LEAST_DAYS = {1: 28, 3: 89, 12: 365}
"""Days that so many months last at least."""
DECOMMISSION = "decommission"
"""The kind of told event that ends lives."""
SERVERS = re.compile(r"server_([0-9]{1,18})(?:\.\.server_([0-9]{1,18}))?")
"""An id of a server, or a range of them."""

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
