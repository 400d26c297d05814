"""A band is found by its number, its name, as near-infrared, or by its wavelength; never by a guess."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_files import RAMP, RAMP16, png, tiff

from nircolor.errors import ColourInputError, InputError, UsageError
from nircolor.image import read_nir
from nircolor.image.bands import BandLabel, find, nanometres, near_infrared, parse, remark
from nircolor.image.raster import choose_bands

SENTINEL = tuple(
    BandLabel(f"{name}, central wavelength {length} nm")
    for name, length in [("B2", 490), ("B3", 560), ("B4", 665), ("B8", 842), ("B8A", 865), ("B9", 945)]
)
MICASENSE = tuple(map(BandLabel, ("Blue", "Green", "Red", "Red edge", "NIR"), (475.0, 560.0, 668.0, 717.0, 842.0)))
STAC = tuple(map(BandLabel, ("B02", "B03", "B04", "B08", "B8A", "B11")))
WORLDVIEW = tuple(map(BandLabel, ("COASTAL", "RED", "NIR1", "NIR2")))
GDAL = (
    BandLabel("1", colour="Red"),
    BandLabel(colour="Green"),
    BandLabel(colour="RedEdge"),
    BandLabel("4", colour="NIR"),
)
LANDSAT = (BandLabel("SR_B4 red"), BandLabel("SR_B5 near infrared"))


@pytest.mark.parametrize(
    ("labels", "wanted", "band"),
    [
        (SENTINEL, "B8", 3), (SENTINEL, "b08", 3), (SENTINEL, "b8a", 4), (SENTINEL, "Band 8", 3), (SENTINEL, "nir", 3),
        (SENTINEL, "842nm", 3), (SENTINEL, "870 NM", 4), (SENTINEL, "492.4nm", 0),
        (SENTINEL, "B8, central wavelength 842 nm", 3), (SENTINEL, "b2", 0), (MICASENSE, "475 nm", 0),
        (MICASENSE, "nir", 4), (MICASENSE, "NIR ", 4), (MICASENSE, "red", 2), (MICASENSE, "rededge", 3),
        (MICASENSE, "near-infrared", 4), (MICASENSE, "840nm", 4), (MICASENSE, "Red Edge", 3),
        (STAC, "nir", 3), (STAC, "B8", 3), (STAC, "b2", 0), (STAC, "band_11", 5),
        (WORLDVIEW, "nir2", 3), (LANDSAT, "nir", 1), ((BandLabel(wavelength=660), BandLabel(wavelength=790)), "nir", 1),
        (GDAL, "nir", 3), (GDAL, "red", 0), (GDAL, "rededge", 2),
    ],
)  # fmt: skip
def test_what_names_a_band(labels: tuple[BandLabel, ...], wanted: str, band: int) -> None:
    assert find(labels, wanted, len(labels)) == band
    assert choose_bands(len(labels), None, wanted, labels).colour == (band,)


@pytest.mark.parametrize(
    ("labels", "wanted", "reason"),
    [
        (WORLDVIEW, "nir", "has 2 bands that may be 'nir': 3 NIR1, 4 NIR2; choose one by its number, such as `band=3`"),
        (WORLDVIEW, "842nm", "has no band '842nm': its bands are 1 COASTAL, 2 RED, 3 NIR1, 4 NIR2"),
        (MICASENSE, "900nm", "has no band '900nm'"),
        (
            MICASENSE,
            "thermal",
            "1 Blue (475 nm), 2 Green (560 nm), 3 Red (668 nm), 4 Red edge (717 nm), 5 NIR (842 nm)",
        ),
        (MICASENSE[:4], "nir", "has no band 'nir'"),
        ((BandLabel("Red edge"),), "red", "has no band 'red'"),
        ((BandLabel("a"), BandLabel("A")), "a", "has 2 bands that may be 'a'"),
        ((), "nir", "has no names of bands, so none is 'nir'; choose `band=1` to 4"),
        ((BandLabel(), BandLabel()), "...", "has no names of bands, so none is '...'"),
    ],
)
def test_what_names_none_or_several_lists_what_there_is(
    labels: tuple[BandLabel, ...], wanted: str, reason: str
) -> None:
    with pytest.raises(InputError) as caught:
        find(labels, wanted, len(labels) or 4)
    assert reason in str(caught.value)


def test_lists_are_bounded() -> None:
    labels = [BandLabel("x" * 1000)] * 5000
    with pytest.raises(InputError) as caught:
        find(labels, "y" * 1000, 5000)
    assert len(str(caught.value)) < 1200
    assert "and 4984 more" in str(caught.value)


@given(st.lists(st.builds(BandLabel, st.text(max_size=12), st.none() | st.floats(1, 1e5)), max_size=6), st.text())
def test_a_band_is_found_or_refused_whatever_the_names(labels: list[BandLabel], wanted: str) -> None:
    with contextlib.suppress(InputError):
        assert 0 <= find(labels, wanted, len(labels)) < len(labels)
    for index, label in enumerate(labels):
        exact = [other.name.strip().casefold() for other in labels].count(label.name.strip().casefold())
        if exact == 1 and label.name.strip():
            assert find(labels, label.name, len(labels)) == index


def test_the_near_infrared_one() -> None:
    assert [near_infrared(labels) for labels in (SENTINEL, MICASENSE, STAC, WORLDVIEW, ())] == [3, 4, 3, None, None]
    assert [label.near_infrared for label in MICASENSE] == [False] * 4 + [True]
    assert BandLabel("one").near_infrared is None
    assert remark(MICASENSE[0]) == ["its band is Blue (475 nm), which is not near-infrared: colours will be wrong"]
    for label in (BandLabel("LWIR", 11000.0), BandLabel("Thermal"), BandLabel("Band 5", 717.0)):
        assert len(remark(label)) == 1
    for label in (BandLabel("B04"), BandLabel("Band 5", 842.0), MICASENSE[4]):
        assert remark(label) == []


@pytest.mark.parametrize(
    ("text", "unit", "length"),
    [
        ("842", "", 842), ("0.842", "", 842), ("842.5", "Nanometers", 842.5), ("0.842", "Micrometers", 842),
        ("11", "\u00b5m", 11000), ("860(+/-26)nm", "nm", 860), ("12", "nm", 12), ("", "", None), ("none", "", None),
        ("0", "", None), ("9e99", "", 9e99),
    ],
)  # fmt: skip
def test_wavelengths(text: str, unit: str, length: float | None) -> None:
    assert nanometres(text, unit) == length


def test_numbers_and_names() -> None:
    assert [parse(band) for band in (None, 4, "4", " 4 ", "nir", "B8")] == [None, 4, 4, 4, "nir", "B8"]
    for band in (0, -1, "0", "-1", "", "  "):
        with pytest.raises(UsageError, match="bands count from 1, or have names"):
            read_nir(png(RAMP), band=band)


# --- files ------------------------------------------------------------------------------------------------------------


def gdal(*items: str) -> tuple[object, ...]:
    return (42112, 2, 0, f"<GDALMetadata>{''.join(items)}</GDALMetadata>", True)


def described(*names: str) -> tuple[object, ...]:
    item = '<Item name="DESCRIPTION" sample="{}" role="description">{}</Item>'
    return gdal(*(item.format(index, name) for index, name in enumerate(names)))


PLANES = [RAMP16, RAMP16[::-1], RAMP16[:, ::-1], RAMP16 // 2]


def four(*tags: tuple[object, ...], **options: object) -> bytes:
    return tiff(np.dstack(PLANES), photometric="minisblack", planarconfig="contig", extratags=list(tags), **options)


@pytest.mark.parametrize("band", ["nir", "NIR", "b08", 4, "4"])
def test_bands_of_a_file_by_their_descriptions(band: int | str) -> None:
    data = four(described("B02", "B03", "B04", "B08"))
    np.testing.assert_allclose(read_nir(data, band="B04").pixels, PLANES[2] / 65535, atol=1e-6)
    np.testing.assert_allclose(read_nir(data, band=band).pixels, PLANES[3] / 65535, atol=1e-6)


def test_a_file_without_a_choice_lists_its_bands_and_offers_one() -> None:
    with pytest.raises(InputError) as caught:
        read_nir(four(described("Red", "Green", "Blue", "NIR &amp; more")))
    assert str(caught.value).endswith(
        "has 4 bands (1 Red, 2 Green, 3 Blue, 4 NIR & more); say which one is near-infrared with `band=1` to 4; "
        "`band=4` seems to be it"
    )


def test_a_band_that_is_near_infrared_by_name_is_no_transparency() -> None:
    data = four(described("Red", "Green", "Blue", "NIR"), extrasamples=["unspecified", "unspecified", "unassalpha"])
    with pytest.raises(InputError, match="`band=4` seems to be it"):
        read_nir(data)
    assert read_nir(data, band=1).alpha is None


def test_of_three_channels_the_near_infrared_one_is_offered() -> None:
    false_colours = np.dstack([PLANES[0], PLANES[1], PLANES[2]])
    data = tiff(false_colours, photometric="rgb", extratags=[described("NIR", "Red", "Green")])
    with pytest.raises(ColourInputError, match=r"or the one that is near-infrared with `band=1`$"):
        read_nir(data)
    np.testing.assert_allclose(read_nir(data, band="nir").pixels, PLANES[0] / 65535, atol=1e-6)


def test_formats_without_names_say_so() -> None:
    with pytest.raises(InputError, match="has no names of bands, so none is 'nir'; choose `band=1` to 4"):
        read_nir(png(np.dstack([RAMP] * 4)), band="nir")
