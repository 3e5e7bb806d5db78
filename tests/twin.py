"""A scalar twin of the classic model, written from the specification (docs/model.md) alone.

One row at a time, plain Python floats, standard library only. It shares no code with the
package, so an agreement between the two says that both carry out the written rules. The last
part holds the closed-form moments of a published column, for statistical tests.
"""

import math
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

SPAN_START = date(2022, 1, 1)
SPAN_END = date(2025, 12, 31)
METRICS = ("cpu", "mem", "disk", "net_in", "net_out")


@dataclass(frozen=True)
class Profile:
    """The parameters of one archetype (spec: archetype profiles)."""

    name: str
    base_cpu: float
    base_memory: float
    base_disk: float
    base_network: float
    cpu_variance: float
    memory_variance: float
    disk_variance: float
    network_variance: float
    cpu_memory_correlation: float
    cpu_network_correlation: float
    memory_disk_correlation: float
    business_hours_factor: float
    weekend_factor: float
    spike_probability: float
    spike_magnitude: float
    monthly_growth_rate: float
    cpu_disk_correlation: float = 0.1
    memory_network_correlation: float = 0.2
    disk_network_correlation: float = 0.3


PROFILES: dict[str, Profile] = {
    "web": Profile(
        name="Web Server",
        base_cpu=45.0,
        base_memory=35.0,
        base_disk=20.0,
        base_network=150.0,
        cpu_variance=15.0,
        memory_variance=8.0,
        disk_variance=5.0,
        network_variance=50.0,
        cpu_memory_correlation=0.5,
        cpu_network_correlation=0.8,
        memory_disk_correlation=0.2,
        business_hours_factor=1.6,
        weekend_factor=0.5,
        spike_probability=0.03,
        spike_magnitude=1.8,
        monthly_growth_rate=0.5,
    ),
    "database": Profile(
        name="Database Server",
        base_cpu=35.0,
        base_memory=70.0,
        base_disk=55.0,
        base_network=100.0,
        cpu_variance=12.0,
        memory_variance=10.0,
        disk_variance=15.0,
        network_variance=30.0,
        cpu_memory_correlation=0.6,
        cpu_network_correlation=0.4,
        memory_disk_correlation=0.7,
        business_hours_factor=1.3,
        weekend_factor=0.7,
        spike_probability=0.01,
        spike_magnitude=1.4,
        monthly_growth_rate=1.0,
    ),
    "application": Profile(
        name="Application Server",
        base_cpu=50.0,
        base_memory=55.0,
        base_disk=30.0,
        base_network=120.0,
        cpu_variance=18.0,
        memory_variance=15.0,
        disk_variance=10.0,
        network_variance=40.0,
        cpu_memory_correlation=0.7,
        cpu_network_correlation=0.6,
        memory_disk_correlation=0.4,
        business_hours_factor=1.5,
        weekend_factor=0.6,
        spike_probability=0.02,
        spike_magnitude=1.6,
        monthly_growth_rate=0.8,
    ),
    "batch": Profile(
        name="Batch Processing Server",
        base_cpu=30.0,
        base_memory=45.0,
        base_disk=40.0,
        base_network=80.0,
        cpu_variance=25.0,
        memory_variance=12.0,
        disk_variance=20.0,
        network_variance=35.0,
        cpu_memory_correlation=0.4,
        cpu_network_correlation=0.3,
        memory_disk_correlation=0.5,
        business_hours_factor=0.8,
        weekend_factor=1.2,
        spike_probability=0.08,
        spike_magnitude=2.5,
        monthly_growth_rate=0.3,
    ),
}


# --- correlated noise ---------------------------------------------------------------------------


def correlation_matrix(profile: Profile) -> list[list[float]]:
    """The 4x4 matrix in the order cpu, memory, disk, network (spec: profiles)."""
    cm, cd, cn = (
        profile.cpu_memory_correlation,
        profile.cpu_disk_correlation,
        profile.cpu_network_correlation,
    )
    md, mn = profile.memory_disk_correlation, profile.memory_network_correlation
    dn = profile.disk_network_correlation
    return [
        [1.0, cm, cd, cn],
        [cm, 1.0, md, mn],
        [cd, md, 1.0, dn],
        [cn, mn, dn, 1.0],
    ]


def cholesky(profile: Profile) -> list[list[float]]:
    """The lower factor, by the textbook scalar loop, row by row (spec: order of operations)."""
    a = correlation_matrix(profile)
    size = len(a)
    lower = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            s = a[i][j]
            for k in range(j):
                s = s - lower[i][k] * lower[j][k]
            if i != j:
                lower[i][j] = s / lower[j][j]
            elif s > 0.0:
                lower[i][i] = math.sqrt(s)
            else:
                raise ValueError(f"not positive definite: pivot {i} is {s!r}")
    return lower


def correlate(lower: Sequence[Sequence[float]], z: Sequence[float]) -> list[float]:
    """e = L z, every row summed from the left over the lower triangle (spec: order)."""
    e: list[float] = []
    for i in range(len(lower)):
        total = lower[i][0] * z[0]
        for j in range(1, i + 1):
            total = total + lower[i][j] * z[j]
        e.append(total)
    return e


# --- factors of the timestamp -------------------------------------------------------------------


def business_factor(profile: Profile, ts: datetime) -> float:
    """The archetype's factor in the hours 9 to 17, both included (spec: business hours)."""
    return profile.business_hours_factor if 9 <= ts.hour <= 17 else 1.0


def weekend_factor(profile: Profile, ts: datetime) -> float:
    """The archetype's factor on a Saturday or Sunday (spec: weekend)."""
    return profile.weekend_factor if ts.weekday() in (5, 6) else 1.0


def time_factor(profile: Profile, ts: datetime) -> float:
    """Business hours times weekend, the first product of f (spec: order of operations)."""
    return business_factor(profile, ts) * weekend_factor(profile, ts)


def _days_from_quarter_end(day: date) -> int | None:
    """Days left in the quarter's last month; None in the other eight months."""
    if day.month not in (3, 6, 9, 12):
        return None
    return monthrange(day.year, day.month)[1] - day.day


def quarter_end_factor(ts: datetime) -> float:
    """A ramp up to 1.3 over a quarter's last five days (spec: quarter end)."""
    left = _days_from_quarter_end(ts)
    if left is None or left > 4:
        return 1.0
    return 1.0 + (0.3 * (5 - left)) / 5


def holiday_factor(ts: datetime) -> float:
    """The fixed-date reductions of load (spec: holidays)."""
    month, day = ts.month, ts.day
    if month == 1 and day == 1:
        return 0.5
    if month == 7 and day == 4:
        return 0.7
    if month == 11 and 22 <= day <= 28:
        return 0.7
    if month == 12 and day == 24:
        return 0.7
    if month == 12 and 25 <= day <= 31:
        return 0.6
    return 1.0


def load_factor(
    profile: Profile,
    ts: datetime,
    *,
    quarterly_peaks: bool = True,
    holiday_effect: bool = True,
) -> float:
    """f = ((business * weekend) * quarter end) * holiday; a factor that is off is 1.0."""
    quarter_end = quarter_end_factor(ts) if quarterly_peaks else 1.0
    holiday = holiday_factor(ts) if holiday_effect else 1.0
    return (time_factor(profile, ts) * quarter_end) * holiday


# --- growth -------------------------------------------------------------------------------------


def trend(idx: int, n: int) -> float:
    """The share of the span gone by: 0 at first, (n-1)/n at last (spec: equations)."""
    return idx / n


def growth(profile: Profile, trend: float) -> float:
    """g = 1 + (trend * rate) / 100, the rate used once over the span (spec: order)."""
    return 1.0 + (trend * profile.monthly_growth_rate) / 100.0


def _anniversary(start: date, months: int) -> datetime:
    """Midnight, so many months after start; a day past the month's end becomes its last."""
    years, month0 = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month0 + 1
    return datetime(year, month, min(start.day, monthrange(year, month)[1]))


def elapsed_months(ts: datetime, start: date) -> float:
    """Whole months since start plus the fraction of the current one (spec: monthly growth)."""
    whole = (ts.year - start.year) * 12 + (ts.month - start.month)
    if _anniversary(start, whole) > ts:
        whole -= 1
    begin, end = _anniversary(start, whole), _anniversary(start, whole + 1)
    return whole + (ts - begin) / (end - begin)


def monthly_growth(profile: Profile, ts: datetime, start: date) -> float:
    """Growth compounded per elapsed month, to a multiple of 2**-20 (spec: monthly growth)."""
    exact = math.pow(1.0 + profile.monthly_growth_rate / 100.0, elapsed_months(ts, start))
    return round(exact * 2.0**20) / 2.0**20


# --- one row ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One server at one timestamp, at the three stages that a test compares.

    ``unclipped`` is cpu, memory, disk, network after the spike; ``clipped`` and ``rounded``
    are cpu, mem, disk, net_in, net_out.
    """

    unclipped: tuple[float, float, float, float]
    clipped: tuple[float, float, float, float, float]
    rounded: tuple[float, float, float, float, float]
    spike: bool


def clip(x: float, high: float) -> float:
    """x held within 0..high (spec: equations, clip)."""
    return min(max(0.0, x), high)


def round2(x: float) -> float:
    """rint(x * 100) / 100, a tie of the float64 product going to even (spec: rounding)."""
    return float(round(x * 100.0)) / 100.0


def row(
    profile: Profile,
    lower: Sequence[Sequence[float]],
    ts: datetime,
    trend_value: float,
    z: Sequence[float],
    u: float,
    *,
    quarterly_peaks: bool = True,
    holiday_effect: bool = True,
    spikes: bool = True,
    growth_value: float | None = None,
) -> Row:
    """The equations in their order of operations; growth_value replaces g (monthly mode)."""
    f = load_factor(profile, ts, quarterly_peaks=quarterly_peaks, holiday_effect=holiday_effect)
    g = growth(profile, trend_value) if growth_value is None else growth_value
    e = correlate(lower, z)
    cpu = ((profile.base_cpu * f) * g) + e[0] * profile.cpu_variance
    memory = ((profile.base_memory * f) * g) + e[1] * profile.memory_variance
    disk = (profile.base_disk * g) + e[2] * profile.disk_variance
    network = (profile.base_network * f) + e[3] * profile.network_variance
    spike = spikes and u < profile.spike_probability
    if spike:
        m = profile.spike_magnitude
        memory_multiplier = 0.7 * m
        network_multiplier = 0.8 * m
        cpu = cpu * m
        memory = memory * memory_multiplier
        network = network * network_multiplier
    return _published(cpu, memory, disk, network, spike)


def _published(cpu: float, memory: float, disk: float, network: float, spike: bool) -> Row:
    """Clip to the bounds, then round (spec: equations, clip line)."""
    c = (
        clip(cpu, 100.0),
        clip(memory, 100.0),
        clip(disk, 100.0),
        clip(network, 1000.0),
        clip(0.6 * network, 600.0),
    )
    rounded = (round2(c[0]), round2(c[1]), round2(c[2]), round2(c[3]), round2(c[4]))
    return Row((cpu, memory, disk, network), c, rounded, spike)


# --- the fleet ----------------------------------------------------------------------------------


def _exact(share: str | float) -> Fraction:
    """The share as the decimal number that it is written as."""
    return Fraction(Decimal(str(share)))


def allocate(num_servers: int, distribution: Mapping[str, str | float]) -> dict[str, int]:
    """Largest remainders in exact decimals; a tie goes to the first listed (spec: rulings)."""
    quotas = {name: num_servers * _exact(share) for name, share in distribution.items()}
    if sum(quotas.values()) != num_servers:
        raise ValueError("the shares do not add up to 1")
    counts = {name: math.floor(quota) for name, quota in quotas.items()}
    left = num_servers - sum(counts.values())
    by_remainder = sorted(quotas, key=lambda name: counts[name] - quotas[name])  # stable
    for name in by_remainder[:left]:
        counts[name] += 1
    return counts


def server_id(index: int) -> str:
    """The id of a server: its number with at least three digits (spec: rulings)."""
    return f"server_{index:03d}"


def prefix_shares_within_one(names: Sequence[str], distribution: Mapping[str, str | float]) -> bool:
    """Whether every prefix of the assignment is within 1 of exact shares (spec: interleaved)."""
    shares = {name: _exact(share) for name, share in distribution.items()}
    counts = dict.fromkeys(shares, 0)
    for size, name in enumerate(names, start=1):
        if name not in counts:
            return False
        counts[name] += 1
        if any(abs(counts[key] - size * share) > 1 for key, share in shares.items()):
            return False
    return True


# --- calendar columns ---------------------------------------------------------------------------


def calendar(ts: datetime, federal_holidays: set[date]) -> dict[str, int]:
    """The seven calendar columns of a timestamp (spec: columns; is_eoq and is_holiday rulings)."""
    left = _days_from_quarter_end(ts)
    return {
        "year": ts.year,
        "month": ts.month,
        "quarter": (ts.month + 2) // 3,
        "dayofweek": ts.weekday(),
        "is_weekend": int(ts.weekday() >= 5),
        "is_eoq": int(left is not None and left < 5),
        "is_holiday": int(ts.date() in federal_holidays),
    }


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """The nth given weekday (Monday 0) of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _last_monday_of_may(year: int) -> date:
    """Memorial Day."""
    last = date(year, 5, 31)
    return last - timedelta(days=last.weekday())


def _observed(day: date) -> date:
    """The day off in lieu: Friday for a Saturday, Monday for a Sunday, else the day itself."""
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def federal_holidays(year: int) -> set[date]:
    """US federal holidays dated in a year (1986 on), with the days they are observed on."""
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    if year >= 2021:
        fixed.append(date(year, 6, 19))  # Juneteenth
    moving = {
        _nth_weekday(year, 1, 0, 3),  # Martin Luther King Jr.
        _nth_weekday(year, 2, 0, 3),  # Washington's Birthday
        _last_monday_of_may(year),
        _nth_weekday(year, 9, 0, 1),  # Labor Day
        _nth_weekday(year, 10, 0, 2),  # Columbus Day
        _nth_weekday(year, 11, 3, 4),  # Thanksgiving
    }
    in_lieu = {_observed(day) for day in [*fixed, date(year + 1, 1, 1)]}
    return moving | set(fixed) | {day for day in in_lieu if day.year == year}


def days(start: date = SPAN_START, end: date = SPAN_END) -> list[datetime]:
    """The daily timestamps of a span, both ends included (spec: defaults)."""
    first = datetime.combine(start, time())
    return [first + timedelta(days=i) for i in range((end - start).days + 1)]


# --- closed-form moments ------------------------------------------------------------------------

Pair = tuple[float, float]
"""The (f, g) of one row."""


@dataclass(frozen=True)
class Moments:
    """Expected mean and sd of a pooled column, with the standard error of each."""

    mean: float
    sd: float
    se_mean: float
    se_sd: float


@dataclass(frozen=True)
class _Clipped:
    """A normal variable, mean and sd, held within 0..high; weight is its share in a mixture."""

    weight: float
    mean: float
    sd: float
    high: float


def factor_pairs(
    profile: Profile,
    timestamps: Sequence[datetime],
    *,
    quarterly_peaks: bool = True,
    holiday_effect: bool = True,
) -> list[Pair]:
    """The (f, g) of each timestamp of a span, with growth over that span (spec: equations)."""
    n = len(timestamps)
    return [
        (
            load_factor(
                profile, ts, quarterly_peaks=quarterly_peaks, holiday_effect=holiday_effect
            ),
            growth(profile, trend(idx, n)),
        )
        for idx, ts in enumerate(timestamps)
    ]


def _phi(x: float) -> float:
    """The standard normal density."""
    return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


def _cdf(x: float) -> float:
    """The standard normal distribution function."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def _partial_moments(a: float, b: float, order: int) -> list[float]:
    """The integrals of t**k phi(t) over a..b for k = 0..order, by the usual recurrence."""
    out = [_cdf(b) - _cdf(a), _phi(a) - _phi(b)]
    for k in range(2, order + 1):
        edges = a ** (k - 1) * _phi(a) - b ** (k - 1) * _phi(b)
        out.append((k - 1) * out[k - 2] + edges)
    return out


def _clipped_moment(part: _Clipped, centre: float, order: int) -> float:
    """E[(X - centre)**order] of a doubly clipped normal."""
    if part.sd == 0.0:
        return (clip(part.mean, part.high) - centre) ** order
    a, b = -part.mean / part.sd, (part.high - part.mean) / part.sd
    inner = _partial_moments(a, b, order)
    shift = part.mean - centre
    total = (0.0 - centre) ** order * _cdf(a) + (part.high - centre) ** order * _cdf(-b)
    for k in range(order + 1):
        total += math.comb(order, k) * shift ** (order - k) * part.sd**k * inner[k]
    return total


def _unspiked(profile: Profile, pair: Pair, metric: str) -> tuple[float, float, float, float]:
    """Level, sd, upper bound and spike multiplier of a metric at one (f, g)."""
    f, g = pair
    p, m = profile, profile.spike_magnitude
    if metric == "cpu":
        return p.base_cpu * f * g, p.cpu_variance, 100.0, m
    if metric == "mem":
        return p.base_memory * f * g, p.memory_variance, 100.0, 0.7 * m
    if metric == "disk":
        return p.base_disk * g, p.disk_variance, 100.0, 1.0
    if metric == "net_in":
        return p.base_network * f, p.network_variance, 1000.0, 0.8 * m
    if metric == "net_out":
        return 0.6 * p.base_network * f, 0.6 * p.network_variance, 600.0, 0.8 * m
    raise ValueError(f"unknown metric: {metric!r}")


def _mixture(profile: Profile, pair: Pair, metric: str) -> tuple[_Clipped, _Clipped]:
    """A row's value without and with a spike (spec: equations, spike line)."""
    level, sd, high, m = _unspiked(profile, pair, metric)
    p = profile.spike_probability
    return _Clipped(1.0 - p, level, sd, high), _Clipped(p, m * level, m * sd, high)


def row_moment(profile: Profile, pair: Pair, metric: str, centre: float, order: int) -> float:
    """E[(x - centre)**order] of one row's clipped value."""
    parts = _mixture(profile, pair, metric)
    return math.fsum(part.weight * _clipped_moment(part, centre, order) for part in parts)


def _pooled(
    profile: Profile, pairs: Sequence[Pair], metric: str, centre: float, order: int
) -> float:
    """The mean over rows of E[(x - centre)**order]."""
    terms = (row_moment(profile, pair, metric, centre, order) for pair in pairs)
    return math.fsum(terms) / len(pairs)


def moments(
    profile: Profile, factors_and_growth: Sequence[Pair], metric: str
) -> tuple[float, float, float]:
    """Mean, sd and fourth central moment of a column pooled over rows, before rounding."""
    mean = _pooled(profile, factors_and_growth, metric, 0.0, 1)
    variance = _pooled(profile, factors_and_growth, metric, mean, 2)
    fourth = _pooled(profile, factors_and_growth, metric, mean, 4)
    return mean, math.sqrt(variance), fourth


def row_variance_terms(
    profile: Profile, pairs: Sequence[Pair], metric: str, centre: float
) -> list[tuple[float, float]]:
    """Per row: the variance of x, and the variance of (x - centre)**2."""
    terms: list[tuple[float, float]] = []
    for pair in pairs:
        first = row_moment(profile, pair, metric, centre, 1)
        second = row_moment(profile, pair, metric, centre, 2)
        fourth = row_moment(profile, pair, metric, centre, 4)
        terms.append((second - first * first, fourth - second * second))
    return terms


def expectation(profile: Profile, pairs: Sequence[Pair], metric: str, repeat: int = 1) -> Moments:
    """Pooled mean and sd with standard errors; repeat is the number of servers.

    Rows are independent but not alike. The error of the sd is by the delta method.
    """
    mean, sd, _ = moments(profile, pairs, metric)
    terms = row_variance_terms(profile, pairs, metric, mean)
    n = len(pairs)
    var_mean = math.fsum(var for var, _ in terms) / (n * n * repeat)
    var_square = math.fsum(var for _, var in terms) / (n * n * repeat)
    return Moments(mean, sd, math.sqrt(var_mean), math.sqrt(var_square) / (2.0 * sd))
