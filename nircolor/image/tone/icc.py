"""Colour profiles: what a file's values look like, and how the network's colours, which are sRGB, look alike in it.

Little CMS converts, by way of imagecodecs, since that of Pillow has 8 bits only: in floats its error is about 1e-5.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Convert = Callable[[Floats], Floats]
"""(..., 3) values in [0, 1], or (..., 1) for a grey profile -> (..., 3), the same colours in another profile."""

NO_PROFILE = b"\0"
"""Stands for a profile that is there and cannot be had."""

_HEADER = 128  # bytes; ICC.1:2022, section 7.2
_MOST = 16 << 20  # bytes; an honest profile has some kilobytes, one of a printer a few megabytes
_RELATIVE = 1  # rendering intent: white stays white, and what both profiles can hold stays as it is
_SAME = 1 / 510  # half a step of 8 bits: profiles that differ less are one
_COARSE = 4 / 255  # a step of that size in sRGB is seen
_STEPS = 4096  # of a tone curve
_KNOWN = 4  # profiles that are remembered: pictures of a series have the same, and a look at one takes 10 ms
_SPACES = {"GRAY": "gray", "RGB": "rgb"}  # those that are read, in the words of the file and of imagecodecs
_DATE, _MADE = slice(24, 36), bytes.fromhex("07ea 0001 0001 0000 0000 0000")  # not today: outputs are reproducible
_TO_XYZ = np.array([0.2126, 0.7152, 0.0722])  # how bright sRGB's primaries are


def srgb() -> bytes:
    """The profile for outputs whose input had none that fits."""
    return _built_in("srgb")


def adobe() -> bytes:
    """The profile of Adobe RGB, for files that name it without holding it."""
    return _built_in("adobergb")


@cache
def _built_in(name: str) -> bytes:
    import imagecodecs

    profile = bytes(imagecodecs.cms_profile(name))
    return profile[: _DATE.start] + _MADE + profile[_DATE.stop :]


def settle(profile: bytes | None) -> tuple[bytes | None, str | None]:
    """The profile that an output gets whose input has ``profile``, and a warning where that cannot be used.

    An RGB one is kept, one of grey values is replaced by sRGB's. None stays None: that is taken for sRGB everywhere.
    """
    if not profile:
        return None, None
    reason = _unfit(profile)
    if reason is None and _space(profile) == "RGB":
        return profile, None
    return srgb(), f"the ICC profile {reason}; the output gets an sRGB one" if reason else None


def for_depth(profile: bytes | None, depth: int) -> bytes | None:
    """``profile``, or sRGB's where the steps of 8 bits would show under it, as they do under a linear one."""
    curve = tone(profile) if depth == 8 else None
    if curve is None:
        return profile
    coded = np.interp(np.linspace(0, 1, 256), np.linspace(0, 1, curve.size), curve)
    return srgb() if np.diff(coded).max() > _COARSE else profile


def from_srgb(profile: bytes | None) -> Convert | None:
    """What makes sRGB values look right under ``profile`` (RGB); None where they do so as they are."""
    return _between("srgb", profile)


def to_srgb(profile: bytes | None) -> Convert | None:
    """The inverse: values of a file with ``profile`` (RGB) become sRGB. None where that changes nothing.

    Raises ``ValueError`` for a profile of another kind, or a damaged one.
    """
    return _between(profile, "srgb")


@lru_cache(_KNOWN)
def tone(profile: bytes | None) -> NDArray[np.float64] | None:
    """(n,) sRGB greys that look like evenly spaced values of a file with ``profile`` (RGB or grey); None as above.

    None too where ``profile`` makes no sense, of which ``settle`` warns.
    """
    if not profile or len(profile) > _MOST:
        return None
    ramp = np.linspace(0, 1, _STEPS + 1)
    try:
        shown = _transform(profile, srgb())(ramp[:, None] if _space(profile) == "GRAY" else np.dstack([ramp] * 3)[0])
    except ValueError:
        return None
    # a neutral value may have a tint under a camera's profile: its brightness is what counts
    curve = np.clip(_encode(_decode(np.clip(shown, 0, 1)) @ _TO_XYZ), 0, 1).astype(np.float64)
    return None if np.abs(curve - ramp).max() <= _SAME else curve


@lru_cache(_KNOWN)
def _between(source: bytes | str | None, target: bytes | str | None) -> Convert | None:
    if not source or not target:
        return None
    profiles = [srgb() if isinstance(side, str) else side for side in (source, target)]
    if any(_space(profile) != "RGB" for profile in profiles):
        raise ValueError("not for RGB")
    convert = _transform(*profiles)
    axis = np.linspace(0, 1, 9)
    probe = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    return None if np.abs(np.clip(convert(probe), 0, 1) - probe).max() <= _SAME else convert


def _transform(source: bytes, target: bytes) -> Convert:
    """Raises ``ValueError`` where the profiles are damaged, or of a kind that is read or written only."""
    spaces = [_SPACES.get(_space(profile)) for profile in (source, target)]
    if None in spaces:
        raise ValueError("neither RGB nor grey")

    def convert(values: Floats) -> Floats:
        import imagecodecs

        floats = np.ascontiguousarray(values[..., 0] if spaces[0] == "gray" else values, np.float32)[None]
        options: dict[str, Any] = {
            "colorspace": spaces[0],
            "outcolorspace": spaces[1],
            "outdtype": "float32",
            "intent": _RELATIVE,
        }
        try:
            converted = imagecodecs.cms_transform(floats, source, target, **options)[0]
        except (RuntimeError, ImportError) as error:  # CmsError is a RuntimeError
            raise ValueError(str(error)) from error
        return np.asarray(np.nan_to_num(converted), np.float32)

    return convert


@lru_cache(_KNOWN)
def _unfit(profile: bytes) -> str | None:
    """Why ``profile`` can describe neither an output nor the grey values that it is made of."""
    if len(profile) < _HEADER or profile[36:40] != b"acsp":
        return "is damaged"
    if len(profile) > _MOST:
        return f"is too large ({len(profile)} bytes)"
    if _space(profile) not in _SPACES:
        return f"is for {_space(profile)!a} pictures"
    try:
        if _space(profile) == "RGB":
            _transform(srgb(), profile)(np.zeros((1, 3)))
        else:
            _transform(profile, srgb())(np.zeros((1, 1)))
    except ValueError:
        return "is damaged, or describes a device that only reads or only prints"
    return None


def _space(profile: bytes) -> str:
    return profile[16:20].decode("latin-1").strip()


def _decode(values: Floats) -> Floats:
    """sRGB -> light (IEC 61966-2-1)."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _encode(light: Floats) -> Floats:
    """Light -> sRGB."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.power(np.maximum(light, 0), 1 / 2.4) - 0.055)
