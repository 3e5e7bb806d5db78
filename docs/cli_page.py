"""The command line reference, from click's own help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fleetsynth.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 98
"""What click leaves of a terminal of 100 columns."""

INTRO = """\
# Command line

The text in the boxes is the output of `--help`, on a terminal 100 columns wide.

{contents}
- [Exit codes](#exit-codes)
- [Output for programs](#output-for-programs)
- [Shell completion](#shell-completion)

"""

OUTRO = """\
## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | failed: the output exists or cannot be written, a file cannot be read, `verify`, \
`validate`, `facts --check` or \
`capacity --fail-within` found something |
| 2 | a request that cannot be right: bad usage, or a scenario with problems |
| 130 | interrupted with Ctrl-C |
| 141 | whoever read the output has gone (as in `fleetsynth config show \\| head -1`) |
| 143 | terminated |

After anything but 0, no file stands half-written under its final name.

## Output for programs

Data and summaries go to stdout, errors and the progress bar to stderr. The progress bar is shown
only on a terminal. `--quiet` prints nothing but errors. `--json` prints one object on one line:

```console
$ fleetsynth generate --servers 8 --end 2022-03-31 -o small.parquet --json
{"path": "small.parquet", "rows": 720, "columns": 18, "servers": 8, "start": "2022-01-01", \
"end": "2022-03-31", "granularity": "daily", "seconds": ..., "rows_per_second": ..., \
"bytes": ..., "digest": "...", "scenario_digest": "..."}
$ fleetsynth plan --servers 8 --end 2022-03-31 --json
{"rows": 720, "columns": 18, "servers": {"web": 3, ...}, "servers_are_expected": false, \
"bytes": {".parquet": ...}, "memory": ..., "scenario_digest": "...", "events": {}}
$ fleetsynth digest small.parquet --json
{"path": "small.parquet", "digest": "..."}
```

| command | keys |
|---|---|
| `generate --json` | `path`, `rows`, `columns`, `servers`, `start`, `end`, `granularity`, \
`seconds`, `rows_per_second`, `bytes`, `digest`, `scenario_digest`, and where there are any \
`tables`: by name `path`, `bytes`, `digest`, of `events` also `rows` |
| `plan --json` | `rows`, `columns`, `servers` (by archetype), `bytes` (by format), `memory`, \
`scenario_digest`, `events` (by kind) or, of a large fleet, `events_per_server_year` |
| `digest --json` | `path`, `digest`, and with `--leaves` a list `leaves` of server, month, \
digest; one object per file |
| `validate --json` | `path`, `ok`, `rows`, `servers`, `scenario_digest`, `counts` (by status), \
`verdicts` (see [validation](validation.md)) |
| `events --json` | a list of objects, one a line: `event_id`, `kind`, `entity`, `begin`, `end` \
(null while it lasts), `metrics` (a list), `effect`, `size`, `planned`, `cause`, `severity` |
| `facts --json` | `path`, `columns`, `servers`, `left_out`, `rows`, `points`, `repeated`, `step`, \
`network_by_type`, `undefined`, `missed`, and `values`: by fact its `value`, `unit`, `wanted`, \
`holds`, `real` (by fleet) and `range` |
| `compare --json` | `a` and `b` (each `name`, `servers`, `stretches`, `used`, `used_servers`, \
`gapped`, `left_out`, `facts`, `understood`), `step`, `days`, `metrics`, `classifiers` (by metric, \
then by what is looked at: `between`, `a`, `b`, each with `auc` and `sd`), `distances` \
(likewise), `forecasts` (by metric, horizon, who learned and who is forecast), `tells` (see \
[its page](compare.md#what-gives-it-away)), `in_words` |
| `capacity --json` | a list of objects, one a line, with the keys of [its page](capacity.md); \
with `--backtest` a list of `metric`, `horizon_days`, `cuts`, `series`, `breaches`, `dated`, \
`median_error_days`, `median_bias_days`, `coverage`, `alarms`, `false_alarms`, \
`false_alarm_share`, `false_alarm_rate` |
| `archetypes --json` | the profile of each archetype |
| `estates --json` | of each estate `name`, `preset`, `about`, `distribution` and its `text` |
| `config show --json` | the scenario |

Colours follow the terminal; the variable `NO_COLOR` turns them off.

## Shell completion

Completion covers commands, options and file names. Let `fleetsynth` write the script for your
shell, and load it when the shell starts:

```console
$ _FLEETSYNTH_COMPLETE=bash_source fleetsynth > fleetsynth.bash
$ _FLEETSYNTH_COMPLETE=zsh_source fleetsynth > fleetsynth.zsh
$ _FLEETSYNTH_COMPLETE=fish_source fleetsynth > fleetsynth.fish
```

| shell | put the script where | and |
|---|---|---|
| bash (4.4 or newer) | anywhere, such as `~/.fleetsynth.bash` | add `. ~/.fleetsynth.bash` to \
`~/.bashrc` |
| zsh | anywhere, such as `~/.fleetsynth.zsh` | add `. ~/.fleetsynth.zsh` to `~/.zshrc`, after \
`compinit` |
| fish | `~/.config/fish/completions/fleetsynth.fish` | nothing more |
"""


def walk() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Yield the full name, the command and its context for each command, the root first."""
    root = click.Context(cli, info_name="fleetsynth", **cli.context_settings)
    yield "fleetsynth", cli, root
    yield from _children(cli, root)


def _children(
    group: click.Group, context: click.Context
) -> Iterator[tuple[str, click.Command, click.Context]]:
    for name, command in group.commands.items():
        inner = click.Context(command, parent=context, info_name=name, **command.context_settings)
        yield inner.command_path, command, inner
        if isinstance(command, click.Group):
            yield from _children(command, inner)


def render() -> str:
    """Return the page."""
    names = [name for name, _, _ in walk()]
    contents = "\n".join(f"- [`{name}`](#{name.replace(' ', '-')})" for name in names)
    sections = [
        f"## {name}\n\n```text\n{_help(command, context)}\n```\n\n"
        for name, command, context in walk()
    ]
    return INTRO.format(contents=contents) + "".join(sections) + OUTRO


def _help(command: click.Command, context: click.Context) -> str:
    context.terminal_width = WIDTH
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
