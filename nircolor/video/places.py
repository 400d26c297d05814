"""Where a video comes from and where it goes, and when: the arguments of the verb, checked against each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Event as StopEvent
from typing import BinaryIO

from nircolor.errors import UsageError, display_name
from nircolor.picture import Reading
from nircolor.video.frames import Source, Stream
from nircolor.video.live.address import Patience, check_address, is_live, shown
from nircolor.video.parts import Span
from nircolor.video.read.container import CODECS, default_output, is_another_file, is_video
from nircolor.video.read.open import open_live, open_pipe, open_source
from nircolor.video.write.outputs import Form, Kept, Output, Pipe, Row, Whole

MOST_FPS = 1000
STREAM = "-"
KEPT = 60.0
"""Seconds of a part that is kept for the case that work has to be gone on with: what a kill can cost."""


@dataclass(frozen=True)
class Timing:
    """``reconnect``: seconds, None: as is usual. ``fps``: of the output, None: that of the source."""

    span: Span
    reconnect: float | None = None
    fps: float | None = None

    def check(self) -> None:
        """Raises UsageError."""
        if self.fps is not None and not 0 < self.fps <= MOST_FPS:
            raise UsageError(f"give more than 0 and at most {MOST_FPS}", option="fps", value=f"{self.fps:g}")
        for name, value in (("segment", self.span.every), ("duration", self.span.duration)):
            if value is not None and not 0 < value < float("inf"):
                raise UsageError("give more than 0 seconds", option=name, value=f"{value:g}")
        if self.reconnect is not None:
            Patience(self.reconnect)

    def cut(self, kept: bool) -> Span:
        """How the source is cut; ``kept``: for parts that are joined again."""
        return Span(KEPT, self.span.duration) if kept and self.span.every is None else self.span


@dataclass(frozen=True)
class Place:
    """``source`` and ``target`` of the verb; ``format``: container of what goes into a stream."""

    source: str | Path | BinaryIO
    target: str | Path | BinaryIO | None
    format: str | None = None

    @property
    def name(self) -> str:
        """What results and messages call the source."""
        if not isinstance(self.source, (str, Path)):
            return STREAM
        return shown(str(self.source)) if self.is_live else str(self.source)

    @property
    def told(self) -> str:
        """The source in a message."""
        return "standard input" if self.name == STREAM else display_name(self.name)

    @property
    def is_live(self) -> bool:
        return is_live(self.source)

    @property
    def file(self) -> Path | None:
        """The source, where it is a file or a folder."""
        return Path(self.source) if isinstance(self.source, (str, Path)) and not self.is_live else None

    def open(self, reading: Reading, timing: Timing, stop: StopEvent | None) -> Source:
        """Raises InputError and UsageError."""
        if self.is_live:
            patience = Patience() if timing.reconnect is None else Patience(timing.reconnect)
            return open_live(str(self.source), patience, reading, timing.span.duration, stop)
        if timing.reconnect is not None:
            raise UsageError(f"{self.told} is no live input", option="reconnect", remedy="leave it out")
        if isinstance(self.source, (str, Path)):
            return open_source(Path(self.source), reading)
        return open_pipe(self.source, reading)

    def output(self) -> Path | BinaryIO:
        """Where the output goes. Raises UsageError where that is the input, or not said."""
        if self.target is not None and not isinstance(self.target, (str, Path)):
            return self.target
        if self.target is None and self.file is None:
            raise UsageError(f"there is no name to be made from {self.told}", option="target", remedy="give one")
        if self.format is not None:
            reason = "a file has the container that its suffix stands for"
            raise UsageError(reason, option="format", value=self.format, remedy="leave it out")
        target = Path(self.target) if self.target else default_output(self.file or Path())
        if self.file and target.exists() and target.samefile(self.file):
            raise UsageError("is the input itself", path=target, remedy="choose another name for the output")
        if is_another_file(target) and not target.is_dir():
            remedy = f"end the name in {', '.join(CODECS)}; a folder of frames has a name without a suffix"
            raise UsageError(f"no video can be written as {target.suffix}", path=target, remedy=remedy)
        return target


@dataclass(frozen=True)
class Route:
    """From a source that is open to an output that is not: what they have to fit in."""

    place: Place
    timing: Timing
    codec: str | None
    overwrite: bool
    resume: bool

    def check(self) -> None:
        """Raises UsageError, without a look at any frame."""
        self.timing.check()
        if self.place.is_live:
            check_address(str(self.place.source))
        if self.overwrite and self.resume:
            raise UsageError("excludes `overwrite`", option="resume", remedy="leave one of the two out")
        if self.resume and self.place.file is None:
            reason = f"{self.place.told} cannot be read a second time"
            raise UsageError(reason, option="resume", remedy="leave it out")
        self.place.output()

    def output(self, stream: Stream) -> Output:
        """Raises UsageError, OutputExistsError and OutputError."""
        target, every = self.place.output(), self.timing.span.every
        form = Form(stream, self._rate(target, stream), self.codec, self.overwrite)
        output: Output
        if not isinstance(target, Path):
            if every is not None:
                raise UsageError("standard output is one stream", option="segment", remedy="name a file")
            output = Pipe(target, form, self.place.format or "mkv")
        elif every is not None:
            output = Row(target, form, self.resume if self.place.file else None)
        else:
            output = Kept(target, form, True) if self.resume else Whole(target, form)
        output.check()
        return output

    def _rate(self, target: Path | BinaryIO, stream: Stream) -> float:
        """Frames a second of the output, 0 for a folder."""
        if isinstance(target, Path) and not is_video(target):
            self._refuse_options_of_a_video(target)
            return 0.0
        rate = self.timing.fps or stream.fps
        if stream.fps_assumed and not self.timing.fps:
            stream.remark(f"its pictures have no frame rate: {rate:g} a second are taken; `fps` changes that")
        if rate is None:
            remedy = "give one with `fps`, such as `fps=25`"
            raise UsageError("has no frame rate", path=self.place.name, remedy=remedy)
        return rate

    def _refuse_options_of_a_video(self, target: Path) -> None:
        timing = self.timing
        given = {"fps": timing.fps, "codec": self.codec, "segment": timing.span.every, "resume": self.resume or None}
        for name, value in given.items():
            if value is not None:
                reason = f"{display_name(target)} is a folder of frames, which has none"
                raise UsageError(reason, option=name, remedy="leave it out")
