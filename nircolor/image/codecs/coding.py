"""Colour spaces named by numbers (ITU-T H.273), which PNG, AVIF, HEIF and JPEG XL have instead of a profile."""

from __future__ import annotations

from functools import cache

_PRIMARIES, _CURVES = (1,), (1, 6, 13, 14, 15)  # BT.709 and its like count as sRGB
_UNSAID, _SRGB = 2, 13
_LINEAR = 8


def remarks(where: str, primaries: int, curve: int) -> list[str]:
    """A warning where values of this space do not look like those of sRGB. ``where``: how the file says so."""
    fits = primaries in _PRIMARIES and curve in _CURVES
    return [] if fits else [left_out(f"colour space ({where} {primaries}, {curve})")]


def left_out(what: str) -> str:
    """The warning of a file whose colours are described by ``what``, which is not used."""
    return f"its {what} is left out of account; if it looks wrong convert it to sRGB first"


def settle(where: str, primaries: int, curve: int) -> tuple[bytes | None, list[str]]:
    """The profile that values of this space need to be read right, where there is one, and warnings where not.

    Linear ones have one, and what a file does not say counts as sRGB.
    """
    primaries = 1 if primaries == _UNSAID else primaries
    if curve == _LINEAR:
        return linear_profile(), remarks(where, primaries, _SRGB)
    return None, remarks(where, primaries, _SRGB if curve == _UNSAID else curve)


@cache
def linear_profile() -> bytes:
    """The grey profile of values that are proportional to light, as sensors and renderers give them."""
    import imagecodecs

    return bytes(imagecodecs.cms_profile("gray", gamma=1.0))
