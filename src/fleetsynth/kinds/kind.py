"""What can happen to a fleet: what an event is, and what a kind of event says of its events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from fleetsynth.clock import HOUR_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

Entity = Literal["server", "service", "fleet"]
"""Whom an event befalls; where a fleet has no services, a server stands for its service."""


class Channel(NamedTuple):
    """A way in which an event acts on values.

    Attributes:
        how: ``times`` and ``over`` multiply and divide, ``plus`` adds percentage points, ``off``
            makes values 0.
        metrics: stems of the metrics that it acts on.
        text: what its size means, for people.
    """

    how: Literal["times", "plus", "over", "off"]
    metrics: tuple[str, ...]
    text: str

    @property
    def neutral(self) -> float:
        """The size that changes nothing."""
        return 0.0 if self.how == "plus" else 1.0


_CPU = ("cpu", "net_in", "net_out")
"""What a full CPU leaves undone is not carried, either."""

CHANNELS = {
    "demand": Channel("times", ("cpu", "mem", "net_in", "net_out"), "what is asked for"),
    "cpu": Channel("plus", _CPU, "CPU points"),
    "memory": Channel("plus", ("mem",), "memory points"),
    "disk": Channel("plus", ("disk",), "disk points"),
    "network": Channel("times", ("net_in", "net_out"), "traffic"),
    "cores": Channel("over", _CPU, "CPU capacity"),
    "capacity": Channel("over", ("cpu", "mem", "net_in", "net_out"), "CPU and memory capacity"),
    "memory_size": Channel("over", ("mem",), "memory capacity"),
    "disk_size": Channel("over", ("disk",), "disk capacity"),
    "down": Channel("off", ("cpu", "mem", "net_in", "net_out"), "switched off"),
}
"""How events act, by name. Disks keep what is on them while a server is down."""


Course = tuple[tuple[float, float], ...]
"""Shares of an event's length, from 0 to 1, and of its strength there; lines in between."""


class Effect(NamedTuple):
    """What an event does on one channel.

    Attributes:
        channel: which, of `CHANNELS`.
        size: at its full strength.
        start: before it, and after it: what is neutral, or what the event before it left.
    """

    channel: str
    size: float
    start: float

    @classmethod
    def of(cls, channel: str, size: float) -> Effect:
        """Return an effect that begins and ends where nothing is changed."""
        return cls(channel, size, CHANNELS[channel].neutral)


class Event(NamedTuple):
    """Something with a begin and an end that befalls a server or a service.

    Attributes:
        event_id: the same whatever the span, the size of the fleet and the step.
        kind: name of its kind.
        entity: id of the server or service.
        begin: seconds since the Unix epoch.
        end: the first second after it; None where it lasts.
        effects: what it does; there may be none.
        planned: whether somebody meant it to happen.
        cause: the `event_id` of what brought it about, or words of a planner; empty if unknown.
        severity: ``info``, ``minor``, ``major`` or ``critical``.
        ramp: seconds over which effects come, and go.
        rises: whether they grow from the begin to the end instead.
        stays: whether effects do not go: what comes next comes from them.
        course: how strongly it is felt on its way, as in `Kind`; empty for those without one.
        types: the instance types before and after it, where it is from one to another.
    """

    event_id: str
    kind: str
    entity: str
    begin: int
    end: int | None
    effects: tuple[Effect, ...] = ()
    planned: bool = False
    cause: str = ""
    severity: str = "minor"
    ramp: int = 0
    rises: bool = False
    stays: bool = False
    course: Course = ()
    types: tuple[str, str] | None = None

    def touches(self, first: int, stop: int) -> bool:
        """Tell whether it lies, in part at least, in seconds first..stop-1."""
        return self.begin < stop and (self.end is None or self.end > first)

    def has(self, channel: str) -> bool:
        """Tell whether it acts on a channel."""
        return any(effect.channel == channel for effect in self.effects)


class Dial(NamedTuple):
    """What the dial of difficulty makes of a kind whose events can be seen better and worse.

    Attributes:
        per_quarter: events of an entity in 90 days, wherever the dial stands.
        hours: shortest and longest, likewise.
        plain: least and greatest size where the dial says easy.
        faint: where it says hard.
    """

    per_quarter: float
    hours: tuple[float, float]
    plain: tuple[float, float]
    faint: tuple[float, float]


@dataclass(frozen=True)
class Spells:
    """How often something with an end comes, for how long, and how badly.

    Attributes:
        per_quarter: events of an entity in 90 days, expected.
        hours: shortest and longest; the logarithm is uniform in between. At most 64 days.
        size: least and greatest, uniform in between.
        archetypes: what multiplies the rate, by archetype.
        source: where the figures are from.
        dial: what they are where a scenario says how difficult anomalies are to find; None of what
            is always plain to see: then there is the less of it the harder, and none at hard.
    """

    per_quarter: float
    hours: tuple[float, float]
    size: tuple[float, float]
    source: str
    archetypes: dict[str, float] = field(default_factory=dict)
    dial: Dial | None = None


@dataclass(frozen=True)
class Levels:
    """How often a level is exchanged for another one, and by how much.

    Attributes:
        days: from one change to the next, on average.
        sigma: standard deviation of a level's logarithm.
        archetypes: what multiplies sigma, by archetype.
        source: where the figures are from.
    """

    days: float
    sigma: float
    source: str
    archetypes: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Faults:
    """How often data are collected badly, for how long, and how badly.

    A fault spoils the rows whose ticks begin within it.

    Attributes:
        act: what happens to these rows: they are dropped, sent twice (`repeat`), held back until
            it is over (`hold`), delayed one by one (`scatter`) or stamped wrongly (`shift`); or
            to the values of a metric: they are missing (`blank`), stay the same (`freeze`), are
            of another unit (`scale`) or coarse (`round`).
        per_day: faults of a server, or of the whole fleet, in a day, expected.
        hours: shortest and longest; the logarithm is uniform in between. At most 64 days.
        source: where the figures are from.
        single: share of the faults that last one sample instead: five minutes, or a tick if that
            is shorter.
        size: least and greatest, uniform in between; None where none counts.
        either: whether sizes have either sign.
        of: stems of the metrics of which a fault spoils one, and the sizes that it may have there;
            empty of faults that spoil whole rows.
        archetypes: what multiplies the rate, by archetype.
    """

    act: Literal["drop", "repeat", "hold", "scatter", "shift", "blank", "freeze", "scale", "round"]
    per_day: float
    hours: tuple[float, float]
    source: str
    single: float = 0.0
    size: tuple[float, float] | None = None
    either: bool = False
    of: dict[str, tuple[float, ...]] = field(default_factory=dict)
    archetypes: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Stories:
    """How many of the stories that services have are of a kind, how long they are, how far they go.

    Attributes:
        weight: how many, against the weights of the other kinds.
        months: shortest and longest, from begin to end; the logarithm is uniform in between.
        reach: least and greatest at full strength, in percent of `of`, uniform in between.
        of: ``capacity``, which the channel's first metric then shows so much of on a busy day, or
            ``usual``, what it would show.
        archetypes: what multiplies the weight, by archetype.
        source: where the figures are from.
    """

    months: tuple[float, float]
    reach: tuple[float, float]
    source: str
    of: Literal["capacity", "usual"] = "capacity"
    weight: float = 1.0
    archetypes: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Sizes:
    """How often the servers of a service become a size larger or smaller, and back with the next.

    Only a scenario that says `days` has any.

    Attributes:
        up: chance that they become larger, and not smaller.
        source: where the figure is from.
        archetypes: what multiplies how often, by archetype.
    """

    up: float
    source: str
    archetypes: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Consequence:
    """What an event may bring about.

    Attributes:
        kind: of what follows.
        chance: that it follows.
        delay: seconds from begin to begin, shortest and longest.
        tail: seconds from end to end, shortest and longest.
        size: least and greatest.
        after: whether it begins when its cause ends.
    """

    kind: str
    chance: float
    tail: tuple[int, int]
    size: tuple[float, float]
    delay: tuple[int, int] = (0, 0)
    after: bool = False


@dataclass(frozen=True)
class Kind:
    """What events of one kind have in common.

    Attributes:
        name: in scenarios and ledgers.
        title: what people call it.
        about: what happens, in a sentence.
        entity: whom it befalls.
        effects: returns what one of some size does; None where only what a planner writes counts.
        size: of a told one, where its planner says none.
        drawn: how it comes about by itself; None where it is told, or follows from others.
        planned: whether somebody meant it to happen.
        label: the class that a detector is scored by: ``anomaly``, ``regime``, ``planned``,
            ``off``, ``fault`` or ``periodic``.
        severity: as in `Event`.
        ramp: seconds over which effects come, and go.
        rises: whether effects grow from begin to end.
        course: how strongly effects are felt on the way, from begin to end, in place of a ramp;
            empty for kinds without one.
        color: of its pictures, a hexadecimal RGB.
        lasts: whether a told one without an end lasts; others need one.
        follows: what it may bring about, on the entity's service.
        through: the channel by which it is felt, of a kind without effects of its own.
        is_told: whether a planner can tell it; others follow from what else is.
        owns: whether the capacity that it multiplies is what servers have, and not only what of it
            is left to them.
    """

    name: str
    title: str
    about: str
    entity: Entity
    effects: Callable[[float], tuple[Effect, ...]] | None
    color: str
    size: float = 1.0
    drawn: Spells | Levels | Sizes | Stories | Faults | None = None
    planned: bool = False
    label: Literal["anomaly", "regime", "planned", "off", "fault", "periodic"] = "anomaly"
    severity: Literal["info", "minor", "major", "critical"] = "minor"
    ramp: int = 0
    rises: bool = False
    course: Course = ()
    lasts: bool = False
    follows: tuple[Consequence, ...] = ()
    through: str | None = None
    is_told: bool = True
    owns: bool = True


def saw_tooth(teeth: int, kept: float) -> Course:
    """Return the course of what is set back on its way up, and goes at once when it is up.

    Args:
        teeth: rises; all but the last are set back.
        kept: how far each is set back to, as a share of the way to its foot on a straight line.
    """
    up, fall = 0.98, 0.0005
    points: list[tuple[float, float]] = [(0.0, 0.0)]
    for tooth in range(1, teeth):
        share = tooth / teeth
        points += [(up * share, share), (up * share + fall, kept * share)]
    return (*points, (up, 1.0), (1.0, 0.0))


def only(channel: str) -> Callable[[float], tuple[Effect, ...]]:
    """Return what makes the effects of a kind that acts on one channel."""
    neutral = CHANNELS[channel].neutral
    return lambda size: (Effect(channel, size, neutral),)


MINUTE, HOUR = 60, HOUR_SECONDS
