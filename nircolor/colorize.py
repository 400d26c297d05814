"""One picture from file to file: what can be refused is refused first, then torch is loaded, then work begins."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING, Any, BinaryIO

from nircolor import picture
from nircolor.engine import EngineConfig, check_device, check_weights
from nircolor.errors import InputError, UsageError, display_name
from nircolor.events import Observer, Reporter, nobody
from nircolor.files import check_output
from nircolor.image import default_output, plan_output
from nircolor.image.formats import by_suffix
from nircolor.image.limits import MAX_BYTES
from nircolor.image.source import open_source
from nircolor.picture import Reading, Writing

if TYPE_CHECKING:
    from nircolor.colorizer import EngineInfo
    from nircolor.image import NirImage, OutputPlan

STREAM, STREAM_FORMAT = "-", "PNG"
Source = str | Path | bytes | BinaryIO
Target = Path | BinaryIO


@dataclass(frozen=True)
class FileResult:
    """What became of one picture. ``output`` is ``-`` for a stream. ``seconds``: of the network alone."""

    input: str
    output: str
    format: str
    width: int
    height: int
    depth: int
    seconds: float
    megapixels_per_second: float
    device: str
    kernel: str
    precision: str
    weights: str
    sha256: str
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What ``nircolor colorize --json`` prints."""
        return {**asdict(self), "warnings": list(self.warnings)}

    def __str__(self) -> str:
        source = "standard input" if self.input == STREAM else display_name(self.input)
        target = "standard output" if self.output == STREAM else display_name(self.output)
        return f"{source} -> {target}: {self.width} x {self.height}, {self.depth} bit, {self.seconds} s"


def colorize_file(
    source: Source,
    target: str | Target | None = None,
    *,
    engine: EngineConfig | None = None,
    reading: Reading | None = None,
    writing: Writing | None = None,
    overwrite: bool = False,
    stop: StopEvent | None = None,
    on_event: Observer = nobody,
) -> FileResult:
    """Colorize one near-infrared picture, at its own size and bit depth.

    Args:
        source: path of a PNG, TIFF, JPEG, WebP or BMP file, the bytes of one, or a binary stream.
        target: path of the output, or a binary stream; None: ``photo.tif`` becomes ``photo_rgb.tif`` beside it.
        engine: weights, device, precision and tiles. reading, writing: how the file is read (range, band, page) and
        written (depth, format). overwrite: whether an existing output is replaced.
        stop: once set, the work ends with StoppedError. on_event: gets Progress, Note, Warned and EngineReady events.

    Returns the size, depth, time and weights of the output. Raises InputError, OutputError, OutputExistsError,
    UsageError, WeightsError and DeviceError; nothing partial is left behind.
    """
    job = _Job(
        source,
        engine or EngineConfig(),
        reading or Reading(),
        writing or Writing(),
        overwrite,
        Reporter(on_event, stop),
    )
    return job.run(target)


@dataclass(frozen=True)
class _Job:
    """The arguments of ``colorize_file``."""

    source: Source
    engine: EngineConfig
    reading: Reading
    writing: Writing
    overwrite: bool
    reporter: Reporter

    def run(self, output: str | Target | None) -> FileResult:
        """In the order in which errors are cheap to find."""
        reporter, clock = self.reporter, _Clock(self.reporter)
        check_device(self.engine.device)
        target = self._target(output)
        check_weights(self.engine.weights)
        image = picture.read(_content(self.source), self.reading)
        target = target or self._default(image.info.format)
        plan = self._plan(target, image)
        clock.lap("read")
        reporter.progress("loading the weights")
        engine = self.engine.load(reporter)
        clock.lap("engine loaded")
        reporter.progress("colorizing", 0, image.pixels.size)
        rgb = engine.colorize(image.pixels, on_progress=reporter.stage("colorizing"))
        seconds = clock.lap("colorized")
        reporter.progress("writing")
        picture.write(target, rgb, image, plan, self.overwrite)
        clock.lap("written")
        return self._result(target, image, plan, engine.info, seconds)

    def _target(self, output: str | Target | None) -> Target | None:
        """The output, checked as far as can be before the input is read; None when its name depends on what is read."""
        path = _path(self.source)
        if path is not None:
            _check_source(path)
        if output is not None:
            return self._checked(Path(output) if isinstance(output, str) else output)
        if path is None:
            raise UsageError("what has no name gives none to its output", remedy="give `target`")
        format = self.writing.format or by_suffix(path)
        return None if format is None else self._default(self.writing.format)

    def _default(self, format: str | None) -> Target:
        """``photo.tif`` -> ``photo_rgb.tif``, with another suffix where ``format`` asks for it."""
        return self._checked(default_output(_path(self.source) or Path(), format), format)

    def _checked(self, target: Target, format: str | None = None) -> Target:
        format, path = format or self.writing.format, _path(target)
        if path is None:
            plan_output(None, depth=self.writing.depth, format=format or STREAM_FORMAT)
            return target
        if format or path.suffix:
            plan_output(path, depth=self.writing.depth, format=format)
        if _is_same(self.source, path):
            raise UsageError("is the input itself", path=path, remedy="choose another name for the output")
        check_output(path, self.overwrite)
        return target

    def _plan(self, target: Target, image: NirImage) -> OutputPlan:
        """Format and depth of the output; reports what the input lacks and what the output cannot hold."""
        (height, width), tiling, reporter = image.pixels.shape, self.engine.tiling, self.reporter
        format = self.writing.format or (STREAM_FORMAT if _path(target) is None else None)
        plan = picture.plan(_path(target), image, Writing(self.writing.depth, format))
        source = _name(self.source, "standard input")
        for remark in picture.remarks(source, _name(target, "standard output"), image, plan):
            reporter.warn(remark)
        stretch = self.reading.stretch
        reporter.detail(f"{source}: {image.info.format}, {width} x {height}, {image.info.dtype}, stretch {stretch}")
        reporter.detail(
            f"tile {tiling.tile}, overlap {tiling.overlap}, batch {tiling.batch}, prior {self.engine.prior}"
        )
        return plan

    def _result(
        self, target: Target, image: NirImage, plan: OutputPlan, info: EngineInfo, seconds: float
    ) -> FileResult:
        height, width = image.pixels.shape
        return FileResult(
            input=str(_path(self.source) or STREAM),
            output=str(_path(target) or STREAM),
            format=plan.format,
            width=width,
            height=height,
            depth=plan.depth,
            seconds=round(seconds, 3),
            megapixels_per_second=round(height * width / 1e6 / max(seconds, 1e-9), 3),
            device=info.device,
            kernel=info.kernel,
            precision=info.precision,
            weights=self.engine.weights,
            sha256=info.weights_sha256,
            warnings=tuple(self.reporter.warnings),
        )


class _Clock:
    """Reports, as a detail, how long each stage took."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter, self._start = reporter, time.perf_counter()

    def lap(self, what: str) -> float:
        """Seconds since the last lap."""
        now = time.perf_counter()
        seconds, self._start = now - self._start, now
        self._reporter.detail(f"{what} in {seconds:.2f} s")
        return seconds


def _path(place: Source | Target) -> Path | None:
    """The path of a file; None for bytes and streams."""
    return Path(place) if isinstance(place, (str, Path)) else None


def _name(place: Source | Target, stream: str) -> str:
    path = _path(place)
    return stream if path is None else display_name(path)


def _content(source: Source) -> str | Path | bytes:
    return source if isinstance(source, (str, Path, bytes)) else source.read(MAX_BYTES + 1)


def _check_source(path: Path) -> None:
    """A missing input is reported before a missing folder of its output."""
    try:
        with open_source(path):
            pass
    except InputError as error:
        raise error.at(path) from error.__cause__


def _is_same(source: Source, target: Path) -> bool:
    """Whether both are one file, be it by way of links or of a redirection to standard input."""
    if isinstance(source, bytes):
        return False
    try:
        status = os.stat(source) if isinstance(source, (str, Path)) else os.fstat(source.fileno())  # noqa: PTH116
        return os.path.samestat(status, target.stat())
    except (OSError, ValueError, AttributeError):  # no such target, or a stream that is no file
        return False
