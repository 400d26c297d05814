"""The examples of docs/formats.md run as they stand, and its table says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from image_files import RAMP16, tiff
from metadata_files import CREATOR, packet, properties

from nircolor.image.formats import FORMATS, READ_ONLY, Format, ReadOnly
from nircolor.image.metadata import xmp

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("photo_nir.tif").write_bytes(tiff(RAMP16))
    assert len(EXAMPLES) == 3
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


KINDS = {
    "alpha": "alpha", "ICC profile": "icc", "EXIF, GPS": "exif", "resolution": "resolution",
    "XMP": "xmp", "IPTC": "iptc", "texts": "texts", "comments": "comments",
}  # fmt: skip


def rows(head: str) -> list[list[str]]:
    """The cells of each row of the table that begins with ``head``."""
    table = PAGE[PAGE.index(head) :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table[2:]]


def test_the_table_of_kinds_agrees_with_the_code() -> None:
    found = {
        cells[0]: [cell != "no" for cell in cells[1:]]
        for cells in rows("| kind | PNG | TIFF | JPEG | WebP | BMP | JPEG XL | AVIF |")
    }
    assert found == {kind: [getattr(entry, name) for entry in FORMATS.values()] for kind, name in KINDS.items()}


@pytest.mark.parametrize("row", rows("| taken out | why"), ids=lambda row: row[1])
def test_what_the_page_says_is_taken_out_of_xmp_is(row: list[str]) -> None:
    names = re.findall(r"`([\w-]+:\w+)`", row[0])
    assert names
    turned = 6 if "turned" in row[1] else 1
    for name in names:
        tidy = xmp.tidy(packet(CREATOR, f'{name}="x"'), orientation=turned)
        assert tidy.packet is not None
        assert name not in properties(tidy.packet)
        assert bool(tidy.lost) == (row[2] == "yes")


def test_what_the_page_says_stays_in_xmp_does() -> None:
    line = PAGE[PAGE.index("Place, attitude and lens stay") :].split(")")[0]
    for name in re.findall(r"`([\w-]+:\w+)`", line):
        tidy = xmp.tidy(packet(CREATOR, f'{name}="x"'))
        assert tidy.packet is not None
        assert name in properties(tidy.packet)
