"""A picture written piece by piece is the picture written whole; the memory is that of what has begun, not of all."""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import exif_bytes
from PIL import Image

from nircolor.errors import InputError, OutputError, UsageError
from nircolor.image import ImageInfo, read_nir, read_rgb, write_pieces, write_rgb
from nircolor.image.quantize import quantize
from nircolor.image.tiff import tiles as tiff_tiles
from nircolor.image.tiff import write as tiff_write
from nircolor.image.tone import icc

Array = np.ndarray[Any, Any]
Pieces = Iterator[tuple[int, int, Array]]


def noise(*shape: int) -> Array:
    return np.random.default_rng(sum(shape)).random(shape, np.float32)


def pieces(rgb: Array, rows: list[int], columns: list[int]) -> Pieces:
    """Cut at ``rows`` and ``columns``, from left to right and from top to bottom."""
    edges = [
        sorted({0, length, *(at % length for at in cuts)})
        for length, cuts in zip(rgb.shape, (rows, columns), strict=False)
    ]
    for top, bottom in zip(edges[0], edges[0][1:], strict=False):
        for left, right in zip(edges[1], edges[1][1:], strict=False):
            yield top, left, rgb[top:bottom, left:right]


def written(rgb: Array, parts: Pieces, alpha: Array | None = None, **options: Any) -> bytes:
    stream = io.BytesIO()
    window = None if alpha is None else (lambda rows, columns: alpha[rows, columns])
    write_pieces(stream, parts, rgb.shape[:2], alpha=window, **options)
    return stream.getvalue()


CUTS = st.lists(st.integers(1, 1200), max_size=4)


@settings(deadline=None, max_examples=15)
@given(st.data(), CUTS, CUTS, st.sampled_from([8, 16, 32]), st.booleans())
def test_pieces_make_the_picture_that_the_whole_makes(
    data: st.DataObject, rows: list[int], columns: list[int], depth: int, masked: bool
) -> None:
    height, width = (data.draw(st.one_of(st.integers(1, 40), st.integers(500, 1100))) for _ in range(2))
    rgb, alpha = noise(height, width, 3) * 1.2 - 0.1, noise(height, width) if masked else None
    info = ImageInfo("TIFF", "uint8", compression=data.draw(st.sampled_from(["none", "lzw", "deflate"])))
    made = tifffile.imread(io.BytesIO(written(rgb, pieces(rgb, rows, columns), alpha, info=info, depth=depth)))
    np.testing.assert_array_equal(made, quantize(rgb, alpha, depth))


@pytest.mark.parametrize("format", ["png", "tiff", "jpeg", "webp", "bmp"])
@pytest.mark.parametrize("size", [(60, 80), (530, 40)])
def test_the_bytes_are_those_of_the_whole(format: str, size: tuple[int, int]) -> None:
    rgb, whole = noise(*size, 3), io.BytesIO()
    write_rgb(whole, rgb, format=format)
    made = written(rgb, pieces(rgb, [7, 31, 450], [11, 25]), format=format)
    assert made == whole.getvalue()


@pytest.mark.parametrize("ordered", [32_000_000, 0])
def test_pieces_may_come_in_any_order(ordered: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff_tiles, "_ORDERED", ordered)
    rgb = noise(1100, 700, 3)
    parts = list(pieces(rgb, [300, 900], [100, 600]))
    made = tifffile.imread(io.BytesIO(written(rgb, iter(parts[::-1]), format="tiff", depth=16)))
    np.testing.assert_array_equal(made, quantize(rgb, None, 16))


@pytest.mark.parametrize(("size", "tiled"), [((512, 512), False), ((513, 20), True), ((20, 600), True)])
def test_large_files_are_tiled_and_small_ones_are_not(size: tuple[int, int], tiled: bool) -> None:
    with tifffile.TiffFile(
        io.BytesIO(written(noise(*size, 3), pieces(noise(*size, 3), [], []), format="tiff"))
    ) as file:
        page = file.pages.first
        assert page.is_tiled == tiled
        assert page.photometric == 2
        assert (page.compression, page.predictor) == (8, 2)
        if tiled:
            assert max(page.tile) == 512
            assert all(side % 16 == 0 for side in page.tile)


def test_another_program_reads_the_tiles() -> None:
    rgb = noise(600, 1030, 3)
    with Image.open(io.BytesIO(written(rgb, pieces(rgb, [100], [700]), format="tiff"))) as image:
        np.testing.assert_array_equal(np.asarray(image), quantize(rgb, None, 8))


def test_metadata_are_kept_in_files_that_are_written_tile_by_tile() -> None:
    rgb, info = noise(600, 520, 3), ImageInfo("TIFF", "uint16", icc.adobe(), exif_bytes(), (300.0, 150.0))
    found = read_rgb(made := written(rgb, pieces(rgb, [99], []), info=info))
    small = read_rgb(written(rgb[:99, :99], pieces(rgb[:99, :99], [], []), info=info))
    assert found.pixels.shape == (600, 520, 3)
    with tifffile.TiffFile(io.BytesIO(made)) as file:
        tags = file.pages.first.tags
        assert tags["XResolution"].value == (300, 1)
        assert tags["InterColorProfile"].value == info.icc
        assert tags["ExifTag"].value
        assert tags["GPSTag"].value
    np.testing.assert_allclose(found.pixels[:99, :99], small.pixels, atol=1e-6)


def test_bigtiff_above_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    rgb, info = noise(600, 520, 3), ImageInfo("TIFF", "uint8", exif=exif_bytes())
    plain = written(rgb, pieces(rgb, [400], [100]), info=info)
    monkeypatch.setattr(tiff_write, "_BIG", 500_000)
    for big, part in ((True, rgb), (False, rgb[:520, :200])):
        with tifffile.TiffFile(io.BytesIO(written(part, pieces(part, [400], [100]), info=info))) as file:
            assert file.is_bigtiff == big
            np.testing.assert_array_equal(file.asarray(), quantize(part, None, 8))
            assert file.pages.first.tags["GPSTag"].value
    with tifffile.TiffFile(io.BytesIO(plain)) as file:
        assert not file.is_bigtiff


def test_profiles_convert_pieces_as_they_convert_the_whole() -> None:
    rgb, info = noise(300, 200, 3), ImageInfo("PNG", "uint16", icc.adobe())
    assert written(rgb, pieces(rgb, [77], [31, 60]), info=info) == written(rgb, pieces(rgb, [], []), info=info)


def test_lacking_pieces_are_refused(tmp_path: Path) -> None:
    rgb = noise(600, 600, 3)
    with pytest.raises(UsageError, match="the pieces lack 60000 pixels"):
        write_pieces(tmp_path / "a.tif", [(0, 0, rgb[:500])], (600, 600))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.tif", "a.png"])
def test_nan_in_the_last_piece_leaves_nothing(name: str, tmp_path: Path) -> None:
    rgb = noise(600, 600, 3)
    rgb[-1, -1, 0] = np.nan
    with pytest.raises(OutputError, match="holds NaN values; nothing was written"):
        write_pieces(tmp_path / name, pieces(rgb, [300], [300]), (600, 600))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [InputError("is damaged"), RuntimeError("of the network"), KeyboardInterrupt()])
def test_what_pieces_raise_is_raised_as_it_is_and_leaves_nothing(error: BaseException, tmp_path: Path) -> None:
    def broken() -> Pieces:
        yield 0, 0, noise(550, 600, 3)
        raise error

    for name in ("a.tif", "a.png"):
        with pytest.raises(type(error)) as caught:
            write_pieces(tmp_path / name, broken(), (600, 600))
        assert caught.value is error
    assert list(tmp_path.iterdir()) == []


def test_memory_is_that_of_a_row_of_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff_tiles, "_ORDERED", 0)
    height, width, info = 3000, 6000, ImageInfo("TIFF", "uint8", compression="none")
    piece = noise(250, 500, 3)

    class Nowhere(io.RawIOBase):
        """Takes bytes."""

        def write(self, data: Any) -> int:
            return len(data)

    parts = ((top, left, piece) for top in range(0, height, 250) for left in range(0, width, 500))
    write_pieces(Nowhere(), [(0, 0, noise(9, 600, 3))], (9, 600), format="tiff")  # type: ignore[arg-type]  # imports
    tracemalloc.start()
    write_pieces(Nowhere(), parts, (height, width), info)  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    row = 512 * width * 3
    assert peak < 2 * row < height * width * 3 / 2


def test_a_disk_that_fills_is_one_error_and_leaves_nothing(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import pathlib, resource, sys, numpy
        from nircolor.errors import OutputError
        from nircolor.image import ImageInfo, write_pieces
        rgb = numpy.random.default_rng(0).random((300, 1500, 3), dtype="f4")
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, 5_000_000))
        for compression in ("none", "lzw", "deflate"):
            try:
                info = ImageInfo("TIFF", "uint8", compression=compression)
                parts = ((top, 0, rgb) for top in range(0, 1200, 300))
                write_pieces(pathlib.Path(sys.argv[1], "a.tif"), parts, (1200, 1500), info)
            except OutputError as error:
                print(error)
    """)
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"{tmp_path / 'a.tif'}: File too large; nothing was written"] * 3
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_only_tiff_may_be_larger_than_what_is_encoded_in_one_piece(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg"):
        with pytest.raises(UsageError, match=r"encoded in one piece, of 400 megapixels at most; write TIFF"):
            write_pieces(tmp_path / name, iter(()), (20_001, 20_000))
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    grey = noise(700, 530)
    rgb = np.repeat(grey[..., None], 3, 2)
    write_pieces(tmp_path / "a.tif", pieces(rgb, [200], [300]), grey.shape, depth=32)
    np.testing.assert_array_equal(read_nir(tmp_path / "a.tif").pixels, grey)
