"""Codecs that PyAV writes: their names, pixel formats, settings and containers. Plain data, no PyAV."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from nircolor.errors import UsageError

MP4, MOV, MKV, WEBM, AVI, TS = (".mp4", ".m4v"), (".mov",), (".mkv",), (".webm",), (".avi",), (".ts",)

FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm", ".avi": "avi"}
"""What FFmpeg calls the container of each suffix."""

DEFAULTS = {
    ".mp4": "h264",
    ".m4v": "h264",
    ".mov": "h264",
    ".mkv": "h264",
    ".avi": "mjpeg",
    ".webm": "vp9",
    ".ts": "h264",
}
"""The codec of each suffix. AVI has no times, so that codecs which reorder frames come late there."""

PIPES = {
    "mkv": (".mkv", "matroska", ()),
    "mp4": (".mp4", "mp4", (("movflags", "frag_keyframe+empty_moov+default_base_moof"),)),
    "ts": (".ts", "mpegts", ()),
}
"""Containers that can be written into a pipe: the suffix whose codecs they take, FFmpeg's name, its options."""


@dataclass(frozen=True)
class Codec:
    """One codec. ``formats``: bits of a sample -> FFmpeg's pixel format, fewest first.

    ``near``: what to offer in its place, the nearest first. ``says_colours``: whether its stream or all its containers
    can say which matrix and range they use; the others are read as BT.601. ``full_range``: what is written whatever the
    source has, None where both can be.
    """

    name: str
    encoder: str
    fourcc: str
    suffixes: tuple[str, ...]
    formats: dict[int, str]
    options: dict[str, str]
    near: tuple[str, ...]
    other_names: tuple[str, ...] = ()
    says_colours: bool = True
    full_range: bool | None = None
    says_aspect: bool = True
    """Whether its stream says what shape pixels have."""
    finest: int = 2**31 - 1
    """The largest denominator of times."""
    tags: dict[str, str] = field(default_factory=dict)
    """Four letters that players of a container want."""

    def pixels(self, bits: int) -> str:
        """The pixel format for samples of so many bits: the least that holds them, or the most there is."""
        return self.formats[min((depth for depth in self.formats if depth >= bits), default=max(self.formats))]

    @property
    def most_bits(self) -> int:
        return max(self.formats)


_420 = {8: "yuv420p", 10: "yuv420p10le"}

CODECS = {
    codec.name: codec
    for codec in (
        Codec(
            "h264", "libx264", "avc1", (*MP4, *MOV, *MKV, *TS), _420, {"crf": "17", "preset": "veryfast"},
            ("mpeg4", "vp9"), ("avc", "x264", "libx264"),
        ),
        Codec(
            "h265", "libx265", "hvc1", (*MP4, *MOV, *MKV, *TS), _420,
            {"crf": "19", "preset": "fast", "x265-params": "log-level=none"},
            ("h264", "vp9"), ("hevc", "hev1", "x265", "libx265"), tags={".mp4": "hvc1", ".m4v": "hvc1", ".mov": "hvc1"},
        ),
        Codec(
            "ffv1", "ffv1", "FFV1", (*MKV, *AVI, *MP4),
            {8: "bgr0", 10: "gbrp10le", 12: "gbrp12le", 16: "gbrp16le"},
            {"level": "3", "g": "1", "slicecrc": "1"}, ("prores", "h264", "vp9"),
        ),
        Codec(
            "mjpeg", "mjpeg", "MJPG", (*AVI, *MKV, *MOV, *MP4), {8: "yuv420p"}, {"qmin": "2", "qmax": "2"},
            ("h264", "vp9"), ("mjpg", "jpeg", "jpg"), says_colours=False, full_range=True,
        ),
        Codec(
            "mpeg4", "mpeg4", "mp4v", (*MP4, *MOV, *MKV, *AVI), {8: "yuv420p"}, {"qmin": "2", "qmax": "3"},
            ("h264", "vp9"), ("xvid", "divx", "fmp4"), says_colours=False, full_range=False, finest=65535,
        ),
        Codec(
            "vp9", "libvpx-vp9", "VP90", (*WEBM, *MKV, *MP4), {8: "yuv420p"},
            {"crf": "20", "b": "0", "deadline": "good", "cpu-used": "5", "row-mt": "1"},
            ("h264", "mjpeg"), ("vp09", "libvpxvp9"), says_aspect=False,
        ),
        Codec(
            "prores", "prores_ks", "apch", (*MOV, *MKV), {10: "yuv422p10le"}, {"profile": "hq", "vendor": "apl0"},
            ("h264", "ffv1", "vp9"), ("proresks", "apcn"), full_range=False, says_aspect=False,
        ),
        Codec(
            "av1", "libsvtav1", "av01", (*MKV, *WEBM, *MP4), _420, {"crf": "22", "preset": "8"},
            ("vp9", "h264"), ("libsvtav1", "svtav1"), says_aspect=False,
        ),
    )
}  # fmt: skip

_NAMES = {
    name: codec.name for codec in CODECS.values() for name in (codec.name, codec.fourcc.lower(), *codec.other_names)
}


def named(name: str) -> Codec | None:
    """The codec that people call ``name``, in any case, with dots and dashes or without."""
    return CODECS.get(_NAMES.get(re.sub(r"[^a-z0-9]", "", name.lower()), ""))


def choose(name: str | None, suffix: str, available: Callable[[str], bool]) -> Codec:
    """The codec to write into a file with ``suffix``. ``available``: whether there is an encoder of that name.

    Raises UsageError for an unknown one, and for one that cannot be written here or there; it offers the nearest.
    """
    codec = named(DEFAULTS[suffix] if name is None else name)
    if codec is None:
        raise UsageError(f"no codec of this name is known: {', '.join(CODECS)}", **_about(name, _alike(name, suffix)))
    if suffix in codec.suffixes and available(codec.encoder):
        return codec
    fitting = [near for near in (*codec.near, *CODECS) if near != codec.name and suffix in CODECS[near].suffixes]
    remedy = next((f"use {near}" for near in fitting if available(CODECS[near].encoder)), "reinstall PyAV")
    if suffix not in codec.suffixes:
        ends = [end for end in codec.suffixes if end in FORMATS and end != ".m4v"]
        remedy += f", or a file that ends in {' or '.join(ends)}"
        raise UsageError(f"cannot be written into {suffix}", **_about(name, remedy))
    raise UsageError("cannot be written by the FFmpeg that is here", **_about(name or codec.name, remedy))


def _alike(name: str | None, suffix: str) -> str:
    alike = difflib.get_close_matches((name or "").lower(), _NAMES, 1)
    nearest = CODECS[_NAMES[alike[0]]] if alike else None
    return f"use {nearest.name if nearest and suffix in nearest.suffixes else DEFAULTS[suffix]}"


def _about(name: str | None, remedy: str) -> dict[str, str | None]:
    return {"option": "codec", "value": name, "remedy": remedy}
