"""The card of a dataset: what it is, for people (README.md) and for programs (croissant.json).

Made from the plan and the manifest alone, so that the same dataset has the same bytes of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fleetsynth.folders.card import croissant, readme
from fleetsynth.folders.card.told import Told
from fleetsynth.stores.names import CROISSANT, README

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fleetsynth.plan import Plan
    from fleetsynth.stores.store import Store


def card_of(plan: Plan, values: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the files of a card by their names.

    Args:
        plan: of the dataset.
        values: its manifest, with or without what it says of the card.
    """
    told = Told(plan, values)
    return {CROISSANT: croissant.text_of(told).encode(), README: readme.text_of(told).encode()}


def write_card(
    store: Store, plan: Plan, values: Mapping[str, Any], at: Callable[[str], str] = str
) -> list[str]:
    """Write the card of a dataset whose manifest is about to be written; return its files.

    Args:
        store: where to.
        plan: of the dataset.
        values: its manifest, without what it says of the card.
        at: returns where a file is written, by its name.
    """
    card = card_of(plan, values)
    for name, data in card.items():
        store.write(at(name), data)
    return list(card)
