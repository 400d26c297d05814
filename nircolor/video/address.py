"""Live inputs by name: what counts as one, and how messages call it, without what is nobody's business."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from nircolor.errors import UsageError

SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp", "tcp", "srt")
_ADDRESS = re.compile(rf"({'|'.join(SCHEMES)})://\S+", re.IGNORECASE)
_DEVICE = re.compile(r"/dev/video\d+")


@dataclass(frozen=True)
class Patience:
    """With a live input, in seconds. ``connect``: until it answers; ``silence``: without a frame, after which it counts
    as lost; ``reconnect``: how long it is tried again then, 0: not at all. ``pauses``: before the next try, the first
    and the longest; each is twice the one before.
    """

    reconnect: float = 60.0
    connect: float = 10.0
    silence: float = 10.0
    pauses: tuple[float, float] = (0.5, 10.0)

    def __post_init__(self) -> None:
        if not 0 <= self.reconnect < float("inf"):
            raise UsageError("give 0 (not at all) or more seconds", option="reconnect", value=f"{self.reconnect:g}")


def is_live(source: object) -> bool:
    """Whether ``source`` is the address of a stream, or a camera of this machine."""
    return isinstance(source, str) and bool(_ADDRESS.fullmatch(source) or _DEVICE.fullmatch(source))


def shown(address: str) -> str:
    """``rtsp://user:secret@camera:554/live?token=1`` -> ``rtsp://camera:554/live``: for messages and results."""
    if not _ADDRESS.fullmatch(address):
        return address
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
