"""A dataset that was opened: what it is, its rows and its servers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import InputError, UsageError, did_you_mean
from fleetsynth.formats.options import ReadOptions
from fleetsynth.formats.place import quoted, saying
from fleetsynth.reader.layout import find_layout, from_name, sample_values
from fleetsynth.reader.roles import OURS, ROLES, SERIES, Column, assign_metrics
from fleetsynth.reader.rows import Converter, column_of, needed
from fleetsynth.reader.series import Servers
from fleetsynth.reader.source import Part, Source
from fleetsynth.reader.times import Times
from fleetsynth.reader.understood import Understood
from fleetsynth.reader.values import encode, is_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray


class Dataset:
    """A dataset of any origin, opened.

    Attributes:
        name: what to call it in messages.
        source: its files, or the table.
        options: what the user said.
        roles: the column of each role that it has; of a long dataset the metrics.
        understood: what was understood; complete when all rows have been read.
        converter: that of the last pass: its words, how many rows there were.
    """

    def __init__(self, data: Any, options: ReadOptions, *, partial: bool = False) -> None:
        self.options = options
        self.source = Source(data, options, partial=partial)
        self.name = self.source.name
        head = self.source.head
        self._layout = find_layout(
            self.source.names,
            sample_values(head.sample),
            options.columns,
            self.name,
            server_from_name=options.server_from_name,
        )
        self.understood = Understood(files=len(self.source.keys), layout=self._layout.kind)
        self.understood.guesses += self._layout.guesses
        if head.dialect:
            self.understood.dialect += head.dialect.told()
        self.understood.dialect += self.source.numerals_told(self._numeric())
        if self.source.files and self.source.files.others:
            self.understood.note(f"{self.source.files.others:,} other files of the folder not read")
        self._name_metrics()
        self.roles = {role: c for role in ROLES if (c := self._layout.roles.get(role))}
        self.understood.take(self.roles)
        time = self.roles.get("date", self.roles["timestamp"])
        self.times = Times(options, time.unit, self._every_time)
        self.converter = Converter(self._layout, (), self.times, options)

    @property
    def layout(self) -> str:
        """How rows lie: rows, long or wide."""
        return self._layout.kind

    @property
    def wide(self) -> int:
        """Servers that a row of the files speaks of."""
        return len({server for server, _ in self._layout.wide.values()}) or 1

    def ours(self) -> dict[str, str]:
        """Return the role of each of our columns that the dataset has, such as ``cpu_p95``."""
        out = {}
        for role, column in self.roles.items():
            name = column.name if _is_ours(column.name, role) else OURS.get(role, role)
            out[name] = role
        return out

    def batches(self, roles: Iterable[str] | None = None) -> Iterator[NDArray[np.void]]:
        """Yield all rows, as structured arrays: `time`, `server`, and a field for each role.

        Times are microseconds since the Unix epoch, texts indices into `converter.words` (-1 where
        there is none), numbers float64 in percent or Mbps with NaN where there is none.

        Args:
            roles: which to read, beside time and server; None for all.

        Raises:
            InputError: if something cannot be read; see `Converter.convert`.
        """
        yield from self._converted(self.begin(self.roles if roles is None else roles))

    def begin(self, roles: Iterable[str], *, lenient: bool = False) -> Converter:
        """Return a converter for another pass; `finish` is to be told of its end."""
        self.converter = Converter(self._layout, roles, self.times, self.options, lenient=lenient)
        read = {
            "timestamp", "date", "metric", "value", "statistic",
            *(self.converter.dtype.names or ()),
        }  # fmt: skip
        self.understood.take({role: c for role, c in self.roles.items() if role in read})
        return self.converter

    def finish(self, converter: Converter) -> None:
        """Put what a pass has shown into what was understood."""
        self.understood.times, self.understood.zone = self.times.found, self.times.clock
        for note in converter.notes():
            self.understood.note(note)
        self.understood.warnings = converter.warnings()

    def servers(
        self,
        roles: Iterable[str] | None = None,
        *,
        lenient: bool = False,
        watch: Callable[[str, NDArray[np.void]], None] | None = None,
    ) -> Servers:
        """Return the servers with their series: iterate over `in_order()`, or else `sorted()`."""
        chosen = [r for r in SERIES if r in self.roles] if roles is None else list(roles)

        def begin() -> tuple[Converter, Iterator[NDArray[np.void]]]:
            converter = self.begin(chosen, lenient=lenient)
            return converter, self._converted(converter)

        return Servers(begin, lambda: self.times.clock, watch)

    def tell(self, servers: Servers) -> None:
        """Put what the servers showed into what was understood."""
        self.understood.steps = dict(sorted(servers.steps.items(), key=lambda item: -item[1]))
        if servers.irregular:
            self.understood.note(f"points of {servers.irregular:,} servers on an irregular grid")

    def _converted(self, converter: Converter) -> Iterator[NDArray[np.void]]:
        parts = (part for key in self.source.keys for part in self.parts(key, converter))
        yield from converter.convert(parts)
        self.finish(converter)

    def parts(self, key: str, converter: Converter) -> Iterator[Part]:
        """Yield a file's rows, with the columns that a converter wants."""
        kinds = converter.kinds()
        must = [column.name for column in needed(self._layout).values()]
        empty = True
        for part in self.source.parts(key, kinds):
            self._check(part, kinds, must)
            empty = False
            yield part
        if empty:
            with self.source.opened(key) as (head, _):
                if head.names:  # some formats name no columns where there are no rows
                    self._refuse_without({*head.names, *self.source.told(key)}, must, key)

    def _check(self, part: Part, kinds: dict[str, str], must: list[str]) -> None:
        """Refuse a file without what every row needs, and note one without something else."""
        have = {*part.batch.schema.names, *part.told}
        self._refuse_without(have, [name for name in must if name in kinds], part.place.file)
        for name in kinds.keys() - have:
            if from_name({"server": Column(name)}):
                continue
            if part.place.row == 1:
                self.understood.note(
                    f"{part.place.file} has no {quoted(name)[1:-1]}: missing there"
                )

    def _refuse_without(self, have: set[str], must: list[str], file: str) -> None:
        for name in must:
            if name not in have and not from_name({"server": Column(name)}):
                called = self.source.called(file) if file in self.source.keys else file
                raise InputError(f"{called} has no column {name!r}, as other files have")

    def _numeric(self) -> list[str]:
        layout = self._layout
        roles = layout.roles.items()
        series = [c.name for role, c in roles if ROLES[role].kind == "number"]
        return [*series, *layout.wide]

    def _words(self, names: list[str]) -> dict[str, set[str]]:
        """Return the different values of columns of text, in one pass."""
        out: dict[str, set[str]] = {name: set() for name in names}
        for key in self.source.keys:
            for part in self.source.parts(key, dict.fromkeys(names, "text")):
                for name in names:
                    if name in part.told:
                        out[name].add(part.told[name])
                    elif name in part.batch.schema.names:
                        _, words = encode(column_of(part.batch, name), name, part.place)
                        out[name].update(word for word in words if word is not None)
        return out

    def _name_metrics(self) -> None:
        """Find the metrics of a long dataset, and the statistic of one that has several."""
        roles = self._layout.roles
        ask = [roles[role].name for role in ("metric", "statistic") if role in roles]
        if not ask:
            return
        words = self._words(ask)
        if "metric" in roles:
            roles = assign_metrics(words[roles["metric"].name], roles, self.name)
        if "statistic" in roles:
            roles = {**roles, "statistic": self._statistic(roles["statistic"], words)}
        self._layout = replace(self._layout, roles=roles)

    def _statistic(self, column: Column, words: dict[str, set[str]]) -> Column:
        found = sorted(words[column.name])
        if column.unit is not None:
            if column.unit not in found:
                hint = did_you_mean(column.unit, found)
                raise UsageError(f"{self.name} has no statistic {column.unit!r}{hint}")
            return column
        if len(found) > 1:
            named = ", ".join(quoted(word)[1:-1] for word in found[:9])
            raise UsageError(
                f"{self.name} has several statistics ({named}): say which, such as "
                f"{saying('statistic', f'{column.name}:{found[0]}')}"
            )
        return replace(column, unit=found[0]) if found else column

    def _every_time(self) -> Iterator[str]:
        """Yield all times that are written as text."""
        name = self.roles.get("date", self.roles["timestamp"]).name
        for key in self.source.keys:
            for part in self.source.parts(key, {name: "text"}):
                if name in part.batch.schema.names:
                    column = column_of(part.batch, name)
                    if is_text(column.type):
                        yield from (w for w in encode(column, name, part.place)[1] if w)


def _is_ours(name: str, role: str) -> bool:
    """Tell whether a column's own name is one of ours, and of the role's kind."""
    return name in ROLES and ROLES[name].stem == ROLES[role].stem and name not in SERIES


def open_dataset(
    data: Any, options: ReadOptions | None = None, *, partial: bool = False
) -> Dataset:
    """Open a dataset of any origin.

    Args:
        data: a file, a folder or ``s3://bucket/prefix``; or a table of Arrow, pandas or polars.
        options: what the user says of it.
        partial: read what there is of a folder of ours that lacks parts, or is not finished.

    Raises:
        UsageError: if it or a column is not there, or more must be said.
        InputError: if it cannot be read.
    """
    return Dataset(data, options or ReadOptions(), partial=partial)
