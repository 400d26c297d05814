"""One picture from file to file: what can be refused is refused first, then the network is loaded, then work begins."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING, Any

from nircolor import every_page, picture
from nircolor.correction import Correction
from nircolor.engine import EngineConfig, check_device, check_weights, ready, settings_of
from nircolor.errors import UsageError, display_name
from nircolor.events import Observer, Reporter, nobody
from nircolor.files import check_output
from nircolor.image import OutputPlan, default_output, list_pages, plan_output
from nircolor.image.formats import PAGED, by_suffix, outcome
from nircolor.image.geo import gdal_guard
from nircolor.painting import Clock, PagePainter, Timed
from nircolor.picture import Reading, Writing
from nircolor.places import Source, Target, check_source, content_of, is_same, make_room, name_of, path_of
from nircolor.reference import Guidance, Led, Mode, ReferenceSource, Used
from nircolor.wording import command_line

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer, EngineInfo
    from nircolor.image import PageList
    from nircolor.picture import Windows
    from nircolor.tiling import Piece

STREAM, STREAM_FORMAT = "-", "PNG"
FEW = 4 << 20  # pixels, for which a network is used once or twice
_ONLY_IF_ASKED = ("pages", "correction", "reference")


@dataclass(frozen=True)
class FileResult:
    """What became of one picture. ``output`` is ``-`` for a stream. ``seconds``: of the network and what it reads.

    ``pages``: how many, where all were asked for; ``width``, ``height`` and ``depth`` are then those of the first, and
    the speed is that of all.
    """

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
    pages: int | None = None
    correction: Correction = field(default_factory=Correction)
    reference: Used | None = None
    """How it was used; of several pages, in the first."""

    def to_json(self) -> dict[str, Any]:
        """What ``nircolor colorize --json`` prints; what was not asked for is left out."""
        values = {**asdict(self), "warnings": [command_line(text) for text in self.warnings]}
        values |= {"correction": self.correction.factors, "reference": self.reference and self.reference.to_json()}
        return {name: value for name, value in values.items() if name not in _ONLY_IF_ASKED or value}

    def __str__(self) -> str:
        source = "standard input" if self.input == STREAM else display_name(self.input)
        target = "standard output" if self.output == STREAM else display_name(self.output)
        pages = f"{self.pages} pages, the first " if self.pages is not None and self.pages > 1 else ""
        return f"{source} -> {target}: {pages}{self.width} x {self.height}, {self.depth} bit, {self.seconds} s"


def colorize_file(
    source: Source,
    target: str | Target | None = None,
    *,
    engine: EngineConfig | Colorizer | None = None,
    reading: Reading | None = None,
    writing: Writing | None = None,
    reference: ReferenceSource | None = None,
    reference_mode: Mode = "auto",
    overwrite: bool = False,
    stop: StopEvent | None = None,
    on_event: Observer = nobody,
) -> FileResult:
    """Colorize one near-infrared picture, at its own size and bit depth.

    Args:
        source: path of a picture file (``docs/formats.md`` has the formats), the bytes of one, or a binary stream,
            which is read to its end and stays open. With ``nircolor[geo]`` also what GDAL reads, and https:// and s3://
            URLs of it.
        target: path of the output, or a binary stream, which gets a PNG unless ``writing`` names another format; None:
            ``photo.tif`` becomes ``photo_rgb.tif`` beside it.
        engine: weights, device, precision and tiles; or an engine that is loaded already, for many pictures one after
            the other.
        reading: how the file is read: range, band, page, what becomes of colour.
        writing: depth and format of the output, where they are not those of the source.
        reference: a colour picture of the same place, or of another one with the same camera, whose colours are taken:
            a path, or an array (H, W, 3) of sRGB. reference_mode: ``auto`` finds out which of the two it is, ``place``
            and ``palette`` allow one alone.
        overwrite: whether an existing output is replaced.
        stop: once it is set, the work ends with StoppedError.
        on_event: gets Progress, Note, Warned and EngineReady events.

    Returns the size, depth, time and weights of the output. Raises InputError, OutputError, OutputExistsError,
    UsageError, WeightsError, DeviceError and StoppedError; nothing partial is left behind.
    """
    guidance = Guidance.of(reference, reference_mode)
    engine = engine or EngineConfig()
    with Reporter(on_event, stop) as reporter:
        parts = engine, settings_of(engine), reading or Reading(), writing or Writing()
        return _Job(source, *parts, guidance, overwrite, reporter).run(target)


@dataclass(frozen=True)
class _Job:
    """The arguments of ``colorize_file``. ``settings``: what ``engine`` is or will be like."""

    source: Source
    engine: EngineConfig | Colorizer
    settings: EngineConfig
    reading: Reading
    writing: Writing
    guidance: Guidance
    overwrite: bool
    reporter: Reporter

    def run(self, output: str | Target | None) -> FileResult:
        """In the order in which errors are cheap to find."""
        reporter, clock = self.reporter, Clock(self.reporter)
        reporter.check()
        check_device(self.settings.device)
        self.settings.choice.check()
        self.settings.correction.check()
        target = self._target(output)
        if self.engine is self.settings:
            check_weights(self.settings.weights)
        content = content_of(self.source)
        if self.reading.page == "all" and (listed := list_pages(content)) and len(listed.pages) > 1:
            return self._all_pages(content, listed, target or self._default(PAGED))
        with picture.opened(content, self.reading) as image:
            target = target or self._default(outcome(image.info.format))
            plan = self._plan(target, image)
            clock.lap("opened")
            reporter.progress("loading the weights")
            brief = image.shape[0] * image.shape[1] <= FEW
            engine = self.guidance.lead(ready(self.engine, reporter, brief=brief))
            clock.lap("engine loaded")
            make_room(target)
            reporter.progress("colorizing", 0, image.shape[0] * image.shape[1])
            pieces = Timed(engine.paint(image, on_progress=reporter.stage("colorizing"), on_retreat=reporter.retreat))
            picture.write(target, self._until_written(pieces), image, plan, self.overwrite)
            self._remark(target, image, plan)
        used = [engine.used] if isinstance(engine, Led) and engine.used else []
        self._tell(used)
        reporter.detail(f"colorized in {pieces.seconds:.2f} s")
        clock.lap("colorized and written")
        return self._result(target, image.shape, plan, engine.info, pieces.seconds, used)

    def _all_pages(self, content: str | Path | bytes, listed: PageList, target: Target) -> FileResult:
        """As ``run``, page by page; the network is loaded when the first of them has been opened."""
        writing = self._writing(target)
        every_page.check_target(len(listed.pages), path_of(target), writing)
        names = name_of(self.source, "standard input"), name_of(target, "standard output")
        work = PagePainter(self.engine, self.guidance, self.reporter, len(listed.pages))
        pages = every_page.Pages(content, listed, self.reading, writing, *names)
        make_room(target)
        made = pages.colorize(target, work.paint, self.overwrite, work.announce)
        for remark in made.remarks:
            self.reporter.warn(remark)
        self._tell(work.used)
        plan, size = OutputPlan(PAGED, made.depth), (made.height, made.width)
        return self._result(target, size, plan, work.info, work.seconds, work.used, made)

    def _tell(self, used: list[Used]) -> None:
        """How the reference was used, in one line; ``used`` of each page."""
        if not used:
            return
        lost, name = [str(number) for number, one in enumerate(used, 1) if one.mode == "none"], self.guidance.name
        if not lost:
            self.reporter.note(f"{name}: {used[0]}")
        else:
            pages = f"page {', '.join(lost)}: " if len(used) > 1 else ""
            self.reporter.warn(f"{name}: {pages}{used[int(lost[0]) - 1]}")

    def _writing(self, target: Target) -> Writing:
        format = self.writing.format or (STREAM_FORMAT if path_of(target) is None else None)
        return replace(self.writing, format=format)

    def _until_written(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        """``pieces``; formats that are encoded in one piece take a while after the last of them."""
        yield from pieces
        self.reporter.progress("writing")

    def _target(self, output: str | Target | None) -> Target | None:
        """The output, checked as far as can be before the input is read; None when its name depends on what is read."""
        path = path_of(self.source)
        if isinstance(self.source, io.TextIOBase) or isinstance(output, io.TextIOBase):
            raise UsageError("a stream of text holds no picture", remedy="open it in binary mode")
        if path is not None and not gdal_guard.is_remote(self.source):
            check_source(path)
        if output is not None:
            return self._checked(Path(output) if isinstance(output, str) else output)
        if path is None:
            raise UsageError("what has no name gives none to its output", remedy="give `target`")
        format = self.writing.format or by_suffix(path)
        return None if format is None else self._default(self.writing.format)

    def _default(self, format: str | None) -> Target:
        """``photo.tif`` -> ``photo_rgb.tif``, with another suffix where ``format`` asks for it."""
        return self._checked(default_output(path_of(self.source) or Path(), format), format)

    def _checked(self, target: Target, format: str | None = None) -> Target:
        format, path = format or self.writing.format, path_of(target)
        if path is None:
            plan_output(None, depth=self.writing.depth, format=format or STREAM_FORMAT, cog=self.writing.cog)
            return target
        if format or path.suffix:
            plan_output(path, depth=self.writing.depth, format=format, cog=self.writing.cog)
        if is_same(self.source, path):
            raise UsageError("is the input itself", path=path, remedy="choose another name for the output")
        check_output(path, self.overwrite)
        return target

    def _plan(self, target: Target, image: Windows) -> OutputPlan:
        """Format and depth of the output; reports what the input lacks and what the output cannot hold."""
        (height, width), tiling, reporter = image.shape, self.settings.tiling, self.reporter
        plan = picture.plan(path_of(target), image, self._writing(target))
        source = self._remark(target, image, plan)
        stretch = self.reading.stretch
        reporter.detail(f"{source}: {image.info.format}, {width} x {height}, {image.info.dtype}, stretch {stretch}")
        reporter.detail(
            f"tile {tiling.tile}, overlap {tiling.overlap}, batch {tiling.batch}, prior {self.settings.prior}"
        )
        return plan

    def _remark(self, target: Target, image: Windows, plan: OutputPlan) -> str:
        """Warn of what has not been said yet: some of it shows only while windows are read. The name of the source."""
        source = name_of(self.source, "standard input")
        for remark in picture.remarks(source, name_of(target, "standard output"), image, plan):
            if remark not in self.reporter.warnings:
                self.reporter.warn(remark)
        return source

    def _result(
        self,
        target: Target,
        size: tuple[int, int],
        plan: OutputPlan,
        info: EngineInfo,
        seconds: float,
        used: list[Used],
        pages: every_page.PagesDone | None = None,
    ) -> FileResult:
        height, width = size
        pixels = pages.pixels if pages else height * width
        return FileResult(
            input=str(self.source) if gdal_guard.is_remote(self.source) else str(path_of(self.source) or STREAM),
            output=str(path_of(target) or STREAM),
            format=plan.format,
            width=width,
            height=height,
            depth=plan.depth,
            seconds=round(seconds, 3),
            megapixels_per_second=round(pixels / 1e6 / max(seconds, 1e-9), 3),
            device=info.device,
            kernel=info.kernel,
            precision=info.precision,
            weights=self.settings.weights,
            sha256=info.weights_sha256,
            warnings=tuple(self.reporter.warnings),
            pages=pages.pages if pages else 1 if self.reading.page == "all" else None,
            correction=self.settings.correction,
            reference=used[0] if used else None,
        )
