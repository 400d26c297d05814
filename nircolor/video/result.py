"""What became of one video."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from nircolor.correction import Correction
from nircolor.errors import StoppedError, display_name
from nircolor.reference import Used
from nircolor.wording import command_line, one_line

_SELDOM = ("error", "warnings", "faults", "interrupted", "dropped", "segments", "correction", "reference", "views")


@dataclass(frozen=True)
class VideoResult:
    """What became of one video. ``error``: None, or why it ends early; the frames before are there. ``faults``: what is
    damaged on the way, by time; the rest is there. ``interrupted``: whether it ends early because of ``stop``.

    ``copied``: frames in colour that were passed on or turned grey; ``switches``: between day and night. ``fps``: None
    for a folder of frames. ``seconds``: of the frames, from the first that is read to the last written. ``segments``:
    how many files, where it was cut into some. ``dropped``: frames of a live input that came too fast. ``reference``:
    how it was used in the first of so many ``views``; a new one begins where the camera has moved.
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
    copied: int
    switches: int
    device: str
    kernel: str
    precision: str
    weights: str
    sha256: str
    correction: Correction = field(default_factory=Correction)
    error: str | None = None
    warnings: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    interrupted: bool = False
    segments: int | None = None
    dropped: int | None = None
    reference: Used | None = None
    views: int | None = None

    @property
    def exit_code(self) -> int:
        """What the command ends with: 1 where a part of the video is damaged or missing, 130 where it was stopped."""
        if self.interrupted:
            return StoppedError.exit_code
        return 1 if self.error or self.faults else 0

    def to_json(self) -> dict[str, Any]:
        """What ``nircolor video --json`` prints."""
        values = {name: value for name, value in asdict(self).items() if name not in _SELDOM}
        seldom = {
            "correction": self.correction.factors or None,
            "reference": self.reference and self.reference.to_json(),
            "views": self.views,
            "segments": self.segments,
            "dropped": self.dropped,
            "error": one_line(command_line(self.error)) if self.error else None,
            "faults": list(self.faults) or None,
            "exit_code": self.exit_code or None,
        }
        told = {name: value for name, value in seldom.items() if value is not None}
        return {**values, **told, "warnings": [one_line(command_line(text)) for text in self.warnings]}

    def __str__(self) -> str:
        source = "standard input" if self.input == "-" else display_name(self.input)
        target = "standard output" if self.output == "-" else display_name(self.output)
        files = f"{self.segments} files, " if self.segments else ""
        dropped = f", {self.dropped} dropped" if self.dropped else ""
        size = f"{self.frames} frames{dropped}, {self.width} x {self.height}"
        return f"{source} -> {target}: {files}{size}, {self.seconds} s, {self.frames_per_second} frames/s"
