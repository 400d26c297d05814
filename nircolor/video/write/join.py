"""Parts of one video joined into one file: packets as they are, none encoded again."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.container import OutputContainer

from nircolor.errors import OutputError
from nircolor.files import atomic_file
from nircolor.video.write.codecs import FORMATS
from nircolor.wording import in_short

Placed = tuple[Path, Fraction]
"""A part, and where on the clock of the output its own clock is 0, in seconds."""


def join(parts: Sequence[Placed], target: Path, overwrite: bool) -> None:
    """All ``parts``, in order, become ``target``, in the container that its suffix stands for.

    They have to have the same streams in the same order, of the same codecs. Raises OutputExistsError and OutputError;
    then there is no ``target``, and the parts stay.
    """
    with atomic_file(target, overwrite) as stream:
        try:
            _write(parts, stream, FORMATS[target.suffix.lower()])
        except av.FFmpegError as error:
            reason = f"the parts cannot be joined ({in_short(error)})"
            raise OutputError(reason, path=target, remedy=f"they are in {parts[0][0].parent}") from error


def _write(parts: Sequence[Placed], stream: BinaryIO, format_name: str) -> None:
    with av.open(stream, "w", format=format_name) as output:
        joined = _Joined(output)
        for path, origin in parts:
            with av.open(str(path), metadata_errors="replace") as part:
                joined.add(part, origin)


class _Joined:
    def __init__(self, output: OutputContainer) -> None:
        self._output = output
        self._streams: list[Any] = []
        self._ends: dict[int, int] = {}

    def add(self, part: Any, origin: Fraction) -> None:
        if not self._streams:
            self._begin(part)
        early: dict[int, list[Any]] = {}
        for packet in part.demux():
            if packet.size and packet.dts is None:
                early.setdefault(packet.stream_index, []).append(packet)
            elif packet.size:
                for each in _before(early.pop(packet.stream_index, []), packet.dts):
                    self._move(each, origin)
                self._move(packet, origin)
        for packets in early.values():
            for each in _before(packets, min(packet.pts or 0 for packet in packets) + 1):
                self._move(each, origin)

    def _begin(self, part: Any) -> None:
        """Streams, and what is said of them, are those of the first part."""
        own = ("major_brand", "minor_version", "compatible_brands", "encoder")
        self._output.metadata.update({name: text for name, text in part.metadata.items() if name.lower() not in own})
        for stream in part.streams:
            added = self._output.add_stream_from_template(stream)
            added.time_base = stream.time_base
            added.metadata.update(stream.metadata)
            self._streams.append(added)

    def _move(self, packet: Any, origin: Fraction) -> None:
        index, shift = packet.stream_index, round(origin / packet.time_base)
        dts = packet.dts + shift
        pts = dts if packet.pts is None else packet.pts + shift
        dts = max(dts, self._ends.get(index, dts - 1) + 1)  # encoders begin a little early, by what they reorder
        packet.pts, packet.dts, self._ends[index] = max(pts, dts), dts, dts
        packet.stream = self._streams[index]
        self._output.mux(packet)


def _before(packets: list[Any], time: int) -> list[Any]:
    """``packets``, the first of a stream, for which Matroska has no decoding times: just before ``time``."""
    for ahead, packet in enumerate(reversed(packets), 1):
        packet.dts = time - ahead
    return packets
