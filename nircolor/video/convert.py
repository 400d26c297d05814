"""The verb ``colorize_video``: one video from end to end."""

from __future__ import annotations

from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING, BinaryIO

from nircolor.engine import EngineConfig
from nircolor.events import Observer, Reporter, nobody
from nircolor.picture import Reading
from nircolor.reference import Guidance, Mode, ReferenceSource
from nircolor.video.job import Job
from nircolor.video.parts import Span
from nircolor.video.places import Place, Timing
from nircolor.video.result import VideoResult

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer

__all__ = ["VideoResult", "colorize_video"]


def colorize_video(
    source: str | Path | BinaryIO,
    target: str | Path | BinaryIO | None = None,
    *,
    engine: EngineConfig | Colorizer | None = None,
    reading: Reading | None = None,
    reference: ReferenceSource | None = None,
    reference_mode: Mode = "auto",
    smooth: float | None = None,
    fps: float | None = None,
    codec: str | None = None,
    format: str | None = None,
    segment: float | None = None,
    duration: float | None = None,
    reconnect: float | None = None,
    overwrite: bool = False,
    resume: bool = False,
    stop: StopEvent | None = None,
    on_event: Observer = nobody,
) -> VideoResult:
    """Colorize a near-infrared video, a folder of numbered frames, or a live stream: as many frames, of the same size.

    Args:
        source: a video (MP4, MOV, AVI, MKV, WebM, raw MJPEG, H.264 and others), a folder of pictures with numbers in
            their names, a binary stream such as ``sys.stdin.buffer``, or what is live: an address (``rtsp://``,
            ``http://``, ``udp://``, ``tcp://``, ``rtmp://``, ``srt://``), or a camera (``/dev/video0``).
        target: a video if it ends in .mp4, .m4v, .mov, .avi, .mkv or .webm, else a folder of frames; or a binary
            stream such as ``sys.stdout.buffer``. None: ``night.mp4`` becomes ``night_rgb.mp4`` beside it, and a folder
            ``frames`` becomes ``frames_rgb``.
        engine: weights, device, precision and tiles; or an engine that is loaded already.
        reading: how frames are read: range, band, page, what becomes of colour.
        reference: a colour picture of the same place, or of another one with the same camera, for all frames: a path,
            or an array, as for ``colorize_file``. reference_mode: see there.
        smooth: how much of the colours of past frames is kept where nothing moves, against flicker: from 0 (off) to
            below 1. None: 0.8, and 0 with ``prior="tile"``.
        fps: frames a second of a video, above 0, at most 1000; None: those of the source. A folder has none.
        codec: its name, such as ``h264`` or ``ffv1`` (no loss); None: by the suffix of the target.
        format: container of a video that goes into a stream: ``mkv`` (also None), ``mp4`` (in fragments) or ``ts``.
        segment: seconds. The output is a row of files, ``night_rgb_000.mp4`` and so on, cut at frames; each is complete
            as soon as its time is over. Colours begin anew with each.
        duration: seconds after which the work ends, of the video; of a live input, by the clock on the wall.
        reconnect: seconds for which a live input that was lost is tried again; None: 60, 0: not at all.
        overwrite: whether an output, or frames in a folder, may be replaced.
        resume: goes on with work that was killed or interrupted, and else begins work that can be gone on with: a
            file is made in parts of 60 s (or of ``segment``), which lie in ``night_rgb.mp4.parts`` until they are
            joined; colours begin anew with each. The source and all options have to be the same as before.
        stop: once it is set, the work ends with the frame in hand, and the video so far is kept and complete:
            ``interrupted`` of the result. Frames in a folder are not, nor is work without a frame: StoppedError.
        on_event: gets Progress, Note, Warned and EngineReady events.

    Returns what was written. Where a frame in the middle is damaged, the frames before it are kept, and ``error`` of
    the result says so. Raises InputError, OutputError, OutputExistsError, UsageError, WeightsError, DeviceError and
    StoppedError; then nothing is left behind, but for what ``resume`` goes on with and segments that are complete.
    """
    guidance = Guidance.of(reference, reference_mode)
    engine = engine or EngineConfig()
    with Reporter(on_event, stop) as reporter:
        job = Job(
            Place(source, target, format),
            Timing(Span(segment, duration), reconnect, fps),
            engine,
            reading or Reading(),
            smooth,
            codec,
            overwrite,
            resume,
            reporter,
            guidance,
        )
        return job.run()
