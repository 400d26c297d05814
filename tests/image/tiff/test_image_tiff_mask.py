"""Internal masks of a TIFF: pages of their own that become alpha."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from geo_files import geotiff, rasterio, seen, through
from image_files import HEIGHT, RAMP, RAMP16, RAMP_FLOAT, WIDTH, tiff_pages

from nircolor.errors import InputError
from nircolor.image import open_nir, read_nir

MASK = RAMP > 30


def written(*pages: tuple[np.ndarray, dict[str, object]]) -> bytes:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for pixels, options in pages:
            writer.write(pixels, metadata=None, **options)
    return stream.getvalue()


def with_mask(pixels: np.ndarray, mask: np.ndarray) -> bytes:
    """``mask`` as a mask page, which tifffile itself writes of one bit only."""
    data = bytearray(tiff_pages(pixels, mask, subfiletype=1))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        data[file.pages[1].tags[254].valueoffset] = 4
    return bytes(data)


@pytest.mark.parametrize("pixels", [RAMP, RAMP16, RAMP_FLOAT], ids=["uint8", "uint16", "float32"])
@pytest.mark.parametrize("mask", [MASK, MASK * np.uint8(255)], ids=["1 bit", "8 bits"])
def test_a_mask_page_is_no_page_and_becomes_alpha(pixels: np.ndarray, mask: np.ndarray) -> None:
    picture = read_nir(with_mask(pixels, mask))
    assert picture.alpha is not None
    np.testing.assert_array_equal(picture.alpha, MASK)
    assert picture.info.warnings == ()


def test_masks_of_gdal_survive_and_so_do_windows_of_them(tmp_path: Path) -> None:
    pixels, mask = np.kron(RAMP16, np.ones((8, 8), np.uint16)), np.kron(MASK, np.ones((8, 8), bool))
    with rasterio().Env(GDAL_TIFF_INTERNAL_MASK="YES"):
        source = geotiff(tmp_path / "a.tif", pixels, tiled=True, blockxsize=128, blockysize=128, compress="deflate")
        with rasterio().open(source, "r+") as file:
            file.write_mask(mask)
            file.build_overviews([2])
    with seen(through(source)) as after:
        np.testing.assert_array_equal(after.dataset_mask() > 0, mask)
    with open_nir(source) as windows:
        np.testing.assert_array_equal(windows.alpha(slice(100, 200), slice(3, 50)), mask[100:200, 3:50])


def test_a_mask_of_one_bit_may_be_packed_very_small() -> None:
    """A thousand pixels and more a byte: what deflate makes of a large border."""
    mask = np.zeros((2048, 2048), bool)
    mask[:900] = True
    page, small = {"subfiletype": 0, "compression": "zlib"}, {"subfiletype": 4, "compression": "zlib"}
    data = written((np.zeros(mask.shape, np.uint8), page), (mask, small))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        assert sum(file.pages[1].databytecounts) < (mask.size - (1 << 16)) / 1032
    picture = read_nir(data)
    assert picture.alpha is not None
    np.testing.assert_array_equal(picture.alpha, mask)


def test_what_is_masked_does_not_count_in_a_stretch() -> None:
    from nircolor.image import Stretch

    pixels = np.where(MASK, 100 + RAMP // 4, 255).astype(np.uint8)
    picture = read_nir(tiff_pages(pixels, MASK, subfiletype=4), stretch=Stretch.parse("minmax"))
    shown = picture.pixels[MASK]
    assert (shown.min(), shown.max()) == (0, 1)


def test_each_page_has_the_mask_behind_it() -> None:
    page, mask = {"subfiletype": 0}, {"subfiletype": 4}
    data = written((RAMP, page), (MASK, mask), (RAMP16, page), (~MASK, mask), (RAMP, page))
    for number, expected in ((1, MASK), (2, ~MASK)):
        np.testing.assert_array_equal(read_nir(data, page=number).alpha, expected)
    assert read_nir(data, page=3).alpha is None


def test_masks_of_overviews_and_of_other_sizes_are_none() -> None:
    page = (RAMP, {"subfiletype": 0})
    for mask in ((MASK[::2, ::2], {"subfiletype": 5}), (MASK[:10], {"subfiletype": 4})):
        assert read_nir(written(page, mask)).alpha is None


def test_masks_and_alpha_count_both() -> None:
    alpha = np.full((HEIGHT, WIDTH), 128, np.uint8)
    page = np.dstack([RAMP, alpha])
    options = {"photometric": "minisblack", "extrasamples": ["unassalpha"]}
    picture = read_nir(written((page, options), (MASK, {"subfiletype": 4})))
    np.testing.assert_allclose(picture.alpha, MASK * (128 / 255), atol=1e-6)


def test_a_mask_of_another_kind_is_left_out_with_a_warning() -> None:
    picture = read_nir(with_mask(RAMP, RAMP16))
    assert picture.alpha is None
    assert picture.info.warnings == ("the transparency mask page is not kept: it has more than 8 bits a pixel",)


def test_a_truncated_mask_is_refused() -> None:
    data = written((RAMP, {}), (MASK, {"subfiletype": 4, "compression": "zlib"}))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        start, size = file.pages[1].dataoffsets[0], file.pages[1].databytecounts[0]
    with pytest.raises(InputError, match="damaged"):
        read_nir(data[:start] + bytes(size) + data[start + size :])
