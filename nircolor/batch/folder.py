"""A folder of pictures, as one call: to colorize it, or to see what that would do."""

from __future__ import annotations

from pathlib import Path
from threading import Event as StopEvent
from threading import RLock

from nircolor.batch.job import Job, Prepared, open_place, prepare
from nircolor.batch.plan import Policy
from nircolor.batch.result import BatchResult, FolderPlan, Planned, left_out
from nircolor.batch.walk import Naming, Selection
from nircolor.engine import EngineConfig
from nircolor.errors import display_name
from nircolor.events import Event, Observer, Reporter, nobody
from nircolor.picture import Reading, Writing
from nircolor.reference import Guidance, Mode, ReferenceSource


def colorize_folder(
    source: str | Path,
    target: str | Path,
    *,
    engine: EngineConfig | None = None,
    reading: Reading | None = None,
    writing: Writing | None = None,
    reference: ReferenceSource | None = None,
    reference_mode: Mode = "auto",
    select: Selection | None = None,
    naming: Naming | None = None,
    policy: Policy = "refuse",
    workers: int | None = None,
    ray: str | None = None,
    together: int | None = None,
    fail_fast: bool = False,
    watch: bool = False,
    contact_sheet: str | Path | None = None,
    stop: StopEvent | None = None,
    on_event: Observer = nobody,
) -> BatchResult:
    """Colorize the pictures of a folder into another one, each as ``colorize_file`` would, in the same folders.

    One bad file never stops the rest: the result has its name and why it failed. Nothing partial is ever left behind,
    and every picture becomes a line of the manifest, ``nircolor-batch.jsonl`` in ``target``, so that
    ``policy="resume"`` goes on wherever the work was interrupted, by whatever.

    Args:
        source, target: folders, or URLs of folders (``s3://``, ``gs://``; ``http://`` to read from). ``target`` is made
            if it is missing; it may lie in ``source``, or be ``source``: outputs are never inputs.
        engine: weights, device, precision and tiles; ``device`` may name several: ``cuda:0,1``. reading, writing: how
            files are read (range, band, page, colour pictures) and written (depth, format).
        reference: a colour picture of the same place, or of another one with the same camera: a path, or an array, as
            for ``colorize_file``; or a folder of some, in which each picture finds the one of its own name, else the
            one taken nearest in time (EXIF). reference_mode: see ``colorize_file``.
        select: which files. naming: what is added to their names.
        policy: what happens to outputs that are there: ``refuse`` (an error before any work), ``overwrite``, ``skip``,
            or ``resume``: do what the manifest does not call done, and what has changed since.
        workers: processes, each with a network, a share of the CPU or the next device; None: one a device. A script
            that asks for several needs ``if __name__ == "__main__":``. ray: address of a Ray cluster whose workers do
            it, or ``auto``: the one found, or a new one of this machine.
        together: how many small pictures of one size go through the network at once; None: 1 on a CPU, where outputs
            are those of ``colorize_file`` byte for byte if as many threads compute them, 8 elsewhere.
        fail_fast: end at the first picture that fails. watch: wait for more files until ``stop`` is set.
        contact_sheet: an HTML file for thumbnails, before and after.
        stop: once set, the pictures in hand are finished, and the result has ``left`` > 0 where others were not.
        on_event: gets Progress, PictureDone, Note, Warned and EngineReady events, one at a time, from any thread. What
            it raises ends the batch.

    Returns counts, failures, speed. Raises InputError (the folder, not its pictures), OutputError, OutputExistsError,
    UsageError, WeightsError, DeviceError; and StoppedError where ``stop`` is set before work begins.
    """
    from nircolor.batch.run import FolderRun

    guidance = Guidance.of(reference, reference_mode, albums=True)
    job = Job(
        open_place(source),
        open_place(target),
        engine or EngineConfig(),
        reading or Reading(),
        writing or Writing(),
        select or Selection(),
        naming or Naming(),
        policy,
        workers,
        ray,
        together,
        fail_fast,
        watch,
        Path(contact_sheet) if contact_sheet is not None else None,
        guidance,
    )
    with Reporter(_in_turn(on_event), stop) as reporter:
        job.check()
        job.check_sheet()
        return FolderRun(prepare(job, reporter), reporter, stop).run()


def plan_folder(
    source: str | Path,
    target: str | Path,
    *,
    engine: EngineConfig | None = None,
    reading: Reading | None = None,
    writing: Writing | None = None,
    reference: ReferenceSource | None = None,
    reference_mode: Mode = "auto",
    select: Selection | None = None,
    naming: Naming | None = None,
    policy: Policy = "refuse",
    workers: int | None = None,
    ray: str | None = None,
    together: int | None = None,
    stop: StopEvent | None = None,
    on_event: Observer = nobody,
) -> FolderPlan:
    """What ``colorize_folder`` would do with the same arguments, and about how long it would take; writes nothing.

    One picture of the middle size is colorized to find that out. Raises what ``colorize_folder`` raises before work
    begins.
    """
    guidance = Guidance.of(reference, reference_mode, albums=True)
    job = Job(
        open_place(source),
        open_place(target),
        engine or EngineConfig(),
        reading or Reading(),
        writing or Writing(),
        select or Selection(),
        naming or Naming(),
        policy,
        workers,
        ray,
        together,
        guidance=guidance,
    )
    with Reporter(on_event, stop) as reporter:
        job.check()
        return _planned(prepare(job, reporter), reporter)


def _planned(prepared: Prepared, reporter: Reporter) -> FolderPlan:
    from nircolor.batch.probe import megapixels, probe_all, seconds
    from nircolor.batch.runners import load_here

    job, plan = prepared.job, prepared.plan
    engine = load_here(prepared, reporter) if plan.entries else None
    shapes = probe_all(job.source / entry.source for entry in plan.entries)
    if text := left_out(plan.left_out):
        reporter.note(f"{display_name(str(job.source))}: {text}")
    for problem in plan.problems:
        reporter.warn(f"{display_name(str(job.source / problem.name))}: {problem.reason}")
    return FolderPlan(
        pictures=tuple(map(Planned.of, plan.entries, shapes)),
        bytes=sum(entry.bytes for entry in plan.entries),
        megapixels=megapixels(shapes),
        seconds=seconds(engine, shapes) / len(job.devices) if engine else 0.0,
        skipped=plan.skipped,
        left_out=plan.left_out,
        warnings=tuple(reporter.warnings),
    )


def _in_turn(on_event: Observer) -> Observer:
    """``on_event``, never called by two threads at once."""
    guard = RLock()

    def observe(event: Event) -> None:
        with guard:
            on_event(event)

    return observe
