"""What reading by windows decodes and holds: only what is touched, once, and no more than a row of windows."""

from __future__ import annotations

import io
import logging
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from image_files import tiff

from nircolor.errors import InputError
from nircolor.image import Stretch, open_nir, read_nir
from nircolor.image.tiff import stored as tiff_stored
from nircolor.image.tone import histogram


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Surveys of small pictures take several steps too, and nothing is kept that need not be."""
    monkeypatch.setattr(histogram, "_BLOCK", 100)
    monkeypatch.setattr(tiff_stored, "_KEPT", 0)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The tiles that are decoded, one after the other."""
    found: list[tuple[int, int]] = []
    plain = tiff_stored.TiffStored._decoded

    def noted(self: tiff_stored.TiffStored, place: tuple[int, int], encoded: list[bytes | None]) -> Any:
        found.append(place)
        return plain(self, place, encoded)

    monkeypatch.setattr(tiff_stored.TiffStored, "_decoded", noted)
    return found


def tiles(height: int, width: int, side: int, overlap: int) -> Iterator[tuple[slice, slice]]:
    for top in range(0, height, side - overlap):
        for left in range(0, width, side - overlap):
            yield slice(top, min(top + side, height)), slice(left, min(left + side, width))


def large(**layout: Any) -> bytes:
    """1024 x 768, 16 bits, bright."""
    return tiff((np.add.outer(np.arange(1024) * 40, np.arange(768) * 20) % 65536).astype(np.uint16), **layout)


@pytest.mark.parametrize("layout", [{"tile": (64, 64)}, {"rowsperstrip": 9}], ids=str)
@pytest.mark.parametrize("turn", [1, 2, 3, 4])
def test_each_tile_is_decoded_once_a_pass(layout: Any, turn: int, decoded: list[tuple[int, int]]) -> None:
    with open_nir(large(**layout, extratags=[(274, 3, 1, turn, True)])) as windows:
        assert len(set(decoded)) <= 24  # bright: seen in the first rows
        for side, overlap in ((1024, 0), (200, 40)):
            decoded.clear()
            for rows, columns in tiles(1024, 768, side, overlap):
                windows[rows, columns]
                windows.alpha(slice(rows.start, rows.start + 20), columns)
            assert len(decoded) == len(set(decoded))


@pytest.mark.parametrize("layout", [{"tile": (64, 64), "compression": "lzw"}, {"rowsperstrip": 9}], ids=str)
def test_threads_change_nothing(layout: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = large(**layout)
    expected = read_nir(data)
    monkeypatch.setattr(tiff_stored, "_processors", lambda: 3)
    np.testing.assert_array_equal(read_nir(data).pixels, expected.pixels)


@pytest.mark.parametrize("processors", [1, 3])
def test_what_a_library_says_late_is_heard(processors: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff_stored, "_processors", lambda: processors)
    plain = tiff_stored.TiffStored._unpacked

    def loud(self: tiff_stored.TiffStored, index: int, data: bytes | None) -> Any:
        if index >= 100:
            logging.getLogger("imagecodecs").warning("a strange strip")
        return plain(self, index, data)

    monkeypatch.setattr(tiff_stored.TiffStored, "_unpacked", loud)
    with open_nir(large(rowsperstrip=9)) as windows:
        assert windows.info.warnings == ()
        windows[800:1000, :]
        assert windows.info.warnings == ("imagecodecs says: a strange strip",)


def test_a_window_decodes_what_it_touches(decoded: list[tuple[int, int]]) -> None:
    with open_nir(large(tile=(64, 64))) as windows:
        decoded.clear()
        windows[600:650, 100:130]
    assert sorted(decoded) == [(9, 1), (9, 2), (10, 1), (10, 2)]  # by several threads, in any order


@pytest.mark.parametrize("stretch", [Stretch(), Stretch("percentile")], ids=str)
@pytest.mark.parametrize("kind", ["uint16", "float32"])
def test_memory_is_that_of_a_row_of_windows(kind: str, stretch: Stretch, tmp_path: Path) -> None:
    """Of 24 megapixels, one row of windows in stored samples and one window in floats."""
    path, rows, columns = tmp_path / "long.tif", 48, 1024
    block = (np.add.outer(np.arange(256), np.arange(256)) * (120 if kind == "uint16" else 1 / 520)).astype(kind)
    blocks = (block for _ in range(24_576 // 256 * columns // 256))
    tifffile.imwrite(path, blocks, shape=(24_576, columns), dtype=kind, tile=(256, 256), compression="zlib")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(histogram, "_BLOCK", 1 << 16)
        tracemalloc.start()
        with open_nir(path, stretch=stretch) as windows:
            for top in range(0, windows.shape[0], rows):
                windows[top : top + rows, :]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 14_000_000  # the picture: 50 or 100 MB; as floats 100


def enormous(turn: int = 1, **layout: Any) -> bytes:
    """576 megapixels in half a megabyte: bright tiles of 2000 x 2000, all alike, or one strip."""
    stream, side = io.BytesIO(), 24_000
    tile = zlib.compress(b"\xc8" * 4_000_000)
    encoded = [bytes(600_000)] if layout else [tile] * 144
    with tifffile.TiffWriter(stream, bigtiff=True) as writer:
        writer.write(
            iter(encoded),
            shape=(side, side),
            dtype=np.uint8,
            photometric="minisblack",
            metadata=None,
            compression="zlib",
            extratags=[(274, 3, 1, turn, True)],
            **(layout or {"tile": (2000, 2000)}),
        )
    return stream.getvalue()


def test_larger_than_memory_is_read_by_windows_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histogram, "_BLOCK", 1 << 22)
    data = enormous()
    with open_nir(data) as windows:
        assert windows.shape == (24_000, 24_000)
        assert (windows[23_990:, 23_990:] == np.float32(200 / 255)).all()
    with pytest.raises(InputError, match="above the limit of 400 megapixels"):
        read_nir(data)


def test_what_must_be_decoded_whole_is_bounded() -> None:
    with (
        pytest.raises(InputError, match="above the limit of 400 megapixels"),
        open_nir(enormous(6)),
    ):
        pass
    with (
        pytest.raises(InputError, match="in strips or tiles of 24000 x 24000, a row of which is above the limit"),
        open_nir(enormous(rowsperstrip=24_000)),
    ):
        pass
