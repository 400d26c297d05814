"""Live inputs by name: what counts as one, and how messages call it, without what is nobody's business."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nircolor.errors import UsageError

SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp", "tcp", "srt")
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#]*)([^?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"([^:]*|\[.*\])(:\d*)?")
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


def check_address(address: str) -> None:
    """Raises UsageError for an address of a kind that is not read."""
    found = _ADDRESS.fullmatch(address)
    if found and found[1].lower() not in SCHEMES:
        kinds = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise UsageError("is an address of a kind that is not read", path=shown(address), remedy=f"give {kinds}")


def shown(address: str) -> str:
    """``rtsp://user:secret@camera:554/live?token=1`` -> ``rtsp://camera:554/live``: for messages and results.

    Where a password may lie elsewhere, since it holds a ``/`` or a ``?`` as it is, nothing but the scheme is shown.
    """
    found = _ADDRESS.fullmatch(address)
    if not found:
        return address
    scheme, authority, path, query = found.groups()
    host = authority.rpartition("@")[2]
    if "@" in path or ("@" in query and "@" not in authority and not _HOST.fullmatch(host)):
        return f"{scheme}://..."
    return f"{scheme}://{host}{path}"
