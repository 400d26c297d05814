"""Sound and subtitles on their way from one container into another, as they are: only their times are moved."""

from __future__ import annotations

import io
from contextlib import suppress
from fractions import Fraction
from typing import Any

import av
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer

from nircolor.video.frames import Stream
from nircolor.video.write.codecs import FORMATS

KINDS = {"audio": "sound", "subtitle": "subtitles"}

_LATE = Fraction(1, 1000)

_IN_TS = frozenset(("aac", "mp2", "mp2float", "mp3", "mp3float", "ac3", "eac3", "opus", "dvbsub"))
"""FFmpeg writes anything into MPEG-TS; other readers know these."""

_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)

_OWN_TAGS = ("DURATION", "BPS", "NUMBER_OF_", "_STATISTICS", "ENCODER", "VENDOR_ID", "HANDLER_NAME", "CREATION_TIME")
"""What a container says of a track by itself, and says anew in the output."""


class Aside:
    """Takes the packets of ``stream.aside`` into ``container``, as far as that can hold their codecs.

    What it cannot hold is a remark of ``stream``. ``kept``: the streams of the source that are copied. ``place``: what
    messages call the container. ``wanted``: False where the frames get other times, so that sound would not fit.
    """

    def __init__(self, stream: Stream, format_name: str, place: str, *, wanted: bool) -> None:
        self._stream, self._starts_count = stream, format_name != "avi"
        self._takes_adts = format_name == "mpegts"
        self._streams: dict[int, Any] = {}
        self._filters: dict[int, BitStreamFilterContext] = {}
        self._ends: dict[int, int] = {}
        tracks = stream.track.tracks if stream.track else ()
        self.kept = [track for track in tracks if wanted and _fits(track, format_name)]
        if tracks and not wanted:
            stream.remark("its sound is left out, since `fps` changes how fast it would play")
        elif left_out := [track for track in tracks if track not in self.kept]:
            stream.remark(f"{_names(left_out)} left out: {place} cannot hold {_what_can(left_out)}")
        if not self.kept:
            stream.keeps_aside = False
            stream.aside.clear()

    def add_to(self, container: OutputContainer) -> None:
        """Streams for all that is kept; before the header is written."""
        for track in self.kept:
            anew = _is_adts(track) and not self._takes_adts
            self._streams[track.index] = _add(container, track, self._config(track) if anew else b"")
            if anew:
                self._filters[track.index] = BitStreamFilterContext("aac_adtstoasc", in_stream=track)

    def _config(self, track: Any) -> bytes:
        """What MP4 and Matroska say once of AAC, where MPEG-TS has it before each frame: as the first one says, if it
        has been read already.
        """
        first = next((packet for packet in self._stream.aside if packet.stream_index == track.index), None)
        return _config_of(track) if first is None else _config_in(bytes(first)) or _config_of(track)

    def move(self, container: OutputContainer, origin: Fraction, begin: Fraction | None, end: Fraction | None) -> None:
        """Write what starts before ``end``; None: all there is. ``origin`` is where the output's clock is 0.

        What starts before ``begin`` is dropped.
        """
        waiting, later, not_yet = self._stream.aside, [], set[int]()
        for _ in range(len(waiting)):
            packet = waiting.popleft()
            time, target = _time(packet), self._streams.get(packet.stream_index)
            is_late = time is not None and end is not None and time >= end
            if is_late or packet.stream_index in not_yet:
                later.append(packet)
                not_yet.add(packet.stream_index)
            elif target is not None and time is not None and (begin is None or time >= begin):
                for each in self._bare(packet):
                    self._write(container, each, target, origin)
        waiting.extendleft(reversed(later))  # tracks take turns: another one's may be due

    def _bare(self, packet: Any) -> list[Any]:
        """``packet`` as the container wants it; nothing where it is damaged."""
        if (filter := self._filters.get(packet.stream_index)) is None:
            return [packet]
        try:
            return [_without_side_data(bare) for bare in filter.filter(packet)]
        except av.FFmpegError:
            self._stream.remark("its sound is damaged: parts that cannot be read are left out")
            return []

    def _write(self, container: OutputContainer, packet: Any, target: Any, origin: Fraction) -> None:
        shift = round(origin / packet.time_base)
        packet.pts = (packet.dts if packet.pts is None else packet.pts) - shift
        packet.dts = packet.pts if packet.dts is None else packet.dts - shift
        last = self._ends.get(target.index)
        if last is not None and packet.dts < last + (target.type == "audio"):
            self._stream.remark(f"its {KINDS[target.type]} is damaged: parts whose times go back are left out")
            return
        if last is None and not self._starts_count and packet.dts * packet.time_base > _LATE:
            late = float(packet.dts * packet.time_base)
            self._stream.remark(f"its sound starts {late:.3g} s late, which .avi cannot say: it comes early; .mkv can")
        self._ends[target.index] = packet.dts
        packet.stream = target
        container.mux(packet)


def _time(packet: Any) -> Fraction | None:
    """Seconds on the clock of the source at which a packet starts."""
    ticks = packet.dts if packet.pts is None else packet.pts
    return None if ticks is None or not packet.time_base else ticks * packet.time_base


def _fits(track: Any, format_name: str) -> bool:
    """Whether the container can hold the codec: tried, since FFmpeg says so for sure only when it writes a header."""
    if track.type not in KINDS or (format_name == "mpegts" and _codec_name(track) not in _IN_TS):
        return False
    with suppress(av.FFmpegError, ValueError):
        trial = av.open(io.BytesIO(), "w", format=format_name)
        _add(trial, track, _config_of(track) if _is_adts(track) else b"")
        trial.start_encoding()
        return True
    return False


def _add(container: OutputContainer, track: Any, config: bytes = b"") -> Any:
    added = container.add_stream_from_template(track)
    if config:
        added.codec_context.extradata = config
    told = {key: value for key, value in track.metadata.items() if not key.upper().startswith(_OWN_TAGS)}
    added.metadata.update(told)
    added.disposition = track.disposition
    return added


def _is_adts(track: Any) -> bool:
    """AAC with a header before each frame, as in MPEG-TS, which says what containers say once."""
    return _codec_name(track) == "aac" and not track.codec_context.extradata


def _config_in(frame: bytes) -> bytes:
    """AudioSpecificConfig (ISO 14496-3, 1.6.2.1) by the ADTS header of a frame; nothing where there is none."""
    if len(frame) < 4 or frame[0] != 0xFF or frame[1] & 0xF6 != 0xF0:
        return b""
    channels = (frame[2] & 1) << 2 | frame[3] >> 6
    return _packed((frame[2] >> 6) + 1, frame[2] >> 2 & 15, channels) if channels else b""


def _config_of(track: Any) -> bytes:
    """The same by what is known of the track: low complexity, on which all that is heard in practice builds."""
    codec = track.codec_context
    rate = codec.sample_rate // (2 if "HE" in str(codec.profile) else 1)
    nearest = min(range(len(_AAC_RATES)), key=lambda index: abs(_AAC_RATES[index] - rate))
    return _packed(2, nearest, 7 if codec.channels == 8 else codec.channels)


def _packed(kind: int, rate: int, channels: int) -> bytes:
    return (kind << 11 | rate << 7 | channels << 3).to_bytes(2, "big")


def _without_side_data(packet: Any) -> Any:
    """The filter hangs the configuration on its first packet; FFmpeg would write it into Matroska a second time, and
    spoil the first.
    """
    bare = av.Packet(bytes(packet))
    bare.pts, bare.dts, bare.time_base, bare.duration = packet.pts, packet.dts, packet.time_base, packet.duration
    bare.is_keyframe = True
    return bare


def _names(tracks: list[Any]) -> str:
    """``its sound (pcm_s16le) and subtitles (srt) are``."""
    named = list(dict.fromkeys(f"{KINDS.get(track.type, track.type)} ({_codec_name(track)})" for track in tracks))
    return f"its {' and '.join(named)} {'is' if len(named) == 1 and named[0].startswith('sound') else 'are'}"


def _what_can(tracks: list[Any]) -> str:
    """``it; .mkv can``."""
    others = (suffix for suffix in (".mkv", ".mov", ".avi") if all(_fits(track, FORMATS[suffix]) for track in tracks))
    pronoun, other = "it" if len(tracks) == 1 and tracks[0].type == "audio" else "them", next(others, None)
    return f"{pronoun}; {other} can" if other else f"{pronoun}, nor can another"


def _codec_name(track: Any) -> str:
    return str(track.codec_context.name) if track.codec_context else "of an unknown codec"
