"""One picture from file to file: what can be refused is refused first, then torch is loaded, then work begins."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from nircolor.cli.common import Advance, Report
from nircolor.cli.engine import check_device, check_weights, load_engine, locate_weights
from nircolor.errors import InputError, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nircolor.colorizer import Colorizer, EngineInfo
    from nircolor.image import NirImage, OutputPlan, Stretch
    from nircolor.tiling import Tiling

STREAM = "-"
STREAM_FORMAT = "PNG"


@dataclass(frozen=True)
class Job:
    """The command line of ``nircolor colorize``, parsed."""

    source: str
    output: str | None
    weights: str
    device: str
    precision: str
    prior: Literal["global", "tile"]
    tiling: Tiling
    stretch: Stretch
    equalize: bool
    band: int | None
    page: int | None
    grey: bool
    depth: int | None
    format: str | None
    overwrite: bool


@dataclass(frozen=True)
class Target:
    """Where the output goes: ``path``, or standard output when it is None."""

    path: Path | None
    format: str | None

    @property
    def name(self) -> str:
        from nircolor.image.source import display_name

        return "standard output" if self.path is None else display_name(self.path)


def run(job: Job, report: Report) -> None:
    """Do the job. Raises the errors of nircolor/errors.py, in the order in which they are cheap to find."""
    clock = _Clock(report)
    check_device(job.device)
    target = _target(job, report.json)
    check_weights(job.weights)
    image = _read(job)
    target = target or _settle(job, image.info.format)
    plan = _plan(job, target, image, report)
    clock.lap("read")
    weights = locate_weights(job.weights, report)
    with report.progress() as advance:
        advance("loading the weights", 0, 0)
        engine = load_engine(weights, job.weights, job.device, job.precision, job.tiling, job.prior, report)
        clock.lap("engine loaded")
        rgb = _colorize(engine, image, advance)
        seconds = clock.lap("colorized")
        advance("writing", 0, 0)
        _write(job, target, rgb, image, plan)
        clock.lap("written")
    values = _summary(job, target, image, plan, engine.info, seconds)
    size = "{width} x {height}, {depth} bit, {seconds} s".format(**values)
    report.say(f"{_source_name(job)} -> {target.name}: {size}")
    report.result({**values, "warnings": report.warnings})


class _Clock:
    """Tells with -v how long each stage took."""

    def __init__(self, report: Report) -> None:
        self._report, self._start = report, time.perf_counter()

    def lap(self, what: str) -> float:
        """Seconds since the last lap."""
        now = time.perf_counter()
        seconds, self._start = now - self._start, now
        self._report.detail(f"{what} in {seconds:.2f} s")
        return seconds


def _target(job: Job, json: bool) -> Target | None:
    """The output, checked as far as can be before the input is read; None when its name depends on what is read."""
    output = job.output or (STREAM if job.source == STREAM else None)
    if output == STREAM:
        return _stream_target(job, json)
    if job.source != STREAM:
        _check_source(job.source)
    if output is None:
        return _default_target(job)
    return _check_target(job, Target(Path(output), job.format))


def _stream_target(job: Job, json: bool) -> Target:
    if json:
        raise UsageError("--json: standard output is taken by the picture; name an output file with -o")
    if sys.stdout is None or sys.stdout.isatty():
        raise UsageError("standard output is no place for a picture here; redirect it, or name a file with -o")
    return _check_target(job, Target(None, job.format or STREAM_FORMAT))


def _default_target(job: Job) -> Target | None:
    from nircolor.image import default_output
    from nircolor.image.formats import by_suffix

    source = Path(job.source)
    if job.format is None and by_suffix(source) is None:
        return None
    return _check_target(job, Target(default_output(source, job.format), job.format))


def _settle(job: Job, format: str) -> Target:
    """The default output of an input whose format only its content has told."""
    from nircolor.image import default_output

    return _check_target(job, Target(default_output(Path(job.source), format), format))


def _check_source(source: str) -> None:
    """A missing input is told before a missing folder of its output."""
    from nircolor.image.source import display_name, open_source

    try:
        with open_source(source):
            pass
    except InputError as error:
        raise InputError(f"{display_name(source)}: {error}") from error.__cause__


def _check_target(job: Job, target: Target) -> Target:
    from nircolor.image import check_output, plan_output

    if target.format or (target.path and target.path.suffix):
        plan_output(target.path, depth=job.depth, format=target.format)
    if target.path:
        if _is_source(job.source, target.path):
            raise UsageError(f"{target.name}: is the input itself; choose another name for the output")
        check_output(target.path, job.overwrite)
    return target


def _is_source(source: str, target: Path) -> bool:
    """Whether both are one file, be it by way of links or of a redirection to standard input."""
    try:
        status = os.fstat(sys.stdin.fileno()) if source == STREAM else Path(source).stat()
        return os.path.samestat(status, target.stat())
    except (OSError, ValueError, AttributeError):  # no such target, or no such standard input
        return False


def _source_name(job: Job) -> str:
    from nircolor.image.source import display_name

    return "standard input" if job.source == STREAM else display_name(job.source)


def _read(job: Job) -> NirImage:
    from nircolor import picture

    source = _standard_input() if job.source == STREAM else job.source
    colours: picture.Colours = "colorize" if job.grey else "refuse"
    return picture.read(source, picture.Reading(job.stretch, job.equalize, job.band, job.page, colours))


def _standard_input() -> bytes:
    from nircolor.image.limits import MAX_BYTES

    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("standard input is no picture here; pipe one in, or name a file")
    return sys.stdin.buffer.read(MAX_BYTES + 1)


def _plan(job: Job, target: Target, image: NirImage, report: Report) -> OutputPlan:
    """Format and depth of the output; tells what the input lacks and what the output cannot hold."""
    from nircolor import picture

    height, width = image.pixels.shape
    plan = picture.plan(target.path, image, picture.Writing(job.depth, target.format))
    source = _source_name(job)
    for remark in picture.remarks(source, target.name, image, plan):
        report.warn(remark)
    report.detail(f"{source}: {image.info.format}, {width} x {height}, {image.info.dtype}, stretch {job.stretch}")
    report.detail(f"tile {job.tiling.tile}, overlap {job.tiling.overlap}, batch {job.tiling.batch}, prior {job.prior}")
    return plan


def _colorize(engine: Colorizer, image: NirImage, advance: Advance) -> NDArray[Any]:
    advance("colorizing", 0, image.pixels.size)
    return engine.colorize(image.pixels, on_progress=lambda done, total: advance("colorizing", done, total))


def _write(job: Job, target: Target, rgb: NDArray[Any], image: NirImage, plan: OutputPlan) -> None:
    from nircolor import picture

    place: Path | BinaryIO = target.path or sys.stdout.buffer
    picture.write(place, rgb, image, plan, job.overwrite)


def _summary(
    job: Job, target: Target, image: NirImage, plan: OutputPlan, info: EngineInfo, seconds: float
) -> dict[str, Any]:
    height, width = image.pixels.shape
    return {
        "input": job.source,
        "output": STREAM if target.path is None else str(target.path),
        "format": plan.format,
        "width": width,
        "height": height,
        "depth": plan.depth,
        "seconds": round(seconds, 3),
        "megapixels_per_second": round(height * width / 1e6 / max(seconds, 1e-9), 3),
        "device": info.device,
        "kernel": info.kernel,
        "precision": info.precision,
        "weights": job.weights,
        "sha256": info.weights_sha256,
    }
