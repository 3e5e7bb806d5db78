"""The scenario reference, from the models and the packaged files."""

from __future__ import annotations

from datetime import date
from typing import Any

from fleetsynth.scenario import catalog_profiles, default_scenario, json_schema, starter_text
from fleetsynth.scenario.text import parse

INTRO = """\
# Scenario reference

A scenario is a YAML file. It says what differs from the packaged scenario; every key that it does
not mention has the packaged value. An empty file is the packaged scenario itself.

```yaml
num_servers: 60
start_date: 2024-01-01
end_date: 2024-12-31
granularity: hourly

growth:
  mode: monthly

distribution: {web: 0.5, database: 0.5}
archetypes:
  web:
    base_cpu: 55              # one figure of a packaged archetype; the others stay
```

## How values come together

Three layers, each over the one before:

1. the packaged scenario (`fleetsynth config init` writes it to a file, with comments);
2. your file;
3. options: `--servers`, `--start` and so on, and `--set KEY=VALUE` for any key by its dotted path,
   such as `--set growth.mode=monthly` or `--set archetypes.web.base_cpu=60`.

`growth` and `archetypes` merge key by key. Any other value replaces the one below it whole: a
`distribution` that names two archetypes has two, and a list of regions is the list.

`fleetsynth config show` prints the result.

```console
$ fleetsynth config show --servers 60 --set growth.mode=monthly
num_servers: 60
...
growth:
  mode: monthly
...
```

## What is refused

A scenario is accepted whole or not at all, and nothing is repaired in silence. All problems are
shown at once, each with its key and its line. Refused are, among others: unknown keys (with the
nearest known one), values of the wrong type (a quoted number is text), duplicate keys, infinity and
NaN, an end before the start, shares that do not add up to 1, a step that does not divide a day,
archetypes that nobody described, and correlations that cannot be true together. YAML tags, anchors
and aliases are not accepted.

`fleetsynth config check FILE...` checks without generating.

## Keys

"Packaged" is the value that holds when nothing else is said.

"""

GROWTH = """
### Growth

Keys below `growth`. What they do is described in [the model](model.md#growth).

"""

ARCHETYPES = """
### Archetypes

Keys below `archetypes.NAME`. For a packaged archetype, give the figures that differ. A new
archetype needs them all, except `name` (which is NAME then) and the three correlations in the
second table. It also needs a share in `distribution`. How the figures act is described in
[the model](model.md#from-profile-to-value).

"""

OUTRO = """
## Shares and odds

`distribution`, `business_units`, `criticalities` and `regions` map names to shares. Shares are
read as the decimals that are written, and have to add up to 1. The last three also take a list of
names, which means equal odds. Their order counts: it breaks ties, it is the order of blocks, and it
decides what a draw means.

```yaml
business_units: [Retail, Wealth]
criticalities: {High: 0.2, Medium: 0.5, Low: 0.3}
```

## In an editor

Editors with a YAML language server complete keys, show their meaning and underline mistakes, given
the JSON Schema. Write it beside your scenario:

```console
$ fleetsynth config schema -o scenario.schema.json
wrote scenario.schema.json
```

and begin the scenario with the line

```text
# yaml-language-server: $schema=scenario.schema.json
```

The schema knows types and bounds. What concerns several keys at once, such as shares that add up
to 1, only `fleetsynth config check` knows.

## The packaged scenario

As `fleetsynth config init` writes it:

```yaml
{starter}```

The packaged archetypes are listed in [the model](model.md#profiles); `fleetsynth archetypes` prints
them.
"""

ARCHETYPES_DEFAULT = "the [four archetypes](model.md#profiles)"

Schema = dict[str, Any]


def render() -> str:
    """Return the page."""
    schema = json_schema()
    starter = parse(starter_text(), "config.yaml")
    defaults = {key: _value(value) for key, value in starter.items()}
    defaults["archetypes"] = ARCHETYPES_DEFAULT
    growth = {key: _value(value) for key, value in starter["growth"].items()}
    defaults["growth"] = "see [below](#growth)"
    parts = [
        INTRO,
        _table(schema, schema, defaults),
        GROWTH,
        _table(schema, schema["$defs"]["Growth"], growth),
        ARCHETYPES,
        *_profiles(schema),
        OUTRO.replace("{starter}", starter_text()),
    ]
    return "".join(parts)


def _table(schema: Schema, model: Schema, defaults: dict[str, str]) -> str:
    rows = [
        f"| `{key}` | {_kind(schema, field)} | {defaults[key]} | {_meaning(field)} |\n"
        for key, field in model["properties"].items()
    ]
    return "| key | type | packaged | meaning |\n|---|---|---|---|\n" + "".join(rows)


def _profiles(schema: Schema) -> list[str]:
    """Two tables: the figures that an archetype must have, and those that have a default."""
    fields = schema["$defs"]["ArchetypeProfile"]["properties"]
    optional = {key: field for key, field in fields.items() if "default" in field}
    profiles = catalog_profiles()
    kinds = list(default_scenario().distribution)
    head = "| key | type | " + " | ".join(kinds) + " | meaning |\n" + "|---" * 7 + "|\n"
    required = head + "".join(
        f"| `{key}` | {_kind(schema, field)} | "
        + " | ".join(_value(getattr(profiles[kind], key)) for kind in kinds)
        + f" | {_meaning(field)} |\n"
        for key, field in fields.items()
        if key not in optional
    )
    defaulted = "\n| key | type | default | meaning |\n|---|---|---|---|\n" + "".join(
        f"| `{key}` | {_kind(schema, field)} | {field['default']} | {_meaning(field)} |\n"
        for key, field in optional.items()
    )
    return [required, defaulted]


def _meaning(field: Schema) -> str:
    meaning = field["description"].replace("\n", " ").replace("|", "\\|")
    return str(meaning)


def _kind(schema: Schema, field: Schema) -> str:
    """Say in words what a field takes."""
    if "$ref" in field:
        return _reference(field["$ref"])
    if "anyOf" in field:
        return ", or ".join(_kind(schema, option) for option in field["anyOf"])
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    kind = field["type"]
    if kind == "array":
        return _array(schema, field)
    if kind == "object":
        return _object(schema, field)
    if kind == "string":
        return "date" if field.get("format") == "date" else "text"
    words = {
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
        "null": "null",
    }
    return words[kind] + _bounds(field)


def _reference(name: str) -> str:
    title = {"Growth": "Growth", "ArchetypeProfile": "Archetypes"}[name.rpartition("/")[2]]
    return f"[keys](#{title.lower()})"


def _array(schema: Schema, field: Schema) -> str:
    if "prefixItems" in field:
        return "[" + ", ".join(_kind(schema, item) for item in field["prefixItems"]) + "]"
    return "list of names"


def _object(schema: Schema, field: Schema) -> str:
    inner = field["additionalProperties"]
    if "$ref" in inner:
        return f"names with {_kind(schema, inner)}"
    return "names with shares"


def _bounds(field: Schema) -> str:
    low, high = field.get("minimum"), field.get("maximum")
    if low is not None and high is not None:
        return f", {low:g} to {high:g}"
    if low is not None:
        return f", at least {low:g}"
    if "exclusiveMinimum" in field:
        return f", above {field['exclusiveMinimum']:g}"
    return ""


def _value(value: object) -> str:
    """Write a packaged value as YAML on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_value(inner)}" for key, inner in value.items()) + "}"
    return f"{value:g}" if isinstance(value, float) else str(value)
