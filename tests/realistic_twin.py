"""A scalar twin of the realistic model, written from docs/realism.md alone.

One sample at a time, plain Python floats. It shares no code with the package, so an agreement
between the two says that both carry out the written rules. Given are the scenario as a mapping,
the archetype of each server, NumPy's Philox, the zones of `zoneinfo` and the dates of the
`holidays` package.
"""

import math
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache, cached_property
from hashlib import blake2b
from itertools import pairwise
from statistics import NormalDist
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import holidays
import numpy as np

from tests.twin import elapsed_months

TILE = 512
DAY = 86_400
MONTH_DAYS = 30.436875
SPACINGS = (1, 4, 32, 256, 2048, 16384)
SERIES: dict[str, tuple[int, ...]] = {
    "cpu": SPACINGS,
    "net_in": (1, 32, 256, 2048, 16384),
    "net_out": (1,),
    "memory": (32, 256, 2048, 16384),
    "disk": (32, 256, 2048, 16384),
}
SLOW_COLUMNS = ("cpu", "net_in", "memory", "disk")
DECAY = (1.0, 0.85, 0.7, 0.5)
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


def _generator(parts: Sequence[object]) -> np.random.Generator:
    words = np.frombuffer(key(*parts), "<u8")
    return np.random.Generator(np.random.Philox(key=words))


@cache
def normals(count: int, *parts: object) -> list[float]:
    """The first normals of an address."""
    drawn: list[float] = _generator(parts).standard_normal(count).tolist()
    return drawn


@cache
def uniforms(count: int, *parts: object) -> list[float]:
    """The first uniforms of an address."""
    drawn: list[float] = _generator(parts).random(count).tolist()
    return drawn


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


def curve_raw(seasonality: float, peak_hour: float, h: float) -> float:
    """c(h), the day before it is normed."""
    a = 2.0 * math.pi * (h - peak_hour) / 24.0
    return math.exp(seasonality * (1.1 * math.cos(a) + 0.25 * math.cos(2.0 * a)))


@cache
def curve(seasonality: float, peak_hour: float, quarter: int) -> float:
    """The day's curve at a quarter of an hour; its mean is 1."""
    total = 0.0
    for each in range(96):
        total += curve_raw(seasonality, peak_hour, each / 4)
    return curve_raw(seasonality, peak_hour, quarter / 4) / (total / 96)


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


def factor_of_date(
    figures: DayFigures, day: date, country: str, business_close: Mapping[str, Any]
) -> float:
    """F(date)."""
    factor = 1.0
    if day.weekday() >= 5:
        factor = figures.weekend
    elif day in public_holidays(country, day.year):
        factor = figures.holiday
    return factor * (1.0 + figures.close * (close_of(business_close, day) - 1.0))


def day_factor(
    figures: DayFigures, day: date, h: float, country: str, business_close: Mapping[str, Any]
) -> float:
    """day(h): the factor of the local date, blended into its neighbours."""
    one = timedelta(days=1)
    f0 = factor_of_date(figures, day - one, country, business_close)
    f1 = factor_of_date(figures, day, country, business_close)
    f2 = factor_of_date(figures, day + one, country, business_close)
    before = smooth(clip(0.5 - h / 6.0, 0.0, 1.0))
    after = smooth(clip(0.5 + (h - 24.0) / 6.0, 0.0, 1.0))
    return (f1 + before * (f0 - f1)) + after * (f2 - f1)


# --- noise --------------------------------------------------------------------------------------


def amplitudes(
    spacings: Sequence[int], interval: int, fast: float, slow: float, slow_share: float
) -> list[float]:
    """The amplitude of each octave, from the fastest (doc: noise with memory)."""

    def part(y: float) -> float:
        return (y * y) / (1.0 + y * y)

    def below(minutes: float) -> float:
        return (1.0 - slow_share) * part(minutes / fast) + slow_share * part(minutes / slow)

    minutes = [spacing * interval / 60.0 for spacing in spacings]
    ends = [below(math.sqrt(a * b)) for a, b in pairwise(minutes)]
    bounds = [0.0, *ends, 1.0]
    parts = [max(high - low, 0.0) for low, high in pairwise(bounds)]
    return [q(math.sqrt(part)) for part in parts]


@cache
def weights(r: int, spacing: int) -> tuple[float, float]:
    """Of the knots on either side, r samples after the first."""
    angle = math.pi / 2.0 * (r / spacing)
    return q(math.cos(angle)), q(math.sin(angle))


class Knots:
    """The standard normals at the knots of one entity (a server or a service)."""

    def __init__(
        self,
        seed: int,
        interval: int,
        entity: str,
        purposes: tuple[str, str],
        series: Mapping[str, tuple[int, ...]],
        columns: Sequence[str],
    ) -> None:
        self._address = (seed, purposes[0], entity, interval)
        self._slow_address = (seed, purposes[1], entity, interval)
        self._columns = list(columns)
        self._places: dict[tuple[str, int], int] = {}
        self._count = 0
        for name, spacings in series.items():
            for spacing in spacings:
                if spacing <= TILE:
                    self._places[name, spacing] = self._count
                    self._count += TILE // spacing

    def at(self, series: str, spacing: int, j: int) -> float:
        """Knot j, at sample j x spacing."""
        if spacing <= TILE:
            tile, place = divmod(j, TILE // spacing)
            drawn = normals(self._count, *self._address, tile)
            return drawn[self._places[series, spacing] + place]
        width = len(self._columns)
        drawn = normals(64 * width, *self._slow_address, spacing, j // 64)
        return drawn[(j % 64) * width + self._columns.index(series)]

    def octave(self, series: str, spacing: int, amplitude: float, t: int) -> float:
        """The octave of a spacing at a sample: two knots blended, after their amplitude."""
        j, r = divmod(t, spacing)
        z0 = self.at(series, spacing, j) * amplitude
        if spacing == 1:
            return z0
        w0, w1 = weights(r, spacing)
        return z0 * w0 + (self.at(series, spacing, j + 1) * amplitude) * w1


@dataclass
class Noise:
    """A series of noise: octaves with their amplitudes."""

    knots: Knots
    series: str
    spacings: Sequence[int]
    amplitudes: Sequence[float]

    def __post_init__(self) -> None:
        self._slow: dict[int, float] = {}

    def slow_at(self, t: int) -> float:
        """The octaves of 32 and more at a multiple of eight samples."""
        if t not in self._slow:
            total = None
            for spacing, amplitude in zip(self.spacings, self.amplitudes, strict=True):
                if spacing >= 32:
                    x = self.knots.octave(self.series, spacing, amplitude, t)
                    total = x if total is None else total + x
            assert total is not None
            self._slow[t] = total
        return self._slow[t]

    def at(self, t: int) -> float:
        """The series at a sample."""
        total = None
        for spacing, amplitude in zip(self.spacings, self.amplitudes, strict=True):
            if spacing < 32:
                x = self.knots.octave(self.series, spacing, amplitude, t)
                total = x if total is None else total + x
        if self.spacings[-1] >= 32:
            r = t % 8
            x0, x1 = self.slow_at(t - r), self.slow_at(t - r + 8)
            x = x0 + ((x1 - x0) / 8.0) * r
            total = x if total is None else total + x
        assert total is not None
        return total


def skew(r: float) -> tuple[float, float]:
    """a and q(1 / (1 + a^2)) for a relative standard deviation (doc: CPU)."""
    r = min(r, 1.35)
    a = q(math.sqrt(math.sqrt(2.0 / (2.0 - r * r)) - 1.0))
    return a, q(1.0 / (1.0 + a * a))


def skewed(n: float, shape: tuple[float, float]) -> float:
    """The square of a shifted normal, of mean 1."""
    a, norm = shape
    x = n * a + 1.0
    return (x * x) * norm


# --- bursts -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Burst:
    """One burst: its first sample, length, height, and the fifth uniform."""

    first: int
    length: int
    height: float
    share: float


class BurstFigures(NamedTuple):
    """What decides the bursts of a purpose."""

    rate: float
    lowest: float
    tail: float
    cap: float


def candidates(interval: int) -> int:
    """Of a tile."""
    return -(-24 * TILE * interval // DAY)


def bursts_of_tile(
    seed: int, purpose: str, entity: str, interval: int, tile: int, figures: BurstFigures
) -> list[Burst]:
    """The bursts that begin in a tile, in the order of the candidates (doc: bursts)."""
    n = candidates(interval)
    rows = uniforms(5 * n, seed, purpose, entity, interval, tile)
    out = []
    for i in range(n):
        happens, where, long, high, share = (rows[row * n + i] for row in range(5))
        if happens < figures.rate * (TILE * interval / DAY / n):
            height = figures.lowest * (1.0 - high) ** (-1.0 / figures.tail)
            out.append(
                Burst(
                    first=tile * TILE + math.floor(TILE * where),
                    length=1 + (long >= 0.4) + (long >= 0.7) + (long >= 0.88),
                    height=q(min(height, figures.cap)),
                    share=share,
                )
            )
    return out


def falling_on(
    t: int, earlier: Sequence[Burst], these: Sequence[Burst]
) -> list[tuple[Burst, float]]:
    """The bursts that a sample is part of and what is left of each, in the order of addition.

    Those at their first sample come before those at their second, and so on; among these, the
    ones of the tile before come first.
    """
    return [
        (burst, left)
        for k, left in enumerate(DECAY)
        for burst in (*earlier, *these)
        if t - burst.first == k < burst.length
    ]


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
    """A server at one sample, before limits; `hundredths` are cpu, mem, disk, in, out, after.

    `demand` is in percent of the server's CPU.
    """

    demand: float
    shared: float
    own: float
    burst: float
    cpu: float
    memory: float
    disk: float
    net_in: float
    net_out: float
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
        self._shocks: dict[int, list[Burst]] = {}

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
            by_curve = curve(
                self.figure("demand.seasonality"), self.figure("demand.peak_hour"), quarter
            )
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

    @cached_property
    def noise(self) -> Noise:
        """The series `demand`."""
        knots = Knots(
            self.seed,
            self.interval,
            self.name,
            ("service samples", "slow service samples"),
            {"demand": SPACINGS},
            ["demand"],
        )
        spectrum = [self.figure(f"demand.noise.{part}") for part in ("fast", "slow", "slow_share")]
        return Noise(knots, "demand", SPACINGS, amplitudes(SPACINGS, self.interval, *spectrum))

    def shocks(self, tile: int) -> list[Burst]:
        """The bursts that hit all replicas."""
        if tile not in self._shocks:
            figures = BurstFigures(self.figure("demand.shock_rate"), 3.0, 1.6, 20.0)
            self._shocks[tile] = bursts_of_tile(
                self.seed, "shocks", self.name, self.interval, tile, figures
            )
        return self._shocks[tile]


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
        self._knots = Knots(
            self.seed, self.interval, server, ("samples", "slow samples"), SERIES, SLOW_COLUMNS
        )
        self._bursts: dict[int, list[Burst]] = {}
        self._transfers: dict[int, list[Burst]] = {}

    def figure(self, path: str) -> float:
        """A figure of the server."""
        if path not in self._figures:
            u = uniform(self.seed, "figure", "server", path, self.id)
            self._figures[path] = quantile(look_up(self._profile, path), u)
        return self._figures[path]

    def _noise(self, series: str, path: str, scale: float = 1.0) -> Noise:
        spectrum = [self.figure(f"{path}.{part}") for part in ("fast", "slow", "slow_share")]
        sizes = amplitudes(SERIES[series], self.interval, *spectrum)
        scaled = [size * scale for size in sizes]
        return Noise(self._knots, series, SERIES[series], scaled)

    # CPU

    @cached_property
    def level(self) -> float:
        """L."""
        return q(self.service.figure("demand.level") * self.figure("spread"))

    @cached_property
    def relative_sd(self) -> float:
        """r; a server without a level has no noise."""
        if self.level == 0.0:
            return 0.0
        power = math.pow(self.level, self.figure("noise.exponent") - 1.0)
        return min(self.figure("noise.size") * power, 1.35)

    @cached_property
    def sd(self) -> float:
        """In percent, of which bursts are multiples."""
        return q(min(self.relative_sd, 1.35) * self.level)

    @cached_property
    def _rho(self) -> float:
        return self.service.figure("demand.shared")

    @cached_property
    def _own(self) -> Noise:
        return self._noise("cpu", "noise.spectrum", q(math.sqrt(1.0 - self._rho)))

    def shared_noise(self, t: int) -> float:
        """The service's part of n."""
        return self.service.noise.at(t) * q(math.sqrt(self._rho))

    def own_noise(self, t: int) -> float:
        """The server's part of n."""
        return self._own.at(t)

    def _of_tile(self, kept: dict[int, list[Burst]], tile: int, purpose: str) -> list[Burst]:
        if tile not in kept:
            if purpose == "bursts":
                names = ("bursts.rate", "bursts.height", "bursts.tail", "bursts.cap")
                figures = BurstFigures(*(self.figure(name) for name in names))
            else:
                lowest = self.figure("network.burst_height")
                rate, tail = self.figure("network.burst_rate"), self.figure("network.burst_tail")
                figures = BurstFigures(rate, lowest, tail, 20.0 * lowest)
            kept[tile] = bursts_of_tile(self.seed, purpose, self.id, self.interval, tile, figures)
        return kept[tile]

    def burst(self, t: int) -> float:
        """What bursts and shocks add to the CPU, in percent."""
        total = 0.0
        tile = t // TILE
        own = [self._of_tile(self._bursts, each, "bursts") for each in (tile - 1, tile)]
        shocks = [self.service.shocks(each) for each in (tile - 1, tile)]
        for burst, left in (*falling_on(t, *own), *falling_on(t, *shocks)):
            total += (burst.height * self.sd) * left
        return total

    @cached_property
    def _cpu_shape(self) -> tuple[float, float]:
        return skew(self.relative_sd)

    # network

    @cached_property
    def _net_in(self) -> Noise:
        k = self.figure("network.cpu_correlation")
        return self._noise("net_in", "network.spectrum", q(math.sqrt(1.0 - k * k)))

    @cached_property
    def _net_out(self) -> Noise:
        o = self.figure("network.out_correlation")
        return self._noise("net_out", "network.spectrum", q(math.sqrt(1.0 - o * o)))

    @cached_property
    def _network_shape(self) -> tuple[float, float]:
        return skew(self.figure("network.size"))

    def with_transfers(self, t: int, net_in: float, net_out: float) -> tuple[float, float]:
        """Add transfers to the traffic in and out, one after the other."""
        tile, unit = t // TILE, self.figure("network.level")
        made = [self._of_tile(self._transfers, each, "transfers") for each in (tile - 1, tile)]
        for burst, left in falling_on(t, *made):
            net_in += (burst.height * (unit * burst.share)) * left
            net_out += (burst.height * (unit * (1.0 - burst.share))) * left
        return net_in, net_out

    def network(self, t: int, demand: float, n: float, bursts: float) -> tuple[float, float]:
        """Traffic in and out (doc: network)."""
        level, per_burst = self.figure("network.level"), self.figure("network.per_burst")
        follows = self.figure("network.follows") * level
        inverse = q(1.0 / self.level) if self.level > 0.0 else 0.0
        flow = (demand * follows + (level - follows)) + bursts * ((level * per_burst) * inverse)
        k, o = self.figure("network.cpu_correlation"), self.figure("network.out_correlation")
        n_in = n * k + self._net_in.at(t)
        n_out = n_in * o + self._net_out.at(t)
        net_in = skewed(n_in, self._network_shape) * flow
        net_out = skewed(n_out, self._network_shape) * flow
        net_in, net_out = self.with_transfers(t, net_in, net_out)
        return net_in, net_out * self.figure("network.out_ratio")

    # stocks

    @cached_property
    def restarts(self) -> Renewals:
        period = self.figure("memory.restart_days")
        return Renewals(self.seed, "restart", self.id, period, self.interval)

    @cached_property
    def cleanups(self) -> Renewals:
        period = self.figure("disk.cleanup_days")
        return Renewals(self.seed, "clean-up", self.id, period, self.interval)

    @cached_property
    def _memory_noise(self) -> Noise:
        return self._noise("memory", "memory.spectrum", self.figure("memory.noise"))

    @cached_property
    def _disk_noise(self) -> Noise:
        return self._noise("disk", "disk.spectrum", self.figure("disk.noise"))

    def memory(self, t: int, demand: float) -> float:
        """Used memory in percent, before limits (doc: memory)."""
        k = self.restarts.last(t)
        age = self.restarts.age(t, k)
        z = normal_quantile(uniform(self.seed, "restart", self.id, "jump", k))
        base = self.figure("memory.level") + q(self.figure("memory.jump") * z)
        warm = age / (age + self.figure("memory.warmup") / 24.0)
        x = (base + self.figure("memory.cache") * warm) + self.figure("memory.leak") * age
        x = x + self._memory_noise.at(t)
        return x + (demand - 1.0) * self.figure("memory.follows")

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
        return x + self._disk_noise.at(t)

    # all

    def sample(self, t: int) -> Sample:
        """Everything at sample t."""
        demand = self.service.demand(t)
        shared, own, bursts = self.shared_noise(t), self.own_noise(t), self.burst(t)
        n = shared + own
        cpu = skewed(n, self._cpu_shape) * (demand * self.level) + bursts
        net_in, net_out = self.network(t, demand, n, bursts)
        memory, disk = self.memory(t, demand), self.disk(t)
        seen = collected(
            (cpu, memory, disk, net_in, net_out),
            floor=self.figure("floor"),
            level=self.level,
            link=self.figure("network.link"),
        )
        return Sample(
            demand * self.level, shared, own, bursts, cpu, memory, disk, net_in, net_out, seen
        )


def collected(
    values: tuple[float, float, float, float, float], *, floor: float, level: float, link: float
) -> tuple[int, int, int, int, int]:
    """Limits, then hundredths (doc: what the collector sees)."""
    cpu, memory, disk, net_in, net_out = values
    carried = 100.0 / max(cpu, 100.0)
    lowest = 0.01 if level > 0.0 and floor == 0.0 else 0.0
    return (
        round(clip(cpu - floor, lowest, 100.0) * 100.0),
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
