"""The dial of difficulty: how often what comes and goes does so, for how long, and how badly.

Rates and hours of what can be seen better and worse are the same all over the dial, so that events
stay where they are while their sizes change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth.kinds.kind import CHANNELS
from fleetsynth.ledger.spells import Rates
from fleetsynth.numeric import rounded

if TYPE_CHECKING:
    from fleetsynth.kinds.kind import Kind, Spells
    from fleetsynth.scenario.incidents import SpellRates


def rates_at(kind: Kind, drawn: Spells, said: SpellRates, difficulty: float) -> Rates:
    """Return the rates of a kind, given where the dial stands: from 0, easy, to 1, hard.

    Args:
        kind: of the events.
        drawn: how they come about.
        said: the scenario's figures; those of kinds that the dial decides are not asked for.
        difficulty: where the dial stands.
    """
    dial = drawn.dial
    if dial is None:
        return Rates(rounded(said.per_quarter * (1.0 - difficulty)), said.hours, said.size)
    neutral = _neutral(kind)
    low, high = (
        rounded(neutral + _between(plain - neutral, faint - neutral, difficulty))
        for plain, faint in zip(dial.plain, dial.faint, strict=True)
    )
    return Rates(dial.per_quarter, dial.hours, (low, high))


def _between(plain: float, faint: float, share: float) -> float:
    """Return what lies between two numbers of one sign, in equal ratios."""
    return float(plain * (faint / plain) ** share)


def _neutral(kind: Kind) -> float:
    """Return the size with which events of a kind change nothing."""
    effects = kind.effects(1.0) if kind.effects else ()
    return CHANNELS[effects[0].channel].neutral if effects else 0.0
