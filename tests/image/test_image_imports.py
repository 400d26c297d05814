"""Importing the package costs numpy and nothing else: each format brings its library when it is used."""

from __future__ import annotations

import subprocess
import sys


def test_no_heavy_library_is_imported_with_the_package() -> None:
    program = "import sys, nircolor.image; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "numpy" in loaded
    assert not loaded & {"torch", "cv2", "tifffile", "imagecodecs", "PIL", "skimage", "numba"}
