"""A scalar twin of the realistic model, written from docs/realism.md alone.

One sample at a time, plain Python floats. It shares no code with the package, so an agreement
between the two says that both carry out the written rules. Given are the scenario as a mapping,
the archetype of each server, NumPy's Philox, the zones of `zoneinfo` and the dates of the
`holidays` package.
"""

import math
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache, cached_property, lru_cache
from hashlib import blake2b
from statistics import NormalDist
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import holidays
import numpy as np

from tests.twin import elapsed_months

TILE = 512
DAY = 86_400
MONTH_DAYS = 30.436875
CELL = 153_600
SPACINGS = (2_400, 19_200, 38_400)
OFFSETS = (0, 64, 72, 76)
NOISES = ("cpu", "net_in", "net_out", "memory")
DRIFTS = ("cpu", "net_in", "net_out", "memory", "disk")
WORD = 2**64
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def q(x: float) -> float:
    """To a multiple of 2**-20 (doc: what it is for)."""
    return round(x * 2.0**20) / 2.0**20


def clip(x: float, low: float, high: float) -> float:
    """x held within low..high."""
    return min(max(x, low), high)


# --- draws by address (doc: model, randomness) --------------------------------------------------


def key(*parts: object) -> bytes:
    """The 128-bit key of an address."""
    state = blake2b(digest_size=16, person=b"fleetsynth")
    for part in parts:
        text = str(part).encode()
        state.update(len(text).to_bytes(8, "little") + text)
    return state.digest()


@cache
def uniform(*parts: object) -> float:
    """The one uniform of an address."""
    return (int.from_bytes(key(*parts)[:8], "little") >> 11) / 2.0**53


def _philox(parts: Sequence[object]) -> np.random.Philox:
    return np.random.Philox(key=np.frombuffer(key(*parts), "<u8"))


@cache
def normals(count: int, *parts: object) -> list[float]:
    """The first normals of an address: each word has four, the lowest bits first."""
    words = _philox(parts).random_raw(count // 4 + 1).tolist()
    codes = [word >> 16 * place & 0xFFFF for word in words for place in range(4)]
    return [quantile_of_code(code) for code in codes[:count]]


@cache
def quantile_of_code(code: int) -> float:
    """The normal that 16 bits stand for."""
    return q(NormalDist().inv_cdf((code + 0.5) / 65_536))


@cache
def uniforms(count: int, *parts: object) -> list[float]:
    """The first uniforms of an address."""
    drawn: list[float] = np.random.Generator(_philox(parts)).random(count).tolist()
    return drawn


def word(*parts: object) -> int:
    """The first 64 bits of the key of an address."""
    return int.from_bytes(key(*parts)[:8], "little")


@lru_cache(maxsize=100_000)
def mixed(base: int, number: int) -> int:
    """Word `number` of the stream that a word keys (SplitMix64)."""
    x = (base + (number + 1) * 0x9E3779B97F4A7C15) % WORD
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB % WORD
    return x ^ (x >> 31)


def one_of(base: int, number: int) -> float:
    """The same as a uniform."""
    return (mixed(base, number) >> 11) / 2.0**53


@lru_cache(maxsize=100_000)
def normal_of(base: int, place: int) -> float:
    """A standard normal of a word, by Box and Muller."""
    radius, turn = one_of(base, 1 + 2 * place), one_of(base, 2 + 2 * place)
    return math.sqrt(-2.0 * math.log(1.0 - radius)) * math.cos(2.0 * math.pi * turn)


def lognormal(median: float, sigma: float, normal: float) -> float:
    """A lognormal number."""
    return q(median * math.exp(sigma * normal))


# --- figures ------------------------------------------------------------------------------------


@cache
def normal_quantile(u: float) -> float:
    """The standard normal quantile, kept finite at 0."""
    return NormalDist().inv_cdf(max(u, 2.0**-54))


def quantile(written: Any, u: float) -> float:
    """The value of a figure at a probability (doc: figures)."""
    if not isinstance(written, Mapping):
        return q(float(written))
    zero = written.get("zero", 0.0)
    if u < zero:
        return 0.0
    u = (u - zero) / (1.0 - zero)
    if "value" in written:
        x = float(written["value"])
    elif "uniform" in written:
        a, b = written["uniform"]
        x = a + (b - a) * u
    elif "choices" in written:
        x = float(written["choices"][math.floor(u * len(written["choices"]))])
    elif "normal" in written:
        m, s = written["normal"]
        x = m + s * normal_quantile(u)
    else:
        m, s = written["lognormal"]
        x = max(m * math.exp(s * normal_quantile(u)), 2.0**-20)
    x = max(x, written.get("min", x))
    x = min(x, written.get("max", x))
    return q(x)


def look_up(profile: Mapping[str, Any], path: str) -> Any:
    """The figure at a dotted path."""
    found: Any = profile
    for name in path.split("."):
        found = found[name]
    return found


# --- services -----------------------------------------------------------------------------------


def services(archetypes: Sequence[str], replicas: Mapping[str, Any], seed: int) -> list[str]:
    """The service of each server (doc: fleet and services)."""
    seen = dict.fromkeys(archetypes, 0)
    begins: dict[str, int] = {}
    nexts: dict[str, int] = {}
    begun: dict[str, int] = {}
    out: list[str] = []
    for archetype in archetypes:
        place = seen[archetype]
        seen[archetype] += 1
        block, within = divmod(place, 64)
        if within == 0:
            begun[archetype] = 0
        if within == 0 or place == nexts[archetype]:
            begun[archetype] += 1
            least, most = replicas[archetype]
            u = uniform(seed, "service size", archetype, block, begun[archetype])
            begins[archetype] = place
            nexts[archetype] = place + least + math.floor(u * (most - least + 1))
        out.append(f"{archetype}-{begins[archetype]:03d}")
    return out


ID_BLOCK = 4096


def spread(seed: int, name: str, block: int) -> list[float]:
    """The uniform of an archetype for each id of a block (doc: fleet and services)."""
    drawn = uniforms(2 * ID_BLOCK, seed, "assignment", name, block)
    out = []
    for place in range(ID_BLOCK):
        first = place - place % 64
        near = [(drawn[other], other) for other in range(first, first + 64)]
        rank = sum(each < (drawn[place], place) for each in near)
        out.append((rank + drawn[ID_BLOCK + place]) / 64.0)
    return out


def rarity(share: float) -> int:
    """How many of the borders 1/16, 1/64, 1/256 and so on a share is below."""
    found = 0
    while share > 0.0 and share < 1.0 / 16.0 / 4.0**found:
        found += 1
    return found


@cache
def drawn_archetypes(seed: int, shares: tuple[tuple[str, float], ...], block: int) -> list[str]:
    """The archetypes of a block of ids, where they are drawn (doc: fleet and services)."""
    whole = sum(Fraction(str(share)) for _, share in shares)
    exact = {name: float(Fraction(str(share)) / whole) for name, share in shares}
    *turns, last = sorted(filter(exact.get, exact), key=lambda name: (-rarity(exact[name]), name))
    draws = {name: spread(seed, name, block) for name in turns}
    out = []
    for place in range(ID_BLOCK):
        left, found = 1.0, last
        for name in turns:
            if draws[name][place] < exact[name] / left:
                found = name
                break
            left -= exact[name]
        out.append(found)
    return out


def drawn_services(
    archetypes: Sequence[str], replicas: Mapping[str, Any], seed: int, block: int
) -> list[str]:
    """The services of a block of ids, given their archetypes (doc: fleet and services)."""
    draws = uniforms(ID_BLOCK, seed, "service start", block)
    out = [""] * ID_BLOCK
    for name, (least, most) in replicas.items():
        left = [place for place in range(ID_BLOCK) if archetypes[place] == name]
        while left:
            size = len(left)
            if size > most:
                size = max(range(least, most + 1), key=lambda k: (draws[left[k]], -k))
            for place in left[:size]:
                out[place] = f"{name}-{block * ID_BLOCK + left[0]:03d}"
            left = left[size:]
    return out


def drawn_fleet(
    scenario: Mapping[str, Any], replicas: Mapping[str, Any], count: int
) -> list[tuple[str, str]]:
    """Archetype and service of each server, where archetypes are drawn."""
    seed, shares = scenario["seed"], tuple(scenario["distribution"].items())
    out: list[tuple[str, str]] = []
    for block in range(-(-count // ID_BLOCK)):
        kinds = drawn_archetypes(seed, shares, block)
        out += zip(kinds, drawn_services(kinds, replicas, seed, block), strict=True)
    return out[:count]


def chosen(odds: Mapping[str, float], u: float) -> str:
    """A value by cumulative odds, in the listed order (doc: model, randomness)."""
    total = 0.0
    for name, share in odds.items():
        total += share
        if u < total:
            return name
    return name


# --- demand -------------------------------------------------------------------------------------


class Shape(NamedTuple):
    """What the daily curve depends on; harmonics are (size, turn) from the second on."""

    seasonality: float
    peak_hour: float
    harmonics: tuple[tuple[float, float], ...]


def wave(shape: Shape, quarter: int) -> float:
    """f: the day's harmonics at a quarter of an hour."""
    a = 2.0 * math.pi * (quarter / 4 - shape.peak_hour) / 24.0
    total = math.cos(a)
    for n, (size, turn) in enumerate(shape.harmonics, start=2):
        total += size * math.cos(n * a + 2.0 * math.pi * turn)
    return total


@cache
def lowest(shape: Shape) -> float:
    """The least of f over the day."""
    return min(wave(shape, quarter) for quarter in range(96))


@cache
def curve(shape: Shape, quarter: int) -> float:
    """The day's curve at a quarter of an hour; its mean is 1."""
    return 1.0 + shape.seasonality * q(wave(shape, quarter) / -lowest(shape))


def smooth(x: float) -> float:
    """A rise from 0 to 1 over x in 0..1, flat at both ends."""
    return (x * x) * (3.0 - 2.0 * x)


def close_of(close: Mapping[str, Any], day: date) -> float:
    """C: the close of a business unit on a day."""
    days: int = close["days"]
    left = monthrange(day.year, day.month)[1] - day.day
    if left >= days:
        return 1.0
    fiscal = (day.month - close["fiscal_year_starts"]) % 3 == 2
    peak: float = close["quarter"] if fiscal else close["month"]
    return 1.0 + ((peak - 1.0) * (days - left)) / days


@cache
def public_holidays(country: str, year: int) -> frozenset[date]:
    """The public holidays of a country, or of a part of it, in a year, with observed days."""
    country, _, part = country.partition("-")
    years = [year - 1, year, year + 1]
    found = holidays.country_holidays(country, subdiv=part or None, years=years)
    return frozenset(day for day in found if day.year == year)


class DayFigures(NamedTuple):
    """What the factor of a date depends on."""

    weekend: float
    holiday: float
    close: float
    word: int = 0
    spread: float = 0.0
    depth_spread: float = 0.0


def factor_of_date(
    figures: DayFigures, day: date, country: str, business_close: Mapping[str, Any]
) -> float:
    """F(date)."""
    factor = 1.0
    if day.weekday() >= 5:
        factor = figures.weekend
    elif day in public_holidays(country, day.year):
        factor = figures.holiday
    factor *= 1.0 + figures.close * (close_of(business_close, day) - 1.0)
    own = 1.0 + figures.spread / 2.0 * own_of_date(figures.word, day, 0)
    return factor * (own * own)


@cache
def own_of_date(base: int, day: date, place: int) -> float:
    """What a date has of its own: the mean of five days' normals, scaled."""
    number = (day - EPOCH.date()).days
    total = 0.0
    for each in range(number - 4, number + 1):
        total += normal_of(mixed(base, each), place)
    return q(total / math.sqrt(5))


def depth_of_date(figures: DayFigures, day: date) -> float:
    """How deep the curve of a date is."""
    x = 1.0 + figures.depth_spread / 2.0 * own_of_date(figures.word, day, 1)
    return x * x


def blended(of_date: Callable[[date], float], day: date, h: float) -> float:
    """What belongs to a local date, blended into its neighbours."""
    one = timedelta(days=1)
    f0, f1, f2 = (of_date(each) for each in (day - one, day, day + one))
    before = smooth(clip(0.5 - h / 6.0, 0.0, 1.0))
    after = smooth(clip(0.5 + (h - 24.0) / 6.0, 0.0, 1.0))
    return (f1 + before * (f0 - f1)) + after * (f2 - f1)


def day_factor(
    figures: DayFigures, day: date, h: float, country: str, business_close: Mapping[str, Any]
) -> float:
    """day(h): the factor of the local date, blended into its neighbours."""
    return blended(lambda each: factor_of_date(figures, each, country, business_close), day, h)


# --- noise and drift ----------------------------------------------------------------------------


class Noise:
    """What sets one sample apart from the next (doc: noise)."""

    def __init__(self, address: tuple[object, ...], series: Sequence[str]) -> None:
        self._address, self._series = address, list(series)

    def normal(self, series: str, t: int) -> float:
        """The normal of a sample."""
        tile, place = divmod(t, TILE)
        drawn = normals(len(self._series) * TILE, *self._address, tile)
        return drawn[self._series.index(series) * TILE + place]


def remembering(z: Callable[[int], float], t: int, memory: float, skew: float = 0.0) -> float:
    """The noise of a sample: its own normal and the next three, by powers of `memory`."""
    s = skew * 0.25
    norm = q(1.0 / math.sqrt(1.0 + 2.0 * s * s))
    powers = [1.0, memory, memory * memory, memory * memory * memory]
    scale = q(1.0 / math.sqrt(sum(power * power for power in powers)))
    total = 0.0
    for k, power in enumerate(powers):
        x = z(t + k)
        if skew:
            x = (x + s * (x * x - 1.0)) * norm
        total += x * (power * scale)
    return total


@dataclass
class Drift:
    """A series of straight lines between normals at fixed seconds (doc: drift)."""

    address: tuple[object, ...]
    count: int
    series: int
    sizes: tuple[float, float, float]
    interval: int

    def knot(self, part: int, j: int) -> float:
        """Knot j of a part, after its size."""
        cell, place = divmod(j, CELL // SPACINGS[part])
        drawn = normals(self.count * OFFSETS[-1], *self.address, cell)
        return drawn[self.series * OFFSETS[-1] + OFFSETS[part] + place] * self.sizes[part]

    def at_fine(self, f: int) -> float:
        """The sum of the parts at a knot of the finest."""
        total = 0.0
        for part, spacing in enumerate(SPACINGS):
            each = spacing // SPACINGS[0]
            j, place = divmod(f, each)
            now = self.knot(part, j)
            total += now + (self.knot(part, j + 1) - now) / each * place
        return total

    def at(self, t: int) -> float:
        """The series at a sample."""
        f, late = divmod(t * self.interval, SPACINGS[0])
        now, then = self.at_fine(f), self.at_fine(f + 1)
        if SPACINGS[0] % self.interval == 0:
            each = SPACINGS[0] // self.interval
            return (then - now) / each * (t % each) + now
        return now + (then - now) * (late / SPACINGS[0])


def at_step(size: float, interval: int) -> float:
    """The size of noise at a sample interval, given that at five minutes."""
    return q(size * math.sqrt(300 / interval))


def drifted(mean: float, drift: float) -> float:
    """A mean times (1 + w / 2) squared."""
    x = drift * 0.5 + 1.0
    return x * x * mean


def pattern(base: int, length: int, size: float) -> list[float]:
    """The values of a cycle; they add up to 0."""
    values = [q(normal_of(mixed(base, i), 0) * size) for i in range(length)]
    values[-1] -= math.fsum(values)
    return values


def of_pattern(values: Sequence[float], t: int, interval: int) -> float:
    """The mean of a cycle over a sample."""

    def upto(second: int) -> float:
        slot, late = divmod(second % (300 * len(values)), 300)
        return math.fsum(values[:slot]) * 300 + values[slot] * late

    return (upto((t + 1) * interval) - upto(t * interval)) / interval


# --- activities ---------------------------------------------------------------------------------


class Activity(NamedTuple):
    """Seconds start..start+length-1, and the word that keys the rest."""

    start: int
    length: int
    word: int

    def normal(self, place: int) -> float:
        """A normal of its own."""
        return normal_of(self.word, place)

    def uniform(self, place: int) -> float:
        """A uniform of its own."""
        return one_of(self.word, 1000 + place)

    def lasting(self, seconds: float, least: float, most: float) -> "Activity":
        """The same with a length."""
        return self._replace(length=round(clip(seconds, least, most)))

    def touches(self, t: int, interval: int) -> bool:
        """Whether a second of it is one of a sample; if none is, its average there is zero."""
        return self.start < (t + 1) * interval and t * interval < self.start + self.length

    def within(self, t: int, interval: int, height: float) -> float:
        """Its average over a sample, given its height."""
        height = q(clip(height, -(2.0**20), 2.0**20))
        return _from(self.start, t, interval, height) - _from(
            self.start + self.length, t, interval, height
        )


def _from(second: int, t: int, interval: int, height: float) -> float:
    """What a height is over a sample, if it is there from a second on."""
    sample, late = divmod(second, interval)
    if t < sample:
        return 0.0
    return height if t > sample else q(height * ((interval - late) / interval))


def candidates(
    address: tuple[object, ...], cell: int, cell_seconds: int, most: int, rate: float
) -> list[Activity]:
    """What begins in a cell (doc: activities)."""
    base = word(*address, cell)
    out = []
    for i in range(most):
        if one_of(base, i) < rate / most:
            own = mixed(base, most + i)
            start = math.floor(one_of(own, 0) * cell_seconds) + cell * cell_seconds
            out.append(Activity(start, 1, own))
    return out


class Often(NamedTuple):
    """How activities of a purpose are drawn: seconds and most of a cell, and bounds of lengths."""

    cell: int
    most: int
    shortest: int
    longest: int
    sigma: float


MONTH = 28 * DAY
SPIKES = Often(CELL, 96, 1, 4 * 3600, 0.9)
SHOCKS = Often(CELL, 48, 1, 4 * 3600, 0.9)
DIPS = Often(CELL, 48, 1, 8 * 3600, 0.7)
TRANSFERS = Often(CELL, 48, 60, 36 * 3600, 0.9)
RELEASES = Often(CELL, 48, 300, 36 * 3600, 0.8)
EPISODES = Often(MONTH, 64, 600, 20 * DAY, 1.0)
SWINGS = Often(MONTH, 64, 3600, 5 * DAY, 1.0)


class Drawn:
    """The activities of one purpose of an entity."""

    def __init__(
        self, seed: int, purpose: str, entity: str, often: Often, rate: float, seconds: float
    ) -> None:
        self._address, self._often = (seed, purpose, entity), often
        self._rate, self._seconds = rate, seconds
        self._kept: dict[int, list[Activity]] = {}

    def near(self, t: int, interval: int) -> list[Activity]:
        """Those that begin in the cell of a sample, or in the one before."""
        here = t * interval // self._often.cell
        last = ((t + 1) * interval - 1) // self._often.cell
        return [each for cell in range(here - 1, last + 1) for each in self._of(cell)]

    def touching(self, t: int, interval: int) -> list[Activity]:
        """Those that a sample shows something of."""
        return [each for each in self.near(t, interval) if each.touches(t, interval)]

    def _of(self, cell: int) -> list[Activity]:
        if cell not in self._kept:
            often = self._often
            found = candidates(self._address, cell, often.cell, often.most, self._rate)
            self._kept[cell] = [
                each.lasting(
                    lognormal(self._seconds, often.sigma, each.normal(0)),
                    often.shortest,
                    often.longest,
                )
                for each in found
            ]
        return self._kept[cell]


PER_DAY = CELL / DAY


class Job:
    """One job of a server (doc: jobs)."""

    def __init__(self, seed: int, job: str, profile: Mapping[str, Any]) -> None:
        self._figures = {
            name: quantile(written, uniform(seed, "figure", "job", f"jobs.{name}", job))
            for name, written in profile["jobs"].items()
            if name != "count"
        }
        self.word = word(seed, "job", job)
        self.period = self._figures["period"] * 60
        if one_of(self.word, 1) < self._figures["drift"] and self.period < DAY / 4:
            self.period = q(self.period * (1 + 0.015 * normal_of(self.word, 1)))
        self.phase = float(math.floor(one_of(self.word, 0) * self.period))
        self._kept: dict[int, tuple[Activity, float] | None] = {}

    def figure(self, name: str) -> float:
        """A figure of the job."""
        return self._figures[name]

    def runs(self, t: int, interval: int) -> list[tuple[Activity, float]]:
        """The runs that may touch a sample, each with its share of the job's height."""
        first = math.floor((t * interval - self.phase) / self.period)
        last = math.floor(((t + 1) * interval - self.phase) / self.period)
        near = 4 + math.ceil(1_800 / self.period)  # a late one is less than half an hour late
        found = [self._run(number) for number in range(first - near, last + near + 1)]
        return [run for run in found if run and run[0].touches(t, interval)]

    def _run(self, number: int) -> tuple[Activity, float] | None:
        if number not in self._kept:
            self._kept[number] = self._drawn(number)
        return self._kept[number]

    def _drawn(self, number: int) -> tuple[Activity, float] | None:
        own, of = Activity(0, 1, mixed(self.word, number)), self._figures
        start = self.phase + number * self.period
        if of["jitter"] > 0:
            start += 150.0 * of["jitter"] * q(own.normal(0))
        begin = math.floor(start)
        minutes = of["minutes_daily"] if self.period >= DAY / 4 else of["minutes"]
        length = min(q(minutes * 60 * math.exp(0.15 * own.normal(1))), self.period * 0.7)
        share = max(q(1.0 + of["spread"] * own.normal(2)), 0.1)
        if own.uniform(0) < of["skipped"]:
            return None
        if of["weekdays"] and (begin // DAY + 3) % 7 >= 5:
            return None
        return own._replace(start=begin).lasting(length, 1, 2 * DAY), share


# --- stocks -------------------------------------------------------------------------------------


class Renewals:
    """Restarts or clean-ups of a server, each known by its slot k of 1/16 day."""

    def __init__(self, seed: int, purpose: str, server: str, period: float, interval: int) -> None:
        self.address = (seed, purpose, server)
        self.period = period
        self.interval = interval
        self.level = math.floor(math.log2(period)) + 1  # the least with 2**level > period
        self._of_span: dict[int, list[int]] = {}

    def half(self, level: int, m: int) -> int:
        """The half of part m of 2**level days that has a renewal for certain."""
        return 2 * m + (0 if uniform(*self.address, "half", level, m) < 0.5 else 1)

    def of_span(self, m: int) -> list[int]:
        """The renewals of a span, in order."""
        if m not in self._of_span:
            chance = 2.0**self.level / self.period - 1.0
            kept = {self.half(self.level, m)}
            if uniform(*self.address, "both", self.level, m) < chance:
                kept = {2 * m, 2 * m + 1}
            slots = []
            for k in sorted(kept):
                for level in range(self.level - 1, -4, -1):
                    k = self.half(level, k)
                slots.append(k)
            self._of_span[m] = slots
        return self._of_span[m]

    def sample(self, k: int) -> int:
        """The first sample not before renewal k."""
        day = (k + uniform(*self.address, "time", k)) / 16.0
        return math.ceil(day * DAY / self.interval)

    def last(self, t: int) -> int:
        """The last renewal that is not after a sample."""
        m = math.floor(t * self.interval / DAY / 2.0**self.level)
        near = self.of_span(m - 1) + self.of_span(m)
        return max(k for k in near if self.sample(k) <= t)

    def age(self, t: int, k: int) -> float:
        """Days since renewal k."""
        return (t - self.sample(k)) * (self.interval / DAY)


# --- one server ---------------------------------------------------------------------------------


class Sample(NamedTuple):
    """A server at one sample, before limits; `hundredths` are cpu, mem, disk, in, out, after."""

    relative: float
    common: float
    base: float
    spikes: float
    runs: float
    cpu: float
    noise_in: float
    noise_out: float
    sent: float
    net_in: float
    net_out: float
    taken: float
    held: float
    memory: float
    disk: float
    hundredths: tuple[int, int, int, int, int]


class Service:
    """What replicas have in common."""

    def __init__(self, scenario: Mapping[str, Any], archetype: str, name: str) -> None:
        self.scenario = scenario
        self.seed = scenario["seed"]
        self.name = name
        self.interval = seconds(scenario["sample_interval"])
        self._profile = scenario["archetypes"][archetype]
        self._figures: dict[str, float] = {}
        self._hours: dict[int, float] = {}

    def figure(self, path: str) -> float:
        """A figure of the service."""
        if path not in self._figures:
            u = uniform(self.seed, "figure", "service", path, self.name)
            self._figures[path] = quantile(look_up(self._profile, path), u)
        return self._figures[path]

    def metadata(self, column: str, odds: str) -> str:
        """Its business unit, criticality or region."""
        return chosen(self.scenario[odds], uniform(self.seed, column, self.name))

    @cached_property
    def region(self) -> str:
        return self.metadata("region", "regions")

    @cached_property
    def business_unit(self) -> str:
        return self.metadata("business_unit", "business_units")

    @cached_property
    def _day_figures(self) -> DayFigures:
        return DayFigures(
            self.figure("demand.weekend"),
            self.figure("demand.holiday"),
            self.figure("demand.close"),
            word(self.seed, "day", self.name),
            self.figure("demand.day_spread"),
            self.figure("demand.depth_spread"),
        )

    @cached_property
    def _shape(self) -> Shape:
        names = [f"demand.harmonics.{name}" for name in ("second", "third", "fourth")]
        return Shape(
            self.figure("demand.seasonality"),
            self.figure("demand.peak_hour"),
            tuple((self.figure(name), self.figure(f"{name}_turn")) for name in names),
        )

    def demand_at_hour(self, hour: int) -> float:
        """D at a full UTC hour, counted from the epoch (doc: demand)."""
        if hour not in self._hours:
            location = self.scenario["locations"][self.region]
            closes = self.scenario["closes"]
            close = closes.get(self.business_unit) or closes["default"]
            utc = EPOCH + timedelta(hours=hour)
            local = utc.astimezone(ZoneInfo(location["zone"]))
            quarter = local.hour * 4 + local.minute // 15
            by_day = day_factor(
                self._day_figures, local.date(), quarter / 4, location["country"], close
            )
            days = self._day_figures
            depth = blended(lambda each: depth_of_date(days, each), local.date(), quarter / 4)
            by_curve = max(1.0 + (curve(self._shape, quarter) - 1.0) * depth, 0.06)
            start = date.fromisoformat(
                str(self.scenario["growth_start"] or self.scenario["start_date"])
            )
            months = elapsed_months(utc.replace(tzinfo=None), start)
            growth = math.pow(1.0 + self.figure("demand.growth") / 100.0, months)
            self._hours[hour] = q((by_curve * by_day) * growth)
        return self._hours[hour]

    def demand(self, t: int) -> float:
        """D at a sample."""
        n = 3600 // self.interval
        hour, i = divmod(t, n)
        d0, d1 = self.demand_at_hour(hour), self.demand_at_hour(hour + 1)
        return ((d1 - d0) / n) * i + d0

    @property
    def wander(self) -> tuple[float, float, float]:
        """The sizes of the parts of its drift."""
        fast, middle, slow = (self.figure(f"demand.wander.{x}") for x in ("fast", "middle", "slow"))
        return fast, middle, slow

    @cached_property
    def drift(self) -> Drift:
        """What its replicas drift together."""
        address = (self.seed, "service drift", self.name)
        return Drift(address, 1, 0, self.wander, self.interval)

    @cached_property
    def noise(self) -> Noise:
        """What its replicas' noise has in common."""
        return Noise((self.seed, "service samples", self.name, self.interval), ["cpu"])

    @cached_property
    def shocks(self) -> Drawn:
        """Spikes that hit all replicas."""
        rate = self.figure("demand.shock_rate") * PER_DAY
        return Drawn(self.seed, "shocks", self.name, SHOCKS, rate, 240.0)


class Server:
    """One server of the realistic model."""

    def __init__(
        self, scenario: Mapping[str, Any], server: str, archetype: str, service: Service
    ) -> None:
        self.scenario = scenario
        self.seed = scenario["seed"]
        self.id = server
        self.service = service
        self.interval = seconds(scenario["sample_interval"])
        self._profile = scenario["archetypes"][archetype]
        self._figures: dict[str, float] = {}
        self._noise = Noise((self.seed, "samples", server, self.interval), NOISES)

    def figure(self, path: str) -> float:
        """A figure of the server."""
        if path not in self._figures:
            u = uniform(self.seed, "figure", "server", path, self.id)
            self._figures[path] = quantile(look_up(self._profile, path), u)
        return self._figures[path]

    # CPU

    @cached_property
    def level(self) -> float:
        """L."""
        return q(self.service.figure("demand.level") * self.figure("spread"))

    @cached_property
    def per_level(self) -> float:
        """Its inverse."""
        return q(1.0 / self.level) if self.level > 0.0 else 0.0

    @cached_property
    def sd(self) -> float:
        """Of the noise of five minutes, in percent."""
        return q(self.figure("noise.size") * self.level)

    @cached_property
    def _shared(self) -> tuple[float, float]:
        share = self.service.figure("demand.shared")
        return q(math.sqrt(share)), q(math.sqrt(1.0 - share))

    def _drift(self, series: str, fast: float, middle: float, slow: float) -> Drift:
        address = (self.seed, "drift", self.id)
        place = DRIFTS.index(series)
        return Drift(address, len(DRIFTS), place, (fast, middle, slow), self.interval)

    @cached_property
    def _own_drift(self) -> Drift:
        fast, middle, slow = (size * self._shared[1] for size in self.service.wander)
        return self._drift("cpu", fast, middle, slow)

    @cached_property
    def _cycle(self) -> list[float]:
        size = self.figure("noise.size") * self.figure("cycle.size")
        base = word(self.seed, "cycle", self.id)
        return pattern(base, int(self.figure("cycle.samples")), size) if size else [0.0]

    @cached_property
    def _traffic_cycle(self) -> list[float]:
        size = self.figure("network.noise") * self.figure("network.cycle.size")
        base = word(self.seed, "traffic cycle", self.id)
        return pattern(base, int(self.figure("network.cycle.samples")), size) if size else [0.0]

    def _drawn(self, purpose: str, often: Often, group: str = "") -> Drawn:
        path = f"{group}{purpose}"
        unit, seconds = ("hours", 3600) if often.cell == MONTH else ("minutes", 60)
        rate = self.figure(f"{path}.rate") * (4.0 if often.cell == MONTH else PER_DAY)
        length = self.figure(f"{path}.{unit}") * seconds
        return Drawn(self.seed, purpose, self.id, often, rate, length)

    @cached_property
    def _spiking(self) -> Drawn:
        return self._drawn("spikes", SPIKES)

    @cached_property
    def _dipping(self) -> Drawn:
        return self._drawn("dips", DIPS)

    @cached_property
    def _swinging(self) -> Drawn:
        return self._drawn("swings", SWINGS)

    @cached_property
    def _in_episodes(self) -> Drawn:
        return self._drawn("episodes", EPISODES)

    @cached_property
    def _transferring(self) -> Drawn:
        return self._drawn("transfers", TRANSFERS, "network.")

    @cached_property
    def _releasing(self) -> Drawn:
        return self._drawn("releases", RELEASES, "memory.")

    @cached_property
    def jobs(self) -> list[Job]:
        """Its jobs."""
        count = int(self.figure("jobs.count"))
        return [Job(self.seed, f"{self.id}/{number}", self._profile) for number in range(count)]

    def _normal(self, t: int) -> float:
        own = self._noise.normal("cpu", t) * self._shared[1]
        return own + self.service.noise.normal("cpu", t) * self._shared[0]

    def spikes(self, t: int) -> float:
        """What spikes and shocks add to the CPU."""
        usual = self.figure("spikes.height") + self.figure("spikes.noises") * self.sd
        total = 0.0
        for each in self._spiking.touching(t, self.interval):
            height = lognormal(usual, self.figure("spikes.tail"), each.normal(1))
            total += each.within(t, self.interval, min(height, 95.0))
        for each in self.service.shocks.touching(t, self.interval):
            height = lognormal(1.5 * usual, 0.8, each.normal(1))
            total += each.within(t, self.interval, min(height, 95.0))
        return total

    def dips(self, t: int) -> float:
        """The share of what demand takes that dips leave out."""
        total = 0.0
        for each in self._dipping.touching(t, self.interval):
            median = self.figure("dips.noises") * self.figure("noise.size")
            depth = lognormal(median, 0.5, each.normal(1))
            total += each.within(t, self.interval, min(depth, 0.8))
        return min(total, 0.8)

    def of_runs(self, t: int, name: str) -> float:
        """What jobs add to the CPU, to memory, or to traffic."""
        total = 0.0
        for job in self.jobs:
            for run, share in job.runs(t, self.interval):
                total += run.within(t, self.interval, q(job.figure(name) * share))
        return total

    def cover(self, t: int) -> float:
        """How much of an episode a sample shows."""
        total = 0.0
        for each in self._in_episodes.near(t, self.interval):
            if self.figure("episodes.office") > 0:
                opening = each.start // DAY * DAY + 9 * 3600
                each = each._replace(start=opening + math.floor(each.uniform(0) * 9 * 3600))
            part = 1.0 if each.uniform(1) < 0.5 else 1.0 - 0.5 * each.uniform(2)
            total += each.within(t, self.interval, q(part))
        return min(total, 1.0)

    def swing(self, t: int) -> float:
        """What multiplies demand for some days."""
        total = 0.0
        for each in self._swinging.touching(t, self.interval):
            factor = lognormal(1.0, self.figure("swings.size"), each.normal(1))
            total += each.within(t, self.interval, factor - 1.0)
        return max(total + 1.0, 0.05)

    def base(self, t: int, relative: float, together: float, n: float) -> float:
        """CPU that serves demand."""
        wave = n * at_step(self.figure("noise.size"), self.interval)
        wave = max((wave + of_pattern(self._cycle, t, self.interval)) + 1.0, 0.0)
        drifting = drifted(relative, together + self._own_drift.at(t))
        return wave * drifting * self.level * self.swing(t)

    # network

    def transfers(self, t: int) -> tuple[float, float]:
        """Traffic in and out without work, in mean traffics."""
        into = out_of = 0.0
        for each in self._transferring.touching(t, self.interval):
            height = lognormal(
                self.figure("network.transfers.height"),
                self.figure("network.transfers.tail"),
                each.normal(1),
            )
            coming = each.uniform(0)
            into += each.within(t, self.interval, q(height * coming))
            out_of += each.within(t, self.interval, q(height * (1.0 - coming)))
        return into, out_of

    def traffic_noise(self, t: int, n: float) -> tuple[float, float]:
        """What multiplies traffic in and out, beside demand."""
        k, o = self.figure("network.cpu_correlation"), self.figure("network.out_correlation")
        first = n * k + self._noise.normal("net_in", t) * q(math.sqrt(1.0 - k * k))
        second = first * o + self._noise.normal("net_out", t) * q(math.sqrt(1.0 - o * o))
        size, drift = (
            at_step(self.figure("network.noise"), self.interval),
            self.figure("network.drift"),
        )
        found = []
        for series, x in (("net_in", first), ("net_out", second)):
            x = max((x * size + of_pattern(self._traffic_cycle, t, self.interval)) + 1.0, 0.0)
            w = self._drift(series, drift * 0.3, drift, drift * 0.7).at(t)
            found.append(drifted(x, w))
        return found[0], found[1]

    def flow(self, relative: float, more: float) -> float:
        """Mean traffic in."""
        level = self.figure("network.level")
        follows = self.figure("network.follows") * level
        return max((relative * follows + (level - follows)) + more * level, 0.0)

    # stocks

    @cached_property
    def restarts(self) -> Renewals:
        period = self.figure("memory.restart_days")
        return Renewals(self.seed, "restart", self.id, period, self.interval)

    @cached_property
    def cleanups(self) -> Renewals:
        period = self.figure("disk.cleanup_days")
        return Renewals(self.seed, "clean-up", self.id, period, self.interval)

    def held(self, t: int) -> float:
        """Memory without what follows demand and what activities take (doc: memory)."""
        k = self.restarts.last(t)
        age = self.restarts.age(t, k)
        z = normal_quantile(uniform(self.seed, "restart", self.id, "jump", k))
        base = self.figure("memory.level") + q(self.figure("memory.jump") * z)
        warm = age / (age + self.figure("memory.warmup") / 24.0)
        x = (base + self.figure("memory.cache") * warm) + self.figure("memory.leak") * age
        drift = self.figure("memory.drift")
        memory = self.figure("memory.noise_memory")
        noise = remembering(lambda at: self._noise.normal("memory", at), t, memory)
        size = at_step(self.figure("memory.noise"), self.interval)
        w = self._drift("memory", drift * 0.3, drift * 0.7, drift * 0.7).at(t)
        return (w + noise * size) + x

    def released(self, t: int) -> float:
        """Memory that was given back and is not yet taken again."""
        total = 0.0
        for each in self._releasing.touching(t, self.interval):
            now = t * self.interval
            if now >= each.start and (t + 1) * self.interval <= each.start + each.length:
                size = lognormal(self.figure("memory.releases.size"), 0.5, each.normal(1))
                total += q(size * (1.0 - (now - each.start) / each.length))
        return total

    def disk(self, t: int) -> float:
        """Used disk space in percent, before limits (doc: disk)."""
        k = self.cleanups.last(t)
        age = self.cleanups.age(t, k)
        u = uniform(self.seed, "clean-up", self.id, "pace", k)
        trend = self.figure("disk.trend") / MONTH_DAYS
        start = date.fromisoformat(
            str(self.scenario["growth_start"] or self.scenario["start_date"])
        )
        origin = (start - EPOCH.date()).days * (DAY // self.interval)
        days = (self.cleanups.sample(k) - origin) * (self.interval / DAY)
        x = age * (self.figure("disk.fill") * (0.5 + u) + trend)
        x = x + (self.figure("disk.level") + trend * days)
        size = self.figure("disk.noise")
        x = self._drift("disk", size * 0.2, size * 0.6, size * 0.8).at(t) + x
        logs = self.figure("disk.rotation.size")
        period = round(self.figure("disk.rotation.days") * DAY)
        phase = int(uniform(self.seed, "rotation", self.id) * period)
        return x + ((t * self.interval + phase) % period) * (logs / period)

    # all

    def sample(self, t: int) -> Sample:
        """Everything at sample t."""
        relative = self.service.demand(t)
        together = self.service.drift.at(t) * self._shared[0]
        common = drifted(relative, together)
        n = remembering(self._normal, t, self.figure("noise.memory"), self.figure("noise.skew"))
        base = self.base(t, relative, together, n)
        spikes = self.spikes(t) - self.dips(t) * base
        runs, cover = self.of_runs(t, "height"), self.cover(t)
        wavering = (abs(n) * -0.04 + 1.0) * (cover * self.figure("episodes.height"))
        cpu = ((base + spikes) + runs) + wavering
        noise_in, noise_out = self.traffic_noise(t, n)
        sent = spikes * (self.figure("network.per_spike") * self.per_level) + (
            self.of_runs(t, "traffic") + cover * self.figure("episodes.traffic")
        )
        mean, (into, out_of) = self.flow(common, sent), self.transfers(t)
        net_in = mean * noise_in + into * self.figure("network.level")
        net_out = mean * noise_out + out_of * self.figure("network.level")
        net_out *= self.figure("network.out_ratio")
        taken = (
            self.of_runs(t, "memory") + cover * self.figure("episodes.memory")
        ) - self.released(t)
        taken += spikes * (self.figure("memory.per_spike") * self.per_level)
        held, disk = self.held(t), self.disk(t)
        taken = min(max(taken, held * -0.5), max(100.0 - held, 0.0) * 0.9)
        memory = ((common - 1.0) * self.figure("memory.follows") + held) + taken
        seen = collected(
            (cpu, memory, disk, net_in, net_out),
            floor=self.figure("floor"),
            level=self.level,
            link=self.figure("network.link"),
            steps=self._steps,
        )
        return Sample(
            relative,
            common,
            base,
            spikes,
            runs,
            cpu,
            noise_in,
            noise_out,
            sent,
            net_in,
            net_out,
            taken,
            held,
            memory,
            disk,
            seen,
        )

    @property
    def _steps(self) -> float:
        """Of the CPU counter in a percent, at the sample interval; 0 for none."""
        steps = self.figure("steps")
        return max(float(round(steps * (self.interval / 300))), 1.0) if steps > 0 else 0.0


def collected(
    values: tuple[float, float, float, float, float],
    *,
    floor: float,
    level: float,
    link: float,
    steps: float,
) -> tuple[int, int, int, int, int]:
    """Limits, then hundredths (doc: what the collector sees)."""
    cpu, memory, disk, net_in, net_out = values
    carried = 100.0 / max(cpu, 100.0)
    lowest = 0.01 if level > 0.0 and floor == 0.0 else 0.0
    busy = clip(cpu - floor, lowest, 100.0)
    if steps:
        busy = round(busy * steps) / steps
    return (
        round(busy * 100.0),
        round(clip(memory, 0.0, 100.0) * 100.0),
        round(clip(disk, 0.0, 100.0) * 100.0),
        round(clip(net_in * carried, 0.0, link) * 100.0),
        round(clip(net_out * carried, 0.0, link) * 100.0),
    )


def statistic(name: str, hundredths: Sequence[int]) -> int:
    """Of the samples of a tick (doc: statistics of a tick)."""
    if name == "min":
        return min(hundredths)
    if name == "max":
        return max(hundredths)
    n = len(hundredths)
    if name == "mean":
        return round(sum(hundredths) / n)
    rank = -(-int(name[1:]) * n // 100)
    return sorted(hundredths)[rank - 1]


def seconds(interval: str | int) -> int:
    """An interval such as 5min or 1h in seconds."""
    units = {"min": 60, "h": 3600, "s": 1}
    named = {"hourly": 3600, "daily": DAY}
    if isinstance(interval, int) or interval in named:
        return named.get(str(interval), 0) or int(interval)
    digits = interval.rstrip("abcdefghijklmnopqrstuvwxyz")
    return int(digits) * units[interval[len(digits) :]]


def fleet(scenario: Mapping[str, Any], archetypes: Sequence[str]) -> list[Server]:
    """All servers of a scenario, given the archetype of each; drawn ones are worked out anew."""
    kept = {name: scenario["archetypes"][name]["replicas"] for name in scenario["distribution"]}
    if scenario["assignment"] == "drawn":
        drawn = drawn_fleet(scenario, kept, len(archetypes))
        archetypes, names = [kind for kind, _ in drawn], [name for _, name in drawn]
    else:
        names = services(archetypes, kept, scenario["seed"])
    kinds = dict(zip(names, archetypes, strict=True))
    made = {name: Service(scenario, kind, name) for name, kind in kinds.items()}
    return [
        Server(scenario, f"server_{i:03d}", kind, made[name])
        for i, (kind, name) in enumerate(zip(archetypes, names, strict=True))
    ]
