"""What people read on a terminal."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from fleetsynth.cli.terminal import open_console, plain, print_facts, print_whole, text_table
from fleetsynth.clock import HOUR_SECONDS
from fleetsynth.errors import listed
from fleetsynth.kinds import KINDS
from fleetsynth.presets import model_of
from fleetsynth.scenario.fields import Strict
from fleetsynth.scenario.text import flow
from fleetsynth.size import in_bytes
from fleetsynth.window import BLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fleetsynth.folders.calibrate import Rate
    from fleetsynth.ledger.counts import Counts
    from fleetsynth.plan import Plan
    from fleetsynth.result import MadeTable, Result
    from fleetsynth.size import Size

_FEW_ROWS = 100
"""Rows per tile below which its draws outweigh all else."""


@contextmanager
def progress_bar(rows: int, unit: str, doing: str) -> Iterator[Callable[[int], None]]:
    """Show a bar with rate and time left on stderr; yield what to call with the rows done."""
    bar = Progress(
        TextColumn(doing),
        BarColumn(),
        TaskProgressColumn(show_speed=False),
        MofNCompleteColumn(),
        TextColumn(unit + ", {task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task("", total=rows, rate="")

    def advance(done: int) -> None:
        speed = bar.tasks[0].finished_speed or bar.tasks[0].speed
        rate = f"{speed / 1e6:.2f} M {unit}/s" if speed else ""
        bar.update(task, completed=done, rate=rate)

    with bar:
        yield advance


@contextmanager
def sign_of_life(doing: str) -> Iterator[Callable[[Callable[..., None]], Callable[..., None]]]:
    """Show on stderr what is done and since when; yield what lets a function print meanwhile."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn(doing),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    bar.add_task("", total=None)

    def aside(told: Callable[..., None]) -> Callable[..., None]:
        def told_apart(*args: object, **kwargs: object) -> None:
            bar.stop()
            told(*args, **kwargs)
            bar.start()

        return told_apart

    with bar:
        yield aside


def show_result(result: Result, *, err: bool = False) -> None:
    """Print the closing summary of a run, on stderr if that is said."""
    console = open_console(err=err)
    if not result.parts:
        _show_file(console, result, err=err)
    else:
        _show_folder(console, result)


def _show_folder(console: Console, result: Result) -> None:
    plan = result.plan
    rows = _most(plan) if result.rows_of_whole is None else f"{result.rows_of_whole:,}"
    if result.already:
        console.print(Text(f"already there, unchanged: {result.url}"))
    print_facts(
        console,
        rows=f"{rows} of {len(plan.columns)} columns",
        servers=_counts(plan),
        span=span_text(plan),
        folder=f"{result.url} ({result.parts:,} parts, {_bytes(result)})",
        made=f"{result.made:,} parts, {result.rows:,} rows",
        time=f"{result.seconds:.2f} s, {result.rows / result.seconds:,.0f} rows/s",
        digest=result.digest or "when it is committed: fleetsynth commit",
        **_tables(result),
    )


def show_append(result: Result) -> None:
    """Print what an append has made, or that there was nothing to do."""
    end = result.plan.clock.end
    if result.already:
        open_console().print(Text(f"nothing to do: {result.url} has days until {end}"))
    else:
        _show_folder(open_console(), result)


def _tables(result: Result) -> dict[str, str]:
    """Say what was written besides the data."""
    return {name: _table(made) for name, made in result.tables.items()}


def _table(made: MadeTable) -> str:
    rows = "" if made.rows is None else f"{made.rows:,} in "
    return f"{rows}{made.url} ({in_bytes(made.bytes)})" if made.digest else made.url


def _bytes(result: Result) -> str:
    return in_bytes(result.bytes) if result.committed else "not committed"


def _show_file(console: Console, result: Result, *, err: bool) -> None:
    plan = result.plan
    print_facts(
        console,
        rows=f"{result.rows:,} of {len(plan.columns)} columns",
        servers=f"{plan.fleet.size:,}",
        span=span_text(plan),
        file=f"{result.url} ({_bytes(result)})",
        time=f"{result.seconds:.2f} s, {result.rows / result.seconds:,.0f} rows/s",
        digest=result.digest,
        **_tables(result),
    )
    console.print()
    table = text_table("archetype", "servers", *(f"{m.label}\n{m.unit}" for m in plan.metrics))
    about = "about " if plan.fleet.counts_are_expected else ""
    for name, count in plan.fleet.counts().items():
        moments = result.statistics.get(name, {})
        cells = [f"{entry.mean:.1f} ±{entry.sd:.1f}" for entry in moments.values()]
        table.add_row(plain(name), f"{about}{count:,}", *cells)
    print_whole(table, err=err)
    console.print(Text("mean ± standard deviation over all rows", style="dim"))


def show_size(plan: Plan, size: Size, happening: Counts) -> None:
    """Print what a plan would take."""
    print_facts(
        open_console(),
        rows=f"{_most(plan)} of {size.columns} columns",
        servers=_counts(plan),
        **_lives(plan),
        span=f"{span_text(plan)}, {plan.clock.count:,} ticks",
        **_happening(happening),
        **({"nowhere": _nowhere(happening)} if happening.nowhere else {}),
        memory=f"about {in_bytes(size.memory)} while generating",
        **_draws(plan, size),
        **{ending: f"about {in_bytes(count)}" for ending, count in size.bytes.items()},
        scenario=plan.digest,
    )


def _lives(plan: Plan) -> dict[str, str]:
    """Say how many servers come and go."""
    if plan.fleet.lives is None or plan.comings_and_goings is None:
        return {}
    first, born, ended = plan.comings_and_goings
    return {
        "lives": f"{first:,} on the first day, {born:,} born later, {ended:,} retired by the end"
    }


def _happening(counts: Counts) -> dict[str, str]:
    """Say how many events and faults there are of each kind, or how often they come."""
    is_small = counts.of_all is not None
    said = {"events": counts.of_all or counts.per_server_year or {}, "faults": counts.faults}
    say = _number if is_small else _often
    return {name: say(each) for name, each in said.items() if each}


def _number(counts: Mapping[str, float]) -> str:
    kinds = (f"{count:,} {KINDS[kind].title}" for kind, count in counts.items())
    return f"{sum(counts.values()):,}: {', '.join(kinds)}"


def _often(rates: Mapping[str, float]) -> str:
    kinds = (f"{_two(rate)} {KINDS[kind].title}" for kind, rate in rates.items())
    return f"about {_two(sum(rates.values()))} a server and year: {', '.join(kinds)}"


def _two(number: float) -> str:
    """Write a number to two places, or whole."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.2g}"


def _nowhere(counts: Counts) -> str:
    """Name told events that do nothing in the span, or to nobody."""
    return f"{listed(counts.nowhere, 5)}: told, and befalls nobody in this span"


def _draws(plan: Plan, size: Size) -> dict[str, str]:
    """Say what a row costs where a tile is drawn for a few rows."""
    rows, each_tile = plan.cells / size.tiles, model_of(plan).tile_seconds
    if rows >= _FEW_ROWS or each_tile is None:
        return {}
    seconds = size.tiles * each_tile
    each = f"for {rows:.3g} {'row' if rows == 1 else 'rows'} each; a longer span costs hardly more"
    return {
        "draws": f"{size.tiles:,} tiles of {BLOCK} ticks, {each}",
        "work": f"about {_duration(seconds / HOUR_SECONDS)} of one core, most of it for the draws",
    }


def show_rate(size: Size, rate: Rate) -> None:
    """Print what a measured rate makes of a plan."""
    hours = rate.core_hours(size.rows)
    stored = size.bytes[".parquet"] / 1e9
    spread = ", ".join(f"{_duration(hours / cores)} on {cores}" for cores in (1, 2, 16, 64, 256))
    print_facts(
        open_console(),
        rate=f"{rate.rows_per_cpu_second:,.0f} rows per second and core, measured here",
        work=f"{hours:,.3g} core-hours: {spread} cores",
        cost=f"{hours:,.3g} x price of a core-hour + {stored:,.3g} x price of a GB stored",
    )


def _duration(hours: float) -> str:
    if hours >= 1:
        return f"{hours:,.1f} h"
    return f"{hours * 60:,.1f} min" if hours * 60 >= 1 else f"{hours * HOUR_SECONDS:,.1f} s"


def show_archetypes(profiles: Mapping[str, Strict]) -> None:
    """Print archetypes side by side; one alone with its full name, for which there is room."""
    table = text_table("", *profiles)
    columns = [dict(_figures(profile)) for profile in profiles.values()]
    fields = list(columns[0])
    alone = len(profiles) == 1
    for field in fields if alone else fields[1:]:
        cells = (column[field] for column in columns)
        table.add_row(field, *(plain(_written(cell) if alone else _middle(cell)) for cell in cells))
    print_whole(table)


def _figures(model: Strict, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield the dotted path and the value of everything below a model that is not a group."""
    for field in type(model).model_fields:
        value = getattr(model, field)
        if isinstance(value, Strict) and value.MERGES:
            yield from _figures(value, f"{path}{field}.")
        else:
            yield f"{path}{field}", value


def _written(figure: object) -> str:
    """Write a figure on one line, as a scenario would."""
    if isinstance(figure, Strict):
        return flow(figure.model_dump())
    return flow(figure) if isinstance(figure, tuple) else f"{figure}"


def _middle(figure: object) -> str:
    """Write a figure, or where it lies for the middle 80 % of servers."""
    if isinstance(figure, tuple):
        low, high = figure
    elif isinstance(figure, Strict):
        from fleetsynth.scenario.distribution import Distribution  # 30 ms, where there are none

        if not isinstance(figure, Distribution):
            raise TypeError(f"no way to show a {type(figure).__name__}")
        if figure.choices:  # as likely in any order, but only in this one from low to high
            figure = figure.model_copy(update={"choices": tuple(sorted(figure.choices))})
        low, high = figure.quantile(0.1), figure.quantile(0.9)
    else:
        return f"{figure}"
    if low == high:
        return f"{low:.6g}"
    return f"{float(f'{low:.2g}'):g} to {float(f'{high:.2g}'):g}"


def _most(plan: Plan) -> str:
    """Say how many rows a plan has, as far as it tells."""
    return f"up to {plan.cells:,}" if plan.rows is None else f"{plan.rows:,}"


def _counts(plan: Plan) -> str:
    counts = ", ".join(f"{count:,} {name}" for name, count in plan.fleet.counts().items())
    about = "about " if plan.fleet.counts_are_expected else ""
    return f"{plan.fleet.size:,}: {about}{counts}"


def span_text(plan: Plan) -> str:
    """Say which days, at which step, a plan is of."""
    scenario = plan.scenario
    return f"{scenario.start_date} to {scenario.end_date}, {scenario.granularity}"
