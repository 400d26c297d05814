"""A planned batch at work: the manifest, what is reported, when it ends early, and the sum of it all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Event, Lock
from typing import TYPE_CHECKING

from nircolor.batch.entry import Entry, PictureDone, Row
from nircolor.batch.job import Prepared
from nircolor.batch.local import Flow, Hooks
from nircolor.batch.manifest import Manifest, sweep
from nircolor.batch.plan import Plan, settle
from nircolor.batch.result import BatchResult, Broken, Outcome, is_hopeless, left_out, plural
from nircolor.batch.runners import Runner, open_runner
from nircolor.errors import NircolorError, OutputError, display_name
from nircolor.events import Progress, Reporter

if TYPE_CHECKING:
    from nircolor.batch.sheet import Sheet

INTERVAL = 1.0  # seconds between two looks at a folder that is being filled

LOADING, COLORIZING, SHEET = "loading the weights", "colorizing", "contact sheet"
"""Stages of Progress events."""


class Halt(Event):
    """Set by the batch itself, for reasons of its own; or by its caller, whose ``asked`` is looked at and never set."""

    def __init__(self, asked: Event | None) -> None:
        super().__init__()
        self._asked = asked or Event()

    def is_set(self) -> bool:
        return super().is_set() or self._asked.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """For the caller, until ``timeout``; not at all where the batch itself has set it."""
        return super().is_set() or self._asked.wait(timeout)


@dataclass(frozen=True)
class _Open:
    """What stays open while pictures are worked on."""

    runner: Runner
    manifest: Manifest


class FolderRun:
    """One run over one output folder."""

    def __init__(self, prepared: Prepared, reporter: Reporter, stop: Event | None) -> None:
        self.prepared, self.job, self.reporter, self.halt = prepared, prepared.job, reporter, Halt(stop)
        self.outcome, self.flow = Outcome(), Flow()
        self.sheet: Sheet | None = None
        self.made: set[str] = set()  # sources that workers have done, for the sheet
        self.runner: Runner | None = None
        self.expected = self.recorded = self.left = 0
        self._guard = Lock()  # rows come from several threads, events go out one by one

    def run(self) -> BatchResult:
        """Raises what stops all of it; where work had begun, what was done is reported before (``Broken``)."""
        with Manifest(self.job.target, self.reporter.warn) as manifest:
            self._begin(manifest)
            fault = None
            try:
                self._work(manifest)
                manifest.check()  # what is not there any more was not done
            except NircolorError as error:
                if not self.runner:
                    raise
                fault = error
            return self._conclude(manifest, fault)

    def _begin(self, manifest: Manifest) -> None:
        plan, reporter = self.prepared.plan, self.reporter
        if manifest.size() != self.prepared.manifest_size:
            reason = "another nircolor batch has just worked on this folder"
            raise OutputError(reason, path=str(self.job.target), remedy="run this one again")
        sweep(self.job.target, self.prepared.past)
        if text := left_out(plan.left_out):
            reporter.note(f"{display_name(str(self.job.source))}: {text}")
        rows = [Row(problem.name, "", "failed", error=problem.reason) for problem in plan.problems]
        if rows:
            manifest.add(rows)
        for row in rows:
            self.outcome.add(row)

    def _work(self, manifest: Manifest) -> None:
        entries = self.prepared.plan.entries
        if not entries and not self.job.watch:
            return
        if self.job.contact_sheet and entries:
            from nircolor.batch.sheet import Sheet

            self.sheet = Sheet(entries)
        self.reporter.on_event(Progress(LOADING))
        with open_runner(self.prepared, self.reporter) as self.runner:
            now = _Open(self.runner, manifest)
            if self.job.watch:
                self._watch(now)
            else:
                self._entries(entries, now)

    def _entries(self, entries: Sequence[Entry], now: _Open) -> None:
        begun, settings = self.recorded, self.prepared.settings
        self.expected += len(entries)
        self._progress()
        hooks = Hooks(
            announce=lambda chunk: now.manifest.add(map(settings.begun, chunk)),
            record=lambda row: self._record(row, now.manifest),
            show=self.sheet.add if self.sheet else None,
        )
        try:
            flow = now.runner.run(entries, hooks, self.halt)
            self.flow.seconds += flow.seconds
            self.flow.waited += flow.waited
        finally:
            self.left += len(entries) - (self.recorded - begun)

    def _record(self, row: Row, manifest: Manifest) -> None:
        manifest.add([row])
        self.outcome.add(row)
        with self._guard:
            self.recorded += 1
            if self.sheet and self.job.spread and row.status == "done":
                self.made.add(row.input)
            self.reporter.on_event(PictureDone(row, self.outcome.counts["failed"]))
            self._progress()
        if row.status == "failed" and (self.job.fail_fast or is_hopeless(row)):
            self.halt.set()

    def _progress(self) -> None:
        self.reporter.on_event(Progress(COLORIZING, self.recorded, self.expected))

    def _watch(self, now: _Open) -> None:
        job, prepared = self.job, self.prepared
        planned = {entry.source for entry in prepared.plan.entries}
        first = job.find(prepared.past, Reporter())
        settling = Settling([entry for entry in first.entries if entry.source not in planned])
        settling.take(first.entries)
        self.reporter.note(f"watching {display_name(str(job.source))}; Ctrl-C ends it")
        while not self.halt.wait(INTERVAL):
            found = Plan(tuple(settling.take(job.find(prepared.past, Reporter()).entries)))
            there = job.target.sizes()
            left = settle(found, job.source, there, job.policy, prepared.past, prepared.made_with)
            if left.entries:
                self._entries(left.entries, now)

    def _conclude(self, manifest: Manifest, fault: NircolorError | None) -> BatchResult:
        for text, number in self.outcome.remarks.most_common():
            self.reporter.warn(f"{text} (in {plural(number, 'picture')})")
        try:
            self._write_sheet()
        except NircolorError as error:
            fault = fault or error
        result = self._result(manifest)
        if fault:
            self.reporter.on_event(Broken(result))
            raise fault
        return result

    def _write_sheet(self) -> None:
        job, outcome = self.job, self.outcome
        if not self.sheet or not job.contact_sheet:
            return
        if self.made:  # workers keep no pictures for the sheet: those that it shows are read again
            self.sheet.read_back(
                self.prepared.settings,
                self.made,
                lambda done, total: self.reporter.on_event(Progress(SHEET, done, total)),
            )
        facts = (f"{outcome.counts['done']} done", f"{outcome.counts['failed']} failed", str(job.target))
        title = f"{job.source.name or job.source}, colorized"
        self.sheet.write(job.contact_sheet, title, facts, outcome.reasons(), job.again)

    def _result(self, manifest: Manifest) -> BatchResult:
        job, plan, counts, flow = self.job, self.prepared.plan, self.outcome.counts, self.flow
        megapixels, info = self.outcome.pixels / 1e6, self.runner.info if self.runner else None
        return BatchResult(
            input=str(job.source),
            output=str(job.target),
            manifest=manifest.path,
            done=counts["done"],
            kept=counts["kept"] + plan.skipped,
            failed=counts["failed"],
            left=self.left,
            left_out=plan.left_out,
            megapixels=round(megapixels, 6),
            seconds=round(flow.seconds, 3),
            megapixels_per_second=round(megapixels / flow.seconds if flow.seconds else 0.0, 3),
            waited=None if job.spread else round(flow.waited / flow.seconds if flow.seconds else 0.0, 4),
            weights=job.engine.weights,
            sha256=self.prepared.settings.weights,
            failures=tuple(self.outcome.failures),
            engine={} if info is None else {name: info.get(name) for name in ("device", "kernel", "precision")},
            warnings=tuple(self.reporter.warnings),
        )


class Settling:
    """New files in a folder that is being filled: one counts once it has stopped growing.

    Remembers the last look, and what has been taken in which state.
    """

    def __init__(self, done: Sequence[Entry] = ()) -> None:
        self._looked: dict[str, tuple[int, int]] = {}
        self._taken = {entry.source: _state(entry) for entry in done}
        self._ours: set[str] = set()

    def take(self, entries: Sequence[Entry]) -> list[Entry]:
        """Entries whose size and time of change are those of the last look and that were not taken in that state. One
        that was taken in an earlier state may replace its own output.
        """
        now = {entry.source: _state(entry) for entry in entries}
        ready = [e for e in entries if self._looked.get(e.source) == now[e.source] != self._taken.get(e.source)]
        self._looked = now
        again = [replace(e, replace=e.replace or e.source in self._ours) for e in ready]
        self._taken |= {entry.source: now[entry.source] for entry in ready}
        self._ours |= {entry.source for entry in ready}
        return again


def _state(entry: Entry) -> tuple[int, int]:
    return entry.bytes, entry.changed
