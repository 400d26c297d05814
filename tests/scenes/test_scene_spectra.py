"""Materials, light and sensors: what makes a near-infrared picture look as it does."""

from __future__ import annotations

import numpy as np
import pytest

from nircolor.scenes.mixing import mix
from nircolor.scenes.spectra import (
    AEROSOL,
    MATERIALS,
    RAYLEIGH,
    SENSORS,
    SKY,
    SUN,
    WAVELENGTHS,
    band_values,
    palette,
    scattered,
)

PLANTS = ("leaf", "leaf_young", "leaf_dark", "conifer", "grass", "grass_lush", "crop")


def daylight(name: str) -> np.ndarray:
    return band_values(MATERIALS[name], SUN + SKY)


@pytest.mark.parametrize("name", sorted(MATERIALS))
def test_a_material_reflects_between_nothing_and_everything(name: str) -> None:
    spectrum = MATERIALS[name]
    assert spectrum.shape == WAVELENGTHS.shape
    assert spectrum.min() >= 0.0
    assert spectrum.max() <= 1.0


def test_a_white_card_in_daylight_is_one_in_every_band() -> None:
    np.testing.assert_allclose(band_values(np.ones_like(WAVELENGTHS), SUN + SKY), 1.0, rtol=1e-6)


@pytest.mark.parametrize("name", PLANTS)
def test_plants_have_a_red_edge_and_are_green(name: str) -> None:
    red, green, blue, nir = daylight(name)
    assert nir > 2.4 * red
    assert nir > 2.4 * green
    if name != "crop":  # ripening: yellow
        assert green > red
    assert green > 1.5 * blue


@pytest.mark.parametrize("name", ["leaf", "leaf_dark", "conifer"])
def test_the_red_edge_stands_between_680_and_750_nm(name: str) -> None:
    rise = np.diff(MATERIALS[name])
    assert 680.0 <= WAVELENGTHS[int(np.argmax(rise))] <= 740.0


def test_snow_is_white_and_falls_a_little_in_the_near_infrared() -> None:
    red, green, blue, nir = daylight("snow")
    assert max(red, green, blue) - min(red, green, blue) < 0.01
    assert 0.85 < nir < red


def test_water_sends_nothing_back_in_the_near_infrared() -> None:
    red, green, blue, nir = daylight("water")
    assert nir < 0.001
    assert min(green, blue) > red > nir


def test_clear_air_scatters_blue_most_and_near_infrared_least() -> None:
    red, green, blue, nir = scattered(RAYLEIGH + 0.05 * AEROSOL)
    assert blue > green > red > 1.8 * nir


def test_shadows_are_lit_by_the_sky_so_they_are_blue_and_dark_in_the_near_infrared() -> None:
    red, _, blue, nir = band_values(np.ones_like(WAVELENGTHS), SKY)
    assert blue > 2.0 * red
    assert nir < 0.5 * red


def test_each_sensor_sees_its_own_colour() -> None:
    peaks = WAVELENGTHS[np.argmax(SENSORS, axis=1)]
    assert 590 <= peaks[0] <= 620
    assert 530 <= peaks[1] <= 560
    assert 440 <= peaks[2] <= 470
    assert peaks[3] >= 760
    assert SENSORS[3][WAVELENGTHS <= 660].max() < 1e-3


def test_mixing_bands_equals_mixing_spectra() -> None:
    shares = np.array([0.0, 0.25, 0.7, 1.0], np.float32)
    sun, sky = mix([("leaf", shares), ("soil", np.ones(4, np.float32))])
    for share, in_sun, in_sky in zip(shares, sun, sky, strict=True):
        spectrum = share * MATERIALS["leaf"] + (1.0 - share) * MATERIALS["soil"]
        np.testing.assert_allclose(in_sun, band_values(spectrum, SUN), atol=1e-6)
        np.testing.assert_allclose(in_sky, band_values(spectrum, SKY), atol=1e-6)


def test_the_upper_cover_hides_the_lower_one() -> None:
    one = np.ones(1, np.float32)
    sun, _ = mix([("snow", one), ("asphalt", one)])
    np.testing.assert_allclose(sun[0], palette("snow").sun[0], atol=1e-6)
