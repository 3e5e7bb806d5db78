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
        "colour: red",
        "colour",
        1,
        r"unknown key 'colour' \(known: preset, num_servers, .*archetypes\)",
    ),
    "key that is a number": Bad("1: 2", "1", 1, "unknown key '1'"),
    "unknown key of growth": Bad(
        "growth:\n  moode: span",
        "growth.moode",
        2,
        r"unknown key 'moode' \(did you mean 'mode'\?\)",
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
        "'tomorrow' is no date: give one such as 2022-01-01",
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
        "distribution: {web: 1.5}", "distribution.web", 1, r"less than or equal to 1, not 1\.5"
    ),
    "negative share": Bad(
        "distribution:\n  web: 1.0\n  batch: -0.1",
        "distribution.batch",
        3,
        r"greater than or equal to 0, not -0\.1",
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
        "'weekly' is no granularity: give daily, hourly, or",
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
        "missing base_memory, base_disk, .*, monthly_growth_rate",
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
        "regions: [b, ' a']", "regions. a", 1, "' a' is no name: use printable text"
    ),
    "name over two lines": Bad(
        'archetypes: {web: {name: "a\\nb"}}', "archetypes.web.name", 1, "is no name: use printable"
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
        "month must be in 1..12|'2022-13-01' is no date",
    ),
    "impossible date after the same as text": (
        "regions: ['2022-13-01']\nend_date: 2022-13-01",
        2,
        "month must be in 1..12|'2022-13-01' is no date",
    ),
}
"""Files that no mapping can be read from: text, line, message."""
