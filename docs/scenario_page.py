"""The scenario reference, from the models and the packaged files."""

from __future__ import annotations

from datetime import date
from typing import Any

from fleetsynth.presets import model
from fleetsynth.presets.catalog import starter_text
from fleetsynth.presets.extend import KEY
from fleetsynth.presets.load import default_scenario, json_schema
from fleetsynth.scenario.text import parse
from fleetsynth.specification.names import ARCHETYPE_PROFILES

INTRO = """\
# Scenario reference

A scenario is a YAML file. It says what differs from a packaged scenario, its preset; every key that
it does not mention has the packaged value. An empty file is the classic preset itself.

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

There are two presets. `classic` is the model of the specification, and what holds where no
preset is named. `realistic` behaves like real fleets, and has keys of its own:

```yaml
preset: realistic
num_servers: 60
statistics: [p50, p95, max]
archetypes:
  web:
    demand:
      level: {lognormal: [25, 0.4], max: 70}    # a figure that differs from server to server
```

A scenario is packaged, too, and goes by its name wherever a file could stand, unless a file of that
name is there: `planner`, a realistic fleet of which servers fill up, step, have seasons and decline
([what a planner finds in it](capacity.md#a-fleet-to-plan-for)).

```console
$ fleetsynth plan planner
rows      ...
...
$ fleetsynth config init mine.yaml --scenario planner
wrote mine.yaml; next: fleetsynth generate mine.yaml
```

## How values come together

Three layers, each over the one before:

1. the packaged scenario (`fleetsynth config init` writes it to a file, with comments; so does
   `fleetsynth config init --preset realistic`);
2. your file;
3. options: `--preset`, `--servers`, `--start` and so on, and `--set KEY=VALUE` for any key by its
   dotted path, such as `--set growth.mode=monthly` or `--set archetypes.web.base_cpu=60`.

`growth`, `holidays`, `closed`, `archetypes`, `locations` and `closes` merge key by key, down to the
single figure. Any other value replaces the one below it whole: a `distribution` that names two
archetypes has two, a list of regions is the list, and a figure that was normal and is given as
lognormal is lognormal.

`fleetsynth config show` prints the result.

```console
$ fleetsynth config show --servers 60 --set growth.mode=monthly
preset: classic
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
archetypes that nobody described, correlations that cannot be true together, and distributions that
leave the range of their figure. YAML tags, anchors and aliases are not accepted.

`fleetsynth config check FILE...` checks without generating.

## Keys

Of the classic preset. "Packaged" is the value that holds when nothing else is said.

"""

LIVES = """
### Servers that come and go

Without the two keys of this section every server is there all the time. With them each has a life,
whole days in UTC, and rows only as long as it lives.

```yaml
# growing.yaml
num_servers: 60
assignment: interleaved       # blocks would give other servers to each archetype as the fleet grows
fleet_growth:
  per_month: 5
  steps:
    - {date: 2024-03-01, servers: 20}
retire: {mean_years: 4}
```

`num_servers` is the fleet on the day from which growth is counted: the first day of `growth.span`
in the classic preset, `growth_start` in the realistic one, `start_date` where neither is said. Pin
that day to continue a dataset: lives are counted from it, and a later `end_date` only adds rows and
servers. Ids never move. Servers beyond the first are numbered in the order in which they come, so
more of them a month come earlier, and another `num_servers` makes others the first.

Keys below `fleet_growth`. Months are counted from that same day; within each, births are evenly
spaced.

{growth}
Keys below a step of `fleet_growth.steps`.

{step}
Keys below `retire`, one of the two. Lengths are drawn from an exponential distribution, for each
server at its own address, from the day on which it comes; those of the first servers are counted
from the day on which growth begins. Each is 30 days at least.

{retire}
A dataset folder's `servers.parquet` has the days in `commissioned` and `retired`, the first day
without rows; nothing stands where a server never retires. They are the true ones, whatever the span
of the data: a first server was commissioned before it, and one that goes on may retire long after.
`fleetsynth plan` counts who comes and who goes:

```console
$ fleetsynth plan growing.yaml
rows      ... of 18 columns
servers   320: 112 web, 128 application, 48 database, 32 batch
lives     60 on the first day, 260 born later, ... retired by the end
...
```

A birth and an end that are planned are no gaps for `validate`, and a missing row of a life is one.
"""

GROWTH = """
### Growth

Keys below `growth`. What they do is described in [the model](model.md#growth).

"""

ARCHETYPES = """
### Archetypes

Keys below `archetypes.NAME`. For a packaged archetype, give the figures that differ. A new
archetype [extends](#archetypes-that-extend-others) another, or needs all figures, except `name`
(which is NAME then) and the three correlations in the second table. It also needs a share in
`distribution`. How the figures act is described in [the model](model.md#from-profile-to-value).

"""

HOLIDAYS = """
### Holidays

Keys below `holidays`, in both presets. Public holidays are those of the US in the classic preset,
and those of each region's place in the realistic one. Here stand the days beside them, such as a
company's own, and those that are ordinary days after all. `is_holiday` marks what comes of it, and
demand follows.

```yaml
holidays:
  add:
    - {date: 2024-06-04, name: Company day}
    - {date: 2024-08-12, to: 2024-08-16, name: Summer shutdown, factor: 0.4}
    - {date: 2019-03-01, name: Founders, every: year}
  remove: [2024-12-24, 12-26, Columbus Day]
```

"""

OWN_DATES = """
#### Own dates

Keys of each entry of `holidays.add`.

"""

HOLIDAYS_MORE = """
- A day with a `factor` multiplies demand by it, on a weekend too. Without one, the realistic preset
  takes each service's own `demand.holiday`, on days that are no weekend. The classic preset takes
  0.7, the mildest of its holidays, unless that day has a factor already; `holiday_effect: false`
  switches these off as well. Where entries meet, the last that says a factor counts.
- A removed day is no holiday and has no factor of one, whoever says that it is one: also the fixed
  dates of the classic preset, which public holidays need not be. Names are those of the places in
  the scenario, in English or in the language of the country, and take the day on which a holiday is
  observed with them; a date that is no holiday may be removed.
- `from: company.ics` reads the whole days of an iCalendar file, as calendar programs export them:
  `VEVENT` with `DTSTART`, an end or a length in days, `SUMMARY`, and `RRULE:FREQ=YEARLY` on one
  date, with `UNTIL` or `COUNT`. Cancelled events are left out. Times of day, other repetitions and
  exceptions are refused with their line: what they mean for a day, the file does not say. The path
  counts from the scenario's file; with `--set`, or in a mapping, from the working folder.
- The days of the file stand in the resolved scenario, and so in a dataset's metadata and in what
  `config show` prints; its name does not. Metadata that name a file are refused.

"""

CLOSED = """
### Closed days

Keys below `closed.UNIT`, for a business unit of that name, or `default` for those not named, in
both presets. These days multiply the demand of the unit's servers, beside weekends and holidays.

```yaml
closed:
  Retail: {dates: [12-25, 2024-03-31], factor: 0.1}
  Wealth: {weekdays: [Friday]}
```

"""

CATALOGUES = """
### Catalogues

Keys of a file that `instance_types` names, or below it: families, those of a family, and those of a
type. What comes of them, and how to say which server is of which type: [instance
types](instance-types.md).

"""

EXTENDS = """
### Archetypes that extend others

In both presets, `extends: NAME` takes all figures of another archetype, packaged or of the same
file, and lays over them what else is said:

```yaml
distribution: {web: 0.7, cache: 0.2, session-cache: 0.1}
archetypes:
  cache:
    extends: web
    base_cpu: 20
    base_memory: 80
  session-cache:
    extends: cache              # and so the rest of web
    base_network: 300
```

What is merged is as between a file and the packaged scenario: groups figure by figure, a
distribution as a whole. `name` is not taken over. Where the file changes figures of the other
archetype, those are taken. A packaged archetype can extend another, too: nothing but its `name` is
left of it then. An archetype that extends itself, by whatever circle, is refused.

The word is for writing only: `config show`, manifests and files hold the figures, and data do not
tell one way of writing from the other.

```console
$ fleetsynth config show --set archetypes.cache.extends=web --set archetypes.cache.base_cpu=20
...
  cache:
    name: cache
    base_cpu: 20.0
    base_memory: 35.0
...
```

`fleetsynth archetypes NAME --yaml` prints an archetype to be pasted below `archetypes:`; with
`--scenario FILE`, one of a file, after all that it extends.

```console
$ fleetsynth archetypes database --preset realistic --yaml
  database:
    name: Database server
    replicas: [2, 5]
...
    demand:
      level: {lognormal: [18, 0.5], min: 2, max: 60}
...
```
"""

FACTORS = """
### What the calendar does in the {preset} preset

Demand is multiplied by these factors, where they act; elsewhere they are 1.

| factor | acts on | value | switch |
|---|---|---|---|
"""

REALISTIC = """
## Keys of the realistic preset

Those that the classic preset does not have, or for which another value is packaged.

"""

LOCATIONS = """
### Locations

Keys below `locations.REGION`. Every region in `regions` needs a location. Packaged are {regions}.

"""

CLOSES = """
### Closes

Keys below `closes.UNIT`, for a business unit of that name, or `default` for those not named. What
the close of a unit does not say is that of `default`, which in turn is the packaged one where it
says nothing; a unit with a packaged close of its own, Retail, keeps that.

```yaml
preset: realistic
business_units: [Finance, Retail, Logistics]
closes:
  default: {days: 4}
  Finance: {quarter: 1.6}       # 4 days, and month and fiscal year as packaged
```

"""

PROFILES = """
### Realistic archetypes

Keys below `archetypes.NAME`. For a packaged archetype, give the figures that differ. A new
archetype [extends](#archetypes-that-extend-others) another, or needs all figures, except `name`;
and a share in `distribution`:

```yaml
preset: realistic
distribution: {web: 0.5, database: 0.3, reporting: 0.2}
archetypes:
  reporting:
    extends: database
    demand: {peak_hour: 2}
```

`fleetsynth archetypes --preset realistic` prints the packaged ones; with a NAME, one of them with
its figures as a scenario writes them.

"""

GROUP = """
#### {title}

Keys below `archetypes.NAME.{key}`.

"""

DISTRIBUTIONS = """
### Distributions

A figure may differ between servers, or between services where it belongs to one. Instead of a
number, say how it is spread; each server draws its own value once, from the seed.

```yaml
preset: realistic
archetypes:
  database:
    demand:
      level: 30                                   # the same for all
      seasonality: {uniform: [0, 0.6]}
      growth: {normal: [1, 0.5], min: -1, max: 3}
    jobs: {period: {choices: [1440, 1440, 60]}} # two in three once a day, the others every hour
    memory:
      leak: {zero: 0.8, lognormal: [0.2, 0.7], max: 2}    # none on 80 % of servers
```

Give one of `value`, `uniform`, `normal`, `lognormal` and `choices`, and with it what else is
needed. A distribution that leaves the range of its figure is refused until `min` or `max` keep it
inside.

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
$ fleetsynth config schema --preset realistic -o realistic.schema.json
wrote realistic.schema.json
```

and begin the scenario with the line

```text
# yaml-language-server: $schema=scenario.schema.json
```

that names the schema of its preset.

The schema knows types and bounds. What concerns several keys at once, such as shares that add up
to 1, only `fleetsynth config check` knows.

## The packaged scenarios

The classic one, as `fleetsynth config init` writes it:

```yaml
{classic}```

The packaged archetypes are listed in [the model](model.md#profiles); `fleetsynth archetypes` prints
them.

The realistic one, as `fleetsynth config init --preset realistic` writes it:

```yaml
{realistic}```
"""

ANCHORS = {
    "ArchetypeProfile": "archetypes",
    "RealisticProfile": "realistic-archetypes",
    "Location": "locations",
    "Close": "closes",
    "Told": "events.md#telling-events",
    "Incidents": "events.md#drawn-events",
    "Collector": "collector.md#settings",
    "Stories": "events.md#stories",
    "FleetGrowth": "servers-that-come-and-go",
    "Retire": "servers-that-come-and-go",
    "GrowthStep": "servers-that-come-and-go",
    "OwnDate": "own-dates",
    "Closed": "closed-days",
    "Catalogue": "catalogues",
    "Family": "catalogues",
    "TypeFigures": "catalogues",
}
"""Where the keys of a model are described, if not under its name."""

CATALOGUE = ("Catalogue", "Family", "TypeFigures")
"""The models of a catalogue of instance types."""

ARCHETYPES_DEFAULT = "the [four archetypes](model.md#profiles)"

Schema = dict[str, Any]


def render() -> str:
    """Return the page."""
    schema = json_schema()
    starter = parse(starter_text(), "config.yaml")
    defaults = {key: _value(value) for key, value in starter.items()}
    defaults["archetypes"] = ARCHETYPES_DEFAULT
    growth = {key: _value(value) for key, value in starter["growth"].items()}
    defaults |= {"holidays": "none", "closed": "none", "collector": "{intensity: 0}"}
    defaults["growth"] = "see [below](#growth)"
    defaults |= dict.fromkeys(("fleet_growth", "retire"), "null")
    parts = [
        INTRO,
        _table(schema, schema, defaults),
        _lives(schema["$defs"], schema),
        GROWTH,
        _table(schema, schema["$defs"]["Growth"], growth),
        HOLIDAYS,
        _keys(schema, schema["$defs"]["Holidays"]),
        OWN_DATES,
        _keys(schema, schema["$defs"]["OwnDate"]),
        HOLIDAYS_MORE,
        CLOSED,
        _keys(schema, schema["$defs"]["Closed"]),
        CATALOGUES,
        "\n".join(_keys(schema, schema["$defs"][name]) for name in CATALOGUE),
        ARCHETYPES,
        *_profiles(schema),
        EXTENDS,
        _factors("classic"),
        *_realistic(schema),
        OUTRO.replace("{classic}", starter_text()).replace(
            "{realistic}", starter_text("realistic")
        ),
    ]
    return "".join(parts)


def _lives(models: Schema, schema: Schema) -> str:
    """The keys of servers that come and go."""
    kinds = {"growth": "FleetGrowth", "step": "GrowthStep", "retire": "Retire"}
    tables = {key: _keys(schema, models[name]) for key, name in kinds.items()}
    out = LIVES
    for key, table in tables.items():
        out = out.replace(f"{{{key}}}", table)
    return out


def _realistic(classic: Schema) -> list[str]:
    """The keys of the realistic preset: what the classic one does not say, group by group."""
    schema = json_schema("realistic")
    starter = parse(starter_text("realistic"), "config.yaml")
    packaged = parse(starter_text(), "config.yaml")
    defaults = {key: _value(value) for key, value in starter.items()}
    for key in ("locations", "closes"):
        defaults[key] = f"see [below](#{key})"
    defaults["archetypes"] = ", ".join(default_scenario("realistic").archetypes)
    own = {
        key: field
        for key, field in schema["properties"].items()
        if key not in classic["properties"]
        or key == "archetypes"
        or starter.get(key) != packaged.get(key)
    }
    models = schema["$defs"]
    profile = models["RealisticProfile"]["properties"]
    # Whoever does not want a key of a distribution leaves it out: null is not worth a word.
    distribution = {
        key: field | field.get("anyOf", [{}])[0]
        for key, field in models["Distribution"]["properties"].items()
    }
    for field in distribution.values():
        field.pop("anyOf", None)
    out = [
        REALISTIC,
        _table(schema, {"properties": own}, defaults),
        LOCATIONS.replace("{regions}", ", ".join(f"`{name}`" for name in starter["locations"])),
        _keys(schema, models["Location"]),
        CLOSES,
        _table(schema, models["Close"], {k: _value(v) for k, v in _closes(starter).items()}),
        _factors("realistic"),
        PROFILES,
        _keys(schema, models["RealisticProfile"]),
    ]
    places: dict[str, list[str]] = {}
    _groups(models, profile, "", places)
    for name, keys in places.items():
        said = "` and `archetypes.NAME.".join(keys)
        out += [GROUP.format(title=name, key=said), _keys(schema, models[name])]
    return [
        *out,
        DISTRIBUTIONS,
        _keys(schema, {"properties": distribution}),
    ]


def _groups(models: Schema, fields: Schema, path: str, places: dict[str, list[str]]) -> None:
    """Find the groups of figures, those within others too, and the keys that each stands at."""
    for key, field in fields.items():
        name = field.get("$ref", "").rpartition("/")[2]
        if name and name != "Distribution":
            places.setdefault(name, []).append(path + key)
            _groups(models, models[name]["properties"], f"{path}{key}.", places)


def _factors(preset: str) -> str:
    """The factors that a model declares."""
    rows = []
    for factor in model(preset).factors:
        values = dict.fromkeys(f"{case.label} {case.value:g}" for case in factor.cases)
        value = f"`archetypes.NAME.{factor.field}`" if factor.field else ", ".join(values)
        switch = f"`{factor.switch}`" if factor.switch else ""
        rows.append(f"| {factor.name} | {factor.label} | {value} | {switch} |\n")
    return FACTORS.format(preset=preset) + "".join(rows)


def _closes(starter: dict[str, Any]) -> dict[str, Any]:
    default: dict[str, Any] = starter["closes"]["default"]
    return default


def keys_of(schema: Schema, model: Schema) -> str:
    """A table of keys that can be left out; null, which says so, is not worth a word."""
    said = {key: dict(field) for key, field in model["properties"].items()}
    for field in said.values():
        options = [option for option in field.get("anyOf", ()) if option != {"type": "null"}]
        if len(options) == 1:
            del field["anyOf"]
            field |= options[0]
        elif options:
            field["anyOf"] = options
    return _keys(schema, {"properties": said})


def _keys(schema: Schema, model: Schema) -> str:
    """A table of keys whose packaged values stand elsewhere."""
    rows = [
        f"| `{key}` | {_kind(schema, field)} | {_meaning(field)} |\n"
        for key, field in model["properties"].items()
    ]
    return "| key | type | meaning |\n|---|---|---|\n" + "".join(rows)


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
    optional[KEY] = fields[KEY] | {"default": "none"}
    profiles = {str(kind): profile for kind, profile in ARCHETYPE_PROFILES.items()}
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
    if "const" in field:
        return f"`{field['const']}`"
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
    model = name.rpartition("/")[2]
    if model == "Distribution":
        return "a [distribution](#distributions)"
    anchor = ANCHORS.get(model, model.lower())
    return f"[keys]({anchor if '#' in anchor else f'#{anchor}'})"


def _array(schema: Schema, field: Schema) -> str:
    if "prefixItems" in field:
        return "[" + ", ".join(_kind(schema, item) for item in field["prefixItems"]) + "]"
    item = field["items"]
    return f"list of {_kind(schema, item)}" if "$ref" in item else "list of names"


def _object(schema: Schema, field: Schema) -> str:
    inner = field["additionalProperties"]
    if "$ref" in inner:
        return f"names with {_kind(schema, inner)}"
    return "names with shares" if inner.get("maximum") == 1 else "names with numbers"


def _bounds(field: Schema) -> str:
    low, high = field.get("minimum"), field.get("maximum")
    if low == -1e9:
        return ""
    if low is not None and high is not None and high != 1e9:
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
