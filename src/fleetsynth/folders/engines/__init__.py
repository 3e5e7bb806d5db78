"""Where parts are made: one small protocol, one module per kind of place, chosen by name."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from fleetsynth.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from fleetsynth.folders.engines.base import Engine

ENGINES = {
    "local": "fleetsynth.folders.engines.local:open_engine",
    "spark": "fleetsynth.folders.engines.spark:open_engine",
}
"""What opens the engine of each name, loaded when it is used; the first is the default."""


def open_engine(name: str, **options: Any) -> Engine:
    """Open the engine of a name; each takes of `options` what it has a use for.

    Args:
        name: one of `ENGINES`.
        options: ``workers``, ``master`` and ``progress``, as `generate_folder` takes them.

    Raises:
        UsageError: if there is none of that name, or it cannot be used here.
    """
    if name not in ENGINES:
        raise UsageError(f"unknown engine {name!r}{did_you_mean(name, ENGINES)}")
    module, _, function = ENGINES[name].partition(":")
    return cast("Engine", getattr(import_module(module), function)(**options))
