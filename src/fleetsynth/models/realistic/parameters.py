"""The figures of single servers and services, each drawn once from its archetype's distribution."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from fleetsynth.scenario.distribution import Distribution
from fleetsynth.scenario.fields import Strict
from fleetsynth.streams import address, encode, uniform_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from hashlib import blake2b

    from numpy.typing import NDArray
    from pydantic import BaseModel

    from fleetsynth.models.realistic.plan import RealisticPlan

OF_SERVICES, OF_JOBS = "demand.", "jobs."
"""How the names of figures begin that belong to a service, and to a single job; all others, and
how many jobs there are, belong to a server."""

Owner = Literal["server", "service", "job"]


class Figures(dict[str, "NDArray[np.float64]"]):
    """By dotted name, such as ``noise.size``: one figure per server or service, shape (entities,).

    Each is drawn when it is first asked for.
    """

    def __init__(self, draw: Callable[[str], NDArray[np.float64]]) -> None:
        super().__init__()
        self._draw = draw

    def __missing__(self, path: str) -> NDArray[np.float64]:
        out = self[path] = self._draw(path)
        return out

    def take(self, rows: slice | NDArray[np.int64]) -> Figures:
        """Return those of some entities."""
        return Figures(lambda path: self[path][rows])


def draw(plan: RealisticPlan, names: Sequence[str], codes: Sequence[int], *, of: Owner) -> Figures:
    """Draw the figures of some servers, services or jobs.

    Each figure has an address of its own, so that to change one moves no other.

    Args:
        plan: where archetypes and seed come from.
        names: of the servers, services or jobs.
        codes: the archetype of each.
        of: which of the three they are.
    """
    places: dict[int, list[int]] = {}
    for place, code in enumerate(codes):
        places.setdefault(code, []).append(place)
    encoded = [encode(name) for name in names]
    laws = {code: _laws(plan, code, of) for code in places}

    def one(path: str) -> NDArray[np.float64]:
        if len(laws) == 1:
            return laws[codes[0]][path].drawn(encoded)
        out = np.zeros(len(names))
        for code, theirs in places.items():
            out[theirs] = laws[code][path].drawn([encoded[at] for at in theirs])
        return out

    return Figures(one)


def paths(plan: RealisticPlan, of: Owner) -> Iterable[str]:
    """Return the names of all figures that servers, services or jobs have."""
    return _laws(plan, 0, of)


def draw_one(
    plan: RealisticPlan, path: str, names: Sequence[str], code: int
) -> NDArray[np.float64]:
    """Draw one figure of some servers or services of one archetype, as `draw` does."""
    law = _laws(plan, code, _owner(path))[path]
    return law.drawn([encode(name) for name in names])


class _Law(NamedTuple):
    """How a figure is drawn.

    Attributes:
        distribution: of it.
        prefix: the address before the name of its owner.
        constant: what all have; None where it is drawn.
    """

    distribution: Distribution
    prefix: blake2b
    constant: float | None

    def drawn(self, names: list[bytes]) -> NDArray[np.float64]:
        """Return the figure of each name, as `encode` returns it."""
        if self.constant is not None:
            return np.full(len(names), self.constant)
        quantile = self.distribution.quantile
        return np.array([quantile(uniform_of(self.prefix, name)) for name in names])


@lru_cache(maxsize=256)  # three owners of each archetype
def _laws(plan: RealisticPlan, code: int, of: Owner) -> dict[str, _Law]:
    """Return the figures that servers, services or jobs of an archetype have, by path."""
    out = {}
    for path, distribution in _walk(plan.archetypes[code].profile, ""):
        if _owner(path) == of:
            alike = distribution.value is not None and not distribution.zero
            constant = distribution.quantile(0.0) if alike else None
            prefix = address(plan.scenario.seed, "figure", of, path)
            out[path] = _Law(distribution, prefix, constant)
    return out


def _owner(path: str) -> Owner:
    if path.startswith(OF_SERVICES):
        return "service"
    return "job" if path.startswith(OF_JOBS) and path != "jobs.count" else "server"


def _walk(model: BaseModel, prefix: str) -> Iterator[tuple[str, Distribution]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, Distribution):
            yield f"{prefix}{name}", value
        elif isinstance(value, Strict):
            yield from _walk(value, f"{prefix}{name}.")
