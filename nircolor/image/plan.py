"""Under which name, in which format and depth a picture is written, and what the format cannot hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nircolor.errors import UsageError
from nircolor.image.formats import FORMATS, SUPPORTED, by_name, by_suffix, outcome
from nircolor.image.geo import gdal_guard
from nircolor.image.info import ImageInfo
from nircolor.image.limits import MAX_PIXELS
from nircolor.image.metadata import kept as metadata
from nircolor.image.metadata.exif import fits_gdal
from nircolor.image.tone import icc

_COG_EXIF = "a Cloud-Optimized GeoTIFF cannot hold the EXIF block: its description, date and artist are kept alone"
AVIF_BITS = 12
"""The most that AVIF has for a channel."""
_DEPTHS = {"uint8": 8, "uint16": 16, "float32": 32}


@dataclass(frozen=True)
class OutputPlan:
    """``format`` is a key of ``FORMATS``; ``depth`` is 8 or 16 (unsigned) or 32 (float) bits a sample."""

    format: str
    depth: int
    cog: bool = False
    """Whether the TIFF is a Cloud-Optimized GeoTIFF."""


def default_output(path: Path, format: str | None = None) -> Path:
    """``photo_nir.tif`` -> ``photo_nir_rgb.tif`` beside it.

    The suffix stays as it is written (``.jpeg`` stays ``.jpeg``) unless ``format`` names another family, or that of
    ``path`` is read only. Raises ``UsageError`` for an unknown ``format``.
    """
    path = Path(path)
    own = by_suffix(path)
    name = by_name(format) if format is not None else own and outcome(own)
    suffix = path.suffix if name is None or name == own else FORMATS[name].suffixes[0]
    return path.with_name(f"{path.stem}_rgb{suffix}")


def plan_output(
    target: Path | None,
    info: ImageInfo | None = None,
    *,
    depth: int | None = None,
    format: str | None = None,
    size: tuple[int, int] | None = None,
    cog: bool = False,
) -> OutputPlan:
    """Choose format and depth of an output; call it before the work to learn early that it cannot be written.

    The format is that of ``target``'s suffix, else ``format``, else that of ``info``; the depth is ``depth``, else that
    of ``info``, else 8. ``target`` None: a stream. ``size``: (height, width) in pixels. Raises ``UsageError`` where
    suffix and ``format`` disagree, the suffix is unknown and no ``format`` is given, or the format cannot hold the
    depth or the size; all but TIFF are limited in pixels. ``cog``: a Cloud-Optimized GeoTIFF, which only TIFF can be,
    and which needs ``nircolor[geo]``.
    """
    entry = FORMATS[_format(target, info, format)]
    if depth not in (None, 8, 16, 32):
        raise UsageError("choose 8, 16 or 32 (float)", option="depth", value=depth)
    bits = depth or (_DEPTHS.get(info.dtype, 8) if info else 8)
    if bits not in entry.depths:
        fitting = " or ".join(name for name, other in FORMATS.items() if bits in other.depths)
        most = " or ".join(f"`depth={bits}`" for bits in entry.depths)
        raise UsageError(f"{entry.name} cannot hold {bits} bits a channel", remedy=f"use {most}, or write {fitting}")
    if size and max(size) > entry.max_side:
        raise UsageError(
            f"{entry.name} cannot hold more than {entry.max_side} pixels a side", remedy="write TIFF or PNG"
        )
    if size and size[0] * size[1] > MAX_PIXELS and entry.name != "TIFF":
        most = f"{entry.name} is encoded in one piece, of {MAX_PIXELS // 1_000_000} megapixels at most"
        raise UsageError(most, remedy="write TIFF")
    if cog:
        _check_cog(entry.name)
    return OutputPlan(entry.name, bits, cog)


def _check_cog(format: str) -> None:
    if format != "TIFF":
        reason = f"a Cloud-Optimized GeoTIFF is a TIFF, and this output is {format}"
        raise UsageError(reason, option="cog", remedy="write TIFF, or leave it out")
    if not gdal_guard.is_installed():
        raise UsageError("needs rasterio", option="cog", remedy="install it: pip install 'nircolor[geo]'")


def _format(target: Path | None, info: ImageInfo | None, format: str | None) -> str:
    asked = None if format is None else by_name(format)
    suffixed = None if target is None else _written(target)
    if asked and suffixed and asked != suffixed:
        reason = f"its suffix means {suffixed} but `format` says {asked}"
        raise UsageError(reason, path=target, remedy="leave `format` out or change the name")
    if target is not None and target.suffix and not suffixed and not asked:
        remedy = f"use that of one of {SUPPORTED}, or add `format`"
        raise UsageError(f"unknown suffix {target.suffix!r}", path=target, remedy=remedy)
    chosen = suffixed or asked or (outcome(info.format) if info else None)
    if chosen is None:
        raise UsageError("no format given", remedy=f"add `format` or a suffix for one of {SUPPORTED}")
    return chosen


def _written(target: Path) -> str | None:
    """The format that the suffix of an output stands for; None for an unknown one."""
    name = by_suffix(target)
    if name is not None and name not in FORMATS:
        remedy = f"use the suffix of one of {SUPPORTED}"
        raise UsageError(f"{name} is read, but not written", path=target, remedy=remedy)
    return name


def losses(plan: OutputPlan, info: ImageInfo, has_alpha: bool) -> tuple[str, ...]:
    """What of the source is not kept, and what of ``info`` and the mask the format cannot hold, one line each."""
    entry, held = FORMATS[plan.format], metadata.fit(info.metadata, info.exif, plan.format)
    lost = {
        "the alpha channel": has_alpha and not entry.alpha,
        "the ICC profile": not entry.icc and info.icc not in (None, icc.srgb()),  # without one a file is sRGB
        f"all {_bits(info)} bits of a channel, but {AVIF_BITS} of them": plan.format == "AVIF"
        and plan.depth > 8
        and _bits(info) > AVIF_BITS,
        "the EXIF block": fits_exif(plan.format, info.exif) != info.exif,
        info.geo.name if info.geo else "": info.geo is not None and entry.name != "TIFF",
        "the resolution": info.resolution is not None and not entry.resolution,
        **dict.fromkeys(held.lost, True),
    }
    lines = [f"{plan.format} cannot hold {what}: it is not kept" for what, is_lost in lost.items() if is_lost]
    return (*info.metadata.lost, *lines, *([_COG_EXIF] if plan.cog and not fits_gdal(info.exif) else []))


def _bits(info: ImageInfo) -> int:
    return info.bits or _DEPTHS.get(info.dtype, 8)


def fits_exif(format: str, exif: bytes | None) -> bytes | None:
    """``exif`` where a file of this format can hold it, else None: JPEG has 64 KiB for it, BMP nothing."""
    if exif is None or not FORMATS[format].exif or (format == "JPEG" and len(exif) > 65533 - 6):
        return None
    return exif
