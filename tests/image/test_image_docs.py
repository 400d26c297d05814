"""The examples of docs/formats.md run as they stand, and its tables of metadata say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from image_files import RAMP16, tiff
from metadata_files import CREATOR, packet, properties

from nircolor.image.formats import FORMATS
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


ORDER = ("TIFF", "PNG", "JPEG", "WEBP", "BMP", "JXL", "AVIF")
KINDS = {
    "alpha": "alpha", "ICC profile": "icc", "EXIF, GPS": "exif", "resolution": "resolution",
    "XMP": "xmp", "IPTC": "iptc", "texts": "texts", "comments": "comments",
}  # fmt: skip


def rows(head: str) -> list[list[str]]:
    """The cells of each row of the table that begins with ``head``."""
    table = PAGE[PAGE.index(head) :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table[2:]]


def test_the_table_of_kinds_agrees_with_the_code() -> None:
    held = {kind: [getattr(FORMATS[name], field) for name in ORDER] for kind, field in KINDS.items()}
    only_tiff = [name == "TIFF" for name in ORDER]
    found = {
        cells[0]: [cell != "no" for cell in cells[1:]]
        for cells in rows("| kind | TIFF | PNG | JPEG | WebP | BMP | JPEG XL | AVIF |")
    }
    assert sorted(ORDER) == sorted(FORMATS)
    assert found == {**held, "georeference": only_tiff, "pages": only_tiff}


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
