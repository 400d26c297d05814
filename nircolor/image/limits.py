"""How large a picture may be, decided from its header before anything is decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nircolor.errors import InputError

if TYPE_CHECKING:
    from nircolor.image.stored import Stored

MAX_PIXELS = 400_000_000
"""Largest picture, or row of tiles of one, that is decoded in one piece."""

MAX_BYTES = 4 << 30
"""Largest encoded file read whole into memory, and largest size in memory once decoded."""

_SLACK = 1 << 16  # headers and tables: a small file may hold a little more than the ratio says


def check_size(width: int, height: int, bytes_per_pixel: float, stored: int, ratio: float | None) -> None:
    """Refuse a picture of ``width`` x ``height`` pixels that is too large, or that its file cannot hold.

    ``stored`` is the number of encoded bytes and ``ratio`` the most that the compression can expand them (None: no
    bound). Raises ``InputError``.
    """
    check_large(width, height, bytes_per_pixel)
    check_promise(width, height, bytes_per_pixel, stored, ratio)


def check_large(width: int, height: int, bytes_per_pixel: float) -> None:
    """Refuse with ``InputError`` what is too large to be decoded whole."""
    decoded = width * height * bytes_per_pixel
    if width * height > MAX_PIXELS or decoded > MAX_BYTES:
        raise InputError(
            f"is {width} x {height} pixels ({decoded / 2**30:.1f} GiB decoded), above the limit of "
            f"{MAX_PIXELS // 1_000_000} megapixels and {MAX_BYTES >> 30} GiB",
            remedy="cut it into parts first",
        )


def check_encoded(size: int) -> None:
    """Refuse with ``InputError`` a file of ``size`` bytes that is too large to be read whole."""
    if size > MAX_BYTES:
        raise InputError(f"has {size} bytes, more than the limit of {MAX_BYTES}", remedy="cut it into parts first")


def check_whole(stored: Stored) -> None:
    """The same for a picture that is stored, and has to be decoded whole."""
    height, width = stored.shape
    check_large(width, height, stored.channels * stored.dtype.itemsize)


def check_promise(width: int, height: int, bytes_per_pixel: float, stored: int, ratio: float | None) -> None:
    """Refuse with ``InputError`` what cannot come of ``stored`` bytes: see ``check_size``."""
    if width < 1 or height < 1:
        raise InputError(f"is empty ({width} x {height} pixels)", remedy="check how it was made")
    if ratio is not None and width * height * bytes_per_pixel > ratio * stored + _SLACK:
        raise InputError(
            f"promises {width} x {height} pixels but holds only {stored} bytes of them",
            remedy="it is truncated or damaged, get a fresh copy",
        )
