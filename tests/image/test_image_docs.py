"""The examples of docs/formats.md run as they stand, and its table says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from image_files import RAMP16, tiff

from nircolor.image.formats import FORMATS, READ_ONLY, Format, ReadOnly

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("photo_nir.tif").write_bytes(tiff(RAMP16))
    assert len(EXAMPLES) == 2
    for example in EXAMPLES:
        exec(compile(example, "docs/formats.md", "exec"), {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo_nir.tif", "photo_nir_rgb.tif"]


NAMES = {
    "WEBP": "WebP",
    "TIFF": "TIFF, BigTIFF",
    "JXL": "JPEG XL",
    "JP2": "JPEG 2000",
    "PNM": "PBM, PGM, PPM, PAM",
    "NPY": "NumPy",
    "HEIF": "HEIC, HEIF",
    "EXR": "OpenEXR",
    "RAW": "camera raw",
}


def cells(entry: Format | ReadOnly) -> list[str]:
    """The row of a format, without its name."""
    row = re.search(rf"^\| {NAMES.get(entry.name, entry.name)} \|(.*)\|$", PAGE, flags=re.MULTILINE)
    assert row is not None
    return [cell.strip() for cell in row.group(1).split("|")]


@pytest.mark.parametrize("entry", READ_ONLY.values(), ids=READ_ONLY)
def test_the_table_of_what_is_read_only_agrees_with_the_code(entry: ReadOnly) -> None:
    suffixes, _, becomes, needs = cells(entry)
    assert tuple(re.findall(r"`(\.\w+)`", suffixes)) == entry.suffixes
    assert becomes == entry.becomes
    assert needs == (f"`nircolor[{entry.extra}]`" if entry.extra else "")


@pytest.mark.parametrize("entry", FORMATS.values(), ids=FORMATS)
def test_the_table_agrees_with_the_code(entry: Format) -> None:
    suffixes, _, writes, *kept = cells(entry)
    assert tuple(re.findall(r"`(\.\w+)`", suffixes)) == entry.suffixes
    depths = tuple(int(number) for number in re.findall(r"\b(?:float)?(8|16|32)\b", writes))
    assert depths == entry.depths
    held = [cell.startswith("yes") for cell in kept]
    assert held == [entry.alpha, entry.icc, entry.exif, entry.resolution]
