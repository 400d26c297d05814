"""One video from file to file: what can be refused is refused first, then torch is loaded, then work begins."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING, Any

from nircolor.engine import EngineConfig, ready, settings_of
from nircolor.errors import UsageError, display_name
from nircolor.events import Observer, Reporter, nobody
from nircolor.picture import Reading
from nircolor.video.container import default_output, is_video
from nircolor.video.damping import Damping
from nircolor.video.flow import Passed, run
from nircolor.video.frames import Source, Stream
from nircolor.video.open import open_source
from nircolor.video.sink import Sink, open_file, open_folder
from nircolor.wording import command_line, one_line

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer, EngineInfo

MOST_FPS = 1000


@dataclass(frozen=True)
class VideoResult:
    """What became of one video. ``error``: None, or why it ends early; the frames before the damage are there.

    ``fps``: None for a folder of frames. ``seconds``: of the frames, from the first that is read to the last written.
    """

    input: str
    output: str
    frames: int
    width: int
    height: int
    fps: float | None
    seconds: float
    frames_per_second: float
    smooth: float
    scene_changes: int
    device: str
    kernel: str
    precision: str
    weights: str
    sha256: str
    error: str | None = None
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What ``nircolor video --json`` prints."""
        values = {name: value for name, value in asdict(self).items() if name not in ("error", "warnings")}
        fault = {"error": one_line(command_line(self.error)), "exit_code": 1} if self.error else {}
        return {**values, **fault, "warnings": [one_line(command_line(text)) for text in self.warnings]}

    def __str__(self) -> str:
        text = f"{self.frames} frames, {self.width} x {self.height}, {self.seconds} s"
        names = f"{display_name(self.input)} -> {display_name(self.output)}"
        return f"{names}: {text}, {self.frames_per_second} frames/s"


def colorize_video(
    source: str | Path,
    target: str | Path | None = None,
    *,
    engine: EngineConfig | Colorizer | None = None,
    reading: Reading | None = None,
    smooth: float | None = None,
    fps: float | None = None,
    codec: str | None = None,
    overwrite: bool = False,
    stop: StopEvent | None = None,
    on_event: Observer = nobody,
) -> VideoResult:
    """Colorize a near-infrared video, or a folder of numbered frames: as many frames, of the same size.

    Args:
        source: a video (MP4, MOV, AVI, MKV, WebM, raw MJPEG), or a folder of pictures with numbers in their names.
        target: a video if it ends in .mp4, .m4v, .mov, .avi, .mkv or .webm, else a folder of frames; None:
            ``night.mp4`` becomes ``night_rgb.mp4`` beside it, and a folder ``frames`` becomes ``frames_rgb``.
        engine: weights, device, precision and tiles; or an engine that is loaded already.
        reading: how frames are read: range, band, page, what becomes of colour.
        smooth: how much of the colours of past frames is kept where nothing moves, against flicker: from 0 (off) to
            below 1. None: 0.8, and 0 with ``prior="tile"``.
        fps: frames a second of a video, above 0, at most 1000; None: those of the source. A folder has none.
        codec: four letters, such as ``mp4v``, ``MJPG`` or ``FFV1`` (no loss); None: by the suffix of the target.
        overwrite: whether an output, or frames in a folder, may be replaced.
        stop: once it is set, the work ends with StoppedError.
        on_event: gets Progress, Note, Warned and EngineReady events.

    Returns what was written. Where a frame in the middle is damaged, the frames before it are kept, and ``error`` of
    the result says so. Raises InputError, OutputError, OutputExistsError, UsageError, WeightsError, DeviceError and
    StoppedError; then nothing is left behind. Sound is not kept.
    """
    engine = engine or EngineConfig()
    with Reporter(on_event, stop) as reporter:
        parts = engine, settings_of(engine), reading or Reading(), smooth, fps, codec, overwrite
        return _Job(source, target, *parts, reporter).run()


@dataclass(frozen=True)
class _Job:
    """The arguments of ``colorize_video``. ``settings``: what ``engine`` is or will be like."""

    source: str | Path
    target: str | Path | None
    engine: EngineConfig | Colorizer
    settings: EngineConfig
    reading: Reading
    smooth: float | None
    fps: float | None
    codec: str | None
    overwrite: bool
    reporter: Reporter

    def run(self) -> VideoResult:
        """In the order in which errors are cheap to find."""
        self.reporter.check()
        damping = self._check()
        with closing(open_source(Path(self.source), self.reading)) as source:
            target = self._target()
            fps = self._rate(target, source.stream)
            with self._open_sink(target, source.stream, fps) as sink:
                return self._colorize(source, sink, target, fps, damping)

    def _check(self) -> Damping:
        """What can be refused without a look at any frame; how to smooth."""
        if self.engine is self.settings:
            self.settings.check()
        if self.fps is not None and not 0 < self.fps <= MOST_FPS:
            raise UsageError(f"give more than 0 and at most {MOST_FPS}", option="fps", value=f"{self.fps:g}")
        if self.smooth is None:
            return Damping() if self.settings.prior == "global" else Damping(0)
        damping = Damping(self.smooth)
        damping.check(self.settings.prior)
        return damping

    def _target(self) -> Path:
        """Where the output goes. Raises UsageError where that is the input."""
        source = Path(self.source)
        target = Path(self.target) if self.target else default_output(source)
        if target.exists() and target.samefile(source):
            raise UsageError("is the input itself", path=target, remedy="choose another name for the output")
        return target

    def _rate(self, target: Path, stream: Stream) -> float:
        """Frames a second of the output, 0 for a folder."""
        if not is_video(target):
            self._refuse_options_of_a_video(target)
            return 0.0
        rate = self.fps or stream.fps
        if stream.fps_assumed and not self.fps:
            stream.remark(f"its pictures have no frame rate: {rate:g} a second are taken; `fps` changes that")
        if rate is None:
            raise UsageError("has no frame rate", path=self.source, remedy="give one with `fps`, such as `fps=25`")
        return rate

    def _refuse_options_of_a_video(self, target: Path) -> None:
        for name, value in (("fps", self.fps), ("codec", self.codec)):
            if value is not None:
                reason = f"{display_name(target)} is a folder of frames, which has none"
                raise UsageError(reason, option=name, remedy="leave it out")

    def _open_sink(self, target: Path, stream: Stream, fps: float) -> AbstractContextManager[Sink]:
        if fps:
            return open_file(target, stream, fps, self.codec, self.overwrite)
        return open_folder(target, self.overwrite, stream)

    def _colorize(self, source: Source, sink: Sink, target: Path, fps: float, damping: Damping) -> VideoResult:
        """The work itself, of a video of which everything is open."""
        self._warn(source.stream)
        self.reporter.progress("loading the weights")
        engine = ready(self.engine, self.reporter)
        from nircolor.video.steady import Steady  # which needs torch

        steady, start = Steady(engine, damping, self.reporter.retreat), time.perf_counter()
        passed = run(source, sink, steady.paint, self._counting(source.stream.expected))
        sink.finish()
        seconds = time.perf_counter() - start
        if copied := source.stream.copied:
            source.stream.remark(f"{copied} of its frames are colour pictures: passed on as they are")
        self._warn(source.stream)
        self.reporter.detail(f"smoothing {damping.strength:g}, {steady.cuts} scene changes")
        return self._result(source.stream, target, fps, passed, seconds, steady.cuts, damping.strength, engine.info)

    def _warn(self, stream: Stream) -> None:
        for warning in stream.news():
            self.reporter.warn(f"{display_name(self.source)}: {warning}")

    def _counting(self, expected: int) -> Callable[[int], None]:
        def count(done: int) -> None:
            self.reporter.progress("colorizing", done, expected, "frames")

        count(0)
        return count

    def _result(
        self,
        stream: Stream,
        target: Path,
        fps: float,
        passed: Passed,
        seconds: float,
        cuts: int,
        smooth: float,
        info: EngineInfo,
    ) -> VideoResult:
        height, width = stream.square if fps else (stream.height, stream.width)
        kept = f"the frames before it are in {display_name(target)}"
        return VideoResult(
            input=str(self.source),
            output=str(target),
            frames=passed.frames,
            width=width,
            height=height,
            fps=fps or None,
            seconds=round(seconds, 3),
            frames_per_second=round(passed.frames / max(seconds, 1e-9), 2),
            smooth=smooth,
            scene_changes=cuts,
            device=info.device,
            kernel=info.kernel,
            precision=info.precision,
            weights=self.settings.weights,
            sha256=info.weights_sha256,
            error=f"{passed.damage}; {kept}" if passed.damage else None,
            warnings=tuple(self.reporter.warnings),
        )
