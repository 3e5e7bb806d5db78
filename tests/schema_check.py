"""A validator for the part of JSON Schema that the scenario's schema uses.

An unknown keyword is an error, so that none can go unchecked.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

Schema = dict[str, Any]

_ANNOTATIONS = {"$schema", "$defs", "title", "description", "default"}
_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
_SIMPLE: dict[str, Callable[[Any, Any], bool]] = {
    "type": lambda value, bound: _TYPES[bound](value),
    "enum": lambda value, bound: value in bound,
    "const": lambda value, bound: value == bound,
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "pattern": lambda value, bound: re.search(bound, value) is not None,
    "minLength": lambda value, bound: len(value) >= bound,
    "maxLength": lambda value, bound: len(value) <= bound,
    "minItems": lambda value, bound: len(value) >= bound,
    "maxItems": lambda value, bound: len(value) <= bound,
    "minProperties": lambda value, bound: len(value) >= bound,
    "format": lambda value, bound: bound == "date" and bool(date.fromisoformat(value)),
}
_NESTED = {"properties", "additionalProperties", "propertyNames", "items", "prefixItems"}


def errors(value: Any, schema: Schema, root: Schema, path: str = "") -> Iterator[str]:
    """Yield the path and keyword of everything in a value that its schema does not allow."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")] | {
            key: rule for key, rule in schema.items() if key != "$ref"
        }
    rules = {key: rule for key, rule in schema.items() if key not in _ANNOTATIONS}
    if "type" in rules and not _TYPES[rules["type"]](value):
        yield f"{path}: type"
        return
    if "anyOf" in rules and all(any(errors(value, s, root)) for s in rules.pop("anyOf")):
        yield f"{path}: anyOf"
    rules.pop("anyOf", None)
    for keyword in rules.keys() - _NESTED:
        if not _SIMPLE[keyword](value, rules[keyword]):
            yield f"{path}: {keyword}"
    if isinstance(value, dict):
        yield from _in_object(value, rules, root, path)
    if isinstance(value, list):
        inner = rules.get("prefixItems") or [rules.get("items", {})] * len(value)
        for i, (item, rule) in enumerate(zip(value, inner, strict=False)):
            yield from errors(item, rule, root, f"{path}[{i}]")


def _in_object(value: dict[str, Any], rules: Schema, root: Schema, path: str) -> Iterator[str]:
    known = rules.get("properties", {})
    others = rules.get("additionalProperties", {})
    for key, item in value.items():
        inner = f"{path}.{key}".lstrip(".")
        yield from errors(key, rules.get("propertyNames", {}), root, f"{path} (name)")
        rule = known.get(key, others)
        if rule is False:
            yield f"{inner}: unknown"
        else:
            yield from errors(item, rule, root, inner)
