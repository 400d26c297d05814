"""One picture from file to file: what can be refused is refused first, then torch is loaded, then work begins."""

from __future__ import annotations

import io
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING, Any, BinaryIO

from nircolor import picture
from nircolor.engine import EngineConfig, check_device, check_weights, ready, settings_of
from nircolor.errors import InputError, UsageError, display_name
from nircolor.events import Observer, Reporter, nobody
from nircolor.files import check_output
from nircolor.image import default_output, plan_output
from nircolor.image.formats import by_suffix, outcome
from nircolor.image.limits import MAX_BYTES
from nircolor.image.source import open_source
from nircolor.picture import Reading, Writing
from nircolor.wording import command_line

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer, EngineInfo
    from nircolor.image import NirImage, OutputPlan

STREAM, STREAM_FORMAT = "-", "PNG"
_BLOCK = 1 << 20  # bytes
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
        return {**asdict(self), "warnings": [command_line(text) for text in self.warnings]}

    def __str__(self) -> str:
        source = "standard input" if self.input == STREAM else display_name(self.input)
        target = "standard output" if self.output == STREAM else display_name(self.output)
        return f"{source} -> {target}: {self.width} x {self.height}, {self.depth} bit, {self.seconds} s"


def colorize_file(
    source: Source,
    target: str | Target | None = None,
    *,
    engine: EngineConfig | Colorizer | None = None,
    reading: Reading | None = None,
    writing: Writing | None = None,
    overwrite: bool = False,
    stop: StopEvent | None = None,
    on_event: Observer = nobody,
) -> FileResult:
    """Colorize one near-infrared picture, at its own size and bit depth.

    Args:
        source: path of a picture file (``docs/formats.md`` has the formats), the bytes of one, or a binary stream,
            which is read to its end and stays open.
        target: path of the output, or a binary stream, which gets a PNG unless ``writing`` names another format; None:
            ``photo.tif`` becomes ``photo_rgb.tif`` beside it.
        engine: weights, device, precision and tiles; or an engine that is loaded already, for many pictures one after
            the other.
        reading: how the file is read: range, band, page, what becomes of colour.
        writing: depth and format of the output, where they are not those of the source.
        overwrite: whether an existing output is replaced.
        stop: once it is set, the work ends with StoppedError.
        on_event: gets Progress, Note, Warned and EngineReady events.

    Returns the size, depth, time and weights of the output. Raises InputError, OutputError, OutputExistsError,
    UsageError, WeightsError, DeviceError and StoppedError; nothing partial is left behind.
    """
    engine = engine or EngineConfig()
    with Reporter(on_event, stop) as reporter:
        parts = engine, settings_of(engine), reading or Reading(), writing or Writing()
        return _Job(source, *parts, overwrite, reporter).run(target)


@dataclass(frozen=True)
class _Job:
    """The arguments of ``colorize_file``. ``settings``: what ``engine`` is or will be like."""

    source: Source
    engine: EngineConfig | Colorizer
    settings: EngineConfig
    reading: Reading
    writing: Writing
    overwrite: bool
    reporter: Reporter

    def run(self, output: str | Target | None) -> FileResult:
        """In the order in which errors are cheap to find."""
        reporter, clock = self.reporter, _Clock(self.reporter)
        reporter.check()
        check_device(self.settings.device)
        target = self._target(output)
        if self.engine is self.settings:
            check_weights(self.settings.weights)
        image = picture.read(_content(self.source), self.reading)
        target = target or self._default(outcome(image.info.format))
        plan = self._plan(target, image)
        clock.lap("read")
        reporter.progress("loading the weights")
        engine = ready(self.engine, reporter)
        clock.lap("engine loaded")
        reporter.progress("colorizing", 0, image.pixels.size)
        stage = reporter.stage("colorizing")
        rgb = engine.colorize(image.pixels, on_progress=stage, on_retreat=reporter.retreat)
        seconds = clock.lap("colorized")
        reporter.progress("writing")
        picture.write(target, rgb, image, plan, self.overwrite)
        clock.lap("written")
        return self._result(target, image, plan, engine.info, seconds)

    def _target(self, output: str | Target | None) -> Target | None:
        """The output, checked as far as can be before the input is read; None when its name depends on what is read."""
        path = _path(self.source)
        if isinstance(self.source, io.TextIOBase) or isinstance(output, io.TextIOBase):
            raise UsageError("a stream of text holds no picture", remedy="open it in binary mode")
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
        (height, width), tiling, reporter = image.pixels.shape, self.settings.tiling, self.reporter
        format = self.writing.format or (STREAM_FORMAT if _path(target) is None else None)
        plan = picture.plan(_path(target), image, Writing(self.writing.depth, format))
        source = _name(self.source, "standard input")
        for remark in picture.remarks(source, _name(target, "standard output"), image, plan):
            reporter.warn(remark)
        stretch = self.reading.stretch
        reporter.detail(f"{source}: {image.info.format}, {width} x {height}, {image.info.dtype}, stretch {stretch}")
        reporter.detail(
            f"tile {tiling.tile}, overlap {tiling.overlap}, batch {tiling.batch}, prior {self.settings.prior}"
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
            weights=self.settings.weights,
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
    return source if isinstance(source, (str, Path, bytes)) else _all_of(source)


def _all_of(stream: BinaryIO) -> bytes:
    """What is left of a stream, or as much of it as shows that it is too large; a raw one hands out pieces."""
    blocks, left = [], MAX_BYTES + 1
    try:
        while left and (block := stream.read(min(left, _BLOCK))):
            blocks.append(block)
            left -= len(block)
    except (OSError, ValueError) as error:  # ValueError: it is closed
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be read ({reason})", path=b"") from error
    return b"".join(blocks)


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
