"""Live inputs opened by PyAV: streams of the network, and cameras of this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, cast

import av
from av.container import InputContainer

from nircolor.errors import InputError
from nircolor.video.live.address import Patience, shown
from nircolor.video.read.av_open import Film, video_of

_PROTOCOLS = (
    "rtsp,rtsps,rtp,srtp,rtmp,rtmps,http,https,httpproxy,udp,tcp,tls,srt,crypto"  # no files, which a stream could name
)
_FORMATS = "rtsp,rtp,sdp,mpegts,mpjpeg,mpjpeg_2,mjpeg,flv,matroska,webm,mov,mp4,avi,h264,hevc,asf"
_LOOK = "2000000"  # microseconds in which all streams have to show up
_OPTIONS = {
    "protocol_whitelist": _PROTOCOLS,
    "format_whitelist": _FORMATS,
    "rtsp_transport": "tcp",  # which loses nothing, and passes through walls
    "analyzeduration": _LOOK,
}
_CAMERA = "v4l2"


class LostError(InputError):
    """A live input is silent, or has ended; it may come back."""


@dataclass(frozen=True)
class Wire:
    """A live input that can be opened, and again when it was lost."""

    address: str
    patience: Patience

    @property
    def place(self) -> str:
        """What messages call it."""
        return shown(self.address)

    def open(self, stack: ExitStack) -> Film:
        """Connect, for as long as ``stack`` lasts. Raises LostError where nobody answers, InputError for what is no
        video. What FFmpeg says is never passed on, since it repeats the address, and passwords in it.
        """
        camera, begin = self.address.startswith("/dev/"), time.monotonic()
        try:
            container = av.open(
                self.address,
                format=_CAMERA if camera else None,
                container_options={} if camera else _OPTIONS,
                metadata_errors="replace",
                timeout=(self.patience.connect, self.patience.silence),
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            late = isinstance(error, av.error.ExitError) or time.monotonic() - begin >= self.patience.connect
            raise _unreached(error, self.patience.connect if late else None) from None
        stack.enter_context(container)
        if not any(stream.codec_context.width for stream in container.streams.video if stream.codec_context):
            found = "sound alone comes" if container.streams.audio else "no frame comes"
            raise LostError(f"answers, but {found}", remedy="check what it sends")
        return Film(cast(InputContainer, _Lossy(container)), video_of(container), "live")


def _unreached(error: Exception, seconds: float | None) -> LostError:
    """``seconds``: that were waited in vain."""
    if seconds is not None:
        return LostError(f"does not answer within {seconds:g} s", remedy="check the address and the network")
    if isinstance(error, (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError)):
        return LostError("asks for a name and a password", remedy="write them into the address, before an @")
    reason = getattr(error, "strerror", None) or type(error).__name__
    return LostError(f"cannot be opened ({reason})", remedy="check the address and the network")


class _Lossy:
    """A container of which every error is the end: on a wire, nothing can be read again."""

    def __init__(self, container: InputContainer) -> None:
        self._container = container

    def demux(self, streams: Any) -> Iterator[av.Packet[Any]]:
        try:
            yield from self._container.demux(streams)
        except (av.FFmpegError, OSError):
            raise LostError("the connection is lost") from None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)
