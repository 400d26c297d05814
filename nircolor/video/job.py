"""The steps of ``colorize_video``: what can be refused is refused first, then come the network and the work."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from nircolor._version import __version__
from nircolor.claim import claimed
from nircolor.engine import EngineConfig, ready, settings_of
from nircolor.events import Reporter
from nircolor.picture import Reading
from nircolor.reference import Guidance, Used
from nircolor.video.colours.damping import Damping
from nircolor.video.frames import Source, Stream
from nircolor.video.parts import Parts
from nircolor.video.places import Place, Route, Timing
from nircolor.video.read.daylight import PASSED
from nircolor.video.read.packets import clock
from nircolor.video.result import VideoResult
from nircolor.video.write.journal import identity_of
from nircolor.video.write.outputs import Kept, Output, Row

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer, EngineInfo
    from nircolor.video.work import Tally


@dataclass(frozen=True)
class Job:
    """The arguments of ``colorize_video``."""

    place: Place
    timing: Timing
    engine: EngineConfig | Colorizer
    reading: Reading
    smooth: float | None
    codec: str | None
    overwrite: bool
    resume: bool
    reporter: Reporter
    guidance: Guidance = field(default_factory=Guidance)

    def run(self) -> VideoResult:
        """In the order in which errors are cheap to find."""
        self.reporter.check()
        damping = self._check()
        route = Route(self.place, self.timing, self.codec, self.overwrite, self.resume)
        route.check()
        with (
            claimed(self.place.output()),
            closing(self.place.open(self.reading, self.timing, self.reporter.stop)) as source,
        ):
            return self._colorize(source, route.output(source.stream), damping)

    @property
    def settings(self) -> EngineConfig:
        """What the engine is or will be like."""
        return settings_of(self.engine)

    def _check(self) -> Damping:
        """What can be refused without a look at any frame; how to smooth."""
        if isinstance(self.engine, EngineConfig):
            self.engine.check()
        if self.smooth is None:
            return Damping(0) if self.settings.prior == "tile" else Damping()
        damping = Damping(self.smooth)
        damping.check(self.settings.prior)
        return damping

    def _colorize(self, source: Source, output: Output, damping: Damping) -> VideoResult:
        """The work itself, of a video of which everything is open."""
        stream = source.stream
        self._warn(stream)
        self.reporter.progress("loading the weights")
        engine = ready(self.engine, self.reporter)
        output.begin(self._identity(damping, engine.info))
        from nircolor.video.work import Work  # and OpenCV

        work = Work(source, output, engine, damping, self.reporter, self.place.told, self.guidance)
        rate = self.timing.fps or stream.fps or 0
        tally = work.all(Parts(source, rate, self.timing.cut(isinstance(output, Kept)), self.reporter.stop))
        if stream.copied:
            stream.remark(f"{stream.copied} of its frames are in colour: {PASSED[self.reading.colours]}")
        if self.place.is_live:  # where damage is what wires do, and no fault of a file
            for fault in stream.faults.told:
                stream.remark(fault)
        self._warn(stream)
        self._tell(tally)
        self.reporter.detail(f"smoothing {damping.strength:g}, {tally.cuts} scene changes")
        return self._result(stream, output, tally, damping, engine.info)

    def _identity(self, damping: Damping, info: EngineInfo) -> dict[str, Any]:
        """All that decides what the output looks like, for work that is to be gone on with."""
        if self.place.file is None:
            return {}
        return {
            "source": identity_of(self.place.file),
            "smooth": damping.strength,
            "fps": self.timing.fps,
            "codec": self.codec,
            "segment": self.timing.span.every,
            "duration": self.timing.span.duration,
            "reading": str(self.reading),
            "weights": info.weights_sha256,
            "precision": info.precision,
            "prior": self.settings.prior,
            "tile": str(self.settings.tiling),
            **asdict(self.settings.correction),
            **self.guidance.fingerprint,
            "nircolor": __version__,
        }

    def _warn(self, stream: Stream) -> None:
        for warning in stream.news():
            self.reporter.warn(f"{self.place.told}: {warning}")

    def _tell(self, tally: Tally) -> None:
        """How the reference was used, in one line."""
        if not tally.used:
            return
        lost = sum(used.mode == "none" for used in tally.used)
        if lost:
            self.reporter.warn(f"{self.guidance.name}: {Used('none')}, in {lost} of {len(tally.used)} views")
        else:
            views = f", in {len(tally.used)} views" if len(tally.used) > 1 else ""
            self.reporter.note(f"{self.guidance.name}: {tally.used[0]}{views}")

    def _result(self, stream: Stream, output: Output, tally: Tally, damping: Damping, info: EngineInfo) -> VideoResult:
        form, seconds = output.form, tally.seconds
        height, width = stream.scaled or (stream.height, stream.width)
        faults = () if self.place.is_live else stream.faults.told
        return VideoResult(
            input=self.place.name,
            output=output.name,
            frames=tally.frames,
            width=width,
            height=height,
            fps=form.fps or None,
            seconds=round(seconds, 3),
            frames_per_second=round(tally.made / max(seconds, 1e-9), 2),
            smooth=damping.strength,
            scene_changes=tally.cuts,
            copied=stream.copied,
            switches=stream.switches,
            device=info.device,
            kernel=info.kernel,
            precision=info.precision,
            weights=self.settings.weights,
            sha256=info.weights_sha256,
            correction=self.settings.correction,
            reference=tally.used[0] if tally.used else None,
            views=len(tally.used) or None,
            error=self._error(output, tally),
            warnings=tuple(self.reporter.warnings),
            faults=tuple(f"{self.place.told}: {fault}" for fault in faults),
            interrupted=tally.is_stopped,
            segments=len(output.written) if isinstance(output, Row) and not isinstance(output, Kept) else None,
            dropped=stream.dropped if self.place.is_live else None,
        )

    def _error(self, output: Output, tally: Tally) -> str | None:
        if tally.damage:
            return f"{tally.damage}; the frames before it are in {output}"
        if not tally.is_stopped:
            return None
        on = "; `resume=True` goes on from there" if isinstance(output, Row) and output.resume is not None else ""
        return f"interrupted at {clock(tally.reached)}: what was done is in {output}{on}"
