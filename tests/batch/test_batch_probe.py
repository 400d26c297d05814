"""Sizes of pictures from their first bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from batch_tools import picture
from format_files import avif, exr, heif, jp2, jxl, netpbm, npy

from nircolor.batch.disk import Disk
from nircolor.batch.probe import probe, probe_all

FIELD = np.zeros((13, 29), np.uint8)
LONG = {
    "jp2": jp2(FIELD),
    "j2k": jp2(FIELD, "j2k"),
    "jxl": jxl(FIELD),
    "jxl in boxes": jxl(FIELD, usecontainer=True),
    "avif": avif(FIELD),
    "npy": npy(FIELD),
    "npy of bands": npy(np.zeros((13, 29, 5), np.float32)),
    "pgm": netpbm("P5", FIELD, 255, comment="made"),
    "pfm": netpbm("Pf", FIELD.astype("<f4"), -1.0),
    "pam": b"P7\nWIDTH 29\nHEIGHT 13\nDEPTH 1\nMAXVAL 255\nENDHDR\n" + bytes(13 * 29),
}


@pytest.mark.parametrize("kind", LONG)
def test_probe_reads_sizes_from_longer_headers(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(LONG[kind])
    assert probe(path) == (13, 29)
    path.write_bytes(LONG[kind][:5])
    assert probe(path) is None


@pytest.mark.parametrize(("kind", "library"), [("exr", "OpenEXR"), ("heif", "pillow_heif")])
def test_probe_reads_sizes_of_what_an_extra_reads(kind: str, library: str, tmp_path: Path) -> None:
    pytest.importorskip(library)
    field = np.zeros((96, 128), np.uint8)
    data = exr({"Y": field.astype(np.float32)}) if kind == "exr" else heif(np.dstack([field] * 3), "RGB")
    (tmp_path / "picture").write_bytes(data)
    assert probe(tmp_path / "picture") == (96, 128)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp", ".bmp"])
def test_probe_reads_sizes_from_headers(suffix: str, tmp_path: Path) -> None:
    path = picture(tmp_path / f"x{suffix}", height=13, width=29)
    assert probe(path) == (13, 29)
    path.write_bytes(path.read_bytes()[:10])
    assert probe_all([Disk(path), Disk(tmp_path / "gone")]) == [None, None]
