from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from nircolor.reference.album import Album


def photo(path: Path, taken: str | None = None) -> Path:
    exif = Image.Exif()
    if taken:
        exif.get_ifd(0x8769)[36867] = taken
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(path, exif=exif)
    return path


def block(taken: str) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[36867] = taken
    return exif.tobytes().removeprefix(b"Exif\0\0")


def test_a_name_is_found_whatever_its_kind(tmp_path: Path) -> None:
    day = photo(tmp_path / "Yard_2_rgb.jpg")
    photo(tmp_path / "yard_3_rgb.jpg")
    album = Album.of(tmp_path)
    for name in ("Yard_2_nir.tif", "some/folder/yard_2.png", "yard_2-NIR.TIF"):
        assert album.find(name, None) == day
    assert album.find("yard_4_nir.tif", None) is None


def test_without_the_name_the_nearest_time_counts(tmp_path: Path) -> None:
    morning = photo(tmp_path / "a.jpg", "2026:05:01 08:00:00")
    noon = photo(tmp_path / "b.jpg", "2026:05:01 12:00:00")
    photo(tmp_path / "c.jpg")
    album = Album.of(tmp_path)
    assert album.find("x.tif", block("2026:05:01 09:30:00")) == morning
    assert album.find("x.tif", block("2026:05:03 22:00:00")) == noon
    assert album.find("a_nir.tif", block("2026:05:01 12:00:00")) == morning
    assert album.find("x.tif", block("0000:00:00 00:00:00")) is None
    assert album.find("x.tif", b"no EXIF at all") is None


def test_what_is_no_picture_does_not_count(tmp_path: Path) -> None:
    day = photo(tmp_path / "day.jpg")
    (tmp_path / "notes.txt").write_text("day")
    (tmp_path / "night.jpg").mkdir()
    assert Album.of(tmp_path).files == (day,)


def test_another_picture_is_another_digest(tmp_path: Path) -> None:
    photo(tmp_path / "day.jpg")
    before = Album.of(tmp_path).digest
    assert Album.of(tmp_path).digest == before
    photo(tmp_path / "evening.jpg")
    assert Album.of(tmp_path).digest != before
