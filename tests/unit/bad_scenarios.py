"""Scenario files that must be refused, and what the refusal has to say."""

from typing import NamedTuple


class Bad(NamedTuple):
    """A bad scenario, and the one problem that it has."""

    text: str
    path: str
    line: int
    message: str


PROBLEMS = {
    "unknown key": Bad(
        "seed: 1\nnum_server: 3",
        "num_server",
        2,
        r"unknown key 'num_server' \(did you mean 'num_servers'\?\)",
    ),
    "unknown key with no near name": Bad(
        "umbrella: red",
        "umbrella",
        1,
        r"unknown key 'umbrella' \(known: preset, num_servers, .*archetypes\)",
    ),
    "key that is a number": Bad("1: 2", "1", 1, "unknown key '1'"),
    "unknown key of growth": Bad(
        "growth:\n  moode: span",
        "growth.moode",
        2,
        r"unknown key 'moode' \(did you mean 'mode'\?\)",
    ),
    "unknown key of an event": Bad(
        "events:\n  - kind: blackout\n    fro: 2024-01-01\n    to: 2024-01-02",
        "events.0.fro",
        3,
        r"unknown key 'fro' \(did you mean 'from'\?\)",
    ),
    "unknown key of a second event": Bad(
        "events:\n- {kind: launch, at: 2024-01-01}\n- kind: launch\n  at: 2024-02-01\n  shar: 0.3",
        "events.1.shar",
        5,
        r"unknown key 'shar' \(did you mean 'share'\?\)",
    ),
    "an event that follows from others": Bad(
        "events:\n  - {kind: failover, at: 2024-01-01, for: 1h}",
        "events.0",
        2,
        "a failover follows from other events: tell those",
    ),
    "a last event before the first": Bad(
        "events:\n  - {kind: load_test, at: 2024-01-05, for: 1h, every: day, until: 2024-01-04}",
        "events.0",
        2,
        r"the last one \(2024-01-04\) is before the first \(2024-01-05\)",
    ),
    "an event that comes again before it is over": Bad(
        "events:\n  - {kind: load_test, at: 2024-01-01, for: 7h, every: 6h}",
        "events.0",
        2,
        r"it comes again \(every 6h\) before it is over: let it end sooner",
    ),
    "a decommission that ends": Bad(
        "events:\n  - {kind: decommission, at: 2024-01-01, for: 7d}",
        "events.0",
        2,
        "a decommission is for good: leave out when it ends, and what it does",
    ),
    "more events than a ledger holds": Bad(
        "events:\n  - {kind: load_test, at: 2024-01-01, for: 30s, every: 1min}",
        "events.0.every",
        2,
        "every 1min is 1,052,640 times in this span, and 30,000 is the most: say a longer one",
    ),
    "events at the end of all years": Bad(
        "end_date: 9999-12-31\nevents:\n  - {kind: launch, at: 9999-12-01}",
        "end_date",
        1,
        "events need an end_date up to 9000, since some end long after it",
    ),
    "a service where there are none": Bad(
        "events:\n  - {kind: launch, at: 2024-01-01, service: web-000}",
        "events.0.service",
        2,
        "servers of the classic preset are in no service: say servers, or archetype",
    ),
    "an event taken away that does not happen": Bad(
        "incidents:\n  intensity: 1\n  without: [leak-server_007-20240312T0410]",
        "incidents.without.0",
        3,
        "no event is called 'leak-server_007-20240312T0410': the list of events has those",
    ),
    "unknown key of rates": Bad(
        "incidents:\n  surge:\n    per_quarte: 1",
        "incidents.surge.per_quarte",
        3,
        r"unknown key 'per_quarte' \(did you mean 'per_quarter'\?\)",
    ),
    "unknown field of an archetype": Bad(
        "archetypes:\n  web:\n    base_cpu: 3.0\n    base_gpu: 3.0",
        "archetypes.web.base_gpu",
        4,
        r"unknown key 'base_gpu' \(did you mean 'base_cpu'\?\)",
    ),
    "text for a number": Bad(
        "num_servers: many", "num_servers", 1, "should be a valid integer, not 'many'"
    ),
    "quoted number": Bad(
        "\n\nnum_servers: '3'", "num_servers", 3, "should be a valid integer, not '3'"
    ),
    "fraction of a server": Bad("num_servers: 3.0", "num_servers", 1, "valid integer, not 3.0"),
    "true for a number": Bad("num_servers: true", "num_servers", 1, "valid integer, not True"),
    "number for true": Bad("spikes: 1", "spikes", 1, "valid boolean, not 1"),
    "yes for true": Bad("spikes: yes", "spikes", 1, "valid boolean, not 'yes'"),
    "nothing for a number": Bad("num_servers:", "num_servers", 1, "valid integer, not None"),
    "0 servers": Bad("num_servers: 0", "num_servers", 1, "greater than or equal to 1, not 0"),
    "negative servers": Bad(
        "num_servers: -5", "num_servers", 1, "greater than or equal to 1, not -5"
    ),
    "growth in blocks": Bad(
        "fleet_growth:\n  per_month: 2",
        "fleet_growth",
        1,
        "assignment: blocks gives other servers to each archetype as the fleet grows",
    ),
    "servers that come before the first": Bad(
        "assignment: interleaved\nfleet_growth:\n  steps:\n  - {date: 2021-12-31, servers: 2}",
        "fleet_growth.steps.0.date",
        4,
        "2021-12-31 is before 2022-01-01, the day on which the fleet has its first",
    ),
    "no servers at a step": Bad(
        "assignment: interleaved\nfleet_growth:\n  steps:\n  - {date: 2022-12-31, servers: 0}",
        "fleet_growth.steps.0.servers",
        4,
        "greater than or equal to 1, not 0",
    ),
    "unknown key of fleet growth": Bad(
        "fleet_growth:\n  monthly: 2", "fleet_growth.monthly", 2, "unknown key 'monthly'"
    ),
    "lives of two lengths": Bad(
        "retire: {mean_years: 4, share_per_year: 0.2}",
        "retire",
        1,
        "give one of mean_years and share_per_year",
    ),
    "lives of no length": Bad("retire: {}", "retire", 1, "give one of mean_years and"),
    "no life at all": Bad("retire: {mean_years: 0}", "retire.mean_years", 1, "greater than 0"),
    "end before start": Bad(
        "start_date: 2023-01-02\nend_date: 2023-01-01",
        "end_date",
        2,
        "end_date 2023-01-01 is before start_date 2023-01-02",
    ),
    "no date": Bad(
        "start_date: tomorrow",
        "start_date",
        1,
        "'tomorrow' is not a valid date: give one such as 2022-01-01",
    ),
    "year alone": Bad("end_date: 2023", "end_date", 1, "valid date, not 2023"),
    "date with a time": Bad(
        "start_date: 2022-01-01 10:00:00",
        "start_date",
        1,
        "time of day: give a date such as 2022-01-01",
    ),
    "shares below 1": Bad(
        "distribution:\n  web: 0.5\n  batch: 0.4", "distribution", 1, r"add up to 0\.9, not to 1"
    ),
    "shares above 1": Bad(
        "distribution: {web: 0.7, batch: 0.31}", "distribution", 1, r"add up to 1\.01, not to 1"
    ),
    "odds that do not add up": Bad(
        "criticalities: {High: 0.5}", "criticalities", 1, r"add up to 0\.5, not to 1"
    ),
    "share above 1": Bad(
        "distribution: {web: 1.5}", "distribution.web", 1, r"add up to 1, such as 0\.25, not 1\.5$"
    ),
    "percentage for a share": Bad(
        "distribution: {web: 50}", "distribution.web", 1, "^shares are fractions that .*, not 50$"
    ),
    "percentage in words": Bad(
        "regions: {a: 50%, b: 0.5}", "regions.a", 1, "^shares are fractions that .*, not '50%'$"
    ),
    "archetype with a slip": Bad(
        "archetypes: {wbe: {base_cpu: 50}}",
        "archetypes.wbe",
        1,
        r"no packaged 'wbe' \(did you mean 'web'\?\); as a new one it is missing base_memory",
    ),
    "negative share": Bad(
        "distribution:\n  web: 1.0\n  batch: -0.1",
        "distribution.batch",
        3,
        r"^shares are fractions that .*, not -0\.1$",
    ),
    "no shares": Bad("distribution: {}", "distribution", 1, "needs at least one entry"),
    "no names": Bad("regions: []", "regions", 1, "needs at least one entry"),
    "name twice": Bad("regions: [a, b, a]", "regions", 1, "listed twice: a"),
    "unknown archetype": Bad(
        "distribution:\n  web: 0.5\n  bach: 0.5",
        "distribution.bach",
        3,
        r"unknown archetype 'bach' \(did you mean 'batch'\?\)",
    ),
    "step that does not divide a day": Bad(
        "granularity: 7min", "granularity", 1, "7min does not divide a day; 6min would"
    ),
    "no step": Bad(
        "granularity: weekly",
        "granularity",
        1,
        "'weekly' is not a valid granularity: give daily, hourly, or",
    ),
    "probability above 1": Bad(
        "archetypes: {web: {spike_probability: 1.5}}",
        "archetypes.web.spike_probability",
        1,
        r"less than or equal to 1, not 1\.5",
    ),
    "negative probability": Bad(
        "archetypes:\n  web:\n    spike_probability: -0.1",
        "archetypes.web.spike_probability",
        3,
        r"greater than or equal to 0, not -0\.1",
    ),
    "negative variance": Bad(
        "archetypes:\n  web:\n    cpu_variance: -1",
        "archetypes.web.cpu_variance",
        3,
        "greater than or equal to 0, not -1",
    ),
    "correlation above 1": Bad(
        "archetypes: {web: {cpu_memory_correlation: 1.1}}",
        "archetypes.web.cpu_memory_correlation",
        1,
        r"less than or equal to 1, not 1\.1",
    ),
    "correlations that are not positive definite": Bad(
        "seed: 3\narchetypes:\n  web:\n    memory_disk_correlation: 0.7",
        "archetypes.web",
        3,
        r"not positive definite \(smallest eigenvalue -0\.012964\); the nearest that are: "
        r"cpu_memory_correlation: 0\.494953, .*correlation_repair: nearest",
    ),
    "everything shrinks away": Bad(
        "archetypes: {web: {monthly_growth_rate: -100}}",
        "archetypes.web.monthly_growth_rate",
        1,
        "greater than -100, not -100",
    ),
    "incomplete archetype": Bad(
        "archetypes:\n  cache:\n    base_cpu: 3.0",
        "archetypes.cache",
        2,
        "missing base_memory, base_disk, .*, monthly_growth_rate$",
    ),
    "archetype that is a number": Bad("archetypes: {web: 3}", "archetypes.web", 1, "not 3"),
    "no archetypes": Bad("archetypes: null", "archetypes", 1, "not None"),
    "unknown mode": Bad(
        "growth: {mode: yearly}", "growth.mode", 1, "'span' or 'monthly', not 'yearly'"
    ),
    "unknown repair": Bad(
        "correlation_repair: guess", "correlation_repair", 1, "'refuse' or 'nearest', not 'guess'"
    ),
    "growth span backwards": Bad(
        "growth: {span: [2023-01-01, 2022-01-01]}",
        "growth.span",
        1,
        "ends on 2022-01-01, before it starts",
    ),
    "growth span with one end": Bad(
        "growth: {span: [2023-01-01]}", "growth.span.1", 1, "two dates: the first day and the last"
    ),
    "not a number": Bad(
        "archetypes: {web: {base_cpu: .nan}}",
        "archetypes.web.base_cpu",
        1,
        "finite number, not nan",
    ),
    "infinity": Bad(
        "archetypes: {web: {base_cpu: .inf}}",
        "archetypes.web.base_cpu",
        1,
        "finite number, not inf",
    ),
    "minus infinity": Bad(
        "archetypes: {web: {monthly_growth_rate: -.inf}}",
        "archetypes.web.monthly_growth_rate",
        1,
        "finite number, not -inf",
    ),
    "share that is not a number": Bad(
        "distribution: {web: .nan}", "distribution.web", 1, "finite number, not nan"
    ),
    "name with spaces around it": Bad(
        "regions: [b, ' a']", "regions. a", 1, "' a' is not a valid name: use printable text"
    ),
    "name over two lines": Bad(
        'archetypes: {web: {name: "a\\nb"}}',
        "archetypes.web.name",
        1,
        "is not a valid name: use printable",
    ),
    "name that is a number": Bad("regions: [a, 1]", "regions.1", 1, "valid string, not 1"),
}

UNREADABLE = {
    "duplicate key": ("seed: 3\nspikes: true\nseed: 4", 3, 'duplicate key "seed"'),
    "duplicate key of an archetype": (
        "archetypes:\n  web:\n    base_cpu: 1\n    base_cpu: 2",
        4,
        'duplicate key "base_cpu"',
    ),
    "no YAML": ("seed: 3\n{{{{", 2, "."),
    "colon in a value": ("a: b: c", 1, "mapping values are not allowed"),
    "tab": ("growth:\n\tmode: span", 2, r"'\\t'"),
    "tag that runs code": (
        "!!python/object/apply:os.system [ls]",
        1,
        r"tags are not accepted \(.*os\.system\)",
    ),
    "tag on a value": ("spikes: true\nseed: !!int 3", 2, "tags are not accepted"),
    "tag of one's own": ("seed: !secret 3", 1, r"tags are not accepted \(!secret\)"),
    "alias": (
        "seed: &s 3\nnum_servers: *s",
        1,
        r"anchors and aliases are not accepted \('s'\): write it out",
    ),
    "several documents": ("seed: 1\n---\nseed: 2", 2, "another document"),
    "impossible date": (
        "seed: 1\nstart_date: 2022-13-01",
        2,
        "month must be in 1..12|'2022-13-01' is not a valid date",
    ),
    "impossible date after the same as text": (
        "regions: ['2022-13-01']\nend_date: 2022-13-01",
        2,
        "month must be in 1..12|'2022-13-01' is not a valid date",
    ),
}
"""Files that no mapping can be read from: text, line, message."""


def _figure(written: str, message: str, at: str = "") -> Bad:
    text = f"preset: realistic\narchetypes:\n  web:\n    demand:\n      level: {written}"
    return Bad(text, f"archetypes.web.demand.level{at}", 5, f"^{message}")


def _realistic(line: str, path: str, message: str) -> Bad:
    return Bad(f"preset: realistic\n\n{line}", path, 3, f"^{message}")


REALISTIC = {
    "unknown key of a group": Bad(
        "preset: realistic\narchetypes:\n  web:\n    demand:\n      levle: 3",
        "archetypes.web.demand.levle",
        5,
        r"unknown key 'levle' \(did you mean 'level'\?\)",
    ),
    "unknown key of a group in a group": Bad(
        "preset: realistic\narchetypes:\n  web:\n    demand:\n      wander: {slwo: 0.3}",
        "archetypes.web.demand.wander.slwo",
        5,
        r"unknown key 'slwo' \(did you mean 'slow'\?\)",
    ),
    "number for a group": _realistic(
        "archetypes: {web: {demand: 3}}", "archetypes.web.demand", "expected keys and values, not 3"
    ),
    "key of the other preset": _realistic(
        "spikes: true",
        "spikes",
        "'spikes' is a key of the classic preset: say preset: classic to use it",
    ),
    "figure of the other preset": _realistic(
        "archetypes: {web: {base_cpu: 3}}",
        "archetypes.web.base_cpu",
        "'base_cpu' is a key of the classic preset",
    ),
    "realistic key in a classic file": Bad(
        "statistics: [p95]", "statistics", 1, "'statistics' is a key of the realistic preset"
    ),
    "unknown preset": Bad(
        "preset: realstic", "preset", 1, r"unknown preset 'realstic' \(did you mean 'realistic'\?\)"
    ),
    "two kinds at once": _figure(
        "{uniform: [1, 2], normal: [1, 2]}",
        "give one of value, uniform, normal, lognormal, choices, not uniform and normal$",
    ),
    "no kind": _figure(
        "{min: 3}", "give one of value, uniform, normal, lognormal, choices, not none$"
    ),
    "negative sd": _figure("{normal: [1, -2], min: 0}", "a standard deviation of -2 is negative$"),
    "normal that can fall below 0": _figure(
        "{normal: [10, 2]}", "values can fall below 0: raise them, or add min: 0$"
    ),
    "unknown distribution": _figure(
        "{lognorml: [10, 2]}",
        r"unknown key 'lognorml' \(did you mean 'lognormal'\?\)$",
        ".lognorml",
    ),
    "unknown key of a distribution": _figure(
        "{lognormal: [10, 2], maxx: 3}", r"unknown key 'maxx' \(did you mean 'max'\?\)$", ".maxx"
    ),
    "word for a figure": _figure("much", "'much' is neither a number nor a distribution$"),
    "list for a figure": _figure("[1, 2]", r"\[1, 2\] is neither a number nor a distribution$"),
    "nothing for a figure": _figure("", "None is neither a number nor a distribution$"),
    "true for a figure": _figure("true", "True is neither a number nor a distribution$"),
    "word in a distribution": _figure(
        "{normal: [a, 2]}", "input should be a valid number, not 'a'$", ".normal.0"
    ),
    "half a distribution": _figure("{normal: [1]}", "needs two numbers$", ".normal.1"),
    "three numbers": _figure("{normal: [1, 2, 3]}", "needs two numbers$", ".normal"),
    "one number for two": _figure("{normal: 3}", "expected a list, not 3$", ".normal"),
    "negative figure": _figure("-3", "should be at least 0, not -3$"),
    "share of zeros above 1": _figure(
        "{zero: 2, value: 1}", "input should be less than or equal to 1, not 2$", ".zero"
    ),
    "max below min": _figure("{uniform: [1, 2], min: 3, max: 2}", "max 2 is below min 3$"),
    "uniform backwards": _figure("{uniform: [3, 2]}", "uniform ends at 2, below 3$"),
    "lognormal of median 0": _figure("{lognormal: [0, 2]}", "lognormal takes a median above 0"),
    "fraction above 1": _realistic(
        "archetypes: {web: {demand: {shared: 1.5}}}",
        "archetypes.web.demand.shared",
        "should be at most 1, not 1.5$",
    ),
    "growth beyond reason": _realistic(
        "archetypes: {web: {demand: {growth: 900}}}",
        "archetypes.web.demand.growth",
        "900 % a month is out of range over this span; add a max$",
    ),
    "p100": _realistic(
        "statistics: [p100]",
        "statistics.0",
        "'p100' is not a valid statistic: give p1 to p99, mean, min or max$",
    ),
    "statistics that are not a list": _realistic(
        "statistics: p95", "statistics", "expected a list, not 'p95'$"
    ),
    "statistics twice": _realistic("statistics: [p95, p95]", "statistics", "listed twice: p95$"),
    "no statistics": _realistic("statistics: []", "statistics", "needs at least one entry$"),
    "interval that does not divide an hour": _realistic(
        "sample_interval: 7min",
        "sample_interval",
        "a step of 7min does not divide an hour; 6min would$",
    ),
    "interval above an hour": _realistic(
        "sample_interval: 2h", "sample_interval", "a step of 2h does not divide an hour; 1h would$"
    ),
    "interval of a day": _realistic(
        "sample_interval: 1d", "sample_interval", "a step of 1d does not divide an hour; 1h would$"
    ),
    "interval in words": _realistic(
        "sample_interval: hourly",
        "sample_interval",
        "'hourly' is not a valid sample interval: give a step",
    ),
    "granularity between samples": _realistic(
        "granularity: 8min",
        "granularity",
        "a granularity of 8min is not a multiple of the sample interval of 5min$",
    ),
    "unknown zone": _realistic(
        "locations: {eu-west-1: {zone: Europe/Dubln}}",
        "locations.eu-west-1.zone",
        r"'Europe/Dubln' is not an IANA time zone \(did you mean 'Europe/Dublin'\?\)$",
    ),
    "zone that is a path": _realistic(
        "locations: {eu-west-1: {zone: ../../etc/passwd}}",
        "locations.eu-west-1.zone",
        "'../../etc/passwd' is not an IANA time zone, such as Europe/Dublin$",
    ),
    "unknown country": _realistic(
        "locations: {eu-west-1: {country: XX}}",
        "locations.eu-west-1.country",
        "no holidays are known for the country 'XX': give an ISO 3166 code such as IE$",
    ),
    "country in full": _realistic(
        "locations: {eu-west-1: {country: Ireland}}",
        "locations.eu-west-1.country",
        r"no holidays are known for the country 'Ireland' \(did you mean 'IE'\?\)$",
    ),
    "region without a location": _realistic(
        "regions: [us-east-1, eu-west-9]",
        "regions.eu-west-9",
        r"no location for region 'eu-west-9' \(did you mean 'eu-west-3'\?\); give its zone",
    ),
    "close of an unknown business unit": _realistic(
        "closes: {Retial: {month: 1, quarter: 1, days: 1, fiscal_year_starts: 1}}",
        "closes.Retial",
        r"no business unit 'Retial' \(did you mean 'Retail'\?\)$",
    ),
    "more dips a day than there can be": _realistic(
        "archetypes: {web: {dips: {rate: {lognormal: [4, 1]}}}}",
        "archetypes.web.dips.rate",
        "values can rise above 24: lower them, or add max: 24$",
    ),
    "replicas backwards": _realistic(
        "archetypes: {web: {replicas: [5, 2]}}",
        "archetypes.web.replicas",
        "the most, 2, is below the least, 5$",
    ),
    "one number of replicas": _realistic(
        "archetypes: {web: {replicas: 3}}", "archetypes.web.replicas", "expected a list, not 3$"
    ),
}
"""The same for what only the realistic preset knows, or what is said to the wrong preset."""
