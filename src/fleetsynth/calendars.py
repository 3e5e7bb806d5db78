"""Public holidays of countries and their subdivisions, and dates that a scenario adds or removes.

Days are whole numbers since 1970-01-01.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fleetsynth.errors import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

_EPOCH = date(1970, 1, 1).toordinal()
_SUBDIVISION = re.compile(r"[A-Z0-9]{1,3}")
_ENGLISH = "en_US"
_LONGEST = 100
"""Characters of a name that are looked at."""


class Added(NamedTuple):
    """Days in a row that a scenario makes holidays.

    Attributes:
        first: the first of them.
        length: how many.
        name: what they are called.
        yearly: whether they come back on the same date of every later year that has it.
        until: the last day on which they may begin again; None without end.
        factor: of demand; None for what the model gives a holiday.
    """

    first: date
    length: int
    name: str
    yearly: bool = False
    until: date | None = None
    factor: float | None = None

    def begins(self, first_year: int, last_year: int) -> Iterator[int]:
        """Yield the days on which they begin in some years and the year before."""
        years = range(max(self.first.year, first_year - 1), last_year + 1)
        for year in years if self.yearly else (self.first.year,):
            if self.first.month == 2 and self.first.day == 29 and not _is_leap(year):
                continue
            begin = self.first.replace(year=year)
            if self.until is None or begin <= self.until:
                yield _index(begin)


@dataclass(frozen=True)
class OwnDates:
    """What a scenario makes of the public holidays; a removal has the last word.

    Attributes:
        added: holidays of its own; where two say a factor for a day, the later one counts.
        dates: days that are no holidays.
        yearly: months and days that are none in any year.
        names: what holidays are called that are none.
    """

    added: tuple[Added, ...] = ()
    dates: frozenset[int] = frozenset()
    yearly: frozenset[tuple[int, int]] = frozenset()
    names: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return self != NO_DATES


NO_DATES = OwnDates()
"""Nothing added, nothing removed."""


class Told(NamedTuple):
    """The days that `OwnDates` change in some years, as sorted days since 1970-01-01.

    Attributes:
        added: what is a holiday by the scenario alone.
        removed: what is no holiday, whatever the country says.
        told: the added days for which a factor is said.
        factors: theirs, shape (told,).
    """

    added: Ints
    removed: Ints
    told: Ints
    factors: NDArray[np.float64]


@lru_cache(maxsize=256)
def told_days(own: OwnDates, place: str, first_year: int, last_year: int) -> Told:
    """Return what own dates change of a place's holidays in some years."""
    dates = own.dates.union(
        _index(date(year, month, day))
        for year in range(first_year, last_year + 1)
        for month, day in own.yearly
        if (month, day) != (2, 29) or _is_leap(year)
    )
    added: dict[int, float | None] = {}
    for entry in own.added:
        if entry.name not in own.names:
            for begin in entry.begins(first_year, last_year):
                for day in range(begin, begin + entry.length):
                    added[day] = added.get(day) if entry.factor is None else entry.factor
    kept = {day: added[day] for day in sorted(added.keys() - dates)}
    factors = {day: factor for day, factor in kept.items() if factor is not None}
    called = _called(own, place, first_year, last_year)
    return Told(
        _days(kept),
        _days(dates | (called - kept.keys())),
        _days(factors),
        np.array(list(factors.values()), dtype=np.float64),
    )


def _called(own: OwnDates, place: str, first_year: int, last_year: int) -> set[int]:
    """Return the public holidays of a place all of whose names are removed."""
    return {
        day
        for year in range(first_year, last_year + 1 if own.names else first_year)
        for day, called in holiday_names(place, year).items()
        if all(any(_is_called(name, own) for name in names) for names in called)
    }


def _is_called(name: str, own: OwnDates) -> bool:
    """Tell whether a holiday is among the removed ones, as it is or as what it is observed for."""
    return name in own.names or name.partition(" (")[0] in own.names


def days_off(place: str, first_year: int, last_year: int, own: OwnDates = NO_DATES) -> Ints:
    """Return a place's holidays, those of the scenario included, as sorted days.

    Args:
        place: a country, or a country and its subdivision, such as ``DE-HE``.
        first_year: the first of the years.
        last_year: the last.
        own: what the scenario makes of them.
    """
    public = public_holidays(place, first_year, last_year)
    if not own:
        return public
    told = told_days(own, place, first_year, last_year)
    return np.union1d(np.setdiff1d(public, told.removed), told.added)


def public_holidays(place: str, first_year: int, last_year: int) -> Ints:
    """A place's public holidays with observed days, as sorted days since 1970-01-01.

    Source: the ``holidays`` package, whose version is part of a dataset's metadata.

    Args:
        place: a country, or a country and its subdivision, such as ``DE-HE``.
        first_year: the first of the years.
        last_year: the last.
    """
    years = range(first_year, last_year + 1)
    return np.concatenate([_public_holidays_of(place, year) for year in years])


@cache
def holiday_names(place: str, year: int) -> dict[int, list[frozenset[str]]]:
    """Return what the holidays of a day are called, each in English and in its own language."""
    kind = _class_of(place.partition("-")[0])
    spoken = {kind.default_language} if kind.default_language else set()
    spoken |= {_ENGLISH} & set(kind.supported_languages)
    out: dict[int, list[frozenset[str]]] = {}
    for language in sorted(spoken) or [None]:
        for day, names in _holidays(place, year, language=language).items():
            called = names.split("; ")
            known = out.setdefault(_index(day), [frozenset()] * len(called))
            out[_index(day)] = [more | {name} for more, name in zip(known, called, strict=False)]
    return out


@cache
def holiday_countries() -> dict[str, str]:
    """ISO codes of the countries that have holidays, by what people call them, in capitals."""
    from holidays.registry import COUNTRIES

    return {name.upper(): entry[1] for entry in COUNTRIES.values() for name in entry}


def check_place(value: str) -> str:
    """Return an ISO 3166 country, or a country and its ISO 3166-2 subdivision.

    Raises:
        ValueError: if no holidays are known for it, with the nearest name.
    """
    country, dash, part = value.partition("-")
    code = holiday_countries().get(country.upper())
    if code != country:
        message = f"no holidays are known for the country {country!r}"
        raise ValueError(message + _nearest_country(country, code, dash + part))
    if dash and part not in (parts := subdivisions(code)):
        message = f"no holidays are known for the subdivision {value!r}"
        raise ValueError(message + _nearest_subdivision(code, part, parts))
    return value


def _nearest_country(country: str, code: str | None, rest: str) -> str:
    code = code or _nearest(country, holiday_countries())
    if code is None:
        return ": give an ISO 3166 code such as IE"
    return f" (did you mean {code + rest.upper()!r}?)"


def _nearest_subdivision(code: str, part: str, parts: tuple[str, ...]) -> str:
    if not parts:
        return f": the whole country has the same, give {code!r}"
    aliases = getattr(_class_of(code), "subdivisions_aliases", {}).items()
    by_name = {name.upper(): meant for name, meant in aliases if meant in parts}
    meant = _nearest(part, by_name | {part: part for part in parts})
    if meant is None:
        return f" (known: {listed(f'{code}-{part}' for part in sorted(parts))})"
    return f" (did you mean {f'{code}-{meant}'!r}?)"


def _nearest(name: str, meant: Mapping[str, str]) -> str | None:
    """Return what the name next to one means, or that name itself, in any case."""
    near = get_close_matches(name[:_LONGEST].upper(), meant, n=1, cutoff=0.8)
    return meant[near[0]] if near else None


@cache
def subdivisions(country: str) -> tuple[str, ...]:
    """Return the ISO 3166-2 codes of a country's subdivisions, without the country's own part.

    What has holidays of its own and no such code, such as a city, is left out.
    """
    parts = _class_of(country).subdivisions
    return tuple(part for part in parts if _SUBDIVISION.fullmatch(part))


def _class_of(country: str) -> Any:
    import holidays

    return type(holidays.country_holidays(country))


def _holidays(place: str, year: int, **options: Any) -> Any:
    import holidays

    country, _, part = place.partition("-")
    return holidays.country_holidays(
        country, subdiv=part or None, years=year, observed=True, **options
    )


@cache
def _public_holidays_of(place: str, year: int) -> Ints:
    return _days(_index(day) for day in _holidays(place, year))


def _index(day: date) -> int:
    return day.toordinal() - _EPOCH


def _days(days: Any) -> Ints:
    return np.array(sorted(days), dtype=np.int64)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
