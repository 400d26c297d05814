"""Pictures one after the other in one file: told from one picture with something behind it, and taken apart."""

from __future__ import annotations

import numpy as np
import pytest
from image_files import RAMP, pillow, png, rgb

from nircolor.errors import InputError
from nircolor.image import read_nir
from nircolor.image.codecs.streams import is_stream, parts

SMALL = np.ascontiguousarray(RAMP[::2, ::2])
STARTS = (b"\xff\xd8\xff\xda\0\0", b"\xff\xd8\xff\xe0\0\0", b"\x89PNG\r\n\x1a\n", b"BM\x0f\0\0\0", b"RIFF\0\0\0\0WEBP")
KINDS = {
    "JPEG": [pillow("JPEG", RAMP), pillow("JPEG", RAMP[::-1]), pillow("JPEG", RAMP, quality=30)],
    "JPEG, progressive": [pillow("JPEG", rgb(RAMP), progressive=True, exif=b"Exif\0\0" + pillow("JPEG", SMALL))] * 3,
    "PNG": [png(RAMP), png(SMALL), png(RAMP)],
    "BMP": [pillow("BMP", RAMP)] * 3,
    "WEBP": [pillow("WEBP", rgb(RAMP), lossless=True)] * 3,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_is_not_read_as_its_first_picture(kind: str) -> None:
    pictures = KINDS[kind]
    assert not any(is_stream(picture) for picture in pictures)
    for padding in (b"", bytes(700)):
        data = padding.join(pictures)
        assert list(parts(data)) == pictures
        with pytest.raises(InputError, match=r"one after the other \(a stream\); give the file to nircolor video"):
            read_nir(data)


def test_what_may_lie_behind_a_picture() -> None:
    picture = pillow("JPEG", RAMP)
    preview = pillow("JPEG", SMALL)
    index = b"\xff\xe2\x00\x08MPF\0\0\0"
    twin = picture[:2] + index + picture[2:]
    for data in (picture + preview, picture + b"trailer", picture + bytes(9), twin + picture, png(RAMP) + preview):
        assert not is_stream(data)
        assert read_nir(data).pixels.shape == RAMP.shape


def test_a_cut_stream_gives_its_end_as_it_is() -> None:
    whole, cut = KINDS["JPEG"][0], KINDS["JPEG"][1][:-100]
    assert list(parts(whole + cut)) == [whole, cut]
    assert list(parts(whole + b"no picture")) == [whole, b"no picture"]


def test_no_bytes_keep_it_busy() -> None:
    generator = np.random.default_rng(1)
    for start in STARTS:
        for _ in range(50):
            data = start + generator.choice([0, 0xFF, 0xD8, 0xDA, 7], 4000).astype(np.uint8).tobytes()
            is_stream(data)
            assert all(part in data for part in parts(data))
