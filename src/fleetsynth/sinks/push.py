"""Samples into a system that streams: in order, as fast as allowed, again where it fails."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetsynth import pipeline
from fleetsynth.errors import OutputError, UsageError
from fleetsynth.series.constant import JOB, checked
from fleetsynth.series.select import Catalog, Limits
from fleetsynth.series.selection import NAME, Selection
from fleetsynth.shown import shown
from fleetsynth.sinks import progress as progress_
from fleetsynth.sinks.access import access_of
from fleetsynth.sinks.batches import batches, cutting
from fleetsynth.sinks.progress import Record, identity
from fleetsynth.sinks.result import Exported
from fleetsynth.sinks.streamed import Sending, Unavailable
from fleetsynth.sinks.truth import add_events, add_labels
from fleetsynth.wire.remote_read import Matcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fleetsynth.plan import Plan
    from fleetsynth.sinks import System
    from fleetsynth.sinks.access import Access
    from fleetsynth.sinks.streamed import Batch, Encoded, Stream

LEAST_WAIT, MOST_WAIT = 0.25, 30.0
PATIENCE_SECONDS = 600.0
_LEAST_BATCH = 1_000
_LEAST_RATE = 0.001


@dataclass(frozen=True)
class Streaming:
    """How samples are streamed.

    Attributes:
        series: names of the series to send, as a regular expression of a whole name; empty for all.
        labels: that all series have, with their values.
        events: whether what befalls servers is sent as well, as ``fleetsynth_event``.
        truth: whether what is anomalous is sent as well, as ``fleetsynth_label``.
        rate: samples a second, at most; None for as many as there can be.
        record: file that says how far it has come; None for one in the working directory.
        patience: seconds for which a batch is tried again before giving up.
        access: credentials and certificates; None for what the environment says.
    """

    series: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    events: bool = False
    truth: bool = False
    rate: float | None = None
    record: str | None = None
    patience: float = PATIENCE_SECONDS
    access: Access | None = None


class Push:
    """A stream of a plan's samples to a destination.

    Args:
        plan: of the scenario.
        system: what they are sent to.
        place: where, as the system's module takes it.
        name: what to call it in messages.
        how: the rest.
        overwrite: replace a file that is there.

    Attributes:
        cells: how many samples there are, at most.
        tell: called with what somebody who waits may want to know.

    Raises:
        UsageError: if there are no such series, or something does not go together.
        OutputError: if the destination, or a record of it, cannot be opened.
    """

    def __init__(
        self,
        plan: Plan,
        system: System,
        place: str,
        name: str,
        how: Streaming,
        *,
        overwrite: bool = False,
    ) -> None:
        if how.rate is not None and not _LEAST_RATE <= how.rate < inf:
            raise UsageError(f"rate={how.rate:g}: expected samples a second, such as 50000")
        if not how.patience >= 0:
            raise UsageError(f"patience={how.patience:g}: expected seconds, such as 600")
        convention = system.convention()
        labels = {"job": JOB, **checked(plan, how.labels, convention)}
        self._catalog = Catalog(plan, labels, Limits(), convention)
        if how.events:
            add_events(self._catalog)
        if how.truth:
            add_labels(self._catalog)
        self._everything = chosen(self._catalog, how.series)
        self._plan, self._system, self._how, self._name = plan, system, how, name
        self.cells = self._everything.samples
        self.tell: Callable[[str], None] | None = None
        what = {
            "dataset": plan.digest, "to": system.target(place), "series": how.series,
            "labels": labels, "truth": [how.events, how.truth],
        }  # fmt: skip
        self._what = identity(what)
        self._path = Path(how.record) if how.record else progress_.default_path(self._what)
        access = access_of() if how.access is None else how.access
        self._sending = Sending(place, name, self._catalog, access, overwrite)

    def run(self, advance: Callable[[int], None] | None = None) -> Exported:
        """Send what has not been sent.

        Args:
            advance: called after each batch with how many samples are there.

        Raises:
            OutputError: if the destination refuses, or is away for too long; its text says how to
                go on.
        """
        begun = time.perf_counter()
        pipeline.keep_freed_memory()
        stream = self._system.open_stream(self._sending)
        try:
            if stream.resumes and self._sending.overwrite:
                raise UsageError(
                    f"overwrite=True is not for {self._system.label}: what is sent stays there"
                )
            with progress_.alone(self._path) if stream.resumes else nullcontext():
                record, before, facts = self._go_on(stream, advance)
        finally:
            stream.close()
        told = facts or {}
        if stream.resumes:
            told = {"record": str(self._path), "sent_before": before} | told
        return Exported(
            to=self._name,
            system=self._system.label,
            tables={"samples": record.samples},
            seconds=time.perf_counter() - begun,
            already=facts is None,
            facts=told,
        )

    def _go_on(
        self, stream: Stream, advance: Callable[[int], None] | None
    ) -> tuple[Record, int, dict[str, Any] | None]:
        """Send what is left; return the record, samples from before, and facts unless all was."""
        record = self._record(stream)
        before = record.samples
        if record.done:
            return record, before, None
        record = self._send(stream, record, advance)
        facts = dict(stream.finish())
        record = replace(record, done=True)
        self._keep(stream, record)
        return record, before, facts

    def _record(self, stream: Stream) -> Record:
        found = progress_.read(self._path, self._what) if stream.resumes else None
        if found is not None:
            return found
        cut = stream.cut
        if self._how.rate is not None:
            most = max(_LEAST_BATCH, int(self._how.rate))
            cut = cut._replace(samples=min(cut.samples, most))
        return Record(self._what, cutting(self._everything, cut))

    def _keep(self, stream: Stream, record: Record) -> None:
        if stream.resumes:
            progress_.write(self._path, record, self._name)

    def _send(
        self, stream: Stream, record: Record, advance: Callable[[int], None] | None
    ) -> Record:
        again = stream.resumes and self._path.exists()
        self._keep(stream, record)  # a place that cannot be written to is told before all else
        pace = Pace(self._how.rate)
        coming = _encoded(stream, batches(self._everything, record.cut, record.batches))
        try:
            for batch, encoded in pipeline.ahead(coming):
                pace.wait(encoded.samples)
                deliver(stream, encoded, again=again, patience=self._how.patience, tell=self.tell)
                again = False
                record = replace(
                    record, batches=batch.number + 1, samples=record.samples + encoded.samples
                )
                self._keep(stream, record)
                if advance:
                    advance(record.samples)
        except OutputError as error:
            raise OutputError(*error.args, self._resume(stream, record)) from error
        except (KeyboardInterrupt, SystemExit) as error:
            error.add_note(self._resume(stream, record))
            raise
        return record

    def _resume(self, stream: Stream, record: Record) -> str:
        if not stream.resumes:
            return "nothing was left behind"
        return (
            f"{record.samples:,} of at most {self.cells:,} samples are there; the same command"
            f" goes on from there ({shown(self._path)})"
        )


def _encoded(stream: Stream, of: Iterator[Batch]) -> Iterator[tuple[Batch, Encoded]]:
    for batch in of:
        yield batch, stream.encode(batch)


def chosen(catalog: Catalog, names: str) -> Selection:
    """Return the series that a pattern of names means, at all times.

    Raises:
        UsageError: if it means none, or is none.
    """
    matchers = [Matcher("=~", NAME, names)] if names else []
    begin, end = catalog.span()
    found = catalog.find(matchers, begin * 1000, end * 1000)
    if not found.chosen:
        known = ", ".join(family.name for family in catalog.families)
        raise UsageError(f"series={names!r} means none of the series that there are: {known}")
    return found


def deliver(
    stream: Stream,
    encoded: Encoded,
    *,
    again: bool,
    patience: float,
    sleep: Callable[[float], Any] = time.sleep,
    tell: Callable[[str], None] | None = None,
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Send a batch until it is there.

    Args:
        stream: what it is sent to.
        encoded: the batch.
        again: whether it may have been sent before.
        patience: seconds for which it is tried.
        sleep: waits.
        tell: called once, when it has to be tried again, with the reason.
        now: tells the time, in seconds.

    Raises:
        OutputError: if it is refused, or `patience` seconds of trying are over.
    """
    waited, wait, told = 0.0, LEAST_WAIT, False
    while True:
        begun = now()
        try:
            stream.send(encoded, again=again)
        except Unavailable as error:
            pause = min(wait, MOST_WAIT) if error.after is None else max(error.after, LEAST_WAIT)
            waited += now() - begun  # a server that does not answer takes longer than any pause
            if waited + pause > patience:
                wish = "" if error.after is None else f", and is to wait for another {pause:.0f} s"
                raise OutputError(f"{error.reason} (tried for {waited:.0f} s{wish})") from error
            if tell and not told:
                told = True
                tell(f"{error.reason}; trying again, for {patience:.0f} s at most")
            sleep(pause)
            waited, wait, again = waited + pause, wait * 2, True
        else:
            return


class Pace:
    """Keeps to so many samples a second.

    Args:
        rate: samples a second; None for any number.
        now: tells the time, in seconds.
        sleep: waits.
    """

    def __init__(
        self,
        rate: float | None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Any] = time.sleep,
    ) -> None:
        self._rate, self._now, self._sleep = rate, now, sleep
        self._free = now()

    def wait(self, samples: int) -> None:
        """Wait until so many samples may be sent; after a pause there is nothing to catch up."""
        if self._rate is None:
            return
        self._free = max(self._free, self._now())
        pause = self._free - self._now()
        if pause > 0:
            self._sleep(pause)
        self._free += samples / self._rate
