"""Is an ICC profile fit to describe an RGB picture?"""

from __future__ import annotations

_HEADER = 128  # bytes; ICC.1:2022, section 7.2


def rgb_profile(profile: bytes | None) -> tuple[bytes | None, str | None]:
    """Return ``profile`` where it describes RGB, else None; and a warning where one had to be dropped.

    A grey profile in an RGB file makes readers refuse the file or show wrong colours.
    """
    if not profile:
        return None, None
    if len(profile) < _HEADER or profile[36:40] != b"acsp":
        return None, "the ICC profile is damaged and is not kept"
    space = profile[16:20]
    if space != b"RGB ":
        name = ascii(space.decode("latin-1").strip())
        return None, f"the ICC profile is for {name} pictures and is not kept: the output is RGB"
    return profile, None
