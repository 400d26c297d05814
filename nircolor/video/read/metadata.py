"""What a video says of itself, title, date and place, as the output is to say it."""

from __future__ import annotations

from nircolor.video.frames import Stream

_OF_THE_FILE = (
    "major_brand", "minor_version", "compatible_brands", "encoder", "encoded_by", "duration", "software", "isft",
    "com.android.version",
)  # fmt: skip
"""What is true of the input's file or maker alone."""

_PLACES = ("location", "com.apple.quicktime.location.iso6709", "location-eng")
"""Where phones write their position (ISO 6709), and what FFmpeg calls it in all containers."""


def of_output(stream: Stream) -> dict[str, str]:
    """Metadata of the source that hold for the output, too. A container leaves out what it has no place for."""
    if stream.track is None:
        return {}
    found = {key: value for key, value in stream.track.metadata.items() if key.lower() not in _OF_THE_FILE}
    place = next((value for key, value in found.items() if key.lower() in _PLACES), None)
    return {**found, "location": place} if place else found
