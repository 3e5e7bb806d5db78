"""What servers are as machines: the types of a catalogue, and which archetypes have which."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.streams import address, uniforms_after

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

CAPACITIES = ("vcpus", "memory_gib", "disk_gb", "network_mbps")
"""What a type has of each resource; columns of a dataset are called so, too."""


class InstanceType(NamedTuple):
    """A type of server.

    Attributes:
        name: such as ``m6i.2xlarge``.
        family: that it belongs to.
        vcpus: virtual cores.
        memory_gib: memory.
        disk_gb: disk space.
        network_mbps: speed of the network.
        price_month: what it costs a month.
        currency: of the price, such as USD.
    """

    name: str
    family: str
    vcpus: float
    memory_gib: float
    disk_gb: float
    network_mbps: float
    price_month: float
    currency: str

    @property
    def capacities(self) -> tuple[float, ...]:
        """What it has of each of `CAPACITIES`."""
        return self.vcpus, self.memory_gib, self.disk_gb, self.network_mbps


@dataclass(frozen=True)
class Instances:
    """The types of a catalogue, and the odds of an archetype's servers to be of each.

    Attributes:
        types: in the order of the catalogue.
        odds: of the types by name, by archetype; ``default`` is for archetypes not named, and
            without it they are of any type, as likely as another.
    """

    types: tuple[InstanceType, ...]
    odds: Mapping[str, Mapping[str, float]]

    @cached_property
    def by_name(self) -> dict[str, InstanceType]:
        """The types by their names."""
        return {each.name: each for each in self.types}

    @cached_property
    def names(self) -> list[str]:
        """The names of the types; `draw` counts in this order."""
        return list(self.by_name)

    def odds_of(self, archetype: str) -> Mapping[str, float]:
        """Return the odds of an archetype's servers; they add up to 1."""
        equal = dict.fromkeys(self.names, 1 / len(self.names))
        return self.odds.get(archetype) or self.odds.get("default") or equal

    def draw(
        self,
        seed: int,
        archetypes: Sequence[str],
        codes: NDArray[np.int64],
        owners: Iterable[bytes],
    ) -> NDArray[np.int64]:
        """Draw a type for each of some servers, by what they have it in common with.

        Args:
            seed: of the scenario.
            archetypes: names of all archetypes.
            codes: of each server's archetype, shape (servers,).
            owners: of each server, itself or its service, as a part of an address.

        Returns:
            Indices into `types`, shape (servers,).
        """
        draws = uniforms_after(address(seed, "instance_type"), owners)
        out = np.empty(len(codes), np.int64)
        for code in np.flatnonzero(np.bincount(codes)).tolist():
            odds = self.odds_of(archetypes[code])
            bounds = list(accumulate(odds.values()))[:-1]
            index = np.array([self.names.index(name) for name in odds])
            rows = codes == code
            out[rows] = index[np.searchsorted(np.array(bounds), draws[rows], side="right")]
        return out

    def ladder(self, name: str) -> list[InstanceType]:
        """Return the types of a type's family, from the smallest to the largest."""
        family = self.by_name[name].family
        return sorted((t for t in self.types if t.family == family), key=lambda t: t.capacities)

    def resized(self, name: str, steps: int) -> InstanceType:
        """Return the type so many sizes above one, in its family; the last that there is."""
        ladder = self.ladder(name)
        at = [each.name for each in ladder].index(name)
        return ladder[min(max(at + steps, 0), len(ladder) - 1)]
