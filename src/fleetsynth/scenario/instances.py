"""Instance types as a scenario, or a file that it names, writes them: figures with their units."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field
from pydantic.functional_validators import BeforeValidator

from fleetsynth.errors import Problem, did_you_mean
from fleetsynth.instances import Instances, InstanceType
from fleetsynth.scenario.fields import Name, Odds, PlainDate, Strict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fleetsynth.scenario.model import Scenario

_AMOUNT = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")
_CURRENCY = re.compile(r"[A-Z]{3}")
_MOST = 1e7
"""Of anything: larger by far than what there is, and its hundredths fit 32 bits."""
_UNITS = {
    "memory": {"GiB": 1.0, "MiB": 1 / 1024, "TiB": 1024.0},
    "disk": {"GB": 1.0, "TB": 1000.0},
    "network": {"Gbps": 1.0, "Mbps": 1e-3},
}
"""What figures are written in, the first as which they are kept."""
DEFAULT = "default"
"""Stands for the archetypes that `instances` does not name."""


def _parsed(value: object, what: str, example: str) -> tuple[float, str] | None:
    """Return an amount and its unit; None for what is no text and no number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    match = _AMOUNT.fullmatch(str(value).strip())
    if not match:
        raise ValueError(f"{value!r} is not a valid {what}: give one such as {example}")
    if not match[2]:
        raise ValueError(f"{what} {value} has no unit: give one such as {example}")
    return float(match[1]), match[2]


def _amount(value: object, what: str, example: str) -> object:
    parsed = _parsed(value, what, example)
    if parsed is None:
        return value
    amount, unit = parsed
    units = _UNITS[what]
    if unit not in units:
        raise ValueError(f"{what} {value}: no unit {unit!r}{did_you_mean(unit, units)}")
    amount *= units[unit]
    if not 0.0 < amount <= _MOST:
        raise ValueError(
            f"{what} {value} is not above 0 and at most {_MOST:,.0f} {next(iter(units))}"
        )
    return f"{_plain(amount)} {next(iter(units))}"


def _price(value: object) -> object:
    parsed = _parsed(value, "price", "70.08 USD")
    if parsed is None:
        return value
    amount, currency = parsed
    if amount < 0.0:
        raise ValueError(f"price {value} is negative: give what the type costs a month")
    if not _CURRENCY.fullmatch(currency):
        raise ValueError(f"price {value}: {currency!r} is not a currency such as USD or EUR")
    if not amount <= _MOST:
        raise ValueError(f"price {value} is above {_MOST:,.0f}")
    return f"{_plain(amount)} {currency}"


def _plain(amount: float) -> str:
    """Write a number as short as it is exact, whole ones without a fraction."""
    rounded = round(amount, 6)
    return str(int(rounded)) if rounded.is_integer() else str(rounded)


def _of(what: str, example: str) -> Any:
    check = partial(_amount, what=what, example=example)
    return BeforeValidator(check, json_schema_input_type=str)


class TypeFigures(Strict):
    """What a type of server has, and what it costs."""

    vcpus: Annotated[float, Field(gt=0.0, le=_MOST)] = Field(description="Virtual cores.")
    memory: Annotated[str, _of("memory", "8 GiB")] = Field(
        description="With its unit: 8 GiB, 512 MiB or 1 TiB."
    )
    disk: Annotated[str, _of("disk", "200 GB")] = Field(
        description="Disk space with its unit: 200 GB or 2 TB."
    )
    network: Annotated[str, _of("network", "10 Gbps")] = Field(
        description="Speed of the network with its unit: 10 Gbps or 500 Mbps."
    )
    price: Annotated[str, BeforeValidator(_price, json_schema_input_type=str)] = Field(
        description="A month, with its currency: 70.08 USD."
    )


class Family(Strict):
    """Types of servers that differ in size, and where their figures are from."""

    source: Name = Field(description="Where the figures are from, such as a price list.")
    date: PlainDate = Field(description="As of when.")
    types: Annotated[dict[Name, TypeFigures], Field(min_length=1)] = Field(
        description="By name, from the smallest to the largest."
    )


class Catalogue(Strict):
    """A catalogue file: families of types."""

    MERGES: ClassVar[bool] = False

    families: Annotated[dict[Name, Family], Field(min_length=1)] = Field(
        description="Families of types by name, each with source and date."
    )


def types_of(catalogue: Catalogue) -> tuple[InstanceType, ...]:
    """Return the types of a catalogue, in its order."""
    return tuple(
        _type(name, family, figures)
        for family, entry in catalogue.families.items()
        for name, figures in entry.types.items()
    )


def _type(name: str, family: str, figures: TypeFigures) -> InstanceType:
    price, _, currency = figures.price.partition(" ")
    memory, disk, network = (
        float(text.partition(" ")[0]) for text in (figures.memory, figures.disk, figures.network)
    )
    return InstanceType(
        name, family, figures.vcpus, memory, disk, network * 1000, float(price), currency
    )


def instances_of(scenario: Scenario) -> Instances | None:
    """Return the types that servers of a scenario can have; None if it has none."""
    if scenario.instance_types is None:
        return None
    return Instances(types_of(scenario.instance_types), scenario.instances)


def catalogue_problems(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a catalogue of valid figures: a message, and the path to it."""
    seen: dict[str, str] = {}
    currency = ""
    for family, entry in catalogue.families.items():
        for name, figures in entry.types.items():
            path = f"families.{family}.types.{name}"
            if name in seen:
                yield f"{name!r} is a type of the family {seen[name]!r} already", path
            seen[name] = family
            currency = currency or figures.price[-3:]
            if figures.price[-3:] != currency:
                yield f"{figures.price}, where other prices are in {currency}", f"{path}.price"


def problems(scenario: Scenario) -> Iterator[tuple[frozenset[str], Problem]]:
    """Yield each problem with the top-level keys that it was concluded from."""
    catalogue = scenario.instance_types
    if catalogue is None:
        for key in _needing(scenario):
            message = "there are no instance types: say instance_types, a catalogue"
            yield frozenset({key, "instance_types"}), Problem(message, key)
        return
    for message, path in catalogue_problems(catalogue):
        yield frozenset({"instance_types"}), Problem(message, f"instance_types.{path}")
    known = [name for family in catalogue.families.values() for name in family.types]
    keys = frozenset({"instances", "instance_types"})
    for archetype, odds in scenario.instances.items():
        if archetype not in (DEFAULT, *scenario.distribution, *scenario.archetypes):
            hint = did_you_mean(archetype, [*scenario.distribution, DEFAULT])
            message = f"no archetype {archetype!r}{hint}"
            yield keys | {"distribution"}, Problem(message, f"instances.{archetype}")
        for name in odds:
            if name not in known:
                message = f"no instance type {name!r}{did_you_mean(name, known)}"
                yield keys, Problem(message, f"instances.{archetype}.{name}")
    for place, told in enumerate(scenario.events):
        if told.to_type is not None and told.to_type not in known:
            message = f"no instance type {told.to_type!r}{did_you_mean(told.to_type, known)}"
            at = f"events.{place}.to_type"
            yield frozenset({"events", "instance_types"}), Problem(message, at)


def _needing(scenario: Scenario) -> list[str]:
    """Return the keys that say something of types."""
    said: Mapping[str, object] = {
        "capacity_columns": scenario.capacity_columns,
        "absolute": scenario.absolute,
        "instances": scenario.instances,
        "events": any(told.to_type for told in scenario.events),
    }
    return [key for key, value in said.items() if value]


InstanceOdds = dict[Name, Odds]
"""By archetype: types, or types with their shares."""


def _as_it_is(value: object) -> object:
    return value


CatalogueOrFile = Annotated[
    Catalogue | None,
    BeforeValidator(_as_it_is, json_schema_input_type=str | Catalogue | None),
]
"""A catalogue; a file's name has been replaced by what stands in it before this is checked."""
