"""One video from file to file: what can be refused is refused first, then torch is loaded, then work begins."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nircolor.cli.engine import check_device, check_weights, load_engine, locate_weights
from nircolor.cli.report import Report, one_line
from nircolor.errors import UsageError

if TYPE_CHECKING:
    from nircolor.image import Stretch
    from nircolor.picture import Colours
    from nircolor.tiling import Tiling
    from nircolor.video import Passed, Sink, Source
    from nircolor.video.damping import Damping

MOST_FPS = 1000


@dataclass(frozen=True)
class Job:
    """The command line of ``nircolor video``, parsed."""

    source: str
    output: str | None
    smooth: float | None
    codec: str | None
    fps: float | None
    overwrite: bool
    weights: str
    device: str
    precision: str
    prior: Literal["global", "tile"]
    tiling: Tiling
    stretch: Stretch
    band: int | None
    page: int | None
    colours: Colours


def run(job: Job, report: Report) -> int:
    """Do the job and return its exit code. Raises the errors of nircolor/errors.py, cheap ones first."""
    damping = _check(job)
    with closing(_open_source(job)) as source:
        target = _target(job)
        fps = _rate(job, target, source)
        with _open_sink(job, target, source, fps) as sink:
            return _Run(job, report, source, sink, target, fps).run(damping)


class _Run:
    """A video of which everything is open."""

    def __init__(self, job: Job, report: Report, source: Source, sink: Sink, target: Path, fps: float) -> None:
        self.job, self.report, self.source, self.sink, self.target, self.fps = job, report, source, sink, target, fps
        self._told = 0

    def run(self, damping: Damping) -> int:
        from nircolor.cli.video_screen import Screen
        from nircolor.video import run as flow

        job, report = self.job, self.report
        self._tell_warnings()
        weights = locate_weights(job.weights, report)
        engine = load_engine(weights, job.weights, job.device, job.precision, job.tiling, job.prior, report)
        from nircolor.video.steady import Steady

        steady = Steady(engine, damping)
        start = time.perf_counter()
        with Screen(report, self.source.stream.expected) as screen:
            passed = flow(self.source, self.sink, steady.colorize, screen.advance)
            self.sink.finish()
        seconds = time.perf_counter() - start
        if copied := self.source.stream.copied:
            self.source.stream.remark(f"{copied} of its frames are colour pictures: passed on as they are")
        self._tell_warnings()
        report.detail(f"smoothing {damping.strength:g}, {steady.cuts} scene changes")
        values = {**self._summary(passed, seconds), "smooth": damping.strength, "scene_changes": steady.cuts}
        info = engine.info
        values |= {"device": info.device, "kernel": info.kernel, "precision": info.precision}
        return self._end(passed, {**values, "weights": job.weights, "sha256": info.weights_sha256})

    def _tell_warnings(self) -> None:
        from nircolor.errors import display_name

        warnings = self.source.stream.warnings
        for warning in warnings[self._told :]:
            self.report.warn(f"{display_name(self.job.source)}: {warning}")
        self._told = len(warnings)

    def _summary(self, passed: Passed, seconds: float) -> dict[str, Any]:
        stream = self.source.stream
        height, width = stream.square if self.fps else (stream.height, stream.width)
        return {
            "input": self.job.source,
            "output": str(self.target),
            "frames": passed.frames,
            "width": width,
            "height": height,
            "fps": self.fps or None,
            "seconds": round(seconds, 3),
            "frames_per_second": round(passed.frames / max(seconds, 1e-9), 2),
        }

    def _end(self, passed: Passed, values: dict[str, Any]) -> int:
        from nircolor.errors import display_name

        text = "{frames} frames, {width} x {height}, {seconds} s, {frames_per_second} frames/s".format(**values)
        self.report.say(f"{display_name(self.job.source)} -> {display_name(self.target)}: {text}")
        if passed.damage:
            error = f"{passed.damage}; the frames before it are in {display_name(self.target)}"
            self.report.error(error)
            values |= {"error": one_line(error), "exit_code": 1}
        self.report.result({**values, "warnings": self.report.warnings})
        return int(passed.damage is not None)


def _check(job: Job) -> Damping:
    """What can be refused without a look at any file; how to smooth."""
    from nircolor.video.damping import Damping

    check_device(job.device)
    check_weights(job.weights)
    if job.fps is not None and not 0 < job.fps <= MOST_FPS:
        raise UsageError(f"--fps {job.fps:g}: give more than 0 and at most {MOST_FPS}")
    if job.smooth is None:
        return Damping() if job.prior == "global" else Damping(0)
    if job.smooth and job.prior != "global":
        raise UsageError("--smooth: needs --prior global; leave one of the two out")
    return Damping(job.smooth)


def _open_source(job: Job) -> Source:
    from nircolor.video import open_source

    return open_source(Path(job.source), job.band, job.colours, job.page, job.stretch)


def _target(job: Job) -> Path:
    """Where the output goes. Raises UsageError where that is the input."""
    from nircolor.errors import display_name
    from nircolor.video import default_output

    source = Path(job.source)
    target = Path(job.output) if job.output else default_output(source)
    if target.exists() and target.samefile(source):
        raise UsageError(f"{display_name(target)}: is the input itself; choose another name for the output")
    return target


def _rate(job: Job, target: Path, source: Source) -> float:
    """Frames a second of the output, 0 for a folder."""
    from nircolor.errors import display_name
    from nircolor.video import is_video

    if not is_video(target):
        for name, value in (("--fps", job.fps), ("--codec", job.codec)):
            if value is not None:
                raise UsageError(f"{name}: {display_name(target)} is a folder of frames, which has none; leave it out")
        return 0.0
    rate = job.fps or source.stream.fps
    if source.stream.fps_assumed and not job.fps:
        source.stream.remark(f"its pictures have no frame rate: {rate:g} a second are taken; --fps changes that")
    if rate is None:
        raise UsageError(f"{display_name(job.source)}: has no frame rate; give one with --fps, such as --fps 25")
    return rate


def _open_sink(job: Job, target: Path, source: Source, fps: float) -> AbstractContextManager[Sink]:
    from nircolor.video import open_file, open_folder

    if fps:
        return open_file(target, source.stream, fps, job.codec, job.overwrite)
    return open_folder(target, job.overwrite, source.stream)
