"""A planned batch at work: manifest, signals, progress, and the sum of it all."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nircolor.batch import estimate
from nircolor.batch.local import Flow, Hooks
from nircolor.batch.manifest import Manifest, open_manifest, sweep
from nircolor.batch.names import Naming
from nircolor.batch.outcome import Outcome, is_hopeless, left_out
from nircolor.batch.parts import Parts
from nircolor.batch.plan import Entry, Plan, find, settle, sizes
from nircolor.batch.probe import probe_all
from nircolor.batch.remote import Remote
from nircolor.batch.row import Row
from nircolor.batch.watch import INTERVAL, Settling
from nircolor.cli.batch_job import Prepared, selection
from nircolor.cli.batch_screen import Screen, plural, tell_failures
from nircolor.cli.batch_spread import Runner, open_runner
from nircolor.cli.report import Report, one_line
from nircolor.cli.signals import Interrupted, Stopper
from nircolor.errors import NircolorError, OutputError, display_name

if TYPE_CHECKING:
    from nircolor.batch.probe import Size
    from nircolor.batch.process import Settings
    from nircolor.batch.sheet import Sheet
    from nircolor.colorizer import Colorizer


def tell_dry_run(prepared: Prepared, engine: Colorizer | None, report: Report) -> None:
    """The plan on standard output, its sum on standard error."""
    job, plan = prepared.job, prepared.plan
    shapes = _shapes(prepared)
    total, weight = estimate.megapixels(shapes), sum(entry.bytes for entry in plan.entries)
    seconds = estimate.seconds(engine, shapes) / len(job.devices) if engine else 0.0
    if not report.json and not report.quiet:
        for entry, size in zip(plan.entries, shapes, strict=True):
            shape = f"{size[1]} x {size[0]}, {size[0] * size[1] / 1e6:.2f} MP" if size else "size unknown"
            source, output = display_name(entry.source), display_name(entry.output)
            print(f"{source} -> {output}: {shape}, {entry.bytes / 1e6:.2f} MB")
    _tell_left_out(prepared, report)
    for problem in plan.problems:
        report.warn(f"{display_name(str(job.source / problem.name))}: {problem.reason}")
    report.say(
        f"{plural(len(plan.entries), 'picture')}, {weight / 1e6:.1f} MB, {total:.1f} MP, about {seconds:.0f} s; "
        f"{plan.skipped} done already; nothing was written"
    )
    rows = [
        {"input": e.source, "output": e.output, "bytes": e.bytes, "height": s and s[0], "width": s and s[1]}
        for e, s in zip(plan.entries, shapes, strict=True)
    ]
    sums = {"files": len(plan.entries), "bytes": weight, "megapixels": round(total, 6), "seconds": round(seconds, 1)}
    report.result(
        {**sums, "skipped": plan.skipped, "left_out": dict(plan.left_out), "plan": rows, "warnings": report.warnings}
    )


def _tell_left_out(prepared: Prepared, report: Report) -> None:
    if text := left_out(prepared.plan.left_out):
        report.say(f"{display_name(str(prepared.job.source))}: {text}")


def _shapes(prepared: Prepared) -> list[Size | None]:
    root, entries = prepared.job.source, prepared.plan.entries
    if isinstance(root, Remote):  # where each would be a request
        return [None] * len(entries)
    return probe_all(root / entry.source for entry in entries)


@dataclass(frozen=True)
class _Line:
    """What stays open while pictures are worked on."""

    settings: Settings
    runner: Runner
    manifest: Manifest | Parts
    screen: Screen


class Batch:
    """One run over one output folder."""

    def __init__(self, prepared: Prepared, report: Report) -> None:
        self.prepared, self.job, self.report = prepared, prepared.job, report
        self.outcome, self.flow, self.stop = Outcome(), Flow(), threading.Event()
        self.sheet: Sheet | None = None
        self.made: set[str] = set()  # sources that workers have done, for the sheet
        self.runner: Runner | None = None
        self.left = 0  # entries that were planned and have no row

    def run(self) -> int:
        """The exit code."""
        with open_manifest(self.job.target) as manifest, Stopper(self.stop, self.report.say) as stopper:
            self._begin(manifest)
            try:
                self._work(manifest)
                manifest.check()  # what is not there any more was not done
            except NircolorError as error:
                if self.runner:  # work had begun
                    self._sum_up(error=one_line(str(error)), exit_code=error.exit_code)
                raise
            self._sum_up()
            if stopper.signum and self.left:
                self.report.interrupts.signum = stopper.signum
                raise Interrupted
        return int(bool(self.outcome.failures or self.left))

    def _begin(self, manifest: Manifest | Parts) -> None:
        if manifest.size != self.prepared.manifest_size:
            name = display_name(str(self.job.target))
            raise OutputError(f"{name}: another nircolor batch has just worked on this folder; run this one again")
        sweep(self.job.target, self.prepared.past)
        _tell_left_out(self.prepared, self.report)
        problems = self.prepared.plan.problems
        if problems:
            manifest.add(Row(p.name, "", "failed", error=p.reason) for p in problems)
        for problem in problems:
            self.outcome.fail(problem.name, problem.reason)

    def _work(self, manifest: Manifest | Parts) -> None:
        entries = self.prepared.plan.entries
        if not entries and not self.job.watch:
            return
        if self.job.contact_sheet and entries:
            from nircolor.batch.sheet import Sheet

            self.sheet = Sheet(entries)
        with open_runner(self.prepared, self.report) as runner, Screen(self.report, self.outcome) as screen:
            self.runner = runner
            line = _Line(self.prepared.settings, runner, manifest, screen)
            if self.job.watch:
                self._watch(line)
            else:
                self._entries(entries, line)

    def _entries(self, entries: Sequence[Entry], line: _Line) -> None:
        before = self.outcome.counts.total()
        line.screen.expect(entries)
        hooks = Hooks(
            announce=lambda chunk: line.manifest.add(line.settings.begun(entry) for entry in chunk),
            record=lambda row: self._record(row, line),
            show=self.sheet.add if self.sheet else None,
        )
        try:
            flow = line.runner.run(entries, hooks, self.stop)
            self.flow.seconds += flow.seconds
            self.flow.waited += flow.waited
        finally:
            self.left += len(entries) - (self.outcome.counts.total() - before)

    def _record(self, row: Row, line: _Line) -> None:
        line.manifest.add([row])
        self.outcome.add(row)
        if self.sheet and self.job.spread and row.status == "done":
            self.made.add(row.input)
        line.screen.advance(row)
        if row.status == "failed" and (self.job.fail_fast or is_hopeless(row)):
            self.stop.set()

    def _watch(self, line: _Line) -> None:
        job, prepared = self.job, self.prepared
        planned = {entry.source for entry in prepared.plan.entries}
        first = self._look()
        settling = Settling([entry for entry in first.entries if entry.source not in planned])
        settling.take(first.entries)
        self.report.say(f"watching {display_name(str(job.source))}; Ctrl-C ends it")
        while not self.stop.wait(INTERVAL):
            found = Plan(tuple(settling.take(self._look().entries)))
            there = sizes(job.target)
            left = settle(found, job.source, there, job.policy, prepared.past, prepared.made_with)
            if left.entries:
                self._entries(left.entries, line)

    def _look(self) -> Plan:
        job = self.job
        return find(job.source, job.target, selection(job), Naming(job.suffix, job.format), self.prepared.past)

    def _sum_up(self, **more: Any) -> None:
        report, values = self.report, self._values()
        for text, number in self.outcome.remarks.most_common():
            report.warn(f"{text} (in {plural(number, 'picture')})")
        tell_failures(self.outcome, report)
        if self.sheet and self.job.contact_sheet:
            self._read_back(self.sheet)
            facts = (f"{values['done']} done", f"{values['failed']} failed", str(self.job.target))
            again = self.job.overwrite or self.job.resume
            title = f"{self.job.source.name or self.job.source}, colorized"
            self.sheet.write(self.job.contact_sheet, title, facts, self.outcome.reasons(), again)
        if self.left:
            report.say(f"stopped with {plural(self.left, 'picture')} left; go on with --resume")
        waited = "" if self.job.spread else ", the network waited {waited:.0%} of it"
        lead = "before the error: " if more else ""
        report.say(
            f"{lead}"
            "{done} done, {kept} unchanged, {failed} failed; {megapixels:.1f} MP in {seconds:.1f} s "
            f"({{megapixels_per_second:.2f}} MP/s){waited}".format(**values)
        )
        report.result({**values, **more, "warnings": report.warnings})

    def _read_back(self, sheet: Sheet) -> None:
        """Workers keep no pictures for the sheet: those that it shows are read again."""
        if self.made:
            with self.report.progress() as advance:
                settings = self.prepared.settings
                sheet.read_back(settings, self.made, lambda done, total: advance("contact sheet", done, total))

    def _values(self) -> dict[str, Any]:
        job, counts, flow = self.job, self.outcome.counts, self.flow
        megapixels = self.outcome.pixels / 1e6
        values: dict[str, Any] = {
            "input": str(job.source),
            "output": str(job.target),
            "manifest": str(open_manifest(job.target).path),
            "done": counts["done"],
            "kept": counts["kept"] + self.prepared.plan.skipped,
            "failed": counts["failed"],
            "left": self.left,
            "left_out": dict(self.prepared.plan.left_out),
            "megapixels": round(megapixels, 6),
            "seconds": round(flow.seconds, 3),
            "megapixels_per_second": round(megapixels / flow.seconds if flow.seconds else 0.0, 3),
            "waited": None if job.spread else round(flow.waited / flow.seconds if flow.seconds else 0.0, 4),
            "weights": job.weights,
            "sha256": self.prepared.settings.weights,
            "failures": [{"input": name, "error": reason} for name, reason in self.outcome.failures],
        }
        if self.runner:
            values |= {name: self.runner.info.get(name) for name in ("device", "kernel", "precision")}
        return values
