"""Error maps, and the store that keeps thumbnails of pictures and of them."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

from nircolor.errors import OutputError
from nircolor.evaluation.colour import ciede2000, ciede2000_map
from nircolor.evaluation.report import StripStore
from nircolor.evaluation.report.errormap import FULL, colours


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, np.float32)


def decoded(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path), np.float32) / 255


def test_error_map_in_blocks_equals_the_whole() -> None:
    a, b = noise(300, 500, 3), noise(300, 500, 3, seed=1)
    whole = deltaE_ciede2000(rgb2lab(a), rgb2lab(b))
    np.testing.assert_allclose(ciede2000_map(a, b), whole, atol=1e-3)
    assert float(ciede2000_map(a, b).mean()) == pytest.approx(ciede2000(a, b), abs=1e-3)  # the number of the table


def test_error_colours_are_one_fixed_scale() -> None:
    scale = colours(np.array([[0, FULL / 2, FULL, 10 * FULL, np.nan]], np.float32))[0]
    assert scale[0].max() <= 4  # no difference is black, red first
    assert scale[1].tolist() == [188, 55, 84]  # the middle of Inferno
    assert scale[2].tolist() == scale[3].tolist() == [252, 255, 164]
    assert scale[4].tolist() == scale[0].tolist()


def test_lightness_rises_along_the_scale() -> None:
    steps = colours(np.linspace(0, FULL, 64, dtype=np.float32)[None])
    assert (np.diff(rgb2lab(steps)[0, :, 0]) > 0).all()


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (1, 900)])
def test_tiny_and_narrow_pictures_are_kept(size: tuple[int, int]) -> None:
    truth = noise(*size, 3)
    with StripStore() as store:
        store.add("a", noise(*size), truth, {"m": truth})
        strip = store.find("a")
        assert strip
        assert strip.nir
        prediction, error = strip.predictions["m"]
        for thumbnail in (strip.nir, strip.truth, prediction, error):
            assert decoded(thumbnail.path).shape[:2] == (thumbnail.height, thumbnail.width)
        assert decoded(error.path).max() < 0.05


def test_the_folder_goes_with_the_block() -> None:
    with StripStore() as store:
        store.add("a", None, noise(8, 8, 3), {})
        folder = store.folder
        assert len(list(folder.iterdir())) == 1
    assert not folder.exists()
    store = StripStore()
    with suppress(ZeroDivisionError), store:
        raise ZeroDivisionError
    assert not store.folder.exists()


def test_threads_may_add_at_once() -> None:
    with StripStore() as store, ThreadPoolExecutor(8) as pool:
        flat = {i: np.full((9, 9, 3), i / 64, np.float32) for i in range(64)}
        list(pool.map(lambda i: store.add(str(i), flat[i][..., 0], flat[i], {"m": flat[i]}), flat))
        assert len(list(store.folder.iterdir())) == 4 * 64
        for i, picture in flat.items():
            strip = store.find(str(i))
            assert strip
            np.testing.assert_allclose(decoded(strip.truth.path), picture, atol=0.01)


def test_a_full_disk_is_named() -> None:
    with StripStore() as store:
        store.folder.rmdir()
        with pytest.raises(OutputError, match="TMPDIR"):
            store.add("a", None, noise(4, 4, 3), {})


def test_three_megapixels_take_bounded_memory() -> None:
    truth, prediction = noise(1536, 2048, 3), noise(1536, 2048, 3, seed=1)
    with StripStore() as store:
        tracemalloc.start()
        store.add("a", truth[..., 0], truth, {"m": prediction})
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2 * truth.nbytes


def test_torch_is_not_imported() -> None:
    code = "import sys, nircolor.evaluation.report; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
