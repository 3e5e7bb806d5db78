"""Layers of plain values, one laid over the other as their types say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_origin

from fleetsynth.scenario.fields import Strict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel


def merge(model: type[BaseModel], low: dict[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `high` over `low`: what a model describes merges key by key, other values replace."""
    out = dict(low)
    for key, value in high.items():
        out[key] = _laid(annotation(model, key), out.get(key), value)
    return out


def _laid(kind: Any, low: Any, high: Any) -> Any:
    inner = model_in(kind)
    if inner is None or not (inner.MERGES and isinstance(low, dict) and isinstance(high, dict)):
        return high
    if is_named(kind):
        return low | {name: _laid(inner, low.get(name), value) for name, value in high.items()}
    return merge(inner, low, high)


def override(
    model: type[BaseModel], values: dict[str, Any], key: str, value: Any
) -> dict[str, Any]:
    """Lay one value, given by its dotted key, over the others, as a file that said it would."""
    first, *inner = key.split(".")
    if inner and model_in(annotation(model, first)) is None:
        # One share of a distribution: the others stay, where a file would replace them all.
        below = values.get(first)
        return {
            **values,
            first: {**(below if isinstance(below, dict) else {}), ".".join(inner): value},
        }
    for name in reversed(inner):
        value = {name: value}
    return merge(model, values, {first: value})


def annotation(model: type[BaseModel], key: str) -> Any:
    """Return the type of a key; None if there is no such key."""
    return model.model_fields[key].annotation if key in model.model_fields else None


def is_named(annotation: Any) -> bool:
    """Tell a mapping from any names to models from a model."""
    return get_origin(annotation) is dict


def model_in(annotation: Any) -> type[Strict] | None:
    """Find the model in a type such as ``dict[str, Model]``."""
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        return annotation
    return next(filter(None, map(model_in, get_args(annotation))), None)
