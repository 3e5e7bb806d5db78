"""What the page about events says between its tables."""

INTRO = """\
# Events

A quiet fleet is what no planner has. Real ones are deployed to, migrated, born, retired and
broken, and that is what forecasts, detectors and plans fail on. Here things happen too, and all
of them stand in one table, the ledger: what, to whom, from when to when, how strongly, and
because of what.

There are three ways in which an event comes about.

- **Told**: a planner writes what is planned: a migration in June, a freeze, a load test. In both
  presets, under `events`.
- **Drawn**: outages, leaks, surges, deploys and so on, with rates per kind, under `incidents`. The
  realistic preset has them unless told otherwise, the classic one only on request.
- **Stories**: some services go through months of growth, steps, seasons, leaks or decline, under
  `stories`. The realistic preset has 8 % of services do so, the classic one none.

```yaml
# fleet.yaml
preset: realistic
num_servers: 40
start_date: 2024-05-01
end_date: 2024-06-30
granularity: hourly
sample_interval: 1h
events:
  - kind: migration
    at: 2024-06-03
    business_unit: Retail
    demand: x0.2
    cause: Retail moves to the cloud
  - {kind: freeze, from: 2024-06-24, to: 2024-06-30}
```

```console
$ fleetsynth events fleet.yaml --kind outage --kind failover --kind retries --chains
...
$ fleetsynth generate fleet.yaml -o fleet.parquet --quiet
$ ls fleet.tables
events.parquet
```

- [What can happen](#what-can-happen)
- [Telling events](#telling-events)
- [Drawn events](#drawn-events)
- [Stories](#stories)
- [Chains, failover, and what nobody serves](#chains-failover-and-what-nobody-serves)
- [What events do to values](#what-events-do-to-values)
- [When drawn events come](#when-drawn-events-come)
- [When stories come](#when-stories-come)
- [What stays the same](#what-stays-the-same)
- [The table](#the-table)
- [As an answer key](#as-an-answer-key)
"""

KINDS = """
## What can happen

*Comes* says how: drawn from rates, as a story of some services, told by a planner, after another
event, or as what follows from others (they cannot be told). *Class* is what a detector should call
it: an `anomaly`; a `regime`, a level that stays; `planned`; or `off`. An event of a service befalls
all its servers; where a fleet has no services, as in the classic preset, each server stands for its
own.

"""

PICTURES = """\
One of each, on one server of six of a web service: grey is what it would show without the event.

"""

TOLD = """\
## Telling events

`events` is a list. Each entry says what (`kind`), when, whom, and, if it is not what the kind
does by itself, how strongly.

"""

STRENGTHS = """
**When.** A day, or a day and a time to the minute, in UTC. `at` alone is for what lasts; with
`for` it ends after a while. `from` and `to` say both ends: a last *day* is included, a time is
when it is over.

```yaml
events:
  - {kind: launch, at: 2024-03-01}                                  # and it stays
  - {kind: load_test, at: 2024-03-05 20:00, for: 90min}
  - {kind: blackout, from: 2024-03-09 01:00, to: 2024-03-09 05:30, region: us-east-1}
  - {kind: freeze, from: 2024-12-15, to: 2025-01-05}                # both days included
```

**Again.** `every` takes `hour`, `day`, `week`, `month`, `quarter`, `year`, or a duration such as
`14d`, no shorter than the event; months keep the day, or take their last one. `until` is the last
day on which one may begin. Each time is an event of its own, with its own id.

```yaml
preset: realistic
events:
  - {kind: maintenance, at: 2024-01-07 02:00, for: 4h, every: month, until: 2024-12-31}
  - {kind: load_test, at: 2024-01-31 20:00, for: 2h, every: quarter, service: web-000}
```

(In the classic preset no server is in a service.)

**Whom.** All servers or services for which *all* keys hold that are given; without any, the whole
fleet. `share` draws among them, at the address of the event's name and the server's or service's
id, so that a larger fleet keeps who was drawn; another `name`, or without one another kind or first
day, draws others. With `servers`, an event that is for services otherwise befalls these servers
alone.

```yaml
events:
  - {kind: blackout, at: 2024-03-09 01:00, for: 3h, servers: [server_003, server_010..server_019]}
  - {kind: change, at: 2024-04-01, archetype: [web, application], share: 0.3, demand: -15%}
  - {kind: migration, at: 2024-06-01, business_unit: Retail, region: us-east-1, share: 0.5}
```

**How strongly.** One or more of these keys, in place of what the kind does by itself:

"""

DEFAULTS = """\
```yaml
events:
  - {kind: change, at: 2024-05-06, demand: x1.3, cause: a price cut}      # the same as +30%
  - {kind: change, at: 2024-05-06 10:00, for: 6h, cpu: +15, disk: +5, name: audit}
  - {kind: resize, at: 2024-07-01, archetype: database, capacity: x2, ramp: 12h}
  - {kind: resize, at: 2024-08-01, archetype: web, to_type: c6i.4xlarge}  # docs/instance-types.md
```

An effect comes over the `ramp`, and goes as long before the end; both are half of the event at
most. Kinds of [stories](#stories) follow their course instead, and take no `ramp`. Kinds that rise
(a leak, a disk that fills) grow from begin to end instead. Without keys:

"""

DRAWN = """\
**Why.** `cause` is text for the ledger, `severity` and `planned` replace those of the kind, and
`name` begins the ids in place of the kind and the first day: two events of one kind on one day
need it.

`fleetsynth config check` refuses what cannot be, with its line and the nearest name, as for all
keys: a `decommission` with an end, a `service` that is not there or where there are none, what
comes more than 30,000 times. An event beyond the span of the data is none of these: a longer span
has it, and `fleetsynth plan` names it, as it does those that befall nobody.

## Drawn events

```yaml
preset: realistic
incidents:
  intensity: 2                    # twice as often; 0 is never
  leak: {per_quarter: 0.5, hours: [12, 200]}
  outage: {per_quarter: 0}        # none of these
  runaway:
    archetypes: {batch: 3, web: 0}
  without: [disk_fill-server_009-20220326T1133]
```

`intensity` multiplies all rates: 0 in the classic preset, 1 in the realistic one. A key per kind
changes its figures; `archetypes` multiplies rates, by archetype. A higher rate keeps the events
of a lower one, and adds some. Deploys come when they come: below 1, `intensity` multiplies their
sigma, and above 1 it leaves them as they are. `without` takes single events away by their ids, and
what they brought about with them: all other values stay as they were, to the byte. An id that no
event has is refused, except of what does not come by itself since `intensity` is 0.

Keys below the name of a kind:

"""

SPELLS = """
The packaged figures, for each server, or service:

"""

LEVELS = """\
So of an enterprise's virtual machines (`estate: enterprise`) as many are off in a quarter of a
year, and for as long, as the source of `power_off` says.

Where a source is called an assumption, no public data were found that count such events; say other
figures if you know better.

Deploys are not events that pass: each exchanges a level for the next one. Keys below the name of
such a kind:

"""

DEPLOYS = """
"""

SIZES = """
Resizes come by themselves only if a scenario says how often. All servers of a service become a size
larger or smaller together, and the next change takes them back to the size that they were meant to
have; where servers have [instance types](instance-types.md), to the next type of their family.
Servers to which a planner gives a type (`to_type`) have none.

```yaml
preset: realistic
capacity_columns: true
incidents:
  resize: {days: 200, up: 0.7}
```

Keys below `resize`:

"""

STORIES = """
A level is exp(sigma × z), z normal; those of one service have nothing to do with each other. With
the packaged figures, shifts of 25 % and more that last five days hit 13 to 35 % of servers in 90
days, as they do in real fleets ([facts](facts.md)).

## Stories

What a planner is to find: services that grow out of their servers, take a step, have a season that
is higher each year, leak, fill their disks, or need less and less. A share of the services has one:

```yaml
preset: realistic
stories:
  share: 0.3                              # of the services; 0.08 in the realistic preset
  steady_growth: {weight: 3, months: [6, 12]}
  decline: {weight: 0}                    # none of these: their services have others
  memory_creep: {archetypes: {web: 2}}
```

A larger `share` keeps the stories of a smaller one. A `weight` says how many are of a kind, against
the others: of the stories of web services here, three in eight are growth. `without` takes single
ones away by their ids. Each is a row of the ledger, with its begin, its end, and how strong it is
at its height. Keys below the name of a kind:

"""

COURSES = """
Where a kind leads to so much of *capacity*, that is what the servers of the service show on a busy
day then, on average: a story is made as strong as their figures ask for. Servers of one service
differ, by a fifth or so, and some of them get further. A service that is there without a story has
none.

Each runs its course once and then ends as such stories do: capacity is added, the version is
mended, servers are taken away. That comes over days or weeks, and the service is what it would have
been. Three years after its begin, a service has its next story, of the same kind, as long and
strong as drawn anew.

"""

CHAINS = """
## How hard anomalies are to find

`incidents: {difficulty: hard}` makes a test of detectors: `easy`, `medium`, `hard`, or a number
from 0 (easy) to 1 (hard). It decides rates, hours and sizes of these kinds, in place of the figures
above, and how many events there are of the others that come and go. Where nobody says it, nothing
changes.

```yaml
preset: realistic
granularity: hourly
incidents: {difficulty: hard}
```

"""

DIAL = """\
These come as often, as long and at the same times wherever the dial stands, and are the fainter
the harder; in between, what they add or multiply changes in equal ratios. All others are plain to
see: the harder, the fewer of them there are, and none at `hard`; whatever else is said of them
holds. So at `hard` nothing shows as a constant, less than one value in a hundred is in an anomaly,
and no threshold, difference or moving statistic of a series finds much of it:
[bench](../bench/README.md) has fifty of them, and the one that finds more by looking at the other
servers of a service. Deploys stay as they are. The [labels](labels.md) say what there was to find.

## Chains, failover, and what nobody serves

An event may bring about others, on the service; their `cause` is the id of the first:

"""

REST = """\
The chance and the figures are drawn at the address of the cause's id. Take the cause away
(`without`), and what followed is gone; nothing else changes.

**Failover.** In the realistic model, servers of a service that are up carry the load of those that
are down, whether they fail, are maintained or switched off, or are decommissioned. A server that
retires takes its part of the demand with it, and one that comes brings its own:

```text
share of server i = Σ_j w_j / Σ_j up_j w_j          w_j = the server's mean CPU demand
```

over all servers of the service, those included that only a larger fleet would have. So demand is
conserved while at least one is up; the ledger has a row `failover` with each server's outage as
its cause. While none is up there is a row `unserved`: what was asked for is served by nobody. In
the classic model servers share nothing, and nobody carries anything.

**Lives.** Where [servers come and go](scenario.md#servers-that-come-and-go), each has a row `life`
from its commissioning until it retires; a told `decommission` ends one sooner, and there are no
rows from that day on. What is not there fails at nothing and carries nothing.

**Freezes.** A deploy that would come in a `freeze` waits for its end; drawn maintenance that would
begin in one does not take place. What is told takes place, and so do accidents.

## What events do to values

How much of an event is felt at second t, with begin b, end e and ramp r (at most half of e − b;
the whole of it, where it stays):

```text
f(t) = 0                                 outside b ≤ t < e
     = (t − b) / (e − b)                 if it rises
     = its course at (t − b) / (e − b)   if it is a story: lines between the points below
     = (t − b) / r                       in its first r seconds
     = 1 − (t − (e − r)) / r             in its last r seconds, unless it stays
     = 1                                 otherwise
s(t) = start + f(t) × (size − start)
```

`start` is 1 for what multiplies or divides and 0 for what adds; of a deploy it is the level
before. A tick or sample belongs to an event if its time does. Several events act one after the
other, in the order of begin and id; those of a server before those of its service, but for demand.

**The realistic model**, per sample ([its equations](realism.md)):

```text
D        = D × s₁ × s₂ …                      demand of the service: `demand` of its events
D_i      = D × s₁ × s₂ … × share              of the server's own events; failover
mean …                                        as ever, from D_i; memory that follows demand, too
cpu      = ((cpu + `cpu`) / `cores`) / `capacity`
memory   = (memory + `memory`) / `capacity`
disk     = disk + `disk`
net_in, net_out  = net × `network`
all but disk     = 0 where `down`
```

and then limits: 0 to 100 %, and what a full CPU does not serve is not carried, either. Bursts are
a server's own doing, and stay where demand goes. What a disk or a cache holds is not lost while a
server is down.

**The classic model**, per tick ([its equations](model.md#from-profile-to-value)): `demand`
multiplies base × factors × growth of CPU, memory and network, before the noise; the other effects
act after spikes, in the same order, and `cores` and `capacity` on CPU and memory alone;
`memory_size` and `disk_size` divide these two.

`--components` has two parts for them: [`event` and `incident`](components.md).

## When drawn events come

Time is cut into epochs of 64 days, counted from the Unix epoch; each has up to four events of a
kind for an entity. With seed and `"event"` in front of each address:

```text
p      = min(1, rate × intensity × archetype × 64 / 90 / 4)
n      = how many of four happen: the uniform of (kind, id, epoch) against the binomial of 4 and p
begin  = epoch × 64 d + ⌊u₁ × 92160⌋ min         u of (kind, id, "of", epoch), three for each event
lasts  = least × (most / least)^u₂ h, in whole minutes
size   = low + (high − low) × u₃
```

Levels of a service have numbers, counted from the day that growth is counted from. Number k comes
on day `days × (k + 0.8 × (u − 0.5))`, u of (kind, id, "time", k), and is `exp(sigma × z)`, z the
normal quantile of (kind, id, "level", k). A deploy takes two hours from the level before to its
own.

## When stories come

A service has one if u("whether", service) < `share`. Its kind is the one with the least
`−ln(1 − u("kind", kind, service)) / (weight × archetype)`. With `"story"` in front of each address:

```text
phase   = ⌊u("begin", service) × 1096 × 1440⌋ min
begin   = n × 1096 d + phase                     n = 0, 1, −1 …, counted from the Unix epoch
lasts   = least × (most / least)^u months        u of ("length", kind, service, n), whole minutes
reach   = low + (high − low) × u                 u of ("reach", kind, service, n)
size    = reach / 100                            of what demand would be (a decline)
        = reach / usual                          of capacity, what multiplies
        = reach − usual                          of capacity, what adds
```

`usual` is the mean over all servers of the service, those that only a larger fleet has included,
with growth and the trend of disks up to when the story is at its height. Of realistic servers:

```text
CPU     level × spread × growth × the day's busiest hour × (1 + the noise's relative sd)
memory  level + cache + leak × restart_days / 2
disk    level + trend × months + fill × cleanup_days / 2
```

Of classic ones it is the base.

## What stays the same

Nothing above refers to the span of the data, to the number of servers, to the step, or to how
work is cut. So a longer span, a larger fleet or another step have the same events, and more; the
ledger of 64 servers over one year is a part of that of 400 over three.

```python
from fleetsynth import events

small = {"preset": "realistic", "num_servers": 8, "end_date": "2022-03-31"}
large = small | {"num_servers": 30, "end_date": "2022-12-31", "sample_interval": "1h"}
few, many = ({e["event_id"] for e in events(s).rows()} for s in (small, large))
assert few < many
```

What moves them: the seed; the day that growth is counted from (levels, and how strong stories are);
another archetype or service; and `assignment: blocks`, where a larger fleet is another one.

Outside its window, an event changes nothing: not a byte. With `incidents: {intensity: 0}`,
`stories: {share: 0}` and no `events`, values are those of a fleet to which nothing happens.

## The table

A dataset to which anything can happen has its ledger: `events.parquet` in a folder,
`NAME.tables/events` in the data's own format beside a file. `fleetsynth events` lists, filters and
draws it; `events()` does in Python.

| column | what it is |
|---|---|
| `event_id` | kind, entity and begin, such as `leak-server_007-20240312T0410`; of consequences, \
kind and the id of the cause; of told events, name and entity |
| `kind` | as above |
| `entity` | id of the server, or name of the service |
| `begin`, `end` | UTC; the end is the first moment after it, and missing where it lasts |
| `metrics` | stems of the columns that it acts on, such as `cpu,net_in,net_out` |
| `effect` | in words: `demand x1.3 within 2h`, `memory +27 by its end`, `down` |
| `size` | the number in `effect`, of the first if there are several |
| `planned` | whether somebody meant it to happen |
| `cause` | the `event_id` of what brought it about, or the words of a planner |
| `severity` | `info`, `minor`, `major`, `critical` |

An event that began before the first tick, or ends after the last, has its true times. The table
has a [digest](digest.md) of its own.

## As an answer key

Score a detector of CPU anomalies: each hour of a server is in an anomaly, or it is not.

```python
import pandas as pd

from fleetsynth.kinds import KINDS

data = pd.read_parquet("fleet.parquet")
ledger = pd.read_parquet("fleet.tables/events.parquet")
anomalies = ledger[ledger["kind"].map(lambda kind: KINDS[kind].label == "anomaly")]
anomalies = anomalies[anomalies["metrics"].str.contains("cpu")]

truth = pd.Series(False, index=data.index)
for event in anomalies.itertuples():
    whom = (data["server_id"] == event.entity) | (data["service"] == event.entity)
    truth |= whom & (data["timestamp"] >= event.begin) & (data["timestamp"] < event.end)

usual = data.groupby(["server_id", data["timestamp"].dt.hour])["cpu_p95"]
score = (data["cpu_p95"] - usual.transform("median")).abs()
flagged = score > 15
found = (flagged & truth).sum()
print(f"precision {found / flagged.sum():.2f}, recall {found / truth.sum():.2f}")
assert truth.any() and found > 0
```

`generate --labels` writes this for every value, and says what to make of the rest: see
[labels](labels.md). The same table tells a forecaster which history is another regime, and a
planner which steps were meant.
"""
