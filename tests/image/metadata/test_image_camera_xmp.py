"""Pictures of multispectral cameras: black level, bits, and which band they are, from what the cameras write."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_files import RAMP16, tiff

from nircolor.errors import InputError
from nircolor.image import read_nir
from nircolor.image.bands import BandLabel
from nircolor.image.metadata.camera_xmp import CameraXmp, read

HEAD = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">"""
TAIL = "</rdf:RDF></x:xmpmeta><?xpacket end='w'?>"


def micasense(name: str = "NIR", wavelength: object = 842) -> bytes:
    return f"""{HEAD}<rdf:Description rdf:about="MicaSense" xmlns:MicaSense="http://micasense.com/MicaSense/1.0/">
      <MicaSense:BootTimestamp>2055</MicaSense:BootTimestamp>
      <MicaSense:DarkRowValue><rdf:Seq><rdf:li>5045</rdf:li><rdf:li>5191</rdf:li></rdf:Seq></MicaSense:DarkRowValue>
    </rdf:Description>
    <rdf:Description rdf:about="Pix4D" xmlns:Camera="http://pix4d.com/camera/1.0">
      <Camera:BandName>{name}</Camera:BandName>
      <Camera:CentralWavelength>{wavelength}</Camera:CentralWavelength>
      <Camera:WavelengthFWHM>40</Camera:WavelengthFWHM>
    </rdf:Description>{TAIL}""".encode()


def dji(name: str = "NIR", freq: str = "860(+/-26)nm", black: object = 3200) -> bytes:
    return f"""{HEAD}<rdf:Description rdf:about="DJI Meta Data" xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"
      drone-dji:ImageSource="MS_NIR_CAMERA" drone-dji:BandName="{name}" drone-dji:BandFreq="{freq}"
      drone-dji:SensorGain="1.000" drone-dji:BlackLevel="{black}"/>{TAIL}""".encode()


def sequence(field: str, *values: object) -> str:
    items = "".join(f"\r\n<rdf:li>{value}</rdf:li>" for value in values)
    return f"<Camera:{field}>\r\n<rdf:Seq>{items}\r\n</rdf:Seq>\r\n</Camera:{field}>"


def stack(*bands: tuple[str, object]) -> bytes:
    names, lengths = zip(*bands, strict=True)
    return (HEAD + sequence("BandName", *names) + sequence("CentralWavelength", *lengths) + TAIL).encode()


def photo(pixels: np.ndarray, packet: bytes, *tags: tuple[object, ...], **options: object) -> bytes:
    tags = (*tags, (700, 1, len(packet), packet, True))
    return tiff(pixels, photometric="minisblack", extratags=list(tags), **options)


def wanted(pixels: np.ndarray, black: float, peak: float) -> np.ndarray:
    return np.clip((pixels - float(black)) / (peak - black), 0, 1)


_PLACE = 65001
BLACK = (50714, 3, 4, (4800, 4800, 4800, 4800), True)


def test_micasense_of_16_bits() -> None:
    picture = read_nir(photo(RAMP16, micasense(), BLACK, (50713, 3, 2, (2, 2), True)))
    np.testing.assert_allclose(picture.pixels, wanted(RAMP16, 4800, 65535), atol=1e-6)
    assert picture.info.warnings == ()


def test_micasense_of_12_bits_says_so_in_its_exif() -> None:
    black = (50714, 3, 4, (300, 300, 300, 300), True)
    pixels = RAMP16 >> 4
    data = with_exif(photo(pixels, micasense(), black, (_PLACE, 4, 1, 0, True)), bits=12)
    picture = read_nir(data)
    np.testing.assert_allclose(picture.pixels, wanted(pixels, 300, 4095), atol=1e-6)
    assert picture.info.warnings == ()
    shifted = read_nir(with_exif(photo(RAMP16, micasense(), (_PLACE, 4, 1, 0, True)), bits=12))
    np.testing.assert_allclose(shifted.pixels, RAMP16 / 65535, atol=1e-6)  # the data deny it
    assert shifted.info.warnings == ("most of it is above its white level, 4095: its bits in EXIF are not used",)


def test_levels_that_are_only_in_the_exif() -> None:
    data = with_exif(photo(RAMP16, b"", (_PLACE, 4, 1, 0, True)), black=4096)
    np.testing.assert_allclose(read_nir(data).pixels, wanted(RAMP16, 4096, 65535), atol=1e-6)


def with_exif(data: bytes, **fields: int) -> bytes:
    """``data`` with a small EXIF directory at its end, to which tag 34665 leads, written by tifffile as another one."""
    numbers = {"bits": 258, "black": 50714}
    start = data.index(struct.pack("<HHI", _PLACE, 4, 1))
    data += bytes(len(data) % 2)
    data = data[:start] + struct.pack("<HHII", 34665, 4, 1, len(data)) + data[start + 12 :]
    table = struct.pack("<H", len(fields))
    for name, value in fields.items():
        table += struct.pack("<HHII", numbers[name], 3, 1, value)
    return data + table + bytes(4)


@pytest.mark.parametrize("black", [3200, 4096, "3200,3200,3200,3200"])
def test_dji_has_its_black_level_in_xmp(black: object) -> None:
    picture = read_nir(photo(RAMP16, dji(black=black)))
    level = float(str(black).partition(",")[0])
    np.testing.assert_allclose(picture.pixels, wanted(RAMP16, level, 65535), atol=1e-6)
    assert picture.info.warnings == ()


def test_a_tag_comes_before_xmp() -> None:
    picture = read_nir(photo(RAMP16, dji(black=3200), BLACK))
    np.testing.assert_allclose(picture.pixels, wanted(RAMP16, 4800, 65535), atol=1e-6)


@pytest.mark.parametrize("black", ["", "none", "nan", "inf", "-5", "70000", "1e999"])
def test_a_black_level_that_is_none_is_not_used(black: str) -> None:
    picture = read_nir(photo(RAMP16, dji(black=black)))
    np.testing.assert_allclose(picture.pixels, RAMP16 / 65535, atol=1e-6)


@pytest.mark.parametrize(
    ("packet", "told"),
    [
        (micasense("Red", 668), "Red (668 nm)"),
        (micasense("Red edge", 717), "Red edge (717 nm)"),
        (micasense("LWIR", 11000), "LWIR (11000 nm)"),
        (dji("RedEdge", "730(+/-16)nm"), "RedEdge (730 nm)"),
        (dji("Green", ""), "Green"),
    ],
)
def test_another_band_is_read_and_told(packet: bytes, told: str) -> None:
    data = photo(RAMP16, packet)
    assert f"its band is {told}, which is not near-infrared: colours will be wrong" in read_nir(data).info.warnings
    assert read_nir(data, band=1).info.warnings == ()  # whoever names it knows


def test_a_stack_of_bands_by_name() -> None:
    planes = [RAMP16, RAMP16 // 2, RAMP16 // 3, RAMP16 // 4]
    packet = stack(("Blue", 475), ("Green", 560), ("Red", 668), ("NIR", 842))
    data = photo(np.dstack(planes), packet, planarconfig="contig")
    for band, plane in (("nir", 3), ("842nm", 3), ("blue", 0), ("670nm", 2)):
        np.testing.assert_allclose(read_nir(data, band=band).pixels, planes[plane] / 65535, atol=1e-6)
    with pytest.raises(InputError, match=r"has 4 bands \(1 Blue \(475 nm\), .*`band=4` seems to be it"):
        read_nir(data)


def test_names_of_another_number_of_bands_are_not_used() -> None:
    assert read(stack(("Blue", 475), ("NIR", 842))).labels(3) == (BandLabel(),) * 3
    assert read(micasense()).labels(1) == (BandLabel("NIR", 842.0),)


def test_ways_to_write_a_field() -> None:
    assert read(b"<Camera:BandName >NIR</Camera:BandName >") == CameraXmp(("NIR",))
    assert read(b"<Camera:BandNames>NIR</Camera:BandNames><OtherCamera:BandName/>") == CameraXmp()
    assert read(b"<Camera:BandName>NIR") == CameraXmp(("NIR",))
    assert read(b"Camera:BandName = 'N&amp;R' Camera:CentralWaveLength=\"790\"") == CameraXmp(("N&R",), (790.0,))
    assert read(b'Camera:BlackCurrent="0" drone-dji:BlackLevel="4096"').black == 4096
    assert read(b"\xff\xfe" + 'Camera:BandName="NIR"'.encode("utf-16-le")) == CameraXmp()


@given(st.binary(max_size=300) | st.text('Camera:BndNjo-"=<>/rdflS 0', max_size=300).map(str.encode))
def test_whatever_the_packet_holds_is_read(packet: bytes) -> None:
    assert len(read(packet).labels(2)) == 2


BOMB = b'<!DOCTYPE x [<!ENTITY a "NIR"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'


def test_entities_are_not_expanded_nor_fetched() -> None:
    assert read(BOMB + micasense("&b;&c;")).names == ("&b;&c;",)


@pytest.mark.parametrize(
    "part",
    [
        "Camera:BandName",
        "Camera:BandName=",
        'Camera:BandName="',
        "Camera:BandName>",
        "<rdf:li>",
        "Camera:BandName><rdf:",
    ],
)
def test_long_nonsense_is_no_burden(part: str) -> None:
    assert read((part * 100_000).encode()[: 1 << 20]).black is None
