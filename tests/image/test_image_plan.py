"""Where outputs go by default, in which format and depth, and what they cannot hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nircolor.errors import UsageError
from nircolor.image import ImageInfo, default_output, losses, plan_output

DEEP = ImageInfo("TIFF", "uint16")


@pytest.mark.parametrize(
    ("source", "format", "output"),
    [
        ("photo_nir.tif", None, "photo_nir_rgb.tif"),
        ("in/photo.jpeg", None, "in/photo_rgb.jpeg"),
        ("photo.JPEG", "jpg", "photo_rgb.JPEG"),
        ("photo.TIF", "png", "photo_rgb.png"),
        ("photo.png", "tiff", "photo_rgb.tif"),
        ("photo.v2.png", None, "photo.v2_rgb.png"),
        ("photo", None, "photo_rgb"),
        (".hidden", "webp", ".hidden_rgb.webp"),
    ],
)
def test_default_output(source: str, format: str | None, output: str) -> None:
    assert default_output(Path(source), format) == Path(output)


@given(st.text("abc._- é", min_size=1, max_size=12).filter(lambda name: name.strip(".") != ""))
def test_the_default_output_is_a_new_name_beside_the_input(name: str) -> None:
    path = Path("folder") / name
    assert default_output(path) != path
    assert default_output(path).parent == path.parent


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UsageError, match=r"unknown format 'gif'; choose one of PNG, TIFF, JPEG, WEBP, BMP"):
        default_output(Path("a.png"), "gif")


@pytest.mark.parametrize(
    ("target", "info", "options", "plan"),
    [
        ("a.png", None, {}, ("PNG", 8)),
        ("a.png", DEEP, {}, ("PNG", 16)),
        ("a", ImageInfo("TIFF", "float32"), {}, ("TIFF", 32)),
        (None, ImageInfo("JPEG", "uint8"), {}, ("JPEG", 8)),
        (None, ImageInfo("JPEG", "uint8"), {"format": "png", "depth": 16}, ("PNG", 16)),
        ("a.dat", None, {"format": "bmp"}, ("BMP", 8)),
        ("a.jpg", DEEP, {"depth": 8}, ("JPEG", 8)),
    ],
)
def test_the_plan(target: str | None, info: ImageInfo | None, options: dict, plan: tuple[str, int]) -> None:
    chosen = plan_output(None if target is None else Path(target), info, **options)
    assert (chosen.format, chosen.depth) == plan


@pytest.mark.parametrize(
    ("target", "info", "options", "reason"),
    [
        ("a.jpg", DEEP, {}, "JPEG cannot hold 16 bits a channel; use --depth 8, or write PNG or TIFF"),
        ("a.png", ImageInfo("TIFF", "float32"), {}, "use --depth 8 or --depth 16, or write TIFF"),
        ("a.webp", None, {"depth": 16}, "WEBP cannot hold 16 bits"),
        ("a.xyz", DEEP, {}, "a.xyz: unknown suffix '.xyz'; use that of one of PNG, TIFF, JPEG, WEBP, BMP"),
        ("a.png", None, {"format": "tiff"}, "its suffix means PNG but --format says TIFF"),
        (None, None, {}, "no format given"),
        ("a.png", None, {"depth": 12}, "--depth 12: choose 8, 16 or 32"),
        ("a.webp", None, {"size": (10, 20_000)}, "WEBP cannot hold more than 16383 pixels a side; write TIFF or PNG"),
    ],
)
def test_what_cannot_be_written(target: str | None, info: ImageInfo | None, options: dict, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan_output(None if target is None else Path(target), info, **options)
    assert reason in str(caught.value)


def test_losses_are_told() -> None:
    info = ImageInfo("TIFF", "uint8", icc=b"profile", exif=b"II", resolution=(72, 72))
    assert losses(plan_output(Path("a.tif")), info, has_alpha=True) == ()
    assert losses(plan_output(Path("a.jpg")), info, has_alpha=True) == (
        "JPEG cannot hold the alpha channel: it is not kept",
    )
    assert len(losses(plan_output(Path("a.bmp")), info, has_alpha=True)) == 3
    large = ImageInfo("PNG", "uint8", exif=bytes(70_000))
    assert losses(plan_output(Path("a.jpg")), large, False) == ("JPEG cannot hold the EXIF block: it is not kept",)
