"""Pictures that GDAL reads, through rasterio: ENVI, NITF, VRT, ERDAS, PCIDSK, GeoPackage, JPEG 2000 on a map, URLs.

Windows of stored samples, and a georeference in the form that a GeoTIFF has it. Needs ``nircolor[geo]``.
"""

from __future__ import annotations

import io
import itertools
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from nircolor.errors import InputError
from nircolor.image import bands
from nircolor.image.bands import BandLabel
from nircolor.image.geo import gdal_guard, gdal_size, gdal_vrt
from nircolor.image.geo import tags as geo
from nircolor.image.geo.gdal_items import Scale
from nircolor.image.geo.tags import Geo
from nircolor.image.limits import MAX_BYTES
from nircolor.image.raster import Raster, Request, Samples, choose_bands
from nircolor.image.sample_types import SampleType, sample_type
from nircolor.image.stored import Block
from nircolor.image.tiff import ifd

_NEEDED = "install what reads it: pip install 'nircolor[geo]'"
_MOST_SUBSETS = 1000
_TOLD = re.compile(r"STATISTICS_|Band_\d+$")  # of values that are no longer there, or by descriptions of bands


def opens(source: str | Path) -> bool:
    """Whether ``source`` is for GDAL. Without rasterio, opening it says what to install."""
    return bool(gdal_guard.drivers_of(source))


@contextmanager
def open_stored(source: str | Path, request: Request) -> Iterator[GdalStored]:
    """A picture that ``opens``, as a ``Stored``. Raises ``InputError``."""
    if not gdal_guard.is_installed():
        raise InputError("is of a kind that is read through GDAL", remedy=_NEEDED)
    import rasterio

    drivers = gdal_guard.drivers_of(source)
    held = gdal_vrt.check_vrt(Path(source)) if drivers == ("VRT",) else None
    name = gdal_guard.name_of(gdal_guard.envi_data(Path(source)) if drivers == ("ENVI",) else source)
    with rasterio.Env(**gdal_guard.settings(source)):
        try:
            with _quiet():
                dataset = _picture(_opened(name, drivers), request.page_number, drivers)
        except rasterio.errors.RasterioError as error:
            raise _unopened(source, error) from error
        with dataset:
            if not gdal_guard.is_remote(source):
                gdal_size.check_held(dataset, Path(source), held)
            with _quiet():
                stored = GdalStored(dataset, request)
            yield stored


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Python's warning for each picture that lies on no map."""
    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def _picture(dataset: Any, page: int | None, drivers: tuple[str, ...]) -> Any:
    """The dataset itself, or page ``page`` of those that a file holds several of."""
    names = list(itertools.islice(dataset.subdatasets, _MOST_SUBSETS))
    count = max(1, len(names))
    if page is None and count > 1:
        raise InputError(f"has {count} pages", remedy=f"choose one with `page=1` to {count}")
    if not 1 <= (page or 1) <= count:
        raise InputError(f"has {count} page(s), not {page}", remedy=f"choose one with `page=1` to {count}")
    if not names:
        return dataset
    dataset.close()
    return _opened(names[(page or 1) - 1], drivers)


def _opened(name: str, drivers: tuple[str, ...]) -> Any:
    """By the first of the ``drivers`` that can."""
    import rasterio

    *others, last = drivers
    for driver in others:
        with suppress(rasterio.errors.RasterioIOError):
            return rasterio.open(name, driver=driver)
    return rasterio.open(name, driver=last)


def _unopened(source: str | Path, error: Exception) -> InputError:
    reason = ascii(" ".join(str(error).split()))[1:-1][:200]
    if gdal_guard.is_remote(source):
        return InputError(f"cannot be opened ({reason})", remedy="check the name, the network and your rights")
    return InputError(f"is damaged, or of a kind that GDAL does not read ({reason})", remedy="get a fresh copy")


class GdalStored:
    """See ``stored.Stored``. ``dataset``: of rasterio, open."""

    def __init__(self, dataset: Any, request: Request) -> None:
        from rasterio.enums import ColorInterp, MaskFlags

        self._dataset = dataset
        self.shape: tuple[int, int] = dataset.shape
        kinds = dataset.colorinterp
        alpha = kinds.index(ColorInterp.alpha) if ColorInterp.alpha in kinds else None
        if dataset.count < 1:
            raise InputError("holds no bands", remedy="give a file that holds a picture")
        chosen = choose_bands(dataset.count, alpha, request.band, _labels(dataset))
        self._bands, self._alpha, first = chosen.colour, chosen.alpha, chosen.colour[0]
        if kinds[first] is ColorInterp.palette:
            raise InputError("holds the numbers of a palette", remedy="expand it with gdal_translate -expand gray")
        flags = dataset.mask_flag_enums[first]
        self._masked = self._alpha is None and MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags
        self._kind = self._checked()
        self.meaning = self._meaning(chosen.alpha_band, asked=request.band is not None)
        self._told = self.meaning.warnings

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8, uint16 or float32."""
        return self._kind.handed

    @property
    def channels(self) -> int:
        """1 or 3."""
        return len(self._bands)

    def read(self, rows: slice, columns: slice) -> Block:
        """The samples of a window. Raises ``InputError`` where GDAL cannot decode it, with its rows."""
        from rasterio.errors import RasterioError

        window = ((rows.start, rows.stop), (columns.start, columns.stop))
        try:
            planes = [self._convert(self._dataset.read(band + 1, window=window)) for band in self._bands]
            return Block(planes, self._transparency(window))
        except RasterioError as error:
            where = f"rows {rows.start + 1} to {rows.stop}"
            reason = ascii(" ".join(str(error.__cause__ or error).split()))[1:-1][:200]
            raise InputError(f"is damaged in {where} ({reason})", remedy="get a fresh copy") from error

    def _convert(self, stored: Samples) -> Samples:
        samples, below = self._kind.convert(stored)
        if below and (warning := f"some of its {self._kind.stored} values are below 0 and became 0") not in self._told:
            self._told.append(warning)
        return samples

    def _transparency(self, window: Any) -> Samples | None:
        """Alpha, or the mask, from 0 to the largest value of the type."""
        if self._masked:
            mask = self._dataset.read_masks(self._bands[0] + 1, window=window)
            return np.where(mask, np.float32(self._kind.peak), np.float32(0))
        if self._alpha is None:
            return None
        alpha: Samples = self._dataset.read(self._alpha + 1, window=window)
        own = 1.0 if alpha.dtype.kind == "f" else float(np.iinfo(alpha.dtype).max)
        return alpha if alpha.dtype == self.dtype else (alpha * (self._kind.peak / own)).astype(self.dtype)

    def _checked(self) -> SampleType:
        """What the bands have in common. Raises ``InputError`` where that is nothing, or too large."""
        types = {self._dataset.dtypes[band] for band in self._bands}
        if len(types) > 1 or any(name.startswith("complex") for name in types):
            told = " and ".join(sorted(types))
            raise InputError(f"holds {told} samples", remedy="convert it to uint8, uint16 or float32 first")
        stored = np.dtype(types.pop())
        rows, columns = self._dataset.block_shapes[self._bands[0]]
        if rows * columns * stored.itemsize > MAX_BYTES // 4:
            raise InputError(
                f"is stored in blocks of {columns} x {rows} pixels", remedy="convert it to a tiled GeoTIFF"
            )
        found = {self._dataset.nodatavals[band] for band in self._bands}
        bits = self._dataset.tags(self._bands[0] + 1, ns="IMAGE_STRUCTURE").get("NBITS", "")
        used = int(bits) if bits.isdecimal() and 0 < int(bits) < 8 * stored.itemsize else None
        return sample_type(stored, used, found.pop() if len(found) == 1 else None)

    def _meaning(self, alpha_band: int | None, asked: bool) -> Raster:
        kind = self._kind
        raster = Raster("TIFF", [], peak=kind.peak, nodata=kind.nodata, declared=kind.recoded, depth=kind.depth)
        raster.alpha_band, labels = alpha_band, _labels(self._dataset)
        likely = bands.near_infrared(labels)
        raster.infrared = None if likely is None else likely + 1
        raster.geo, raster.warnings = _geo(self._dataset)
        if not asked:
            raster.warnings += bands.remark(labels[self._bands[0]]) if self.channels == 1 else []
        scales = {Scale(self._dataset.scales[band], self._dataset.offsets[band]) for band in self._bands} - {Scale()}
        if not scales:
            return raster
        (scale, *others) = sorted(scales, key=str)
        ends = None if others else kind.reflectance(scale.scale, scale.offset)
        if ends is None:
            raster.warnings.append(f"its {scale} left out of account: the stored values were read")
        else:
            raster.black, raster.peak = ends
            raster.type_peak, raster.levels = kind.peak, "scale and offset"
        return raster


def _labels(dataset: Any) -> tuple[BandLabel, ...]:
    """What the file says of its bands; ENVI has wavelengths."""
    found = []
    for band, name in enumerate(dataset.descriptions, 1):
        tags = {key.lower(): value for key, value in dataset.tags(band).items()}
        found.append(
            BandLabel(name or "", bands.nanometres(tags.get("wavelength", ""), tags.get("wavelength_units", "")))
        )
    return tuple(found)


def _geo(dataset: Any) -> tuple[Geo | None, list[str]]:
    """The georeference as tags: those that GDAL writes into a GeoTIFF of one pixel, and what it could not write."""
    import rasterio

    points, of_points = dataset.gcps
    items = {key: value for key, value in dataset.tags().items() if value and not _TOLD.match(key)}
    profile = {"crs": dataset.crs, "transform": None if dataset.transform.is_identity else dataset.transform}
    if points:
        profile = {"gcps": points, "crs": of_points}
    with rasterio.MemoryFile() as memory:
        with memory.open(driver="GTiff", width=1, height=1, count=1, dtype="uint8", **profile) as small:
            small.update_tags(**items)
            if dataset.rpcs:
                small.rpcs = dataset.rpcs
            if any(dataset.descriptions):
                small.set_band_description(1, "near-infrared")
        stream = io.BytesIO(memory.read())
    found, lost = geo.from_tiff(stream, ifd.read_header(stream)[1])
    if profile["crs"] and not (found and found.system):
        lost.append("its coordinate system cannot be written into a GeoTIFF and is not kept")
    return found, lost
